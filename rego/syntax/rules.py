"""Rules: heads, bodies, else chains, defaults, and what Rego v1 demands of them (`if`, `contains`, a value or a body).

One statement can make several rules: `p if { a } { b }` are two with the same head.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from policy_engine.rego.syntax import bodies, terms
from policy_engine.rego.syntax.cursor import Cursor, Refused
from policy_engine.rego.syntax.tree import (
    Array,
    ArrayComprehension,
    Body,
    Boolean,
    Call,
    Expr,
    Head,
    Object,
    ObjectComprehension,
    Place,
    Ref,
    Rule,
    Set,
    SetComprehension,
    Template,
    Term,
    Var,
)

_AFTER_A_NAME: Final = frozenset({":=", "=", "if", "contains"})
_NO_NAMES: Final = {
    "every": _AFTER_A_NAME | {"("},
    "if": _AFTER_A_NAME | {"("},
    "in": _AFTER_A_NAME | {"("},
    "some": _AFTER_A_NAME | {"("},
    "as": _AFTER_A_NAME | {"("},
    "not": _AFTER_A_NAME,
    "package": frozenset({":=", "=", "("}),
    "import": frozenset({":=", "=", "("}),
    "contains": frozenset({":=", "=", "if", "contains"}),
}
"""Keyword to what shows, behind it, that it was meant as the name of a rule."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A head as written, with what Rego v1 asks about it."""

    head: Head
    says_contains: bool
    has_value: bool


def parse_rules(c: Cursor) -> list[Rule]:
    """The rules of one statement."""
    place = c.place
    _refuse_keyword_as_name(c, is_default=False)
    c.name_the_keyword()
    is_default = c.take("default")
    if is_default:
        c.name_the_keyword()
        _refuse_keyword_as_name(c, is_default=True)
    if c.shape != "name":
        if is_default:
            raise c.unexpected("expected rule head name")
        raise _not_a_rule(c)
    read = _parse_head(c, is_default)
    if is_default:
        return [_default_rule(c, read, place)]
    return _rule_with_bodies(c, read, place)


def _refuse_keyword_as_name(c: Cursor, *, is_default: bool) -> None:
    followers = _NO_NAMES.get(c.shape)
    if followers is not None and (is_default or c.next_shape in followers) and not c.keyword_starts_ref():
        raise c.refusal(f"{c.shape} keyword cannot be used for rule name")


def _not_a_rule(c: Cursor) -> Refused:
    """For a statement that is no rule: why not, in OPA's words."""
    expr = bodies.parse_literal(c)
    what = expr.what
    if expr.withs:
        message = "expressions using with keyword cannot be used for rule head"
    elif expr.negated:
        message = "negated expressions cannot be used for rule head"
    elif (word := bodies.declaring_word(expr)) == "some":
        message = "'some' declarations cannot be used for rule head"
    elif word:
        message = "expression cannot be used for rule head"
    elif isinstance(what, Call) and what.name in ("eq", "assign"):
        message = f"{terms.kind_of(what.args[0])} cannot be used for rule name"
    elif isinstance(what, Call):
        message = "rule name conflicts with built-in function"
    else:
        message = f"{type(what).__name__.lower()} cannot be used for rule name"
    return c.refusal(message, expr.place)


def _parse_head(c: Cursor, is_default: bool) -> _Read:
    place = c.place
    name: Term = terms.parse_var(c)
    if c.shape in (".", "[", "("):
        name = terms.parse_ref(c, name)
    is_call = isinstance(name, Call)
    args = name.args if isinstance(name, Call) else ()
    ref = name.operator if isinstance(name, Call) else name
    if isinstance(ref, Var):
        ref = Ref(ref, (), place)
    if not isinstance(ref, Ref) or not isinstance(ref.head, Var):
        raise c.refusal("invalid rule head", place)
    shown = ref.dotted
    if c.shape == "contains":
        if is_call:
            raise c.unexpected(
                "the contains keyword can only be used with multi-value rule definitions"
                f" (e.g., {shown} contains <VALUE> {{ ... }})"
            )
        c.advance()
        return _Read(Head(ref, key=terms.parse_term_infix(c), place=place), True, False)
    assign = c.shape == ":="
    if assign or c.shape == "=":
        c.advance()
        if c.shape in ("if", "{", "eof") and c.shape != "{":
            what = "default rule value" if is_default else "function value" if args else "rule value"
            raise c.unexpected(
                f"expected {what} term (e.g., {shown} := <VALUE>{'' if is_default else ' { ... }'})"
            )
        value = terms.parse_term_infix(c)
        return _Read(Head(ref, args, value=value, assign=assign, place=place), False, True)
    return _Read(Head(ref, args, value=Boolean(True, place), place=place), False, False)


def _default_rule(c: Cursor, read: _Read, place: Place) -> Rule:
    head = read.head
    if head.value is None:
        raise c.refusal("illegal default rule (must have a value)", place)
    if (part := _open_part(head.value)) is not None:
        raise c.refusal(f"illegal default rule (value cannot contain {part})", place)
    seen: set[str] = set()
    for arg in head.args:
        if not isinstance(arg, Var):
            raise c.refusal(f"illegal default rule (arguments cannot contain {terms.kind_of(arg)})", place)
        if arg.name in seen:
            raise c.refusal(f"illegal default rule (arguments cannot be repeated {arg.name})", place)
        seen.add(arg.name)
    return Rule(head, _true_body(place), is_default=True, place=place)


