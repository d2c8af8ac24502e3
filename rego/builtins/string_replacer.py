"""Replaces many strings in one pass, as Go's `strings.Replacer`: at each place the first of the pairs that matches wins.

An empty pattern matches before every byte (as Go counts) and at the end, and what else matches there is replaced too.
"""

from __future__ import annotations

from policy_engine.rego.builtins.go_text import from_bytes, to_bytes
from policy_engine.rego.builtins.registry import BuiltinLimit


class Replacer:
    """Pairs of old and new text, in order of precedence."""

    def __init__(self, pairs: list[tuple[str, str]], *, max_output: int) -> None:
        self._bytewise = any(not old for old, _ in pairs)
        if self._bytewise:
            pairs = [(_as_bytes(old), _as_bytes(new)) for old, new in pairs]
        self._new = dict(reversed(pairs))
        self._rank = {old: rank for rank, (old, _) in reversed(list(enumerate(pairs)))}
        self._lengths = sorted({len(old) for old in self._new if old})
        self._first = {old[0] for old in self._new if old}
        self._max = max_output

    def replace(self, text: str) -> str:
        """`text` with everything replaced."""
        if self._bytewise:
            return from_bytes(self._replace(_as_bytes(text)).encode("latin-1"))
        return self._replace(text)

    def _replace(self, text: str) -> str:
        parts: list[str] = []
        size = at = copied = 0
        was_empty = not self._bytewise
        while at <= len(text):
            old = "" if self._bytewise and not was_empty else self._match(text, at)
            was_empty = old == ""
            if old is None:
                at += 1
                continue
            piece = text[copied:at] + self._new[old]
            parts.append(piece)
            size += len(piece)
            if size > self._max:
                raise BuiltinLimit(f"the text would be longer than {self._max} characters")
            at = copied = at + len(old)
        parts.append(text[copied:])
        return "".join(parts)

    def _match(self, text: str, at: int) -> str | None:
        if text[at : at + 1] not in self._first:
            return None
        found = [
            piece
            for length in self._lengths
            if (piece := text[at : at + length]) in self._rank and len(piece) == length
        ]
        return min(found, key=self._rank.__getitem__, default=None)


def _as_bytes(text: str) -> str:
    """One character for each byte."""
    return to_bytes(text).decode("latin-1")
