"""No rule may need itself, directly or through others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from policy_engine.rego.checks.problems import RECURSION, Problems
from policy_engine.rego.checks.rule_tree import Node, PlacedRule
from policy_engine.rego.checks.walk import everything, rule_nodes
from policy_engine.rego.syntax.tree import Call, Ref, Rule, Var

MOST_CYCLES: Final = 10
"""How many rules on cycles are reported: all the rules of a long cycle would say the same."""


def check_recursion(root: Node, sources: Mapping[str, str], problems: Problems) -> None:
    """Report each rule on a cycle, with the way around."""
    rules = [placed for node in root.below() for placed in node.rules]
    needs = {placed: _needs(placed.rule, root) for placed in rules}
    for placed in _on_cycles(needs)[:MOST_CYCLES]:
        path = _way_back(placed, needs)
        shown = " -> ".join(step.shown(sources) for step in path)
        message = f"rule {placed.shown(sources)} is recursive: {shown}"
        problems.add(RECURSION, message, placed.module.file, placed.rule.place)


def _needs(rule: Rule, root: Node) -> list[PlacedRule]:
    found: dict[PlacedRule, None] = {}
    for link in rule.chain():
        for node in everything(*rule_nodes(link)):
            ref = node.operator if isinstance(node, Call) else node
            if isinstance(ref, Ref) and isinstance(ref.head, Var) and ref.head.name == "data":
                found.update(dict.fromkeys(root.selected(ref.path)))
    return list(found)


def _on_cycles(needs: Mapping[PlacedRule, list[PlacedRule]]) -> list[PlacedRule]:
    """The rules on a cycle: strongly connected components by Tarjan's algorithm, without recursion."""
    order: dict[PlacedRule, int] = {}
    low: dict[PlacedRule, int] = {}
    stack: list[PlacedRule] = []
    open_rules: set[PlacedRule] = set()
    found: set[PlacedRule] = set()
    for start in needs:
        if start in order:
            continue
        work = [(start, iter(needs[start]))]
        order[start] = low[start] = len(order)
        stack.append(start)
        open_rules.add(start)
        while work:
            current, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[current])
                if low[current] == order[current]:
                    component = _popped(stack, current)
                    open_rules.difference_update(component)
                    if len(component) > 1 or current in needs[current]:
                        found.update(component)
            elif following not in order:
                order[following] = low[following] = len(order)
                stack.append(following)
                open_rules.add(following)
                work.append((following, iter(needs[following])))
            elif following in open_rules:
                low[current] = min(low[current], order[following])
    return [placed for placed in needs if placed in found]


def _popped(stack: list[PlacedRule], last: PlacedRule) -> list[PlacedRule]:
    index = stack.index(last)
    component = stack[index:]
    del stack[index:]
    return component


def _way_back(start: PlacedRule, needs: Mapping[PlacedRule, list[PlacedRule]]) -> list[PlacedRule]:
    """The shortest way from a rule back to itself."""
    before: dict[PlacedRule, PlacedRule] = {}
    level = [start]
    while level:
        following = []
        for current in level:
            for needed in needs[current]:
                if needed is start:
                    path = [start]
                    while current is not start:
                        path.append(current)
                        current = before[current]
                    return [start, *reversed(path)] if len(path) > 1 else [start, start]
                if needed not in before:
                    before[needed] = current
                    following.append(needed)
        level = following
    return [start]
