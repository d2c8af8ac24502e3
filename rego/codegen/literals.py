"""Literals that a body builds anew each time, recognised as the constants they are."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from policy_engine.rego.codegen.names import Names
from policy_engine.rego.codegen.nodes import Node
from policy_engine.rego.plan import ir
from policy_engine.rego.value_model import RegoSet, key

MAX_STATEMENTS: Final = 20_000


@dataclass(slots=True)
class Literal:
    """Constant values by the locals that are read later, and how many statements built them."""

    values: dict[int, Any]
    count: int


@dataclass(slots=True)
class _Run:
    constant: Callable[[ir.Operand], Any]
    names: Names
    values: dict[int, Any] = field(default_factory=dict)
    makers: dict[int, Node] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)

    def value(self, operand: ir.Operand) -> Any:
        """The constant that an operand holds here, else undefined. A container that is used is finished."""
        if isinstance(operand, ir.Local) and operand.value in self.values:
            self.finished.add(operand.value)
            return self.values[operand.value]
        return self.constant(operand)

    def step(self, node: Node) -> bool:
        """Carry out one statement at compile time, if that is possible."""
        stmt = node.stmt
        match stmt:
            case ir.MakeArrayStmt():
                self._make(stmt.target, node, [])
            case ir.MakeObjectStmt():
                self._make(stmt.target, node, {})
            case ir.MakeSetStmt():
                self._make(stmt.target, node, RegoSet())
            case ir.MakeNullStmt():
                self._make(stmt.target, node, None)
            case ir.MakeNumberIntStmt():
                self._make(stmt.target, node, stmt.value)
            case ir.MakeNumberRefStmt():
                self._make(stmt.target, node, self.names.number(stmt.index))
            case ir.ArrayAppendStmt():
                return self._change(stmt.array, stmt.value)
            case ir.SetAddStmt():
                return self._change(stmt.set, stmt.value)
            case ir.ObjectInsertStmt():
                return self._change(stmt.object, stmt.value, stmt.key)
            case _:
                return False
        return True

    def _make(self, local: int, node: Node, value: Any) -> None:
        self.values[local] = value
        self.makers[local] = node
        self.finished.discard(local)

    def _change(self, local: int, operand: ir.Operand, name: ir.Operand | None = None) -> bool:
        if local not in self.values or local in self.finished:
            return False
        target, value = self.values[local], self.value(operand)
        stored = ... if name is None else self.value(name)
        if value is ... or (name is not None and stored is ...):
            return False
        if isinstance(target, dict) and name is not None:
            target[key(stored)] = value
        elif isinstance(target, list) and name is None:
            target.append(value)
        elif isinstance(target, RegoSet) and name is None:
            target.add(value)
        else:
            raise ValueError(f"a statement changes a {type(target).__name__} as if it were something else")
        return True


def fold(
    nodes: list[Node],
    index: int,
    constant: Callable[[ir.Operand], Any],
    names: Names,
    unsure: AbstractSet[int],
) -> Literal | None:
    """The literal that starts at `nodes[index]`, or None when it depends on anything or is changed later.

    `unsure` are locals whose uses can't all be told, so they count as read later.
    """
    run = _Run(constant, names)
    end = index
    while end < min(len(nodes), index + MAX_STATEMENTS) and run.step(nodes[end]):
        end += 1
    inside = {id(node) for node in nodes[index:end]}
    for maker in run.makers.values():
        if any(id(change) not in inside for change in maker.changes):
            return None
    read_later = {
        local: value
        for local, value in run.values.items()
        if local in unsure or any(id(user) not in inside for user in run.makers[local].users)
    }
    return Literal(read_later, end - index)
