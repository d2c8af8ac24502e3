"""Whether two globs of `regex.globs_match` have a text in common.

Such a glob is a sequence of characters, `.` for any, and sets `[a-z_]`, each perhaps repeated by `*` or `+`; `\\`
escapes. Both are walked at once, place by place, over the pairs that one text can reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from policy_engine.rego.builtins.registry import BuiltinError

_MAX_PAIRS: Final = 1_000_000
_MAX_CODE: Final = 0x10FFFF


@dataclass(frozen=True, slots=True)
class _Token:
    """Which characters (as ranges of code points) and how often: "", "*" or "+"."""

    ranges: tuple[tuple[int, int], ...]
    flag: str = ""

    def meets(self, other: _Token) -> bool:
        return any(low <= high_ and low_ <= high for low, high in self.ranges for low_, high_ in other.ranges)


def intersect(one: str, other: str) -> bool:
    """Whether some text (not the empty one, as OPA has it) matches both; raises `BuiltinError` for what isn't a glob."""
    left, right = _tokens(one), _tokens(other)
    if (len(left) + 1) * (len(right) + 1) > _MAX_PAIRS:
        raise BuiltinError("the globs are too long to be compared")
    if not left and not right:
        return True
    goal = (len(left), len(right), True)
    start = (0, 0, False)
    seen, waiting = {start}, [start]
    while waiting:
        place = waiting.pop()
        if place == goal:
            return True
        for step in _steps(left, right, place):
            if step not in seen:
                seen.add(step)
                waiting.append(step)
    return False


_Place = tuple[int, int, bool]
"""How far each glob is walked, and whether a character was."""


def _steps(left: list[_Token], right: list[_Token], place: _Place) -> list[_Place]:
    """Where one more character, or leaving out a starred token, can lead."""
    i, j, moved = place
    steps: list[_Place] = []
    if i < len(left) and left[i].flag == "*":
        steps.append((i + 1, j, moved))
    if j < len(right) and right[j].flag == "*":
        steps.append((i, j + 1, moved))
    if i < len(left) and j < len(right) and left[i].meets(right[j]):
        stay_left = [i + 1] + ([i] if left[i].flag else [])
        stay_right = [j + 1] + ([j] if right[j].flag else [])
        steps.extend((a, b, True) for a in stay_left for b in stay_right)
    return steps


def _bad(text: str, at: int, reason: str) -> BuiltinError:
    return BuiltinError(f"input:{text}, pos:{at}, {reason}: the input provided is invalid")


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        at, token = _token(text, at)
        if at < len(text) and text[at] in "+*":
            token = _Token(token.ranges, text[at])
            at += 1
        tokens.append(token)
    return tokens


def _token(text: str, at: int) -> tuple[int, _Token]:
    char = text[at]
    if char == ".":
        return at + 1, _Token(((0, _MAX_CODE),))
    if char == "[":
        return _set(text, at + 1)
    if char == "]":
        raise _bad(text, at + 1, "set-close ']' with no preceding '['")
    if char in "+*":
        raise _bad(text, at + 1, f"flag '{char}' must be preceded by a non-flag")
    at, char, _ = _char(text, at)
    return at, _Token(((ord(char), ord(char)),))


def _char(text: str, at: int) -> tuple[int, str, bool]:
    """The next place, the character there, and whether it is escaped."""
    if text[at] != "\\":
        return at + 1, text[at], False
    if at + 1 == len(text):
        raise _bad(text, at, "input ends with a \\ (escape) character")
    return at + 2, text[at + 1], True


def _set(text: str, at: int) -> tuple[int, _Token]:
    ranges: list[tuple[int, int]] = []
    previous = ""
    while at < len(text):
        at, char, escaped = _char(text, at)
        if escaped or char not in "-]":
            ranges.append((ord(char), ord(char)))
            previous = char
        elif char == "]":
            return at, _Token(tuple(ranges))
        else:
            at, high = _range_end(text, at, previous)
            ranges.append((ord(previous), ord(high)))
            previous = ""
    raise _bad(text, at, "found [ without matching ]")


def _range_end(text: str, at: int, previous: str) -> tuple[int, str]:
    if not previous:
        raise _bad(text, at, "range character '-' must be preceded by a character")
    if at >= len(text) - 1:
        raise _bad(text, at, "range character '-' must be followed by a character")
    at, char, escaped = _char(text, at)
    if not escaped and char in "]-":
        raise _bad(text, at, "range character '-' cannot be followed by a special symbol")
    if char < previous:
        raise _bad(text, at, f"range is out of order: '{char}' comes before '{previous}'")
    return at, char
