"""Names that must not be taken: `input` and `data`, and imports with one name."""

from __future__ import annotations

from policy_engine.rego.checks.problems import COMPILE, Problems
from policy_engine.rego.checks.walk import ROOTS, everything, rule_nodes, show
from policy_engine.rego.syntax.tree import Call, Expr, Module, Ref, Var


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
