"""Terms: everything in Rego that has a value, with OPA's precedence of operators.

From the loosest: `in`; `== != < > <= >=`; `|`; `&`; `+ -`; `* / %`; all of them read from left to right. A `|` after the
first term in brackets starts a comprehension when what follows is a body, as in OPA.
"""

from __future__ import annotations

from typing import Final

from policy_engine.rego.syntax import bodies
from policy_engine.rego.syntax.cursor import Cursor, Refused
from policy_engine.rego.syntax.numbers import number_issue
from policy_engine.rego.syntax.tree import (
    OPERATORS,
    Array,
    ArrayComprehension,
    Boolean,
    Call,
    Comprehension,
    Expr,
    Null,
    Number,
    Object,
    ObjectComprehension,
    Place,
    Ref,
    Set,
    SetComprehension,
    String,
    Template,
    Term,
    Var,
)

_RELATIONS: Final = ("==", "!=", "<", ">", "<=", ">=")
_STRENGTH: Final = dict.fromkeys(_RELATIONS, 1) | {"|": 2, "&": 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5}
_REF_HEADS: Final = (Var, Array, Object, Set, Comprehension, Call)
_REF_STARTS: Final = (".", "[", "(")
MEMBER: Final = "member_2"
MEMBER_WITH_KEY: Final = "member_3"


def named(name: str, place: Place) -> Ref:
    """The operator of a call of a builtin without a dot."""
    return Ref(Var(name, place), (), place)


def parse_term_infix(c: Cursor, *, in_list: bool = False) -> Term:
    """A term with operators; `k, v in xs` only outside of a list, where the comma would be the list's."""
    left = _relation(c, 1)
    while True:
        if not in_list and c.shape == "," and (call := _key_value_in(c, left)) is not None:
            left = call
        elif not c.name_the_keyword() and c.shape == "in":
            operator = _member(c, MEMBER)
            left = Call(operator, (left, _relation(c, 1)), left.place)
        else:
            return left


def _key_value_in(c: Cursor, key: Term) -> Term | None:
    start, depth = c.index, c.depth
    c.advance()
    try:
        value = _relation(c, 1)
        if c.shape == "in":
            operator = _member(c, MEMBER_WITH_KEY)
            return Call(operator, (key, value, _relation(c, 1)), key.place)
    except Refused:
        pass
    c.index, c.depth = start, depth
    return None


def _member(c: Cursor, name: str) -> Ref:
    place = c.place
    c.advance()
    return Ref(Var("internal", place), (String(name, place),), place)


def _relation(c: Cursor, least: int) -> Term:
    """Operators that bind at least as strongly as `least`, by precedence climbing."""
    left = parse_term(c)
    while (strength := _STRENGTH.get(c.shape, 0)) >= least:
        place = c.place
        operator = named(OPERATORS[c.advance().text], place)
        left = Call(operator, (left, _relation(c, strength + 1)), left.place)
    return left


def parse_term(c: Cursor) -> Term:
    """One term without operators; remembers what it read, so that trying another reading costs nothing."""
    start = c.index
    known = c.terms.get(start)
    if known is not None:
        term, c.index = known
        if isinstance(term, Refused):
            raise term
        return term
    c.enter()
    try:
        term = _unary(c)
    except Refused as refusal:
        c.terms[start] = (refusal, c.index)
        raise
    c.leave()
    c.terms[start] = (term, c.index)
    return term


def _unary(c: Cursor) -> Term:
    place = c.place
    if c.shape == "-" and c.next_shape in ("name", "contains"):
        c.advance()
        operand = _finish(c, _plain(c))
        return Call(named("minus", place), (Number("0", place), operand), place)
    return _finish(c, _plain(c))


def _plain(c: Cursor) -> Term:  # one branch for each kind of term
    shape, place = c.shape, c.place
    if shape in ("name", "contains"):
        return parse_var(c)
    if shape == "string":
        return String(c.advance().value, place)
    if shape in ("number", "-", "."):
        return _number(c)
    if shape == "[":
        return _array(c)
    if shape == "{":
        return _set_or_object(c)
    if shape == "(":
        c.advance()
        inner = parse_term_infix(c)
        if not c.take(")"):
            raise c.refusal("non-terminated expression")
        return inner
    if shape in ("true", "false"):
        c.advance()
        return Boolean(shape == "true", place)
    if shape == "null":
        c.advance()
        return Null(place)
    if shape == "template" and c.token.text.startswith("$"):
        return _template(c)
    raise c.unexpected()


def parse_var(c: Cursor) -> Var:
    """A name, or a new one for `_`."""
    place = c.place
    name = c.advance().text
    return Var(c.wildcard() if name == "_" else name, place)


def _number(c: Cursor) -> Term:
    place = c.place
    prefix = ""
    if c.take("-"):
        prefix = "-"
    if c.take("."):
        prefix += "0."
    if c.shape != "number":
        raise c.unexpected("expected number")
    if prefix.endswith(".") and "." in c.token.text:
        raise c.unexpected("invalid float")
    text = prefix + c.token.text
    if issue := number_issue(text):
        raise c.refusal(issue, place)
    c.advance()
    return Number(text, place)


def _finish(c: Cursor, head: Term) -> Term:
    """What stands right behind a term: a path or a call."""
    if c.shape in _REF_STARTS and not c.is_spaced:
        return parse_ref(c, head)
    if isinstance(head, Var) and head.name in ("input", "data"):
        return Ref(head, (), head.place)
    return head


