"""Queries of the other dialects: which tables they read and which base columns flow into each output column.

An own scope walk over sqlglot's tree, with the rules of `relations`: certain, candidate, or everything; nothing is
guessed. Where a form isn't followed exactly (pivots, struct paths, set-returning functions), all that could flow
does, and the column isn't exact.
"""

from __future__ import annotations

from typing import Any, cast

from sqlglot import exp

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.generic import words
from policy_engine.parsers.sql.generic.identifiers import key, part, table_parts
from policy_engine.parsers.sql.generic.walk import Walk
from policy_engine.parsers.sql.names import render, render_part
from policy_engine.parsers.sql.relations import (
    Column,
    Item,
    Relation,
    Scope,
    Sink,
    Star,
    by_position,
    find,
    renamed,
    whole_row,
)

_OPAQUE_NODES = (
    exp.Command,
    exp.Block,
    exp.IfBlock,
    exp.WhileBlock,
    exp.Execute,
    exp.QueryTransform,
    exp.Directory,
)
_DML = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
_PREDICATES = (
    "where",
    "group",
    "having",
    "qualify",
    "order",
    "sort",
    "cluster",
    "connect",
    "prewhere",
    "windows",
)


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
            _source(walk, node, visible, scope)
            return list(visible.items)
        return items
    if isinstance(node, exp.Values):
        return _values(walk, node, scope)
    if isinstance(node, exp.Table):
        visible = Scope(scope)
        _source(walk, node, visible, scope)
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
                flow(walk, body, scope, sink)
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
        _source(walk, source.this, visible, scope)
    for lateral in node.args.get("laterals") or ():
        _source(walk, lateral, visible, scope)
    for join in node.args.get("joins") or ():
        _join(walk, join, visible, scope)
    if (into := node.args.get("into")) is not None:
        _into(walk, into)
    items = targets(walk, node.expressions, visible)
    if node.args.get("operation_modifiers") or node.args.get("kind"):
        items = [Column("*", _all(items), False)]
    _tail(walk, node, items, visible)
    return items


def _all(items: list[Item]) -> frozenset[str]:
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
                _predicate(walk, entry, scope, items)
    distinct = node.args.get("distinct")
    if isinstance(distinct, exp.Expression) and distinct.args.get("on") is not None:
        _predicate(walk, distinct.args["on"], scope, items)
    for name in ("limit", "offset"):
        clause = node.args.get(name)
        if isinstance(clause, exp.Expression):
            _predicate(walk, clause, scope, items)


def _predicate(walk: Walk, node: Any, scope: Scope, items: list[Item]) -> None:
    """Note the columns of a clause; an output column's name or position stands for its sources."""
    sink = Sink()
    flow(walk, node, scope, sink)
    for column in node.find_all(exp.Column):
        if not column.table and (found := _named(items, key(column.this))) is not None:
            sink.add(found)
    if isinstance(node, exp.Order | exp.Group):
        for entry in node.expressions:
            literal = entry.this if isinstance(entry, exp.Ordered) else entry
            if isinstance(literal, exp.Literal) and not literal.is_string:
                _position(literal, items, sink)
    walk.draft.predicate |= sink.sources


def _position(literal: Any, items: list[Item], sink: Sink) -> None:
    position = int(literal.name) if literal.name.isdigit() else 0
    if 0 < position <= len(items):
        sink.add_all([items[position - 1]] if all(isinstance(item, Column) for item in items) else items)


def _named(items: list[Item], name: str) -> Column | None:
    return next((item for item in items if isinstance(item, Column) and item.name.lower() == name), None)


def _set_operation(walk: Walk, node: Any, scope: Scope) -> list[Item]:
    arms: list[Any] = [node.expression]
    current = node.this
    while isinstance(current, exp.SetOperation) and current.args.get("with_") is None:
        arms.append(current.expression)
        current = current.this
    items = query(walk, current, scope)
    for arm in reversed(arms):
        items = by_position(items, query(walk, arm, scope))
    if node.args.get("by_name") or node.args.get("on"):
        items = [Column("*", _all(items), False)]
    _tail(walk, node, items, Scope(scope))
    return items


