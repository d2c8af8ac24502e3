"""Brace expansion: `{a,b}` and `{1..3}` on the parts of a word, in one pass and with a limit.

Only braces that pair up are expanded. Anything odd (unbalanced braces around commas, sequences that are not plain
integers or single letters) gives None: the caller treats the word as unknown.
"""

from __future__ import annotations

import re

from policy_engine.parsers.shell.guards import MAX_WORDS
from policy_engine.parsers.shell.syntax import Lit, Part

_SEQUENCE = re.compile(
    r"(-?[0-9]{1,9})\.\.(-?[0-9]{1,9})(?:\.\.(-?[0-9]{1,9}))?|([A-Za-z])\.\.([A-Za-z])(?:\.\.(-?[0-9]{1,9}))?"
)
_PIECES = re.compile(r"[{},]|[^{},]+")

Alternative = tuple[Part, ...]


class _Level:
    """One open brace: the finished alternatives and the ones being built."""

    __slots__ = ("current", "finished")

    def __init__(self) -> None:
        self.finished: list[Alternative] = []
        self.current: list[Alternative] = [()]


def expand_braces(parts: tuple[Part, ...], limit: int = MAX_WORDS) -> list[Alternative] | None:
    """Return the alternatives in order, or None when the result is not certain or larger than the limit."""
    stack = [_Level()]
    commas = [False]
    count = 0
    for part in parts:
        pieces = [part] if not isinstance(part, Lit) or part.quoted else _PIECES.findall(part.text)
        count += len(pieces)
        if count > MAX_WORDS // 4:
            return None
        for piece in pieces:
            if piece == "{":
                stack.append(_Level())
                commas.append(False)
                if len(stack) > 64:
                    return None
            elif piece == "," and len(stack) > 1:
                level = stack[-1]
                level.finished.extend(level.current)
                level.current = [()]
                commas[-1] = True
            elif piece == "}" and len(stack) > 1:
                alternatives = _close(stack.pop(), commas.pop(), limit)
                if alternatives is None or not _append(stack[-1], alternatives, limit):
                    return None
            else:
                one: Part = Lit(piece, False) if isinstance(piece, str) else piece
                level = stack[-1]
                level.current = [(*alternative, one) for alternative in level.current]
    if len(stack) > 1:
        return [parts] if not any(commas) and ".." not in _text(parts) and len(stack) == 2 else None
    return stack[0].current


def _close(level: _Level, comma: bool, limit: int) -> list[Alternative] | None:
    """The alternatives of a closed brace; without a comma it is a sequence or literal."""
    if comma:
        return level.finished + level.current
    inner = level.current
    if len(inner) == 1 and all(isinstance(part, Lit) and not part.quoted for part in inner[0]):
        text = _text(inner[0])
        if ".." in text:
            return _sequence(text, limit)
    elif any(".." in _text(alternative) for alternative in inner):
        return None
    return [(Lit("{", False), *alternative, Lit("}", False)) for alternative in inner]


def _append(level: _Level, alternatives: list[Alternative], limit: int) -> bool:
    if len(level.current) * len(alternatives) > limit or len(level.finished) > limit:
        return False
    level.current = [(*before, *after) for before in level.current for after in alternatives]
    return sum(map(len, level.current)) <= 16 * MAX_WORDS


def _sequence(text: str, limit: int) -> list[Alternative] | None:
    match = _SEQUENCE.fullmatch(text)
    if not match:
        return None
    first, last, step, first_letter, last_letter, letter_step = match.groups()
    if first_letter and (first_letter.islower() != last_letter.islower()):
        return None
    start, end = (int(first), int(last)) if first else (ord(first_letter), ord(last_letter))
    width = abs(int(step or letter_step or 1)) or 1
    if abs(end - start) // width >= limit:
        return None
    numbers = range(start, end + 1, width) if end >= start else range(start, end - 1, -width)
    if first_letter:
        return [(Lit(chr(number), False),) for number in numbers]
    padded = any(re.match(r"-?0[0-9]", side) for side in (first, last))
    size = max(len(first), len(last)) if padded else 0
    return [(Lit(f"{number:0{size}d}" if size else str(number), False),) for number in numbers]


def _text(parts: Alternative) -> str:
    return "".join(part.text for part in parts if isinstance(part, Lit) and not part.quoted)
