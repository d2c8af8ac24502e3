"""Queries: WITH, SELECT, VALUES and set operations, from the inside out, as lists of output columns."""

from __future__ import annotations

from typing import Any

from policy_engine.documents.vocabulary import Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.postgres import dml, expressions, locking, sources
from policy_engine.parsers.sql.postgres.analysis import Analysis
from policy_engine.parsers.sql.postgres.tree import Node, body_of, constant, strings, tagged
from policy_engine.parsers.sql.relations import Column, Item, Scope, Sink, by_position, find, renamed

MODIFYING = {"InsertStmt": "insert", "UpdateStmt": "update", "DeleteStmt": "delete", "MergeStmt": "merge"}


class CommonTable:
    """A common table expression; it is read when first named, so that WITH RECURSIVE may look ahead."""

    __slots__ = ("busy", "columns", "node", "scope", "settled")

    def __init__(self, node: Node, scope: Scope) -> None:
        self.node = node
        self.scope = scope
        self.columns: list[Item] = []
        self.settled = False
        self.busy = False


def with_clause(analysis: Analysis, clause: Node | None, scope: Scope) -> None:
    """Make the common table expressions of a WITH clause visible in `scope` and read them all."""
    if not clause:
        return
    common: list[CommonTable] = []
    for item in clause.get("ctes", ()):
        node = body_of(item, "CommonTableExpr")
        if node is None:
            analysis.unsupported("CommonTableExpr")
            continue
        name = str(node.get("ctename", ""))
        if clause.get("recursive"):
            table = CommonTable(node, scope)
            scope.ctes[name] = table
        else:
            # Each one sees only those before it.
            inner = Scope(scope.parent)
            inner.ctes = dict(scope.ctes)
            table = CommonTable(node, inner)
            settle(analysis, table)
            scope.ctes[name] = table
        common.append(table)
    for table in common:
        settle(analysis, table)


def settle(analysis: Analysis, table: CommonTable) -> list[Item]:
    """Return the columns of a common table expression; a recursive one grows until nothing is added."""
    if table.settled or table.busy:
        return table.columns
    table.busy = True
    node = table.node
    tag = tagged(node.get("ctequery"))
    if tag is not None and tag[0] in MODIFYING:
        table.columns = _named(node, _modifying(analysis, node["ctequery"], tag[0], table.scope))
    else:
        table.columns = _recursive(analysis, table)
    table.columns = _extra_columns(node, table.columns)
    table.busy = False
    table.settled = True
    return table.columns


def _modifying(analysis: Analysis, node: Node, tag: str, scope: Scope) -> list[Item]:
    with analysis.operation(MODIFYING[tag]) as draft:
        draft.flags.add(SqlFlag.DML_IN_CTE)
        return dml.modify(analysis, node, scope)


def _recursive(analysis: Analysis, table: CommonTable) -> list[Item]:
    node, query_node = table.node, table.node["ctequery"]
    select = body_of(query_node, "SelectStmt") or {}
    if "larg" not in select:
        return _named(node, query(analysis, query_node, table.scope))
    # The first arm gives the columns that the second one sees; sources flow round until none is new.
    inner = Scope(table.scope)
    with_clause(analysis, select.get("withClause"), inner)
    table.columns = _named(node, query(analysis, {"SelectStmt": select["larg"]}, inner))
    for _ in range(len(table.columns) + 2):
        grown = _named(node, query(analysis, query_node, table.scope))
        if grown == table.columns:
            return grown
        table.columns = grown
    return [Column(c.name, c.sources, False) if isinstance(c, Column) else c for c in table.columns]


def _named(node: Node, items: list[Item]) -> list[Item]:
    return renamed(items, strings(node.get("aliascolnames")))


def _extra_columns(node: Node, items: list[Item]) -> list[Item]:
    """SEARCH and CYCLE add columns computed from the ones they name."""
    extra: list[Item] = []
    search, cycle = node.get("search_clause") or {}, node.get("cycle_clause") or {}
    for names, added in (
        (search.get("search_col_list"), (search.get("search_seq_column"),)),
        (cycle.get("cycle_col_list"), (cycle.get("cycle_mark_column"), cycle.get("cycle_path_column"))),
    ):
        sink = Sink()
        for name in strings(names):
            column, _ = find(items, name)
            if column is not None:
                sink.add(column)
        extra.extend(Column(name, frozenset(sink.sources), sink.exact) for name in added if name)
    return [*items, *extra]


def query(analysis: Analysis, node: object, outer: Scope | None) -> list[Item]:
    """Read a query (tagged node) inside `outer` and return its output columns."""
    body = body_of(node, "SelectStmt")
    if body is None:
        found = tagged(node)
        analysis.unsupported(found[0] if found else "query", found[1] if found else None)
        return []
    return select(analysis, body, outer)


