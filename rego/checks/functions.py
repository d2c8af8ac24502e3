"""Calls: the function exists and gets as many operands as it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from policy_engine.rego.checks.problems import TYPE, Problems
from policy_engine.rego.checks.walk import Node, everything, show
from policy_engine.rego.syntax.tree import Call, Expr, Ref, Var, With

METADATA: Final = frozenset({"rego.metadata.chain", "rego.metadata.rule"})
"""A compiler puts what annotations say in the place of these calls; at run time they would be undefined."""
Arity = Callable[[Ref], int | None]


class Functions:
    """`suggest` gives the name that was perhaps meant instead of an unknown one, or None."""

    def __init__(
        self, arity: Arity, sources: dict[str, str], suggest: Callable[[str], str | None], problems: Problems
    ) -> None:
        self._arity = arity
        self._sources = sources
        self._suggest = suggest
        self._problems = problems

    def check(self, file: str, *nodes: Node) -> None:
        """Report unknown functions, wrong numbers of operands and functions that are not called."""
        named: set[int] = set()
        for node in everything(*nodes):
            if isinstance(node, With):
                named |= {id(node.target), id(node.value)}
            message = ""
            if isinstance(node, Expr) and isinstance(node.what, Call):
                message = self._objection(node.what, node.generated)
            elif isinstance(node, Ref) and id(node) not in named and (self._arity(node) or 0) > 0:
                message = f"function {self._shown(node)} used as reference, not called"
            if message:
                self._problems.add(TYPE, message, file, node.place)

    def _objection(self, call: Call, generated: bool) -> str:
        arity = self._arity(call.operator)
        name = self._shown(call.operator)
        if call.name in METADATA:
            return f"undefined function {name}: annotations are not evaluated by this engine yet"
        if arity is None:
            meant = self._suggest(name)
            return f"undefined function {name}" + (f" (did you mean `{meant}`?)" if meant else "")
        if arity < 0:
            return ""
        given = len(call.args) - 1 if generated and call.name != "eq" else len(call.args)
        right = (arity,) if generated or call.name in ("eq", "assign") else (arity, arity + 1)
        if given in right:
            return ""
        if not name.startswith("data."):
            return f"{name}: arity mismatch\n\thave: {given} operands\n\twant: {arity} operands"
        return f"function {name} has arity {arity}, got {given} argument{'' if given == 1 else 's'}"

    def _shown(self, operator: Ref) -> str:
        head = operator.head
        if isinstance(head, Var) and head.name in self._sources:
            return show(Ref(Var(self._sources[head.name]), operator.path))
        return show(operator)
