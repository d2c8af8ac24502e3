"""Queries of the other dialects: WITH, SELECT, VALUES and set operations, as lists of output columns.

An own scope walk over sqlglot's tree, with the rules of `relations`: certain, candidate, or everything; nothing is
guessed. Where a form isn't followed exactly (pivots, struct paths, set-returning functions), all that could flow
does, and the column isn't exact.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from policy_engine.documents.vocabulary import Effect, SqlFlag
from policy_engine.parsers.sql.generic import expressions, sources
from policy_engine.parsers.sql.generic.identifiers import key
from policy_engine.parsers.sql.generic.walk import Walk
from policy_engine.parsers.sql.relations import Column, Item, Scope, Sink, Star, by_position, renamed

_DML = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
_PREDICATES = (
    "where", "group", "having", "qualify", "order", "sort", "cluster", "connect", "prewhere", "windows",
)  # fmt: skip


def query(walk: Walk, node: Any, outer: Scope | None) -> list[Item]:
    """Read a query inside `outer`; return its output columns."""
    walk.step()
    scope = Scope(outer)
    with_clause(walk, node, scope)
    walk.draft.effects.add(Effect.READ)
    if isinstance(node, exp.Select):
        return _select(walk, node, scope)
    if isinstance(node, exp.SetOperation):
        return _set_operation(walk, node, scope)
    if isinstance(node, exp.Subquery):
        items = query(walk, node.this, scope)
        _tail(walk, node, items, scope)
        if any(node.args.get(name) for name in ("joins", "pivots", "laterals")):
            visible = Scope(scope)
            sources.add_source(walk, node, visible, scope)
            return list(visible.items)
        return items
    if isinstance(node, exp.Values):
        return values(walk, node, scope)
    if isinstance(node, exp.Table):
        visible = Scope(scope)
        sources.add_source(walk, node, visible, scope)
        return list(visible.items)
    walk.unsupported(node)
    return []


def with_clause(walk: Walk, node: Any, scope: Scope) -> None:
    """Make the common table expressions of a statement visible."""
    clause = node.args.get("with_")
    if clause is None:
        return
    for table in clause.expressions:
        name = key(table.args["alias"].this) if table.args.get("alias") else ""
        names = [key(column) for column in table.args["alias"].args.get("columns") or ()]
        body = table.this
        if isinstance(body, _DML) or not isinstance(body, exp.Query):
            if isinstance(body, exp.Expression) and not isinstance(body, _DML):
                # ClickHouse: WITH expression AS name
                sink = Sink()
                expressions.flow(walk, body, scope, sink)
                scope.items.append(Column(name, frozenset(sink.sources), sink.exact))
                continue
            walk.draft.flags.add(SqlFlag.DML_IN_CTE)
            walk.unsupported(body)
            scope.ctes[name] = [Star(())]
            continue
        inner = Scope(scope.parent)
        inner.ctes = dict(scope.ctes)
        if isinstance(body, exp.SetOperation):
            scope.ctes[name] = _recursive(walk, body, name, names, inner, bool(clause.args.get("recursive")))
        else:
            scope.ctes[name] = renamed(query(walk, body, inner), names)


def _recursive(walk: Walk, body: Any, name: str, names: list[str], scope: Scope, marked: bool) -> list[Item]:
    """A common table expression that may name itself (T-SQL and Oracle don't mark it): grow until nothing is new."""
    refers = marked or any(
        key(table.this) == name and not table.db for table in body.find_all(exp.Table) if table.this
    )
    if not refers:
        return renamed(query(walk, body, scope), names)
    first = body
    while isinstance(first, exp.SetOperation):
        first = first.this
    items = renamed(query(walk, first, scope), names)
    for _ in range(len(items) + 2):
        scope.ctes[name] = items
        grown = renamed(query(walk, body, scope), names)
        if grown == items:
            return grown
        items = grown
    return [Column(item.name, item.sources, False) if isinstance(item, Column) else item for item in items]


def _select(walk: Walk, node: Any, scope: Scope) -> list[Item]:
    visible = Scope(scope)
    source = node.args.get("from_")
    if source is not None:
        sources.add_source(walk, source.this, visible, scope)
    for lateral in node.args.get("laterals") or ():
        sources.add_source(walk, lateral, visible, scope)
    for join in node.args.get("joins") or ():
        sources.add_join(walk, join, visible, scope)
    if (into := node.args.get("into")) is not None:
        _into(walk, into)
    if node.args.get("locks"):
        _lock(walk, node, scope)
    items = expressions.targets(walk, node.expressions, visible)
    if node.args.get("operation_modifiers") or node.args.get("kind"):
        items = [Column("*", everything(items), False)]
    _tail(walk, node, items, visible)
    return items


def _lock(walk: Walk, node: Any, scope: Scope) -> None:
    """FOR UPDATE and FOR SHARE keep others from changing rows and need the right to change them."""
    walk.draft.effects.add(Effect.UPDATE)
    for clause in (node.args.get("from_"), *(node.args.get("joins") or ())):
        for table in clause.find_all(exp.Table) if clause is not None else ():
            if isinstance(table.this, exp.Identifier) and (table.db or scope.cte(key(table.this)) is None):
                walk.write(table)


def everything(items: list[Item]) -> frozenset[str]:
    sink = Sink()
    sink.add_all(items)
    return frozenset(sink.sources)


def _into(walk: Walk, into: Any) -> None:
    walk.draft.effects |= {Effect.CREATE, Effect.DEFINE}
    walk.draft.flags.add(SqlFlag.DDL)
    if isinstance(into.this, exp.Table):
        walk.write(into.this)
    else:
        walk.unsupported(into)


def _tail(walk: Walk, node: Any, items: list[Item], scope: Scope) -> None:
    """WHERE, GROUP BY, ORDER BY and the like: columns that choose rows."""
    aliases = Scope(scope)
    aliases.parent = scope
    for name in _PREDICATES:
        clause = node.args.get(name)
        for entry in clause if isinstance(clause, list) else [clause]:
            if entry is not None:
                expressions.predicate(walk, entry, scope, items)
    distinct = node.args.get("distinct")
    if isinstance(distinct, exp.Distinct) and distinct.args.get("on") is not None:
        expressions.predicate(walk, distinct.args["on"], scope, items)
    elif isinstance(distinct, exp.Distinct):
        walk.draft.predicate |= everything(items)
    for name in ("limit", "offset"):
        clause = node.args.get(name)
        if isinstance(clause, exp.Expression):
            expressions.predicate(walk, clause, scope, items)


def _set_operation(walk: Walk, node: Any, scope: Scope) -> list[Item]:
    arms: list[Any] = [node.expression]
    current = node.this
    while isinstance(current, exp.SetOperation) and current.args.get("with_") is None:
        arms.append(current.expression)
        current = current.this
    items = query(walk, current, scope)
    for arm in reversed(arms):
        items = by_position(items, query(walk, arm, scope))
    if any(not _keeps_all(arm.parent) for arm in arms):
        walk.draft.predicate |= everything(items)
    if node.args.get("by_name") or node.args.get("on"):
        items = [Column("*", everything(items), False)]
    _tail(walk, node, items, Scope(scope))
    return items


def _keeps_all(node: Any) -> bool:
    """UNION ALL keeps every row; the other set operations compare them."""
    return isinstance(node, exp.Union) and node.args.get("distinct") is False


def values(walk: Walk, node: Any, scope: Scope) -> list[Item]:
    columns: list[Column] = []
    for row in node.expressions:
        for index, cell in enumerate(
            row.expressions if isinstance(row, exp.Tuple | exp.Anonymous) else [row]
        ):
            sink = Sink()
            expressions.flow(walk, cell, scope, sink)
            found = Column(f"column{index + 1}", frozenset(sink.sources), sink.exact)
            if index == len(columns):
                columns.append(found)
            else:
                known = columns[index]
                columns[index] = Column(
                    known.name, known.sources | found.sources, known.exact and found.exact
                )
    return list(columns)
