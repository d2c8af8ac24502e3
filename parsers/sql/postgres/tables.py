"""DDL about tables, views, indexes, sequences, triggers, rules and policies."""

from __future__ import annotations

from typing import Any, Final

from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.names import render
from policy_engine.parsers.sql.postgres import expressions, queries, statements
from policy_engine.parsers.sql.postgres.analysis import Analysis
from policy_engine.parsers.sql.postgres.objects import object_kind, object_name, role_name
from policy_engine.parsers.sql.postgres.tree import Node, body_of, strings, tagged
from policy_engine.parsers.sql.relations import Column, Relation, Scope, Sink

_OWNERSHIP: Final = frozenset({"AT_ChangeOwner"})
_ROW_SECURITY: Final = frozenset(
    {"AT_EnableRowSecurity", "AT_DisableRowSecurity", "AT_ForceRowSecurity", "AT_NoForceRowSecurity"}
)
# They rewrite or destroy stored data, not only its description.
_DESTROYING: Final = frozenset({"AT_DropColumn", "AT_DetachPartition", "AT_DropExpression"})
_REWRITING: Final = frozenset({"AT_AlterColumnType", "AT_SetExpression"})


def definition(analysis: Analysis, nodes: Any, scope: Scope | None = None) -> None:
    """Look into the expressions of a definition: their functions, sub-queries and columns."""
    expressions.predicate(analysis, nodes, scope or Scope())


def table_scope(analysis: Analysis, relation: Node) -> Scope:
    """Return a scope in which the columns of one table are visible."""
    full, _, items = analysis.relation_name(relation)
    scope = Scope()
    scope.add(Relation(str(relation.get("relname", full)), items))
    return scope


def create_table(analysis: Analysis, body: Node) -> None:
    """CREATE TABLE, also of a partition, of a type, or inheriting."""
    _define(analysis, Effect.CREATE)
    analysis.write_relation(body.get("relation", {}), ResourceKind.TABLE)
    scope = Scope()
    columns = [body_of(node, "ColumnDef") for node in body.get("tableElts", ())]
    names = [str(column.get("colname", "")) for column in columns if column]
    scope.add(Relation("", [Column(name, frozenset()) for name in names]))
    for parent in body.get("inhRelations", ()):
        if "partbound" in body:
            if (relation := body_of(parent, "RangeVar")) is not None:
                analysis.write_relation(relation)
        else:
            definition(analysis, parent, scope)
    for name in ("tableElts", "constraints", "partbound", "partspec", "options"):
        _elements(analysis, body.get(name), scope)


def _elements(analysis: Analysis, nodes: Any, scope: Scope) -> None:
    """Column definitions and constraints; a foreign key's table is only referred to."""
    for node in nodes if isinstance(nodes, list) else [nodes]:
        constraint = body_of(node, "Constraint")
        column = body_of(node, "ColumnDef")
        if constraint is not None:
            if (table := constraint.get("pktable")) is not None:
                full, kind, _ = analysis.relation_name(table)
                analysis.act_on(kind, full, Access.READ)
            definition(analysis, {key: value for key, value in constraint.items() if key != "pktable"}, scope)
        elif column is not None:
            _elements(analysis, column.get("constraints", []), scope)
            definition(analysis, {key: value for key, value in column.items() if key != "constraints"}, scope)
        elif node:
            definition(analysis, node, scope)


def create_foreign_table(analysis: Analysis, body: Node) -> None:
    """CREATE FOREIGN TABLE: data of another server gets a name here."""
    create_table(analysis, body.get("base", {}))
    analysis.act_on(ResourceKind.EXTENSION, render([str(body.get("servername", ""))]), Access.READ)


def create_table_as(analysis: Analysis, body: Node) -> None:
    """CREATE TABLE AS and CREATE MATERIALIZED VIEW: the query runs (unless WITH NO DATA) and is an operation."""
    into = body.get("into", {})
    _define(analysis, Effect.CREATE)
    view = body.get("objtype") == "OBJECT_MATVIEW"
    analysis.write_relation(into.get("rel", {}), ResourceKind.VIEW if view else ResourceKind.TABLE)
    statements.nested(analysis, body.get("query"))


def create_view(analysis: Analysis, body: Node) -> None:
    """CREATE VIEW: the query is stored and will run whenever somebody reads the view, so it counts in full."""
    _define(analysis, Effect.CREATE)
    analysis.write_relation(body.get("view", {}), ResourceKind.VIEW)
    statements.nested(analysis, body.get("query"))


def refresh_view(analysis: Analysis, body: Node) -> None:
    """REFRESH MATERIALIZED VIEW runs a stored query and replaces the view's content."""
    analysis.draft.effects |= {Effect.UPDATE, Effect.READ}
    analysis.write_relation(body.get("relation", {}), ResourceKind.VIEW)


def create_index(analysis: Analysis, body: Node) -> None:
    """CREATE INDEX: its expressions run over every row."""
    _define(analysis, Effect.CREATE)
    relation = body.get("relation", {})
    table = analysis.write_relation(relation)
    if name := body.get("idxname"):
        schema = table.rpartition(".")[0] if relation.get("schemaname") or analysis.names.path else ""
        analysis.act_on(ResourceKind.INDEX, f"{schema}.{render([name])}" if schema else render([name]))
    scope = table_scope(analysis, relation)
    for part in ("indexParams", "indexIncludingParams", "whereClause"):
        definition(analysis, body.get(part), scope)


