"""What a builtin does with its operands: check their types, with OPA's messages, and take composites apart.

Positions count from 1, as in OPA's messages. Every check returns the operand or raises `BuiltinTypeError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from policy_engine.rego.builtins.registry import BuiltinTypeError
from policy_engine.rego.value_model import RegoSet, is_number, type_name, unkey

Number = int | float | Decimal


def wrong_type(position: int, value: Any, *expected: str) -> BuiltinTypeError:
    """The error for an operand of a wrong type."""
    words = expected[0] if len(expected) == 1 else "one of {" + ", ".join(expected) + "}"
    return BuiltinTypeError(f"operand {position} must be {words} but got {type_name(value)}")


def wrong_element(position: int, composite: Any, element: Any, expected: str) -> BuiltinTypeError:
    """The error for an element of a wrong type in a composite operand."""
    kind = type_name(composite)
    return BuiltinTypeError(
        f"operand {position} must be {kind} of {expected}s but got {kind} containing {type_name(element)}"
    )


def string(value: Any, position: int) -> str:
    """A string."""
    if type(value) is not str:
        raise wrong_type(position, value, "string")
    return value


def number(value: Any, position: int) -> Number:
    """A number of any form."""
    if not is_number(value):
        raise wrong_type(position, value, "number")
    found: Number = value
    return found


def integer(value: Any, position: int) -> int:
    """An integer that fits 64 bits, as Go's `int`."""
    found = number(value, position)
    if type(found) is not int or not -(2**63) <= found < 2**63:
        raise BuiltinTypeError(f"operand {position} must be integer number but got floating-point number")
    return found


def big_integer(value: Any, position: int) -> int:
    """An integer of any size."""
    if not is_number(value):
        raise wrong_type(position, value, "integer")
    if type(value) is not int:
        raise BuiltinTypeError(f"operand {position} must be integer number but got floating-point number")
    return value


def array(value: Any, position: int) -> list[Any]:
    """An array."""
    if type(value) is not list:
        raise wrong_type(position, value, "array")
    return value


def rego_object(value: Any, position: int) -> dict[Any, Any]:
    """An object; its keys are as `value_model.key` makes them."""
    if type(value) is not dict:
        raise wrong_type(position, value, "object")
    return value


def rego_set(value: Any, position: int) -> RegoSet:
    """A set."""
    if type(value) is not RegoSet:
        raise wrong_type(position, value, "set")
    return value


def elements(value: Any) -> Iterable[Any] | None:
    """The elements of an array, or of a set in order; None for anything else."""
    return value if type(value) is list or type(value) is RegoSet else None


def pairs(value: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """The keys of an object as Rego values, with their values."""
    return ((name if type(name) is str else unkey(name), item) for name, item in value.items())


def strings_of(value: Any, position: int) -> list[str]:
    """The strings of an array or a set of strings."""
    found = elements(value)
    if found is None:
        raise wrong_type(position, value, "array", "set")
    result = []
    for item in found:
        if type(item) is not str:
            raise wrong_element(position, value, item, "string")
        result.append(item)
    return result
