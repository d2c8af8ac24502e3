"""What an engine is given means exactly what was meant, or is refused with its path."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_engine.rego.errors import RegoInputError
from policy_engine.rego.values import MAX_DEPTH, UNDEFINED, exact_json


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        ({"a": [1, {"b": 2**63}]}, "input_not_exact", "input.a[1].b"),
        (-(2**63) - 1, "input_not_exact", "64 bits"),
        ({"a": 0.1 + 0.2}, "input_not_exact", "more digits"),
        (float("nan"), "input_not_json", "not a JSON number"),
        ([float("-inf")], "input_not_json", "not a JSON number"),
        ({1: "a"}, "input_not_json", "not a string"),
        ({True: "a"}, "input_not_json", "not a string"),
        ({"a": b"x"}, "input_not_json", "bytes"),
        ({"a": {1}}, "input_not_json", "set"),
        ("\ud800", "input_not_exact", "surrogate"),
        (nested(MAX_DEPTH + 1), "input_too_deep", "deeper"),
        (nested(100_000), "input_too_deep", "deeper"),
        (10**300, "input_not_exact", "of 997 bits"),
    ],
)
def test_what_json_cannot_carry_exactly_is_refused_with_its_path(
    value: object, code: str, words: str
) -> None:
    with pytest.raises(RegoInputError) as caught:
        exact_json(value)
    assert caught.value.code == code
    assert words in caught.value.message


def test_input_beyond_the_limit_is_refused() -> None:
    with pytest.raises(RegoInputError) as caught:
        exact_json("é" * 100, max_bytes=150)
    assert caught.value.code == "input_too_large"


def test_undefined_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError):
        bool(UNDEFINED)
    assert UNDEFINED is type(UNDEFINED)()


SAFE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100)
@given(SAFE)
def test_what_is_let_through_reads_back_the_same(value: object) -> None:
    try:
        text = exact_json(value)
    except RegoInputError:
        return
    assert json.loads(text) == value
