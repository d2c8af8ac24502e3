"""Terms: code that leaves the value of a term in an operand. Undefined terms end the block that the code stands in.

A term may have several values (`input.xs[i]` with an unknown `i`). Then the code scans, and the cursor is inside the
scan afterwards: what is planned next runs for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from policy_engine.rego.plan import ir
from policy_engine.rego.plan.blocks import Draft
from policy_engine.rego.syntax.tree import (
    Array,
    ArrayComprehension,
    Body,
    Boolean,
    Null,
    Number,
    Object,
    ObjectComprehension,
    Ref,
    Set,
    SetComprehension,
    String,
    Term,
    Var,
)

if TYPE_CHECKING:
    from policy_engine.rego.plan.planner_frame import Frame

_INT64 = 2**63


class TermPlanner:
    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._writer = frame.writer
        self._kinds: dict[type, Callable[[Any], ir.Operand]] = {
            Null: lambda _: self._writer.make(ir.MakeNullStmt),
            Boolean: lambda term: ir.Bool(term.value),
            Number: self._number,
            String: lambda term: self._writer.string(term.value),
            Var: self._variable,
            Ref: self._ref,
            Array: self._array,
            Object: self._object,
            Set: self._set,
            ArrayComprehension: self._array_comprehension,
            SetComprehension: self._set_comprehension,
            ObjectComprehension: self._object_comprehension,
        }

    def value(self, term: Term) -> ir.Operand:
        """Write code for a term."""
        kind = self._kinds.get(type(term))
        if kind is None:
            name = type(term).__name__.lower()
            raise self._frame.refused(
                f"a {name} can't stand here: it has to be an expression of its own", term.place
            )
        return kind(term)

    def values(self, terms: Sequence[Term]) -> list[ir.Operand]:
        return [self.value(term) for term in terms]

    # --- what is unknown --------------------------------------------------------------------------------------------

    def is_pattern(self, term: Term) -> bool:
        """Whether a value can be matched against the term to bind unknown variables in it."""
        if isinstance(term, Var):
            return term.name not in ("input", "data") and self._frame.known(term.name) is None
        if isinstance(term, Array):
            return any(map(self.is_pattern, term.items))
        if isinstance(term, Object):
            return any(self.is_pattern(value) for _, value in term.pairs)
        return False

    def unknown(self, term: Term) -> Iterator[str]:
        """The unknown variables of a pattern."""
        if isinstance(term, Var):
            if self.is_pattern(term):
                yield term.name
        elif isinstance(term, Array):
            for item in term.items:
                yield from self.unknown(item)
        elif isinstance(term, Object):
            for _, value in term.pairs:
                yield from self.unknown(value)

    def missing(self, term: Term) -> Iterator[str]:
        """The unknown variables without which a term has no value; a scan over a ref finds those in its path itself."""
        if isinstance(term, Var):
            yield from self.unknown(term)
        elif isinstance(term, Ref):
            yield from self.missing(term.head)
            for step in term.path:
                if isinstance(step, Ref):
                    yield from self.missing(step)
        elif isinstance(term, Array | Set):
            for item in term.items:
                yield from self.missing(item)
        elif isinstance(term, Object):
            for key, value in term.pairs:
                yield from self.missing(key)
                yield from self.missing(value)

    # --- scalars and variables --------------------------------------------------------------------------------------

    def _number(self, term: Number) -> ir.Operand:
        value = term.value
        if isinstance(value, int) and -_INT64 <= value < _INT64:
            return self._writer.make(ir.MakeNumberIntStmt, value=value)
        return self._writer.make(ir.MakeNumberRefStmt, index=self._writer.constants.string(term.text))

    def _variable(self, term: Var) -> ir.Operand:
        if term.name in ("input", "data"):
            return self._ref(Ref(term, (), term.place))
        operand = self._frame.known(term.name)
        if operand is None:
            shown = "_" if term.is_wildcard else term.name
            raise self._frame.refused(f"var `{shown}` is unsafe: give it a value before this", term.place)
        return operand

    # --- refs -------------------------------------------------------------------------------------------------------

    def _ref(self, term: Ref) -> ir.Operand:
        head = term.head
        if isinstance(head, Var) and head.name == "data":
            return self._frame.data.ref(term.path)
        if isinstance(head, Var) and head.name == "input":
            if not term.path:
                self._writer.put(ir.IsDefinedStmt, source=ir.INPUT)
            return self.steps(ir.Local(ir.INPUT), term.path)
        return self.steps(self.value(head), term.path)

    def steps(self, source: ir.Operand, path: Sequence[Term]) -> ir.Operand:
        """Go down from a value: look up what is known, scan for what isn't."""
        for step in path:
            if self.is_pattern(step):
                key, source = self._writer.open_scan(source)
                self._frame.unifier.match(key, step)
            else:
                source = self._writer.make(ir.DotStmt, source=source, key=self.value(step))
        return source

    # --- composite values -------------------------------------------------------------------------------------------
    # The members come first, the container after them: a member that scans must not find the container half filled.

    def _array(self, term: Array) -> ir.Operand:
        items = self.values(term.items)
        target = self._writer.make(ir.MakeArrayStmt, capacity=len(items))
        for item in items:
            self._writer.put(ir.ArrayAppendStmt, value=item, array=target.value)
        return target

    def _object(self, term: Object) -> ir.Operand:
        pairs = [(self.value(key), self.value(value)) for key, value in term.pairs]
        target = self._writer.make(ir.MakeObjectStmt)
        for key, value in pairs:
            self._writer.put(ir.ObjectInsertStmt, key=key, value=value, object=target.value)
        return target

    def _set(self, term: Set) -> ir.Operand:
        items = self.values(term.items)
        target = self._writer.make(ir.MakeSetStmt)
        for item in items:
            self._writer.put(ir.SetAddStmt, value=item, set=target.value)
        return target

    # --- comprehensions ---------------------------------------------------------------------------------------------

    def _array_comprehension(self, term: ArrayComprehension) -> ir.Operand:
        target = self._writer.make(ir.MakeArrayStmt)

        def add() -> None:
            self._writer.put(ir.ArrayAppendStmt, value=self.value(term.head), array=target.value)

        return self._comprehension(term.body, add, target)

    def _set_comprehension(self, term: SetComprehension) -> ir.Operand:
        target = self._writer.make(ir.MakeSetStmt)

        def add() -> None:
            self._writer.put(ir.SetAddStmt, value=self.value(term.head), set=target.value)

        return self._comprehension(term.body, add, target)

    def _object_comprehension(self, term: ObjectComprehension) -> ir.Operand:
        target = self._writer.make(ir.MakeObjectStmt)

        def add() -> None:
            key, value = self.value(term.key), self.value(term.value)
            self._writer.put(ir.ObjectInsertOnceStmt, key=key, value=value, object=target.value)

        return self._comprehension(term.body, add, target)

    def _comprehension(self, body: Body, add: Callable[[], None], target: ir.Local) -> ir.Operand:
        block = Draft()
        with self._frame.scope(), self._writer.nested(block):
            self._frame.bodies.body(body)
            add()
        self._writer.nest(ir.BlockStmt, block)
        return target
