"""INSERT, UPDATE, DELETE and MERGE of the other dialects: targets found through aliases, the rest read."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.generic import expressions, queries, sources
from policy_engine.parsers.sql.generic.identifiers import key, part
from policy_engine.parsers.sql.generic.walk import Walk
from policy_engine.parsers.sql.relations import Column, Item, Relation, Scope, Sink, Star, find, overlaid

Assigned = dict[str, Column]


def insert(walk: Walk, tree: Any) -> None:
    """INSERT, also OVERWRITE and ON CONFLICT / ON DUPLICATE KEY UPDATE."""
    draft = walk.draft
    draft.effects.add(Effect.CREATE)
    if tree.args.get("alternative") == "REPLACE INTO":
        draft.verb = "replace"
    scope = Scope()
    queries.with_clause(walk, tree, scope)
    schema = tree.this
    target = schema.this if isinstance(schema, exp.Schema) else schema
    columns = (
        [part(column.this if isinstance(column, exp.ColumnDef) else column) for column in schema.expressions]
        if isinstance(schema, exp.Schema)
        else []
    )
    if not isinstance(target, exp.Table) or not isinstance(target.this, exp.Identifier):
        if isinstance(target, exp.Directory):
            draft.flags.add(SqlFlag.WRITES_SERVER_FILE)
            draft.touch(ResourceKind.FILE, str(target.this.name), Access.WRITE)
        walk.unsupported(target if isinstance(target, exp.Expression) else tree)
        _read_rest(walk, tree, scope)
        return
    full, kind, items = walk.resolve(target)
    draft.touch(kind, full, Access.WRITE, tuple(columns) or None)
    if tree.args.get("overwrite") or str(tree.args.get("alternative") or "").upper().startswith("REPLACE"):
        draft.effects.add(Effect.DELETE)
    rows = _read_rest(walk, tree, scope)
    assigned = _assigned(columns, rows)
    inner = Scope(scope)
    name = key(target.args["alias"].this) if target.args.get("alias") else key(target.this)
    inner.add(Relation(name, items))
    if (conflict := tree.args.get("conflict")) is not None:
        _conflict(walk, target, conflict, inner, rows)
    _returning(walk, tree, inner, name, items, assigned, [] if columns else rows)


def _read_rest(walk: Walk, tree: Any, scope: Scope) -> list[Item]:
    source = tree.expression
    if isinstance(source, exp.Values):
        return queries.values(walk, source, scope)
    if isinstance(source, exp.Query):
        return queries.query(walk, source, scope)
    if source is not None:
        walk.unsupported(source)
    elif not tree.args.get("default"):
        walk.opaque(ProblemCode.UNSUPPORTED, "where the rows of this INSERT come from isn't in the text")
    return []


def _assigned(columns: list[str], rows: list[Item]) -> Assigned:
    if not columns or not all(isinstance(item, Column) for item in rows):
        return {}
    return {
        name.lower(): Column(name.lower(), item.sources, item.exact)
        for name, item in zip(columns, rows, strict=False)
        if isinstance(item, Column)
    }


def _conflict(walk: Walk, target: Any, conflict: Any, scope: Scope, rows: list[Item]) -> None:
    if conflict.args.get("duplicate") or conflict.expressions:
        walk.draft.effects.add(Effect.UPDATE)
    sink = Sink()
    sink.add_all(rows)
    scope.relations.append(Relation("excluded", [Star((), frozenset(sink.sources))]))
    for name in conflict.args.get("conflict_keys") or ():
        expressions.predicate(walk, name, scope, [])
    for node in conflict.expressions:
        expressions.flow(walk, node.expression if isinstance(node, exp.EQ) else node, scope, Sink())
    values = [node.expression for node in conflict.expressions if isinstance(node, exp.EQ)]
    _read_own(walk, target, values, scope)
    if (where := conflict.args.get("where")) is not None:
        expressions.predicate(walk, where, scope, [])


def update(walk: Walk, tree: Any) -> None:
    """UPDATE of one table or, joined, of those whose columns are set."""
    walk.draft.effects.add(Effect.UPDATE)
    if not tree.expressions:
        walk.opaque(ProblemCode.SYNTAX_ERROR, "an UPDATE without SET isn't a statement of any server")
    if tree.args.get("where") is None:
        walk.draft.flags.add(SqlFlag.NO_WHERE)
    outer = Scope()
    queries.with_clause(walk, tree, outer)
    origins = [tree.this]
    if (clause := tree.args.get("from_")) is not None:
        origins.append(clause.this)
    # An alias in FROM comes before the name after UPDATE, which T-SQL lets be that alias.
    named = _tables([*origins[1:], tree.this])
    targets = _targets(walk, [tree.this], named, outer)
    if walk.dialect in ("mysql", "mariadb") and tree.this.args.get("joins"):
        targets = _set_tables(tree, named)
    scope = _scope(walk, origins, outer, targets)
    assigned: Assigned = {}
    columns: list[str] = []
    for node in tree.expressions:
        sink = Sink()
        value = node.expression if isinstance(node, exp.EQ) else node
        expressions.flow(walk, value, scope, sink)
        if isinstance(node, exp.EQ) and isinstance(node.this, exp.Column):
            columns.append(part(node.this.this))
            assigned[key(node.this.this)] = Column(key(node.this.this), frozenset(sink.sources), sink.exact)
        elif isinstance(node, exp.EQ):
            columns.extend(part(column.this) for column in node.this.find_all(exp.Column))
            for column in node.this.find_all(exp.Column):
                assigned[key(column.this)] = Column(key(column.this), frozenset(sink.sources), False)
    _write(walk, targets, tuple(columns) if len(targets) == 1 else None)
    for table in targets:
        _read_own(walk, table, [node.expression for node in tree.expressions], scope)
    _predicates(walk, tree, scope)
    items = list(scope.items)
    _returning(walk, tree, scope, "", items, assigned, [])


def _set_tables(tree: Any, named: dict[str, Any]) -> list[Any]:
    """MySQL's joined UPDATE writes the tables whose columns it sets; without a qualifier that may be any of them."""
    found: dict[int, Any] = {}
    for node in tree.expressions:
        column = node.this if isinstance(node, exp.EQ) else None
        table = (
            named.get(key(column.args.get("table")))
            if isinstance(column, exp.Column) and column.table
            else None
        )
        for candidate in [table] if table is not None else list(named.values()):
            found[id(candidate)] = candidate
    return list(found.values())


