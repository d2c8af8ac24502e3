"""What the checks hand to the planner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from policy_engine.rego.syntax.tree import Body, Module, Ref, String

Path: TypeAlias = tuple[str, ...]
"""Where something stands below `data`: ("a", "b", "p")."""


@dataclass(frozen=True, slots=True)
class CheckedModules:
    """Modules in the output form (see the package docstring)."""

    modules: tuple[Module, ...]
    arities: Mapping[str, int]
    """Builtins and their number of operands, as given."""
    rule_arities: Mapping[Path, int] = field(default_factory=dict)
    """Path of each rule whose ref has only strings to its number of arguments; 0 for what is no function."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Generated variable to its name in the source, where it has one."""

    def arity(self, operator: Ref) -> int | None:
        """How many operands a builtin or a function takes; -1 for any number; None if there is none."""
        name = operator.dotted
        if name in self.arities:
            return self.arities[name]
        if not name.startswith("data."):
            return None
        return self.rule_arities.get(tuple(step.value for step in operator.path if isinstance(step, String)))


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """A query in the output form; `==` is kept as `equal`, because a query may ask for its result."""

    body: Body
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Name of a variable in the query to the variable in the body that has its value; without `_` and generated ones."""
