"""`glob.*`: patterns with `*`, `**`, `?`, `[classes]` and `{alternatives}`, translated to RE2.

`*` and `?` don't match a delimiter, `**` does. A class is either a list of characters or one range; `!` at its start
negates it. This is the language of gobwas/glob, which OPA uses.
"""

from __future__ import annotations

import functools
from typing import Any, Final

from policy_engine.rego.builtins.go_text import to_bytes
from policy_engine.rego.builtins.operands import string, wrong_element, wrong_type
from policy_engine.rego.builtins.re2_patterns import compiled, quote_meta
from policy_engine.rego.builtins.registry import BuiltinError, builtin

_SPECIAL: Final = frozenset("*?\\[]{}")


@builtin("glob.match", arity=3)
def match(pattern: Any, delimiters: Any, text: Any) -> bool:
    """Whether the whole of `text` matches; no delimiters given means `.`, null means none at all."""
    source = string(pattern, 1)
    marks = _delimiters(delimiters)
    data = string(text, 3)
    return compiled(_translated(source, marks)).search(to_bytes(data)) is not None


def _delimiters(value: Any) -> str:
    if value is None:
        return ""
    if type(value) is not list:
        raise wrong_type(2, value, "array", "null")
    for item in value:
        if type(item) is not str:
            raise wrong_element(2, value, item, "string")
        if len(item) != 1:
            raise wrong_element(2, value, item, "rune")
    return "".join(value) or "."


@builtin("glob.quote_meta", arity=1)
def quote(pattern: Any) -> str:
    """`pattern` with everything escaped that means something in a glob."""
    return "".join("\\" + char if char in _SPECIAL else char for char in string(pattern, 1))


@functools.lru_cache(maxsize=512)
def _translated(source: str, delimiters: str) -> str:
    return _Translation(source, delimiters).run()


class _Translation:
    """One pass over a glob."""

    def __init__(self, source: str, delimiters: str) -> None:
        self.source, self.at = source, 0
        escaped = "".join("\\" + mark if mark in "\\]^-[" else mark for mark in delimiters)
        self.single = f"[^{escaped}]" if delimiters else "."
        self.level = 0

    def run(self) -> str:
        parts = [r"(?s)\A"]
        while self.at < len(self.source):
            char = self.source[self.at]
            self.at += 1
            parts.append(self.term(char))
        if self.level:
            raise self.error("unclosed `{`")
        return "".join(parts) + r"\z"

    def error(self, reason: str) -> BuiltinError:
        return BuiltinError(f"glob: syntax error at {len(to_bytes(self.source[: self.at]))}: {reason}")

    def term(self, char: str) -> str:
        if char == "*":
            if self.source[self.at : self.at + 1] == "*":
                self.at += 1
                return ".*"
            return self.single + "*"
        if char == "?":
            return self.single
        if char == "[":
            return self.char_class()
        if char == "{":
            self.level += 1
            return "(?:"
        if char == "\\":
            if self.at == len(self.source):
                raise self.error("trailing backslash")
            self.at += 1
            return quote_meta(self.source[self.at - 1])
        if self.level and char in ",}":
            self.level -= char == "}"
            return "|" if char == "," else ")"
        return quote_meta(char)

    def char_class(self) -> str:
        negation = ""
        if self.peek() == "!":
            self.at += 1
            negation = "^"
        low = self.peek()
        if low and self.source[self.at + 1 : self.at + 2] == "-":
            high = self.source[self.at + 2 : self.at + 3]
            self.at += 3
            if not high:
                raise self.error("unexpected end of input")
            if high < low:
                raise self.error("hi character should be greater than lo character")
            members = f"{_in_class(low)}-{_in_class(high)}"
        else:
            members = "".join(map(_in_class, self.class_text()))
        if self.peek() != "]":
            raise self.error("expected close range character" if self.peek() else "unexpected end of input")
        self.at += 1
        return f"[{negation}{members}]"

    def peek(self) -> str:
        return self.source[self.at : self.at + 1]

    def class_text(self) -> str:
        text = []
        while self.peek() and self.peek() != "]":
            if self.peek() == "\\":
                self.at += 1
                if not self.peek():
                    raise self.error("trailing backslash")
            text.append(self.peek())
            self.at += 1
        if not text:
            raise self.error("empty character class")
        return "".join(text)


def _in_class(char: str) -> str:
    return "\\" + char if char in "\\]^-[" else char
