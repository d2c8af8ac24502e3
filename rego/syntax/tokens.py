"""Rego text to tokens, each with its place: the first stage of the language.

Follows OPA's scanner (Rego v1): names, numbers, strings with JSON escapes, raw strings in backticks, template strings,
comments and punctuation. Rows and columns count from 1; a column counts characters. A newline is not a token;
`Token.row` tells where lines end, and `Token.spaced` whether blank space stands before the token (`a [` is not `a[`).

A template string is several tokens: `$"a {x} b"` is the TEMPLATE `$"a {`, the name `x` and the TEMPLATE `} b"`.
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
    is_raw: bool = False
    """For TEMPLATE: whether the string stands in backticks."""

    @property
    def value(self) -> str:
        """What a string token means; any other token is its text."""
        if self.kind is Kind.STRING:
            return str(json.loads(self.text)) if "\\" in self.text else self.text[1:-1]
        if self.kind is Kind.RAW_STRING:
            return self.text[1:-1]
        if self.kind is Kind.TEMPLATE:
            return self._template_value()
        return self.text

    def _template_value(self) -> str:
        inner = self.text[2 if self.text.startswith("$") else 1 : -1]
        inner = inner.replace("\\{", "{") if self.is_raw else _ESCAPED_BRACE.sub(r"\1{", inner)
        return inner if self.is_raw or "\\" not in inner else str(json.loads(f'"{inner}"'))


_BLANK: Final = re.compile(r"[ \t\r\n]*")
_LEXEME: Final = re.compile(
    r"""
      (?P<comment>\#[^\n]*)
    | (?P<name>[A-Za-z_][A-Za-z_\d]*)
    | (?P<number>(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | (?P<template>\$["`])
    | (?P<string>"[^"\\\n\x00]*"|"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*")
    | (?P<raw>`[^`\x00]*`)
    | (?P<punctuation>:=|==|!=|<=|>=|[-+*/%&|<>=(){}\[\].,;:])
    """,
    re.VERBOSE,
)
_TEMPLATE: Final = re.compile(r"""(?:[^"\\\x00-\x1f{]|\\["\\/bfnrt{]|\\u[0-9a-fA-F]{4})*["{]""")
_RAW_TEMPLATE: Final = re.compile(r"(?:[^`\\\x00{]|\\\{|\\)*+[`{]")
_ESCAPED_BRACE: Final = re.compile(r"((?<!\\)(?:\\\\)*)\\\{")
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


def tokenize(source: Source, *, templates: bool = False) -> tuple[list[Token], list[Issue]]:
    """All tokens, comments included, ending in one of kind END; and what is no token, if anything.

    Stops at the first text that is no token: what follows an unclosed string can't be told. Template strings are
    refused unless `templates`.
    """
    text = source.text
    tokens: list[Token] = []
    position = 0
    braces: list[tuple[int, bool]] = []
    """For each template string that is open: how many braces are open in its expression, and whether it is raw."""
    while True:
        blank = _BLANK.match(text, position)
        assert blank is not None  # noqa: S101 - the pattern matches the empty string
        start = blank.end()
        row, column = source.place(start)
        spaced = start > position
        if start == len(text):
            tokens.append(Token(Kind.END, "", row, column, start, start, True))
            return tokens, []
        match = _LEXEME.match(text, start)
        if match is None or match.lastgroup is None:
            return tokens, [_not_a_token(source, start)]
        kind, end, is_raw = _KINDS[match.lastgroup], match.end(), False
        if kind is Kind.TEMPLATE and not templates:
            message = "template strings are not available in the regopy engine: use sprintf"
            return tokens, [source.issue("rego_parse_error", message, start)]
        if kind is Kind.TEMPLATE:
            is_raw = match.group() == "$`"
        elif braces:
            depth, is_raw = braces[-1]
            character = match.group()
            if character == "}" and depth == 0:
                kind = Kind.TEMPLATE
                braces.pop()
            else:
                braces[-1] = (depth + (character == "{") - (character == "}"), is_raw)
        if kind is Kind.TEMPLATE:
            part = (_RAW_TEMPLATE if is_raw else _TEMPLATE).match(text, end)
            if part is None:
                message = "template string is not closed, or has an escape that Rego doesn't know"
                return tokens, [source.issue("rego_parse_error", message, start)]
            end = part.end()
            if text[end - 1] == "{":
                braces.append((0, is_raw))
        token = Token(kind, text[start:end], row, column, start, end, spaced, is_raw)
        if issue := _illegal(source, token, text[end : end + 1]):
            return tokens, [issue]
        tokens.append(token)
        position = end


def _illegal(source: Source, token: Token, following: str) -> Issue | None:
    """What the pattern of a token can't tell."""
    message = ""
    if token.kind is Kind.NUMBER and (following.isalnum() or following in ("_", ".")) and following:
        message = "illegal number format"
        if following == ".":
            message = "expected fraction"
        elif following.isdigit():
            message = "expected number without leading zero"
    elif "\x00" in token.text:
        message = "illegal null character"
    elif token.kind in (Kind.STRING, Kind.TEMPLATE) and "\\u" in token.text:
        try:
            token.value.encode("utf-8")
        except UnicodeEncodeError:
            message = "string has half of a surrogate pair"
    return source.issue("rego_parse_error", message, token.start) if message else None


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
