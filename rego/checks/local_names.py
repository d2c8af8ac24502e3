"""Declared variables get names of their own: `:=`, `some`, `every`, arguments.

`some x` disappears, `some k, v in xs` becomes `v = xs[k]`, and `:=` stays a call of `assign`, so that the safety check
knows which side is the output.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from policy_engine.rego.checks.problems import COMPILE, UNSAFE, Problems
from policy_engine.rego.checks.resolve import declared_variables
from policy_engine.rego.checks.scopes import Names, Occurrence, Scopes
from policy_engine.rego.checks.walk import (
    LEAVES,
    ROOTS,
    everything,
    open_variables,
    pattern_variables,
    rebuild,
    rule_nodes,
    show,
    variables,
)
from policy_engine.rego.syntax.terms import kind_of
from policy_engine.rego.syntax.tree import (
    Array,
    ArrayComprehension,
    Body,
    Boolean,
    Call,
    Every,
    Expr,
    Module,
    Object,
    ObjectComprehension,
    Place,
    Ref,
    Rule,
    SetComprehension,
    Some,
    SomeIn,
    Template,
    Term,
    Var,
    With,
)


def rename_in_modules(
    modules: list[Module], builtins: Collection[str], names: Names, problems: Problems
) -> list[Module]:
    """Modules whose declared variables have names of their own."""
    return [
        replace(
            module,
            rules=tuple(
                _rename_in_rule(rule, builtins, names, module.file, problems) for rule in module.rules
            ),
        )
        for module in modules
    ]


def rename_in_query(body: Body, names: Names, problems: Problems) -> tuple[Body, dict[str, str]]:
    """The body of a query, and what each of its variables is called now."""
    scopes = Scopes(names)
    renamed = _Renamer(scopes, "", problems).body(body, set())
    asked = open_variables(*body)
    return renamed, {name: scopes.variable(name) or name for name in asked if not name.startswith("$")}


def variables_in(modules: list[Module]) -> set[str]:
    """All variables that occur in modules."""
    return {
        name
        for module in modules
        for rule in module.rules
        for link in rule.chain()
        for name in _names_in(link)
    }


def _names_in(rule: Rule) -> set[str]:
    return variables(*rule_nodes(rule))


def _rename_in_rule(
    rule: Rule, builtins: Collection[str], names: Names, file: str, problems: Problems
) -> Rule:
    scopes = Scopes(names)
    renamer = _Renamer(scopes, file, problems)
    for arg in rule.head.args:
        renamer.argument(arg)
    links = [_rename_in_link(link, builtins, scopes.copy(), file, problems) for link in rule.chain()]
    renamed = links[-1]
    for link in reversed(links[:-1]):
        renamed = replace(link, otherwise=renamed)
    return renamed


def _rename_in_link(
    rule: Rule, builtins: Collection[str], scopes: Scopes, file: str, problems: Problems
) -> Rule:
    head = rule.head
    _hide_builtins(rule, builtins, scopes)
    renamer = _Renamer(scopes, file, problems)
    given = [*head.ref.path, *(term for term in (head.key, head.value) if term is not None)]
    body = renamer.body(rule.body, variables(*given))
    return replace(
        rule,
        body=body,
        otherwise=None,
        head=replace(
            head,
            args=tuple(renamer.argument(arg) for arg in head.args),
            ref=replace(head.ref, path=tuple(map(renamer.term, head.ref.path))),
            key=None if head.key is None else renamer.term(head.key),
            value=None if head.value is None else renamer.term(head.value),
        ),
    )


def _hide_builtins(rule: Rule, builtins: Collection[str], scopes: Scopes) -> None:
    """A variable that is bound in the body and has the name of a builtin is a variable, not the builtin."""
    hiding = {name for name in open_variables(*rule.body) if name in builtins} - declared_variables(rule.body)
    for node in everything(*rule_nodes(rule)):
        if isinstance(node, With):
            hiding -= variables(node)
    for name in sorted(hiding):
        if scopes.variable(name) is None:
            scopes.insert(name, Occurrence.SEEN)


class _Renamer:
    def __init__(self, scopes: Scopes, file: str, problems: Problems) -> None:
        self._scopes = scopes
        self._file = file
        self._problems = problems

    def _report(self, message: str, place: Place) -> None:
        self._problems.add(COMPILE, message, self._file, place)

    def argument(self, arg: Term) -> Term:
        """An argument of a function: a pattern whose variables are declared."""
        match arg:
            case Var():
                return Var(self._scopes.insert(arg.name, Occurrence.ARGUMENT), arg.place)
            case Object():
                return replace(arg, pairs=tuple((key, self.argument(value)) for key, value in arg.pairs))
            case Ref(head=Var(name=name)) if name in ROOTS:
                self._problems.add(UNSAFE, f"var {name} is unsafe", self._file, arg.place)
            case Array() | Ref():
                return rebuild(arg, self.argument)
            case Call():
                self._report("rule arguments cannot contain calls", arg.place)
        return arg

    def body(self, body: Body, used: set[str]) -> Body:
        """A body in the current scope; `used` are the variables that what the body is for takes from it."""
        renamed = [done for expr in body if (done := self.expr(expr)) is not None]
        found = variables(*renamed)
        for name, variable in self._scopes.declared_here().items():
            if variable not in found and name not in used and not name.startswith("$"):
                self._report(f"declared var {name} unused", _declaration(name, body))
        if renamed or not body:
            return tuple(renamed)
        return (Expr(Boolean(True, body[0].place), generated=True, place=body[0].place),)

    def expr(self, expr: Expr) -> Expr | None:
        """An expression; None for a declaration, of which nothing is left."""
        what = expr.what
        match what:
            case Some():
                for variable in what.variables:
                    self._declare(variable.name, Occurrence.DECLARED, expr.place)
                return None
            case SomeIn():
                return self._some_in(expr, what)
            case Every():
                return self._every(expr, what)
            case Call() if what.name == "assign" and len(what.args) == 2:
                return self._assignment(expr, what)
            case Call():
                renamed: Term = Call(
                    self._operator(what.operator), tuple(map(self.term, what.args)), what.place
                )
            case _:
                renamed = self.term(what)
        return replace(expr, what=renamed, withs=self._withs(expr))

    def _declare(self, name: str, occurrence: Occurrence, place: Place) -> Var:
        variable, objection = self._scopes.declare(name, occurrence)
        if objection is not None:
            self._report(objection, place)
        return Var(variable, place)

    def _assignment(self, expr: Expr, call: Call) -> Expr:
        if expr.negated:
            self._report("cannot assign vars inside negated expression", expr.place)
            return expr
        right = self.term(call.args[1])
        withs = self._withs(expr)
        left = self._target(call.args[0])
        return replace(expr, what=replace(call, args=(left, right)), withs=withs)

    def _target(self, term: Term) -> Term:
        """The left side of `:=`."""
        match term:
            case Var():
                return self._declare(term.name, Occurrence.ASSIGNED, term.place)
            case Array():
                return rebuild(term, self._target)
            case Object():
                return replace(term, pairs=tuple((key, self._target(value)) for key, value in term.pairs))
            case Ref(head=Var(name=name), path=()) if name in ROOTS:
                return self._declare(name, Occurrence.ASSIGNED, term.place)
        self._report(f"cannot assign to {kind_of(term)}", term.place)
        return term

    def _some_in(self, expr: Expr, some: SomeIn) -> Expr:
        key = some.key or Var(self._scopes.names.new(), some.place)
        bound = pattern_variables(some.value, key)
        around = variables(some.collection)
        for name in sorted(bound & open_variables(some.collection)):
            self._report(f"var {name} assigned before", expr.place)
        collection = some.collection
        if isinstance(collection, Ref):
            member = Ref(collection.head, (*collection.path, key), collection.place)
        else:
            member = Ref(collection, (key,), collection.place)
        for name in sorted(bound - around):
            if some.key is not None or name != getattr(key, "name", None):
                self._declare(name, Occurrence.DECLARED, expr.place)
        equal = Call(Ref(Var("eq", some.place), (), some.place), (some.value, member), some.place)
        return replace(expr, what=self._what_of_call(equal), withs=self._withs(expr))

    def _what_of_call(self, call: Call) -> Call:
        return Call(call.operator, tuple(map(self.term, call.args)), call.place)

    def _every(self, expr: Expr, every: Every) -> Expr:
        domain = self.term(every.domain)
        self._scopes.push()
        key = (
            Var(self._scopes.names.new(), every.place)
            if every.key is None
            else self._every_variable(every.key)
        )
        value = self._every_variable(every.value)
        body = self.body(every.body, set())
        self._scopes.pop()
        renamed = replace(every, key=key, value=value, domain=domain, body=body)
        return replace(expr, what=renamed, withs=self._withs(expr))

    def _every_variable(self, variable: Var) -> Var:
        if variable.is_wildcard:
            return variable
        return self._declare(variable.name, Occurrence.DECLARED, variable.place)

    def _withs(self, expr: Expr) -> tuple[With, ...]:
        return tuple(
            replace(modifier, target=self._with_target(modifier.target), value=self.term(modifier.value))
            for modifier in expr.withs
        )

    def _with_target(self, target: Ref) -> Ref:
        """`input` and `data` mean the documents here, whatever variables are called."""
        return Ref(self._operator(target).head, tuple(map(self.term, target.path)), target.place)

    def _operator(self, operator: Ref) -> Ref:
        if not isinstance(operator.head, Var) or operator.head.name in ROOTS:
            return operator
        known = self._scopes.variable(operator.head.name)
        return operator if known is None else replace(operator, head=replace(operator.head, name=known))

    def term(self, term: Term) -> Term:
        """A term in the current scope."""
        if type(term) in LEAVES:
            return term
        match term:
            case Var():
                return replace(term, name=self._scopes.see(term.name))
            case Ref(head=Var(name=name)) if name in ROOTS and self._scopes.is_declared(name):
                variable = Var(self._scopes.see(name), term.place)
                path = tuple(map(self.term, term.path))
                return Ref(variable, path, term.place) if path else variable
            case Call():
                if self._operator(term.operator) != term.operator:
                    self._report(f"called function {show(term.operator)} shadowed", term.place)
            case ArrayComprehension() | SetComprehension() | ObjectComprehension():
                return self._comprehension(term)
            case Template():
                return self._template(term)
        return rebuild(term, self.term)

    def _comprehension(self, term: ArrayComprehension | SetComprehension | ObjectComprehension) -> Term:
        given = (term.key, term.value) if isinstance(term, ObjectComprehension) else (term.head,)
        self._scopes.push()
        body = self.body(term.body, variables(*given))
        renamed: Term
        if isinstance(term, ObjectComprehension):
            renamed = replace(term, key=self.term(term.key), value=self.term(term.value), body=body)
        else:
            renamed = replace(term, head=self.term(term.head), body=body)
        self._scopes.pop()
        return renamed

    def _template(self, term: Template) -> Term:
        parts: list[Term | Expr] = []
        for part in term.parts:
            if isinstance(part, Expr):
                self._scopes.push()
                part = self.expr(part) or part
                self._scopes.pop()
            parts.append(part)
        return replace(term, parts=tuple(parts))  # type: ignore[arg-type]


def _declaration(name: str, body: Body) -> Place:
    for expr in body:
        if name in declared_variables((expr,)):
            return expr.place
    return body[0].place
