"""Checks over scanned modules that an engine without checks of its own needs before it may decide.

Everything here is sound in one direction: a valid policy is never refused. It finds unknown functions, variables that
are certainly unsafe, and rules that collide with data. Messages and codes are OPA's where OPA has the same check.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from policy_engine.rego.errors import Issue
from policy_engine.rego.syntax.scan import Call, Module, Rule, count_arguments
from policy_engine.rego.syntax.tokens import KEYWORDS, Kind, Token
from policy_engine.rego.values import UNDEFINED, lookup

_COMPARES: Final = frozenset({"==", "!=", "<", "<=", ">", ">=", "+", "*", "/", "%"})
_GLOBAL: Final = frozenset({"input", "data", "_"})


class Definitions:
    """The rules of all modules together, by package."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self.names: dict[tuple[str, ...], set[str]] = {}
        self.paths: set[tuple[str, ...]] = set()
        self.arities: dict[tuple[str, ...], set[int]] = {}
        for module in modules:
            names = self.names.setdefault(module.package, set())
            for rule in module.rules:
                names.add(rule.name)
                path = (*module.package, *rule.path)
                self.paths.add(path)
                if rule.arity is not None:
                    self.arities.setdefault(path, set()).add(rule.arity)

    def in_package(self, package: tuple[str, ...]) -> set[str]:
        return self.names.get(package, set())

    def is_function(self, path: tuple[str, ...]) -> bool:
        """Whether a rule is defined at `path` (without `data`); a shorter rule path may have a longer value."""
        return path in self.paths


def unknown_functions(
    module: Module, definitions: Definitions, is_builtin: Callable[[str], bool], builtins: Iterable[str]
) -> Iterator[Issue]:
    """Calls of what is neither a builtin nor a function of the loaded modules, as `rego_type_error`."""
    for call in module.calls:
        if _is_defined(call, module, definitions) or is_builtin(".".join(call.name)):
            continue
        name = ".".join(call.name)
        known = [*builtins, *definitions.in_package(module.package), *module.imports]
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        yield module.source.issue("rego_type_error", f"undefined function {name}{hint}", call.token.start)


def wrong_arities(module: Module, definitions: Definitions) -> Iterator[Issue]:
    """Functions defined with different numbers of arguments, and calls with a number that none of them takes."""
    for rule in module.rules:
        if len(definitions.arities.get((*module.package, *rule.path), ())) > 1:
            yield module.source.issue(
                "rego_type_error",
                f"conflicting rules data.{'.'.join((*module.package, *rule.path))} found",
                rule.tokens[0].start,
            )
    for call in module.calls:
        name = resolved_name(call, module)
        path = name[1:] if name[0] == "data" else (*module.package, *name)
        arities = definitions.arities.get(path)
        # One argument more takes the result: `f(x, y)` for `y = f(x)`.
        if arities and not any(
            count_arguments(module.tokens, call.index) - arity in (0, 1) for arity in arities
        ):
            takes = " or ".join(str(arity) for arity in sorted(arities))
            yield module.source.issue(
                "rego_type_error",
                f"{'.'.join(call.name)}: wrong number of arguments, it takes {takes}",
                call.token.start,
            )


def resolved_name(call: Call, module: Module) -> tuple[str, ...]:
    """The called path with the module's imports applied."""
    target = module.imports.get(call.name[0])
    return (*target, *call.name[1:]) if target is not None else call.name


def _is_defined(call: Call, module: Module, definitions: Definitions) -> bool:
    name = resolved_name(call, module)
    if name[0] == "data":
        return definitions.is_function(name[1:])
    return definitions.is_function((*module.package, *name))


def unsafe_variables(module: Module, definitions: Definitions) -> Iterator[Issue]:
    """Variables that nothing in their rule can bind, as `rego_unsafe_var_error`; each once a rule."""
    known = definitions.in_package(module.package) | set(module.imports) | _GLOBAL | KEYWORDS
    for rule in module.rules:
        for token in _never_bound(rule, known):
            yield module.source.issue("rego_unsafe_var_error", f"var {token.text} is unsafe", token.start)


def _never_bound(rule: Rule, known: set[str]) -> Iterator[Token]:
    first: dict[str, Token] = {}
    bound: set[str] = set()
    alone = _standing_alone(rule.tokens)
    for index, token in enumerate(rule.tokens):
        if token.kind is not Kind.NAME or token.text in known or token.text in bound:
            continue
        before = rule.tokens[index - 1] if index else None
        after = rule.tokens[index + 1] if index + 1 < len(rule.tokens) else None
        if before is not None and before.text == "." and not token.spaced:
            continue  # a step of a reference, not a variable
        if after is not None and _is_call(index, rule.tokens):
            continue
        if index in alone or _only_reads(before, token, after):
            first.setdefault(token.text, token)
        else:
            bound.add(token.text)
    return (token for name, token in first.items() if name not in bound)


def _standing_alone(tokens: tuple[Token, ...]) -> set[int]:
    """Indexes of names that are a whole expression of a body: `allow if { is_admin }`."""
    found: set[int] = set()
    bodies: list[bool] = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        if token.kind is Kind.PUNCTUATION and token.text in "([{":
            bodies.append(token.text == "{" and before is not None and before.text in ("if", "else"))
        elif token.kind is Kind.PUNCTUATION and token.text in ")]}" and bodies:
            bodies.pop()
        if token.kind is not Kind.NAME or before is None or not bodies or not bodies[-1]:
            continue
        after = tokens[index + 1]
        begins = before.text in ("{", ";") or before.row < token.row
        if begins and (after.text in ("}", ";") or after.row > token.row):
            found.add(index)
    return found


def _is_call(index: int, tokens: tuple[Token, ...]) -> bool:
    """Whether the name at `index` begins a called name: `f(`, `a.b.f(`."""
    index += 1
    while index + 1 < len(tokens) and tokens[index].text == "." and not tokens[index].spaced:
        index += 2
    return index < len(tokens) and tokens[index].text == "(" and not tokens[index].spaced


def _only_reads(before: Token | None, token: Token, after: Token | None) -> bool:
    """Whether this place can't give the variable a value, whatever stands around."""
    if before is None or before.text in ("with", "as"):
        return False  # what `with` replaces and puts in its place may be a function
    if after is not None and after.text in (".", "[") and not after.spaced:
        return True  # the head of a reference
    if before.kind is Kind.PUNCTUATION and before.text in {":=", *_COMPARES}:
        return True
    if after is not None and after.kind is Kind.PUNCTUATION and after.text in _COMPARES:
        return True
    ends = after is None or after.row > token.row or after.text in (";", "}")
    return before.text == "not" and before.kind is Kind.NAME and ends


def collisions_with_data(modules: Iterable[Module], data: Mapping[str, Any]) -> Iterator[Issue]:
    """Rules at a path where data has a value: the engine would take one of them silently."""
    for module in modules:
        for rule in module.rules:
            path = (*module.package, *rule.path)
            if rule.is_function or lookup(data, path) is UNDEFINED:
                continue
            yield module.source.issue(
                "rego_compile_error",
                f"conflicting rule for data path {'/'.join(path)} found",
                rule.tokens[0].start,
            )
            break
