"""The parser against OPA's answers (`cases/opa_parse.jsonl`, made with `opa parse` 1.22), trees by hand, hostile text.

A line of the case file has a module and the errors that OPA reports for it. `ours` says where the project deliberately
speaks with other words ("own words": the code must agree) or decides otherwise ("differs").
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_engine.rego.syntax.parser import parse_module, parse_query
from policy_engine.rego.syntax.tree import (
    Array,
    ArrayComprehension,
    Boolean,
    Call,
    Every,
    Expr,
    Head,
    Module,
    Null,
    Number,
    Object,
    ObjectComprehension,
    Ref,
    Rule,
    Set,
    SetComprehension,
    Some,
    SomeIn,
    String,
    Template,
    Term,
    Var,
    With,
)

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases" / "opa_parse.jsonl").read_text("utf-8").splitlines()
]
X, Y, INPUT = Var("x"), Var("y"), Ref(Var("input"), ())
ONE, TRUE = Number("1"), Boolean(True)


def parsed(text: str, version: int = 1) -> Module:
    module, issues = parse_module(text, "a.rego", version)
    assert module is not None, issues
    return module


def term(text: str) -> Term:
    value = parsed(f"package t\np := {text}\n").rules[0].head.value
    assert value is not None
    return value


def expressions(text: str) -> tuple[Expr, ...]:
    return parsed(f"package t\np if {{ {text} }}\n").rules[0].body


def call(name: str, *args: Term) -> Call:
    first, *rest = name.split(".")
    return Call(Ref(Var(first), tuple(map(String, rest))), args)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["modules"][0][10:60].strip())
def test_a_module_is_read_or_refused_as_opa_does(case: dict[str, Any]) -> None:
    module, issues = parse_module(case["modules"][0], "m0.rego")
    expected, ours = case["opa"], case.get("ours")
    if ours == "differs":
        assert (module is None) != bool(expected)
        return
    assert (module is None) == bool(expected)
    assert {issue.code for issue in issues} == {error["code"] for error in expected}
    if ours is None:
        found = {(issue.message, issue.row, issue.column) for issue in issues}
        assert found == {(error["message"], error["row"], error["column"]) for error in expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null", Null()),
        ("-1.50", Number("-1.50")),
        (".5", Number("0.5")),
        (r'"a\"\u00e9\n"', String('a"é\n')),
        (r"`a\n`", String(r"a\n")),
        ("input", INPUT),
        ('input.a["b"].if[1]', Ref(Var("input"), (String("a"), String("b"), String("if"), ONE))),
        ("[x, 1,]", Array((X, ONE))),
        ('{"a": x, 1: y}', Object(((String("a"), X), (ONE, Y)))),
        ("{}", Object(())),
        ("{1}", Set((ONE,))),
        ("set()", Set(())),
        ("[x | x]", ArrayComprehension(X, (Expr(X),))),
        ("{x | x; y}", SetComprehension(X, (Expr(X), Expr(Y)))),
        ("{x: y | x}", ObjectComprehension(X, Y, (Expr(X),))),
        ("{(x | y)}", Set((call("or", X, Y),))),
        ("f(x).a[1]", Ref(call("f", X), (String("a"), ONE))),
        ("a.f(x, 1)", call("a.f", X, ONE)),
        ("x + 1 * y", call("plus", X, call("mul", ONE, Y))),
        ("x - 1 - y", call("minus", call("minus", X, ONE), Y)),
        ("x | y & 1", call("or", X, call("and", Y, ONE))),
        ("x | y == 1", call("equal", call("or", X, Y), ONE)),
        ("x == y in input", call("internal.member_2", call("equal", X, Y), INPUT)),
        ("(x, y in input)", call("internal.member_3", X, Y, INPUT)),
        ("[x, y in input]", Array((X, call("internal.member_2", Y, INPUT)))),
        ("-x", call("minus", Number("0"), X)),
        ('$"a {x} \\{"', Template((String("a "), Expr(X), String(" {")))),
        ("$`{f(x)}\\n`", Template((Expr(call("f", X)), String("\\n")))),
        (
            '$"{input.a with input as x}"',
            Template((Expr(Ref(INPUT.head, (String("a"),)), withs=(With(INPUT, X),)),)),
        ),
    ],
)
def test_a_term_becomes_this_tree(text: str, expected: Term) -> None:
    assert term(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = y", Expr(call("eq", X, Y))),
        ("x := 1", Expr(call("assign", X, ONE))),
        ("not x", Expr(X, negated=True)),
        ("some x, y", Expr(Some((X, Y)))),
        ("some x in y", Expr(SomeIn(None, X, Y))),
        ("some x, [y, 1] in input", Expr(SomeIn(X, Array((Y, ONE)), INPUT))),
        ("every x in y { x }", Expr(Every(None, X, Y, (Expr(X),)))),
        ("every x, y in input { x; y }", Expr(Every(X, Y, INPUT, (Expr(X), Expr(Y))))),
        (
            "x with input as 1 with f as g",
            Expr(X, withs=(With(INPUT, ONE), With(Ref(Var("f"), ()), Var("g")))),
        ),
        ("not.x", Expr(Ref(Var("not"), (String("x"),)))),
        ("contains(x, y)", Expr(call("contains", X, Y))),
    ],
)
def test_an_expression_becomes_this_tree(text: str, expected: Expr) -> None:
    assert expressions(text)[0] == expected


def p(*path: Term) -> Ref:
    return Ref(Var("p"), path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p := 1", Rule(Head(p(), value=ONE), (Expr(TRUE),))),
        ("p if x", Rule(Head(p(), value=TRUE), (Expr(X),))),
        ("p contains x if y", Rule(Head(p(), key=X), (Expr(Y),))),
        ("p[x] := y if x", Rule(Head(p(X), value=Y), (Expr(X),))),
        ("p.q[x].r contains 1", Rule(Head(p(String("q"), X, String("r")), key=ONE), (Expr(TRUE),))),
        ("p(x, 1) := y if x", Rule(Head(p(), (X, ONE), value=Y), (Expr(X),))),
        ("default p := 1", Rule(Head(p(), value=ONE), (Expr(TRUE),), is_default=True)),
        (
            "p := 1 if x else := y if y else := x",
            Rule(
                Head(p(), value=ONE),
                (Expr(X),),
                otherwise=Rule(
                    Head(p(), value=Y), (Expr(Y),), otherwise=Rule(Head(p(), value=X), (Expr(TRUE),))
                ),
            ),
        ),
    ],
)
def test_a_rule_becomes_this_tree(text: str, expected: Rule) -> None:
    assert parsed(f"package t\n{text}\n").rules == (expected,)


def test_chained_bodies_are_rules_of_their_own() -> None:
    head = Head(p(), value=TRUE)
    assert parsed("package t\np if { x } { y }\n").rules == (Rule(head, (Expr(X),)), Rule(head, (Expr(Y),)))


def test_a_set_with_one_member_behind_if_is_a_body() -> None:
    assert parsed("package t\np if {x}\n").rules[0].body == (Expr(X),)
    assert parsed('package t\np if {"a": 1} == x\n').rules[0].body == (
        Expr(call("equal", Object(((String("a"), ONE),)), X)),
    )


def test_each_underscore_is_a_variable_of_its_own() -> None:
    (expr,) = expressions("input[_] == input[_]")
    assert isinstance(expr.what, Call)
    first, second = (arg.path[0] for arg in expr.what.args if isinstance(arg, Ref))
    assert isinstance(first, Var)
    assert isinstance(second, Var)
    assert first != second
    assert first.is_wildcard
    assert second.is_wildcard


def test_every_node_knows_its_place() -> None:
    module = parsed("package t\n\nimport data.a\n\np := x if {\n\tx := [1,\n\t\tdata.b]\n}\n")
    rule = module.rules[0]
    assert (module.package.place, module.imports[0].place, rule.place) == ((1, 1), (3, 1), (5, 1))
    expr = rule.body[0]
    assert expr.place == (6, 2)
    assert isinstance(expr.what, Call)
    array = expr.what.args[1]
    assert isinstance(array, Array)
    assert array.place == (6, 7)
    assert [item.place for item in array.items] == [(6, 8), (7, 3)]


def test_places_do_not_count_for_equality() -> None:
    assert term("[1]") == term("   [ 1 ]")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("1.0", 1), ("1e3", 1000), ("0.5", 0.5), ("12345678901234567890123", 12345678901234567890123)],
)
def test_a_number_keeps_its_text_and_means_exactly_that(text: str, value: float) -> None:
    number = term(text)
    assert isinstance(number, Number)
    assert (number.text, number.value) == (text, value)


def test_a_number_with_more_digits_than_a_float_has_stays_exact() -> None:
    number = term("0.1234567890123456789")
    assert isinstance(number, Number)
    assert str(number.value) == "0.1234567890123456789"


def test_comments_are_kept_with_their_places() -> None:
    module = parsed("# METADATA\n# title: x\npackage t # end\n")
    assert [(comment.text, comment.place) for comment in module.comments] == [
        (" METADATA", (1, 1)),
        (" title: x", (2, 1)),
        (" end", (3, 11)),
    ]


def test_several_demands_of_rego_v1_are_reported_at_once() -> None:
    _, issues = parse_module("package t\np { true }\nq[x] { x := 1 }\n", "a.rego")
    assert [(issue.message, issue.row) for issue in issues] == [
        ("`if` keyword is required before rule body", 2),
        ("`if` keyword is required before rule body", 3),
        ("`contains` keyword is required for partial set rules", 3),
    ]


def test_an_issue_shows_the_line_with_a_caret() -> None:
    _, issues = parse_module("package t\np := [1 2]\n", "a.rego")
    text = 'a.rego:2:9: rego_parse_error: unexpected number token: expected "," or "]"\n\tp := [1 2]\n\t        ^'
    assert str(issues[0]) == text


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        ("p { true }", True),
        ("p[x] { x := 1 }", True),
        ("p.q[x] = 1 { x := 1 }", True),
        ("f(x) = y { y := x } else = 2 { true }", True),
        ("p if true", False),
        ("p contains 1", False),
        ("p { some x in y }", False),
        ("in := 1", True),
        ("import future.keywords.every\np { every x in [1] { x == 1 } }", True),
        ("import future.keywords.in\np { 1 in [1] }", True),
        ("import future.keywords\np contains x if some x in [1]", True),
        ("import rego.v1\np if true", True),
        ("import rego.v1\np { true }", False),
        ('p { $"a" }', False),
    ],
)
def test_rego_v0_is_read_when_asked_for(text: str, is_read: bool) -> None:
    module, issues = parse_module(f"package t\n{text}\n", "a.rego", version=0)
    assert (module is not None) == is_read
    assert bool(issues) != is_read


def test_a_rule_of_v0_with_brackets_is_a_partial_set() -> None:
    rule = parsed("package t\np[x] { x := 1 }\n", version=0).rules[0]
    assert (rule.head.ref, rule.head.key, rule.head.value) == (p(), X, None)


@pytest.mark.parametrize("word", ["and", "or", "not"])
def test_keywords_of_the_future_are_refused_and_not_read_as_something_else(word: str) -> None:
    module, issues = parse_module(f"package t\nimport future.keywords.{word}\n", "a.rego")
    assert module is None
    assert "not supported" in issues[0].message


def test_importing_all_future_keywords_is_refused_where_it_changes_what_not_means() -> None:
    assert parse_module("package t\nimport future.keywords\np if input.x\n")[0] is not None
    module, issues = parse_module("package t\nimport future.keywords\np if not input.x\n")
    assert module is None
    assert "changes the meaning of `not`" in issues[0].message


def test_a_query_is_a_body() -> None:
    body, issues = parse_query("x := 1; x == y\nnot input")
    assert not issues
    assert body == (
        Expr(call("assign", X, ONE)),
        Expr(call("equal", X, Y)),
        Expr(INPUT, negated=True),
    )


@pytest.mark.parametrize("text", ["", "x :=", "x y ]", "p if { true }", "# nothing"])
def test_a_bad_query_is_refused(text: str) -> None:
    body, issues = parse_query(text)
    assert body is None
    assert issues[0].code == "rego_parse_error"


DEEP = 20_000
HOSTILE = {
    "arrays": "[" * DEEP,
    "closed arrays": "[" * DEEP + "]" * DEEP,
    "objects": '{"a":' * DEEP,
    "parentheses": "(" * DEEP,
    "calls": "f(" * DEEP,
    "brackets of refs": "a[" * DEEP,
    "comprehensions": "{x: y | " * DEEP,
    "ambiguous comprehensions": "{a | b, " * DEEP,
    "ambiguous object comprehensions": "{a: b | c, " * DEEP,
    "sums": "1" + " + 1" * DEEP,
    "memberships": "1" + " in x" * DEEP,
    "calls of calls": "f(1)" + ".a(1)" * DEEP,
    "templates": '$"{' * DEEP,
    "every": "1 if { " + "every x in y { " * DEEP,
    "not": "1 if { " + "not " * DEEP,
    "huge number": "9" * DEEP,
    "huge exponent": "1e999999999",
    "huge zero": "0e999999999",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_nesting_is_an_error_in_no_time(name: str) -> None:
    start = time.monotonic()
    module, issues = parse_module(f"package t\np := {HOSTILE[name]}\n", "a.rego")
    assert module is None
    assert len(issues) == 1
    assert time.monotonic() - start < 5


def test_long_flat_modules_are_read_in_linear_time() -> None:
    start = time.monotonic()
    parsed("package t\n" + "p if { x == input.a.b[0]; not y }\n" * 5_000)
    parsed("package t\np := [" + "1, " * 50_000 + "]\n")
    assert time.monotonic() - start < 10


PIECES = [
    *(" ", "\n", "{", "}", "[", "]", "(", ")", "|", ",", ":", ";", ".", ":=", "=", "==", "-", "+", '"', "`"),
    *("$", '$"', "\\", "#", "if", "else", "not", "some", "every", "in", "with", "as", "contains", "default"),
    *(
        "import",
        "package",
        "p",
        "x",
        "_",
        "input",
        "data",
        "1",
        "0",
        "e",
        "true",
        "null",
        "é",
        "\x00",
        "\ud800",
        "\t",
    ),
]


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=40))
def test_no_text_makes_the_parser_raise(pieces: list[str]) -> None:
    text = "package t\np if { " + "".join(pieces)
    for version in (0, 1):
        module, issues = parse_module(text, "a.rego", version)
        assert (module is None) == bool(issues)
    body, issues = parse_query("".join(pieces))
    assert (body is None) == bool(issues)
