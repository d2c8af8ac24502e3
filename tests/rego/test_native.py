"""The project's own engine behind the interface: answers, budgets, threads, errors."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from policy_engine.rego.engine import UNDEFINED, Limits, Policy
from policy_engine.rego.engine import compile as compile_rego
from policy_engine.rego.errors import RegoCompileError, RegoEvaluationError, RegoTimeout

POLICY = """package p
import rego.v1
default allow := false
allow if input.user == "ana"
deny contains msg if {
	some role in input.roles
	not role in data.roles
	msg := sprintf("%s is no role", [role])
}
echo := input
total := sum([n | some n in input.numbers])
"""


@pytest.fixture(scope="module")
def policy() -> Policy:
    return compile_rego({"p.rego": POLICY}, {"roles": ["dba"], "list": [1, 2]})


@pytest.mark.parametrize(
    ("entrypoint", "document", "value"),
    [
        ("p/allow", {"user": "ana"}, True),
        ("p/allow", {}, False),
        ("p/deny", {"roles": ["dba", "x"]}, ["x is no role"]),
        ("p/deny", UNDEFINED, []),
        ("p/total", {"numbers": [1, 0.5, 2]}, 3.5),
        ("p/nothing", {}, UNDEFINED),
        ("q", {}, UNDEFINED),
        ("p/echo", {"a": ['"', "\\", "\n", "é", "\u0000", None, True, 10**30]}, None),
    ],
)
def test_an_entrypoint_has_a_value_or_is_undefined(
    policy: Policy, entrypoint: str, document: Any, value: Any
) -> None:
    expected = document if value is None else value
    assert policy.evaluate(entrypoint, document) == expected


def test_true_is_not_one_and_one_is_one_point_zero() -> None:
    text = "package p\nimport rego.v1\na if input.x == 1\nb if input.x == true\n"
    with compile_rego({"p.rego": text}) as policy:
        assert policy.evaluate("p", {"x": True}) == {"b": True}
        assert policy.evaluate("p", {"x": 1.0}) == {"a": True}
        assert policy.evaluate("p", {"x": "1"}) == {}


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("data.p.allow", [([False], {})]),
        ("x := data.list[i]", [([True], {"x": 1, "i": 0}), ([True], {"x": 2, "i": 1})]),
        ("1 == 2", [([False], {})]),
        ("true; false", []),
        ("not data.p.nothing", [([True], {})]),
        ("walk([1], [path, value])", None),
        ("some x; data.list[x] == 2", [([True], {"x": 1})]),
        ("data.list[_] > 0", [([True], {}), ([True], {})]),
        ('print("x")', [([True], {})]),
        ("data.nothing", []),
    ],
)
def test_a_query_has_values_and_bindings(policy: Policy, query: str, rows: list[Any] | None) -> None:
    found = [([e.value for e in result.expressions], result.bindings) for result in policy.query(query)]
    if rows is None:
        assert [values for values, _ in found] == [[True], [True]]
        assert {tuple(bindings["path"]) for _, bindings in found} == {(), (0,)}
    else:
        assert found == rows


def test_a_query_knows_its_package_and_imports(policy: Policy) -> None:
    assert policy.query("allow", package=["p"])[0].expressions[0].value is False
    assert policy.query("roles[0]", imports=["data.roles"])[0].expressions[0].value == "dba"
    assert policy.query("r[0]", imports=["data.roles as r"])[0].expressions[0].value == "dba"


def test_an_expression_knows_its_text_and_place(policy: Policy) -> None:
    (result,) = policy.query("data.list[0];\n  x := 1")
    assert [(e.text, e.row, e.column) for e in result.expressions] == [
        ("data.list[0]", 1, 1),
        ("x := 1", 2, 3),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "x if { some a in numbers.range(1, 9999); some b in numbers.range(1, 9999); a * b == -1 }",
        'x if { some a in numbers.range(1, 9999); some b in numbers.range(1, 9999); sprintf("%d", [a * b]) == "" }',
        "x := {[a, b] | some a in numbers.range(1, 9999); some b in numbers.range(1, 9999)}",
        "x if { every a in numbers.range(1, 9999) { every b in numbers.range(1, 9999) { a + b > 0 } } }",
    ],
)
def test_a_policy_that_takes_too_long_is_stopped(body: str) -> None:
    with (
        compile_rego({"p.rego": f"package p\nimport rego.v1\n{body}\n"}) as policy,
        pytest.raises(RegoTimeout),
    ):
        policy.evaluate("p/x", {}, seconds=0.3)


def test_a_failing_builtin_is_an_error_or_undefined() -> None:
    text = 'package p\nimport rego.v1\nx := to_number("a")\ny if not to_number("a")\n'
    strict = compile_rego({"p.rego": text})
    with pytest.raises(RegoEvaluationError) as caught:
        strict.evaluate("p/y", {})
    assert (caught.value.file, caught.value.row) == ("p.rego", 4)
    assert compile_rego({"p.rego": text}, strict_builtin_errors=False).evaluate("p", {}) == {"y": True}


def test_with_replaces_input_data_and_functions() -> None:
    text = """package p