def _values(walk: Walk, node: Any, scope: Scope) -> list[Item]:
    columns: list[Column] = []
    for row in node.expressions:
        for index, cell in enumerate(
            row.expressions if isinstance(row, exp.Tuple | exp.Anonymous) else [row]
        ):
            sink = Sink()
            flow(walk, cell, scope, sink)
            found = Column(f"column{index + 1}", frozenset(sink.sources), sink.exact)
            if index == len(columns):
                columns.append(found)
            else:
                known = columns[index]
                columns[index] = Column(
                    known.name, known.sources | found.sources, known.exact and found.exact
                )
    return list(columns)


# -- FROM -------------------------------------------------------------------------------------------------------
def _source(walk: Walk, node: Any, scope: Scope, outer: Scope) -> None:
    """Add one item of FROM, with the joins that hang on it."""
    inner = node.this if isinstance(node, exp.Final) else node
    if not isinstance(inner, exp.Expression):
        walk.unsupported(node)
        return
    if (
        isinstance(inner, exp.Subquery)
        and isinstance(inner.this, exp.Table)
        and inner.args.get("alias") is None
    ):
        # `(a JOIN b ON …)`: brackets around a join hide no names.
        _source(walk, inner.this, scope, outer)
        for join in inner.args.get("joins") or ():
            _join(walk, join, scope, outer)
        return
    alias = inner.args.get("alias")
    name = key(alias.this) if alias is not None and alias.this is not None else ""
    names = [key(column) for column in (alias.args.get("columns") or ())] if alias is not None else []
    if isinstance(inner, exp.Table):
        own, items = _table(walk, inner, scope)
        name = name or own
    elif isinstance(inner, exp.Subquery):
        items = query(walk, inner.this, outer)
    elif isinstance(inner, exp.Lateral) and isinstance(inner.this, exp.Subquery):
        items = query(walk, inner.this.this, scope)
    elif isinstance(inner, exp.Values):
        items = _values(walk, inner, outer)
    elif isinstance(inner, exp.Query):
        items = query(walk, inner, outer)
    else:
        sink = Sink()
        flow(walk, inner, scope, sink)
        flowing = frozenset(sink.sources)
        items = [*(Column(column, flowing, False) for column in (names or [name])), Star((), flowing)]
        names = []
    if inner.args.get("pivots"):
        items = _pivoted(walk, inner, items, scope)
    scope.add(Relation(name, renamed(_keyed(items), names)))
    for extra in (*(inner.args.get("laterals") or ()),):
        _source(walk, extra, scope, outer)
    for join in inner.args.get("joins") or ():
        _join(walk, join, scope, outer)


def _keyed(items: list[Item]) -> list[Item]:
    return [
        Column(item.name.lower(), item.sources, item.exact, item.row) if isinstance(item, Column) else item
        for item in items
    ]


def _pivoted(walk: Walk, node: Any, items: list[Item], scope: Scope) -> list[Item]:
    sink = Sink()
    sink.add_all(items)
    for pivot in node.args["pivots"]:
        inner = Scope(scope)
        inner.add(Relation("", items))
        flow(walk, pivot, inner, Sink())
    tables = tuple(table for item in items if isinstance(item, Star) for table in item.tables)
    return [Star(tables, frozenset(sink.sources))]


