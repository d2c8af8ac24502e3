"""Which rules depend on nothing but data, so that one evaluation's answer serves all others over the same data."""

from __future__ import annotations

from collections.abc import Iterable

from policy_engine.rego.builtins.registry import lookup
from policy_engine.rego.codegen.nodes import nested, sources
from policy_engine.rego.plan import ir

# Their answers belong to one evaluation, whatever the registry says of them.
_VOLATILE = frozenset(
    {
        "http.send",
        "internal.print",
        "net.lookup_ip_addr",
        "opa.runtime",
        "print",
        "rand.intn",
        "time.now_ns",
        "trace",
        "uuid.rfc4122",
    }
)


def rules_of_data(policy: ir.Policy) -> frozenset[str]:
    """Names of the functions without arguments that read neither input nor anything volatile, at any depth."""
    functions = {func.name: func for func in policy.funcs}
    impure: set[str] = set()
    callers: dict[str, set[str]] = {}
    for func in policy.funcs:
        for stmt in _statements(func.blocks):
            if isinstance(stmt, ir.CallStmt) and stmt.func in functions:
                callers.setdefault(stmt.func, set()).add(func.name)
        if any(not _is_pure(stmt, functions) for stmt in _statements(func.blocks)):
            impure.add(func.name)
    pending = list(impure)
    while pending:
        for caller in callers.get(pending.pop(), ()):
            if caller not in impure:
                impure.add(caller)
                pending.append(caller)
    return frozenset(name for name, func in functions.items() if len(func.params) == 2 and name not in impure)


def _statements(blocks: Iterable[ir.Block]) -> Iterable[ir.Stmt]:
    for block in blocks:
        for stmt in block.stmts:
            yield stmt
            yield from _statements(nested(stmt))


def _is_pure(stmt: ir.Stmt, functions: dict[str, ir.Func]) -> bool:
    if isinstance(stmt, ir.WithStmt | ir.CallDynamicStmt):
        return False
    if isinstance(stmt, ir.CallStmt) and stmt.func in functions:
        # The first argument of a planned function is input, and only handed on.
        return ir.Local(ir.INPUT) not in stmt.args[1:]
    if isinstance(stmt, ir.CallStmt):
        found = lookup(stmt.func)
        if found is None or not found.deterministic or stmt.func in _VOLATILE:
            return False
    return ir.INPUT not in sources(stmt)
