"""`time.*`: moments are nanoseconds since 1970, or `[nanoseconds, time zone, layout]` where a place matters."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from policy_engine.rego.builtins import go_time
from policy_engine.rego.builtins.go_time import (
    NAMED_LAYOUTS,
    Moment,
    days_from_civil,
    format_time,
    parse_time,
)
from policy_engine.rego.builtins.operands import integer, number, string, wrong_type
from policy_engine.rego.builtins.registry import BuiltinContext, BuiltinError, builtin
from policy_engine.rego.value_model import is_number

_LEAST: Final = -(2**63)
_MOST: Final = 2**63 - 1
_SECOND: Final = 1_000_000_000
_UNITS: Final = {
    "ns": 1,
    "us": 1000,
    "\u00b5s": 1000,
    "\u03bcs": 1000,
    "ms": 1_000_000,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "h": 3600 * _SECOND,
}
_LONG_UNITS: Final = {"d": 24, "w": 7 * 24, "y": 365 * 24}
_SEGMENT: Final = re.compile(r"([0-9]*(?:\.[0-9]*)?)([^0-9.]+)")
_LONG_SEGMENT: Final = re.compile(r"([0-9.]+)(ms|us|\u00b5s|ns|[a-z])")


@builtin("time.now_ns", arity=0, context=True, deterministic=False)
def now_ns(context: BuiltinContext) -> int:
    """The time of the evaluation."""
    return context.now_ns


def _safe(ns: int) -> int:
    if not _LEAST <= ns <= _MOST:
        raise BuiltinError("time outside of valid range")
    return ns


@builtin("time.parse_ns", arity=2)
def parse_ns(layout: Any, value: Any) -> int:
    """The moment that a text writes by a layout, or by one of Go's named layouts."""
    form, text = string(layout, 1), string(value, 2)
    return _safe(parse_time(text, NAMED_LAYOUTS.get(form, form)))


@builtin("time.parse_rfc3339_ns", arity=1)
def parse_rfc3339_ns(value: Any) -> int:
    """The moment that a text of RFC 3339 writes."""
    return _safe(parse_time(string(value, 1), NAMED_LAYOUTS["RFC3339"]))


@builtin("time.parse_duration_ns", arity=1)
def parse_duration_ns(value: Any) -> int:
    """The nanoseconds of a duration such as `1h15m`; also with days `d`, weeks `w` and years `y` of 365 days."""
    text = string(value, 1)
    plain = _in_hours(text) if any(unit in text for unit in _LONG_UNITS) else text
    return _duration(plain, text)


def _bad_duration(text: str) -> BuiltinError:
    return BuiltinError(f'time: invalid duration "{text}"')


def _in_hours(text: str) -> str:
    """The duration with days, weeks and years as hours."""
    sign = text[:1] if text[:1] in ("+", "-") else ""
    parts, at = [sign], len(sign)
    while at < len(text):
        found = _LONG_SEGMENT.match(text, at)
        if found is None:
            raise _bad_duration(text)
        at = found.end()
        if found[2] not in _LONG_UNITS:
            parts.append(found[0])
            continue
        try:
            hours = float(found[1]) * _LONG_UNITS[found[2]]
        except ValueError:
            raise _bad_duration(text) from None
        parts.append(f"{Decimal(repr(hours)):f}h" if hours % 1 else f"{int(hours)}h")
    return "".join(parts)


def _duration(text: str, original: str) -> int:
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    total, at = 0, 0
    while at < len(rest):
        found = _SEGMENT.match(rest, at)
        if found is None or found[1] in ("", ".") or found[2] not in _UNITS or len(found[1]) > 4000:
            raise _bad_duration(original)
        total += _segment(found[1], _UNITS[found[2]])
        at = found.end()
    if not rest or total > 2**63 or (total == 2**63 and sign > 0):
        raise _bad_duration(original)
    return sign * total


def _segment(digits: str, unit: int) -> int:
    whole, _, fraction = digits.partition(".")
    result = int(whole or "0") * unit
    if fraction:
        # Go multiplies the fraction as floats
        kept = fraction[:18]
        result += int(float(int(kept)) * (float(unit) / 10.0 ** len(kept)))
    return result


@builtin("time.format", arity=1)
def time_format(value: Any) -> str:
    """The moment as text, by its layout or as RFC 3339 with nanoseconds."""
    moment, layout = _place(value)
    return format_time(moment, NAMED_LAYOUTS.get(layout, layout) or NAMED_LAYOUTS["RFC3339Nano"])


