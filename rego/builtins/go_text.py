"""Text as Go and OPA write it: strings as bytes, quoted strings, and Rego values as Rego text.

Go's strings are bytes, and some builtins make strings that aren't UTF-8 (`base64.decode` of a picture). Such bytes
live in a Python string as surrogates ("surrogateescape"), so that encoding gives them back unchanged.
"""

from __future__ import annotations

import re
from typing import Any, Final

from policy_engine.rego.value_model import RegoSet, number_text, sorted_keys, unkey

_ESCAPES: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}
_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*")
INVALID: Final = re.compile("[\ud800-\udfff]")
"""What stands for bytes that are no characters."""


def to_bytes(text: str) -> bytes:
    """The bytes that a Rego string stands for."""
    return text.encode("utf-8", "surrogateescape")


def from_bytes(data: bytes) -> str:
    """The Rego string that stands for these bytes."""
    return data.decode("utf-8", "surrogateescape")


def replace_invalid(text: str) -> str:
    """`text` with U+FFFD for each byte that isn't UTF-8, as Go's JSON and case functions write it."""
    return text if text.isascii() else INVALID.sub("\ufffd", text)


def is_printable(char: str) -> bool:
    """Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols, and the ASCII space."""
    return char == " " or (char.isprintable() and not char.isspace())


def quote(text: str, *, mark: str = '"', ascii_only: bool = False) -> str:
    """`text` in quotes as Go's `strconv.Quote` writes it."""
    if mark == '"' and _PLAIN.fullmatch(text):
        return f'"{text}"'
    return mark + "".join(_escaped(char, mark, ascii_only) for char in text) + mark


def _escaped(char: str, mark: str, ascii_only: bool) -> str:
    if char == mark:
        return "\\" + mark
    if char in _ESCAPES and char != '"':
        return _ESCAPES[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if is_printable(char) and (code < 0x7F or not ascii_only):
        return char
    if code < 0x80:
        return f"\\x{code:02x}"
    if 0xD800 <= code <= 0xDFFF:
        return "\\ufffd"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def rego_text(value: Any) -> str:
    """A value as Rego text, the way OPA prints terms: strings quoted, sets and objects in order."""
    kind = type(value)
    if kind is str:
        return quote(value)
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    if kind is list:
        return "[" + ", ".join(map(rego_text, value)) + "]"
    if kind is dict:
        entries = (f"{rego_text(unkey(name))}: {rego_text(value[name])}" for name in sorted_keys(value))
        return "{" + ", ".join(entries) + "}"
    if kind is RegoSet:
        return "{" + ", ".join(map(rego_text, value)) + "}" if value.items else "set()"
    return number_text(value)


def plain_text(value: Any) -> str:
    """A value as `print` and interpolation show it: a string itself, anything else as Rego text."""
    return value if type(value) is str else rego_text(value)
