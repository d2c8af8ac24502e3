"""Rules that can say only one thing: once one body is true, the others needn't run.

Most complete rules and functions are of this kind (`allow if ...`). All their bodies give the same constant, so the
first success is the answer, also out of the middle of a loop; OPA calls it early exit.
"""

from __future__ import annotations

from policy_engine.rego.codegen.nodes import Node, targets
from policy_engine.rego.plan import ir


def single_answer(func: ir.Func, tree: list[list[Node]]) -> int | None:
    """The local whose only possible value is the function's answer, or None.

    The function must end in returning its return local, which only takes over that one local, but for a default value
    in a block that starts by asking whether there is an answer.
    """
    if not func.blocks or [type(stmt) for stmt in func.blocks[-1].stmts] != [ir.ReturnLocalStmt]:
        return None
    if func.blocks[-1].stmts[0] != ir.ReturnLocalStmt(
        source=func.return_, location=func.blocks[-1].stmts[0].location
    ):
        return None
    bodies = [nodes for nodes in tree if not _is_default(nodes, func.return_)]
    assigned: dict[int, list[ir.Stmt]] = {}
    for nodes in bodies:
        _collect(nodes, assigned)
    results = {
        stmt.source if isinstance(stmt, ir.AssignVarOnceStmt) else None
        for stmt in assigned.get(func.return_, ())
    }
    if len(results) != 1:
        return None
    (result,) = results
    if not isinstance(result, ir.Local) or result.value in func.params:
        return None
    values = {
        stmt.source if isinstance(stmt, ir.AssignVarOnceStmt) else None
        for stmt in assigned.get(result.value, ())
        if not isinstance(stmt, ir.ResetLocalStmt)
    }
    if len(values) == 1 and isinstance(next(iter(values)), ir.Bool | ir.StringIndex):
        return result.value
    return None


def _is_default(nodes: list[Node], local: int) -> bool:
    first = nodes[0].stmt if nodes else None
    return isinstance(first, ir.IsUndefinedStmt) and first.source == local


def _collect(nodes: list[Node], assigned: dict[int, list[ir.Stmt]]) -> None:
    for node in nodes:
        for local in targets(node.stmt):
            assigned.setdefault(local, []).append(node.stmt)
        for block in node.blocks:
            _collect(block, assigned)
