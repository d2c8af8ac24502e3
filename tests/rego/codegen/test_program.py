"""Programs of hand-written plans: jumps, `with`, memory, conflicts, budgets, threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from policy_engine.rego.codegen.program import Program
from policy_engine.rego.errors import RegoCompileError, RegoEvaluationError, RegoInputError, RegoTimeout
from policy_engine.rego.plan import ir
from policy_engine.rego.values import UNDEFINED

L, S, B = ir.Local, ir.StringIndex, ir.Bool
Make = Callable[..., Program]


def block(*stmts: ir.Stmt) -> ir.Block:
    return ir.Block(stmts)


def say(local: int, text: int) -> ir.Stmt:
    """Append a string to an array, to see what ran."""
    return ir.ArrayAppendStmt(value=S(text), array=local)


def rule(
    name: str, *blocks: ir.Block, params: tuple[int, ...] = (0, 1), path: tuple[str, ...] = ()
) -> ir.Func:
    return ir.Func(name, params, 9, (*blocks, block(ir.ReturnLocalStmt(source=9))), path)


@pytest.mark.parametrize(
    ("index", "ran"),
    [(0, ["a", "c", "d"]), (1, ["a", "d"]), (2, ["a"])],
)
def test_a_break_leaves_as_many_blocks_as_it_says(program: Make, index: int, ran: list[str]) -> None:
    inner = block(say(2, 1), ir.BreakStmt(index=index), say(2, 2))
    middle = block(ir.BlockStmt(blocks=(inner,)), say(2, 3))
    outer = block(ir.BlockStmt(blocks=(middle,)), say(2, 4))
    made = program(ir.MakeArrayStmt(target=2), ir.BlockStmt(blocks=(outer,)), strings=("a", "b", "c", "d"))
    assert made.evaluate("e") == ran


@pytest.mark.parametrize(("index", "ran"), [(0, [1, 2, 3]), (1, [1, 2, 3]), (2, [1]), (3, [1])])
def test_a_break_in_a_scan_goes_on_with_the_next_member_or_leaves_the_scan(
    program: Make, index: int, ran: list[int]
) -> None:
    body = block(
        ir.ArrayAppendStmt(value=L(5), array=2),
        ir.BlockStmt(blocks=(block(ir.NopStmt()), block(ir.BreakStmt(index=index)))),
        ir.BreakStmt(index=0),
    )
    scan = ir.ScanStmt(source=0, key=4, value=5, block=body)
    made = program(
        ir.MakeArrayStmt(target=2), ir.BlockStmt(blocks=(block(ir.BlockStmt(blocks=(block(scan),))),))
    )
    assert made.evaluate("e", [1, 2, 3]) == ran


def deep(levels: int, kinds: str) -> tuple[ir.Stmt, ...]:
    """Nested statements of the given kinds around appending one string; every `not` comes in pairs."""
    stmts: tuple[ir.Stmt, ...] = (say(2, 1),)
    for level in range(levels):
        inner = ir.Block(stmts)
        match kinds[level % len(kinds)]:
            case "b":
                stmts = (ir.BlockStmt(blocks=(inner,)), ir.IsDefinedStmt(source=2))
            case "s":
                stmts = (ir.ScanStmt(source=1, key=10 + level, value=500 + level, block=inner),)
            case "w":
                with_ = ir.WithStmt(local=0, value=S(1), block=inner)
                stmts = (with_, ir.NotStmt(block=block(ir.EqualStmt(a=L(0), b=S(1)))))
    return stmts


@pytest.mark.parametrize("levels", [5, 14, 15, 16, 17, 30, 61, 150])
@pytest.mark.parametrize("kinds", ["b", "bs", "bsw"])
def test_blocks_nested_deeper_than_cpython_allows_run(program: Make, levels: int, kinds: str) -> None:
    made = program(ir.MakeArrayStmt(target=2), *deep(levels, kinds), strings=("deep",), data={"one": 1})
    assert made.evaluate("e", "shallow") == ["deep"]


@pytest.mark.parametrize("levels", [3, 40])
def test_a_far_jump_out_of_deep_blocks_arrives(program: Make, levels: int) -> None:
    stmts: tuple[ir.Stmt, ...] = (ir.BreakStmt(index=levels), say(2, 1))
    for _ in range(levels):
        stmts = (ir.BlockStmt(blocks=(ir.Block(stmts),)), say(2, 1))
    made = program(
        ir.MakeArrayStmt(target=2),
        ir.BlockStmt(blocks=(ir.Block(stmts),)),
        say(2, 2),
        strings=("bad", "good"),
    )
    assert made.evaluate("e") == ["good"]


def test_with_replaces_a_part_of_input_and_puts_it_back(program: Make) -> None:
    made = program(
        ir.MakeArrayStmt(target=2),
        ir.WithStmt(
            local=0, path=(1, 2), value=B(True), block=block(ir.ArrayAppendStmt(value=L(0), array=2))
        ),
        ir.ArrayAppendStmt(value=L(0), array=2),
        strings=("a", "b"),
    )
    assert made.evaluate("e", {"a": {"c": 1}, "d": 2}) == [
        {"a": {"c": 1, "b": True}, "d": 2},
        {"a": {"c": 1}, "d": 2},
    ]


def test_with_puts_input_back_when_a_jump_leaves_it(program: Make) -> None:
    inside = ir.WithStmt(local=0, value=B(True), block=block(ir.BreakStmt(index=1)))
    made = program(ir.BlockStmt(blocks=(block(inside),)), ir.AssignVarStmt(source=L(0), target=2), strings=())
    assert made.evaluate("e", "given") == "given"


def test_a_rule_is_asked_again_under_with_and_remembered_without(program: Make) -> None:
    remember = rule("r", block(ir.AssignVarOnceStmt(source=L(0), target=9)))
    call = ir.CallStmt(func="r", args=(L(0), L(1)), result=3)
    keep = ir.ArrayAppendStmt(value=L(3), array=2)
    under = ir.WithStmt(local=0, value=S(1), block=block(call, keep))
    made = program(
        ir.MakeArrayStmt(target=2), call, keep, under, call, keep, funcs=(remember,), strings=("other",)
    )
    assert made.evaluate("e", "given") == ["given", "other", "given"]
    assert made.evaluate("e", "next") == ["next", "other", "next"]


def test_a_constant_that_a_body_changes_is_made_anew(program: Make) -> None:
    literal = (ir.MakeSetStmt(target=2), ir.SetAddStmt(value=S(1), set=2))
    made = program(*literal, ir.SetAddStmt(value=L(0), set=2), strings=("a",))
    assert made.evaluate("e", "b") == ["a", "b"]
    assert made.evaluate("e", "c") == ["a", "c"]


def test_a_looked_up_value_is_copied_before_it_is_changed(program: Make) -> None:
    change = (ir.DotStmt(source=L(0), key=S(1), target=2), ir.ArrayAppendStmt(value=S(1), array=2))
    made = program(*change, strings=("list",))
    given = {"list": []}
    assert made.results("e", given) == [{"result": ["list"]}]
    assert given == {"list": []}


def test_true_is_not_one(program: Make) -> None:
    number = ir.MakeNumberIntStmt(value=1, target=4)
    answer = ir.AssignVarStmt(source=B(True), target=2)
    same = program(number, ir.EqualStmt(a=L(0), b=L(4)), answer)
    other = program(number, ir.NotEqualStmt(a=L(0), b=L(4)), answer)
    assert [same.evaluate("e", value) for value in (1, 1.0, True)] == [True, True, UNDEFINED]
    assert [other.evaluate("e", value) for value in (1, 1.0, True)] == [UNDEFINED, UNDEFINED, True]


def test_two_values_of_a_rule_are_a_conflict_with_its_place(program: Make) -> None:
    place = ir.Location(file=0, row=7, col=3)
    made = program(
        ir.ScanStmt(
            source=0,
            key=4,
            value=5,
            block=block(ir.AssignVarOnceStmt(source=L(5), target=2, location=place)),
        ),
        ir.IsDefinedStmt(source=2),
    )
    assert made.evaluate("e", [1, 1.0, 1]) == 1
    assert made.evaluate("e", []) is UNDEFINED
    with pytest.raises(RegoEvaluationError, match="multiple outputs") as caught:
        made.evaluate("e", [1, True])
    assert caught.value.code == "eval_conflict_error"
    assert (caught.value.file, caught.value.row, caught.value.column) == ("policy.rego", 7, 3)


def test_a_builtin_error_is_undefined_or_strict(program: Make) -> None:
    divide = ir.CallStmt(func="div", args=(L(0), L(4)), result=2, location=ir.Location(row=2, col=5))
    zero = ir.MakeNumberIntStmt(value=0, target=4)
    assert program(zero, divide).evaluate("e", 1) is UNDEFINED
    with pytest.raises(RegoEvaluationError, match="div: divide by zero") as caught:
        program(zero, divide, strict=True).evaluate("e", 1)
    assert (caught.value.code, caught.value.row) == ("eval_builtin_error", 2)


def nested_scans(depth: int) -> ir.Stmt:
    body: ir.Stmt = ir.NopStmt()
    for level in range(depth):
        body = ir.ScanStmt(source=0, key=10 + level, value=30 + level, block=block(body))
    return body


def test_steps_and_seconds_stop_a_policy(program: Make) -> None:
    made = program(ir.MakeNullStmt(target=2), nested_scans(8))
    with pytest.raises(RegoTimeout, match="steps"):
        made.evaluate("e", list(range(100)), steps=100_000)
    started = time.monotonic()
    with pytest.raises(RegoTimeout, match="longer"):
        made.evaluate("e", list(range(100)), seconds=0.1, steps=10**15)
    assert time.monotonic() - started < 2
    assert made.evaluate("e", [1]) is None


def test_calls_that_multiply_are_stopped(program: Make) -> None:
    """Each rule asks the next one twice under another input: 2**40 calls without a single loop."""

    def under(number: int) -> ir.Stmt:
        call = ir.CallStmt(func=f"r{number}", args=(L(0), L(1)), result=3)
        fresh = ir.MakeArrayStmt(target=4)
        return ir.BlockStmt(
            blocks=tuple(
                block(
                    fresh,
                    say(4, 1),
                    ir.ArrayAppendStmt(value=L(0), array=4),
                    ir.WithStmt(local=0, value=L(4), block=block(call)),
                )
                for _ in range(2)
            )
        )

    funcs = [
        rule(f"r{n}", block(under(n + 1), ir.AssignVarOnceStmt(source=B(True), target=9))) for n in range(40)
    ]
    funcs.append(rule("r40", block(ir.AssignVarOnceStmt(source=B(True), target=9))))
    made = program(under(0), ir.MakeNullStmt(target=2), funcs=tuple(funcs), strings=("x",))
    with pytest.raises(RegoTimeout):
        made.evaluate("e", 1, steps=200_000)


def test_functions_that_call_the_next_one_twice_are_stopped(program: Make) -> None:
    """Calls with arguments aren't remembered: 2**60 of them without a single loop."""
    funcs = []
    for n in range(60):
        call = ir.CallStmt(func=f"f{n + 1}", args=(L(0), L(1), L(2)), result=10)
        twice = ir.BlockStmt(blocks=(block(call), block(call)))
        funcs.append(
            rule(f"f{n}", block(twice, ir.AssignVarOnceStmt(source=L(2), target=9)), params=(0, 1, 2))
        )
    funcs.append(rule("f60", block(ir.AssignVarOnceStmt(source=L(2), target=9)), params=(0, 1, 2)))
    first = ir.CallStmt(func="f0", args=(L(0), L(1), L(0)), result=2)
    made = program(first, funcs=tuple(funcs))
    with pytest.raises(RegoTimeout):
        made.evaluate("e", 1, steps=100_000)


