"""Canonical bytes and digests: equal documents have equal digests, on every machine and in every version.

RFC 8785 (JCS) through the `rfc8785` library. It refuses integers beyond 2^53 instead of rounding them, because
two different numbers must not collide; such integers and non-finite floats are written as tagged strings first.
"""

from __future__ import annotations

import hashlib
import math
import re
from typing import Any

import msgspec

_MAX_SAFE_INTEGER = 2**53 - 1


def digest(document: Any) -> str:
    """Return `sha256:<hex>` over the RFC 8785 form of `document` (a struct or JSON-like value)."""
    return digest_bytes(canonical_bytes(document))


def digest_bytes(data: bytes) -> str:
    """Return `sha256:<hex>` over `data` as it is."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_text(text: str) -> str:
    """Return `sha256:<hex>` over the UTF-8 bytes of `text`; lone surrogates are kept apart, never merged."""
    return digest_bytes(text.encode("utf-8", "surrogatepass"))


def canonical_bytes(document: Any) -> bytes:
    """Return the RFC 8785 form of `document` as UTF-8 bytes."""
    plain = _plain(document)
    if plain is not None:
        return plain
    import rfc8785  # loaded on first use: importing the package must stay cheap

    return rfc8785.dumps(_exact(msgspec.to_builtins(document)))


# What is left of JSON when its strings are taken out, and which of that needs the full rules: a fraction, an exponent
# (of `true`, `false` and `null` only `e` remains), or more digits than are surely below 2^53.
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')
_NEEDS_RULES = re.compile(rb"[.E]|[0-9]e|[0-9]{16}")


def _plain(document: Any) -> bytes | None:
    """Return the canonical form where sorted JSON is that already, six times faster; None where it may differ.

    For ASCII text without fractions and large integers, RFC 8785 is JSON without white space and with sorted keys.
    """
    try:
        encoded = msgspec.json.encode(document, order="sorted")
    except UnicodeEncodeError:
        return None
    if not encoded.isascii() or b'"$' in encoded or _NEEDS_RULES.search(_STRINGS.sub(b"", encoded)):
        return None
    return encoded


def _exact(value: Any) -> Any:
    """Tag what RFC 8785 can't carry exactly, so that different values never share a form.

    A tag is an object whose one key starts with a single `$`; keys of documents that start so get one more.
    """
    if isinstance(value, dict):
        return {_exact_key(key): _exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    if isinstance(value, str):
        return value if _is_unicode(value) else {"$text": _escaped(value)}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _MAX_SAFE_INTEGER:
        return {"$integer": str(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    return value


def _exact_key(key: str) -> str:
    if not _is_unicode(key):
        return f"$text:{_escaped(key)}"
    return f"${key}" if key.startswith("$") else key


def _is_unicode(text: str) -> bool:
    """Tell whether UTF-8 can carry `text`: no lone surrogates."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _escaped(text: str) -> str:
    """Write lone surrogates as escapes; a backslash is doubled so that no escape can be forged."""
    return text.replace("\\", "\\\\").encode("ascii", "backslashreplace").decode("ascii")
