"""The escapes of `$'…'`, as bash 5.2 decodes them in a UTF-8 locale."""

from __future__ import annotations

import re

_SIMPLE = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip
_RUN = re.compile(r"[^\\']+")
_OCTAL = re.compile(r"[0-7]{1,3}")
_HEX = {
    "x": re.compile(r"[0-9A-Fa-f]{1,2}"),
    "u": re.compile(r"[0-9A-Fa-f]{1,4}"),
    "U": re.compile(r"[0-9A-Fa-f]{1,8}"),
}


def decode(text: str, position: int) -> tuple[str, int]:
    """Decode from after the opening quote; return the value and the position after the closing quote.

    The position is -1 when the quote is not closed or an escape is not supported (`\\c`, bytes that are no
    ASCII). A NUL ends the value, as in bash.
    """
    pieces: list[str] = []
    ended = False
    n = len(text)
    while position < n:
        match = _RUN.match(text, position)
        if match:
            piece, position = match.group(), match.end()
        elif text[position] == "'":
            return "".join(pieces), position + 1
        else:
            piece, position = _escape(text, position + 1)
            if position < 0:
                return "", -1
        if piece == "\0":
            ended = True
        if not ended:
            pieces.append(piece)
    return "", -1


def _escape(text: str, position: int) -> tuple[str, int]:
    c = text[position : position + 1]
    if c in _SIMPLE:
        return _SIMPLE[c], position + 1
    match = _OCTAL.match(text, position)
    if match:
        return _byte(int(match.group(), 8) & 0xFF, match.end())
    if c in _HEX:
        match = _HEX[c].match(text, position + 1)
        if not match:
            return "", -1
        value = int(match.group(), 16)
        if c == "x":
            return _byte(value, match.end())
        if value > 0x10FFFF or 0xD800 <= value <= 0xDFFF:
            return "", -1
        return chr(value), match.end()
    if c in ("c", ""):
        return "", -1
    return "\\" + c, position + 1


def _byte(value: int, position: int) -> tuple[str, int]:
    """A single byte is a character only when it is ASCII; others depend on their neighbours."""
    return (chr(value), position) if value < 0x80 else ("", -1)
