"""Nested calls, comprehension heads, heads of rules and values of `with` become expressions of their own.

count(split(x, "a")) > 1    split(x, "a", v1); count(v1, v2); gt(v2, 1)
[f(y) | …]                  [v | …; f(y, v)]
p[input.x] := f(1) if …     p[v1] := v2 if …; v1 = input.x; f(1, v2)
"""

from __future__ import annotations

from dataclasses import replace

from policy_engine.rego.checks.scopes import Names
from policy_engine.rego.checks.walk import LEAVES, needs_evaluation
from policy_engine.rego.checks.with_targets import WithTargets
from policy_engine.rego.syntax.tree import (
    Array,
    ArrayComprehension,
    Body,
    Boolean,
    Call,
    Every,
    Expr,
    Object,
    ObjectComprehension,
    Ref,
    Rule,
    Scalar,
    Set,
    SetComprehension,
    Some,
    SomeIn,
    Term,
    Var,
    With,
)


class Flattener:
    def __init__(self, names: Names, withs: WithTargets) -> None:
        self._names = names
        self._withs = withs
        self._file = ""

    def rule(self, rule: Rule, file: str) -> Rule:
        """A rule and its else rules."""
        self._file = file
        head = rule.head
        added: list[Expr] = []
        path = tuple(
            step if isinstance(step, (Var, *Scalar)) else self._bound(step, added) for step in head.ref.path
        )
        args = tuple(self._evaluated(arg, added) for arg in head.args)
        key = None if head.key is None else self._evaluated(head.key, added)
        value = None if head.value is None else self._evaluated(head.value, added)
        return replace(
            rule,
            head=replace(head, ref=replace(head.ref, path=path), args=args, key=key, value=value),
            body=_joined(self.body(rule.body, file), added),
            otherwise=None if rule.otherwise is None else self.rule(rule.otherwise, file),
        )

    def body(self, body: Body, file: str) -> Body:
        """A body of flat expressions."""
        self._file = file
        return tuple(flat for expr in body for flat in self._expr(expr))

    def _expr(self, expr: Expr) -> list[Expr]:
        before: list[Expr] = []
        withs = tuple(self._with(modifier, before) for modifier in expr.withs)
        nested: list[Expr] = []
        what = expr.what
        if isinstance(what, Every):
            domain = Var(self._names.new(), what.domain.place)
            nested.append(_equal(domain, self._flat(what.domain, nested)))
            what = replace(what, domain=domain, body=self.body(what.body, self._file))
        elif isinstance(what, Call):
            what = replace(what, args=tuple(self._flat(arg, nested) for arg in what.args))
        elif not isinstance(what, Some | SomeIn):
            what = self._flat(what, nested)
        moved = [replace(one, withs=withs) for one in nested] if withs else nested
        return [*before, *moved, replace(expr, what=what, withs=withs)]

    def _with(self, modifier: With, before: list[Expr]) -> With:
        value = modifier.value
        if self._withs.replaces_function(modifier, self._file):
            return (
                modifier if isinstance(value, Ref) else replace(modifier, value=Ref(value, (), value.place))
            )
        return replace(modifier, value=self._evaluated(value, before))

    def _evaluated(self, term: Term, added: list[Expr]) -> Term:
        """The term, or a variable for it if it has refs, calls or comprehensions in it."""
        flat = self._flat(term, added)
        return self._variable_for(flat, added) if needs_evaluation(flat) else flat

    def _bound(self, term: Term, added: list[Expr]) -> Term:
        """A variable for the term."""
        flat = self._flat(term, added)
        return flat if isinstance(flat, Var) else self._variable_for(flat, added)

    def _variable_for(self, term: Term, added: list[Expr]) -> Var:
        variable = Var(self._names.new(), term.place)
        added.append(_equal(variable, term))
        return variable

    def _flat(self, term: Term, added: list[Expr]) -> Term:
        """The term without calls; what they are is added as expressions."""
        if type(term) in LEAVES:
            return term
        match term:
            case Call():
                args = tuple(self._flat(arg, added) for arg in term.args)
                result = Var(self._names.new(), term.place)
                call = Call(term.operator, (*args, result), term.place)
                added.append(Expr(call, generated=True, place=term.place))
                return result
            case Ref():
                head = term.head if isinstance(term.head, Var) else self._bound(term.head, added)
                return replace(term, head=head, path=tuple(self._flat(step, added) for step in term.path))
            case Array() | Set():
                return replace(term, items=tuple(self._flat(item, added) for item in term.items))
            case Object():
                pairs = tuple((self._flat(key, added), self._flat(value, added)) for key, value in term.pairs)
                return replace(term, pairs=pairs)
            case ArrayComprehension() | SetComprehension():
                inner: list[Expr] = []
                head = self._evaluated(term.head, inner)
                return replace(term, head=head, body=_joined(self.body(term.body, self._file), inner))
            case ObjectComprehension():
                inner = []
                key, value = self._evaluated(term.key, inner), self._evaluated(term.value, inner)
                body = _joined(self.body(term.body, self._file), inner)
                return replace(term, key=key, value=value, body=body)
        return term