def select(analysis: Analysis, body: Node, outer: Scope | None) -> list[Item]:
    """Read a SelectStmt and return its output columns."""
    analysis.step()
    if "valuesLists" not in body:
        analysis.draft.effects.add(Effect.READ)
    if "intoClause" in body:
        _into(analysis, body["intoClause"])
    scope = Scope(outer)
    with_clause(analysis, body.get("withClause"), scope)
    if "lockingClause" in body:
        locking.lock(analysis, body, scope)
    if "larg" in body:
        return _set_operation(analysis, body, scope)
    if "valuesLists" in body:
        items = values(analysis, body["valuesLists"], scope)
        visible = scope
    else:
        visible = Scope(scope)
        sources.from_clause(analysis, body.get("fromClause", ()), visible, scope)
        expressions.predicate(analysis, body.get("whereClause"), visible)
        items = targets(analysis, body.get("targetList", ()), visible)
        _grouping(analysis, body, items, visible)
    _ordering(analysis, body, items, visible)
    return items


def _into(analysis: Analysis, into: Node) -> None:
    """SELECT INTO creates a table."""
    analysis.draft.effects |= {Effect.CREATE, Effect.DEFINE}
    analysis.draft.flags.add(SqlFlag.DDL)
    analysis.write_relation(into.get("rel", {}), ResourceKind.TABLE)


def _set_operation(analysis: Analysis, body: Node, scope: Scope) -> list[Item]:
    """UNION, INTERSECT and EXCEPT, long left-deep chains without nesting calls."""
    arms: list[Node] = []
    operations: list[Node] = []
    current = body
    while "larg" in current and (current is body or not _own_clauses(current)):
        arms.append(current["rarg"])
        operations.append(current)
        current = current["larg"]
    items = select(analysis, current, scope)
    for arm in reversed(arms):
        items = by_position(items, select(analysis, arm, scope))
    if any(not _keeps_all(node) for node in operations):
        # They compare whole rows: every column decides which rows come out.
        analysis.draft.predicate |= _everything(items)
    _ordering(analysis, body, items, Scope(scope))
    return items


def _keeps_all(body: Node) -> bool:
    return body.get("op") == "SETOP_UNION" and bool(body.get("all"))


def _everything(items: list[Item]) -> set[str]:
    sink = Sink()
    sink.add_all(items)
    return sink.sources


def _own_clauses(body: Node) -> bool:
    return any(
        field in body for field in ("withClause", "sortClause", "limitCount", "limitOffset", "lockingClause")
    )


def values(analysis: Analysis, rows: list[Any], scope: Scope) -> list[Item]:
    """VALUES: the columns `column1`, … of all rows."""
    columns: list[Column] = []
    for row in rows:
        for index, cell in enumerate((body_of(row, "List") or {}).get("items", ())):
            found = expressions.value(analysis, cell, scope, f"column{index + 1}")
            if index == len(columns):
                columns.append(found)
            elif found.sources or not found.exact:
                known = columns[index]
                columns[index] = Column(
                    known.name, known.sources | found.sources, known.exact and found.exact
                )
    return list(columns)


def targets(analysis: Analysis, nodes: list[Any], scope: Scope) -> list[Item]:
    """Return the output columns of a target list or a RETURNING list."""
    items: list[Item] = []
    for node in nodes:
        body = body_of(node, "ResTarget")
        if body is None:
            analysis.unsupported("ResTarget")
            continue
        item = body.get("val")
        reference = body_of(item, "ColumnRef")
        if reference is not None and _is_star(reference.get("fields")):
            items.extend(expressions.star_items(analysis, reference, scope))
            analysis.step(len(items))
            continue
        spread = _row_star(analysis, item, scope)
        if spread is not None:
            items.extend(spread)
        else:
            items.append(expressions.value(analysis, item, scope, body.get("name") or column_name(item)))
    return items


def _is_star(fields: object) -> bool:
    return isinstance(fields, list) and bool(fields) and "A_Star" in fields[-1]


def _row_star(analysis: Analysis, node: object, scope: Scope) -> list[Item] | None:
    """`(x).*` spreads a row: its columns when the row is known, else one column of everything, not exact."""
    body = body_of(node, "A_Indirection")
    if body is None or not _is_star(body.get("indirection")):
        return None
    found = expressions.value(analysis, body.get("arg"), scope, "*")
    if found.row is not None and len(body["indirection"]) == 1:
        return list(found.row.items)
    return [Column("*", found.sources, False)]


def _grouping(analysis: Analysis, body: Node, items: list[Item], scope: Scope) -> None:
    for node in body.get("groupClause", ()):
        _by_output(analysis, node, items, scope, input_first=True)
    expressions.predicate(analysis, body.get("havingClause"), scope)
    for node in body.get("windowClause", ()):
        definition = body_of(node, "WindowDef")
        if definition is not None:
            expressions.window(analysis, definition, scope, Sink())
    for node in body.get("distinctClause", ()):
        if node:
            _by_output(analysis, node, items, scope, input_first=False)
        else:
            analysis.draft.predicate |= _everything(items)


