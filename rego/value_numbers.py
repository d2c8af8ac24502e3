"""Numbers of Rego values: exact digits in the cheapest Python type.

An integral number is an `int` of any size. Any other is a `float` when the float prints the very digits that were
written, else a `Decimal`. So two numbers are equal exactly when Python says so, and none is ever rounded silently.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

MAX_DIGITS: Final = 4000
"""Numbers whose integral part is longer are refused (OPA: `number too big`)."""

_EXACT_INTEGER: Final = 2**53
_JSON_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def is_number(value: Any) -> bool:
    """Whether `value` is a Rego number (a boolean isn't)."""
    return type(value) is int or type(value) is float or type(value) is Decimal


def parse_number(text: str) -> int | float | Decimal:
    """The number that JSON text writes, exactly. Raises `ValueError` when it isn't one or is too big."""
    if _JSON_NUMBER.fullmatch(text) is None:
        raise ValueError(f"`{text[:40]}` is not a number")
    if len(text) <= MAX_DIGITS and text.lstrip("-").isdigit():
        return int(text)
    try:
        return normal_number(Decimal(text))
    except InvalidOperation:
        raise ValueError(f"number too big: `{text[:40]}`") from None


def normal_number(number: int | float | Decimal) -> int | float | Decimal:
    """The one form of a number that values use. Raises `ValueError` when it is too big, infinite or not a number."""
    if type(number) is int:
        return number
    if type(number) is float:
        if number.is_integer():
            # Above 2**53 a float stands for the digits that it prints, as JSON text does.
            return int(number) if abs(number) < _EXACT_INTEGER else int(Decimal(repr(number)))
        if not math.isfinite(number):
            raise ValueError(f"{number} is not a Rego number")
        return number
    return _normal_decimal(Decimal(number))


def _normal_decimal(number: Decimal) -> int | float | Decimal:
    if not number.is_finite():
        raise ValueError(f"{number} is not a Rego number")
    if number.is_zero():
        return 0
    if abs(number.adjusted()) > MAX_DIGITS:
        raise ValueError(f"number too big: more than {MAX_DIGITS} digits")
    if number == number.to_integral_value():
        return int(number)
    near = float(number)
    return near if Decimal(repr(near)) == number else number


def as_decimal(number: int | float | Decimal) -> Decimal:
    """The digits of a number, for exact arithmetic; give the result to `normal_number`."""
    return Decimal(repr(number)) if type(number) is float else Decimal(number)


def number_text(number: int | float | Decimal) -> str:
    """The number as JSON text."""
    if type(number) is int:
        return str(number)
    digits = Decimal(repr(number)) if type(number) is float else Decimal(number)
    return format(digits, "f") if -22 < digits.adjusted() < 22 else str(digits).replace("E", "e")
