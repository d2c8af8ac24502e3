"""All rules by where they stand below `data`, as a tree of constants.

A rule stands at the ground prefix of its ref: `p.q[x].r` of package `a` at data.a.p.q.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from policy_engine.rego.checks.walk import show
from policy_engine.rego.syntax.tree import Module, Ref, Rule, Scalar, String, Term, Var


@dataclass(frozen=True, slots=True, eq=False)
class PlacedRule:
    """A rule with its module and its whole path below `data`."""

    rule: Rule
    module: Module
    path: tuple[Term, ...]

    @property
    def ground(self) -> tuple[Term, ...]:
        """The constants that the path begins with."""
        for index, step in enumerate(self.path):
            if not isinstance(step, Scalar):
                return self.path[:index]
        return self.path

    @property
    def is_ground(self) -> bool:
        return all(isinstance(step, Scalar) for step in self.path)

    def shown(self, sources: Mapping[str, str]) -> str:
        """The whole ref as a message has it; `sources` has the names that variables had."""
        path = tuple(
            Var(sources.get(step.name, step.name)) if isinstance(step, Var) else step for step in self.path
        )
        return show(Ref(Var("data"), path))


@dataclass(slots=True, eq=False)
class Node:
    """One path; `rules` are those whose ground path ends here."""

    children: dict[Term, Node] = field(default_factory=dict)
    rules: list[PlacedRule] = field(default_factory=list)

    def find(self, path: Sequence[Term]) -> Node | None:
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            node = node.children.get(step)
        return node

    def below(self) -> Iterator[Node]:
        """The node and all nodes below it."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children.values()))

    def selected(self, path: Sequence[Term]) -> Iterator[PlacedRule]:
        """The rules that a ref with this path below `data` may need: on the way, at its end and below."""
        stack: list[tuple[Node, int]] = [(self, 0)]
        while stack:
            node, index = stack.pop()
            if index >= len(path):
                for lower in node.below():
                    yield from lower.rules
                continue
            step = path[index]
            if isinstance(step, Scalar):
                children = [node.children[step]] if step in node.children else []
            else:
                children = list(node.children.values())
            for child in children:
                if index + 1 < len(path):
                    yield from (placed for placed in child.rules if _may_meet(placed.path, path, index + 1))
                stack.append((child, index + 1))


def _may_meet(left: Sequence[Term], right: Sequence[Term], start: int) -> bool:
    """Whether two paths can be the same from `start` on, as far as both go; what is no constant can be anything."""
    for one, other in zip(left[start:], right[start:], strict=False):
        if isinstance(one, Scalar) and isinstance(other, Scalar) and one != other:
            return False
    return True


def build_tree(modules: Sequence[Module]) -> Node:
    """The tree of the rules of some modules."""
    root = Node()
    for module in modules:
        package = tuple(map(String, module.package.path))
        for rule in module.rules:
            placed = PlacedRule(rule, module, (*package, String(rule.head.name), *rule.head.ref.path))
            node = root
            for step in placed.ground:
                node = node.children.setdefault(step, Node())
            node.rules.append(placed)
    return root