def create_sequence(analysis: Analysis, body: Node) -> None:
    """CREATE SEQUENCE."""
    _define(analysis, Effect.CREATE)
    analysis.write_relation(body.get("sequence", {}), ResourceKind.SEQUENCE)


def alter_sequence(analysis: Analysis, body: Node) -> None:
    """ALTER SEQUENCE."""
    _define(analysis, Effect.UPDATE)
    analysis.write_relation(body.get("sequence", {}), ResourceKind.SEQUENCE)


def alter_table(analysis: Analysis, body: Node) -> None:
    """ALTER TABLE, VIEW, INDEX, SEQUENCE …: one write; ownership and row security are privileges."""
    _define(analysis, Effect.UPDATE)
    relation = body.get("relation", {})
    analysis.write_relation(relation, object_kind(body.get("objtype")))
    scope = table_scope(analysis, relation)
    for node in body.get("cmds", ()):
        command = body_of(node, "AlterTableCmd") or tagged(node)
        if not isinstance(command, dict):
            definition(analysis, node, scope)
            continue
        _alter_command(analysis, command, scope)


def _alter_command(analysis: Analysis, command: Node, scope: Scope) -> None:
    kind = str(command.get("subtype", ""))
    draft = analysis.draft
    if kind in _OWNERSHIP:
        draft.effects.add(Effect.GRANT)
        draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
        analysis.act_on(ResourceKind.ROLE, role_name(command.get("newowner")))
    elif kind in _ROW_SECURITY:
        draft.effects.add(Effect.GRANT)
        draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
    if kind in _DESTROYING:
        draft.effects.add(Effect.DELETE)
    partition = body_of(command.get("def"), "PartitionCmd")
    if partition is not None:
        if (relation := partition.get("name")) is not None:
            analysis.write_relation(relation)
        definition(analysis, partition.get("bound"), scope)
        return
    _elements(analysis, command.get("def"), scope)


def drop(analysis: Analysis, body: Node) -> None:
    """DROP of any object: definition and content go."""
    _define(analysis, Effect.DELETE)
    kind = body.get("removeType")
    if kind in ("OBJECT_POLICY",):
        analysis.draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
        analysis.draft.effects.add(Effect.GRANT)
    for node in body.get("objects", ()):
        analysis.act_on(object_kind(kind), object_name(analysis, node, kind))


def truncate(analysis: Analysis, body: Node) -> None:
    """TRUNCATE; CASCADE reaches tables that aren't named."""
    analysis.draft.effects.add(Effect.DELETE)
    for node in body.get("relations", ()):
        if (relation := body_of(node, "RangeVar")) is not None:
            analysis.write_relation(relation)


def create_trigger(analysis: Analysis, body: Node) -> None:
    """CREATE TRIGGER: a function will run for later statements; it is named, not run now."""
    _define(analysis, Effect.CREATE)
    relation = body.get("relation", {})
    analysis.write_relation(relation)
    analysis.act_on(ResourceKind.FUNCTION, render(strings(body.get("funcname"))), Access.READ)
    scope = Scope()
    _, _, items = analysis.relation_name(relation)
    scope.relations = [Relation("old", items), Relation("new", items)]
    definition(analysis, body.get("whenClause"), scope)


def create_rule(analysis: Analysis, body: Node) -> None:
    """CREATE RULE: its actions are stored and run with later statements, so they count in full."""
    _define(analysis, Effect.CREATE)
    relation = body.get("relation", {})
    analysis.write_relation(relation)
    _, _, items = analysis.relation_name(relation)
    scope = Scope()
    scope.relations = [Relation("old", items), Relation("new", items)]
    definition(analysis, body.get("whereClause"), scope)
    for action in body.get("actions", ()):
        statements.nested(analysis, action, scope=scope)


def policy(analysis: Analysis, body: Node) -> None:
    """CREATE and ALTER POLICY: row security decides who sees which row."""
    _define(analysis, Effect.GRANT)
    analysis.draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
    relation = body.get("table", {})
    analysis.write_relation(relation)
    for node in body.get("roles", ()):
        analysis.act_on(ResourceKind.ROLE, role_name(body_of(node, "RoleSpec")))
    scope = table_scope(analysis, relation)
    definition(analysis, [body.get("qual"), body.get("with_check")], scope)


def statistics(analysis: Analysis, body: Node) -> None:
    """CREATE STATISTICS on some columns of a table."""
    _define(analysis, Effect.CREATE)
    analysis.act_on(ResourceKind.EXTENSION, render(strings(body.get("defnames"))))
    for node in body.get("relations", ()):
        relation = body_of(node, "RangeVar")
        if relation is None:
            queries.query(analysis, node, None)
            continue
        full, kind, _ = analysis.relation_name(relation)
        analysis.act_on(kind, full, Access.READ)
        expressions.walk(analysis, body.get("exprs"), table_scope(analysis, relation), Sink())


def _define(analysis: Analysis, *effects: Effect) -> None:
    analysis.draft.effects |= {Effect.DEFINE, *effects}
    analysis.draft.flags.add(SqlFlag.DDL)
