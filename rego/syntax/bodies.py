"""Bodies and their expressions: `not`, `some`, `every`, `with`, `=` and `:=`.

Expressions of a body stand on lines of their own or have a `;` between them. A keyword directly followed by `.` or `[`
is a name (`if.x`), as in OPA.
"""

from __future__ import annotations

from policy_engine.rego.syntax import terms
from policy_engine.rego.syntax.cursor import Cursor, Refused
from policy_engine.rego.syntax.tree import (
    Body,
    Call,
    Every,
    Expr,
    Place,
    Ref,
    Some,
    SomeIn,
    Term,
    Var,
    With,
)


def parse_body(c: Cursor, end: str) -> Body:
    """Expressions up to and with the closing bracket."""
    if c.shape == end:
        raise c.refusal("found empty body")
    c.enter()
    body: list[Expr] = []
    while True:
        body.append(parse_literal(c))
        if c.take(";"):
            continue
        if c.take(end):
            c.leave()
            return tuple(body)
        if not c.on_new_line or c.shape == "eof":
            raise c.unexpected(rf"expected \n or ; or {end}")


def parse_query_body(c: Cursor) -> Body:
    """The expressions of a query, up to the end of the text; like OPA, it needs no `;` between them."""
    body = [parse_literal(c)]
    while c.shape != "eof":
        c.take(";")
        body.append(parse_literal(c))
    return tuple(body)


def parse_literal(c: Cursor) -> Expr:
    """One expression with what belongs to it."""
    place = c.place
    if c.name_the_keyword():
        return _with_modifiers(c, parse_expr(c), False, place)
    negated = c.take("not")
    c.name_the_keyword()
    if c.shape in ("some", "every") and negated:
        raise c.unexpected(f"illegal negation of '{c.shape}'")
    if c.shape == "some":
        return _parse_some(c)
    if c.shape == "every":
        return _parse_every(c)
    return _with_modifiers(c, parse_expr(c), negated, place)


def parse_expr(c: Cursor) -> Term:
    """A term, or two with `=` or `:=` between them."""
    left = terms.parse_term_infix(c)
    place = c.place
    if c.shape not in ("=", ":="):
        return left
    operator = terms.named("eq" if c.advance().text == "=" else "assign", place)
    return Call(operator, (left, terms.parse_term_infix(c)), left.place)


def _with_modifiers(c: Cursor, what: Term | SomeIn | Every, negated: bool, place: Place) -> Expr:
    withs: list[With] = []
    while c.shape == "with":
        with_place = c.place
        c.advance()
        if c.shape != "name":
            raise c.unexpected("expected ident")
        target = terms.parse_term(c)
        if isinstance(target, Var):
            target = Ref(target, (), target.place)
        if not isinstance(target, Ref):
            raise c.unexpected("expected with target path")
        if not c.take("as"):
            raise c.unexpected("expected as keyword")
        withs.append(With(target, terms.parse_term_infix(c), with_place))
    return Expr(what, negated, tuple(withs), place=place)


def _parse_some(c: Cursor) -> Expr:
    place = c.place
    c.advance()
    start, depth = c.index, c.depth
    try:
        call = terms.parse_term_infix(c)
    except Refused:
        call = None
    if isinstance(call, Call):
        return _with_modifiers(c, _some_in(c, call, place), False, place)
    c.index, c.depth = start, depth
    variables: list[Var] = []
    while True:
        if c.shape != "name":
            raise c.unexpected("expected var")
        variables.append(terms.parse_var(c))
        if not c.take(","):
            return Expr(Some(tuple(variables), place), place=place)


def _some_in(c: Cursor, call: Call, place: Place) -> SomeIn:
    member = _membership(call)
    if member is None:
        raise c.unexpected("expected `x in xs` or `x, y in xs` expression")
    key, value, collection = member
    return SomeIn(key, value, collection, place)


def _membership(term: Term) -> tuple[Term | None, Term, Term] | None:
    """Key, value and collection of `x in xs` or `k, v in xs`."""
    if isinstance(term, Call) and term.name == f"internal.{terms.MEMBER}" and len(term.args) == 2:
        return None, term.args[0], term.args[1]
    if isinstance(term, Call) and term.name == f"internal.{terms.MEMBER_WITH_KEY}" and len(term.args) == 3:
        return term.args[0], term.args[1], term.args[2]
    return None


def _parse_every(c: Cursor) -> Expr:
    place = c.place
    c.advance()
    member = _membership(terms.parse_term_infix(c))
    if member is None:
        raise c.unexpected("expected `x[, y] in xs { ... }` expression")
    key, value, domain = member
    if not isinstance(key, Var | None):
        raise c.unexpected("expected key to be a variable")
    if not isinstance(value, Var):
        raise c.unexpected("expected value to be a variable")
    if not c.take("{"):
        raise c.unexpected("missing body")
    every = Every(key, value, domain, parse_body(c, "}"), place)
    return _with_modifiers(c, every, False, place)


def declaring_word(expr: Expr) -> str | None:
    """`some` or `every` if the expression is one of these."""
    if isinstance(expr.what, Some | SomeIn):
        return "some"
    return "every" if isinstance(expr.what, Every) else None
