"""Rego values: equality, keys, order and JSON, against small models that know nothing of the code."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cmp_to_key
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_engine.rego.errors import RegoInputError
from policy_engine.rego.value_model import (
    RegoSet,
    compare,
    equal,
    from_json,
    json_text,
    key,
    make_object,
    normal_number,
    number_text,
    parse_json,
    parse_number,
    sort_values,
    sorted_keys,
    to_json,
    type_name,
    unkey,
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.sampled_from(["0.1", "1.5", "0.10000000000000000001", "1e30", "1e-7", "-2.5"]).map(parse_number),
    st.sampled_from(["", "a", "b", "1", "true", "é", "\U0001f600"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(RegoSet),
        st.lists(st.tuples(inner, inner), max_size=3).map(make_object),
    ),
    max_leaves=6,
)


def model(value: Any) -> Any:
    """An independent normal form: types by name, numbers as exact fractions of their digits."""
    if isinstance(value, RegoSet):
        return ("set", frozenset(model(item) for item in value.values()))
    if isinstance(value, dict):
        return ("object", frozenset((model(unkey(name)), model(member)) for name, member in value.items()))
    if isinstance(value, list):
        return ("array", tuple(model(item) for item in value))
    if isinstance(value, bool) or value is None:
        return ("constant", repr(value))
    return ("string", value) if isinstance(value, str) else ("number", Decimal(str(value)))


@settings(max_examples=300, deadline=None)
@given(VALUES, VALUES)
def test_equality_key_and_order_agree_with_a_model_of_values(one: Any, other: Any) -> None:
    same = model(one) == model(other)
    assert equal(one, other) is same
    assert (key(one) == key(other)) is same
    assert (compare(one, other) == 0) is same
    assert compare(one, other) == -compare(other, one)
    if same:
        assert hash(key(one)) == hash(key(other))


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_a_key_gives_its_value_back(value: Any) -> None:
    assert equal(unkey(key(value)), value)


@settings(max_examples=150, deadline=None)
@given(st.lists(VALUES, max_size=6))
def test_sorting_is_a_total_order_without_losing_members(values: list[Any]) -> None:
    ordered = sort_values(values)
    assert sorted(map(repr, map(model, ordered))) == sorted(map(repr, map(model, values)))
    assert all(compare(one, other) <= 0 for one, other in pairwise(ordered))
    assert list(map(model, ordered)) == list(map(model, sorted(values, key=cmp_to_key(compare))))
    keys = [unkey(name) for name in sorted_keys(make_object((value, 1) for value in values))]
    assert all(compare(one, other) < 0 for one, other in pairwise(keys))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (False, 0),
        ([True], [1]),
        ({"a": [False]}, {"a": [0]}),
        (RegoSet([True]), RegoSet([1])),
        (None, False),
        ("1", 1),
        ([], {}),
        ([1], RegoSet([1])),
    ],
)
def test_values_that_python_takes_for_equal_are_not(one: Any, other: Any) -> None:
    assert not equal(one, other)
    assert not equal(other, one)
    assert key(one) != key(other)


def test_integral_numbers_are_equal_however_they_are_written() -> None:
    texts = ["1", "1.0", "1e0", "10e-1", "1.000"]
    assert [parse_number(text) for text in texts] == [1] * 5
    assert len(RegoSet(parse_number(text) for text in texts)) == 1
    assert from_json(1.0) == 1
    assert type(from_json(1.0)) is int
    assert from_json(1e23) == 10**23


def test_digits_beyond_a_float_are_kept() -> None:
    near, exact = parse_number("0.1"), parse_number("0.1000000000000000000001")
    assert not equal(near, exact)
    assert compare(near, exact) == -1
    assert number_text(exact) == "0.1000000000000000000001"
    assert number_text(parse_number("100000000000000000000.5")) == "100000000000000000000.5"


@pytest.mark.parametrize(
    "text",
    [
        "1e5000",
        "-1e5000",
        "1e99999999999999999999",
        "9" * 5000,
        "1e-5000",
        "",
        "0x1",
        "1_0",
        "NaN",
        "Infinity",
        "\u0661",
    ],
)
def test_what_is_no_number_or_too_big_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        parse_number(text)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_infinite_numbers_are_refused(number: Any) -> None:
    with pytest.raises(ValueError, match="not a Rego number"):
        normal_number(number)


def test_the_order_of_types_is_null_boolean_number_string_array_object_set() -> None:
    ordered = [
        None,
        False,
        True,
        -1,
        0.5,
        2,
        "",
        "a",
        [],
        [1],
        [1, 2],
        [2],
        {},
        {"a": 1},
        RegoSet(),
        RegoSet([0]),
    ]
    assert sort_values(reversed(ordered)) == ordered
    assert [type_name(value) for value in ordered[::4]] == ["null", "number", "array", "object"]


def test_a_set_keeps_the_first_of_equal_members_and_iterates_in_order() -> None:
    made = RegoSet([3, "a", True, 1, 1, [2], None])
    assert list(made) == [None, True, 1, 3, "a", [2]]
    assert True in made
    assert 0 not in made
    assert False not in made
    made.add(2)
    assert list(made)[2:4] == [1, 2]
    assert RegoSet([1, 2]) | RegoSet([2, 3]) == RegoSet([3, 2, 1])
    assert RegoSet([1, True]) & RegoSet([1]) == RegoSet([1])
    assert RegoSet([1, True]) - RegoSet([1]) == RegoSet([True])


def test_json_shows_sets_sorted_and_keys_as_their_text() -> None:
    value = make_object([(1, "x"), ([1, RegoSet([2])], RegoSet([3, 1])), ("a", None), (True, False)])
    assert to_json(value) == {"1": "x", "[1,[2]]": [1, 3], "a": None, "true": False}
    assert json_text(value) == '{"1":"x","[1,[2]]":[1,3],"a":null,"true":false}'
    assert json_text(["<a&b>", "é\u2028", 1.5, [], {}]) == '["\\u003ca\\u0026b\\u003e","é\\u2028",1.5,[],{}]'


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_json_goes_in_and_out_unchanged(document: Any) -> None:
    value = from_json(document)
    digits = json.loads(json.dumps(document), parse_float=Decimal)
    assert model(to_json(value)) == model(digits)
    assert equal(parse_json(json_text(value)), value)
    assert equal(parse_json(json.dumps(document)), value)


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"a": [1, {"b": float("nan")}]}, "`input.a[1].b`"),
        ({"a": {1: 2}}, "`input.a`"),
        ([{"s": "\ud800"}], "`input[0].s`"),
        ({"\ud800": 1}, "`input`"),
        ([set()], "`input[0]`"),
        (object(), "`input`"),
    ],
)
def test_what_is_not_exact_json_is_refused_with_its_path(document: Any, path: str) -> None:
    with pytest.raises(RegoInputError, match="input") as caught:
        from_json(document)
    assert caught.value.message.startswith(path)


def test_depth_is_limited_before_the_stack_is() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(RegoInputError, match="nested too deep"):
        from_json(deep)
    with pytest.raises(RegoInputError, match="input"):
        parse_json("[" * 100_000)
