"""Rules that can't stand together: other kinds or arities on one path, rules below rules, several defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policy_engine.rego.checks.problems import TYPE, Problems
from policy_engine.rego.checks.rule_tree import Node, PlacedRule
from policy_engine.rego.checks.walk import show
from policy_engine.rego.syntax.tree import Module, Ref, Var


def check_conflicts(
    root: Node, modules: Sequence[Module], sources: Mapping[str, str], problems: Problems
) -> None:
    """Report every path whose rules contradict each other; `sources` has the names that variables had."""
    for node in root.below():
        if node.rules:
            _check_node(node, sources, problems)
    _check_packages(root, modules, problems)


def _check_node(node: Node, sources: Mapping[str, str], problems: Problems) -> None:
    rules = node.rules
    first = rules[0]
    name = rules[-1].shown(sources)
    lower = [placed for below in node.below() if below is not node for placed in below.rules]
    clash = lower if any(placed.is_ground for placed in rules) else []
    if not clash and not all(placed.is_ground for placed in rules):
        clash = [placed for placed in lower if placed.rule.is_function]
    if clash:
        found = sorted(
            {(placed.shown(sources), placed.module.file, placed.rule.place.row) for placed in clash}
        )
        listed = "".join(f"\n  rule {shown} at {file}:{row}" for shown, file, row in found)
        _report(problems, first, f"rule {name} conflicts with:{listed}")
        return
    if _is_mixed(rules):
        _report(problems, first, f"conflicting rules {name} found")
        return
    defaults = [placed for placed in rules if placed.rule.is_default]
    if len(defaults) > 1:
        places = ", ".join(f"{placed.module.file}:{placed.rule.place.row}" for placed in defaults)
        message = f"multiple default rules {name} found at {places}"
        problems.add(TYPE, message, defaults[0].module.file, defaults[0].module.package.place)


def _is_mixed(rules: list[PlacedRule]) -> bool:
    """Whether rules on one path are of more than one kind."""
    is_set = {placed.rule.head.key is not None for placed in rules}
    arities = {len(placed.rule.head.args) for placed in rules}
    complete = {placed.rule.head.key is None and placed.is_ground for placed in rules}
    depths = {placed.is_ground for placed in rules if placed.rule.head.key is not None}
    return len(is_set) > 1 or len(arities) > 1 or len(complete) > 1 or len(depths) > 1


def _check_packages(root: Node, modules: Sequence[Module], problems: Problems) -> None:
    packages = {module.package.path: module for module in modules}
    for node in root.below():
        for placed in node.rules:
            if not placed.is_ground or placed.rule.head.name == "":
                continue
            path = tuple(getattr(step, "value", None) for step in placed.path)
            other = packages.get(path)  # type: ignore[arg-type]
            if other is not None:
                package = "package " + show(Ref(Var(other.package.path[0]), placed.path[1:]))
                where = f"{placed.module.file}:{placed.rule.place.row}"
                message = f"{package} conflicts with rule {show(placed.rule.head.ref)} defined at {where}"
                problems.add(TYPE, message, placed.module.file, placed.module.package.place)


def _report(problems: Problems, placed: PlacedRule, message: str) -> None:
    problems.add(TYPE, message, placed.module.file, placed.rule.place)