import rego.v1
helper if count(input.items) == data.limit
one := {"items": ["a"]}
mock(_) := 7
a if helper with input as one with data.limit as 1
b if helper with input.items as one.items with data.limit as count(one.items)
c := n if n := count([1]) with count as mock
d if not helper with input as {"items": []} with data.limit as 1
"""
    with compile_rego({"p.rego": text}) as policy:
        assert policy.evaluate("p", {}) == {"a": True, "b": True, "c": 7, "d": True, "one": {"items": ["a"]}}


@pytest.mark.parametrize(
    ("text", "code", "row"),
    [
        ("package p\nx := y\n", "rego_unsafe_var_error", 2),
        ("package p\nx := cuont([1])\n", "rego_type_error", 2),
        ("package p\nx := x\n", "rego_recursion_error", 2),
        ("package p\nx := 1\nx(a) := a\n", "rego_type_error", 2),
        ("package p\nx := count(1, 2, 3)\n", "rego_type_error", 2),
        ("package p\n\nx := {\n", "rego_parse_error", 4),
        ("package d\nx := 1\n", "rego_compile_error", 2),
        ("package p\n" + "x := " + "[" * 10_000, "rego_parse_error", 2),
    ],
)
def test_a_broken_policy_is_refused_with_code_and_row(text: str, code: str, row: int) -> None:
    with pytest.raises(RegoCompileError) as caught:
        compile_rego({"p.rego": text}, {"d": {"x": 1}})
    assert (caught.value.code, caught.value.file, caught.value.row) == (code, "p.rego", row)


@pytest.mark.parametrize("builtin", ["http.send({})", 'net.lookup_ip_addr("a")', "opa.runtime()"])
def test_policies_reach_neither_the_network_nor_the_environment(builtin: str) -> None:
    with pytest.raises(RegoCompileError, match="not allowed"):
        compile_rego({"p.rego": f"package p\nx := {builtin}\n"}, entrypoints=("p",))


def test_a_refused_builtin_may_be_replaced() -> None:
    text = 'package p\nx := y if y := http.send({}) with http.send as {"a": 1}\n'
    assert compile_rego({"p.rego": text}).evaluate("p/x", {}) == {"a": 1}


def test_threads_get_their_own_answers(policy: Policy) -> None:
    wrong: list[Any] = []

    def ask(number: int) -> None:
        for turn in range(2_000):
            document = {
                "user": "ana" if turn % 2 else "bob",
                "roles": [f"r{number}_{turn}"],
                "numbers": [number, turn],
            }
            value = policy.evaluate("p", document)
            expected = {
                "allow": bool(turn % 2),
                "deny": [f"r{number}_{turn} is no role"],
                "echo": document,
                "total": number + turn,
            }
            if value != expected:
                wrong.append((document, value))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_answer_is_the_callers_own(policy: Policy) -> None:
    document = {"a": [1]}
    value = policy.evaluate("p/echo", document)
    value["a"].append(2)
    assert policy.evaluate("p/echo", document) == {"a": [1]}
    assert policy.query("data.list")[0].expressions[0].value == [1, 2]
    policy.query("data.list")[0].expressions[0].value.append(3)
    assert policy.query("data.list")[0].expressions[0].value == [1, 2]


def test_a_closed_policy_answers_nothing() -> None:
    policy = compile_rego({"p.rego": POLICY}, entrypoints=("p",), limits=Limits())
    policy.close()
    for ask in (lambda: policy.evaluate("p", {}), lambda: policy.query("data.p")):
        with pytest.raises(RegoEvaluationError, match="closed"):
            ask()


@pytest.mark.parametrize(
    "document", [float("nan"), {"a": float("inf")}, {"a": {1}}, {1: 2}, "\ud800", object()]
)
def test_an_input_that_is_no_json_is_refused(policy: Policy, document: Any) -> None:
    with pytest.raises(RegoEvaluationError):
        policy.evaluate("p/echo", document)


def test_a_deep_input_is_refused_or_answered(policy: Policy) -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RegoEvaluationError):
        policy.evaluate("p/echo", deep)
