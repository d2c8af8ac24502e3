"""Go's time layouts: a layout shows how the moment Mon Jan 2 15:04:05 2006 -0700 would be written.

`parse_time` and `format_time` follow Go's package time; moments are nanoseconds since 1970 (UTC) in integers, so that
years 1 to 9999 and every nanosecond are exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from policy_engine.rego.builtins.registry import BuiltinError

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

NAMED_LAYOUTS: Final = {
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": "2006-01-02T15:04:05Z07:00",
    "RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00",
}

_ELEMENT: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|01|02|03|04|05|06|2006|__2|_2006|_2|15|PM|pm"
    r"|-070000|-07:00:00|-0700|-07:00|-07|Z070000|Z07:00:00|Z0700|Z07:00|Z07"
    r"|[.,]0+(?![0-9])|[.,]9+(?![0-9])|1|2|3|4|5"
)

_EPOCH: Final = date(1970, 1, 1).toordinal()
_SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment on the clock of some place: `offset` in seconds east of UTC, `zone` the abbreviation in use there."""

    ns: int
    offset: int = 0
    zone: str = "UTC"

    @property
    def day(self) -> date:
        """The date there; raises `BuiltinError` outside the years 1 to 9999."""
        ordinal = (self.ns // _SECOND + self.offset) // 86400 + _EPOCH
        if not 1 <= ordinal <= date.max.toordinal():
            raise BuiltinError("the year is outside of 1 to 9999")
        return date.fromordinal(ordinal)

    @property
    def clock(self) -> tuple[int, int, int]:
        """Hour, minute, second there."""
        seconds = (self.ns // _SECOND + self.offset) % 86400
        return seconds // 3600, seconds // 60 % 60, seconds % 60

    @property
    def fraction(self) -> int:
        """The nanoseconds of the second."""
        return self.ns % _SECOND


def elements(layout: str) -> list[tuple[str, bool]]:
    """The parts of a layout: text, and whether it is an element rather than literal."""
    parts: list[tuple[str, bool]] = []
    at = 0
    for found in _ELEMENT.finditer(layout):
        if found.start() > at:
            parts.append((layout[at : found.start()], False))
        parts.append((found[0], True))
        at = found.end()
    if at < len(layout):
        parts.append((layout[at:], False))
    return parts


def format_time(moment: Moment, layout: str) -> str:
    """The moment in the layout."""
    return "".join(_shown(moment, text) if is_element else text for text, is_element in elements(layout))


def _shown(moment: Moment, element: str) -> str:
    if element[0] in ".,":
        return _fraction(moment.fraction, element)
    if element[0] in "-Z" and len(element) > 1:
        return offset_text(moment.offset, element)
    day, (hour, minute, second) = moment.day, moment.clock
    simple = {
        "2006": f"{day.year:04d}",
        "_2006": f"_{day.year:04d}",
        "06": f"{day.year % 100:02d}",
        "January": MONTHS[day.month - 1],
        "Jan": MONTHS[day.month - 1][:3],
        "01": f"{day.month:02d}",
        "1": str(day.month),
        "Monday": DAYS[day.weekday()],
        "Mon": DAYS[day.weekday()][:3],
        "02": f"{day.day:02d}",
        "_2": f"{day.day:2d}",
        "2": str(day.day),
        "002": f"{day.timetuple().tm_yday:03d}",
        "__2": f"{day.timetuple().tm_yday:3d}",
        "15": f"{hour:02d}",
        "03": f"{hour % 12 or 12:02d}",
        "3": str(hour % 12 or 12),
        "04": f"{minute:02d}",
        "4": str(minute),
        "05": f"{second:02d}",
        "5": str(second),
        "PM": "PM" if hour >= 12 else "AM",
        "pm": "pm" if hour >= 12 else "am",
        "MST": moment.zone,
    }
    return simple[element]


def _fraction(nanoseconds: int, element: str) -> str:
    digits = f"{nanoseconds:09d}"[: len(element) - 1].ljust(len(element) - 1, "0")
    if element[1] == "9":
        digits = digits.rstrip("0")
        return element[0] + digits if digits else ""
    return element[0] + digits


def offset_text(offset: int, element: str) -> str:
    """An offset from UTC as an element such as `-07:00` or `Z0700` writes it."""
    if element[0] == "Z" and offset == 0:
        return "Z"
    sign, size = "-" if offset < 0 else "+", abs(offset)
    parts = [f"{size // 3600:02d}"]
    if len(element) > 3:
        parts.append(f"{size // 60 % 60:02d}")
    if len(element) > 6:
        parts.append(f"{size % 60:02d}")
    return sign + (":" if ":" in element else "").join(parts)


class _Reader:
    """Reads a text by a layout."""

    def __init__(self, text: str, layout: str) -> None:
        self.text, self.layout, self.at = text, layout, 0
        self.year, self.month, self.day, self.yday = 0, -1, -1, -1
        self.hour = self.minute = self.second = self.ns = 0
        self.pm: bool | None = None
        self.offset: int | None = None

    def error(self, reason: str = "") -> BuiltinError:
        return BuiltinError(f'parsing time "{self.text}" as "{self.layout}": {reason or "cannot parse"}')

    def run(self) -> int:
        parts = elements(self.layout)
        for number, (part, is_element) in enumerate(parts):
            if not is_element:
                self.literal(part)
                continue
            following = parts[number + 1][0] if number + 1 < len(parts) else ""
            self.element(part, following)
        if self.at < len(self.text):
            raise self.error("extra text")
        return self.moment()

    def literal(self, part: str) -> None:
        at = 0
        while at < len(part):
            if part[at] == " ":
                if self.at < len(self.text) and self.text[self.at] != " ":
                    raise self.error()
                at = len(part) - len(part[at:].lstrip(" "))
                self.at = len(self.text) - len(self.text[self.at :].lstrip(" "))
                continue
            if self.text[self.at : self.at + 1] != part[at]:
                raise self.error()
            at, self.at = at + 1, self.at + 1

    def number(self, least: int, most: int) -> int:
        end = self.at
        while end < len(self.text) and end - self.at < most and "0" <= self.text[end] <= "9":
            end += 1
        if end - self.at < least:
            raise self.error()
        value = int(self.text[self.at : end])
        self.at = end
        return value

    def name(self, names: tuple[str, ...], size: int | None) -> int:
        for index, word in enumerate(names):
            wanted = word[:size]
            if self.text[self.at : self.at + len(wanted)].lower() == wanted.lower():
                self.at += len(wanted)
                return index
        raise self.error()

    def skip_space(self) -> None:
        if self.text[self.at : self.at + 1] == " ":
            self.at += 1

    def element(self, part: str, following: str) -> None:
        if part[0] in ".,":
            self.read_fraction(part)
        elif part[0] in "-Z" and len(part) > 1:
            self.offset = self.read_offset(part)
        elif part in ("05", "5"):
            self.second = self.number(1 if part == "5" else 2, 2)
            if self.second >= 60:
                raise self.error("second out of range")
            self.implied_fraction(following)
        elif part == "MST":
            self.read_zone()
        else:
            self.simple(part)

    def simple(self, part: str) -> None:
        if part == "2006":
            self.year = self.number(4, 4)
        elif part == "_2006":
            self.literal("_")
            self.year = self.number(4, 4)
        elif part == "06":
            self.year = self.number(2, 2)
            self.year += 1900 if self.year >= 69 else 2000
        elif part in ("January", "Jan"):
            self.month = 1 + self.name(MONTHS, None if part == "January" else 3)
        elif part in ("01", "1"):
            self.month = self.number(len(part), 2)
            if not 1 <= self.month <= 12:
                raise self.error("month out of range")
        elif part in ("Monday", "Mon"):
            self.name(DAYS, None if part == "Monday" else 3)
        elif part in ("02", "_2", "2"):
            if part == "_2":
                self.skip_space()
            self.day = self.number(2 if part == "02" else 1, 2)
        elif part in ("002", "__2"):
            if part == "__2":
                self.skip_space()
                self.skip_space()
            self.yday = self.number(3 if part == "002" else 1, 3)
        else:
            self.clock_part(part)

    def clock_part(self, part: str) -> None:
        if part == "15":
            self.hour = self.number(1, 2)
            if self.hour >= 24:
                raise self.error("hour out of range")
        elif part in ("03", "3"):
            self.hour = self.number(len(part), 2)
            if self.hour > 12:
                raise self.error("hour out of range")
        elif part in ("04", "4"):
            self.minute = self.number(len(part), 2)
            if self.minute >= 60:
                raise self.error("minute out of range")
        else:
            word = self.text[self.at : self.at + 2]
            if word not in ("PM", "AM") if part == "PM" else word not in ("pm", "am"):
                raise self.error()
            self.at += 2
            self.pm = word.lower() == "pm"

    def read_fraction(self, part: str) -> None:
        size = len(part)
        if part[1] == "9":
            if (
                self.text[self.at : self.at + 1] not in (".", ",")
                or not self.text[self.at + 1 : self.at + 2].isdecimal()
            ):
                return
            self.fraction_digits(9)
            return
        digits = self.text[self.at + 1 : self.at + size]
        if (
            self.text[self.at : self.at + 1] not in (".", ",")
            or len(digits) < size - 1
            or not _ascii_digits(digits)
        ):
            raise self.error()
        self.ns = int(digits.ljust(9, "0")[:9])
        self.at += size

    def implied_fraction(self, following: str) -> None:
        """A fraction may follow the seconds even if the layout has none."""
        if following[:1] in (".", ",") and len(following) > 1 and following[1] in "09":
            return
        if self.text[self.at : self.at + 1] in (".", ",") and _ascii_digits(
            self.text[self.at + 1 : self.at + 2]
        ):
            self.fraction_digits(9)

    def fraction_digits(self, keep: int) -> None:
        end = self.at + 1
        while end < len(self.text) and "0" <= self.text[end] <= "9":
            end += 1
        digits = self.text[self.at + 1 : end]
        self.ns = int(digits[:keep].ljust(9, "0"))
        self.at = end

    def read_offset(self, part: str) -> int:
        if part[0] == "Z" and self.text[self.at : self.at + 1] == "Z":
            self.at += 1
            return 0
        mark = self.text[self.at : self.at + 1]
        if mark not in ("+", "-"):
            raise self.error()
        self.at += 1
        colon = ":" in part
        count = 1 + (len(part) > 3) + (len(part) > 6)
        values = [0, 0, 0]
        for index in range(count):
            if index and colon:
                self.literal(":")
            values[index] = self.number(2, 2)
        hours, minutes, seconds = values
        if hours > 24 or minutes > 60 or seconds > 60:
            raise self.error("time zone offset out of range")
        size = hours * 3600 + minutes * 60 + seconds
        return -size if mark == "-" else size

    def read_zone(self) -> None:
        if self.text.startswith("UTC", self.at):
            self.offset = 0
            self.at += 3
            return
        found = re.compile(r"GMT[+-]\d{1,2}|ChST|MeST|WITA|[+-]\d{2}|[A-Z]{4}T|[A-Z]{3}T|[A-Z]{3}").match(
            self.text, self.at
        )
        if found is None:
            raise self.error()
        self.at = found.end()
        # Go keeps an abbreviation that it does not know as a name only: the clock counts as UTC.
        self.offset = 0

    def moment(self) -> int:
        if self.pm is not None:
            self.hour = self.hour % 12 + (12 if self.pm else 0) if self.hour <= 12 else self.hour
        if self.yday >= 0:
            self.apply_day_of_year()
        month, day = max(self.month, 1), self.day if self.day >= 0 else 1
        if not 1 <= day <= _days_in(self.year, month):
            raise self.error("day out of range")
        days = days_from_civil(self.year, month, day)
        seconds = days * 86400 + self.hour * 3600 + self.minute * 60 + self.second - (self.offset or 0)
        return seconds * _SECOND + self.ns

    def apply_day_of_year(self) -> None:
        leap = _days_in(self.year, 2) == 29
        if not 1 <= self.yday <= 365 + leap:
            raise self.error("day-of-year out of range")
        rest, month = self.yday, 1
        while rest > _days_in(self.year, month):
            rest -= _days_in(self.year, month)
            month += 1
        if (self.month >= 0 and self.month != month) or (self.day >= 0 and self.day != rest):
            raise self.error("day-of-year does not match month or day")
        self.month, self.day = month, rest


def _ascii_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970 of a date in the proleptic Gregorian calendar; month and day may lie outside their ranges."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    shifted = year - (month <= 2)
    era = shifted // 400
    year_of_era = shifted - era * 400
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146097 + day_of_era - 719468


def parse_time(text: str, layout: str) -> int:
    """The moment, in nanoseconds since 1970, that `text` writes by `layout`; raises `BuiltinError`."""
    return _Reader(text, layout).run()