@builtin("time.date", arity=1)
def date(value: Any) -> list[int]:
    """[year, month, day]"""
    day = _place(value)[0].day
    return [day.year, day.month, day.day]


@builtin("time.clock", arity=1)
def clock(value: Any) -> list[int]:
    """[hour, minute, second]"""
    return list(_place(value)[0].clock)


@builtin("time.weekday", arity=1)
def weekday(value: Any) -> str:
    """The name of the day of the week."""
    return go_time.DAYS[_place(value)[0].day.weekday()]


@builtin("time.add_date", arity=4)
def add_date(value: Any, years: Any, months: Any, days: Any) -> int:
    """The moment so many years, months and days later; what is beyond the end of a month flows over."""
    moment, _ = _place(value)
    more_years, more_months, more_days = integer(years, 2), integer(months, 3), integer(days, 4)
    start, (hour, minute, second) = moment.day, moment.clock
    if max(abs(more_years), abs(more_months), abs(more_days)) > 1_000_000_000:
        raise BuiltinError("time outside of valid range")
    days_since = days_from_civil(start.year + more_years, start.month + more_months, start.day + more_days)
    local = days_since * 86400 + hour * 3600 + minute * 60 + second
    offset = _offset_at_local(local, _zone_name(value))
    return _safe((local - offset) * _SECOND + moment.fraction)


@builtin("time.diff", arity=2)
def diff(one: Any, other: Any) -> list[int]:
    """[years, months, days, hours, minutes, seconds] between two moments, on the clock of the first's place."""
    first, _ = _place(one)
    second = _located(_place(other)[0].ns, _zone_name(one))
    first = _located(first.ns, _zone_name(one))
    if first.ns > second.ns:
        first, second = second, first
    start, end = first.day, second.day
    parts = [
        end.year - start.year,
        end.month - start.month,
        end.day - start.day,
        *(late - early for early, late in zip(first.clock, second.clock, strict=True)),
    ]
    month_days = days_from_civil(start.year, start.month + 1, 1) - days_from_civil(start.year, start.month, 1)
    for index, size in ((5, 60), (4, 60), (3, 24), (2, month_days), (1, 12)):
        if parts[index] < 0:
            parts[index] += size
            parts[index - 1] -= 1
    return parts


def _place(value: Any) -> tuple[Moment, str]:
    """The moment and the layout that an operand means."""
    moment, layout = value, ""
    if type(value) is list:
        if not value:
            raise wrong_type(1, value, "either number (ns) or [number (ns), string (tz)]")
        moment = number(value[0], 1)
        if len(value) > 1:
            string(value[1], 1)
        if len(value) > 2:
            layout = string(value[2], 1)
    elif not is_number(value):
        raise wrong_type(1, value, "either number (ns) or [number (ns), string (tz)]")
    if type(moment) is not int or not _LEAST <= moment <= _MOST:
        raise BuiltinError("timestamp too big")
    return _located(moment, _zone_name(value)), layout


def _zone_name(value: Any) -> str:
    return value[1] if type(value) is list and len(value) > 1 else ""


@functools.lru_cache(maxsize=128)
def _zone(name: str) -> Any:
    from zoneinfo import ZoneInfo

    if name.startswith("/") or ".." in name or "\\" in name:
        raise BuiltinError("time: invalid location name")
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise BuiltinError(f"unknown time zone {name}") from None


def _located(ns: int, zone: str) -> Moment:
    if zone in ("", "UTC"):
        return Moment(ns)
    if zone == "Local":
        local = datetime.fromtimestamp(ns // _SECOND, UTC).astimezone()
    else:
        local = datetime.fromtimestamp(ns // _SECOND, UTC).astimezone(_zone(zone))
    offset = local.utcoffset()
    name = local.tzname() or ""
    return Moment(ns, 0 if offset is None else int(offset.total_seconds()), name)


def _offset_at_local(local: int, zone: str) -> int:
    """The offset in force at a time of the local clock, chosen as Go chooses in gaps and repeated hours."""
    if zone in ("", "UTC"):
        return 0
    try:
        guess = _located(local * _SECOND, zone).offset
        return _located((local - guess) * _SECOND, zone).offset
    except (OverflowError, ValueError, OSError):
        raise BuiltinError("time outside of valid range") from None
