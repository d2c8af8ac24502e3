"""A float as Go's `strconv.FormatFloat` and `fmt` write it."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

_EXPONENT: Final = re.compile(r"e([+-])(\d+)$")


def format_float(value: float, verb: str, precision: int | None, *, sharp: bool = False) -> str:
    """`value` for one of Go's verbs `v b g G x X f F e E`; without precision, as many digits as the verb implies."""
    if verb == "b":
        return _binary(value)
    if verb in "xX":
        text = _hexadecimal(value, verb, precision)
        return re.sub(r"(?<!\.)([pP])", r".\1", text, count=1) if sharp and "." not in text else text
    if verb in "fF":
        text = f"{value:.{6 if precision is None else precision}f}"
    elif verb in "eE":
        text = f"{value:.{6 if precision is None else precision}e}"
    else:
        text = shortest(value) if precision is None else _general(value, precision)
    if sharp:
        text = _with_point(text, (6 if precision is None else precision) if verb in "vgG" else 0)
    return text.upper() if verb in "EG" else text


def _with_point(text: str, digits: int) -> str:
    """The flag `#`: always a decimal point, and trailing zeros up to so many significant digits."""
    mantissa, mark, exponent = text.partition("e")
    significant = mantissa.lstrip("-").replace(".", "").lstrip("0")
    if "." not in mantissa:
        mantissa += "."
        digits -= mantissa.lstrip("-") == "0."
    return mantissa + "0" * (digits - len(significant)) + mark + exponent


def shortest(value: float, *, exponent_from: int = 6) -> str:
    """The fewest digits that name `value`: plain from 1e-4 to below 10^exponent_from, else with an exponent."""
    digits = Decimal(repr(value)).normalize()
    exponent = digits.adjusted() if value else 0
    if -4 <= exponent < exponent_from:
        return format(digits, "f") if value or math.copysign(1, value) > 0 else "-0"
    return _with_exponent(digits)


def _with_exponent(number: Decimal) -> str:
    sign, digits, _ = number.as_tuple()
    text = "".join(map(str, digits))
    exponent = number.adjusted()
    mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _general(value: float, precision: int) -> str:
    """%.{n}g: n significant digits, an exponent when there are too few or too many."""
    precision = precision or 1
    rounded = Decimal(f"{value:.{precision - 1}e}").normalize()
    exponent = rounded.adjusted() if value else 0
    limit = precision
    digits = len(rounded.as_tuple().digits)
    if limit > digits and digits >= exponent + 1:
        limit = digits
    if exponent < -4 or exponent >= max(limit, 1):
        return _with_exponent(rounded)
    return format(rounded, "f")


def _binary(value: float) -> str:
    mantissa, exponent = math.frexp(value)
    return f"{int(mantissa * 2**53)}p{exponent - 53:+d}"


def _hexadecimal(value: float, verb: str, precision: int | None) -> str:
    text = value.hex()
    head, _, power = text.partition("p")
    sign = "-" if head.startswith("-") else ""
    digits = head.removeprefix("-").removeprefix("0x1.").removeprefix("0x0.")
    lead = "1" if value else "0"
    if precision is None:
        digits = digits.rstrip("0")
    elif precision < len(digits):
        whole = int(lead + digits, 16)
        cut = 4 * (len(digits) - precision)
        half, rest = 1 << (cut - 1), whole & ((1 << cut) - 1)
        whole >>= cut
        if rest > half or (rest == half and whole & 1):
            whole += 1
        shown = format(whole, "x")
        lead, digits = shown[: len(shown) - precision], shown[len(shown) - precision :] if precision else ""
    else:
        digits = digits.ljust(precision, "0")
    exponent = int(power)
    if lead == "2":
        lead, exponent = "1", exponent + 1
    result = (
        f"{sign}0x{lead}{'.' + digits if digits else ''}p{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    )
    return result.upper() if verb == "X" else result
