"""What is refused before regopy sees a module, where, and what is not."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from policy_engine.rego.engine import compile as compile_with
from policy_engine.rego.errors import Issue, RegoCompileError
from policy_engine.rego.regopy.source import prepare

compile_rego = functools.partial(compile_with, engine="regopy")


def check(modules: dict[str, str], data: dict[str, Any] | None = None) -> list[Issue]:
    return prepare(modules, data or {}, plain=False)[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("rego_parse_error", 1, 1, "empty module")),
        ("# only words\n", ("rego_parse_error", 1, 1, "empty module")),
        ("allow if true\n", ("rego_parse_error", 1, 1, "`package` expected")),
        ('package p\n\nx := "open\n', ("rego_parse_error", 3, 6, "not closed")),
        ("package p\n\nx := `open\n", ("rego_parse_error", 3, 6, "backtick")),
        ("package p\n\nx := [1, 2)\n", ("rego_parse_error", 3, 11, "unexpected `)`")),
        ("package p\n\nx if {\n", ("rego_parse_error", 3, 6, "never closed")),
        ('package p\n\nx := "ö" ; ~ 2\n', ("rego_parse_error", 3, 12, "illegal character `~`")),
        ("package p\n\nx := cuont([1])\n", ("rego_type_error", 3, 6, "did you mean `count`")),
        ("package p\n\nx := data.q.f(1)\n", ("rego_type_error", 3, 6, "undefined function data.q.f")),
        ('package p\n\nx := http.send({"url": "a"})\n', ("rego_type_error", 3, 6, "not allowed")),
        ('package p\n\nx if net.cidr_contains("a", "b")\n', ("rego_type_error", 3, 6, "not available")),
        ("package p\n\nx if inptu.user == 1\n", ("rego_unsafe_var_error", 3, 6, "var inptu is unsafe")),
        ("package p\n\nx if {\n\tis_admin\n}\n", ("rego_unsafe_var_error", 4, 2, "var is_admin is unsafe")),
        (
            "package p\n\nx if {\n\tnot is_admin\n}\n",
            ("rego_unsafe_var_error", 4, 6, "var is_admin is unsafe"),
        ),
        ("package p\n\nx if input.a == lmit\n", ("rego_unsafe_var_error", 3, 17, "var lmit is unsafe")),
        (
            "package p\n\nf(a) := a\n\nx := f(1, 2, 3)\n",
            ("rego_type_error", 5, 6, "wrong number of arguments"),
        ),
        ('package p\n\nx := sprintf("%q", [1])\n', ("rego_type_error", 3, 14, "can't format")),
        ("package d\n\nx := 1\n", ("rego_compile_error", 3, 1, "conflicting rule for data path d/x")),
    ],
)
def test_a_mistake_is_found_where_it_stands(text: str, expected: tuple[str, int, int, str]) -> None:
    (issue,) = check({"m.rego": text}, {"d": {"x": 5}})
    assert (issue.file, issue.code, issue.row, issue.column) == ("m.rego", *expected[:3])
    assert expected[3] in issue.message


def test_several_mistakes_are_told_at_once_with_their_lines() -> None:
    with pytest.raises(RegoCompileError) as caught:
        compile_rego({"a.rego": "package a\n\nx := foo1(1)\n", "b.rego": "package b\n\n\ty if inptu.z\n"})
    assert [issue.file for issue in caught.value.issues] == ["a.rego", "b.rego"]
    assert "b.rego:3:7: rego_unsafe_var_error: var inptu is unsafe\n\t\ty if inptu.z\n\t\t     ^" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [
        ("package p\n\nx := 1 +\n", 3, 8),
        ('package p\n\n# é "quoted"\ny := "é\\n"\n\nallow if { input.x == }\n', 6, 20),
    ],
)
def test_what_the_engine_rejects_is_told_with_row_and_column_of_the_file(
    text: str, row: int, column: int
) -> None:
    with pytest.raises(RegoCompileError) as caught:
        compile_rego({"m.rego": text})
    assert (caught.value.file, caught.value.row, caught.value.column) == ("m.rego", row, column)


@pytest.mark.parametrize(
    "body",
    [
        "x if input.items[i].name == input.names[i]",
        "x if input.items[_].a",
        "x contains v if some v in input.list",
        "x if { some i, j; input.a[i] == input.b[j] }",
        "f(a, _) := b if b := a\n\nx := f(1, 2)",
        "x := [v | v := input.a[_]]",
        "x if every k, v in input.o { k != v }",
        'x := {"k": v} if { v = input.v }',
        "x if [a, b] = input.pair",
        "x if { walk(input, [path, value]); value == 1; count(path) > 0 }",
        'x if input.y with input as {"y": true}',
        "mock(_) := 1\n\nx if count([1]) == 1 with count as mock",
        "import data.lib\n\nx if lib.thing.other",
        "default x := false\n\nx if { z := 1\n\tz == 1 }",
        "x := y if { y := 1 } else := 2",
        "x := {1, 2} | {3}",
        "x := count(set())",
        "x if { a.b.c }\n\na.b.c := 1",
        "x := sprintf(`%s 100%%`, [1])",
        "x if {\n\tinput.a ==\n\t\t1\n}",
        "contains_it(a) if a\n\nx if contains_it(true)",
    ],
)
def test_a_valid_policy_is_not_refused(body: str) -> None:
    assert check({"m.rego": f"package p\n\nimport rego.v1\n\n{body}\n"}) == []