def delete(walk: Walk, tree: Any) -> None:
    """DELETE from one table or, joined, from those that are named before FROM."""
    walk.draft.effects.add(Effect.DELETE)
    if tree.args.get("where") is None:
        walk.draft.flags.add(SqlFlag.NO_WHERE)
    outer = Scope()
    queries.with_clause(walk, tree, outer)
    using = tree.args.get("using") or []
    origins = [node for node in (tree.this, *(using if isinstance(using, list) else [])) if node is not None]
    named = _tables(origins)
    first = tree.args.get("tables") or [tree.this]
    if any(table.args.get("alias") is not None and tree.args.get("tables") for table in first):
        walk.opaque(
            ProblemCode.AMBIGUOUS,
            "the words between DELETE and FROM aren't table names; write the limit in a sub-query",
        )
    targets = _targets(walk, first, named, outer)
    scope = _scope(walk, origins, outer, targets)
    _write(walk, targets, None)
    _predicates(walk, tree, scope)
    _returning(walk, tree, scope, "", list(scope.items), {}, [])


def merge(walk: Walk, tree: Any) -> None:
    """MERGE: one target, one source, actions for matched and unmatched rows."""
    outer = Scope()
    queries.with_clause(walk, tree, outer)
    origins = [tree.this, tree.args["using"]]
    targets = _targets(walk, [tree.this], _tables([tree.this]), outer)
    scope = _scope(walk, origins, outer, targets)
    if isinstance(on := tree.args.get("on"), exp.Expression):
        expressions.predicate(walk, on, scope, [])
    else:
        walk.opaque(ProblemCode.SYNTAX_ERROR, "a MERGE without ON isn't a statement of any server")
    columns: list[str] = []
    whens = tree.args.get("whens")
    for when in whens.expressions if whens is not None else ():
        if when.args.get("condition") is not None:
            expressions.predicate(walk, when.args["condition"], scope, [])
        action = when.args.get("then")
        if isinstance(action, exp.Update):
            walk.draft.effects.add(Effect.UPDATE)
            for node in action.expressions:
                columns.extend(part(column.this) for column in node.this.find_all(exp.Column))
                expressions.flow(walk, node.expression, scope, Sink())
        elif isinstance(action, exp.Insert):
            walk.draft.effects.add(Effect.CREATE)
            if action.expression is not None:
                expressions.flow(walk, action.expression, scope, Sink())
        elif "DELETE" in str(action.name if action is not None else "").upper() or isinstance(
            action, exp.Delete
        ):
            walk.draft.effects.add(Effect.DELETE)
        elif "NOTHING" not in str(action).upper():
            walk.unsupported(when)
    _write(walk, targets, tuple(dict.fromkeys(columns)) or None)
    _returning(walk, tree, scope, "", list(scope.items), {}, list(scope.items))


def _tables(nodes: list[Any]) -> dict[str, Any]:
    """Return the tables of FROM by the name they are visible by; those inside sub-queries aren't."""
    found: dict[str, Any] = {}
    pending = list(nodes)
    while pending:
        node = pending.pop(0)
        if isinstance(node, exp.Table):
            alias = node.args.get("alias")
            found.setdefault(
                key(alias.this) if alias is not None and alias.this is not None else key(node.this), node
            )
        if isinstance(node, exp.Table | exp.Subquery):
            pending.extend(join.this for join in node.args.get("joins") or ())
    return found


