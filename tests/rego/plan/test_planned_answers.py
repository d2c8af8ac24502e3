"""Policies from text to answers through the planner; each answer is what `opa eval` gives for the same policy."""

from __future__ import annotations

from typing import Any

import pytest

from policy_engine.rego.builtins.registry import lookup, names
from policy_engine.rego.checks import compile_modules
from policy_engine.rego.codegen.program import Program
from policy_engine.rego.errors import RegoError
from policy_engine.rego.plan import ir
from policy_engine.rego.plan.plan_json import read_plan, write_plan
from policy_engine.rego.plan.planner import plan
from policy_engine.rego.syntax.parser import parse_module
from policy_engine.rego.values import UNDEFINED

INPUT = {
    "x": 2,
    "xs": [2, 3, 4, 5],
    "role": "admin",
    "name": "p",
    "pairs": [["a", 1], ["b", 2]],
    "flag": False,
}
DATA = {
    "base": {"a": {"v": 1}, "b": {"v": 2}},
    "roles": {"admin": ["read", "write"], "guest": ["read"]},
    "mixed": {"doc": {"n": 9}, "rules": {"extra": 3}},
}
NOTHING = UNDEFINED

# Name, rules of package `t` (a line that starts with `package` begins another module), wanted value of `data.t.p`.
CASES: list[tuple[str, str, Any]] = [
    ("a complete rule", "p := 1", 1),
    ("a rule that doesn't hold", "p := 1 if input.x == 3", NOTHING),
    (
        "several bodies with one value",
        "p := 7 if input.x == 3\np := 7 if input.x == 2\np := 7 if input.xs[_] > 3",
        7,
    ),
    ("a default", "default p := false\np if input.x == 3", False),
    (
        "a default for a partial path",
        "default p.a := 1\np.a := 2 if input.x == 3\np.b := 3",
        {"a": 1, "b": 3},
    ),
    ("else in order", "p := 1 if input.x == 3 else := 2 if input.x == 2 else := 3", 2),
    ("the last else", "p := 1 if input.x == 3 else := 2 if input.x == 4 else := 3", 3),
    ("else beside another rule", "p := 1 if input.x == 3 else := 2\np := 2 if input.x == 2", 2),
    ("false as an expression", "p if input.flag", NOTHING),
    ("false as a value", "p := input.flag", False),
    ("a set of members", "p contains x if { some x in input.xs; x > 3 }\np contains 9", [4, 5, 9]),
    ("an empty set", "p contains x if { some x in input.xs; x > 30 }", []),
    ("a partial object", "p[k] := v if some [k, v] in input.pairs", {"a": 1, "b": 2}),
    (
        "two partial objects below one path",
        "p[k].n := v if some [k, v] in input.pairs\np.c := 3",
        {"a": {"n": 1}, "b": {"n": 2}, "c": 3},
    ),
    (
        "several levels",
        "p.q[k][v] := true if some [k, v] in input.pairs",
        {"q": {"a": {"1": True}, "b": {"2": True}}},
    ),
    (
        "sets below an object",
        "p[k].s contains v if some [k, v] in input.pairs\np.a.s contains 5",
        {"a": {"s": [1, 5]}, "b": {"s": [2]}},
    ),
    ("one member of a partial object", "p := q.b\nq[k] := v if some [k, v] in input.pairs", 2),
    ("a member of a set", "p if q[3]\nq contains x if some x in input.xs", True),
    ("a function", "p := f(2)\nf(x) := x * 10", 20),
    (
        "definitions by pattern",
        'p := [f(1), f("a"), f([3, 4])]\nf(1) := "one"\nf("a") := "text"\nf([_, y]) := y',
        ["one", "text", 4],
    ),
    (
        "a repeated argument",
        "p := [f(1, 1), f(1, 2)]\nf(x, x) := true\nf(x, y) := false if x != y",
        [True, False],
    ),
    ("a default function", "p := [f(1), f(5)]\ndefault f(_) := 0\nf(x) := x if x > 2", [0, 5]),
    ("an else function", "p := [f(1), f(5)]\nf(x) := 1 if x < 3 else := 2", [1, 2]),
    ("a function below a path", "p := a.b.f(1)\na.b.f(x) := x + 1", 2),
    ("an object of a function's argument", 'p := f({"k": {"n": 4}})\nf({"k": {"n": x}}) := x', 4),
    ("unification of arrays", "p := [x, y] if [x, [y, 3]] = [1, [2, 3]]", [1, 2]),
    ("unification in both directions", "p := [x, y] if [x, 2] = [1, y]", [1, 2]),
    (
        "unification where a later pair comes first",
        "p := [x, y, z] if [z, x, y] = [[x, y], 1, 2]",
        [1, 2, [1, 2]],
    ),
    ("unification of objects", 'p := [x, y] if {"a": x, "b": 2} = {"a": 1, "b": y}', [1, 2]),
    ("unification of different lengths", "p := x if [x, 1] = input.xs", NOTHING),
    ("unification with a document", 'p := x if {"v": x} = data.base.b', 2),
    ("an index that is found by its own value", "p := i if { some i; i == input.xs[i] }", NOTHING),
    ("negation", "p if not input.x == 3", True),
    ("negation of a call of undefined", 'p if not startswith(input.nope.nope, "a")', NOTHING),
    ("negation of undefined", "p if not input.nope", True),
    ("negation of a rule", "p if not q\nq if input.xs[_] > 9", True),
    ("negation of a member", "p if not 9 in input.xs", True),
    ("every member", "p if every x in input.xs { x > 1 }", True),
    ("not every member", "p if every x in input.xs { x > 2 }", NOTHING),
    ("every of nothing", "p if every x in [] { x > 2 }", True),
    ("every of a text", 'p if every x in "abc" { x == x }', NOTHING),
    ("every with an inner loop", "p if every i, x in input.xs { some y in input.xs; y == x; i < 4 }", True),
    ("every of a partial object", 'p if every k, v in data.base { k in ["a", "b"]; v.v > 0 }', True),
    (
        "comprehensions",
        "p := [[x | some x in input.xs; x > 3], count({(x % 2) | some x in input.xs})]",
        [[4, 5], 2],
    ),
    ("an object comprehension", "p := {k: v | some [k, v] in input.pairs}", {"a": 1, "b": 2}),
    (
        "nested comprehensions",
        "p := [[(x + y) | some y in [1, 2]] | some x in [10, 20]]",
        [[11, 12], [21, 22]],
    ),
    (
        "a comprehension over what is around it",
        "p := [n | some x in [1, 2]; n := count([y | some y in input.xs; y > x + 2])]",
        [2, 1],
    ),
    ("walk", "p := {x | walk(input.pairs, [_, x]); is_number(x)}", [1, 2]),
    ("a ref into the answer of a call", 'p := split("a.b", ".")[1]', "b"),
    ("enumerated keys", "p := {k | data.base[k].v > 0}", ["a", "b"]),
    (
        "base and rules of one package",
        "p := data.mixed\npackage mixed.rules\nq := 1",
        {"doc": {"n": 9}, "rules": {"extra": 3, "q": 1}},
    ),
    ("an empty package", "p := data.mixed.none\npackage mixed.none", {}),
    (
        "functions among enumerated rules",
        'p := {[k, n] | data.u[k][n]}\npackage u\nf(x) := x\nq := {"n": 1}',
        [["q", "n"]],
    ),
    ("functions are no documents", "p := data.u\npackage u\nf(x) := x\nq := 1", {"q": 1}),
    (
        "a package that is chosen by input",
        "p := data.pkg[input.name].v\npackage pkg.p\nv := 5\npackage pkg.q\nv := 6",
        5,
    ),
    (
        "a document that is chosen beside packages",
        'p := data.mixed[k].n if k := "doc"\npackage mixed.rules\nq := 1',
        9,
    ),
    (
        "all packages",
        "p := {[k, v] | v := data.pkg[k].v}\npackage pkg.p\nv := 5\npackage pkg.q\nv := 6",
        [["p", 5], ["q", 6]],
    ),
    (
        "all packages and documents",
        "p := {[k, x] | data.mixed[k][x]}\npackage mixed.rules\nq := 1",
        [["doc", "n"], ["rules", "extra"], ["rules", "q"]],
    ),
    (
        "partial sets of all packages",
        "p := {m | some m in data.pkg[_].deny}\npackage pkg.p\ndeny contains 1\npackage pkg.q\n"
        "deny contains 2\ndeny contains 3",
        [1, 2, 3],
    ),
    (
        "a key that rules and documents share",
        "p := count([1 | data.mixed.rules[_]])\npackage mixed.rules\nextra2 := 1",
        2,
    ),
    ("an expression with another input", 'p := y if y := q with input as {"x": 8}\nq := input.x', 8),
    ("with a part of input", "p := y if y := q with input.x as 9\nq := [input.x, input.role]", [9, "admin"]),
    (
        "with a document",
        "p := y if y := q with data.base.a.v as 7\nq := [data.base.a.v, data.base.b.v]",
        [7, 2],
    ),
    ("with a rule replaced by a document", "p := y if y := q with data.t.r as 5\nr := 1\nq := r + 1", 6),
    (
        "the rule itself again behind with",
        "p := [y, q] if y := q with data.t.r as 5\nr := 1\nq := r + 1",
        [6, 2],
    ),
    ("several answers within with", "p := {y | y := input.xs[_] with input.xs as [1, 2]; y > 1}", [2]),
    ("input again behind with", 'p := [x, input.x] if x := input.x with input as {"x": 1}', [1, 2]),
    ("a negated expression with another input", "p if not q with input.x as 3\nq if input.x == 2", True),
    (
        "a function replaced by a function",
        "p := y if y := f(1) with f as g\nf(x) := x\ng(x) := f(x) + 100",
        101,
    ),
    (
        "a builtin replaced by a function",
        "p := y if y := q with count as g\nq := count([1])\ng(x) := 100",
        100,
    ),
    ("a builtin replaced by a value", "p := y if y := q with count as 50\nq := count([1]) + 1", 51),
    (
        "a builtin replaced by the value of a variable",
        "p := y if { z := input.x; y := q with count as z }\nq := count([1]) + 1",
        3,
    ),
    (
        "a function replaced by an object",
        'p := y if y := q with f as {"a": input.x}\nq := f(1).a\nf(_) := {"a": 0}',
        2,
    ),
    (
        "two replacements, one within the other",
        "p := y if y := q with count as 5\nq := [z, count([])] if z := r with count as 6\nr := count([1])",
        [6, 5],
    ),
    (
        "a builtin replaced by a rule",
        "p := y if y := q with count as r\nq := count([1]) + 1\nr := input.x",
        3,
    ),
    (
        "a builtin replaced by a rule, which sees the other input",
        'p := y if y := q with count as r with input as {"x": 7}\nq := count([1]) + 1\nr := input.x',
        8,
    ),
    ("a builtin replaced by an undefined rule", "p if is_number(1) with count as r\nr if input.nope", True),
    (
        "a call replaced by an undefined rule",
        "p if q with count as r\nq := count([1])\nr if input.nope",
        NOTHING,
    ),
    ("template strings", 'p := $"{input.x} of {input.nope}"', "2 of <undefined>"),
    ("big numbers", "p := [12345678901234567890123, 0.1, 1e3]", [12345678901234567890123, 0.1, 1000]),
    ("true is not one", "p := {1, true}", [True, 1]),
    ("constant sets", 'p if input.role in {"admin", "root"}', True),
    ("a condition twice", "p if { input.x; input.x == 2; input.xs[0] == 2 }", True),
]

