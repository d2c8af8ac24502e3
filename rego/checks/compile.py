"""The stages of the checks, in order. A stage reports all it finds; the next one only starts when nothing is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from policy_engine.rego.checks.captures import PRINT, Captures
from policy_engine.rego.checks.checked import CheckedModules, CheckedQuery
from policy_engine.rego.checks.conflicts import check_conflicts
from policy_engine.rego.checks.flatten import Flattener, Hoister
from policy_engine.rego.checks.functions import Functions
from policy_engine.rego.checks.local_names import rename_in_modules, rename_in_query, variables_in
from policy_engine.rego.checks.problems import COMPILE, Problems, lines_of
from policy_engine.rego.checks.recursion import check_recursion
from policy_engine.rego.checks.reserved import check_deprecated, check_reserved
from policy_engine.rego.checks.resolve import global_names, resolve_body, resolve_modules
from policy_engine.rego.checks.rule_tree import Node, build_tree
from policy_engine.rego.checks.safety import Safety, own_variables
from policy_engine.rego.checks.scopes import Names
from policy_engine.rego.checks.walk import rule_nodes, variables
from policy_engine.rego.checks.with_targets import WithTargets
from policy_engine.rego.errors import Issue, RegoCompileError
from policy_engine.rego.syntax.tree import Body, Import, Module, Rule, String


def compile_modules(
    modules: Sequence[Module], arities: Mapping[str, int], sources: Mapping[str, str] | None = None
) -> CheckedModules:
    """Check and rewrite modules; raises `RegoCompileError` with everything that is wrong.

    `arities` maps builtins to their numbers of operands; `sources` maps files to their texts, for the source lines in
    messages.
    """
    problems = Problems(lines_of(sources or {}))
    try:
        return _compile_modules(modules, {"eq": 2, "assign": 2, "print": -1, **arities}, problems)
    except RecursionError:
        raise RegoCompileError([Issue(COMPILE, "nested too deep for what is left of the stack")]) from None


def _compile_modules(
    modules: Sequence[Module], arities: Mapping[str, int], problems: Problems
) -> CheckedModules:
    for module in modules:
        check_reserved(module, problems)
    problems.stop()
    current = resolve_modules(modules, problems)
    for module in current:
        check_deprecated(module, problems)
    problems.stop()
    names = Names(variables_in(current))
    current = rename_in_modules(current, arities, names, problems)
    problems.stop()
    captures = Captures(names, problems, keeps_print=PRINT in arities)
    current = _each_rule(current, captures.rule)
    problems.stop()
    tree = build_tree(current)
    current = _each_rule(current, Flattener(names, WithTargets(tree, arities, problems)).rule)
    problems.stop()
    tree = build_tree(current)
    check_conflicts(tree, current, names.sources, problems)
    problems.stop()
    checked = CheckedModules(tuple(current), arities, _rule_arities(tree), names.sources)
    functions = Functions(checked.arity, names.sources, _suggester(arities), problems)
    for module in current:
        for rule in module.rules:
            for link in rule.chain():
                functions.check(module.file, *rule_nodes(link))
    problems.stop()
    current = _each_rule(current, Safety(checked.arity, names.sources, problems).rule)
    problems.stop()
    hoister = Hoister(names, keeps_equal=False)
    current = _each_rule(current, lambda rule, _: hoister.rule(rule))
    check_recursion(build_tree(current), names.sources, problems)
    problems.stop()
    return replace(checked, modules=tuple(current))


def compile_query(
    checked: CheckedModules, body: Body, package: tuple[str, ...] = (), imports: Sequence[Import] = ()
) -> CheckedQuery:
    """Check and rewrite a query against checked modules; raises `RegoCompileError`.

    With a `package`, the names of its rules are known in the query as in a module of that package.
    """
    problems = Problems(lines_of({}))
    rules = {
        rule.head.name
        for module in checked.modules
        if package and module.package.path == package
        for rule in module.rules
    }
    resolved = resolve_body(body, global_names(package, rules, imports))
    names = Names(variables(*resolved), suffix="q")
    renamed, outputs = rename_in_query(resolved, names, problems)
    problems.stop()
    captured = Captures(names, problems, keeps_print=PRINT in checked.arities).body(renamed, set())
    problems.stop()
    tree = build_tree(checked.modules)
    flat = Flattener(names, WithTargets(tree, checked.arities, problems)).body(captured, "")
    problems.stop()
    Functions(checked.arity, names.sources, _suggester(checked.arities), problems).check("", *flat)
    problems.stop()
    ordered = Safety(checked.arity, names.sources, problems).body(flat, set(), "")
    problems.stop()
    # The name of a function in `with` is no variable of the query.
    bound = {name for expr in ordered for name in own_variables(expr)}
    found = {name: variable for name, variable in outputs.items() if variable in bound}
    return CheckedQuery(Hoister(names, keeps_equal=True).body(ordered), found)


def _each_rule(modules: Sequence[Module], change: Callable[[Rule, str], Rule]) -> list[Module]:
    return [
        replace(module, rules=tuple(change(rule, module.file) for rule in module.rules)) for module in modules
    ]


def _rule_arities(tree: Node) -> dict[tuple[str, ...], int]:
    arities: dict[tuple[str, ...], int] = {}
    for node in tree.below():
        for placed in node.rules:
            path = tuple(step.value for step in placed.ground if isinstance(step, String))
            if len(path) == len(placed.path):
                arities.setdefault(path, len(placed.rule.head.args))
    return arities


def _suggester(arities: Mapping[str, int]) -> Callable[[str], str | None]:
    def suggest(name: str) -> str | None:
        return next(iter(difflib.get_close_matches(name, arities, n=1, cutoff=0.8)), None)

    return suggest
