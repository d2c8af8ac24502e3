"""Canonical bytes and digests: equal documents have equal digests, on every machine and in every version.

RFC 8785 (JCS) through the `rfc8785` library. It refuses integers beyond 2^53 instead of rounding them, because
two different numbers must not collide; such integers and non-finite floats are written as tagged strings first.
"""

from __future__ import annotations

import hashlib
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
    import rfc8785  # loaded on first use: importing the package must stay cheap

    return rfc8785.dumps(_exact(msgspec.to_builtins(document)))


def _exact(value: Any) -> Any:
    """Tag what RFC 8785 can't carry exactly, so that different values never share a form."""
    if isinstance(value, dict):
        return {_exact_text(key): _exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    if isinstance(value, str):
        return _exact_text(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _MAX_SAFE_INTEGER:
        return {"$integer": str(value)}
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return {"$float": str(value)}
    return value


def _exact_text(value: str) -> str:
    """Escape lone surrogates, which UTF-8 can't carry; a backslash is doubled so that no escape is forged."""
    if value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value):
        return value
    return value.replace("\\", "\\\\").encode("ascii", "backslashreplace").decode("ascii")