ERRORS: list[tuple[str, str, str]] = [
    ("two values of a complete rule", "p := 1\np := 2", "eval_conflict_error"),
    ("two values in one body", "p := x if x := input.xs[_]", "eval_conflict_error"),
    (
        "another value behind an else chain",
        "p := 1 if input.x == 3 else := 2\np := 3",
        "eval_conflict_error",
    ),
    (
        "another value before an else chain",
        "p := 3\np := 1 if input.x == 3 else := 2",
        "eval_conflict_error",
    ),
    (
        "two values in the second rule of a chain",
        "p := 1 if input.flag else := input.xs[_]",
        "eval_conflict_error",
    ),
    ("two values of a function", "p := f(1)\nf(x) := x\nf(x) := 2", "eval_conflict_error"),
    ("two values for a key", "p[k] := v if { k := 1; v := input.xs[_] }", "eval_conflict_error"),
    ("two values for a key of a comprehension", "p := {1: x | some x in input.xs}", "eval_conflict_error"),
]


def policy_for(text: str, *entrypoints: str) -> ir.Policy:
    modules = []
    for number, rules in enumerate(f"\npackage t\n{text}".split("\npackage ")[1:]):
        module, issues = parse_module(f"package {rules}\n", f"m{number}.rego")
        assert not issues
        assert module is not None
        modules.append(module)
    arities = {name: known.arity for name in names() if (known := lookup(name)) is not None}
    return plan(
        compile_modules(modules, {"eq": 2, "assign": 2, "print": -1, **arities}),
        entrypoints=entrypoints or ("t/p",),
    )


