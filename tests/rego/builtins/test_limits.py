"""Hostile operands end in an error soon, and never in a crash, a hang or a giant answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from policy_engine.rego.builtins import registry
from policy_engine.rego.builtins.refused import REFUSED
from policy_engine.rego.builtins.registry import BuiltinError, BuiltinHalt, BuiltinLimit
from policy_engine.rego.engine import compile as compile_rego
from policy_engine.rego.errors import RegoEvaluationError
from policy_engine.rego.value_model import RegoSet

Call = Callable[..., Any]

HUGE = 10**3999
TOO_MUCH = [
    ("numbers.range", [0, 10**18]),
    ("numbers.range_step", [0, 10**18, 2]),
    ("mul", [HUGE, HUGE]),
    ("bits.lsh", [1, 10**9]),
    ("product", [[HUGE] * 5]),
    ("sprintf", ["%999999999d", [1]]),
    ("sprintf", ["%*d" * 100, [1_000_000, 1] * 100]),
    ("concat", ["x" * 1000, ["y"] * 100_000]),
    ("replace", ["a" * 100_000, "a", "b" * 1000]),
    ("strings.replace_n", [{"": "b" * 1000}, "a" * 100_000]),
    ("regex.replace", ["a" * 100_000, "a", "b" * 1000]),
    ("regex.match", ["(" * 200_000, ""]),
    ("regex.match", ["((a{100}){100}){100}", "a"]),
    ("json.unmarshal", ["[" * 100_000]),
    ("json.unmarshal", ["9" * 100_000]),
    ("json.is_valid", ["[" * 1_000_000]),
    ("yaml.unmarshal", ["[" * 5_000]),
    (
        "yaml.unmarshal",
        [
            "a: &a [x, x]\n"
            + "".join(
                f"{b}: &{b} [*{a}, *{a}]\n"
                for a, b in zip("abcdefghijklmnopqrstuv", "bcdefghijklmnopqrstuvw", strict=True)
            )
        ],
    ),
    ("net.cidr_expand", ["::/0"]),
    ("units.parse", ["1e999999"]),
    ("units.parse_bytes", ["1e999999KB"]),
    ("to_number", ["1e999999999"]),
    ("json.patch", [{"a": 1}, [{"op": "remove", "path": ""}]]),
    ("time.add_date", [0, 2**62, 0, 0]),
    ("io.jwt.decode", ["a.b.c"]),
]


@pytest.mark.parametrize(
    ("name", "operands"), TOO_MUCH, ids=lambda part: part if isinstance(part, str) else ""
)
def test_what_would_be_too_much_is_an_error_soon(name: str, operands: list[Any], call_builtin: Call) -> None:
    start = time.process_time()
    with pytest.raises((BuiltinError, BuiltinLimit)):
        call_builtin(name, operands)
    assert time.process_time() - start < 1.5


@pytest.mark.parametrize(
    "query",
    [
        "numbers.range(0, 1000000000000)",
        'sprintf("%999999999d", [1])',
        'net.cidr_expand("::/0")',
        "bits.lsh(1, 1000000000)",
    ],
)
def test_a_limit_is_never_undefined(query: str) -> None:
    with (
        compile_rego({}, strict_builtin_errors=False) as policy,
        pytest.raises(RegoEvaluationError) as caught,
    ):
        policy.query(query)
    assert caught.value.code == "eval_limit"


def test_a_pattern_that_backtracking_can_not_finish_is_matched_at_once(call_builtin: Call) -> None:
    start = time.process_time()
    assert call_builtin("regex.match", ["^(a+)+$", "a" * 5000 + "b"]) is False
    assert call_builtin("glob.match", ["a*" * 50 + "b", None, "a" * 5000]) is False
    assert time.process_time() - start < 1.5


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_reaches_out_of_the_process_ends_the_evaluation(name: str, call_builtin: Call) -> None:
    with pytest.raises(BuiltinHalt, match="is refused"):
        call_builtin(name, ["x"] * REFUSED[name])


@pytest.mark.parametrize("operand", [None, True, 1, 0.5, "a", [1], {"a": 1}, RegoSet([1])], ids=repr)
@pytest.mark.parametrize(
    "name", sorted(registry.names() - set(REFUSED) - {"internal.print", "print", "internal.template_string"})
)
def test_no_operand_makes_a_builtin_raise_anything_but_its_own_error(
    name: str, operand: Any, call_builtin: Call
) -> None:
    found = registry.lookup(name)
    assert found is not None
    code, message = "", f"{name}: "
    try:
        call_builtin(name, [operand] * found.arity)
    except BuiltinError as error:
        code, message = error.code, error.message
    assert code in ("", "eval_type_error", "eval_builtin_error")
    assert message.startswith(f"{name}: ")


def test_random_answers_stay_the_same_within_an_evaluation(
    call_builtin: Call, make_context: Callable[[], Any]
) -> None:
    context, other = make_context(), make_context()
    assert call_builtin("uuid.rfc4122", ["a"], context) == call_builtin("uuid.rfc4122", ["a"], context)
    assert call_builtin("uuid.rfc4122", ["a"], context) != call_builtin("uuid.rfc4122", ["b"], context)
    assert call_builtin("uuid.rfc4122", ["a"], context) != call_builtin("uuid.rfc4122", ["a"], other)
    numbers = {call_builtin("rand.intn", ["a", 10**12], context) for _ in range(3)}
    assert len(numbers) == 1
    assert 0 <= numbers.pop() < 10**12


def test_print_says_every_combination_of_values_and_undefined(
    call_builtin: Call, make_context: Callable[[], Any]
) -> None:
    context = make_context()
    call_builtin("internal.print", [[RegoSet(["a", "b"]), RegoSet([1]), RegoSet()]], context)
    assert context.printed == ["a 1 <undefined>", "b 1 <undefined>"]


def test_the_time_is_that_of_the_evaluation(call_builtin: Call, make_context: Callable[[], Any]) -> None:
    context = make_context()
    context.now_ns = 42
    assert call_builtin("time.now_ns", [], context) == 42


def test_walk_gives_every_path_and_value_itself_first(call_builtin: Call) -> None:
    value = {"a": [1, {"b": 2}], "c": RegoSet(["x"])}
    assert call_builtin("walk", [value]) == [
        [[], value],
        [["a"], [1, {"b": 2}]],
        [["a", 0], 1],
        [["a", 1], {"b": 2}],
        [["a", 1, "b"], 2],
        [["c"], RegoSet(["x"])],
        [["c", "x"], "x"],
    ]
