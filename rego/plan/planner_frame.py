"""What the parts of the planner share while they write one function: variables, environment, writer, and each other.

A variable is *known* once it has an operand. Planning goes through a body in the order in which the checks left it,
so whatever is unknown when it is met gets bound there: by a scan, by `=`, or as a parameter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from policy_engine.rego.errors import Issue, RegoCompileError
from policy_engine.rego.plan import ir
from policy_engine.rego.plan.blocks import Constants, Writer
from policy_engine.rego.plan.environment import Environment
from policy_engine.rego.plan.planner_body import BodyPlanner
from policy_engine.rego.plan.planner_calls import CallPlanner
from policy_engine.rego.plan.planner_data import DataPlanner
from policy_engine.rego.plan.planner_terms import TermPlanner
from policy_engine.rego.plan.planner_unify import Unifier
from policy_engine.rego.plan.rule_tree import Node, RuleGroup
from policy_engine.rego.syntax.tree import Place, Var

INPUT = ir.Local(ir.INPUT)
DATA = ir.Local(ir.DATA)


class Program(Protocol):
    """What all functions of a plan share."""

    constants: Constants
    tree: Node

    def function(self, group: RuleGroup, environment: Environment) -> tuple[str, Environment]:
        """The function for a group of rules, and what of the environment it depends on; it will be planned."""
        ...

    def builtin_arity(self, name: str) -> int | None:
        """How many operands a builtin has; None if there is no such builtin."""
        ...


class Frame:
    """The function that is being planned."""

    def __init__(self, program: Program, environment: Environment, writer: Writer) -> None:
        self.program = program
        self.environment = environment
        self.writer = writer
        self.documents: set[int] = set()
        """Locals with parts of base documents, which look up numbers in another way than values do."""
        self._scopes: list[dict[str, ir.Operand]] = [{}]
        self.terms = TermPlanner(self)
        self.data = DataPlanner(self)
        self.calls = CallPlanner(self)
        self.unifier = Unifier(self)
        self.bodies = BodyPlanner(self)

    def known(self, variable: str) -> ir.Operand | None:
        for scope in reversed(self._scopes):
            operand = scope.get(variable)
            if operand is not None:
                return operand
        return None

    def bind(self, variable: str, operand: ir.Operand) -> None:
        """Make a variable known. `input` and `data` are copied, because `with` changes their locals."""
        if operand in (INPUT, DATA) or (isinstance(operand, ir.Local) and operand.value in self.documents):
            operand = self.writer.make(ir.AssignVarStmt, source=operand)
        self._scopes[-1][variable] = operand

    @contextmanager
    def scope(self) -> Iterator[dict[str, ir.Operand]]:
        """Variables that become known inside are unknown again afterwards."""
        mine: dict[str, ir.Operand] = {}
        self._scopes.append(mine)
        try:
            yield mine
        finally:
            self._scopes.pop()

    @contextmanager
    def within(self, environment: Environment) -> Iterator[None]:
        before = self.environment
        self.environment = environment
        try:
            yield
        finally:
            self.environment = before

    def function(self, group: RuleGroup) -> tuple[str, tuple[ir.Operand, ...]]:
        """The function for a group of rules here, and its first arguments."""
        name, environment = self.program.function(group, self.environment)
        handed_down = self.terms.values([Var(variable) for variable in environment.variables])
        return name, (INPUT, DATA, *handed_down)

    def refused(self, message: str, place: Place) -> RegoCompileError:
        """The error for what can't be planned."""
        file = self.writer.file or None
        return RegoCompileError(
            [Issue("rego_compile_error", message, file, place.row or None, place.column or None)]
        )
