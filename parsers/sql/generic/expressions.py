"""What flows into a value in the other dialects: columns, functions, parameters and nested queries.

`flow` keeps its own stack, so long operator chains don't nest calls. A node of a class that isn't known to only
compute from its parts may stand for any column: then all that is visible flows, and the value isn't exact.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.generic import nodes, queries, words
from policy_engine.parsers.sql.generic.identifiers import key, part
from policy_engine.parsers.sql.generic.walk import Walk
from policy_engine.parsers.sql.names import render, render_part
from policy_engine.parsers.sql.relations import Column, Item, Relation, Scope, Sink, Star, find, whole_row

_DML = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
_OPAQUE_NODES = (
    exp.Command, exp.Block, exp.IfBlock, exp.WhileBlock, exp.Execute, exp.QueryTransform, exp.Directory, exp.Table,
)  # fmt: skip


def predicate(walk: Walk, node: Any, scope: Scope, items: list[Item]) -> None:
    """Note the columns of a clause; an output column's name or position stands for its sources."""
    sink = Sink()
    flow(walk, node, scope, sink)
    for column in node.find_all(exp.Column):
        if not column.table and (found := named(items, key(column.this))) is not None:
            sink.add(found)
    if isinstance(node, exp.Order | exp.Group):
        for entry in node.expressions:
            literal = entry.this if isinstance(entry, exp.Ordered) else entry
            if isinstance(literal, exp.Var) and literal.name.upper() == "ALL":
                sink.add_all(items)
            if isinstance(literal, exp.Literal) and not literal.is_string:
                _position(literal, items, sink)
    if isinstance(node, exp.Group) and node.args.get("all"):
        sink.add_all(items)
    walk.draft.predicate |= sink.sources


def _position(literal: Any, items: list[Item], sink: Sink) -> None:
    position = int(literal.name) if literal.name.isdigit() else 0
    if 0 < position <= len(items):
        sink.add_all([items[position - 1]] if all(isinstance(item, Column) for item in items) else items)


def named(items: list[Item], name: str) -> Column | None:
    return next((item for item in items if isinstance(item, Column) and item.name.lower() == name), None)


def targets(walk: Walk, entries: list[Any], scope: Scope) -> list[Item]:
    """Return the output columns of a SELECT list or RETURNING."""
    items: list[Item] = []
    lateral = walk.dialect in words.LATERAL_ALIASES
    for index, node in enumerate(entries):
        star = node.this if isinstance(node, exp.Column) and isinstance(node.this, exp.Star) else node
        if isinstance(star, exp.Star):
            items.extend(_star(walk, node, star, scope))
            walk.step(len(items))
            continue
        sink = Sink()
        flow(walk, node, scope, sink)
        if lateral:
            for column in node.find_all(exp.Column):
                if not column.table and (earlier := named(items, key(column.this))) is not None:
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
        items = [Column("*", queries.everything(items), False)]
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
                queries.query(walk, current.this, scope)
            else:
                stack.append(current.this)
        elif isinstance(current, exp.Query):
            sink.add_all(queries.query(walk, current, scope))
        elif isinstance(current, exp.Window | exp.Filter):
            stack.append(current.this)
            _choosing(walk, current, scope)
        elif isinstance(current, exp.Dot) and isinstance(current.expression, exp.Func):
            # `dbo.upper(x)` is somebody's own function, whatever it is called.
            _qualified_call(walk, current)
            stack.extend(current.expression.iter_expressions())
        elif isinstance(current, exp.DataType | exp.Identifier | exp.Literal):
            continue
        elif nodes.multiplies(current):
            _leaf(walk, current)
            _multiplying(walk, current, scope, sink)
        else:
            _leaf(walk, current)
            if not nodes.only_computes(current):
                _anything(scope, sink)
            stack.extend(current.iter_expressions())


def _anything(scope: Scope, sink: Sink) -> None:
    """Let everything that is visible flow: what the node stands for isn't known."""
    inner: Scope | None = scope
    while inner is not None:
        sink.add_all(inner.items)
        inner = inner.parent
    sink.exact = False


def _multiplying(walk: Walk, node: Any, scope: Scope, sink: Sink) -> None:
    """A set-returning function: its arguments decide how many rows come out."""
    arguments = Sink()
    for argument in node.iter_expressions():
        flow(walk, argument, scope, arguments)
    walk.draft.predicate |= arguments.sources
    sink.sources |= arguments.sources
    sink.exact = sink.exact and arguments.exact


def _choosing(walk: Walk, node: Any, scope: Scope) -> None:
    """OVER and FILTER choose and order the rows of a call."""
    clauses = [node.expression] if isinstance(node, exp.Filter) else []
    for name in ("partition_by", "order", "spec") if isinstance(node, exp.Window) else ():
        value = node.args.get(name)
        clauses.extend(value if isinstance(value, list) else [value])
    for clause in clauses:
        if clause is not None:
            predicate(walk, clause, scope, [])


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
        name = str(node.this if isinstance(node.this, str) else node.name)
        if name.lower() in words.PURE_WITHOUT_ARGUMENTS.get(walk.dialect, ()) and not node.expressions:
            walk.draft.functions[name.lower()] = None
        else:
            walk.called(name)
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
    elif isinstance(node, exp.UserDefinedFunction | exp.StoredProcedure):
        walk.unsupported(node)


def _column(walk: Walk, node: Any, scope: Scope, sink: Sink) -> None:
    name = key(node.this)
    if not isinstance(node.this, exp.Identifier | exp.Star) or _stands_for_another(walk, node.this):
        _anything(scope, sink)
        return
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
            if walk.dialect == "oracle" and not _certain(scope, name):
                sink.exact = False  # it may be a function without arguments
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
    if walk.dialect in ("oracle", "snowflake") and name in ("nextval", "currval"):
        _sequence(walk, node, name)
        return
    if walk.dialect == "oracle" and not node.args.get("db"):
        # A field needs a table alias in front: this is a function of a package.
        walk.called(render([part(table), part(node.this)]))
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


def _certain(scope: Scope, name: str) -> bool:
    inner: Scope | None = scope
    while inner is not None:
        found, certain = find(inner.items, name)
        if found is not None:
            return certain
        inner = inner.parent
    return False


def _stands_for_another(walk: Walk, identifier: Any) -> bool:
    """Names by which a server lets one reach a column that is called otherwise: identity, row id, rowguid."""
    if identifier.args.get("quoted"):
        return False
    return str(identifier.name).lower() in words.OTHER_NAMES.get(walk.dialect, ())


def _sequence(walk: Walk, node: Any, name: str) -> None:
    parts = [part(node.args[field]) for field in ("catalog", "db", "table") if node.args.get(field)]
    if name == "nextval":
        walk.draft.effects.add(Effect.UPDATE)
        walk.draft.write(render(parts), ResourceKind.SEQUENCE)
    else:
        walk.draft.touch(ResourceKind.SEQUENCE, render(parts), Access.READ)


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
