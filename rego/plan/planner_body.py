"""Bodies: expressions one after the other, each of which must hold; negation, `every` and `with`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from policy_engine.rego.plan import ir
from policy_engine.rego.plan.blocks import Draft
from policy_engine.rego.plan.environment import FunctionMock, Mock, TermMock, ValueMock
from policy_engine.rego.plan.rule_tree import Path, function_path
from policy_engine.rego.syntax.tree import (
    Body,
    Boolean,
    Call,
    Every,
    Expr,
    Ref,
    Scalar,
    Some,
    SomeIn,
    String,
    Term,
    Var,
    With,
)

if TYPE_CHECKING:
    from policy_engine.rego.plan.planner_frame import Frame


@dataclass(slots=True)
class _Replacements:
    """What the modifiers of one expression come to."""

    documents: list[tuple[int, tuple[int, ...], ir.Operand]] = field(default_factory=list)
    """Local of `input` or `data`, the path below it, and the value."""
    hidden: list[Path] = field(default_factory=list)
    mocks: dict[str, Mock] = field(default_factory=dict)
    handed_down: dict[str, ir.Operand] = field(default_factory=dict)


class BodyPlanner:
    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._writer = frame.writer

    def body(self, body: Body) -> None:
        """All expressions; afterwards the cursor is where they hold."""
        for expr in body:
            self._writer.at(expr.place)
            written = self._writer.written
            self.expression(expr)
            if self._writer.written == written and not expr.generated:
                self._writer.put(ir.NopStmt)  # keeps the line visible to coverage

    def expression(self, expr: Expr) -> None:
        if expr.withs:
            self._with(expr)
        elif expr.negated:
            self._not(expr.what)
        else:
            self._plain(expr.what)

    def _plain(self, what: Any) -> None:
        if isinstance(what, Call):
            self._frame.calls.expression(what)
        elif isinstance(what, Every):
            self._every(what)
        elif isinstance(what, Some | SomeIn):
            raise self._frame.refused("`some` has to be resolved before planning", what.place)
        else:
            self._test(what)

    def _test(self, term: Term) -> None:
        if isinstance(term, Boolean) and not term.value:
            self._writer.fail()
        elif isinstance(term, Ref | Var):
            self._writer.put(ir.NotEqualStmt, a=self._frame.terms.value(term), b=ir.Bool(False))
        elif not isinstance(term, Scalar):
            self._frame.terms.value(term)

    # --- negation and quantifiers -----------------------------------------------------------------------------------

    def _not(self, what: Any) -> None:
        self._unless(lambda: self._plain(what))

    def _unless(self, plan: Callable[[], None]) -> None:
        """Go on when the planned code fails.

        A negated block counts as failed unless its end is reached. Inside a scan there is no such end, so a scan notes
        its success in a local that is checked at the end.
        """
        block = Draft()
        with self._frame.scope(), self._writer.nested(block):
            plan()
            if self._writer.cursor is not block:
                found = self._writer.local()
                self._writer.put(ir.AssignVarStmt, source=ir.Bool(True), target=found)
                block.stmts.insert(0, ir.ResetLocalStmt(target=found))
                self._writer.cursor = block
                self._writer.put(ir.IsDefinedStmt, source=found)
        self._writer.nest(ir.NotStmt, block)

    def _every(self, every: Every) -> None:
        """No member may be found for which the body doesn't hold."""
        domain = ir.Local(self._writer.as_local(self._frame.terms.value(every.domain)))
        self._must_be_collection(domain)
        missed = self._writer.local()
        self._writer.put(ir.ResetLocalStmt, target=missed)
        with self._frame.scope(), self._writer.nested(self._writer.cursor):
            key, value = self._writer.open_scan(domain)
            self._writer.put(ir.IsUndefinedStmt, source=missed)
            if every.key is not None:
                self._frame.bind(every.key.name, key)
            self._frame.bind(every.value.name, value)
            self._unless(lambda: self.body(every.body))
            self._writer.put(ir.AssignVarStmt, source=ir.Bool(True), target=missed)
        self._writer.put(ir.IsUndefinedStmt, source=missed)

    def _must_be_collection(self, domain: ir.Local) -> None:
        kinds = []
        for kind in (ir.IsArrayStmt, ir.IsObjectStmt, ir.IsSetStmt):
            with self._writer.nested() as block:
                self._writer.put(kind, source=domain)
                self._writer.taken()
            kinds.append(block)
        self._writer.choose(kinds)

    # --- with -------------------------------------------------------------------------------------------------------

    def _with(self, expr: Expr) -> None:
        """The expression runs inside its modifiers; what follows runs outside of them.

        If it can only hold once, what follows simply stands behind. If it scans, its results are gathered first.
        """
        inner = Expr(expr.what, expr.negated, place=expr.place)
        changes = self._replacements(expr.withs)
        if not changes.documents:
            bound = self._within(changes, inner)
        else:
            block = Draft()
            gathered = self._writer.local()
            with self._writer.nested(block):
                bound = self._within(changes, inner)
                scans = self._writer.cursor is not block
                if scans:
                    row = self._frame.data.row([*bound.values(), ir.Bool(True)])
                    self._writer.put(ir.ArrayAppendStmt, value=row, array=gathered)
            if scans:
                self._writer.put(ir.MakeArrayStmt, target=gathered)
            self._nest_documents(changes, block)
            if scans:
                _, row = self._writer.open_scan(ir.Local(gathered))
                *values, _ = self._frame.data.read_row(row, len(bound) + 1)
                bound = dict(zip(bound, values, strict=True))
        for name, operand in bound.items():
            self._frame.bind(name, operand)

    def _within(self, changes: _Replacements, expr: Expr) -> dict[str, ir.Operand]:
        """Plan the expression for what its modifiers make of names; answers the variables that it binds."""
        environment = self._frame.environment.changed(changes.hidden, changes.mocks)
        with self._frame.scope() as handed_down, self._frame.within(environment):
            handed_down.update(changes.handed_down)
            with self._frame.scope() as bound:
                self.expression(expr)
        return bound

    def _nest_documents(self, changes: _Replacements, block: Draft) -> None:
        for local, path, value in reversed(changes.documents):
            with self._writer.nested() as outer:
                self._writer.nest(ir.WithStmt, block, local=local, path=path, value=value)
            block = outer
        self._writer.cursor.stmts.extend(block.stmts)

    def _replacements(self, withs: Sequence[With]) -> _Replacements:
        """The values come first, all of them evaluated outside of the modifiers."""
        changes = _Replacements()
        for modifier in withs:
            self._replacement(modifier, changes)
        return changes

    def _replacement(self, modifier: With, changes: _Replacements) -> None:
        target = modifier.target
        calls, terms = self._frame.calls, self._frame.terms
        root = target.head.name if isinstance(target.head, Var) else ""
        if root in ("input", "data") and calls.function_group(target) is None:
            path = tuple(self._path_step(step, modifier) for step in target.path)
            local = ir.INPUT if root == "input" else ir.DATA
            changes.documents.append((local, path, terms.value(modifier.value)))
            below = function_path(target)
            if below is not None and self._frame.program.tree.find(below) is not None:
                changes.hidden.append(below)
        else:
            changes.mocks[target.dotted] = self._mock(target.dotted, modifier.value, changes)

    def _path_step(self, step: Term, modifier: With) -> int:
        if not isinstance(step, String):
            raise self._frame.refused("the target of `with` must be a path of constant names", modifier.place)
        return self._writer.constants.string(step.value)

    def _mock(self, name: str, value: Term, changes: _Replacements) -> Mock:
        if isinstance(value, Ref) and self._is_function(value):
            return FunctionMock(value)
        if isinstance(value, Scalar) or (isinstance(value, Ref) and self._is_rule(value)):
            return TermMock(value)
        variable = f"with {name}"
        changes.handed_down[variable] = self._frame.terms.value(value)
        return ValueMock(variable)

    def _is_rule(self, ref: Ref) -> bool:
        path = function_path(ref)
        return path is not None and self._frame.program.tree.find(path) is not None

    def _is_function(self, ref: Ref) -> bool:
        if self._frame.calls.function_group(ref) is not None:
            return True
        known = isinstance(ref.head, Var) and self._frame.known(ref.head.name) is not None
        return not known and self._frame.program.builtin_arity(ref.dotted) is not None
