"""Aggregates: count, sum, product, max, min, sort, and membership."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any, Final

from policy_engine.rego.builtins import big_float
from policy_engine.rego.builtins.operands import elements, wrong_element, wrong_type
from policy_engine.rego.builtins.registry import BuiltinLimit, builtin
from policy_engine.rego.value_model import RegoSet, compare, equal, is_number, sort_values
from policy_engine.rego.value_model import key as key_of

_MAX_BITS: Final = 13_000


@builtin("count", arity=1)
def count(a: Any) -> int:
    """The number of elements, members, keys or characters."""
    if type(a) in (list, dict, str, RegoSet):
        return len(a)
    raise wrong_type(1, a, "array", "object", "set", "string")


@builtin("sum", arity=1)
def total(a: Any) -> Any:
    """The sum of an array or a set of numbers."""
    numbers = _numbers(a)
    if all(type(item) is int for item in numbers):
        return sum(numbers)
    result = Fraction(0)
    for item in numbers:
        result = big_float.round_to_width(result + big_float.read(item))
    return big_float.write(result)


@builtin("product", arity=1)
def product(a: Any) -> Any:
    """The product of an array or a set of numbers."""
    numbers = _numbers(a)
    if all(type(item) is int for item in numbers):
        if sum(item.bit_length() for item in numbers) > _MAX_BITS:
            raise BuiltinLimit(f"the result would have more than {_MAX_BITS} bits")
        return functools.reduce(lambda x, y: x * y, numbers, 1)
    result = Fraction(1)
    for item in numbers:
        result = big_float.round_to_width(result * big_float.read(item), big_float.NARROW)
    return big_float.write(result, big_float.NARROW)


def _numbers(a: Any) -> list[Any]:
    found = elements(a)
    if found is None:
        raise wrong_type(1, a, "set", "array")
    numbers = list(found)
    for item in numbers:
        if not is_number(item):
            raise wrong_element(1, a, item, "number")
    return numbers


@builtin("max", arity=1)
def maximum(a: Any) -> Any:
    """The greatest element in Rego's order; undefined when there is none."""
    return _extreme(a, 1)


@builtin("min", arity=1)
def minimum(a: Any) -> Any:
    """The least element in Rego's order; undefined when there is none."""
    return _extreme(a, -1)


def _extreme(a: Any, sign: int) -> Any:
    found = elements(a)
    if found is None:
        raise wrong_type(1, a, "set", "array")
    best: Any = ...
    for item in found:
        if best is ... or compare(item, best) * sign >= 0:
            best = item
    return best


@builtin("sort", arity=1)
def sort(a: Any) -> list[Any]:
    """The elements in Rego's order."""
    found = elements(a)
    if found is None:
        raise wrong_type(1, a, "set", "array")
    return list(found) if type(a) is RegoSet else sort_values(found)


@builtin("all", arity=1)
def every(a: Any) -> bool:
    """Whether every element is true (deprecated in OPA)."""
    found = elements(a)
    if found is None:
        raise wrong_type(1, a, "array", "set")
    return all(item is True for item in found)


@builtin("any", arity=1)
def some(a: Any) -> bool:
    """Whether an element is true (deprecated in OPA)."""
    found = elements(a)
    if found is None:
        raise wrong_type(1, a, "array", "set")
    return any(item is True for item in found)


@builtin("internal.member_2", arity=2)
def member(value: Any, collection: Any) -> bool:
    """`value in collection`"""
    if type(collection) is RegoSet:
        return value in collection
    if type(collection) is list:
        return any(equal(value, item) for item in collection)
    if type(collection) is dict:
        return any(equal(value, item) for item in collection.values())
    return False


@builtin("internal.member_3", arity=3)
def member_with_key(name: Any, value: Any, collection: Any) -> bool:
    """`name, value in collection`"""
    if type(collection) is RegoSet:
        return name in collection and equal(name, value)
    if type(collection) is list:
        return type(name) is int and 0 <= name < len(collection) and equal(value, collection[name])
    if type(collection) is dict:
        found = collection.get(key_of(name), ...)
        return found is not ... and equal(value, found)
    return False