def _targets(walk: Walk, nodes: list[Any], named: dict[str, Any], outer: Scope) -> list[Any]:
    """Return the tables that are written: T-SQL and MySQL name them by alias."""
    targets: list[Any] = []
    for node in nodes:
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            name = key(node.this)
            target = node
            if not node.db:
                aliased = [table for alias, table in named.items() if alias == name and table is not node]
                target = aliased[0] if aliased else node
            if not target.db and outer.cte(key(target.this)) is not None and walk.dialect == "tsql":
                walk.opaque(
                    ProblemCode.UNKNOWN_TARGET,
                    f"`{name}` is a common table expression; T-SQL changes the tables behind it. Name the table",
                )
                for table in _behind(node):
                    walk.write(table)
                continue
            targets.append(target)
        else:
            walk.unsupported(node)
            for table in node.find_all(exp.Table):
                walk.write(table)
    return targets


def _behind(node: Any) -> list[Any]:
    root = node.root()
    clause = root.args.get("with_")
    return (
        [table for table in clause.find_all(exp.Table) if isinstance(table.this, exp.Identifier)]
        if clause
        else []
    )


def _scope(walk: Walk, origins: list[Any], outer: Scope, targets: list[Any]) -> Scope:
    """Make the origins visible; a table that is only a target isn't read."""
    before = set(walk.draft.resources)
    effects = set(walk.draft.effects)
    scope = Scope(outer)
    target_names = [walk.resolve(table)[0] for table in targets]
    aliases = [key(node.this) for node in origins[:1] if isinstance(node, exp.Table) and not node.db]
    seen: set[str] = set()
    for node in origins:
        # T-SQL: `UPDATE u … FROM users u` names the alias first; it isn't a table of its own.
        alias_only = node is origins[0] and len(origins) > 1 and aliases and node not in targets
        if not alias_only:
            sources.add_source(walk, node, scope, outer)
    for full in target_names:
        for kind in (ResourceKind.TABLE, ResourceKind.VIEW):
            entry = (kind, full, Access.READ)
            if (
                entry in walk.draft.resources
                and entry not in before
                and full not in seen
                and _mentions(walk, origins, full) < 2
            ):
                del walk.draft.resources[entry]
        seen.add(full)
    if not any(access is Access.READ for _, _, access in walk.draft.resources):
        walk.draft.effects = effects
    return scope


def _mentions(walk: Walk, origins: list[Any], full: str) -> int:
    count = 0
    for node in origins:
        count += sum(
            1
            for table in node.find_all(exp.Table)
            if isinstance(table.this, exp.Identifier) and walk.resolve(table)[0] == full
        )
    return count


def _write(walk: Walk, targets: list[Any], columns: tuple[str, ...] | None) -> None:
    for table in targets:
        walk.write(table, columns)


def _is_new_value(column: Any) -> bool:
    """MySQL: `VALUES(a)` is the value that would have been inserted."""
    return isinstance(column.parent, exp.Anonymous) and column.parent.name.lower() == "values"


def _in_another_from(column: Any) -> bool:
    around = column.find_ancestor(exp.Query)
    return around is not None and around.args.get("from_") is not None


def _read_own(walk: Walk, target: Any, values: list[Any], scope: Scope) -> None:
    """A target whose own columns flow into what is assigned is read as well, in those columns."""
    full, kind, items = walk.resolve(target)
    alias = target.args.get("alias")
    name = key(alias.this) if alias is not None and alias.this is not None else key(target.this)
    sources: set[str] = set()
    for value in values:
        for column in value.find_all(exp.Column) if isinstance(value, exp.Expression) else ():
            found = None
            if column.table:
                found = find(items, key(column.this))[0] if key(column.args["table"]) == name else None
            elif not _in_another_from(column) and not _is_new_value(column):
                found = scope.column(key(column.this))
            sources |= found.sources if found is not None else frozenset()
    walk.draft.read_columns(full, kind, sources)


def _predicates(walk: Walk, tree: Any, scope: Scope) -> None:
    for name in ("where", "order", "limit"):
        clause = tree.args.get(name)
        if isinstance(clause, exp.Expression):
            expressions.predicate(walk, clause, scope, [])


def _returning(
    walk: Walk, tree: Any, scope: Scope, name: str, items: list[Item], assigned: Assigned, rows: list[Item]
) -> None:
    """RETURNING and T-SQL's OUTPUT; what was assigned flows into the new row."""
    clause = tree.args.get("returning")
    if clause is None:
        return
    walk.draft.effects.add(Effect.READ)
    new = overlaid(items, assigned)
    if rows:
        sink = Sink()
        sink.add_all(rows)
        new = [*new, Star((), frozenset(sink.sources))]
    inner = Scope(scope.parent)
    inner.relations = [
        *scope.relations,
        Relation("inserted", new),
        Relation("deleted", items),
        *([Relation(name, new)] if name else []),
    ]
    inner.items = new
    walk.draft.columns_out = walk.output(expressions.targets(walk, clause.expressions, inner))
    into = clause.args.get("into")
    if isinstance(into, exp.Table):
        walk.write(into)
    elif isinstance(into, exp.Expression):
        for table in into.find_all(exp.Table):
            walk.write(table)
