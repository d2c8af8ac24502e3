"""FROM: tables, sub-queries, functions and joins become relations in a scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from policy_engine.parsers.sql import functions
from policy_engine.parsers.sql.postgres import calls, expressions, queries
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
    renamed,
)


def from_clause(analysis: Analysis, nodes: Iterable[Any], scope: Scope, outer: Scope) -> None:
    """Add what stands in FROM to `scope`; `outer` is what a sub-query without LATERAL sees."""
    for node in nodes:
        from_item(analysis, node, scope, outer)


def from_item(analysis: Analysis, node: object, scope: Scope, outer: Scope) -> None:
    """Add one item of FROM to `scope`."""
    found = tagged(node)
    handler = _ITEMS.get(found[0]) if found is not None else None
    if found is None or handler is None:
        analysis.unsupported(found[0] if found else "FROM item", found[1] if found else None)
        return
    handler(analysis, found[1], scope, outer)


def _table(analysis: Analysis, body: Node, scope: Scope, _outer: Scope) -> None:
    name = str(body.get("relname", ""))
    schema = body.get("schemaname")
    table = scope.cte(name) if schema is None else None
    if isinstance(table, queries.CommonTable):
        items, schema = list(queries.settle(analysis, table)), None
    elif (transition := scope.cte(f"\0{name}")) is not None and schema is None:
        items = list(transition) if isinstance(transition, list) else []
    else:
        _, items = analysis.read_relation(body)
        if schema is None and "alias" not in body:
            schema, _ = analysis.resolve(name)
    scope.add(_aliased(body.get("alias"), name, items, schema))


def _aliased(alias: Node | None, name: str, items: list[Item], schema: str | None = None) -> Relation:
    if not alias:
        return Relation(name, items, schema)
    return Relation(str(alias.get("aliasname", "")), renamed(items, strings(alias.get("colnames"))))


def _subquery(analysis: Analysis, body: Node, scope: Scope, outer: Scope) -> None:
    items = queries.query(analysis, body.get("subquery"), scope if body.get("lateral") else outer)
    scope.add(_aliased(body.get("alias"), "", items))


def _function(analysis: Analysis, body: Node, scope: Scope, _outer: Scope) -> None:
    alias = body.get("alias") or {}
    items: list[Item] = []
    name = ""
    entries = body.get("functions", ())
    for entry in entries:
        parts = (body_of(entry, "List") or {}).get("items", ())
        call = parts[0] if parts else None
        own = [node for part in parts[1:] for node in ((body_of(part, "List") or {}).get("items", ()))]
        for node in own or body.get("coldeflist", ()):
            expressions.type_name(analysis, (body_of(node, "ColumnDef") or {}).get("typeName"))
        sink = Sink()
        expressions.walk(analysis, call, scope, sink)
        analysis.draft.predicate |= sink.sources
        name = queries.column_name(call)
        column = str(alias.get("aliasname", name)) if len(entries) == 1 else name
        items.extend(_function_columns(call, column, own or body.get("coldeflist", ()), sink))
    if body.get("ordinality"):
        items.append(Column("ordinality", frozenset()))
    scope.add(_aliased(body.get("alias"), name, items))


def _function_columns(call: object, alias: str, definitions: Iterable[Any], sink: Sink) -> list[Item]:
    """Return the columns of a function used as a table; when they aren't known, any name may be one."""
    flowing = frozenset(sink.sources)
    names = [str((body_of(node, "ColumnDef") or {}).get("colname", "")) for node in definitions]
    if names:
        return [Column(name, flowing, sink.exact) for name in names]
    function = strings((body_of(call, "FuncCall") or {}).get("funcname"))
    known = functions.output_columns(function[-1]) if function and calls.kind(function) is not None else None
    if tagged(call) is not None and not function:
        known = ()  # CURRENT_DATE and the like
    if known is None:
        return [Column(alias, flowing, sink.exact), Star((), flowing)]
    return [Column(name, flowing, sink.exact) for name in known or (alias,)]


def _table_function(analysis: Analysis, body: Node, scope: Scope, _outer: Scope) -> None:
    """XMLTABLE and JSON_TABLE: every column is computed from the document."""
    sink = Sink()
    for field in ("docexpr", "rowexpr", "namespaces", "context_item", "passing", "on_error"):
        expressions.walk(analysis, body.get(field), scope, sink)
    analysis.draft.predicate |= sink.sources
    items: list[Item] = []
    _declared_columns(analysis, body.get("columns", ()), scope, sink, items)
    scope.add(_aliased(body.get("alias"), "json_table" if "context_item" in body else "xmltable", items))