def parse_ref(c: Cursor, head: Term) -> Term:
    """`head` with the path, calls included, that follows without blank space."""
    path: list[Term] = []
    first = True
    while first or (c.shape in _REF_STARTS and not c.is_spaced):
        if first and not isinstance(head, _REF_HEADS):
            raise c.refusal(f"illegal ref (head cannot be {kind_of(head)})", head.place)
        first = False
        if c.take("."):
            if c.is_spaced or not (c.shape in ("name", "contains") or c.is_keyword):
                raise c.unexpected("expected identifier")
            place = c.place
            path.append(String(c.advance().text, place))
        elif c.take("["):
            path.append(parse_term_infix(c))
            if c.shape != "]":
                raise c.unexpected("expected ]")
            c.advance()
        else:
            call = _call(c, Ref(head, tuple(path), head.place))
            if c.shape not in (".", "[") or c.is_spaced:
                return call
            head, path, first = call, [], True
    return Ref(head, tuple(path), head.place)


def _call(c: Cursor, operator: Ref) -> Term:
    c.advance()
    if c.take(")"):
        if operator.dotted == "set" and not operator.path:
            return Set((), operator.place)
        return Call(operator, (), operator.place)
    return Call(operator, _rest_of_list(c, ")", []), operator.place)


def _rest_of_list(c: Cursor, end: str, items: list[Term]) -> tuple[Term, ...]:
    """Terms with commas up to and with the closing bracket; a comma may stand before it."""
    while not c.take(end):
        items.append(parse_term_infix(c, in_list=True))
        if c.shape != end and not c.take(","):
            raise c.unexpected(f'expected "," or "{end}"')
    return tuple(items)


def _array(c: Cursor) -> Term:
    place = c.place
    c.advance()
    if c.take("]"):
        return Array((), place)
    comma_first = c.take(",")
    start, depth = c.index, c.depth
    head = parse_term(c)
    if c.take("]"):
        return Array((head,), place)
    if c.take(","):
        return Array(_rest_of_list(c, "]", [head]), place)
    if c.shape == "|" and not comma_first and (body := _comprehension_body(c, "]")) is not None:
        return ArrayComprehension(head, body, place)
    c.index, c.depth = start, depth
    return Array(_rest_of_list(c, "]", []), place)


def _comprehension_body(c: Cursor, end: str) -> tuple[Expr, ...] | None:
    """The body after `|`; None when a comma shows that the `|` was an operator in a list."""
    c.advance()
    try:
        return bodies.parse_body(c, end)
    except Refused:
        if c.shape != ",":
            raise
        return None


def _set_or_object(c: Cursor) -> Term:
    place = c.place
    c.advance()
    if c.take("}"):
        return Object((), place)
    comma_first = c.take(",")
    start, depth = c.index, c.depth
    head = parse_term(c)
    if c.shape == "|" and not comma_first:
        body = _comprehension_body(c, "}")
        if body is not None:
            return SetComprehension(head, body, place)
        c.index, c.depth = start, depth
        return Set(_rest_of_list(c, "}", []), place)
    if c.shape not in ("}", ",", ":"):
        c.index, c.depth = start, depth
        head = parse_term_infix(c, in_list=True)
    if c.shape == ":":
        return _object(c, head, place, comma_first)
    if c.take(","):
        return Set(_rest_of_list(c, "}", [head]), place)
    if not c.take("}"):
        raise c.unexpected("non-terminated set")
    return Set((head,), place)


def _object(c: Cursor, key: Term, place: Place, comma_first: bool) -> Term:
    """The rest of an object or object comprehension, from the first colon on."""
    c.advance()
    start, depth = c.index, c.depth
    value = parse_term(c)
    if c.shape == "|" and not comma_first:
        try:
            c.advance()
            return ObjectComprehension(key, value, bodies.parse_body(c, "}"), place)
        except Refused:
            c.index, c.depth = start, depth
    if c.index == start or c.shape not in ("}", ","):
        c.index, c.depth = start, depth
        value = parse_term_infix(c, in_list=True)
    pairs = [(key, value)]
    while not c.take("}"):
        if not c.take(","):
            raise c.unexpected("non-terminated object" if len(pairs) == 1 else 'expected "," or "}"')
        if c.take("}"):
            break
        key = parse_term_infix(c, in_list=True)
        if not c.take(":"):
            raise c.unexpected('expected ":"')
        pairs.append((key, parse_term_infix(c, in_list=True)))
    return Object(tuple(pairs), place)


def _template(c: Cursor) -> Term:
    place = c.place
    if c.version == 0:
        raise c.refusal("template strings are not supported in Rego v0: use sprintf")
    parts: list[String | Expr] = []
    while True:
        token_place = c.place
        token = c.advance()
        if token.value:
            parts.append(String(token.value, token_place))
        if not token.text.endswith("{"):
            return Template(tuple(parts), place)
        parts.append(_template_expression(c))
        if c.shape != "template" or not c.token.text.startswith("}"):
            raise c.refusal("expected } to end template string expression")


def _template_expression(c: Cursor) -> Expr:
    if c.shape == "template" and c.token.text.startswith("}"):
        raise c.refusal("invalid template-string expression")
    expr = bodies.parse_literal(c)
    name = expr.what.name if isinstance(expr.what, Call) else ""
    if expr.negated:
        raise c.refusal("unexpected negation ('not') in template-string expression", expr.place)
    if name == "eq":
        raise c.refusal("unexpected unification ('=') in template-string expression", expr.place)
    if name == "assign":
        raise c.refusal("unexpected assignment (':=') in template-string expression", expr.place)
    if (word := bodies.declaring_word(expr)) is not None:
        raise c.refusal(f"unexpected '{word}' in template-string expression", expr.place)
    return expr


def kind_of(term: Term) -> str:
    """OPA's word for the kind of a term, as its messages have it."""
    return {"ArrayComprehension": "arraycomprehension"}.get(type(term).__name__, type(term).__name__.lower())
