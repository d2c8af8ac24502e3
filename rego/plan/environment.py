"""What `with` changes about the meaning of names: documents that hide rules, and functions that stand for others.

`with input as …` changes a value at run time and nothing here. But when `with data.a as …` hides rules, or
`with f as g` puts one function in another's place, the rules that are evaluated below mean something else, so their
functions are planned once more for that environment. Equal environments share them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from policy_engine.rego.plan.rule_tree import Node, Path
from policy_engine.rego.syntax.tree import Boolean, Null, Number, Ref, String


@dataclass(frozen=True, slots=True)
class FunctionMock:
    """Calls go to another function, named by this ref."""

    function: Ref


@dataclass(frozen=True, slots=True)
class TermMock:
    """Calls give a constant, or the value that a rule has where the call stands."""

    term: Null | Boolean | Number | String | Ref


@dataclass(frozen=True, slots=True)
class ValueMock:
    """Calls give a value that is handed down as a parameter, `variable` inside of each function."""

    variable: str


Mock: TypeAlias = FunctionMock | TermMock | ValueMock


@dataclass(frozen=True, slots=True)
class Environment:
    hidden: frozenset[Path] = frozenset()
    """Paths below `data` whose rules a document hides."""
    mocks: tuple[tuple[str, Mock], ...] = field(default=())
    """What stands for a function, by its dotted name; sorted."""

    def changed(self, hidden: Iterable[Path], mocks: Mapping[str, Mock]) -> Environment:
        merged = dict(self.mocks) | dict(mocks)
        return Environment(
            self.hidden | frozenset(hidden), tuple(sorted(merged.items(), key=lambda item: item[0]))
        )

    def without_mocks(self) -> Environment:
        """For the body of a stand-in, which may call what it stands for."""
        return replace(self, mocks=())

    def mock(self, name: str) -> Mock | None:
        return next((mock for mocked, mock in self.mocks if mocked == name), None)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that every function of this environment gets as parameters."""
        return tuple(mock.variable for _, mock in self.mocks if isinstance(mock, ValueMock))

    def child(self, node: Node, step: str) -> Node | None:
        """The child of a node, unless there is none or a document hides it."""
        found = node.children.get(step)
        return None if found is None or found.path in self.hidden else found

    def children(self, node: Node) -> list[tuple[str, Node]]:
        """The children that no document hides, sorted."""
        return [
            (step, child) for step, child in sorted(node.children.items()) if child.path not in self.hidden
        ]
