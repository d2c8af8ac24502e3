"""INSERT, UPDATE, DELETE and MERGE: what they write, what they read, and what RETURNING lets out.

The target of DML is only a write, even when its columns are read in WHERE; it is read as well once its own columns
flow into what is assigned (`SET note = email`), in those columns. A common table expression never hides
it. RETURNING can launder: after `UPDATE logs SET msg = u.ssn … RETURNING msg` the column `logs.msg` carries
`users.ssn`, so what is assigned flows into the new row.
"""

from __future__ import annotations

from typing import Any

from policy_engine.documents.vocabulary import Access, Effect, SqlFlag
from policy_engine.parsers.sql.postgres import expressions, queries, sources
from policy_engine.parsers.sql.postgres.analysis import Analysis
from policy_engine.parsers.sql.postgres.tree import Node, body_of, strings, tagged
from policy_engine.parsers.sql.relations import (
    Column,
    Item,
    Relation,
    Scope,
    Sink,
    Star,
    find,
    overlaid,
    renamed,
)

Assigned = dict[str, Column]


def modify(analysis: Analysis, node: object, outer: Scope | None) -> list[Item]:
    """Read an INSERT, UPDATE, DELETE or MERGE into the current operation; return its RETURNING columns."""
    found = tagged(node)
    handler = _STATEMENTS.get(found[0]) if found is not None else None
    if found is None or handler is None:
        analysis.unsupported(found[0] if found else "statement", found[1] if found else None)
        return []
    analysis.step()
    scope = Scope(outer)
    queries.with_clause(analysis, found[1].get("withClause"), scope)
    return handler(analysis, found[1], scope)


class _Target:
    """The table that DML writes: its full name, the name it is visible by, its columns as they were."""

    def __init__(self, analysis: Analysis, body: Node) -> None:
        self.full, self.kind, items = analysis.relation_name(body)
        analysis.write_relation(body)
        alias = body.get("alias") or {}
        self.name = str(alias.get("aliasname", body.get("relname", "")))
        self.schema = body.get("schemaname") if not alias else None
        self.items = renamed(items, strings(alias.get("colnames")))

    def old(self) -> Relation:
        return Relation(self.name, self.items, self.schema)


def _insert(analysis: Analysis, body: Node, scope: Scope) -> list[Item]:
    analysis.draft.effects.add(Effect.CREATE)
    target = _Target(analysis, body.get("relation", {}))
    columns = [_target_name(node) for node in body.get("cols", ())]
    if columns:
        analysis.draft.touch(target.kind, target.full, Access.WRITE, tuple(columns))
    rows: list[Item] = []
    if "selectStmt" in body:
        rows = queries.query(analysis, body["selectStmt"], scope)
    assigned, anything = _inserted(target, columns, rows)
    if (conflict := body.get("onConflictClause")) is not None:
        assigned = _on_conflict(analysis, conflict, target, assigned, anything, scope)
    return _returning(analysis, body, target, assigned, anything, scope, [])


def _target_name(node: object) -> str:
    return str((body_of(node, "ResTarget") or {}).get("name", ""))


def _inserted(target: _Target, columns: list[str], rows: list[Item]) -> tuple[Assigned, Sink]:
    """Return what flows into which column, and what flows into a column that isn't known."""
    anything = Sink()
    names = columns or [item.name for item in target.items if isinstance(item, Column)]
    positional = all(isinstance(item, Column) for item in rows)
    closed = bool(columns) or all(isinstance(item, Column) for item in target.items)
    if not positional or not closed:
        anything.add_all(rows)
        anything.exact = not anything.sources
        return {}, anything
    assigned: Assigned = {}
    for name, item in zip(names, rows, strict=False):
        if isinstance(item, Column):
            assigned[name] = _joined(assigned.get(name), item)
    return assigned, anything


def _joined(known: Column | None, new: Column) -> Column:
    if known is None:
        return Column(new.name, new.sources, new.exact)
    return Column(known.name, known.sources | new.sources, known.exact and new.exact)


def _on_conflict(
    analysis: Analysis, clause: Node, target: _Target, assigned: Assigned, anything: Sink, scope: Scope
) -> Assigned:
    inner = Scope(scope)
    inner.add(target.old())
    infer = clause.get("infer") or {}
    expressions.predicate(analysis, [_index_expression(node) for node in infer.get("indexElems", ())], inner)
    if infer.get("conname"):
        analysis.draft.predicate.add(f"{target.full}.*")  # which columns the constraint is about isn't known
    expressions.predicate(analysis, infer.get("whereClause"), inner)
    if clause.get("action") != "ONCONFLICT_UPDATE":
        return assigned
    analysis.draft.effects.add(Effect.UPDATE)
    # The row that would have been inserted carries what the query delivered.
    excluded = Relation("excluded", _new_items(target, assigned, anything))
    inner.relations.append(excluded)
    changed = _assignments(analysis, clause.get("targetList", ()), inner, target)
    expressions.predicate(analysis, clause.get("whereClause"), inner)
    return {**assigned, **{name: _joined(assigned.get(name), new) for name, new in changed.items()}}