def in_any_order(value: Any) -> Any:
    return sorted(value, key=repr) if isinstance(value, list) else value


@pytest.mark.parametrize(("text", "wanted"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_a_policy_answers_as_with_opa(text: str, wanted: Any) -> None:
    found = Program(policy_for(text), DATA).evaluate("t/p", INPUT)
    assert type(found) is type(wanted)
    assert in_any_order(found) == in_any_order(wanted)


@pytest.mark.parametrize(("text", "code"), [pytest.param(*case[1:], id=case[0]) for case in ERRORS])
def test_values_in_conflict_are_an_error(text: str, code: str) -> None:
    with pytest.raises(RegoError) as refused:
        Program(policy_for(text), DATA).evaluate("t/p", INPUT)
    assert refused.value.code == code


@pytest.mark.parametrize("text", [pytest.param(case[1], id=case[0]) for case in CASES])
def test_a_plan_survives_being_written_as_plan_json(text: str) -> None:
    policy = policy_for(text)
    assert read_plan(write_plan(policy)) == policy


def test_only_what_an_entrypoint_reaches_is_planned() -> None:
    policy = policy_for("p := q\nq := 1\nr := 2")
    assert {func.name for func in policy.funcs} == {"g0.data.t.p", "g0.data.t.q"}


def test_several_entrypoints_share_their_rules() -> None:
    policy = policy_for("p := q\nq := 1\nr := q", "t/p", "t/r")
    assert len(policy.funcs) == 3
    assert Program(policy).evaluate("t/r") == 1


def test_equal_replacements_share_their_functions() -> None:
    tests = "\n".join(f"p{number} if q == {number} with count as 5" for number in range(20))
    policy = policy_for(f"q := count([1])\nother := 1\n{tests}", *(f"t/p{number}" for number in range(20)))
    assert sum(func.name.endswith("data.t.q") for func in policy.funcs) == 1


def test_a_replacement_leaves_rules_alone_that_do_not_depend_on_it() -> None:
    policy = policy_for("p if { q with count as 5 }\nq if { r; count([1]) == 5 }\nr if input.x")
    assert sorted(func.name for func in policy.funcs) == ["g0.data.t.p", "g0.data.t.r", "g1.data.t.q"]


def test_a_rule_with_one_constant_value_returns_when_a_body_holds() -> None:
    policy = policy_for("p if input.xs[_] == 2\np if input.x")
    (func,) = policy.funcs
    scan = func.blocks[0].stmts[-1]
    assert isinstance(scan, ir.ScanStmt)
    assert isinstance(scan.block.stmts[-1], ir.ReturnLocalStmt)


@pytest.mark.parametrize("depth", [1, 9, 10, 11, 12, 13, 14, 15, 16, 30, 60])
def test_loops_of_any_depth_give_their_answer(depth: int) -> None:
    loops = "; ".join(f"some x{number} in [1]" for number in range(depth))
    policy = policy_for(f"p if {{ {loops}; every y in [x{depth - 1}] {{ some z in [y]; not z == 2 }} }}")
    assert Program(policy).evaluate("t/p") is True


def test_loops_beyond_all_measure_are_refused() -> None:
    loops = "; ".join(f"some x{number} in [1]" for number in range(600))
    with pytest.raises(RegoError, match="nested too deep"):
        policy_for(f"p if {{ {loops}; x1 == 1 }}")


def test_rules_that_share_a_function_can_not_ask_for_each_other() -> None:
    with pytest.raises(RegoError) as refused:
        policy_for("p[k].a contains 1 if { some k in [1]; data[_][_].q }")
    assert refused.value.code == "rego_recursion_error"


def test_statements_know_their_place() -> None:
    policy = policy_for("q := 1\np if {\n\tinput.x == 2\n}")
    assert policy.static.files == ("m0.rego",)
    rows = {stmt.location.row for func in policy.funcs for block in func.blocks for stmt in block.stmts}
    assert rows == {3, 4}
