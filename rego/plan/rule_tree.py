"""The rules of all modules, arranged by where their values stand in `data`.

Each node is a path of strings below `data`. A node with a `RuleGroup` is where a function is planned: the group has
all rules with that path, and when one of them goes on with something that isn't a constant string (`p[x] := y`,
`p.q[x].r contains y`), also all rules anywhere below, because only together they make the value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from policy_engine.rego.syntax.tree import Module, Ref, Rule, String, Term, Var

Path = tuple[str, ...]

_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True, slots=True, eq=False)
class PlacedRule:
    """A rule, the file it stands in, and its whole path below `data`."""

    rule: Rule
    file: str
    path: tuple[Term, ...]


@dataclass(slots=True, eq=False)
class RuleGroup:
    """The rules that one function answers."""

    path: Path
    rules: list[PlacedRule] = field(default_factory=list)

    @property
    def arity(self) -> int:
        return len(self.rules[0].rule.head.args)

    @property
    def builds_object(self) -> bool:
        """Whether the value is an object that the rules fill together."""
        return any(len(placed.path) > len(self.path) for placed in self.rules)

    @property
    def builds_set(self) -> bool:
        return not self.builds_object and self.rules[0].rule.head.key is not None


@dataclass(slots=True, eq=False)
class Node:
    path: Path = ()
    children: dict[str, Node] = field(default_factory=dict)
    group: RuleGroup | None = None

    def insert(self, path: Sequence[str]) -> Node:
        node = self
        for step in path:
            node = node.children.setdefault(step, Node((*node.path, step)))
        return node

    def find(self, path: Sequence[str]) -> Node | None:
        node: Node | None = self
        for step in path:
            node = node.children.get(step) if node is not None else None
        return node

    def below(self) -> Iterator[Node]:
        for child in self.children.values():
            yield child
            yield from child.below()


def rule_tree(modules: Iterable[Module]) -> Node:
    """The tree of all rules; packages without rules are nodes too (their value is an empty object)."""
    root = Node()
    for module in modules:
        root.insert(module.package.path)
        for rule in module.rules:
            placed = PlacedRule(rule, module.file, full_path(module, rule))
            node = root.insert(constant_prefix(placed.path))
            if node.group is None:
                node.group = RuleGroup(node.path)
            node.group.rules.append(placed)
    _gather(root)
    return root


def full_path(module: Module, rule: Rule) -> tuple[Term, ...]:
    """Where the value of a rule stands below `data`; a head that was resolved to `data.…` already says it whole."""
    head = rule.head.ref.head
    if isinstance(head, Var) and head.name == "data":
        return rule.head.ref.path
    package = tuple(String(step) for step in module.package.path)
    return (*package, String(rule.head.name), *rule.head.ref.path)


def constant_prefix(path: Sequence[Term]) -> Path:
    """The strings at the beginning of a path."""
    steps: list[str] = []
    for step in path:
        if not isinstance(step, String):
            break
        steps.append(step.value)
    return tuple(steps)


def _gather(node: Node) -> None:
    """Move the rules below a group that builds an object into it."""
    if node.group is not None and node.children:
        for deeper in node.below():
            if deeper.group is not None:
                node.group.rules.extend(deeper.group.rules)
        node.children = {}
    for child in node.children.values():
        _gather(child)


def function_path(ref: Ref) -> Path | None:
    """The path below `data` that a ref of constant strings names, or None."""
    if not (isinstance(ref.head, Var) and ref.head.name == "data"):
        return None
    path = constant_prefix(ref.path)
    return path if len(path) == len(ref.path) else None


def dotted(path: Path) -> str:
    """`data.a["b c"]`"""
    return "data" + "".join(
        f".{step}" if _PLAIN_NAME.match(step) else f"[{json.dumps(step)}]" for step in path
    )
