"""FROM in the other dialects: tables, sub-queries, functions and joins become relations in a scope."""

from __future__ import annotations

from typing import Any, cast

from sqlglot import exp

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.generic import expressions, queries, words
from policy_engine.parsers.sql.generic.identifiers import key, part, table_parts
from policy_engine.parsers.sql.generic.walk import Walk
from policy_engine.parsers.sql.names import render
from policy_engine.parsers.sql.relations import Column, Item, Relation, Scope, Sink, Star, find, renamed


def add_source(walk: Walk, node: Any, scope: Scope, outer: Scope) -> None:
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
        add_source(walk, inner.this, scope, outer)
        for join in inner.args.get("joins") or ():
            add_join(walk, join, scope, outer)
        return
    alias = inner.args.get("alias")
    name = key(alias.this) if alias is not None and alias.this is not None else ""
    names = [key(column) for column in (alias.args.get("columns") or ())] if alias is not None else []
    if isinstance(inner, exp.Table):
        own, items = _table(walk, inner, scope)
        name = name or own
    elif isinstance(inner, exp.Subquery):
        items = queries.query(walk, inner.this, outer)
    elif isinstance(inner, exp.Lateral) and isinstance(inner.this, exp.Subquery):
        items = queries.query(walk, inner.this.this, scope)
    elif isinstance(inner, exp.Values):
        items = queries.values(walk, inner, outer)
    elif isinstance(inner, exp.Query):
        items = queries.query(walk, inner, outer)
    elif isinstance(inner, exp.TableFromRows) and not isinstance(inner.this, exp.Func):
        walk.opaque(ProblemCode.UNKNOWN_TARGET, "a table named by a value isn't in the text; write its name")
        items = [Star(())]
    else:
        sink = Sink()
        expressions.flow(walk, inner, scope, sink)
        walk.draft.predicate |= sink.sources
        flowing = frozenset(sink.sources)
        items = [*(Column(column, flowing, False) for column in (names or [name])), Star((), flowing)]
        names = []
    if inner.args.get("pivots"):
        items = _pivoted(walk, inner, items, scope)
    scope.add(Relation(name, renamed(_keyed(items), names)))
    for extra in (*(inner.args.get("laterals") or ()),):
        add_source(walk, extra, scope, outer)
    for join in inner.args.get("joins") or ():
        add_join(walk, join, scope, outer)


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
        expressions.flow(walk, pivot, inner, Sink())
    walk.draft.predicate |= sink.sources
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
        if walk.dialect == "bigquery" and _is_field(scope, parts):
            walk.draft.predicate.add(full)
        else:
            walk.draft.read(full, kind)
            _locked(walk, node)
        return parts[-1].lower() if parts else "", items
    if node.args.get("db") is not None and isinstance(this, exp.Func):
        name = this.name if isinstance(this, exp.Anonymous) else this.sql_name()
        walk.called(render([part(node.args["db"]), name.lower()]))
    sink = Sink()
    if isinstance(this, exp.Var | exp.Parameter | exp.Placeholder):
        # A stage, a table variable: what stands behind it isn't in the text.
        name = str(this.name or this.sql())
        walk.draft.read(name)
        if not isinstance(this, exp.Parameter) or walk.dialect == "snowflake":
            walk.opaque(ProblemCode.UNKNOWN_TARGET, f"`{name}` names a source that isn't in the text")
        return name.lower(), [Star((name,))]
    if isinstance(this, exp.DynamicIdentifier):
        walk.resolve(node)
        return "", [Star(())]
    expressions.flow(walk, this, scope, sink)
    walk.draft.predicate |= sink.sources
    flowing = frozenset(sink.sources)
    name = (
        key(this)
        if isinstance(this, exp.Anonymous)
        else this.sql_name().lower()
        if isinstance(this, exp.Func)
        else ""
    )
    return name, [Column(name or "value", flowing, False), Star((), flowing)]


def _locked(walk: Walk, node: Any) -> None:
    """T-SQL: a hint that locks rows against others needs no right to change them, but has the same effect."""
    for hint in node.args.get("hints") or ():
        if any(str(entry.name).upper() in words.LOCKING_HINTS for entry in hint.expressions):
            walk.draft.effects.add(Effect.UPDATE)
            walk.write(node)


def _is_file(walk: Walk, node: Any) -> bool:
    """DuckDB reads `'x.parquet'` as a file, Spark reads parquet.`path`."""
    parts = table_parts(node) or [""]
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


def add_join(walk: Walk, node: Any, scope: Scope, outer: Scope) -> None:
    first = len(scope.items)
    left = list(scope.items)
    add_source(walk, node.this, scope, outer)
    right = scope.items[first:]
    if (on := node.args.get("on")) is not None:
        expressions.predicate(walk, on, scope, [])
    if (match := node.args.get("match_condition")) is not None:
        expressions.predicate(walk, match, scope, [])
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