def _joined(body: Body, added: list[Expr]) -> Body:
    """The body with expressions behind it; a body that only says `true` gives way to them."""
    if (
        added
        and len(body) == 1
        and body[0].what == Boolean(True)
        and not body[0].withs
        and not body[0].negated
    ):
        return tuple(added)
    return (*body, *added)


def _equal(left: Term, right: Term) -> Expr:
    place = right.place
    return Expr(Call(Ref(Var("eq", place), (), place), (left, right), place), generated=True, place=place)


class Hoister:
    """Refs and comprehensions inside of operands become variables, once the order of a body is settled."""

    def __init__(self, names: Names, *, keeps_equal: bool) -> None:
        self._names = names
        self._keeps_equal = keeps_equal

    def rule(self, rule: Rule) -> Rule:
        """A rule and its else rules."""
        otherwise = None if rule.otherwise is None else self.rule(rule.otherwise)
        return replace(rule, body=self.body(rule.body), otherwise=otherwise)

    def body(self, body: Body) -> Body:
        hoisted: list[Expr] = []
        for expr in body:
            before: list[Expr] = []
            what = self._what(expr.what, before)
            hoisted.extend(replace(one, withs=expr.withs) for one in before)
            hoisted.append(replace(expr, what=what))
        return tuple(hoisted)

    def _what(self, what: Term | Some | SomeIn | Every, before: list[Expr]) -> Term | Some | SomeIn | Every:
        match what:
            case Every():
                return replace(what, body=self.body(what.body))
            case Call():
                name = what.name
                if len(what.args) == 2 and (
                    name in ("eq", "assign") or (name == "equal" and not self._keeps_equal)
                ):
                    operator = Ref(Var("eq", what.operator.place), (), what.operator.place)
                    return Call(operator, tuple(self._side(arg, before) for arg in what.args), what.place)
                return replace(what, args=tuple(self._simple(arg, before) for arg in what.args))
            case Some() | SomeIn():
                return what
        return self._side(what, before)

    def _side(self, term: Term, before: list[Expr]) -> Term:
        """What may stay a ref or a comprehension: a side of `=`, or a whole expression."""
        match term:
            case Ref():
                return replace(term, path=tuple(self._simple(step, before) for step in term.path))
            case ArrayComprehension() | SetComprehension() | ObjectComprehension():
                return replace(term, body=self.body(term.body))
        return self._simple(term, before)

    def _simple(self, term: Term, before: list[Expr]) -> Term:
        if type(term) in LEAVES:
            return term
        match term:
            case Ref() | ArrayComprehension() | SetComprehension() | ObjectComprehension():
                side = self._side(term, before)
                variable = Var(self._names.new(), term.place)
                before.append(_equal(variable, side))
                return variable
            case Array() | Set():
                return replace(term, items=tuple(self._simple(item, before) for item in term.items))
            case Object():
                pairs = tuple(
                    (self._simple(key, before), self._simple(value, before)) for key, value in term.pairs
                )
                return replace(term, pairs=pairs)
        return term
