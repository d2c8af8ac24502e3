"""Names that must not be taken (`input`, `data`, an import twice) or used (deprecated builtins)."""

from __future__ import annotations

from typing import Final

from policy_engine.rego.checks.problems import COMPILE, TYPE, Problems
from policy_engine.rego.checks.walk import ROOTS, everything, rule_nodes, show
from policy_engine.rego.syntax.tree import Call, Expr, Module, Ref, Var

DEPRECATED: Final = frozenset(
    {"all", "any", "cast_array", "cast_boolean", "cast_null", "cast_object", "cast_set", "cast_string"}
    | {"net.cidr_overlap", "re_match", "set_diff"}
)
"""Builtins that only Rego v0 still has."""


def check_reserved(module: Module, problems: Problems) -> None:
    """What Rego v1 forbids in a module; nothing for a module in v0."""
    if module.version == 0:
        return
    _check_imports(module, problems)
    for rule in module.rules:
        if rule.head.name in ROOTS:
            message = f"rules must not shadow {rule.head.name} (use a different rule name)"
            problems.add(COMPILE, message, module.file, rule.place)
        for link in rule.chain():
            for node in everything(*rule_nodes(link)):
                if isinstance(node, Expr) and isinstance(node.what, Call) and node.what.name == "assign":
                    _check_assignment(node, node.what, module.file, problems)


def check_deprecated(module: Module, problems: Problems) -> None:
    """Builtins that Rego v1 has no longer; names are resolved before, so a rule may have such a name."""
    if module.version == 0:
        return
    for rule in module.rules:
        for link in rule.chain():
            for node in everything(*rule_nodes(link)):
                if isinstance(node, Call) and node.name in DEPRECATED:
                    message = f"deprecated built-in function calls in expression: {node.name}"
                    problems.add(TYPE, message, module.file, node.place)


def _check_assignment(expr: Expr, call: Call, file: str, problems: Problems) -> None:
    target = call.args[0] if call.args else None
    if (
        isinstance(target, Ref)
        and not target.path
        and isinstance(target.head, Var)
        and target.head.name in ROOTS
    ):
        message = f"variables must not shadow {target.head.name} (use a different variable name)"
        problems.add(COMPILE, message, file, expr.place)


def _check_imports(module: Module, problems: Problems) -> None:
    seen: dict[str, str] = {}
    for imported in module.imports:
        shown = f"import {show(imported.path)}" + (f" as {imported.alias}" if imported.alias else "")
        if imported.name in seen:
            problems.add(
                COMPILE, f"import must not shadow {seen[imported.name]}", module.file, imported.place
            )
        else:
            seen[imported.name] = shown