def _table(walk: Walk, node: Any, scope: Scope) -> tuple[str, list[Item]]:
    """Return the name that a table is visible by and its columns, and note that it is read."""
    this = node.this
    if isinstance(this, exp.Identifier | exp.Dot) or this is None:
        parts = table_parts(node)
        if len(parts) == 1 and isinstance(common := scope.cte(key(this)), list):
            return key(this), list(cast(list[Item], common))
        if _is_file(walk, node):
            return "", [Star((render(parts),))]
        full, kind, items = walk.resolve(node)
        if not (walk.dialect == "bigquery" and _is_field(scope, parts)):
            walk.draft.read(full, kind)
        return parts[-1].lower() if parts else "", items
    if node.args.get("db") is not None and isinstance(this, exp.Func):
        name = this.name if isinstance(this, exp.Anonymous) else this.sql_name()
        walk.called(render([part(node.args["db"]), name.lower()]))
    sink = Sink()
    if isinstance(this, exp.Var | exp.Parameter | exp.Placeholder):
        # A stage, a table variable: what stands behind it isn't in the text.
        name = str(this.name or this.sql())
        walk.draft.read(name)
        if not name.startswith("@") and not isinstance(this, exp.Parameter):
            walk.opaque(ProblemCode.UNKNOWN_TARGET, f"`{name}` names a source that isn't in the text")
        return name.lower(), [Star((name,))]
    flow(walk, this, scope, sink)
    flowing = frozenset(sink.sources)
    name = (
        key(this)
        if isinstance(this, exp.Anonymous)
        else this.sql_name().lower()
        if isinstance(this, exp.Func)
        else ""
    )
    return name, [Column(name or "value", flowing, False), Star((), flowing)]


def _is_file(walk: Walk, node: Any) -> bool:
    """DuckDB reads `'x.parquet'` as a file, Spark reads parquet.`path`."""
    parts = table_parts(node)
    quoted = isinstance(node.this, exp.Identifier) and bool(node.this.args.get("quoted"))
    file = walk.dialect == "duckdb" and quoted and ("." in parts[-1] or "/" in parts[-1])
    formats = ("parquet", "csv", "json", "orc", "avro", "text", "delta", "binaryfile")
    file = file or (
        walk.dialect in ("spark", "databricks") and quoted and len(parts) == 2 and parts[0].lower() in formats
    )
    if file:
        walk.draft.effects.add(Effect.READ)
        walk.draft.flags.add(SqlFlag.READS_SERVER_FILE)
        walk.draft.touch(ResourceKind.FILE, parts[-1], Access.READ)
    return file


def _is_field(scope: Scope, parts: list[str]) -> bool:
    """BigQuery: `FROM t, t.items` unnests a field of t."""
    return len(parts) > 1 and scope.relation(parts[0].lower()) is not None


def _join(walk: Walk, node: Any, scope: Scope, outer: Scope) -> None:
    first = len(scope.items)
    left = list(scope.items)
    _source(walk, node.this, scope, outer)
    right = scope.items[first:]
    if (on := node.args.get("on")) is not None:
        _predicate(walk, on, scope, [])
    if (match := node.args.get("match_condition")) is not None:
        _predicate(walk, match, scope, [])
    names = [key(column) for column in node.args.get("using") or ()]
    natural = str(node.args.get("method") or "").upper() == "NATURAL"
    if natural:
        names = [
            item.name for item in left if isinstance(item, Column) and find(right, item.name)[0] is not None
        ]
    if names:
        _merge_columns(walk, node, names, left, right, scope)


def _merge_columns(
    walk: Walk, node: Any, names: list[str], left: list[Item], right: list[Item], scope: Scope
) -> None:
    merged: list[Item] = []
    side = str(node.args.get("side") or "").upper()
    for name in names:
        a, b = find(left, name)[0], find(right, name)[0]
        for found in (a, b):
            walk.draft.predicate |= found.sources if found is not None else frozenset()
        if a is None or b is None:
            known = a or b
            merged.append(Column(name, known.sources if known is not None else frozenset(), False))
        elif side == "FULL":
            merged.append(Column(name, a.sources | b.sources, a.exact and b.exact))
        else:
            chosen = b if side == "RIGHT" else a
            merged.append(Column(name, chosen.sources, chosen.exact))
    scope.items = [
        *merged,
        *(item for item in (*left, *right) if isinstance(item, Star) or item.name not in names),
    ]


