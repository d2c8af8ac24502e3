"""The request target as Go's `net/url` reads it, which is how an API server reads it.

The path is percent-decoded once, before it is split, so `%2F` has become a slash. The query is split at `&`
only; a pair that holds `;` or a broken percent escape is dropped silently, as `url.URL.Query` does.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

Query = dict[str, list[str]]

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def split_target(target: str) -> tuple[str, str]:
    """Split a request target at the first `?` into raw path and raw query."""
    path, _, query = target.partition("?")
    return path, query


def decode_path(raw: str) -> str | None:
    """Percent-decode a raw path; None when an escape is broken. Bytes that are no UTF-8 become lone surrogates."""
    if "%" not in raw:
        return raw
    if _BROKEN_ESCAPE.search(raw):
        return None
    return unquote_to_bytes(raw).decode("utf-8", "surrogateescape")


def parse_query(raw: str) -> Query:
    """Parse a raw query; keys are case-sensitive and keep all their values in order."""
    values: Query = {}
    for pair in raw.split("&"):
        if not pair or ";" in pair:
            continue
        key, _, value = pair.partition("=")
        plain_key, plain_value = _decode(key), _decode(value)
        if plain_key is not None and plain_value is not None:
            values.setdefault(plain_key, []).append(plain_value)
    return values


def _decode(text: str) -> str | None:
    return decode_path(text.replace("+", " ") if "+" in text else text)
