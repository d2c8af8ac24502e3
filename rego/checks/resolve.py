"""Names to refs: rules of the package and imports become `data.…` or `input.…`, wherever no variable has the name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from policy_engine.rego.checks.problems import COMPILE, Problems
from policy_engine.rego.checks.walk import LEAVES, Node, closure_parts, parts, rebuild, variables
from policy_engine.rego.syntax.tree import (
    Array,
    ArrayComprehension,
    Body,
    Call,
    Every,
    Expr,
    Import,
    Module,
    Object,
    ObjectComprehension,
    Ref,
    Rule,
    SetComprehension,
    Some,
    SomeIn,
    String,
    Template,
    Term,
    Var,
    With,
)


def resolve_modules(modules: Sequence[Module], problems: Problems) -> list[Module]:
    """Modules without imports, their names resolved."""
    exports: dict[tuple[str, ...], set[str]] = {}
    for module in modules:
        exports.setdefault(module.package.path, set()).update(rule.head.name for rule in module.rules)
    resolved = []
    for module in modules:
        names = global_names(module.package.path, exports[module.package.path], module.imports)
        rules = tuple(_resolve_rule(rule, names, module.file, problems) for rule in module.rules)
        resolved.append(replace(module, imports=(), rules=rules))
    return resolved


def global_names(package: tuple[str, ...], rules: set[str], imports: Sequence[Import]) -> dict[str, Ref]:
    """What names mean outside of rules; an import wins over a rule."""
    names = {name: Ref(Var("data"), tuple(map(String, (*package, name)))) for name in rules}
    for imported in imports:
        if not (isinstance(imported.path.head, Var) and imported.path.head.name in ("future", "rego")):
            names[imported.name] = imported.path
    return names


def resolve_body(body: Body, names: Mapping[str, Ref]) -> Body:
    """The body of a query."""
    return _Resolver(names, [declared_variables(body)]).body(body)


def declared_variables(body: Body) -> set[str]:
    """What `:=` and `some` declare in a body, also in the bodies of `every`, but not in comprehensions."""
    found: set[str] = set()
    stack: list[Node] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, Call) and node.name == "assign" and len(node.args) == 2:
            found |= variables(node.args[0])
        elif isinstance(node, Some):
            found |= {variable.name for variable in node.variables}
        elif isinstance(node, SomeIn):
            found |= variables(node.value, *([node.key] if node.key is not None else []))
        stack.extend(parts(node))
        if isinstance(node, Every):
            stack.extend(closure_parts(node))
    return found


def _resolve_rule(rule: Rule, names: Mapping[str, Ref], file: str, problems: Problems) -> Rule:
    head = rule.head
    for arg in head.args:
        if (
            isinstance(arg, Ref)
            and not arg.path
            and isinstance(arg.head, Var)
            and arg.head.name in ("data", "input")
        ):
            message = f"args must not shadow {arg.head.name} (use a different variable name)"
            problems.add(COMPILE, message, file, rule.place)
    resolver = _Resolver(names, [_argument_variables(head.args), declared_variables(rule.body)])
    otherwise = rule.otherwise
    return replace(
        rule,
        head=replace(
            head,
            ref=Ref(head.ref.head, tuple(map(resolver.term, head.ref.path)), head.ref.place),
            key=None if head.key is None else resolver.term(head.key),
            value=None if head.value is None else resolver.term(head.value),
        ),
        body=resolver.body(rule.body),
        otherwise=None if otherwise is None else _resolve_rule(otherwise, names, file, problems),
    )


def _argument_variables(args: Sequence[Term]) -> set[str]:
    """Variables that the arguments of a function bind: those of arrays and of the values of objects."""
    found: set[str] = set()
    stack = list(args)
    while stack:
        arg = stack.pop()
        match arg:
            case Var():
                found.add(arg.name)
            case Array():
                stack.extend(arg.items)
            case Object():
                stack.extend(value for _, value in arg.pairs)
            case Ref():
                found |= variables(arg)
    return found


class _Resolver:
    """`hidden` are the sets of variables that hide names here, one for each scope."""

    def __init__(self, names: Mapping[str, Ref], hidden: list[set[str]]) -> None:
        self._names = names
        self._hidden = hidden

    def body(self, body: Body) -> Body:
        return tuple(map(self.expr, body))

    def expr(self, expr: Expr) -> Expr:
        withs = tuple(self._with(modifier) for modifier in expr.withs)
        return replace(expr, what=self._what(expr.what), withs=withs)

    def _with(self, modifier: With) -> With:
        target = self.term(modifier.target)
        # A name that isn't known stays as it is; only refs can come back for a ref.
        return replace(
            modifier,
            target=target if isinstance(target, Ref) else modifier.target,
            value=self.term(modifier.value),
        )

    def _what(self, what: Term | Some | SomeIn | Every) -> Term | Some | SomeIn | Every:
        match what:
            case Some():
                return what
            case SomeIn():
                key = None if what.key is None else self.term(what.key)
                return replace(
                    what, key=key, value=self.term(what.value), collection=self.term(what.collection)
                )
            case Every():
                own = {what.value.name} | ({what.key.name} if what.key is not None else set())
                self._hidden.append(own)
                every = replace(what, domain=self.term(what.domain), body=self.body(what.body))
                self._hidden.pop()
                return every
        return self.term(what)

    def _known(self, name: str) -> Ref | None:
        found = self._names.get(name)
        return None if found is None or any(name in hidden for hidden in self._hidden) else found

    def term(self, term: Term) -> Term:
        if type(term) in LEAVES:
            return term
        match term:
            case Var():
                known = self._known(term.name)
                return term if known is None else _placed(known, term)
            case Ref():
                return self._ref(term)
            case Call():
                return Call(self._ref(term.operator), tuple(map(self.term, term.args)), term.place)
            case ArrayComprehension() | SetComprehension():
                self._hidden.append(declared_variables(term.body))
                simple = replace(term, head=self.term(term.head), body=self.body(term.body))
                self._hidden.pop()
                return simple
            case ObjectComprehension():
                self._hidden.append(declared_variables(term.body))
                pair = replace(
                    term, key=self.term(term.key), value=self.term(term.value), body=self.body(term.body)
                )
                self._hidden.pop()
                return pair
            case Template():
                inner = (self.expr(part) if isinstance(part, Expr) else part for part in term.parts)
                return replace(term, parts=tuple(inner))
        return rebuild(term, self.term)

    def _ref(self, ref: Ref) -> Ref:
        path = tuple(map(self.term, ref.path))
        head = self.term(ref.head)
        if isinstance(ref.head, Var) and isinstance(head, Ref):
            return Ref(head.head, (*head.path, *path), ref.place)
        return Ref(head, path, ref.place)


def _placed(ref: Ref, where: Var) -> Ref:
    return Ref(ref.head, ref.path, where.place)
