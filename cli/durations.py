"""Durations on the command line as OPA's users write them: `10ms`, `1.5s`, `1m30s`."""

from __future__ import annotations

import re

import click

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")


class Duration(click.ParamType[float]):
    """A duration in Go's syntax; the value is in seconds. `0` and `0s` mean no limit of one's own."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds that `value` stands for."""
        if isinstance(value, int | float):
            return float(value)
        text = str(value)
        if text == "0":
            return 0.0
        parts = _PART.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            self.fail(f"`{text}` is not a duration such as 10ms, 5s or 1m30s", param, ctx)
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