def _index_expression(node: object) -> object:
    element = body_of(node, "IndexElem") or {}
    if name := element.get("name"):
        return {"ColumnRef": {"fields": [{"String": {"sval": name}}]}}
    return element.get("expr")


def _update(analysis: Analysis, body: Node, scope: Scope) -> list[Item]:
    analysis.draft.effects.add(Effect.UPDATE)
    target = _Target(analysis, body.get("relation", {}))
    if not body.get("whereClause"):
        analysis.draft.flags.add(SqlFlag.NO_WHERE)
    inner, others = _with_sources(analysis, target, body.get("fromClause", ()), scope)
    assigned = _assignments(analysis, body.get("targetList", ()), inner, target)
    expressions.predicate(analysis, body.get("whereClause"), inner)
    return _returning(analysis, body, target, assigned, Sink(), scope, others)


def _delete(analysis: Analysis, body: Node, scope: Scope) -> list[Item]:
    analysis.draft.effects.add(Effect.DELETE)
    target = _Target(analysis, body.get("relation", {}))
    if not body.get("whereClause"):
        analysis.draft.flags.add(SqlFlag.NO_WHERE)
    inner, others = _with_sources(analysis, target, body.get("usingClause", ()), scope)
    expressions.predicate(analysis, body.get("whereClause"), inner)
    return _returning(analysis, body, target, {}, Sink(), scope, others)


def _with_sources(
    analysis: Analysis, target: _Target, nodes: Any, scope: Scope
) -> tuple[Scope, list[Relation]]:
    """Return a scope with the target and what stands in FROM or USING, and the latter alone."""
    beside = Scope(scope)
    sources.from_clause(analysis, nodes, beside, scope)
    inner = Scope(scope)
    inner.relations = [target.old(), *beside.relations]
    inner.items = [*target.items, *beside.items]
    others = Relation("", beside.items)
    return inner, [others, *beside.relations]


def _merge(analysis: Analysis, body: Node, scope: Scope) -> list[Item]:
    target = _Target(analysis, body.get("relation", {}))
    inner, others = _with_sources(analysis, target, [body.get("sourceRelation")], scope)
    expressions.predicate(analysis, body.get("joinCondition"), inner)
    assigned: Assigned = {}
    anything = Sink()
    for node in body.get("mergeWhenClauses", ()):
        clause = body_of(node, "MergeWhenClause") or {}
        expressions.predicate(analysis, clause.get("condition"), inner)
        changed, unplaced = _merge_action(analysis, clause, inner, target)
        anything.sources |= unplaced.sources
        anything.exact = anything.exact and unplaced.exact
        for name, new in changed.items():
            assigned[name] = _joined(assigned.get(name), new)
    return _returning(analysis, body, target, assigned, anything, scope, others, sources_first=True)


def _merge_action(analysis: Analysis, clause: Node, scope: Scope, target: _Target) -> tuple[Assigned, Sink]:
    command = clause.get("commandType")
    if command == "CMD_DELETE":
        analysis.draft.effects.add(Effect.DELETE)
    elif command == "CMD_UPDATE":
        analysis.draft.effects.add(Effect.UPDATE)
        return _assignments(analysis, clause.get("targetList", ()), scope, target), Sink()
    elif command == "CMD_INSERT":
        analysis.draft.effects.add(Effect.CREATE)
        columns = [_target_name(item) for item in clause.get("targetList", ())]
        if columns:
            analysis.draft.touch(target.kind, target.full, Access.WRITE, tuple(columns))
        cells: list[Item] = [
            expressions.value(analysis, cell, scope, "") for cell in clause.get("values", ())
        ]
        return _inserted(target, columns, cells)
    elif command != "CMD_NOTHING":
        analysis.unsupported("MergeWhenClause")
    return {}, Sink()


def _assignments(analysis: Analysis, nodes: Any, scope: Scope, target: _Target) -> Assigned:
    """Read `SET a = …, (b, c) = …`; return what flows into which column."""
    assigned: Assigned = {}
    for node in nodes:
        body = body_of(node, "ResTarget") or {}
        name = str(body.get("name", ""))
        expressions.walk(analysis, _subscripts(body.get("indirection", ())), scope, Sink())
        new = _assigned_value(analysis, body.get("val"), scope, name)
        assigned[name] = _joined(assigned.get(name), new)
    if assigned:
        analysis.draft.touch(target.kind, target.full, Access.WRITE, tuple(assigned))
        analysis.draft.read_columns(target.full, target.kind, _own_sources(nodes, scope, target))
    return assigned


