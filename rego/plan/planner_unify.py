"""Unification: make two terms equal, binding what is unknown on either side.

Composite terms are taken apart into pairs. A pair waits while it needs a variable that another pair will bind, so
`[x, f(y)] = [y, 1]` works in either order, as the safety check of Rego promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from policy_engine.rego.plan import ir
from policy_engine.rego.syntax.tree import Array, Object, Scalar, Term, Var

if TYPE_CHECKING:
    from policy_engine.rego.plan.planner_frame import Frame

Side: TypeAlias = Term | ir.Operand
_OPERANDS = (ir.Local, ir.StringIndex, ir.Bool)


class Unifier:
    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._writer = frame.writer

    def unify(self, left: Term, right: Term) -> None:
        self._settle([(left, right)])

    def match(self, value: ir.Operand, term: Term) -> None:
        """Make a term equal to a value that is there."""
        self._settle([(value, term)])

    def _settle(self, waiting: list[tuple[Side, Side]]) -> None:
        while waiting:
            at = 0
            if len(waiting) > 1:
                at = next((index for index, pair in enumerate(waiting) if self._ready(*pair)), 0)
            left, right = waiting.pop(at)
            waiting[at:at] = self._pair(left, right)

    def _is_pattern(self, side: Side) -> bool:
        return not isinstance(side, _OPERANDS) and self._frame.terms.is_pattern(side)

    def _has_value(self, side: Side) -> bool:
        return isinstance(side, _OPERANDS) or next(self._frame.terms.missing(side), None) is None

    def _ready(self, left: Side, right: Side) -> bool:
        if isinstance(left, Array | Object) and isinstance(right, Array | Object):
            return True
        for one, other in ((left, right), (right, left)):
            if self._has_value(one) and (self._has_value(other) or self._is_pattern(other)):
                return True
        return False

    def _pair(self, left: Side, right: Side) -> Sequence[tuple[Side, Side]]:
        """Settle a pair, or say which pairs it comes down to."""
        patterns = self._is_pattern(left), self._is_pattern(right)
        if any(patterns) and isinstance(left, Array | Object) and isinstance(right, Array | Object):
            return self._composites(left, right)
        if patterns[0] and not isinstance(left, _OPERANDS):
            # The value first: it may make the pattern known, as in `i = input.xs[i]`.
            return self._match(self._operand(right), left)
        value = self._operand(left)
        if isinstance(right, _OPERANDS):
            return self._equal(value, right)
        return self._match(value, right)

    def _operand(self, side: Side) -> ir.Operand:
        return side if isinstance(side, _OPERANDS) else self._frame.terms.value(side)

    def _match(self, value: ir.Operand, term: Term) -> Sequence[tuple[Side, Side]]:
        if not self._frame.terms.is_pattern(term):
            return self._equal(value, self._frame.terms.value(term))
        if isinstance(term, Var):
            self._frame.bind(term.name, value)
            return ()
        return self._take_apart(value, term) if isinstance(term, Array | Object) else ()

    def _equal(self, left: ir.Operand, right: ir.Operand) -> Sequence[tuple[Side, Side]]:
        constants = not isinstance(left, ir.Local) and not isinstance(right, ir.Local)
        if left != right and constants:
            self._writer.fail()
        elif left != right:
            self._writer.put(ir.EqualStmt, a=left, b=right)
        return ()

    def _take_apart(self, value: ir.Operand, term: Array | Object) -> Sequence[tuple[Side, Side]]:
        """The members of a value against those of an array or object with unknown variables."""
        members: Sequence[Term]
        if isinstance(term, Array):
            self._writer.put(ir.IsArrayStmt, source=value)
            self._check_length(value, len(term.items))
            keys: list[ir.Operand] = [
                self._writer.make(ir.MakeNumberIntStmt, value=index) for index in range(len(term.items))
            ]
            members = term.items
        else:
            self._writer.put(ir.IsObjectStmt, source=value)
            self._check_length(value, len(term.pairs))
            keys = self._frame.terms.values([key for key, _ in term.pairs])
            members = [member for _, member in term.pairs]
        return [
            (self._writer.make(ir.DotStmt, source=value, key=key), member)
            for key, member in zip(keys, members, strict=True)
        ]

    def _check_length(self, value: ir.Operand, length: int) -> None:
        found = self._writer.make(ir.LenStmt, source=value)
        wanted = self._writer.make(ir.MakeNumberIntStmt, value=length)
        self._writer.put(ir.EqualStmt, a=found, b=wanted)

    def _composites(self, left: Array | Object, right: Array | Object) -> Sequence[tuple[Side, Side]]:
        if isinstance(left, Array) and isinstance(right, Array) and len(left.items) == len(right.items):
            return list(zip(left.items, right.items, strict=True))
        if isinstance(left, Object) and isinstance(right, Object) and len(left.pairs) == len(right.pairs):
            return self._objects(left, right)
        self.never(left, right)
        return ()

    def _objects(self, left: Object, right: Object) -> Sequence[tuple[Side, Side]]:
        """Keys that both sides write alike pair up; if others are left, one side is built and the other taken apart."""
        ours, theirs = dict(left.pairs), dict(right.pairs)
        if ours.keys() == theirs.keys():
            return [(member, theirs[key]) for key, member in ours.items()]
        if all(isinstance(key, Scalar) for key in (*ours, *theirs)):
            self.never(left, right)
            return ()
        self._settle([(ours[key], theirs[key]) for key in ours if key in theirs])
        terms = self._frame.terms
        if self._has_value(left):
            return [(terms.value(left), right)]
        if self._has_value(right):
            return [(terms.value(right), left)]
        raise self._frame.refused(
            "these objects can't be unified: their keys and values depend on each other", left.place
        )

    def never(self, *terms: Term) -> None:
        """The terms have no values. Their variables are known all the same, for the code behind, which never runs."""
        self._writer.fail()
        for term in terms:
            for variable in self._frame.terms.unknown(term):
                self._frame.bind(variable, ir.Local(self._writer.local()))
