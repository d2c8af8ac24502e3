"""Recognises sed scripts that only edit the stream: no `e`, `r`, `w` commands or flags, nothing unfamiliar."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"\s*(?:[0-9]+(?:~[0-9]+)?|\$|/(?:[^/\\\n]|\\.)*/[IM]*)")
_RANGE = re.compile(r"\s*,\s*(?:[+~]?[0-9]+|\$|/(?:[^/\\\n]|\\.)*/[IM]*)")
_SIMPLE = re.compile(r"\s*!*\s*[dDgGhHlnNpPxz=](?=\s*(?:[;}\n]|$))|\s*!*\s*[qQ]\s*[0-9]*(?=\s*(?:[;}\n]|$))")
_FLAGS = re.compile(r"[gpiI0-9M]*(?=\s*(?:[;}\n]|$))")
_SEPARATORS = re.compile(r"[\s;]*")
_TEXT = re.compile(r"\s*!*\s*[aic](?:\\\n|\s)\s*[^\n]*")


def is_plain(script: str) -> bool:
    """Tell whether `script` certainly runs no command and touches no file. Linear in its length."""
    i, level = 0, 0
    while True:
        i = _end(_SEPARATORS, script, i)
        if i >= len(script):
            return level == 0
        if script[i] == "}":
            i, level = i + 1, level - 1
            if level < 0:
                return False
            continue
        after = _end(_ADDRESS, script, i)
        if after > i:
            i = _end(_RANGE, script, after)
        after = _command(script, i)
        if after == i + 0 or after < 0:
            return False
        if script[after - 1] == "{":
            level += 1
        i = after


def _command(script: str, i: int) -> int:
    """The position after the command at `i`, or -1."""
    for pattern in (_SIMPLE, _TEXT):
        match = pattern.match(script, i)
        if match and match.end() > i:
            return match.end()
    while i < len(script) and script[i] in " \t!":
        i += 1
    c = script[i : i + 1]
    if c == "{":
        return i + 1
    if c in ("s", "y") and i + 1 < len(script) and script[i + 1] not in "\\\n":
        return _substitution(script, i + 2, script[i + 1], c)
    return -1


def _substitution(script: str, i: int, delimiter: str, command: str) -> int:
    for _ in range(2):
        while i < len(script) and script[i] != delimiter:
            i += 2 if script[i] == "\\" else 1
        if i >= len(script):
            return -1
        i += 1
    match = _FLAGS.match(script, i)
    if not match or (command == "y" and match.group()):
        return -1
    return match.end()


def _end(pattern: re.Pattern[str], text: str, i: int) -> int:
    match = pattern.match(text, i)
    return match.end() if match else i
