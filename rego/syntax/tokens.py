"""Rego text to tokens, each with its place: the first stage of the language.

Follows OPA's scanner (Rego v1): names, numbers, strings with JSON escapes, raw strings in backticks, comments and
punctuation. Rows and columns count from 1; a column counts characters. A newline is not a token; `Token.row` tells
where lines end, and `Token.spaced` whether blank space stands before the token (`a [` is not `a[`).
"""

from __future__ import annotations

import bisect
import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from policy_engine.rego.errors import Issue


class Kind(Enum):
    """What a token is."""

    NAME = "name"
    NUMBER = "number"
    STRING = "string"
    RAW_STRING = "raw string"
    TEMPLATE = "template string"
    PUNCTUATION = "punctuation"
    COMMENT = "comment"
    END = "end of text"


_KEYWORDS: Final = "as contains default else every false if import in not null package some true with"
KEYWORDS: Final = frozenset(_KEYWORDS.split())


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is the source; `start` and `end` are offsets in characters."""

    kind: Kind
    text: str
    row: int
    column: int
    start: int
    end: int
    spaced: bool

    @property
    def value(self) -> str:
        """What a string token means; any other token is its text."""
        if self.kind is Kind.STRING:
            return str(json.loads(self.text))
        if self.kind is Kind.RAW_STRING:
            return self.text[1:-1]
        return self.text


_BLANK: Final = re.compile(r"[ \t\r\n]*")
_LEXEME: Final = re.compile(
    r"""
      (?P<comment>\#[^\n]*)
    | (?P<name>[^\W\d]\w*)
    | (?P<number>(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<template>\$["`])
    | (?P<string>"(?:[^"\\\n\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*")
    | (?P<raw>`[^`]*`)
    | (?P<punctuation>:=|==|!=|<=|>=|[-+*/%&|<>=(){}\[\].,;:])
    """,
    re.VERBOSE,
)
_KINDS: Final = {
    "comment": Kind.COMMENT,
    "name": Kind.NAME,
    "number": Kind.NUMBER,
    "template": Kind.TEMPLATE,
    "string": Kind.STRING,
    "raw": Kind.RAW_STRING,
    "punctuation": Kind.PUNCTUATION,
}


class Source:
    """The text of one module with its file name; turns offsets into places."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Row and column (from 1) of an offset in characters."""
        row = bisect.bisect_right(self._starts, offset)
        return row, offset - self._starts[row - 1] + 1

    def line(self, row: int) -> str:
        """The text of a row, without its newline."""
        start = self._starts[row - 1]
        end = self._starts[row] - 1 if row < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r")

    def issue(self, code: str, message: str, offset: int) -> Issue:
        """An issue at an offset, with the source line."""
        row, column = self.place(offset)
        return Issue(code, message, self.file, row, column, self.line(row))


def tokenize(source: Source) -> tuple[list[Token], list[Issue]]:
    """All tokens, comments included, ending in one of kind END; and what is no token, if anything.

    Stops at the first text that is no token: what follows an unclosed string can't be told.
    """
    text = source.text
    tokens: list[Token] = []
    position = 0
    while True:
        blank = _BLANK.match(text, position)
        assert blank is not None  # noqa: S101 - the pattern matches the empty string
        start = blank.end()
        row, column = source.place(start)
        if start == len(text):
            tokens.append(Token(Kind.END, "", row, column, start, start, True))
            return tokens, []
        match = _LEXEME.match(text, start)
        if match is None or match.lastgroup is None:
            return tokens, [_not_a_token(source, start)]
        kind = _KINDS[match.lastgroup]
        if kind is Kind.TEMPLATE:
            message = "template strings are not available in the regopy engine: use sprintf"
            return tokens, [source.issue("rego_parse_error", message, start)]
        if kind is Kind.STRING and (issue := _lone_surrogate(source, match)):
            return tokens, [issue]
        tokens.append(Token(kind, match.group(), row, column, start, match.end(), start > position))
        position = match.end()


def _not_a_token(source: Source, start: int) -> Issue:
    character = source.text[start]
    if character == '"':
        return source.issue(
            "rego_parse_error", "string is not closed, or has an escape that Rego doesn't know", start
        )
    if character == "`":
        return source.issue("rego_parse_error", "raw string is not closed: a backtick is missing", start)
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    return source.issue("rego_parse_error", f"illegal character `{shown}`", start)


def _lone_surrogate(source: Source, match: re.Match[str]) -> Issue | None:
    if "\\u" not in match.group():
        return None
    try:
        json.loads(match.group()).encode("utf-8")
    except UnicodeEncodeError:
        return source.issue("rego_parse_error", "string has half of a surrogate pair", match.start())
    return None
