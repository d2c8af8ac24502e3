"""Strings that regopy handles exactly.

regopy keeps strings as escaped JSON text, so `count("a\\"b")` is 4 there and `substring` can cut an escape in half.
The characters that JSON escapes (quote, backslash, U+0000 to U+001F) are therefore replaced by one private-use
character each before anything reaches regopy, in policy literals, data and input alike, and put back in its
answers: inside, every string has its real length and compares, splits and searches as it should.

INVARIANT: the mapping is one to one, because text that already contains one of the private characters is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

FIRST: Final = 0xF0000
"""U+F0000 + n stands for the character n; plane 15 is private use, so real text doesn't contain it."""

_ESCAPED: Final = [*range(0x20), ord('"'), ord("\\")]
_TO_PRIVATE: Final = {code: FIRST + code for code in _ESCAPED}
_TO_ESCAPE: Final = {FIRST + code: json.dumps(chr(code))[1:-1] for code in _ESCAPED}
_PRIVATE: Final = re.compile(f"[{''.join(chr(FIRST + code) for code in _ESCAPED)}]")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SHORT: Final = {
    letter: chr(FIRST + ord(json.loads(f'"\\{letter}"'))) for letter in ("b", "f", "n", "r", "t", '"', "\\")
}


def has_private(text: str) -> bool:
    """Whether `text` contains a character that this module uses itself."""
    return not text.isascii() and _PRIVATE.search(text) is not None


def has_escape(json_text: str) -> bool:
    """Whether any string in JSON text written by `exact_json` contains a character that JSON escapes."""
    return "\\" in json_text


def encode(text: str) -> str:
    """A plain string for regopy."""
    return text.translate(_TO_PRIVATE)


def encode_json(json_text: str) -> str:
    """JSON text as `json.dumps(ensure_ascii=False)` writes it, for regopy."""
    if "\\" not in json_text:
        return json_text
    return _ESCAPE.sub(_private_for, json_text)


def _private_for(match: re.Match[str]) -> str:
    code = match.group(1)
    if code is not None:
        return chr(FIRST + int(code, 16))
    return _SHORT[match.group(2)]


def decode_json(json_text: str) -> str:
    """regopy's answer as JSON text with real characters."""
    return json_text if json_text.isascii() else json_text.translate(_TO_ESCAPE)


def first_private(value: Any) -> str | None:
    """A string of `value` that contains a private character, for the message."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if has_private(item):
                return item
        elif isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif isinstance(item, list | tuple):
            stack.extend(item)
    return None