def _open_part(value: Term) -> str | None:
    """`var`, `ref` or `call` if the value of a default rule contains one outside of comprehensions."""
    stack: list[Term] = [value]
    while stack:
        term = stack.pop()
        if isinstance(term, Var | Ref | Call):
            return terms.kind_of(term)
        if isinstance(term, Array | Set):
            stack.extend(term.items)
        elif isinstance(term, Object):
            stack.extend(part for pair in term.pairs for part in pair)
        elif isinstance(term, Template):
            stack.extend(part.what for part in term.parts if isinstance(part, Expr) and _is_term(part.what))  # type: ignore[misc]
    return None


def _is_term(what: object) -> bool:
    return not isinstance(what, ArrayComprehension | SetComprehension | ObjectComprehension)


def _true_body(place: Place) -> Body:
    return (Expr(Boolean(True, place), generated=True, place=place),)


def _rule_with_bodies(c: Cursor, read: _Read, place: Place) -> list[Rule]:
    head = read.head
    has_if = c.shape == "if"
    if (
        not has_if
        and not read.says_contains
        and not head.args
        and len(head.ref.path) == 1
        and not read.has_value
    ):
        # `p[x] { … }` of Rego v0 is a partial set.
        head = Head(Ref(head.ref.head, (), head.ref.place), key=head.ref.path[0], place=head.place)
    body = _body(c)
    if body is None:
        _check_bodyless(c, read, head, place)
    elif not has_if:
        _require(c, "`if` keyword is required before {} body", head, place)
    if head.key is not None and not read.says_contains:
        _require(c, "`contains` keyword is required for partial set rules", head, place)
    if body is None:
        return [Rule(head, _true_body(place), place=place)]
    otherwise = None
    if c.shape == "else" and not c.name_the_keyword():
        otherwise = _else_chain(c, head)
    rules = [Rule(head, body, otherwise=otherwise, place=place)]
    while c.shape == "{":
        if otherwise is not None:
            raise c.refusal("expected else keyword")
        chained = c.place
        c.advance()
        rules.append(Rule(replace(head, place=chained), bodies.parse_body(c, "}"), place=chained))
    return rules


def _body(c: Cursor) -> Body | None:
    """`if` with a literal or a body in braces, a body alone (Rego v0), or None."""
    if not c.take("if"):
        return bodies.parse_body(c, "}") if c.take("{") else None
    start, depth = c.index, c.depth
    in_braces = c.shape == "{"
    try:
        expr = bodies.parse_literal(c)
        # A set is never false: `{ … }` with one term is a body.
        if not (in_braces and isinstance(expr.what, Set)):
            return (expr,)
    except Refused:
        if not in_braces:
            raise
    c.index, c.depth = start, depth
    c.advance()
    return bodies.parse_body(c, "}")


def _check_bodyless(c: Cursor, read: _Read, head: Head, place: Place) -> None:
    if c.shape == "with":
        raise c.refusal("expressions using with keyword cannot be used for rule head", place)
    if c.shape == ";":
        raise c.refusal("multiple expressions cannot be used for rule head", place)
    if read.has_value or read.says_contains:
        return
    if not head.ref.path and head.key is None and not head.args:
        raise c.refusal("var cannot be used for rule name", place)
    if head.key is None and not head.args:
        _require(c, "{} must have value assignment and/or body declaration", head, place)


def _require(c: Cursor, message: str, head: Head, place: Place) -> None:
    """A demand of Rego v1 that the rule doesn't fulfil."""
    if c.version:
        c.report(message.format("function" if head.args else "rule"), place)


def _else_chain(c: Cursor, head: Head) -> Rule:
    if head.key is not None:
        raise c.refusal("else keyword cannot be used on multi-value rules")
    if not head.ref.is_ground:
        raise c.refusal("else keyword cannot be used on rules with variables in head")
    links: list[Rule] = []
    while c.shape == "else" and not (links and c.name_the_keyword()):
        place = c.place
        c.advance()
        assign, value = False, None
        if c.shape in (":=", "="):
            assign = c.advance().text == ":="
            value = terms.parse_term_infix(c)
        elif c.shape not in ("{", "if"):
            raise c.unexpected("expected else value term or rule body")
        own = replace(head, value=value or Boolean(True, place), assign=assign, place=place)
        has_if = c.shape == "if"
        body = _else_body(c)
        if body is not None and not has_if:
            _require(c, "`if` keyword is required before {} body", head, place)
        links.append(Rule(own, body or _true_body(place), place=place))
        if body is None:
            break
    chain: Rule | None = None
    for link in reversed(links):
        chain = replace(link, otherwise=chain)
    if chain is None:
        raise c.unexpected()
    return chain


def _else_body(c: Cursor) -> Body | None:
    has_if = c.take("if")
    if c.take("{"):
        return bodies.parse_body(c, "}")
    if not has_if:
        return None
    if c.shape == "eof":
        raise c.unexpected("rule body expected")
    return (bodies.parse_literal(c),)