def _ordering(analysis: Analysis, body: Node, items: list[Item], scope: Scope) -> None:
    for node in body.get("sortClause", ()):
        sort = body_of(node, "SortBy") or {}
        expressions.operator(analysis, sort.get("useOp"), sort.get("location"))
        _by_output(analysis, sort.get("node"), items, scope, input_first=False)
    expressions.predicate(analysis, body.get("limitCount"), scope)
    expressions.predicate(analysis, body.get("limitOffset"), scope)


def _by_output(
    analysis: Analysis, node: object, items: list[Item], scope: Scope, *, input_first: bool
) -> None:
    """ORDER BY and GROUP BY may name an output column or its position instead of an input column."""
    position = constant(node)
    names = strings((body_of(node, "ColumnRef") or {}).get("fields"))
    named = None
    if isinstance(position, int) and 0 < position <= len(items):
        sink = Sink()
        sink.add_all([items[position - 1]] if all(isinstance(item, Column) for item in items) else items)
        analysis.draft.predicate |= sink.sources
        return
    if len(names) == 1:
        named = next((item for item in items if isinstance(item, Column) and item.name == names[0]), None)
    if named is not None:
        analysis.draft.predicate |= named.sources
        if not input_first:
            return
    expressions.predicate(analysis, node, scope)


_NAMES = {
    "CaseExpr": "case",
    "CoalesceExpr": "coalesce",
    "A_ArrayExpr": "array",
    "RowExpr": "row",
    "GroupingFunc": "grouping",
    "XmlSerialize": "xmlserialize",
    "MergeSupportFunc": "merge_action",
    "JsonObjectConstructor": "json_object",
    "JsonArrayConstructor": "json_array",
    "JsonArrayQueryConstructor": "json_array",
    "JsonObjectAgg": "json_objectagg",
    "JsonArrayAgg": "json_arrayagg",
    "JsonParseExpr": "json",
    "JsonScalarExpr": "json_scalar",
    "JsonSerializeExpr": "json_serialize",
}
_JSON_NAMES = {"JSON_EXISTS_OP": "json_exists", "JSON_QUERY_OP": "json_query", "JSON_VALUE_OP": "json_value"}
_XML_NAMES = {
    "IS_XMLCONCAT": "xmlconcat",
    "IS_XMLELEMENT": "xmlelement",
    "IS_XMLFOREST": "xmlforest",
    "IS_XMLPARSE": "xmlparse",
    "IS_XMLPI": "xmlpi",
    "IS_XMLROOT": "xmlroot",
}
_SUBLINK_NAMES = {"EXISTS_SUBLINK": "exists", "ARRAY_SUBLINK": "array"}
_UNNAMED = "?column?"


def column_name(node: object) -> str:
    """Return the name that PostgreSQL gives an output column without an alias (FigureColname)."""
    return _figure(node) or _UNNAMED


def _figure(node: object) -> str | None:
    found = tagged(node)
    if found is None:
        return None
    tag, body = found
    if tag in ("ColumnRef", "FuncCall"):
        parts = strings(body.get("fields") or body.get("funcname"))
        return parts[-1] if parts else None
    if tag == "A_Indirection":
        parts = strings(body.get("indirection"))
        return parts[-1] if parts else _figure(body.get("arg"))
    if tag == "TypeCast":
        types = strings((body.get("typeName") or {}).get("names"))
        return _figure(body.get("arg")) or (types[-1] if types else None)
    if tag == "CollateClause":
        return _figure(body.get("arg"))
    if tag == "CaseExpr":
        return _figure(body.get("defresult")) or "case"
    return _figure_by_kind(tag, body)


def _figure_by_kind(tag: str, body: Node) -> str | None:
    if tag == "SubLink":
        kind = str(body.get("subLinkType"))
        if kind == "EXPR_SUBLINK":
            select_body = body_of(body.get("subselect"), "SelectStmt") or {}
            while "larg" in select_body:
                select_body = select_body["larg"]
            first = (select_body.get("targetList") or [None])[0]
            target = body_of(first, "ResTarget") or {}
            if "valuesLists" in select_body:
                return "column1"
            return target.get("name") or _figure(target.get("val"))
        return _SUBLINK_NAMES.get(kind)
    if tag == "A_Expr":
        return "nullif" if body.get("kind") == "AEXPR_NULLIF" else None
    if tag == "MinMaxExpr":
        return "greatest" if body.get("op", "IS_GREATEST") == "IS_GREATEST" else "least"
    if tag == "SQLValueFunction":
        return str(body.get("op", "")).removeprefix("SVFOP_").removesuffix("_N").lower()
    if tag == "JsonFuncExpr":
        return _JSON_NAMES.get(str(body.get("op")))
    if tag == "XmlExpr":
        return _XML_NAMES.get(str(body.get("op")))
    return _NAMES.get(tag)
