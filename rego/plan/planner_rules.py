"""The function for a group of rules: what the rules of one path say together.

Complete rules and functions assign their value once (another value is a conflict). Partial rules fill a set or an
object. Of an else chain the first rule that holds counts. A default applies when nothing else did.

When all rules of a path give the same constant, as in `allow if …`, the first one that holds returns at once: nothing
that comes after could change the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from policy_engine.rego.plan import ir
from policy_engine.rego.plan.blocks import Draft, Writer
from policy_engine.rego.plan.environment import Environment
from policy_engine.rego.plan.planner_frame import Frame
from policy_engine.rego.plan.rule_tree import PlacedRule, RuleGroup
from policy_engine.rego.syntax.tree import TRUE, Rule, Scalar, Term

if TYPE_CHECKING:
    from policy_engine.rego.plan.planner_frame import Program


class FunctionPlanner:
    """Plans one function; use it once."""

    def __init__(
        self, program: Program, group: RuleGroup, environment: Environment, *, early_exit: bool = True
    ) -> None:
        self._group = group
        self._builds_object, self._builds_set = group.builds_object, group.builds_set
        self._early_exit = early_exit
        self._exits_early = False
        self._unassigned = True
        self._block_of_rule = Draft()
        self._handed_down = environment.variables
        parameters = 2 + len(self._handed_down)
        self._return = parameters
        self._args = range(parameters + 1, parameters + 1 + group.arity)
        self._writer = Writer(program.constants, parameters + 1 + group.arity)
        self._frame = Frame(program, environment, self._writer)
        for index, variable in enumerate(self._handed_down):
            self._frame.bind(variable, ir.Local(2 + index))
        self._top: list[Draft] = []

    def plan(self, name: str, generation: str) -> ir.Func:
        rules = [placed for placed in self._ordered() if not placed.rule.is_default]
        defaults = [placed for placed in self._group.rules if placed.rule.is_default]
        self._begin(rules or defaults)
        self._exits_early = self._early_exit and self._always_the_same(rules)
        for placed in rules:
            if placed.rule.otherwise is None:
                self._rule(placed, placed.rule)
            else:
                self._chain(placed, alone=len(rules) == 1)
        for placed in defaults:
            self._default(placed)
        with self._block(rules[0] if rules else defaults[0]):
            self._writer.put(ir.ReturnLocalStmt, source=self._return)
        return ir.Func(
            name=name,
            params=(ir.INPUT, ir.DATA, *range(2, 2 + len(self._handed_down)), *self._args),
            return_=self._return,
            blocks=tuple(block.frozen() for block in self._top),
            path=(generation, *self._group.path),
        )

    def _ordered(self) -> list[PlacedRule]:
        """Longer paths first: what they fill may not already stand as a finished value."""
        return sorted(self._group.rules, key=lambda placed: -len(placed.path))

    def _always_the_same(self, rules: Sequence[PlacedRule]) -> bool:
        if self._builds_object or self._builds_set:
            return False
        values = {_value(rule) for placed in rules for rule in placed.rule.chain()}
        return len(values) == 1 and isinstance(next(iter(values)), Scalar)

    def _begin(self, rules: Sequence[PlacedRule]) -> None:
        if self._builds_object or self._builds_set:
            kind = ir.MakeObjectStmt if self._builds_object else ir.MakeSetStmt
            with self._block(rules[0]):
                self._writer.put(kind, target=self._return)

    def _block(self, placed: PlacedRule) -> _TopBlock:
        return _TopBlock(self._writer, self._top, placed)

    # --- rules ------------------------------------------------------------------------------------------------------

    def _rule(self, placed: PlacedRule, rule: Rule) -> None:
        with self._block(placed) as self._block_of_rule, self._frame.scope():
            self._holds(rule)
            self._answer(placed, rule)
        self._unassigned = False

    def _holds(self, rule: Rule) -> None:
        """The arguments match and the body holds."""
        self._writer.at(rule.place)
        for local, pattern in zip(self._args, rule.head.args, strict=True):
            self._frame.unifier.match(ir.Local(local), pattern)
        self._frame.bodies.body(rule.body)
        self._writer.at(rule.place)

    def _answer(self, placed: PlacedRule, rule: Rule) -> None:
        terms = self._frame.terms
        if self._builds_object:
            self._fill(placed, rule)
        elif rule.head.key is not None:
            self._writer.put(ir.SetAddStmt, value=terms.value(rule.head.key), set=self._return)
        else:
            self._assign(rule, self._return)

    def _assign(self, rule: Rule, target: int) -> None:
        """The value of a complete rule or a function; only where it may have one already, conflicts are looked for."""
        source = self._frame.terms.value(_value(rule))
        first = self._exits_early or (self._unassigned and self._writer.cursor is self._block_of_rule)
        self._writer.put(ir.AssignVarStmt if first else ir.AssignVarOnceStmt, source=source, target=target)
        if self._exits_early:
            self._writer.put(ir.ReturnLocalStmt, source=target)

    def _fill(self, placed: PlacedRule, rule: Rule) -> None:
        """Insert into the object; the objects in between (and a set at the end) are made when they are missing."""
        terms = self._frame.terms
        steps = terms.values(placed.path[len(self._group.path) :])
        member = terms.value(_value(rule) if rule.head.key is None else rule.head.key)
        above, filled = self._return, []
        for step in steps[:-1]:
            below = self._member_of(above, step, ir.MakeObjectStmt)
            filled.append((above, step, below))
            above = below
        if rule.head.key is None:
            self._writer.put(ir.ObjectInsertOnceStmt, key=steps[-1], value=member, object=above)
        else:
            members = self._member_of(above, steps[-1], ir.MakeSetStmt)
            self._writer.put(ir.SetAddStmt, value=member, set=members)
            filled.append((above, steps[-1], members))
        for outer, step, inner in reversed(filled):
            self._writer.put(ir.ObjectInsertStmt, key=step, value=ir.Local(inner), object=outer)

    def _member_of(self, container: int, key: ir.Operand, kind: type[ir.Stmt]) -> int:
        target = self._writer.local()
        with self._writer.nested() as there:
            self._writer.put(ir.DotStmt, source=ir.Local(container), key=key, target=target)
            self._writer.taken()
        with self._writer.nested() as made:
            self._writer.put(kind, target=target)
            self._writer.taken()
        self._writer.choose([there, made])
        return target

    def _chain(self, placed: PlacedRule, *, alone: bool) -> None:
        """Each rule of a chain has a block of its own, and runs when none before it held."""
        held = self._return if alone and not self._builds_object else self._writer.local()
        blocks: list[Draft] = []
        with self._block(placed):
            for link in placed.rule.chain():
                with self._writer.nested() as block, self._frame.scope():
                    self._block_of_rule, self._unassigned = block, True
                    self._link(placed, link, held, first=not blocks)
                blocks.append(block)
            self._unassigned = False
            if held == self._return:
                self._top[-1:] = blocks
                return
            if not self._builds_object:
                with self._writer.nested() as block:
                    self._writer.put(ir.IsDefinedStmt, source=held)
                    self._writer.put(ir.AssignVarOnceStmt, source=ir.Local(held), target=self._return)
                blocks.append(block)
            self._writer.nest(ir.BlockStmt, *blocks)

    def _link(self, placed: PlacedRule, link: Rule, held: int, *, first: bool) -> None:
        self._writer.at(link.place)
        if not first:
            self._writer.put(ir.IsUndefinedStmt, source=held)
        elif held != self._return:
            self._writer.put(ir.ResetLocalStmt, target=held)
        self._holds(link)
        if self._builds_object:
            self._fill(placed, link)
            self._writer.put(ir.AssignVarStmt, source=ir.Bool(True), target=held)
        else:
            self._assign(link, held)

    def _default(self, placed: PlacedRule) -> None:
        rule = placed.rule
        self._exits_early, self._unassigned = False, True
        with self._block(placed) as self._block_of_rule, self._frame.scope():
            if self._builds_object:
                self._unless_filled(placed)
                self._frame.bodies.body(rule.body)
                self._fill(placed, rule)
            else:
                self._writer.put(ir.IsUndefinedStmt, source=self._return)
                self._frame.bodies.body(rule.body)
                self._answer(placed, rule)

    def _unless_filled(self, placed: PlacedRule) -> None:
        with self._writer.nested() as block:
            self._frame.terms.steps(ir.Local(self._return), placed.path[len(self._group.path) :])
        self._writer.nest(ir.NotStmt, block)


class _TopBlock:
    """One more block of the function, with the cursor in it."""

    def __init__(self, writer: Writer, top: list[Draft], placed: PlacedRule) -> None:
        self._writer = writer
        self._nested = writer.nested()
        self._top = top
        self._placed = placed

    def __enter__(self) -> Draft:
        block = self._nested.__enter__()
        self._top.append(block)
        self._writer.file = self._placed.file
        self._writer.at(self._placed.rule.head.place)
        return block

    def __exit__(self, *error: object) -> None:
        self._nested.__exit__(None, None, None)


def _value(rule: Rule) -> Term:
    return TRUE if rule.head.value is None else rule.head.value
