"""SELECT … FOR UPDATE, NO KEY UPDATE, SHARE and KEY SHARE.

PostgreSQL asks for the right to change a table before it locks rows of it, and a lock keeps others from changing
them: a locked table counts as written, and the statement has the effect `update`, though no value changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policy_engine.documents.vocabulary import Effect
from policy_engine.parsers.sql.postgres.analysis import Analysis
from policy_engine.parsers.sql.postgres.tree import Node, body_of, tagged
from policy_engine.parsers.sql.relations import Scope


def lock(analysis: Analysis, body: Node, scope: Scope) -> None:
    """Note the tables of FROM that a locking clause names, or all; those inside sub-queries are locked as well."""
    analysis.draft.effects.add(Effect.UPDATE)
    for node in body.get("lockingClause", ()):
        clause = body_of(node, "LockingClause") or {}
        names = {(body_of(name, "RangeVar") or {}).get("relname") for name in clause.get("lockedRels", ())}
        for item in _items(body.get("fromClause", ())):
            if not names or _visible_name(item) in names:
                for relation in _relations(item):
                    if relation.get("schemaname") or scope.cte(str(relation.get("relname", ""))) is None:
                        analysis.write_relation(relation)


def _items(nodes: Any) -> Iterator[object]:
    pending = list(nodes)
    while pending:
        node = pending.pop()
        join = body_of(node, "JoinExpr")
        if join is None:
            yield node
        else:
            pending += [join.get("larg"), join.get("rarg")]


def _visible_name(item: object) -> object:
    found = tagged(item)
    if found is None:
        return None
    return (found[1].get("alias") or {}).get("aliasname") or found[1].get("relname")


def _relations(item: object) -> Iterator[Node]:
    pending: list[Any] = [item]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if (relation := body_of(node, "RangeVar")) is not None:
                yield relation
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
