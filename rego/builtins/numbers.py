"""Arithmetic: exact on integers of any size, OPA's 64-bit floats otherwise (`big_float`); ranges."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

from policy_engine.rego.builtins import big_float
from policy_engine.rego.builtins.operands import Number, big_integer, number, wrong_type
from policy_engine.rego.builtins.registry import BuiltinError, BuiltinLimit, builtin
from policy_engine.rego.value_model import RegoSet, is_number

_MAX_RANGE: Final = 1_000_000
_MAX_BITS: Final = 13_000


@builtin("plus", arity=2)
def plus(a: Any, b: Any) -> Number:
    """a + b"""
    if type(a) is int and type(b) is int:
        return a + b
    return _float_result(big_float.read(number(a, 1)) + big_float.read(number(b, 2)))


@builtin("minus", arity=2)
def minus(a: Any, b: Any) -> Any:
    """a - b, of numbers or of sets."""
    if type(a) is int and type(b) is int:
        return a - b
    if type(a) is RegoSet and type(b) is RegoSet:
        return a - b
    if not is_number(a) and type(a) is not RegoSet:
        raise wrong_type(1, a, "number", "set")
    if is_number(a) and is_number(b):
        return _float_result(big_float.read(a) - big_float.read(b))
    raise wrong_type(2, b, "set" if is_number(b) else "number")


@builtin("mul", arity=2)
def mul(a: Any, b: Any) -> Number:
    """a * b"""
    if type(a) is int and type(b) is int:
        if a.bit_length() + b.bit_length() > _MAX_BITS:
            raise BuiltinLimit(f"the result would have more than {_MAX_BITS} bits")
        return a * b
    return _float_result(big_float.read(number(a, 1)) * big_float.read(number(b, 2)))


@builtin("div", arity=2)
def div(a: Any, b: Any) -> Number:
    """a / b"""
    dividend, divisor = number(a, 1), number(b, 2)
    if divisor == 0:
        raise BuiltinError("divide by zero")
    if type(dividend) is int and type(divisor) is int and _small(dividend) and _small(divisor):
        whole, rest = divmod(dividend, divisor)
        if not rest:
            return whole
    return _float_result(big_float.read(dividend) / big_float.read(divisor))


def _small(value: int) -> bool:
    return -(2**31) <= value < 2**31


@builtin("rem", arity=2)
def rem(a: Any, b: Any) -> Number:
    """The remainder of a / b, with the sign of a."""
    dividend, divisor = number(a, 1), number(b, 2)
    if type(dividend) is not int or type(divisor) is not int:
        raise BuiltinError("modulo on floating-point number")
    if divisor == 0:
        raise BuiltinError("modulo by zero")
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


@builtin("abs", arity=1)
def absolute(a: Any) -> Number:
    """The number without its sign."""
    if type(a) is int and _small(a):
        return abs(a)
    return _float_result(abs(big_float.read(number(a, 1))))


@builtin("round", arity=1)
def round_half_away(a: Any) -> Number:
    """The nearest integer; halves go away from zero."""
    if type(a) is int and _small(a):
        return a
    value = big_float.read(number(a, 1))
    half = Fraction(-1 if value < 0 else 1, 2)
    return int(big_float.round_to_width(value + half))


@builtin("ceil", arity=1)
def ceil(a: Any) -> Number:
    """The least integer that isn't smaller."""
    if type(a) is int and _small(a):
        return a
    value = big_float.read(number(a, 1))
    whole = int(value)
    # As OPA: what cuts to zero counts as positive, so that the ceiling of -0.5 is 1.
    return whole if whole < 0 or whole == value else whole + 1


@builtin("floor", arity=1)
def floor(a: Any) -> Number:
    """The greatest integer that isn't larger."""
    if type(a) is int and _small(a):
        return a
    value = big_float.read(number(a, 1))
    whole = int(value)
    # As OPA: what cuts to zero counts as positive, so that the floor of -0.5 is 0.
    return whole if whole >= 0 or whole == value else whole - 1


def _float_result(value: Fraction) -> Number:
    return big_float.write(big_float.round_to_width(value))


@builtin("numbers.range", arity=2)
def numbers_range(a: Any, b: Any) -> list[int]:
    """The integers from a to b, both included, up or down."""
    return _range(big_integer(a, 1), big_integer(b, 2), 1)


@builtin("numbers.range_step", arity=3)
def numbers_range_step(a: Any, b: Any, step: Any) -> list[int]:
    """The integers from a towards b by steps of a positive size."""
    first, last, size = big_integer(a, 1), big_integer(b, 2), big_integer(step, 3)
    if size <= 0:
        raise BuiltinError("numbers.range_step: step must be a positive integer")
    return _range(first, last, size)


def _range(first: int, last: int, step: int) -> list[int]:
    if abs(last - first) // step >= _MAX_RANGE:
        raise BuiltinLimit(f"a range of more than {_MAX_RANGE} numbers is refused: take a smaller one")
    return list(range(first, last + 1, step) if first <= last else range(first, last - 1, -step))
