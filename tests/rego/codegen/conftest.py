"""Plans written by hand, and terms of the conformance cases."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from policy_engine.rego.codegen.program import Program
from policy_engine.rego.plan import ir
from policy_engine.rego.value_model import RegoSet, make_object, parse_number

_SCALAR = re.compile(r"true|false|null|-?[0-9][0-9.eE+-]*")


class _TermReader:
    """Ground Rego terms: JSON, sets, and objects with any keys."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def _space(self) -> str:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def term(self) -> Any:
        mark = self._space()
        if mark == '"':
            value, self.at = json.decoder.scanstring(self.text, self.at + 1)
            return value
        if mark == "[":
            return [item for item, _ in self._items("]")]
        if self.text.startswith("set()", self.at):
            self.at += 5
            return RegoSet()
        if mark == "{":
            items = self._items("}")
            if items and items[0][1] is ...:
                return RegoSet(item for item, _ in items)
            return make_object(items)
        match = _SCALAR.match(self.text, self.at)
        assert match, self.text[self.at :]
        self.at = match.end()
        constants = {"true": True, "false": False, "null": None}
        return constants[match[0]] if match[0] in constants else parse_number(match[0])

    def _items(self, end: str) -> list[tuple[Any, Any]]:
        self.at += 1
        items: list[tuple[Any, Any]] = []
        while (mark := self._space()) != end:
            if mark == ",":
                self.at += 1
                continue
            item, member = self.term(), ...
            if self._space() == ":":
                self.at += 1
                member = self.term()
            items.append((item, member))
        self.at += 1
        return items


@pytest.fixture(scope="session")
def read_term() -> Callable[[str], Any]:
    return lambda text: _TermReader(text).term()


@pytest.fixture
def program() -> Callable[..., Program]:
    """Make a program of statements: its entrypoint `e` answers with the locals in `out`."""

    def make(
        *stmts: ir.Stmt,
        out: int | None = 2,
        funcs: tuple[ir.Func, ...] = (),
        strings: tuple[str, ...] = (),
        data: Any = None,
        strict: bool = False,
    ) -> Program:
        names = ("result", *strings)
        answer: tuple[ir.Stmt, ...] = ()
        if out is not None:
            answer = (
                ir.MakeObjectStmt(target=900),
                ir.ObjectInsertStmt(key=ir.StringIndex(0), value=ir.Local(out), object=900),
                ir.ResultSetAddStmt(value=900),
            )
        plan = ir.Plan("e", (ir.Block((*stmts, *answer)),))
        static = ir.Static(strings=names, files=("policy.rego",))
        return Program(
            ir.Policy(static=static, plans=(plan,), funcs=funcs), data, strict_builtin_errors=strict
        )

    return make
