"""Which numbers Rego reads: one that needs too large an exponent is refused, as in OPA."""

from __future__ import annotations

from typing import Final

_MAX_DIGITS: Final = 4_000
"""CPython writes no longer integers as text (4,300 digits); OPA's limit is 30,103. Refused, never rounded."""


def number_issue(text: str) -> str:
    """What is wrong with a number as JSON writes it; "" when nothing is."""
    mantissa, _, exponent = text.lower().lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    if len(mantissa) > _MAX_DIGITS or len(exponent) > 10:
        return "number too big"
    digits = (whole + fraction).lstrip("0")
    # The number is 0.digits times ten to this power.
    power = len(digits) - len(fraction) + int(exponent or 0)
    return "number too big" if abs(power) > _MAX_DIGITS else ""
