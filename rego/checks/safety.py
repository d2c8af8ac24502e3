"""Variable safety: a body is put into an order in which everything an expression needs is bound before it.

An expression is taken as soon as it is safe, so the order changes as little as possible. What can't be taken at all has
unsafe variables. Closures are ordered after the body around them, with what it binds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from policy_engine.rego.checks.problems import UNSAFE, Problems
from policy_engine.rego.checks.unification import is_ref_safe, unified
from policy_engine.rego.checks.walk import (
    Closure,
    Node,
    closure_parts,
    everything,
    open_variables,
    parts,
    pattern_variables,
    rebuild,
    variables,
)
from policy_engine.rego.syntax.tree import (
    ArrayComprehension,
    Body,
    Call,
    Every,
    Expr,
    ObjectComprehension,
    Place,
    Ref,
    Rule,
    SetComprehension,
    Some,
    SomeIn,
    Term,
    Var,
    With,
)

Arity = Callable[[Ref], int | None]


@dataclass(slots=True)
class _Unsafe:
    """Unsafe variables with the place of the first expression that has them."""

    places: dict[str, Place] = field(default_factory=dict)
    from_assignments: set[str] = field(default_factory=set)

    def add(self, expr: Expr, names: set[str]) -> None:
        for name in names:
            known = self.places.get(name)
            if known is None or expr.place < known:
                self.places[name] = expr.place
        if isinstance(expr.what, Call) and expr.what.name == "assign" and names:
            self.from_assignments |= variables(expr.what.args[0])


class Safety:
    def __init__(self, arity: Arity, sources: dict[str, str], problems: Problems) -> None:
        self._arity = arity
        self._sources = sources
        self._problems = problems

    def rule(self, rule: Rule, file: str) -> Rule:
        """A rule and its else rules with ordered bodies; what is unsafe is reported."""
        head = rule.head
        bound = variables(*head.args) | open_variables(*rule.body)
        needed = [*head.ref.path, *(term for term in (head.key, head.value) if term is not None)]
        missing = variables(*needed) - bound
        for name in sorted(missing):
            if not self._is_made_up(name):
                place = next(
                    (
                        node.place
                        for node in everything(*needed)
                        if isinstance(node, Var) and node.name == name
                    ),
                    rule.place,
                )
                self._report(name, file, place)
        body = self.body(rule.body, variables(*head.args), file)
        otherwise = None if rule.otherwise is None else self.rule(rule.otherwise, file)
        return replace(rule, body=body, otherwise=otherwise)

    def body(self, body: Body, bound: set[str], file: str) -> Body:
        """A body in order, given what is bound around it."""
        unsafe = _Unsafe()
        ordered = self._order(body, bound, unsafe)
        if not unsafe.places:
            return ordered
        names = [name for name in unsafe.places if not self._is_made_up(name)]
        # `x := y` with an unsafe `y` makes `x` unsafe too, which is not worth a message.
        causes = [name for name in names if name not in unsafe.from_assignments] or names
        for name in causes:
            self._report(name, file, unsafe.places[name])
        if not causes:
            for place in sorted(set(unsafe.places.values())):
                self._problems.add(UNSAFE, "expression is unsafe", file, place)
        return body

    def _is_made_up(self, name: str) -> bool:
        return name.startswith("__local") and name not in self._sources

    def _report(self, name: str, file: str, place: Place) -> None:
        shown = "_" if name.startswith("$") else self._sources.get(name, name)
        self._problems.add(UNSAFE, f"var {shown} is unsafe", file, place)

    def _order(self, body: Body, outer: set[str], unsafe: _Unsafe) -> Body:
        shared = {name for expr in body for name in own_variables(expr)}
        safe = shared & outer
        waiting = [(expr, own_variables(expr), self._closed_over(expr, shared) - outer) for expr in body]
        ordered: list[Expr] = []
        bound_here: set[str] = set()
        progress = True
        while waiting and progress:
            left = []
            for expr, needed, closed in waiting:
                outputs = self.outputs(expr, safe)
                # Closures need what is bound by the expressions before, not by their own expression.
                if closed - bound_here or needed - outputs - safe:
                    left.append((expr, needed, closed))
                    continue
                ordered.append(expr)
                safe = safe | outputs
                bound_here |= outputs
            progress = len(left) < len(waiting)
            waiting = left
        for expr, needed, closed in waiting:
            unsafe.add(expr, (needed - self.outputs(expr, safe) - safe) | (closed - bound_here))
        return tuple(self._closures_ordered(ordered, outer, unsafe))

    def _closed_over(self, expr: Expr, shared: set[str]) -> set[str]:
        """The variables of the body that closures in the expression use."""
        return {name for closure in _closures(expr) for name in variables(*closure_parts(closure))} & shared

    def _closures_ordered(self, ordered: list[Expr], outer: set[str], unsafe: _Unsafe) -> list[Expr]:
        bound = set(outer)
        done: list[Expr] = []
        for expr in ordered:
            what = expr.what
            if isinstance(what, Every):
                own = {what.value.name} | ({what.key.name} if what.key is not None else set())
                what = replace(what, body=self._order(what.body, bound | own, unsafe))
            elif not isinstance(what, Some | SomeIn):
                what = self._closed_term(what, bound, expr, unsafe)
            done.append(replace(expr, what=what))
            bound = bound | own_variables(expr)
        return done

    def _closed_term(self, term: Term, bound: set[str], expr: Expr, unsafe: _Unsafe) -> Term:
        if isinstance(term, ArrayComprehension | SetComprehension):
            given = variables(term.head)
        elif isinstance(term, ObjectComprehension):
            given = variables(term.key, term.value)
        elif isinstance(term, Var):
            return term
        else:
            return rebuild(term, lambda part: self._closed_term(part, bound, expr, unsafe))
        missing = given - open_variables(*term.body) - bound
        if missing:
            unsafe.add(expr, missing)
        return replace(term, body=self._order(term.body, bound, unsafe))

    def outputs(self, expr: Expr, safe: set[str]) -> set[str]:
        """The variables that an expression binds when `safe` are bound before it."""
        if expr.negated or any(_needed_by(modifier) - safe for modifier in expr.withs):
            return set()
        what = expr.what
        if isinstance(what, Every):
            return _enumerated(what.domain, safe)
        if isinstance(what, Some | SomeIn):
            return set()
        if not isinstance(what, Call):
            return _enumerated(what, safe)
        if what.name in ("eq", "assign") and len(what.args) == 2:
            return self._equality(what, safe)
        arity = self._arity(what.operator)
        if arity is None:
            return set()
        found = _enumerated(what, safe)
        if arity < 0 or len(what.args) <= arity:
            return found
        if pattern_variables(*what.args[:arity]) - found - safe:
            return set()
        return found | pattern_variables(*what.args[arity:])

    def _equality(self, call: Call, safe: set[str]) -> set[str]:
        left, right = call.args
        known = _enumerated(call, safe) | safe
        if call.name == "assign":
            # The left side is an output only: `[x, y] := [y, 1]` doesn't bind y for its own right side.
            known -= variables(left)
        return (known | unified(known, left, right)) - safe


def own_variables(expr: Expr) -> set[str]:
    """What an expression needs or binds, outside of closures."""
    return open_variables(expr.what).union(*map(_needed_by, expr.withs))


def _needed_by(modifier: With) -> set[str]:
    """A value that is a ref is the name of a function here, and so may the target be: no variables."""
    value = () if isinstance(modifier.value, Ref) else (modifier.value,)
    return open_variables(*modifier.target.path, *value)


def _enumerated(node: Node, safe: set[str]) -> set[str]:
    """The variables in the paths of refs whose start is bound."""
    found: set[str] = set()
    stack: list[Node] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Ref):
            if not is_ref_safe(current, safe):
                continue
            for step in current.path:
                found |= variables(step)
        stack.extend(parts(current))
    return found - safe


def _closures(node: Node) -> list[Closure]:
    """The outermost closures of an expression."""
    found: list[Closure] = []
    stack: list[Node] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Closure):
            found.append(current)
        stack.extend(parts(current))
    return found