def test_rules_in_a_very_long_chain_are_an_error_and_not_a_crash(program: Make) -> None:
    funcs = [
        rule(f"r{n}", block(ir.CallStmt(func=f"r{n + 1}", args=(L(0), L(1)), result=9))) for n in range(3000)
    ]
    funcs.append(rule("r3000", block(ir.AssignVarOnceStmt(source=B(True), target=9))))
    made = program(ir.CallStmt(func="r0", args=(L(0), L(1)), result=2), funcs=tuple(funcs))
    with pytest.raises(RegoEvaluationError, match="deeper"):
        made.evaluate("e")


def test_an_input_that_is_not_exact_is_refused(program: Make) -> None:
    made = program(ir.AssignVarStmt(source=L(0), target=2))
    assert made.evaluate("e", {"a": [1.5, None, True, "é"]}) == {"a": [1.5, None, True, "é"]}
    for bad in (float("nan"), {1: 2}, "\ud800", object()):
        with pytest.raises(RegoInputError, match="input"):
            made.evaluate("e", bad)


def test_a_missing_builtin_is_a_compile_error(program: Make) -> None:
    with pytest.raises(RegoCompileError, match=r"no\.such"):
        program(ir.CallStmt(func="no.such", args=(L(0),), result=2))


@pytest.mark.parametrize(
    "stmt",
    [
        ir.AssignVarStmt(source=B(True), target=0),
        ir.ScanStmt(source=3, key=1, value=4, block=ir.Block()),
        ir.CallStmt(func="r", args=(L(1), L(0)), result=2),
    ],
)
def test_a_plan_that_breaks_the_rules_is_refused(program: Make, stmt: ir.Stmt) -> None:
    with pytest.raises(RegoCompileError, match="can't be carried out"):
        program(stmt, funcs=(rule("r"),))


