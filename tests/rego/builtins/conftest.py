"""Reads the case files: Rego calls over literal operands, each with what OPA 1.22 answered.

A case is two lines: the expression, then `= value` as OPA prints it, `= undefined`, or `! code: message`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from policy_engine.rego.builtins import registry
from policy_engine.rego.builtins.registry import BuiltinError
from policy_engine.rego.value_model import RegoSet, make_object, parse_number

TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|`(?P<raw>[^`]*)`|(?P<number>-?\d[\d.]*(?:[eE][+-]?\d+)?)"""
    r"""|(?P<name>[A-Za-z_][\w.]*)|(?P<mark>[\[\]{}(),:]))""",
    re.DOTALL,
)
ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
SHORT = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
CONSTANTS = {"true": True, "false": False, "null": None}


def unescaped(found: re.Match[str]) -> str:
    """What an escape in Go's quotes stands for; a byte that is no character becomes a surrogate."""
    if found[1]:
        code = int(found[1], 16)
        return chr(code if code < 0x80 else 0xDC00 + code)
    if found[2] or found[3]:
        return chr(int(found[2] or found[3], 16))
    return SHORT.get(found[4], found[4])


@dataclass
class Context:
    """What an evaluation offers to a builtin."""

    now_ns: int = 1_700_000_000_123_456_789
    cache: dict[Any, Any] = field(default_factory=dict)
    printed: list[str] = field(default_factory=list)
    charged: int = 0

    def charge(self, steps: int) -> None:
        self.charged += steps


class Reader:
    """A value of one expression: literals, and calls of builtins."""

    def __init__(self, text: str) -> None:
        self.tokens = list(self.scan(text))
        self.at = 0

    @staticmethod
    def scan(text: str) -> Iterator[tuple[str, str]]:
        at = 0
        while at < len(text.rstrip()):
            found = TOKEN.match(text, at)
            assert found is not None, f"can't read {text[at:]!r}"
            kind = found.lastgroup or ""
            yield kind, found[kind]
            at = found.end()

    def take(self, mark: str = "") -> tuple[str, str]:
        token = self.tokens[self.at]
        assert not mark or token == ("mark", mark), f"expected {mark}, not {token}"
        self.at += 1
        return token

    def ahead(self, mark: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at] == ("mark", mark)

    def value(self) -> Any:
        kind, text = self.take()
        if kind == "text":
            return ESCAPE.sub(unescaped, text[1:-1])
        if kind == "raw":
            return text
        if kind == "number":
            return parse_number(text)
        if kind == "name":
            return self.call(text) if self.ahead("(") else CONSTANTS[text]
        if text == "[":
            return [item for item, _ in self.items("]")]
        members = list(self.items("}"))
        if members and members[0][1] is ...:
            return RegoSet(item for item, _ in members)
        return make_object(members)

    def items(self, close: str) -> Iterator[tuple[Any, Any]]:
        while not self.ahead(close):
            first = self.value()
            second: Any = ...
            if self.ahead(":"):
                self.take(":")
                second = self.value()
            yield first, second
            if not self.ahead(close):
                self.take(",")
        self.take(close)

    def call(self, name: str) -> Any:
        self.take("(")
        operands = [item for item, _ in self.items(")")]
        if name == "set":
            return RegoSet()
        return call(name, operands)


def call(name: str, operands: list[Any], context: Context | None = None) -> Any:
    found = registry.lookup(name)
    assert found is not None, f"there is no builtin `{name}`"
    assert len(operands) == found.arity, f"`{name}` takes {found.arity} operands"
    if ... in operands:
        return ...
    try:
        if found.context:
            return found.function(context or Context(), *operands)
        return found.function(*operands)
    except BuiltinError as error:
        raise BuiltinError(f"{name}: {error.message}", code=error.code) from None


@pytest.fixture
def evaluate() -> Callable[[str], Any]:
    """The value of an expression; raises `BuiltinError` with the function's name in front."""
    return lambda text: Reader(text).value()


@pytest.fixture
def call_builtin() -> Callable[..., Any]:
    """Calls a builtin by its name with a list of operands, and a context if one is given."""
    return call


@pytest.fixture
def make_context() -> type[Context]:
    """Makes the context of an evaluation."""
    return Context


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each case file, named after it."""
    if "case_file" in metafunc.fixturenames:
        files = sorted((Path(__file__).parent / "cases").glob("*.txt"))
        metafunc.parametrize("case_file", files, ids=[file.stem for file in files])
