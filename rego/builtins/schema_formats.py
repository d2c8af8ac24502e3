"""The formats of JSON Schema that are checked; an unknown one is always met, as in OPA."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from policy_engine.rego.builtins.go_time import parse_time
from policy_engine.rego.builtins.re2_patterns import compiled
from policy_engine.rego.builtins.registry import BuiltinError
from policy_engine.rego.builtins.uris import parse as parse_uri

_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?"
_PATTERNS: Final = {
    "hostname": re.compile(rf"(?=.{{1,255}}\Z){_LABEL}(?:\.{_LABEL})*", re.ASCII),
    "email": re.compile(r"[^@\s<>()\[\],;:\"\\]+@[^@\s<>()\[\],;:\"\\]+"),
    "uuid": re.compile(
        r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}", re.IGNORECASE | re.ASCII
    ),
    "json-pointer": re.compile(r"(?:/(?:[^~/]|~0|~1)*)*"),
    "relative-json-pointer": re.compile(r"(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~0|~1)*)*)", re.ASCII),
    "uri-template": re.compile(r"(?:[^{]|\{[^}]*\})*"),
}
_LAYOUTS: Final = {
    "date": ("2006-01-02",),
    "time": ("15:04:05", "15:04:05Z07:00"),
    "date-time": ("15:04:05", "15:04:05Z07:00", "2006-01-02", "2006-01-02T15:04:05Z07:00"),
}


def meets(name: str, value: Any) -> bool:
    """Whether a value has the format; formats speak of strings only."""
    if type(value) is not str:
        return True
    kind = {"idn-email": "email", "iri": "uri", "iri-reference": "uri-reference"}.get(name, name)
    if kind in _PATTERNS:
        return _PATTERNS[kind].fullmatch(value) is not None
    if kind in _LAYOUTS:
        return any(_works(partial(parse_time, value, layout)) for layout in _LAYOUTS[kind])
    if kind in ("ipv4", "ipv6"):
        return _is_address(value, 4 if kind == "ipv4" else 6)
    if kind == "regex":
        return _works(lambda: compiled(value))
    if kind == "uri":
        return "\\" not in value and _works(lambda: parse_uri(value)) and "scheme" in parse_uri(value)
    if kind == "uri-reference":
        return "\\" not in value and _works(lambda: parse_uri(value))
    return True


def _works(attempt: Callable[[], Any]) -> bool:
    try:
        attempt()
    except BuiltinError:
        return False
    return True


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version and "%" not in text
    except ValueError:
        return False