def test_an_unknown_entrypoint_is_an_error_that_names_the_known(program: Make) -> None:
    with pytest.raises(RegoEvaluationError, match="`e`"):
        program(ir.MakeNullStmt(target=2)).evaluate("f")


def test_strings_of_a_plan_are_never_code(program: Make) -> None:
    hostile = '\'; import os #\n""" \\'
    made = program(
        ir.MakeObjectStmt(target=2), ir.ObjectInsertStmt(key=S(1), value=L(0), object=2), strings=(hostile,)
    )
    assert made.evaluate("e", "x") == {hostile: "x"}


def test_data_is_replaced_without_compiling(program: Make) -> None:
    made = program(ir.DotStmt(source=L(1), key=S(1), target=2), strings=("who",), data={"who": "ana"})
    other = made.with_data({"who": "ben"})
    assert (made.evaluate("e"), other.evaluate("e")) == ("ana", "ben")
    assert other.module is made.module


def test_threads_get_their_own_answers(program: Make) -> None:
    remember = rule("r", block(ir.DotStmt(source=L(0), key=S(1), target=9)))
    call = ir.CallStmt(func="r", args=(L(0), L(1)), result=2)
    made = program(call, funcs=(remember,), strings=("who",))

    def ask(number: int) -> bool:
        return all(made.evaluate("e", {"who": [number, turn]}) == [number, turn] for turn in range(200))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(16)))


