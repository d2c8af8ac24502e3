"""Encodings: base64, hex, URL queries."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final
from urllib.parse import quote_from_bytes

from policy_engine.rego.builtins.go_text import from_bytes, to_bytes
from policy_engine.rego.builtins.operands import elements, pairs, rego_object, string
from policy_engine.rego.builtins.registry import BuiltinError, BuiltinTypeError, builtin
from policy_engine.rego.value_model import json_text

_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.ASCII)
_BASE64_URL: Final = re.compile(r"(?:[\w-]{4})*(?:[\w-]{2}==|[\w-]{3}=)?", re.ASCII)
_LINE_ENDS: Final = {ord("\r"): None, ord("\n"): None}
_PERCENT: Final = re.compile(rb"%(..?|)", re.DOTALL)


@builtin("base64.encode", arity=1)
def base64_encode(text: Any) -> str:
    """The base64 form, padded."""
    return base64.b64encode(to_bytes(string(text, 1))).decode("ascii")


@builtin("base64.decode", arity=1)
def base64_decode(text: Any) -> str:
    """What a base64 form stands for."""
    compact = string(text, 1).translate(_LINE_ENDS)
    if not _BASE64.fullmatch(compact):
        raise _illegal(text, "+/")
    return from_bytes(base64.b64decode(compact))


def _illegal(text: str, marks: str) -> BuiltinError:
    """The error for what isn't base64, with the first byte that can't be right."""
    good = re.match(rf"[A-Za-z0-9{re.escape(marks)}\r\n]*", text)
    at = len(to_bytes(text[: good.end() if good else 0]))
    return BuiltinError(f"illegal base64 data at input byte {at}")


@builtin("base64.is_valid", arity=1)
def base64_is_valid(text: Any) -> bool:
    """Whether it is a padded base64 form."""
    return type(text) is str and _BASE64.fullmatch(text.translate(_LINE_ENDS)) is not None


@builtin("base64url.encode", arity=1)
def base64url_encode(text: Any) -> str:
    """The base64url form, padded."""
    return base64.urlsafe_b64encode(to_bytes(string(text, 1))).decode("ascii")


@builtin("base64url.encode_no_pad", arity=1)
def base64url_encode_no_pad(text: Any) -> str:
    """The base64url form without padding."""
    return base64url_encode(text).rstrip("=")


@builtin("base64url.decode", arity=1)
def base64url_decode(text: Any) -> str:
    """What a base64url form stands for, padded or not."""
    return from_bytes(decode_base64url(string(text, 1)))


def decode_base64url(text: str) -> bytes:
    """The bytes of a base64url form; raises `BuiltinError`."""
    if not text.endswith("="):
        if len(text) % 4 == 1:
            raise BuiltinError(f"illegal base64url string: {text}")
        text += "=" * (-len(text) % 4)
    compact = text.translate(_LINE_ENDS)
    if not _BASE64_URL.fullmatch(compact):
        raise _illegal(text, "-_")
    return base64.urlsafe_b64decode(compact)


@builtin("hex.encode", arity=1)
def hex_encode(text: Any) -> str:
    """The bytes as pairs of hexadecimal digits."""
    return to_bytes(string(text, 1)).hex()


@builtin("hex.decode", arity=1)
def hex_decode(text: Any) -> str:
    """What pairs of hexadecimal digits stand for."""
    data = to_bytes(string(text, 1))
    for byte in data:
        if byte not in b"0123456789abcdefABCDEF":
            raise BuiltinError(f"encoding/hex: invalid byte: U+{byte:04X} '{chr(byte)}'")
    if len(data) % 2:
        raise BuiltinError("encoding/hex: odd length hex string")
    return from_bytes(binascii.unhexlify(data))


@builtin("urlquery.encode", arity=1)
def urlquery_encode(text: Any) -> str:
    """`text` escaped for the query of a URL."""
    return query_escape(string(text, 1))


def query_escape(text: str) -> str:
    """`text` escaped for the query of a URL, a space as `+`."""
    return quote_from_bytes(to_bytes(text), safe=" ").replace(" ", "+")


@builtin("urlquery.decode", arity=1)
def urlquery_decode(text: Any) -> str:
    """`text` without the escapes of a URL's query."""
    return _unescape(string(text, 1))


def _unescape(text: str) -> str:
    return from_bytes(_PERCENT.sub(_byte, to_bytes(text.replace("+", " "))))


def _byte(found: re.Match[bytes]) -> bytes:
    digits = found[1]
    if len(digits) != 2 or not all(digit in b"0123456789abcdefABCDEF" for digit in digits):
        raise BuiltinError(f'invalid URL escape "%{from_bytes(digits)}"')
    return bytes([int(digits, 16)])


@builtin("urlquery.encode_object", arity=1)
def urlquery_encode_object(value: Any) -> str:
    """An object of strings, or of arrays or sets of strings, as the query of a URL, sorted by key."""
    fields: list[tuple[str, str]] = []
    for name, item in pairs(rego_object(value, 1)):
        key = name if type(name) is str else json_text(name)
        fields.extend((key, text) for text in _texts(item))
    fields.sort(key=lambda field: field[0])
    return "&".join(f"{query_escape(key)}={query_escape(text)}" for key, text in fields)


def _texts(item: Any) -> list[str]:
    found = [item] if type(item) is str else elements(item)
    if found is None or not all(type(text) is str for text in found):
        raise BuiltinTypeError("operand 1 values must be string, array[string], or set[string]")
    return list(found)


@builtin("urlquery.decode_object", arity=1)
def urlquery_decode_object(text: Any) -> dict[str, list[str]]:
    """The query of a URL as an object from names to arrays of values."""
    result: dict[str, list[str]] = {}
    for part in string(text, 1).split("&"):
        if not part:
            continue
        if ";" in part:
            raise BuiltinError("invalid semicolon separator in query")
        name, _, value = part.partition("=")
        result.setdefault(_unescape(name), []).append(_unescape(value))
    return result
