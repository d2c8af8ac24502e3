"""Template strings and `print`: what may be undefined is captured in a set that has its value or is empty.

$"a {input.x} b"        internal.template_string(["a ", {v | v = input.x}, " b"])
print("x:", input.x)    internal.print([{v | v = "x:"}, {v | v = input.x}])
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from policy_engine.rego.checks.problems import COMPILE, TYPE, Problems
from policy_engine.rego.checks.scopes import Names
from policy_engine.rego.checks.walk import Node, everything, parts, rebuild, rule_nodes, show, variables
from policy_engine.rego.syntax.tree import (
    Array,
    ArrayComprehension,
    Body,
    Boolean,
    Call,
    Every,
    Expr,
    ObjectComprehension,
    Place,
    Ref,
    Rule,
    Set,
    SetComprehension,
    String,
    Template,
    Term,
    Var,
    With,
)

PRINT: Final = "internal.print"
_TEMPLATE: Final = "template_string"


class Captures:
    """Rewrites rules and queries; `keeps_print` False drops calls of `print`."""

    def __init__(self, names: Names, problems: Problems, *, keeps_print: bool) -> None:
        self._names = names
        self._problems = problems
        self._keeps_print = keeps_print
        self._file = ""

    def rule(self, rule: Rule, file: str) -> Rule:
        """A rule and its else rules."""
        self._file = file
        otherwise = None if rule.otherwise is None else self.rule(rule.otherwise, file)
        if not any(_is_captured(node) for node in everything(*rule_nodes(rule))):
            return replace(rule, otherwise=otherwise)
        outer = variables(*rule.head.args)
        known = outer | _open_variables(rule.body)
        head = replace(
            rule.head,
            ref=replace(rule.head.ref, path=tuple(self._term(step, known) for step in rule.head.ref.path)),
            args=tuple(self._term(arg, known) for arg in rule.head.args),
            key=None if rule.head.key is None else self._term(rule.head.key, known),
            value=None if rule.head.value is None else self._term(rule.head.value, known),
        )
        return replace(rule, head=head, body=self.body(rule.body, outer), otherwise=otherwise)

    def body(self, body: Body, outer: set[str]) -> Body:
        """A body; `outer` are the variables that are bound around it."""
        known = outer | _open_variables(body)
        done: list[Expr] = []
        for index, expr in enumerate(body):
            if not (isinstance(expr.what, Call) and expr.what.name == "print"):
                done.append(self._expr(expr, known))
            elif self._keeps_print:
                done.append(self._print(expr, expr.what, outer | _open_variables(body[:index])))
        return tuple(done) or (Expr(Boolean(True, body[0].place), generated=True, place=body[0].place),)

    def _print(self, expr: Expr, call: Call, known: set[str]) -> Expr:
        captured = tuple(
            self._captured(self._term(arg, known), (), known, in_template=False) for arg in call.args
        )
        return replace(expr, what=_internal("print", Array(captured, call.place)))

    def _expr(self, expr: Expr, known: set[str]) -> Expr:
        what = expr.what
        withs = tuple(replace(modifier, value=self._term(modifier.value, known)) for modifier in expr.withs)
        if isinstance(what, Every):
            inner = known | {what.value.name} | ({what.key.name} if what.key is not None else set())
            every = replace(what, domain=self._term(what.domain, known), body=self.body(what.body, inner))
            return replace(expr, what=every, withs=withs)
        if isinstance(what, Call):
            args = tuple(self._term(arg, known) for arg in what.args)
            return replace(expr, what=replace(what, args=args), withs=withs)
        assert not hasattr(what, "collection")  # noqa: S101 - no declarations are left
        return replace(expr, what=self._term(what, known), withs=withs)  # type: ignore[arg-type]

    def _term(self, term: Term, known: set[str]) -> Term:
        match term:
            case Template():
                return self._template(term, known)
            case ArrayComprehension() | SetComprehension():
                inner = known | _open_variables(term.body)
                return replace(term, head=self._term(term.head, inner), body=self.body(term.body, known))
            case ObjectComprehension():
                inner = known | _open_variables(term.body)
                key, value = self._term(term.key, inner), self._term(term.value, inner)
                return replace(term, key=key, value=value, body=self.body(term.body, known))
            case Call() if term.name in ("print", PRINT):
                self._problems.add(TYPE, f"{show(term.operator)}(...) used as value", self._file, term.place)
        return rebuild(term, lambda part: self._term(part, known))

    def _template(self, term: Template, known: set[str]) -> Term:
        items: list[Term] = []
        for part in term.parts:
            if isinstance(part, String):
                items.append(part)
            elif isinstance(part.what, Call) and part.what.name == "walk":
                message = "illegal call to relation built-in 'walk' that may cause multiple outputs"
                self._problems.add(COMPILE, message, self._file, part.place)
            else:
                value = self._term(part.what, known)  # type: ignore[arg-type]
                items.append(self._captured(value, part.withs, known, in_template=True))
        return _internal(_TEMPLATE, Array(tuple(items) or (String("", term.place),), term.place))

    def _captured(self, term: Term, withs: tuple[With, ...], known: set[str], *, in_template: bool) -> Term:
        """A set with the value of the term, empty where the term is undefined."""
        unknown = _open_variables((Expr(term),)) - known
        if isinstance(term, Var) and (in_template or not unknown):
            return Set((term,), term.place)
        for name in sorted(unknown):
            shown = self._names.sources.get(name, "_" if name.startswith("$") else name)
            self._problems.add(COMPILE, f"var {shown} is undeclared", self._file, term.place)
        variable = Var(self._names.new(), term.place)
        equal = Call(Ref(Var("eq", term.place), (), term.place), (variable, term), term.place)
        return SetComprehension(
            variable, (Expr(equal, withs=withs, generated=True, place=term.place),), term.place
        )


def _internal(name: str, operand: Term) -> Call:
    place: Place = operand.place
    return Call(Ref(Var("internal", place), (String(name, place),), place), (operand,), place)


def _is_captured(node: Node) -> bool:
    return isinstance(node, Template) or (isinstance(node, Call) and node.name == "print")


def _open_variables(body: Iterable[Expr]) -> set[str]:
    """The variables of a body outside of closures, templates and `print`."""
    found: set[str] = set()
    stack: list[Node] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, Var):
            found.add(node.name)
        elif not _is_captured(node):
            stack.extend(parts(node))
    return found