def test_dynamic_calls_find_rules_and_fall_back_to_data(program: Make) -> None:
    found = rule("g0.data.a.b", block(ir.AssignVarOnceStmt(source=S(2), target=9)), path=("g0", "a", "b"))
    never = rule("g0.data.a.u", path=("g0", "a", "u"))
    dynamic = ir.CallDynamicStmt(args=(0, 1), path=(S(3), S(1), L(0)), result=2)
    fallback = block(ir.AssignVarStmt(source=S(4), target=2), ir.BreakStmt(index=1))
    a = block(ir.BlockStmt(blocks=(block(dynamic, ir.BreakStmt(index=1)), fallback)), ir.BreakStmt(index=2))
    outer = block(ir.BlockStmt(blocks=(a,)), ir.NopStmt())
    made = program(
        ir.BlockStmt(blocks=(outer,)),
        ir.IsDefinedStmt(source=2),
        funcs=(found, never),
        strings=("a", "rule", "g0", "base"),
    )
    answers: list[Any] = [made.evaluate("e", name) for name in ("b", "x", 5, "u")]
    assert answers == ["rule", "base", "base", UNDEFINED]


VERBS = ("get", "put", "post", "drop", "list", "watch")


def guarded(number: int, word: int, then: ir.Stmt) -> ir.Block:
    """A body that asks for a word in `input.verb` (string 1) and for a string as `input.who` (string 2)."""
    return block(
        ir.ResetLocalStmt(target=5),
        ir.DotStmt(source=L(0), key=S(1), target=10),
        ir.EqualStmt(a=L(10), b=S(3 + word)),
        ir.DotStmt(source=L(0), key=S(2), target=11),
        ir.MakeNumberIntStmt(value=number, target=12),
        then,
    )


