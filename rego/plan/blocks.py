"""Writing the statements of one function: blocks that are still open, and the cursor in them.

Most statements simply follow each other. A scan is the exception: what comes behind it in the policy runs once for each
member, so it has to stand *inside* its block. The writer has a cursor for that: `open_scan` moves it into the new
block, and everything that follows lands there, until whoever opened the surrounding block puts the cursor back
(`nested`). So planning is a walk in one direction, with no continuation passed around.

INVARIANT: nothing is written behind a scan in its own block, except by `every`, whose scan binds nothing outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from policy_engine.rego.plan import ir
from policy_engine.rego.syntax.tree import Place


@dataclass(slots=True)
class Draft:
    """A block that may still grow."""

    stmts: list[ir.Stmt | Nest] = field(default_factory=list)

    def frozen(self) -> ir.Block:
        return ir.Block(tuple(stmt.frozen() if isinstance(stmt, Nest) else stmt for stmt in self.stmts))


@dataclass(slots=True)
class Nest:
    """A statement with blocks in it that may still grow."""

    kind: Callable[..., ir.Stmt]
    blocks: tuple[Draft, ...]
    fields: dict[str, Any]

    def frozen(self) -> ir.Stmt:
        blocks = tuple(block.frozen() for block in self.blocks)
        if self.kind is ir.BlockStmt:
            return self.kind(blocks=blocks, **self.fields)
        return self.kind(block=blocks[0], **self.fields)


class Constants:
    """The tables that all functions of a plan share: strings, files, and the builtins they call."""

    def __init__(self) -> None:
        self.strings: dict[str, int] = {}
        self.files: dict[str, int] = {}
        self.builtins: set[str] = set()

    def string(self, text: str) -> int:
        return self.strings.setdefault(text, len(self.strings))

    def file(self, name: str) -> int:
        return self.files.setdefault(name or "<query>", len(self.files))


class Writer:
    """The statements of one function or plan; `first_local` is the first local that is free."""

    def __init__(self, constants: Constants, first_local: int) -> None:
        self.constants = constants
        self.cursor = Draft()
        self.file = ""
        self.written = 0
        self._next_local = first_local
        self._location = ir.NOWHERE

    def at(self, place: Place) -> Place:
        """From here on, statements come from `place` of the current file. Answers the place before."""
        before = Place(self._location.row, self._location.col)
        if place.row:
            self._location = ir.Location(file=self.constants.file(self.file), row=place.row, col=place.column)
        return before

    def local(self) -> int:
        """A local that nothing else uses."""
        self._next_local += 1
        return self._next_local - 1

    def string(self, text: str) -> ir.StringIndex:
        return ir.StringIndex(self.constants.string(text))

    def put(self, kind: type[ir.Stmt], **fields: Any) -> None:
        """Write a statement at the cursor."""
        self.written += 1
        self.cursor.stmts.append(kind(location=self._location, **fields))

    def nest(self, kind: type[ir.Stmt], *blocks: Draft, **fields: Any) -> None:
        """Write a statement with blocks in it."""
        self.written += 1
        self.cursor.stmts.append(Nest(kind, blocks, {"location": self._location, **fields}))

    def make(self, kind: type[ir.Stmt], **fields: Any) -> ir.Local:
        """Write a statement whose result gets a new local."""
        target = self.local()
        self.put(kind, target=target, **fields)
        return ir.Local(target)

    def as_local(self, operand: ir.Operand) -> int:
        """The operand as a local, for statements that take nothing else."""
        return (
            operand.value
            if isinstance(operand, ir.Local)
            else self.make(ir.AssignVarStmt, source=operand).value
        )

    @contextmanager
    def nested(self, block: Draft | None = None) -> Iterator[Draft]:
        """The cursor in a block of its own; afterwards it is back where it was."""
        before, place = self.cursor, self._location
        self.cursor = inner = Draft() if block is None else block
        try:
            yield inner
        finally:
            self.cursor, self._location = before, place

    def open_scan(self, source: ir.Operand) -> tuple[ir.Local, ir.Local]:
        """Scan; the cursor moves into the scan's block. Answers key and value."""
        block, key, value = Draft(), self.local(), self.local()
        self.nest(ir.ScanStmt, block, source=self.as_local(source), key=key, value=value)
        self.cursor = block
        return ir.Local(key), ir.Local(value)

    def fail(self) -> None:
        """What follows never runs."""
        self.put(ir.BreakStmt, index=0)

    def choose(self, ways: list[Draft]) -> None:
        """The first of several blocks that gets as far as `taken` goes on behind; undefined when none does."""
        with self.nested() as outer:
            self.nest(ir.BlockStmt, *ways)
            self.put(ir.BreakStmt, index=1)
        self.nest(ir.BlockStmt, outer)

    def taken(self) -> None:
        """The end of a block for `choose`."""
        self.put(ir.BreakStmt, index=1)
