"""Which variables `a = b` binds, given those that are bound before."""

from __future__ import annotations

from collections.abc import Collection

from policy_engine.rego.checks.walk import ROOTS, open_variables, pattern_variables
from policy_engine.rego.syntax.tree import (
    Array,
    ArrayComprehension,
    Object,
    ObjectComprehension,
    Ref,
    SetComprehension,
    Term,
    Var,
)


def is_ref_safe(ref: Ref, safe: Collection[str]) -> bool:
    """Whether what the ref starts at is bound."""
    if isinstance(ref.head, Var):
        return ref.head.name in ROOTS or ref.head.name in safe
    return open_variables(ref.head) <= set(safe)


def unified(safe: Collection[str], left: Term, right: Term) -> set[str]:
    """The variables that unifying two terms binds, besides those already bound."""
    unifier = _Unifier(set(safe))
    unifier.unify(left, right)
    return unifier.bound


class _Unifier:
    """`_waiting` maps a variable to those that have to be bound before it is."""

    def __init__(self, safe: set[str]) -> None:
        self._safe = safe
        self.bound: set[str] = set()
        self._waiting: dict[str, set[str]] = {}

    def _is_bound(self, name: str) -> bool:
        return name in self._safe or name in self.bound

    def unify(self, left: Term, right: Term) -> None:
        match left, right:
            case (Var(), _):
                self._with_variable(left.name, right)
            case (_, Var()):
                self._with_variable(right.name, left)
            case (Ref(), Array() | Object()):
                if is_ref_safe(left, self._safe):
                    self._bind_all(right)
            case (Array() | Object(), Ref()):
                if is_ref_safe(right, self._safe):
                    self._bind_all(left)
            case Array(), Array():
                if len(left.items) == len(right.items):
                    for one, other in zip(left.items, right.items, strict=True):
                        self.unify(one, other)
            case Object(), Object():
                self._objects(left, right)
            case (Array(), ArrayComprehension() | SetComprehension() | ObjectComprehension()):
                self._bind_all(left)
            case (ArrayComprehension(), Array()) | (ObjectComprehension(), Object()):
                self._bind_all(right)

    def _with_variable(self, name: str, term: Term) -> None:
        if isinstance(term, Var):
            self._variables(name, term.name)
        elif isinstance(term, Array | Object):
            self._pattern(name, term)
        elif not isinstance(term, Ref) or is_ref_safe(term, self._safe):
            self._bind(name)

    def _variables(self, left: str, right: str) -> None:
        if self._is_bound(right):
            self._bind(left)
        elif self._is_bound(left):
            self._bind(right)
        else:
            self._waiting.setdefault(left, set()).add(right)
            self._waiting.setdefault(right, set()).add(left)

    def _pattern(self, name: str, pattern: Term) -> None:
        if self._is_bound(name):
            self._bind_all(pattern)
            return
        missing = pattern_variables(pattern) - self._safe - self.bound
        if not missing:
            self._bind(name)
        else:
            self._waiting.setdefault(name, set()).update(missing)

    def _objects(self, left: Object, right: Object) -> None:
        if len(left.pairs) != len(right.pairs):
            return
        values = dict(right.pairs)
        for key, value in left.pairs:
            if key in values:
                self.unify(value, values[key])

    def _bind_all(self, term: Term) -> None:
        for name in pattern_variables(term):
            self._bind(name)

    def _bind(self, name: str) -> None:
        """Bind a variable, and those that waited for it or that it stands for."""
        todo = [name]
        while todo:
            current = todo.pop()
            self.bound.add(current)
            todo.extend(self._waiting.pop(current, ()))
            for waiting, needed in list(self._waiting.items()):
                if current in needed:
                    needed.discard(current)
                    if not needed:
                        del self._waiting[waiting]
                        todo.append(waiting)
