"""The planner: from checked modules to a plan in OPA's IR.

    policy = plan(checked, entrypoints=["policy/deny"])                 # each answers {"result": value}
    policy = plan(checked, queries={"eval": compile_query(checked, …)})  # each answers its variables

Only what an entrypoint or a query reaches is planned. Functions are named `g0.data.policy.deny`, as in OPA's plans;
another number than 0 is a version for what `with` changes (see `environment`). The plan uses nothing that OPA's IR
doesn't have, but isn't statement for statement what OPA's own planner writes.

How the parts divide the work: `rule_tree` finds the rules that make one function, `planner_rules` plans it, with
`planner_body` for expressions, `planner_terms` for values, `planner_data` for refs into `data`, `planner_calls`, and
`planner_unify`. They share a `planner_frame.Frame` and write through `blocks.Writer`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from policy_engine.rego.checks import CheckedModules, CheckedQuery
from policy_engine.rego.errors import Issue, RegoCompileError
from policy_engine.rego.plan import ir
from policy_engine.rego.plan.blocks import Constants, Writer
from policy_engine.rego.plan.environment import Environment
from policy_engine.rego.plan.planner_frame import Frame
from policy_engine.rego.plan.planner_rules import FunctionPlanner
from policy_engine.rego.plan.rule_tree import RuleGroup, dotted, rule_tree
from policy_engine.rego.plan.rule_uses import RuleUses
from policy_engine.rego.syntax.tree import Call, Expr, Ref, String, Var

RESULT: Final = "result"
"""What the value of an entrypoint is called in its answer."""
MAX_DEPTH_OF_EARLY_EXIT: Final = 12
"""From deeper loops no function returns: the code for them is spread over several Python functions."""


def plan(
    checked: CheckedModules,
    *,
    queries: Mapping[str, CheckedQuery] | None = None,
    entrypoints: Sequence[str] = (),
) -> ir.Policy:
    """Plan queries and entrypoints (`policy/deny` for `data.policy.deny`) by name.

    Raises `RegoCompileError` for what has no plan: an unsafe variable, an unknown function, rules that need each other.
    """
    wanted = dict(queries or {}) | {name: _entrypoint(name) for name in entrypoints}
    try:
        return _Planner(checked).policy(wanted)
    except RecursionError:
        message = "terms or loops are nested too deep to be planned: move parts into rules of their own"
        raise RegoCompileError([Issue("rego_compile_error", message)]) from None


def _entrypoint(name: str) -> CheckedQuery:
    path = tuple(String(step) for step in name.split("/") if step)
    value = Call(Ref(Var("eq"), ()), (Var(RESULT), Ref(Var("data"), path)))
    return CheckedQuery((Expr(value),), {RESULT: RESULT})


class _Planner:
    """What all functions share, and the list of those that are still to be planned."""

    def __init__(self, checked: CheckedModules) -> None:
        self.constants = Constants()
        self.tree = rule_tree(checked.modules)
        self._uses = RuleUses(self.tree)
        self._arities = checked.arities
        self._names: dict[tuple[int, Environment], str] = {}
        self._environments: dict[Environment, str] = {Environment(): "g0"}
        self._open: list[tuple[RuleGroup, Environment, str]] = []

    def function(self, group: RuleGroup, environment: Environment) -> tuple[str, Environment]:
        environment = self._uses.relevant(environment, group)
        found = self._names.get((id(group), environment))
        if found is None:
            generation = self._environments.setdefault(environment, f"g{len(self._environments)}")
            found = self._names[id(group), environment] = f"{generation}.{dotted(group.path)}"
            self._open.append((group, environment, found))
        return found, environment

    def builtin_arity(self, name: str) -> int | None:
        return self._arities.get(name)

    def policy(self, queries: Mapping[str, CheckedQuery]) -> ir.Policy:
        plans = tuple(self._query(name, query) for name, query in queries.items())
        functions: list[ir.Func] = []
        while self._open:
            group, environment, name = self._open.pop()
            functions.append(self._function(group, environment, name))
        _refuse_recursion(functions)
        static = ir.Static(
            strings=tuple(self.constants.strings),
            builtin_funcs=tuple(ir.BuiltinFunc(name) for name in sorted(self.constants.builtins)),
            files=tuple(self.constants.files),
        )
        return ir.Policy(static=static, plans=plans, funcs=tuple(functions))

    def _function(self, group: RuleGroup, environment: Environment, name: str) -> ir.Func:
        generation = self._environments[environment]
        function = FunctionPlanner(self, group, environment).plan(name, generation)
        if _depth(function.blocks) > MAX_DEPTH_OF_EARLY_EXIT:
            return FunctionPlanner(self, group, environment, early_exit=False).plan(name, generation)
        return function

    def _query(self, name: str, query: CheckedQuery) -> ir.Plan:
        writer = Writer(self.constants, ir.DATA + 1)
        frame = Frame(self, Environment(), writer)
        block = writer.cursor
        frame.bodies.body(query.body)
        answers = [
            (shown, frame.terms.value(Var(variable))) for shown, variable in sorted(query.outputs.items())
        ]
        row = writer.make(ir.MakeObjectStmt)
        for shown, value in answers:
            writer.put(ir.ObjectInsertStmt, key=writer.string(shown), value=value, object=row.value)
        writer.put(ir.ResultSetAddStmt, value=row.value)
        return ir.Plan(name, (block.frozen(),))


def _refuse_recursion(functions: Sequence[ir.Func]) -> None:
    """Rules that share a function (`p[x]` and `p.a`) can't be evaluated one without the other: refuse loops."""
    calls = {function.name: set(_called(function.blocks)) for function in functions}
    done: set[str] = set()
    for start in calls:
        trail: list[tuple[str, Iterator[str]]] = [(start, iter(calls[start]))] if start not in done else []
        active = {start}
        while trail:
            name, others = trail[-1]
            other = next((found for found in others if found in calls and found not in done), None)
            if other is None:
                done.add(name)
                active.discard(name)
                trail.pop()
            elif other in active:
                path = other.split(".", 1)[1]
                message = f"`{path}` needs itself: rules with this path are evaluated together, so none may ask for another"
                raise RegoCompileError([Issue("rego_recursion_error", message)])
            else:
                active.add(other)
                trail.append((other, iter(calls[other])))


def _inner(stmt: ir.Stmt) -> Sequence[ir.Block]:
    """The blocks in a statement."""
    if isinstance(stmt, ir.BlockStmt):
        return stmt.blocks
    return (stmt.block,) if isinstance(stmt, ir.ScanStmt | ir.NotStmt | ir.WithStmt) else ()


def _depth(blocks: Sequence[ir.Block]) -> int:
    return (
        1 + max((_depth(_inner(stmt)) for block in blocks for stmt in block.stmts), default=0)
        if blocks
        else 0
    )


def _called(blocks: Sequence[ir.Block]) -> Iterator[str]:
    for block in blocks:
        for stmt in block.stmts:
            if isinstance(stmt, ir.CallStmt):
                yield stmt.func
            else:
                yield from _called(_inner(stmt))