# -- expressions ------------------------------------------------------------------------------------------------
def targets(walk: Walk, nodes: list[Any], scope: Scope) -> list[Item]:
    """Return the output columns of a SELECT list or RETURNING."""
    items: list[Item] = []
    lateral = walk.dialect in words.LATERAL_ALIASES
    for index, node in enumerate(nodes):
        star = node.this if isinstance(node, exp.Column) and isinstance(node.this, exp.Star) else node
        if isinstance(star, exp.Star):
            items.extend(_star(walk, node, star, scope))
            walk.step(len(items))
            continue
        sink = Sink()
        flow(walk, node, scope, sink)
        if lateral:
            for column in node.find_all(exp.Column):
                if not column.table and (earlier := _named(items, key(column.this))) is not None:
                    sink.add(earlier)
                    sink.exact = False
        items.append(
            Column(_output_name(node, index), frozenset(sink.sources), sink.exact, _row(node, scope))
        )
    return items


def _output_name(node: Any, index: int) -> str:
    if isinstance(node, exp.Alias):
        return part(node.args.get("alias"))
    if isinstance(node, exp.Column):
        return part(node.this)
    if isinstance(node, exp.Dot):
        return node.name.lower()
    if isinstance(node, exp.PropertyEQ):
        return str(node.this.name).lower()
    return str(node.output_name).lower() or f"_col{index}"


def _star(walk: Walk, node: Any, star: Any, scope: Scope) -> list[Item]:
    table = key(node.args.get("table")) if isinstance(node, exp.Column) and node.args.get("table") else ""
    items: list[Item]
    if not table:
        items = list(scope.items)
    else:
        relation = scope.relation(table)
        items = (
            list(relation.items)
            if relation is not None
            else [Column("*", frozenset({f"{render_part(table)}.*"}), False)]
        )
    excluded = {
        key(column.this if isinstance(column, exp.Column) else column)
        for column in star.args.get("except_") or ()
    }
    items = [item for item in items if isinstance(item, Star) or item.name not in excluded]
    for replacement in star.args.get("replace") or ():
        sink = Sink()
        flow(walk, replacement, scope, sink)
        items.append(Column(_output_name(replacement, 0), frozenset(sink.sources), sink.exact))
    if star.args.get("rename"):
        items = [Column("*", _all(items), False)]
    return items


def _row(node: Any, scope: Scope) -> Relation | None:
    inner = node.this if isinstance(node, exp.Alias) else node
    if isinstance(inner, exp.Column) and not inner.table and isinstance(inner.this, exp.Identifier):
        return scope.relation(key(inner.this))
    return None


def flow(walk: Walk, node: Any, scope: Scope, sink: Sink) -> None:
    """Let everything that flows into `node` flow into `sink`."""
    stack: list[Any] = [node]
    while stack:
        current = stack.pop()
        if not isinstance(current, exp.Expression):
            continue
        if isinstance(current, exp.Column):
            _column(walk, current, scope, sink)
        elif isinstance(current, (*_OPAQUE_NODES, *_DML)):
            walk.unsupported(current)
        elif isinstance(current, exp.Exists):
            if isinstance(current.this, exp.Query):
                query(walk, current.this, scope)
            else:
                stack.append(current.this)
        elif isinstance(current, exp.Query):
            sink.add_all(query(walk, current, scope))
        elif isinstance(current, exp.Window | exp.Filter):
            stack.append(current.this)
            _choosing(walk, current, scope)
        elif isinstance(current, exp.Dot) and isinstance(current.expression, exp.Func):
            # `dbo.upper(x)` is somebody's own function, whatever it is called.
            _qualified_call(walk, current)
            stack.extend(current.expression.iter_expressions())
        elif isinstance(current, exp.DataType | exp.Identifier | exp.Literal):
            continue
        else:
            _leaf(walk, current)
            stack.extend(current.iter_expressions())


def _choosing(walk: Walk, node: Any, scope: Scope) -> None:
    """OVER and FILTER choose and order the rows of a call."""
    clauses = [node.expression] if isinstance(node, exp.Filter) else []
    for name in ("partition_by", "order", "spec") if isinstance(node, exp.Window) else ():
        value = node.args.get(name)
        clauses.extend(value if isinstance(value, list) else [value])
    for clause in clauses:
        if clause is not None:
            _predicate(walk, clause, scope, [])