def _declared_columns(
    analysis: Analysis, nodes: Iterable[Any], scope: Scope, document: Sink, items: list[Item]
) -> None:
    for node in nodes:
        found = tagged(node)
        if found is None:
            continue
        body = found[1]
        expressions.type_name(analysis, body.get("typeName"))
        sink = Sink()
        for field in ("colexpr", "coldefexpr", "on_empty", "on_error"):
            expressions.walk(analysis, body.get(field), scope, sink)
        name = body.get("colname") or body.get("name")
        if name and body.get("coltype") != "JTC_NESTED":
            if body.get("for_ordinality") or body.get("coltype") == "JTC_FOR_ORDINALITY":
                items.append(Column(str(name), frozenset()))
            else:
                items.append(
                    Column(
                        str(name), frozenset(document.sources | sink.sources), document.exact and sink.exact
                    )
                )
        _declared_columns(analysis, body.get("columns", ()), scope, document, items)


def _sample(analysis: Analysis, body: Node, scope: Scope, outer: Scope) -> None:
    method = strings(body.get("method"))
    if method[-1:] not in (["system"], ["bernoulli"]):
        calls.called(analysis, method, [], body.get("location"))
    from_item(analysis, body.get("relation"), scope, outer)
    expressions.predicate(analysis, body.get("args"), scope)
    expressions.predicate(analysis, body.get("repeatable"), scope)


def _join(analysis: Analysis, body: Node, scope: Scope, outer: Scope) -> None:
    first_item, first_relation = len(scope.items), len(scope.relations)
    from_item(analysis, body.get("larg"), scope, outer)
    middle = len(scope.items)
    from_item(analysis, body.get("rarg"), scope, outer)
    left, right = scope.items[first_item:middle], scope.items[middle:]
    merged = _merged(analysis, body, left, right)
    if merged is not None:
        names = {column.name for column in merged}
        scope.items[first_item:] = [
            *merged,
            *(item for item in (*left, *right) if isinstance(item, Star) or item.name not in names),
        ]
        if (using := body.get("join_using_alias")) is not None:
            scope.relations.append(Relation(str(using.get("aliasname", "")), list(merged)))
    if body.get("quals"):
        inner = Scope(outer)
        inner.relations = scope.relations[first_relation:]
        inner.items = scope.items[first_item:]
        expressions.predicate(analysis, body["quals"], inner)
    if (alias := body.get("alias")) is not None:
        relation = _aliased(alias, "", scope.items[first_item:])
        scope.relations[first_relation:] = [relation]
        scope.items[first_item:] = relation.items


def _merged(analysis: Analysis, body: Node, left: list[Item], right: list[Item]) -> list[Column] | None:
    """Return the columns that USING or NATURAL merges, or None for a join without them."""
    if body.get("isNatural"):
        names = [
            item.name for item in left if isinstance(item, Column) and find(right, item.name)[0] is not None
        ]
        open_sides = any(isinstance(item, Star) for item in (*left, *right))
        if open_sides:
            # Which columns the sides share isn't known; any of them may be a join column.
            sink = Sink()
            sink.add_all((*left, *right))
            analysis.draft.predicate |= {source for source in sink.sources if source.endswith(".*")}
    else:
        names = strings(body.get("usingClause"))
        if not names:
            return None
    merged = []
    for name in names:
        a, b = find(left, name)[0], find(right, name)[0]
        sides = [side for side in (a, b) if side is not None]
        for side in sides:
            analysis.draft.predicate |= side.sources
        merged.append(_chosen(name, str(body.get("jointype")), a, b))
    return merged


def _chosen(name: str, kind: str, left: Column | None, right: Column | None) -> Column:
    """PostgreSQL takes a merged column from the outer side of the join, and from both sides of a FULL JOIN."""
    if left is None or right is None:
        present = left or right
        return Column(name, present.sources if present else frozenset(), False)
    if kind == "JOIN_FULL":
        return Column(name, left.sources | right.sources, left.exact and right.exact)
    side = right if kind == "JOIN_RIGHT" else left
    return Column(name, side.sources, side.exact)


_ITEMS: Final[dict[str, Callable[[Analysis, Node, Scope, Scope], None]]] = {
    "RangeVar": _table,
    "RangeSubselect": _subquery,
    "RangeFunction": _function,
    "RangeTableFunc": _table_function,
    "JsonTable": _table_function,
    "RangeTableSample": _sample,
    "JoinExpr": _join,
}
