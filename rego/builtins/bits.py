"""`bits.*`: operations on integers of any size, in two's complement."""

from __future__ import annotations

from typing import Any, Final

from policy_engine.rego.builtins.operands import big_integer
from policy_engine.rego.builtins.registry import BuiltinLimit, BuiltinTypeError, builtin

_MAX_BITS: Final = 13_000


@builtin("bits.or", arity=2)
def bits_or(a: Any, b: Any) -> int:
    """The bitwise or."""
    return big_integer(a, 1) | big_integer(b, 2)


@builtin("bits.and", arity=2)
def bits_and(a: Any, b: Any) -> int:
    """The bitwise and."""
    return big_integer(a, 1) & big_integer(b, 2)


@builtin("bits.xor", arity=2)
def bits_xor(a: Any, b: Any) -> int:
    """The bitwise exclusive or."""
    return big_integer(a, 1) ^ big_integer(b, 2)


@builtin("bits.negate", arity=1)
def bits_negate(a: Any) -> int:
    """Every bit flipped."""
    return ~big_integer(a, 1)


@builtin("bits.lsh", arity=2)
def bits_lsh(a: Any, b: Any) -> int:
    """`a` shifted left by `b` bits."""
    value, shift = big_integer(a, 1), _shift(b)
    if value and value.bit_length() + shift > _MAX_BITS:
        raise BuiltinLimit(f"the result would have more than {_MAX_BITS} bits")
    return value << shift if value else 0


@builtin("bits.rsh", arity=2)
def bits_rsh(a: Any, b: Any) -> int:
    """`a` shifted right by `b` bits, keeping the sign."""
    return big_integer(a, 1) >> _shift(b)


def _shift(value: Any) -> int:
    shift = big_integer(value, 2)
    if shift < 0:
        raise BuiltinTypeError("operand 2 must be an unsigned integer number but got a negative integer")
    return shift