def test_the_rule_index_leaves_out_nothing_but_what_would_fail(program: Make) -> None:
    """Twelve bodies behind the index and one that asks for nothing, against a plain reading of the same rules."""
    add = ir.SetAddStmt(value=L(12), set=9)
    bodies = [guarded(number, number % 5, add) for number in range(12)]
    free = block(ir.DotStmt(source=L(0), key=S(2), target=13), ir.SetAddStmt(value=L(13), set=9))
    made = program(
        ir.CallStmt(func="r", args=(L(0), L(1)), result=2),
        funcs=(rule("r", block(ir.MakeSetStmt(target=9)), *bodies[:6], free, *bodies[6:]),),
        strings=("verb", "who", *VERBS),
    )
    assert "_I = {" in made.module.source
    for given in [
        {"verb": verb, "who": who} for verb in (*VERBS, "", 1, None, ["get"], {}) for who in ("x", 99)
    ]:
        word = VERBS.index(given["verb"]) if given["verb"] in VERBS else -1
        expected = [number for number in range(12) if number % 5 == word]
        who = given["who"]
        assert sorted(made.evaluate("e", given), key=str) == sorted([*expected, who], key=str), given
    assert made.evaluate("e", {"verb": "get"}) == []
    assert made.evaluate("e", {"who": "x"}) == ["x"]
    assert made.evaluate("e") == []


def test_the_first_success_answers_a_rule_that_can_say_only_one_thing(program: Make) -> None:
    """The loop is left at once, so it costs a few steps and not one per member of the second loop."""
    answer = ir.AssignVarOnceStmt(source=B(True), target=5)
    inner = ir.ScanStmt(source=0, key=14, value=15, block=block(answer))
    body = block(ir.ResetLocalStmt(target=5), ir.ScanStmt(source=0, key=12, value=13, block=block(inner)))
    take = block(ir.IsDefinedStmt(source=5), ir.AssignVarOnceStmt(source=L(5), target=9))
    default = block(ir.IsUndefinedStmt(source=9), ir.AssignVarOnceStmt(source=B(False), target=9))
    made = program(
        ir.CallStmt(func="r", args=(L(0), L(1)), result=2),
        funcs=(rule("r", body, take, body, take, default),),
    )
    assert made.evaluate("e", list(range(2000)), steps=10_000) is True
    assert made.evaluate("e", []) is False


def test_rules_of_data_are_asked_once_for_all_evaluations_but_not_under_with(program: Make) -> None:
    costly = rule(
        "r",
        block(
            ir.ScanStmt(source=1, key=12, value=13, block=block(ir.NopStmt())),
            ir.DotStmt(source=L(1), key=S(1), target=14),
            ir.AssignVarOnceStmt(source=L(14), target=9),
        ),
    )
    call = ir.CallStmt(func="r", args=(L(0), L(1)), result=3)
    keep = ir.ArrayAppendStmt(value=L(3), array=2)
    under = ir.WithStmt(local=1, path=(1,), value=S(2), block=block(call, keep))
    made = program(
        ir.MakeArrayStmt(target=2), call, keep, under, call, keep,
        funcs=(costly,), strings=("key", "other"), data={"key": "base", **{str(n): n for n in range(1000)}},
    )  # fmt: skip
    assert made.evaluate("e", steps=4_000) == ["base", "other", "base"]
    assert made.evaluate("e", steps=1_500) == ["base", "other", "base"]
    assert made.with_data({"key": 1}).evaluate("e") == [1, "other", 1]
