"""The checks against OPA's answers (`cases/opa_check.jsonl`, made with `opa check` 1.22) and the form of what comes out.

A line of the case file has modules and the errors that OPA reports. `ours` says where the project deliberately speaks
with other words ("own words": code and row must agree) or decides otherwise ("differs": types and annotations are not checked yet).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from policy_engine.rego.builtins.registry import lookup, names
from policy_engine.rego.checks import CheckedModules, compile_modules, compile_query
from policy_engine.rego.errors import Issue, RegoCompileError
from policy_engine.rego.syntax.parser import parse_module, parse_query
from policy_engine.rego.syntax.tree import (
    Array,
    ArrayComprehension,
    Body,
    Boolean,
    Call,
    Every,
    Expr,
    Head,
    Module,
    Number,
    Object,
    ObjectComprehension,
    Ref,
    Rule,
    Scalar,
    Set,
    SetComprehension,
    String,
    Term,
    Var,
)

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases" / "opa_check.jsonl").read_text("utf-8").splitlines()
]
NOT_OURS = {"http.send": 1, "opa.runtime": 0, "print": -1, "internal.print": 1, "rego.metadata.rule": 0}


@pytest.fixture(scope="module")
def arities() -> dict[str, int]:
    known = {name: builtin.arity for name in names() if (builtin := lookup(name)) is not None}
    return known | NOT_OURS


def modules_of(*texts: str) -> list[Module]:
    modules = []
    for number, text in enumerate(texts):
        module, issues = parse_module(text, f"m{number}.rego")
        assert module is not None, issues
        modules.append(module)
    return modules


def issues_of(arities: dict[str, int], *texts: str) -> list[Issue]:
    try:
        compile_modules(modules_of(*texts), arities, {f"m{n}.rego": text for n, text in enumerate(texts)})
    except RegoCompileError as error:
        return error.issues
    return []


def compiled(arities: dict[str, int], text: str) -> CheckedModules:
    return compile_modules(modules_of("package t\n" + text + "\n"), arities)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["modules"][-1][10:70].strip())
def test_a_module_is_accepted_or_refused_as_opa_does(case: dict[str, Any], arities: dict[str, int]) -> None:
    issues = issues_of(arities, *case["modules"])
    expected, ours = case["opa"], case.get("ours")
    if ours == "differs":
        assert bool(issues) != bool(expected)
        return
    assert {(issue.code, issue.row) for issue in issues} == {
        (error["code"], error["row"]) for error in expected
    }
    if ours is None:
        found = {(issue.message, issue.column) for issue in issues}
        assert found == {(error["message"], error["column"]) for error in expected}


X, Y, ONE = Var("x"), Var("y"), Number("1")
DATA_T = (String("t"),)


def call(name: str, *args: Term) -> Call:
    first, *rest = name.split(".")
    return Call(Ref(Var(first), tuple(map(String, rest))), args)


def rule(arities: dict[str, int], text: str) -> Rule:
    return compiled(arities, text).modules[0].rules[0]


def local(number: int) -> Var:
    return Var(f"__local{number}__")


def test_names_of_rules_and_imports_become_refs(arities: dict[str, int]) -> None:
    found = rule(
        arities, "import data.a.b\nimport input.c as d\np if { q; b.x; d[0]; f(1) }\nq := 1\nf(_) := 1"
    )
    assert [expr.what for expr in found.body] == [
        Ref(Var("data"), (String("t"), String("q"))),
        Ref(Var("data"), (String("a"), String("b"), String("x"))),
        Ref(Var("input"), (String("c"), Number("0"))),
        call("data.t.f", ONE),
    ]


def test_declared_variables_hide_names_and_get_names_of_their_own(arities: dict[str, int]) -> None:
    checked = compiled(arities, "p := q if { q := input.x; some q2 in q; q2 > 1 }\nq := 1")
    found = checked.modules[0].rules[0]
    assert isinstance(found.head.value, Var)
    assert checked.names[found.head.value.name] == "q"
    assert found.body[0].what == call("eq", found.head.value, Ref(Var("input"), (String("x"),)))


def test_scopes_of_closures_are_their_own(arities: dict[str, int]) -> None:
    checked = compiled(arities, "p := [x, y] if { x := 1; y := [x | x := input.a[_]] }")
    comprehension = next(
        side
        for expr in checked.modules[0].rules[0].body
        if isinstance(expr.what, Call)
        for side in expr.what.args
        if isinstance(side, ArrayComprehension)
    )
    head = checked.modules[0].rules[0].head.value
    assert isinstance(head, Array)
    assert comprehension.head != head.items[0]
    assert isinstance(comprehension.head, Var)
    assert checked.names[comprehension.head.name] == "x"


def test_nested_calls_become_expressions_with_an_output(arities: dict[str, int]) -> None:
    body = rule(arities, "p if count(split(input.a, upper(input.b))) > 1").body
    shown = [expr.what.name for expr in body if isinstance(expr.what, Call)]
    assert shown.index("upper") < shown.index("split") < shown.index("count") < shown.index("gt")


def test_a_negated_expression_keeps_only_itself_negated(arities: dict[str, int]) -> None:
    body = rule(arities, "p if { not startswith(upper(input.a), input.b) }").body
    assert [expr.negated for expr in body] == [False] * (len(body) - 1) + [True]
    last = body[-1].what
    assert isinstance(last, Call)
    assert last.name == "startswith"
    assert all(isinstance(arg, Var) for arg in last.args)


def test_what_was_nested_keeps_the_modifiers(arities: dict[str, int]) -> None:
    body = rule(arities, 'p if { count(data.t.q[0]) == 1 with input.a as upper("x") }\nq := [input.a]').body
    assert body[0].withs == ()
    assert isinstance(body[0].what, Call)
    assert body[0].what.name == "upper"
    assert all(len(expr.withs) == 1 and isinstance(expr.withs[0].value, Var) for expr in body[1:])


def test_equality_is_unification_in_modules_and_a_call_in_queries(arities: dict[str, int]) -> None:
    assert rule(arities, "p if { x = 1; x == 1 }").body[1].what == call("eq", X, ONE)
    checked = compiled(arities, "p := 1")
    body, _ = parse_query("x = 1; x == 1")
    assert body is not None
    query = compile_query(checked, body)
    assert [expr.what for expr in query.body] == [call("eq", X, ONE), call("equal", X, ONE)]
    assert query.outputs == {"x": "x"}


def test_a_query_names_its_declared_variables(arities: dict[str, int]) -> None:
    body, _ = parse_query("a := 1; some b in [a]; c = b; data.t.p = _")
    assert body is not None
    outputs = compile_query(compiled(arities, "p := 1"), body).outputs
    assert set(outputs) == {"a", "b", "c"}
    assert len(set(outputs.values())) == 3


def test_the_function_that_a_query_replaces_is_no_variable(arities: dict[str, int]) -> None:
    body, _ = parse_query("x := 1; data.t.p with count as data.t.f")
    assert body is not None
    assert set(compile_query(compiled(arities, "p := 1\nf(_) := 1"), body).outputs) == {"x"}


def test_a_query_in_a_package_knows_its_rules(arities: dict[str, int]) -> None:
    body, _ = parse_query("p == 1")
    assert body is not None
    checked = compiled(arities, "p := 1")
    query = compile_query(checked, body, package=("t",))
    assert Ref(Var("data"), (String("t"), String("p"))) in [
        side for expr in query.body if isinstance(expr.what, Call) for side in expr.what.args
    ]
    with pytest.raises(RegoCompileError, match="var p is unsafe"):
        compile_query(checked, body)


def test_bodies_are_reordered_as_little_as_needed(arities: dict[str, int]) -> None:
    body = rule(arities, "p if { not x == 2; count([1], y); x = y; y == 1 }").body
    shown = [(expr.what.name, expr.negated) for expr in body if isinstance(expr.what, Call)]
    assert shown == [("count", False), ("eq", False), ("eq", False), ("eq", True)]


def test_templates_and_print_capture_what_may_be_undefined(arities: dict[str, int]) -> None:
    body = rule(arities, 'p if { print("a", input.x); $"b {input.y}" == input.z }').body
    calls = {expr.what.name for expr in body if isinstance(expr.what, Call)}
    assert {"internal.print", "internal.template_string"} <= calls
    sets = [side for expr in body if isinstance(expr.what, Call) for side in expr.what.args]
    assert sum(isinstance(side, SetComprehension) for side in sets) == 3


def test_print_disappears_where_there_is_none(arities: dict[str, int]) -> None:
    without = {name: arity for name, arity in arities.items() if "print" not in name}
    (module,) = compile_modules(modules_of("package t\np if { print(input.x) }\n"), without).modules
    assert module.rules[0].body == (Expr(Boolean(True)),)


def test_a_function_can_stand_for_another_in_with(arities: dict[str, int]) -> None:
    body = rule(arities, "p if { q with count as f }\nq if count([1]) == 2\nf(_) := 2").body
    assert body[0].withs[0].value == Ref(Var("data"), (String("t"), String("f")))
    assert body[0].withs[0].target == Ref(Var("count"), ())


def test_an_unknown_function_comes_with_the_nearest_name(arities: dict[str, int]) -> None:
    (issue,) = issues_of(arities, "package t\np := cuont([1])\n")
    assert (issue.code, issue.message, issue.row, issue.column) == (
        "rego_type_error",
        "undefined function cuont (did you mean `count`?)",
        2,
        6,
    )
    assert issue.line == "p := cuont([1])"


def test_what_asks_for_annotations_is_refused_and_not_undefined(arities: dict[str, int]) -> None:
    (issue,) = issues_of(arities | {"rego.metadata.chain": 0}, "package t\np := rego.metadata.chain()\n")
    assert (issue.code, issue.row, issue.column) == ("rego_type_error", 2, 6)
    assert "not evaluated" in issue.message


def test_all_mistakes_of_a_stage_are_told_at_once(arities: dict[str, int]) -> None:
    issues = issues_of(arities, "package t\np if x\nq if y\n", "package u\nr if z\n")
    assert [(issue.file, issue.message) for issue in issues] == [
        ("m0.rego", "var x is unsafe"),
        ("m0.rego", "var y is unsafe"),
        ("m1.rego", "var z is unsafe"),
    ]


def test_long_ways_of_recursion_are_found_without_recursion(arities: dict[str, int]) -> None:
    count = 3_000
    text = "package t\n" + "".join(f"p{n} if p{(n + 1) % count}\n" for n in range(count))
    issues = issues_of(arities, text)
    assert {issue.code for issue in issues} == {"rego_recursion_error"}
    assert len(issues) == 10


SIMPLE = (Var, *Scalar)


def assert_simple(term: Term) -> None:
    if isinstance(term, Array | Set):
        for item in term.items:
            assert_simple(item)
    elif isinstance(term, Object):
        for key, value in term.pairs:
            assert_simple(key)
            assert_simple(value)
    else:
        assert isinstance(term, SIMPLE), term


def variables_in(term: Term) -> set[str]:
    if isinstance(term, Var):
        return {term.name}
    parts: list[Term] = []
    if isinstance(term, Array | Set):
        parts = list(term.items)
    elif isinstance(term, Object):
        parts = [part for pair in term.pairs for part in pair]
    return {name for part in parts for name in variables_in(part)}


def assert_side(term: Term, bound: set[str]) -> set[str]:
    """A side of `=` or a test: what it binds by itself."""
    if isinstance(term, Ref):
        assert isinstance(term.head, Var)
        assert term.head.name in {"data", "input"} | bound
        for step in term.path:
            assert_simple(step)
        return {name for step in term.path for name in variables_in(step)}
    if isinstance(term, ArrayComprehension | SetComprehension):
        inner = assert_body(term.body, bound)
        assert_simple(term.head)
        assert variables_in(term.head) <= inner
        return set()
    if isinstance(term, ObjectComprehension):
        inner = assert_body(term.body, bound)
        assert_simple(term.key)
        assert_simple(term.value)
        assert variables_in(term.key) | variables_in(term.value) <= inner
        return set()
    assert_simple(term)
    return set()


def assert_body(body: Body, bound: set[str]) -> set[str]:
    """The documented form of a body, with everything bound before it is needed; returns what is bound at its end."""
    assert body
    for expr in body:
        for modifier in expr.withs:
            assert isinstance(modifier.target.head, Var)
            if not isinstance(modifier.value, Ref):
                assert_simple(modifier.value)
                assert variables_in(modifier.value) <= bound
        binds = assert_expr(expr, bound)
        if expr.negated:
            assert binds <= bound
        bound = bound | binds
    return bound


def assert_expr(expr: Expr, bound: set[str]) -> set[str]:
    what = expr.what
    if isinstance(what, Every):
        assert not expr.negated
        assert isinstance(what.key, Var)
        assert isinstance(what.domain, Var)
        assert what.domain.name in bound
        assert_body(what.body, bound | {what.key.name, what.value.name})
        return set()
    if not isinstance(what, Call):
        if isinstance(what, Array | Set | Object | Var):
            assert variables_in(what) <= bound
        return assert_side(what, bound)  # type: ignore[arg-type]
    if what.name == "eq":
        left, right = what.args
        found = assert_side(left, bound) | assert_side(right, bound)
        return found | variables_in(left) | variables_in(right)
    for arg in what.args:
        assert_simple(arg)
    *inputs, last = what.args or (None,)
    assert all(variables_in(arg) <= bound for arg in inputs if arg is not None)
    return variables_in(last) if last is not None else set()


def assert_output_form(checked: CheckedModules) -> None:
    for module in checked.modules:
        assert not module.imports
        for first in module.rules:
            for link in first.chain():
                assert_rule(link.head, link.body)


def assert_rule(head: Head, body: Body) -> None:
    arguments = {name for arg in head.args for name in variables_in(arg)}
    for arg in head.args:
        assert_simple(arg)
    bound = assert_body(body, arguments)
    for term in (*head.ref.path, *(term for term in (head.key, head.value) if term is not None)):
        assert_simple(term)
        assert variables_in(term) <= bound


def test_what_opa_accepts_comes_out_in_the_documented_form(arities: dict[str, int]) -> None:
    for case in CASES:
        if not case["opa"] and case.get("ours") != "differs":
            assert_output_form(compile_modules(modules_of(*case["modules"]), arities))


CONFORMANCE = Path(__file__).parents[4] / "shared" / "data" / "rego-conformance" / "cases.jsonl.gz"


@pytest.mark.skipif(not CONFORMANCE.exists(), reason="the conformance cases are not here: ../shared/data")
def test_conformance_modules_come_out_in_the_documented_form(arities: dict[str, int]) -> None:
    import gzip

    with gzip.open(CONFORMANCE, "rt", encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines]
    known = arities | {"test.sleep": 1}
    for case in cases[::4]:
        try:
            assert_output_form(compile_modules(modules_of(*(case.get("modules") or ())), known))
        except RegoCompileError as error:
            assert re.search("undefined function", str(error)), case["note"]  # noqa: PT017 - a builtin that is refused
