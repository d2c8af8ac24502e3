"""Which rules a change of the environment reaches at all.

`with time.now_ns as 0` in a test needs another version of the rules that ask for the time, directly or through other
rules. All others keep the one they have; without this, every test would bring a copy of the whole policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy_engine.rego.checks.walk import everything, rule_nodes
from policy_engine.rego.plan.environment import Environment, FunctionMock, Mock, TermMock
from policy_engine.rego.plan.rule_tree import Node, Path, RuleGroup, constant_prefix, function_path
from policy_engine.rego.syntax.tree import Call, Ref, Var

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Used:
    """The functions that are called, by dotted name, and the paths below `data` that are read."""

    names: frozenset[str]
    paths: frozenset[Path]


class RuleUses:
    def __init__(self, tree: Node) -> None:
        self._tree = tree
        self._direct: dict[int, Used] = {}
        self._all: dict[int, Used] = {}

    def relevant(self, environment: Environment, group: RuleGroup) -> Environment:
        """What is left of an environment for the rules of a group."""
        if not environment.hidden and not environment.mocks:
            return environment
        used = self._used(group)
        names, paths = set(used.names), set(used.paths)
        mocks: dict[str, Mock] = {}
        while more := {name: mock for name, mock in environment.mocks if name in names and name not in mocks}:
            mocks |= more
            for mock in more.values():
                self._add_stand_in(mock, names, paths)
        hidden = frozenset(path for path in environment.hidden if any(_touch(path, other) for other in paths))
        return Environment(hidden, tuple(item for item in environment.mocks if item[0] in mocks))

    def _add_stand_in(self, mock: Mock, names: set[str], paths: set[Path]) -> None:
        """What is used by what stands for a function; names only if its body sees the replacements itself."""
        ref = (
            mock.function
            if isinstance(mock, FunctionMock)
            else mock.term
            if isinstance(mock, TermMock)
            else None
        )
        path = function_path(ref) if isinstance(ref, Ref) else None
        if path is None:
            return
        paths.add(path)
        for group in self._groups(path):
            used = self._used(group)
            paths |= used.paths
            if isinstance(mock, TermMock):
                names |= used.names

    def _used(self, group: RuleGroup) -> Used:
        """What the rules of a group use, and all that these use in turn."""
        found = self._all.get(id(group))
        if found is None:
            names: set[str] = set()
            paths: set[Path] = set()
            seen, waiting = {id(group)}, [group]
            while waiting:
                direct = self._directly(waiting.pop())
                names |= direct.names
                for path in direct.paths - paths:
                    reached = [other for other in self._groups(path) if id(other) not in seen]
                    seen.update(map(id, reached))
                    waiting.extend(reached)
                paths |= direct.paths
            found = self._all[id(group)] = Used(frozenset(names), frozenset(paths))
        return found

    def _directly(self, group: RuleGroup) -> Used:
        found = self._direct.get(id(group))
        if found is None:
            names, paths = set(), set()
            for placed in group.rules:
                for link in placed.rule.chain():
                    for node in everything(*rule_nodes(link)):
                        ref = node.operator if isinstance(node, Call) else node
                        if isinstance(node, Call):
                            names.add(node.name)
                        if isinstance(ref, Ref) and isinstance(ref.head, Var) and ref.head.name == "data":
                            paths.add(constant_prefix(ref.path))
            found = self._direct[id(group)] = Used(frozenset(names), frozenset(paths))
        return found

    def _groups(self, path: Path) -> Iterator[RuleGroup]:
        """The groups above, at and below a path."""
        node: Node | None = self._tree
        for step in path:
            if node is None or node.group is not None:
                break
            node = node.children.get(step)
        if node is None:
            return
        if node.group is not None:
            yield node.group
        yield from (below.group for below in node.below() if below.group is not None)


def _touch(path: Path, other: Path) -> bool:
    shorter = min(len(path), len(other))
    return path[:shorter] == other[:shorter]
