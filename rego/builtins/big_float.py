"""Arithmetic on numbers that aren't integers, as OPA does it: binary floats with a mantissa of 64 bits.

OPA reads a number's decimal text into such a float, calculates, rounds to nearest (ties to even), and writes the
shortest decimal that still names the result among floats of that width. So 0.1 + 0.2 is 0.3, and 1 / 3 has
twenty digits. Values go in and out as Rego numbers; inside they are exact fractions.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from policy_engine.rego.builtins.registry import BuiltinError
from policy_engine.rego.value_numbers import normal_number

_BITS: Final = 64
NARROW: Final = 53
"""The width of OPA's products."""

_MAX_EXPONENT: Final = 4000
"""Powers of ten beyond this are refused, as everywhere in the value model."""


def read(value: int | float | Decimal) -> Fraction:
    """The 64-bit float nearest to the decimal that `value` is written as."""
    if type(value) is int:
        return round_to_width(Fraction(value))
    exact = Decimal(repr(value)) if type(value) is float else Decimal(value)
    if abs(exact.adjusted()) > _MAX_EXPONENT:
        raise BuiltinError("the exponent of a number is too large to calculate with")
    return round_to_width(Fraction(exact))


def round_to_width(value: Fraction, bits: int = _BITS) -> Fraction:
    """`value` with this many significant bits, ties to even."""
    if not value:
        return value
    top, bottom = abs(value.numerator), value.denominator
    shift = bits - (top.bit_length() - bottom.bit_length())
    mantissa, shift = _scaled(top, bottom, shift)
    if mantissa.bit_length() > bits:
        mantissa, shift = _scaled(top, bottom, shift - 1)
    elif mantissa.bit_length() < bits:
        mantissa, shift = _scaled(top, bottom, shift + 1)
    sign = -1 if value < 0 else 1
    return Fraction(sign * mantissa) / Fraction(2) ** shift


def _scaled(top: int, bottom: int, shift: int) -> tuple[int, int]:
    """top / bottom * 2^shift rounded to the nearest integer, ties to even."""
    if shift >= 0:
        top <<= shift
    else:
        bottom <<= -shift
    whole, rest = divmod(top, bottom)
    double = rest * 2
    if double > bottom or (double == bottom and whole & 1):
        whole += 1
    return whole, shift


def write(value: Fraction, bits: int = _BITS) -> int | float | Decimal:
    """The shortest decimal that names `value` among floats of this width, as a Rego number."""
    if not value:
        return 0
    digits, exponent = _shortest(abs(value), bits)
    if value < 0:
        digits = -digits
    if exponent >= 0:
        return int(digits * 10**exponent)
    return normal_number(Decimal(digits).scaleb(exponent))


def _shortest(value: Fraction, bits: int) -> tuple[int, int]:
    """Digits and exponent of ten of the shortest decimal between the two neighbours' halfway points."""
    # value = mantissa * 2^exponent, with a mantissa of exactly so many bits
    exponent = value.numerator.bit_length() - value.denominator.bit_length() - bits
    scale = Fraction(2) ** exponent
    mantissa = value / scale
    while mantissa >= 1 << bits:
        exponent, mantissa = exponent + 1, mantissa / 2
    while mantissa < 1 << (bits - 1):
        exponent, mantissa = exponent - 1, mantissa * 2
    half = Fraction(2) ** (exponent - 1)
    inclusive = int(mantissa) % 2 == 0
    low, high = value - half, value + half
    magnitude = _decimal_exponent(value)
    for count in range(1, 25):
        power = magnitude - count
        unit = Fraction(10) ** power
        down = int(value / unit)
        below, above = down * unit, (down + 1) * unit
        fits_below = below > low or (inclusive and below == low)
        fits_above = above < high or (inclusive and above == high)
        if below == value:
            return _trimmed(down, power)
        if fits_below and fits_above:
            return _trimmed(down + _rounds_up(value, below, above, down), power)
        if fits_below:
            return _trimmed(down, power)
        if fits_above:
            return _trimmed(down + 1, power)
    raise AssertionError("a float of 64 bits needs at most 21 digits")  # pragma: no cover


def _rounds_up(value: Fraction, below: Fraction, above: Fraction, down: int) -> int:
    """1 when the upper of two decimals is nearer, or as near and even."""
    up, back = above - value, value - below
    return int(up < back or (up == back and down % 2 == 1))


def _decimal_exponent(value: Fraction) -> int:
    """The e with 10^(e-1) <= value < 10^e."""
    guess = len(str(value.numerator)) - len(str(value.denominator))
    while Fraction(10) ** guess <= value:
        guess += 1
    while Fraction(10) ** (guess - 1) > value:
        guess -= 1
    return guess


def _trimmed(digits: int, power: int) -> tuple[int, int]:
    while digits and digits % 10 == 0:
        digits, power = digits // 10, power + 1
    return digits, power
