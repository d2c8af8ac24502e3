"""`units.parse` and `units.parse_bytes`: amounts such as `10G`, `1.5Mi`, `100m`."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from policy_engine.rego.builtins import big_float
from policy_engine.rego.builtins.operands import string
from policy_engine.rego.builtins.registry import BuiltinError, builtin
from policy_engine.rego.value_numbers import normal_number

_LETTERS: Final = "kmgtpe"
_MAX_EXPONENT_DIGITS: Final = 6
_MAX_EXPONENT: Final = 4000
_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?", re.ASCII | re.IGNORECASE
)

_DECIMAL: Final = {letter: 1000 ** (power + 1) for power, letter in enumerate(_LETTERS)}
_BINARY: Final = {letter: 1024 ** (power + 1) for power, letter in enumerate(_LETTERS)}

_BYTES: Final = {"": 1} | {
    letter + end: size
    for sizes, ends in ((_DECIMAL, ("", "b")), (_BINARY, ("i", "ib")))
    for letter, size in sizes.items()
    for end in ends
}
_SI: Final[dict[str, Fraction]] = (
    # a thousandth as the binary float nearest to it, which is what OPA multiplies with
    {"": Fraction(1), "m": Fraction(0.001), "M": Fraction(1000**2)}
    | {
        form: Fraction(size)
        for letter, size in _DECIMAL.items()
        if letter != "m"
        for form in (letter, letter.upper())
    }
    | {form + "i": Fraction(size) for letter, size in _BINARY.items() for form in (letter, letter.upper())}
)


@builtin("units.parse", arity=1)
def parse(text: Any) -> Any:
    """The number that an amount with an SI unit stands for; `m` is milli, `M` mega."""
    amount, unit = _split("units.parse", string(text, 1).replace('"', ""))
    unit = unit[:1] + unit[1:].lower()
    if unit not in _SI:
        raise BuiltinError(f"units.parse: unit {unit} not recognized")
    value = _exact("units.parse", amount, "could not parse amount to a number") * _SI[unit]
    if value.denominator == 1:
        return value.numerator
    return _ten_decimals(value)


def _ten_decimals(value: Fraction) -> Any:
    """Rounded to ten decimals, halves away from zero."""
    scaled = abs(value) * 10**10
    whole = (scaled + Fraction(1, 2)).__floor__()
    return normal_number(Decimal(f"{-whole if value < 0 else whole}E-10"))


@builtin("units.parse_bytes", arity=1)
def parse_bytes(text: Any) -> int:
    """The number of bytes that an amount with a unit such as `KB` or `MiB` stands for, cut to an integer."""
    amount, unit = _split("units.parse_bytes", string(text, 1).lower().replace('"', ""))
    if unit not in _BYTES:
        raise BuiltinError(f"units.parse_bytes: byte unit {unit} not recognized")
    exact = _exact("units.parse_bytes", amount, "could not parse byte amount to a number")
    return int(big_float.round_to_width(big_float.round_to_width(exact) * _BYTES[unit]))


def _exact(name: str, amount: str, problem: str) -> Fraction:
    if not _NUMBER.fullmatch(amount):
        raise BuiltinError(f"{name}: {problem}")
    number = Decimal(amount)
    if abs(number.adjusted()) > _MAX_EXPONENT or len(amount) > _MAX_EXPONENT:
        raise BuiltinError(f"{name}: exponent too large")
    return Fraction(number)


def _split(name: str, text: str) -> tuple[str, str]:
    """The number and the unit; an `e` belongs to the number when digits or a sign follow it."""
    if " " in text:
        raise BuiltinError(f"{name}: spaces not allowed in resource strings")
    at = 0
    while at < len(text):
        char = text[at]
        if char in "eE":
            following = text[at + 1 : at + 2]
            if not following or not (following in "+-" or "0" <= following <= "9"):
                break
            at += following in "+-"
            digits = at + 1
            while digits < len(text) and "0" <= text[digits] <= "9":
                digits += 1
            if digits - at - 1 > _MAX_EXPONENT_DIGITS:
                raise BuiltinError(f"{name}: exponent too large")
        elif not ("0" <= char <= "9" or char in ".+-"):
            break
        at += 1
    if not text[:at]:
        raise BuiltinError(f"{name}: no {'byte ' if name.endswith('bytes') else ''}amount provided")
    return text[:at], text[at:]