def _qualified_call(walk: Walk, node: Any) -> None:
    parts: list[str] = []
    owner = node.this
    while isinstance(owner, exp.Dot):
        parts.insert(
            0,
            part(owner.expression) if isinstance(owner.expression, exp.Identifier) else owner.expression.name,
        )
        owner = owner.this
    parts.insert(0, part(owner) if isinstance(owner, exp.Identifier) else owner.name.lower())
    if not isinstance(owner, exp.Identifier):
        flow(walk, owner, Scope(), Sink())
    function = node.expression
    name = function.name if isinstance(function, exp.Anonymous) else function.sql_name()
    walk.called(render([*parts, name.lower()]))


def _leaf(walk: Walk, node: Any) -> None:
    """Facts of a node beside its parts: functions, parameters, sequences."""
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        walk.called(str(node.this if isinstance(node.this, str) else node.name))
    elif isinstance(node, exp.ReadCSV | exp.ReadParquet):
        walk.called(node.sql_name().lower())
        walk.draft.flags.add(SqlFlag.READS_SERVER_FILE)
    elif isinstance(node, exp.NextValueFor):
        walk.draft.effects.add(Effect.UPDATE)
        walk.draft.write(node.this.sql().lower(), ResourceKind.SEQUENCE)
    elif isinstance(node, exp.Func) and not isinstance(
        node, exp.Connector | exp.Cast | exp.Case | exp.Coalesce
    ):
        walk.draft.functions[node.sql_name().lower()] = None
    elif isinstance(node, exp.Placeholder):
        walk.parameter(f":{node.name}" if node.name and node.name != "?" else "?")
    elif isinstance(node, exp.Parameter):
        walk.parameter(f"@{node.name}" if walk.dialect != "snowflake" else f"${node.name}")
    elif isinstance(node, exp.Star):
        return
    elif isinstance(node, exp.UserDefinedFunction | exp.StoredProcedure):
        walk.unsupported(node)


def _column(walk: Walk, node: Any, scope: Scope, sink: Sink) -> None:
    name = key(node.this)
    if isinstance(node.this, exp.Star):
        relation = scope.relation(key(node.args.get("table"))) if node.table else None
        sink.add_all(relation.items if relation is not None else scope.items)
        return
    table = node.args.get("table")
    if table is None:
        if name in words.PSEUDO_COLUMNS.get(walk.dialect, ()):
            return
        found = scope.column(name)
        if found is not None:
            sink.add(_as_written(found, node.this, name))
        else:
            sink.sources.add(render_part(part(node.this)))
            sink.exact = False
        return
    relation = scope.relation(key(table))
    if relation is not None:
        found, _ = find(relation.items, name)
        if found is None:
            sink.add(whole_row(relation))
            sink.exact = False
        else:
            sink.add(_as_written(found, node.this, name))
        return
    # `a.b` may be the field b of a column a (BigQuery, Snowflake, Spark, DuckDB structs).
    outermost = node.args.get("catalog") or node.args.get("db") or table
    relation = scope.relation(key(node.args.get("db"))) if node.args.get("db") is not None else None
    struct = find(relation.items, key(table))[0] if relation is not None else scope.column(key(outermost))
    if struct is not None:
        sink.add(struct)
    else:
        parts = [
            part(node.args[field]) for field in ("catalog", "db", "table", "this") if node.args.get(field)
        ]
        sink.sources.add(render(parts))
    sink.exact = False


def _as_written(found: Column, identifier: Any, name: str) -> Column:
    """A quoted column of an open table keeps its case in the source's name."""
    written = part(identifier)
    if written == name:
        return found
    sources = frozenset(
        source[: -len(name)] + render_part(written) if source.endswith(f".{name}") else source
        for source in found.sources
    )
    return Column(found.name, sources, found.exact, found.row)
