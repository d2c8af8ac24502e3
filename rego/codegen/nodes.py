"""What the code generator knows about a body before it writes it.

A body becomes a tree of `Node`s, one per statement. Walking it once in the order of the text links every use of a
local to the assignment before it, which answers: is a literal changed after it was built, is a looked-up value used
only for the next look-up, may a local be read before it has a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from policy_engine.rego.plan import ir

_TARGETS: Final = ("target", "result")
_MAKES: Final = (ir.MakeArrayStmt, ir.MakeObjectStmt, ir.MakeSetStmt, ir.ResetLocalStmt, ir.ObjectMergeStmt)
_OPERANDS: Final = ("source", "key", "value", "a", "b")


@dataclass(slots=True, eq=False)
class Node:
    """A statement with its nested blocks, who reads what it assigns, and who changes that in place."""

    stmt: ir.Stmt
    blocks: list[list[Node]]
    users: list[Node] = field(default_factory=list)
    changes: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class BodyFacts:
    """What holds within one outermost block. The numbers of locals start again in each, so it is told block by block."""

    assigned_elsewhere: set[int] = field(default_factory=set)
    """Locals that are given a value which is not made here."""
    changed: set[int] = field(default_factory=set)
    """Locals whose value is changed in place by some statement."""
    live: set[int] = field(default_factory=set)
    """Locals whose value is of use to anything."""
    foreign: set[int] = field(default_factory=set)
    """Locals that are used with a value from outside of the block."""
    copies: list[tuple[int, int]] = field(default_factory=list)
    """Target and source of plain assignments."""

    def close(self) -> None:
        """A copied local is of use if the copy is."""
        growing = True
        while growing:
            found = {source for target, source in self.copies if target in self.live}
            growing = not found <= self.live
            self.live |= found


@dataclass(slots=True)
class Facts:
    """What holds for a whole function."""

    bodies: list[BodyFacts] = field(default_factory=list)
    shared: set[int] = field(default_factory=set)
    """Locals whose value goes from one outermost block to another."""
    unsure: set[int] = field(default_factory=set)
    """Locals that may be read before anything was assigned to them."""
    borrows: bool = False
    """Whether a local that is changed in place may hold a value that was made elsewhere."""
    depth: int = 0
    """How deep blocks are nested."""


def targets(stmt: ir.Stmt) -> tuple[int, ...]:
    """The locals that a statement assigns."""
    if isinstance(stmt, ir.ScanStmt):
        return (stmt.key, stmt.value)
    if isinstance(stmt, ir.WithStmt):
        return (stmt.local,)
    return tuple(getattr(stmt, name) for name in _TARGETS if hasattr(stmt, name))


def changed_local(stmt: ir.Stmt) -> int | None:
    """The local whose value a statement changes in place."""
    match stmt:
        case ir.ArrayAppendStmt():
            return stmt.array
        case ir.SetAddStmt():
            return stmt.set
        case ir.ObjectInsertStmt() | ir.ObjectInsertOnceStmt():
            return stmt.object
        case _:
            return None


def sources(stmt: ir.Stmt) -> list[int]:
    """The locals that a statement reads (not those that it only changes in place)."""
    match stmt:
        case ir.CallStmt():
            operands: list[object] = list(stmt.args)
        case ir.CallDynamicStmt():
            operands = [*stmt.args, *stmt.path]
        case ir.ScanStmt() | ir.ReturnLocalStmt() | ir.IsDefinedStmt() | ir.IsUndefinedStmt():
            operands = [stmt.source]
        case ir.AssignVarOnceStmt():
            operands = [stmt.source, stmt.target]
        case ir.WithStmt():
            operands = [stmt.local, stmt.value]
        case ir.AssignIntStmt() | ir.MakeNumberIntStmt():
            operands = []
        case _:
            operands = [getattr(stmt, name) for name in _OPERANDS if hasattr(stmt, name)]
    locals_ = [item.value if isinstance(item, ir.Local) else item for item in operands]
    return [local for local in locals_ if type(local) is int]


def nested(stmt: ir.Stmt) -> Sequence[ir.Block]:
    """The blocks inside a statement."""
    if isinstance(stmt, ir.BlockStmt):
        return stmt.blocks
    if isinstance(stmt, ir.ScanStmt | ir.NotStmt | ir.WithStmt):
        return (stmt.block,)
    return ()


def build(blocks: Iterable[ir.Block], parameters: Iterable[int]) -> tuple[list[list[Node]], Facts]:
    """The nodes of a function's blocks, linked, and its facts."""
    builder = _Builder(parameters)
    tree = [builder.body(block) for block in blocks]
    builder.finish()
    return tree, builder.facts


class _Builder:
    def __init__(self, parameters: Iterable[int]) -> None:
        self.facts = Facts()
        self._parameters = frozenset(parameters)
        self._latest: dict[int, tuple[Node, int, BodyFacts]] = {}
        self._open: set[int] = set()
        self._blocks = 0
        self._body = BodyFacts()
        # Locals whose value comes, or may come, from another outermost block: they count in all of them.
        self._shared_reads: set[int] = set()
        self._shared_changes: set[int] = set()

    def body(self, block: ir.Block) -> list[Node]:
        self._body = BodyFacts()
        self.facts.bodies.append(self._body)
        return self._block(block, 1)

    def finish(self) -> None:
        self.facts.shared = self._shared_reads | self._shared_changes
        for body in self.facts.bodies:
            body.live |= self._shared_reads
            body.changed |= self._shared_changes
            body.close()
            self.facts.borrows = self.facts.borrows or bool(body.changed & body.assigned_elsewhere)

    def _block(self, block: ir.Block, depth: int) -> list[Node]:
        self._blocks += 1
        number = self._blocks
        self._open.add(number)
        self.facts.depth = max(self.facts.depth, depth)
        nodes = [self._node(stmt, number, depth) for stmt in block.stmts]
        self._open.discard(number)
        return nodes

    def _node(self, stmt: ir.Stmt, number: int, depth: int) -> Node:
        node = Node(stmt, [])
        for local in sources(stmt):
            if isinstance(stmt, ir.AssignVarStmt):
                self._body.copies.append((stmt.target, local))
            else:
                self._body.live.add(local)
            self._use(local, node, change=False)
        changed = changed_local(stmt)
        if changed is not None:
            self._body.changed.add(changed)
            self._use(changed, node, change=True)
        for local in targets(stmt):
            if not isinstance(stmt, _MAKES):
                self._body.assigned_elsewhere.add(local)
            self._latest[local] = (node, number, self._body)
        node.blocks = [self._block(block, depth + 1) for block in nested(stmt)]
        return node

    def _use(self, local: int, node: Node, *, change: bool) -> None:
        latest = self._latest.get(local)
        if latest is None:
            if local not in self._parameters:
                self.facts.unsure.add(local)
                self._body.foreign.add(local)
            return
        # A value from a block that is already closed is there only if that block ran so far.
        origin, block, body = latest
        if block not in self._open:
            self.facts.unsure.add(local)
            if body is not self._body:
                self._body.foreign.add(local)
                (self._shared_changes if change else self._shared_reads).add(local)
        (origin.changes if change else origin.users).append(node)


def assigned_within(nodes: Iterable[Node], *, changed: bool = True) -> set[int]:
    """All locals that statements of these nodes assign (or change in place), at any depth."""
    found: set[int] = set()
    for node in nodes:
        found.update(targets(node.stmt))
        local = changed_local(node.stmt) if changed else None
        if local is not None:
            found.add(local)
        for block in node.blocks:
            found |= assigned_within(block, changed=changed)
    return found
