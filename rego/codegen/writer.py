"""Lines of a Python function, with what stands for a plan's blocks and jumps.

A block is `while True: ... break`, so that an undefined statement is a `break`; a block without jumps is written
without the loop. A scan is a `for`, where undefined is `continue`. A jump over several blocks sets `B` to the number
still to leave, and each block on the way is followed by a test of `B`.

CPython allows 20 nested blocks. A function with more keeps its locals in a list `F`, and its inner blocks move to
functions of their own over that list.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from policy_engine.rego.codegen.nodes import BodyFacts, Facts, Node, assigned_within
from policy_engine.rego.plan import ir

MAX_DEPTH_INLINE: Final = 15
"""Blocks nested deeper than this are moved out; each may need a `try` or a flag more."""


@dataclass(slots=True)
class Level:
    """A block that is being written: whether something jumps to its end, or through it."""

    scan: bool
    used: bool = False
    crossed: bool = False


@dataclass(slots=True)
class Known:
    """What is known of locals at the place that is being written."""

    constants: dict[int, Any] = field(default_factory=dict)
    undefined: set[int] = field(default_factory=set)
    base: set[int] = field(default_factory=set)
    """Locals that hold part of the base documents."""

    def forget(self, locals_: Iterable[int]) -> None:
        for local in locals_:
            self.constants.pop(local, None)
            self.undefined.discard(local)
            self.base.discard(local)

    def copy(self) -> Known:
        return Known(dict(self.constants), set(self.undefined), set(self.base))


@dataclass(frozen=True, slots=True)
class PathLoad:
    """Looking up `steps` below input or data; how it is written is decided when all uses of the path are known."""

    target: str
    frame: str
    root: int
    source: str
    steps: tuple[str, ...]
    leave: str


Line = tuple[int, "str | PathLoad", ir.Location]


class Writer:
    """Writes one plan function: `lines` grows, and `outlined` holds the functions that were moved out."""

    def __init__(self, name: str, facts: Facts) -> None:
        self.name = name
        self.facts = facts
        self.framed = facts.depth > MAX_DEPTH_INLINE
        self.lines: list[Line] = []
        self.outlined: list[list[Line]] = []
        self.known = Known()
        self.body = BodyFacts()
        self.location = ir.NOWHERE
        self.jumps_far = False
        self.variables: dict[str, int] = {}
        self._levels: list[Level] = []
        self._indent = 1
        self._depth = 0
        self._fresh = 0
        self.moved_out = False
        self.used: set[str] = set()

    # --- names --------------------------------------------------------------------------------------------------

    def variable(self, name: str) -> str:
        """How the code names a variable: itself, or its place in the list when locals are kept in one."""
        self.used.add(name)
        if not self.framed:
            return name
        return f"F[{self.variables.setdefault(name, len(self.variables))}]"

    def local(self, number: int) -> str:
        return self.variable(f"l{number}")

    def fresh(self, letter: str) -> str:
        """A new variable."""
        self._fresh += 1
        name = f"{letter}{self._fresh}_"
        assert not keyword.iskeyword(name)  # noqa: S101 - an invariant of this module
        return self.variable(name)

    def owned(self) -> str:
        """The table of the values that this function made, and may change in place."""
        return self.variable("owned")

    # --- lines --------------------------------------------------------------------------------------------------

    def put(self, text: str) -> None:
        self.lines.append((self._indent, text, self.location))

    def put_path(self, load: PathLoad) -> None:
        self.lines.append((self._indent, load, self.location))

    def put_deeper(self, *texts: str) -> None:
        """Lines one step to the right of the next."""
        for text in texts:
            self.lines.append((self._indent + 1, text, self.location))

    # --- jumps --------------------------------------------------------------------------------------------------

    def leave(self, count: int = 0) -> str:
        """The statement that ends the current block and `count` more."""
        count = min(count, len(self._levels) - 1)
        innermost = self._levels[-1]
        innermost.used = True
        if count == 0:
            return "continue" if innermost.scan else "break"
        for level in self._levels[-count:]:
            level.crossed = True
        self.jumps_far = True
        return f"{self.variable('B')} = {count}; break"

    def fail_if(self, condition: str) -> None:
        self.put(f"if {condition}: {self.leave()}")

    def _pass_on(self) -> None:
        """Behind a block that jumps cross: leave this one too if there is more to leave."""
        far = self.variable("B")
        here = self._levels[-1]
        here.used = True
        self.put(f"if {far}:")
        self.put_deeper(f"{far} -= 1")
        if here.crossed and here.scan:
            self.put_deeper(f"if {far}: break")
        self.put_deeper("continue" if here.scan else "break")

    # --- blocks -------------------------------------------------------------------------------------------------

    def block(
        self,
        nodes: list[Node],
        statements: Callable[[Writer, list[Node]], bool],
        *,
        head: str | None = None,
        at_end: str | None = None,
    ) -> bool:
        """Write a block; a scan has a `head` (its `for`), and `at_end` runs when the end is reached.

        Returns whether jumps cross the block; after what must happen behind it, `pass_on` has to follow.
        """
        touched = assigned_within(nodes)
        before = self.known
        self.known = before.copy()
        if head is not None:
            # What the body assigns may come around from the round before.
            self.known.forget(touched)
        crossed = (
            self._outlined(nodes, statements, head, at_end)
            if self._too_deep()
            else self._inline(nodes, statements, head, at_end)
        )
        self.known = before
        self.known.forget(touched)
        return crossed

    def _too_deep(self) -> bool:
        return self.framed and self._depth >= MAX_DEPTH_INLINE

    def _inline(
        self,
        nodes: list[Node],
        statements: Callable[[Writer, list[Node]], bool],
        head: str | None,
        at_end: str | None,
    ) -> bool:
        level = Level(scan=head is not None)
        self._levels.append(level)
        mark = len(self.lines)
        self._depth += 1
        end_reached = statements(self, nodes)
        if end_reached and at_end is not None:
            self.put(at_end)
        self._depth -= 1
        self._levels.pop()
        if head is not None:
            self._wrap(mark, head)
        elif level.used:
            if [line[1] for line in self.lines[mark:]] == ["break"]:
                del self.lines[mark:]
                return level.crossed
            if end_reached:
                self.put("break")
            self._wrap(mark, "while True:")
        return level.crossed

    def _wrap(self, mark: int, head: str) -> None:
        body = self.lines[mark:] or [(self._indent, "pass", self.location)]
        place = body[0][2]
        self.lines[mark:] = [
            (self._indent, head, place),
            *((indent + 1, text, at) for indent, text, at in body),
        ]

    def _outlined(
        self,
        nodes: list[Node],
        statements: Callable[[Writer, list[Node]], bool],
        head: str | None,
        at_end: str | None,
    ) -> bool:
        name = f"{self.name}_{len(self.outlined) + 1}"
        function: list[Line] = []
        self.outlined.append(function)
        outer = self.lines, self._indent, self._depth, self.moved_out
        self.lines, self._indent, self._depth, self.moved_out = [], 1, 0, True
        crossed = self._inline(nodes, statements, head, at_end)
        function.extend([(0, f"def {name}(F):", self.location), *self.lines, (1, "return", self.location)])
        self.lines, self._indent, self._depth, self.moved_out = outer
        self.put(f"{name}(F)")
        return crossed

    def pass_on(self, crossed: bool) -> None:
        """Behind a block: go on leaving when jumps crossed it (at the top of a function there is nothing left)."""
        if crossed and self._levels:
            self._pass_on()
        elif crossed:
            self.put(f"{self.variable('B')} = 0")