def _own_sources(nodes: Any, scope: Scope, target: _Target) -> set[str]:
    """Return the columns that SET expressions read; inside a sub-query only those named as the target's."""
    sources: set[str] = set()
    pending: list[tuple[Any, bool]] = [
        ((body_of(node, "ResTarget") or {}).get("val"), False) for node in nodes
    ]
    while pending:
        node, inner = pending.pop()
        if isinstance(node, list):
            pending.extend((item, inner) for item in node)
        elif isinstance(node, dict):
            if (reference := body_of(node, "ColumnRef")) is not None:
                sources |= _own_reference(reference, scope, target, inner)
            nested = inner or bool((body_of(node, "SelectStmt") or {}).get("fromClause"))
            pending.extend((item, nested) for item in node.values())
    return sources


def _own_reference(reference: Node, scope: Scope, target: _Target, inner: bool) -> set[str]:
    names = strings(reference.get("fields"))
    if len(names) == 1 and len(reference["fields"]) == 1:
        column = None if inner else scope.column(names[0])
        return set(column.sources) if column is not None else set()
    if len(names) != len(reference["fields"]):
        return {f"{target.full}.*"} if names[-1:] == [target.name] else set()
    if names[-2] != target.name:
        return set()
    column, _ = find(target.items, names[-1])
    return set(column.sources) if column is not None else {f"{target.full}.*"}


def _subscripts(nodes: Any) -> list[Any]:
    return [node for node in nodes if "String" not in node]


def _assigned_value(analysis: Analysis, node: object, scope: Scope, name: str) -> Column:
    multiple = body_of(node, "MultiAssignRef")
    if multiple is None:
        return expressions.value(analysis, node, scope, name)
    position = int(multiple.get("colno", 1)) - 1
    row = body_of(multiple.get("source"), "RowExpr")
    if row is not None:
        cells = row.get("args", ())
        if 0 <= position < len(cells) and len(cells) == multiple.get("ncolumns"):
            return expressions.value(analysis, cells[position], scope, name)
    sublink = body_of(multiple.get("source"), "SubLink")
    if sublink is not None:
        items = queries.query(analysis, sublink.get("subselect"), scope)
        if len(items) == multiple.get("ncolumns") and isinstance(item := items[position], Column):
            return Column(name, item.sources, item.exact)
    return expressions.value(analysis, multiple.get("source"), scope, name)


def _new_items(target: _Target, assigned: Assigned, anything: Sink) -> list[Item]:
    """Return the target's columns after the statement."""
    items = overlaid(target.items, assigned)
    if anything.sources:
        flowing = frozenset(anything.sources)
        items = [
            Column(item.name, item.sources | flowing, False)
            if isinstance(item, Column)
            else Star(item.tables, flowing)
            for item in items
        ]
    return items


def _returning(
    analysis: Analysis,
    body: Node,
    target: _Target,
    assigned: Assigned,
    anything: Sink,
    scope: Scope,
    others: list[Relation],
    *,
    sources_first: bool = False,
) -> list[Item]:
    clause = body.get("returningClause")
    if not clause:
        return []
    analysis.draft.effects.add(Effect.READ)
    new = Relation(target.name, _new_items(target, assigned, anything), target.schema)
    inner = Scope(scope)
    inner.relations = [new, *others[1:], *_old_and_new(clause, target, new)]
    beside = others[0].items if others else []
    inner.items = [*beside, *new.items] if sources_first else [*new.items, *beside]
    return queries.targets(analysis, clause.get("exprs", ()), inner)


def _old_and_new(clause: Node, target: _Target, new: Relation) -> list[Relation]:
    """PostgreSQL 18: `old.` and `new.`, or the names that RETURNING WITH (…) gives them."""
    names = {"RETURNING_OPTION_OLD": "old", "RETURNING_OPTION_NEW": "new"}
    for node in clause.get("options", ()):
        option = body_of(node, "ReturningOption") or {}
        names[str(option.get("option", "RETURNING_OPTION_OLD"))] = str(option.get("value", ""))
    return [
        Relation(names["RETURNING_OPTION_OLD"], target.items),
        Relation(names["RETURNING_OPTION_NEW"], new.items),
    ]


_STATEMENTS = {"InsertStmt": _insert, "UpdateStmt": _update, "DeleteStmt": _delete, "MergeStmt": _merge}
