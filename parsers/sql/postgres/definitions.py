"""DDL about everything that isn't a table: functions, types, schemas, databases, extensions, foreign servers, …"""

from __future__ import annotations

from typing import Any, Final

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql import settings
from policy_engine.parsers.sql.names import render
from policy_engine.parsers.sql.postgres import statements, tables
from policy_engine.parsers.sql.postgres.analysis import Analysis
from policy_engine.parsers.sql.postgres.objects import object_kind, object_name, role_name
from policy_engine.parsers.sql.postgres.tree import Node, body_of, constant, options, strings

# Where the plain kinds of DDL keep the name of their object, and what kind of object it is.
_PLAIN: Final[dict[str, tuple[str, ResourceKind]]] = {
    "AlterCollationStmt": ("collname", ResourceKind.EXTENSION),
    "AlterDatabaseRefreshCollStmt": ("dbname", ResourceKind.DATABASE),
    "AlterDatabaseStmt": ("dbname", ResourceKind.DATABASE),
    "AlterDomainStmt": ("typeName", ResourceKind.TYPE),
    "AlterEnumStmt": ("typeName", ResourceKind.TYPE),
    "AlterEventTrigStmt": ("trigname", ResourceKind.EXTENSION),
    "AlterExtensionContentsStmt": ("extname", ResourceKind.EXTENSION),
    "AlterExtensionStmt": ("extname", ResourceKind.EXTENSION),
    "AlterFdwStmt": ("fdwname", ResourceKind.EXTENSION),
    "AlterForeignServerStmt": ("servername", ResourceKind.EXTENSION),
    "AlterOpFamilyStmt": ("opfamilyname", ResourceKind.EXTENSION),
    "AlterPublicationStmt": ("pubname", ResourceKind.EXTENSION),
    "AlterStatsStmt": ("defnames", ResourceKind.EXTENSION),
    "AlterSubscriptionStmt": ("subname", ResourceKind.EXTENSION),
    "AlterTSConfigurationStmt": ("cfgname", ResourceKind.EXTENSION),
    "AlterTSDictionaryStmt": ("dictname", ResourceKind.EXTENSION),
    "AlterTableSpaceOptionsStmt": ("tablespacename", ResourceKind.EXTENSION),
    "AlterTypeStmt": ("typeName", ResourceKind.TYPE),
    "CreateAmStmt": ("amname", ResourceKind.EXTENSION),
    "CreateConversionStmt": ("conversion_name", ResourceKind.EXTENSION),
    "CreateDomainStmt": ("domainname", ResourceKind.TYPE),
    "CreateEnumStmt": ("typeName", ResourceKind.TYPE),
    "CreateEventTrigStmt": ("trigname", ResourceKind.EXTENSION),
    "CreateExtensionStmt": ("extname", ResourceKind.EXTENSION),
    "CreateFdwStmt": ("fdwname", ResourceKind.EXTENSION),
    "CreateForeignServerStmt": ("servername", ResourceKind.EXTENSION),
    "CreateOpClassStmt": ("opclassname", ResourceKind.EXTENSION),
    "CreateOpFamilyStmt": ("opfamilyname", ResourceKind.EXTENSION),
    "CreatePLangStmt": ("plname", ResourceKind.EXTENSION),
    "CreatePublicationStmt": ("pubname", ResourceKind.EXTENSION),
    "CreateRangeStmt": ("typeName", ResourceKind.TYPE),
    "CreateSubscriptionStmt": ("subname", ResourceKind.EXTENSION),
    "CreateTableSpaceStmt": ("tablespacename", ResourceKind.EXTENSION),
    "CreatedbStmt": ("dbname", ResourceKind.DATABASE),
    "DropSubscriptionStmt": ("subname", ResourceKind.EXTENSION),
    "DropTableSpaceStmt": ("tablespacename", ResourceKind.EXTENSION),
    "DropdbStmt": ("dbname", ResourceKind.DATABASE),
}
PLAIN_STATEMENTS: Final = frozenset(_PLAIN)
# They open a way to another server, or load code into this one.
_REACHING_OUT: Final = frozenset(
    {"CreateForeignServerStmt", "AlterForeignServerStmt", "CreateSubscriptionStmt", "AlterSubscriptionStmt"}
)
_RUNNING_CODE: Final = frozenset(
    {"CreateExtensionStmt", "AlterExtensionStmt", "CreatePLangStmt", "CreateEventTrigStmt", "CreateFdwStmt"}
)


def plain(analysis: Analysis, body: Node, tag: str) -> None:
    """DDL that is fully described by its object."""
    field, kind = _PLAIN[tag]
    _define(analysis, _effect(tag))
    name = body.get(field)
    if isinstance(name, dict):  # a TypeName
        name = name.get("names")
    parts = strings(name) if isinstance(name, list) else [str(name or "")]
    analysis.act_on(kind, render(parts))
    if tag in _REACHING_OUT:
        analysis.draft.effects.add(Effect.TRANSFER)
    if tag in _RUNNING_CODE:
        analysis.draft.effects.add(Effect.EXECUTE)
    _parts(analysis, body, tag)


def _parts(analysis: Analysis, body: Node, tag: str) -> None:
    if tag == "CreateDomainStmt":
        tables.definition(analysis, body.get("constraints"))
    elif tag == "AlterDomainStmt":
        tables.definition(analysis, body.get("def"))
    elif tag in ("CreatePublicationStmt", "AlterPublicationStmt"):
        analysis.draft.effects.add(Effect.TRANSFER)
        for node in body.get("pubobjects", ()):
            _published(analysis, body_of(node, "PublicationObjSpec") or {})
    elif tag == "CreateTableSpaceStmt":
        analysis.draft.flags.add(SqlFlag.WRITES_SERVER_FILE)
        analysis.act_on(ResourceKind.FILE, str(body.get("location", "")))
    elif tag == "CreateEventTrigStmt":
        analysis.act_on(ResourceKind.FUNCTION, render(strings(body.get("funcname"))), Access.READ)


def _published(analysis: Analysis, body: Node) -> None:
    """A table of a publication: its rows leave for every subscriber."""
    table = body.get("pubtable")
    if table is not None:
        relation = table.get("relation", {})
        analysis.read_relation(relation)
        tables.definition(analysis, table.get("whereClause"), tables.table_scope(analysis, relation))
    elif name := body.get("name"):
        analysis.act_on(ResourceKind.SCHEMA, render([str(name)]), Access.READ)


def _effect(tag: str) -> Effect:
    if tag.startswith("Create"):
        return Effect.CREATE
    return Effect.DELETE if tag.startswith("Drop") else Effect.UPDATE


def create_schema(analysis: Analysis, body: Node) -> None:
    """CREATE SCHEMA, with the statements that it may hold."""
    _define(analysis, Effect.CREATE)
    name = str(body.get("schemaname") or (body.get("authrole") or {}).get("rolename", ""))
    analysis.act_on(ResourceKind.SCHEMA, render([name]))
    if body.get("authrole"):
        analysis.draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
        analysis.draft.effects.add(Effect.GRANT)
        analysis.act_on(ResourceKind.ROLE, role_name(body.get("authrole")))
    outer = analysis.names.within((name,)) if name else analysis.names.paths
    for element in body.get("schemaElts", ()):
        statements.nested(analysis, element)
    analysis.names.paths = outer


def create_function(analysis: Analysis, body: Node) -> None:
    """CREATE FUNCTION or PROCEDURE: code is stored for later; what it will do isn't followed here.

    A body in SQL-standard form (`BEGIN ATOMIC`, `RETURN`) is part of the syntax tree and is read like the query
    of a view. SECURITY DEFINER lends the owner's rights to every caller: a change of privileges.
    """
    _define(analysis, Effect.CREATE)
    analysis.act_on(ResourceKind.FUNCTION, render(strings(body.get("funcname"))))
    given = options(body.get("options"))
    if constant(given.get("security")) is True:
        analysis.draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
        analysis.draft.effects.add(Effect.GRANT)
    for parameter in body.get("parameters", ()):
        tables.definition(analysis, (body_of(parameter, "FunctionParameter") or {}).get("defexpr"))
    if body.get("sql_body"):
        scope = statements.function_scope(strings_of_parameters(body))
        for statement in statements.flattened(body["sql_body"]):
            statements.nested(analysis, statement, scope=scope)


def strings_of_parameters(body: Node) -> list[str]:
    """Return the names of a function's parameters: its body sees them like columns."""
    names = [(body_of(node, "FunctionParameter") or {}).get("name") for node in body.get("parameters", ())]
    return [str(name) for name in names if name]


def alter_function(analysis: Analysis, body: Node) -> None:
    """ALTER FUNCTION; SECURITY DEFINER is a change of privileges."""
    _define(analysis, Effect.UPDATE)
    analysis.act_on(ResourceKind.FUNCTION, render(strings((body.get("func") or {}).get("objname"))))
    if constant(options(body.get("actions")).get("security")) is True:
        analysis.draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
        analysis.draft.effects.add(Effect.GRANT)


def define(analysis: Analysis, body: Node) -> None:
    """CREATE AGGREGATE, OPERATOR, TYPE, COLLATION, TEXT SEARCH …"""
    _define(analysis, Effect.CREATE)
    analysis.act_on(object_kind(body.get("kind")), render(strings(body.get("defnames"))))


def composite_type(analysis: Analysis, body: Node) -> None:
    """CREATE TYPE … AS (…)."""
    _define(analysis, Effect.CREATE)
    full, _, _ = analysis.relation_name(body.get("typevar", {}))
    analysis.act_on(ResourceKind.TYPE, full)


def cast(analysis: Analysis, body: Node) -> None:
    """CREATE CAST and TRANSFORM: values will be converted by a function that is only named here."""
    _define(analysis, Effect.CREATE)
    for field in ("sourcetype", "targettype", "type_name"):
        if field in body:
            analysis.act_on(ResourceKind.TYPE, render(strings(body[field].get("names"))))
    for field in ("func", "fromsql", "tosql"):
        if field in body:
            analysis.act_on(ResourceKind.FUNCTION, render(strings(body[field].get("objname"))), Access.READ)


def operator(analysis: Analysis, body: Node) -> None:
    """ALTER OPERATOR."""
    _define(analysis, Effect.UPDATE)
    analysis.act_on(ResourceKind.FUNCTION, render(strings((body.get("opername") or {}).get("objname"))))


def rename(analysis: Analysis, body: Node) -> None:
    """ALTER … RENAME: old and new name of a relation are both writes, or a rule on the new name would miss it."""
    _define(analysis, Effect.UPDATE)
    kind = body.get("renameType")
    relation = body.get("relation")
    if kind == "OBJECT_ROLE":
        analysis.draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
        analysis.draft.effects.add(Effect.GRANT)
    if relation is not None:
        of_relation = kind in ("OBJECT_COLUMN", "OBJECT_ATTRIBUTE")
        found = object_kind(body.get("relationType") if of_relation else kind)
        full = analysis.write_relation(relation, found)
        if found in (ResourceKind.TABLE, ResourceKind.VIEW) and not body.get("subname"):
            schema = full.rpartition(".")[0]
            new = render([str(body.get("newname", ""))])
            analysis.draft.write(f"{schema}.{new}" if schema else new, found)
        return
    name = (
        object_name(analysis, body["object"], kind)
        if "object" in body
        else render([str(body.get("subname", ""))])
    )
    analysis.act_on(object_kind(kind), name)


def change_schema(analysis: Analysis, body: Node) -> None:
    """ALTER … SET SCHEMA."""
    _define(analysis, Effect.UPDATE)
    _object(analysis, body, "objectType")
    analysis.act_on(ResourceKind.SCHEMA, render([str(body.get("newschema", ""))]))


def change_owner(analysis: Analysis, body: Node) -> None:
    """ALTER … OWNER TO."""
    _define(analysis, Effect.UPDATE, Effect.GRANT)
    analysis.draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
    _object(analysis, body, "objectType")
    analysis.act_on(ResourceKind.ROLE, role_name(body.get("newowner")))


def depends(analysis: Analysis, body: Node) -> None:
    """ALTER … DEPENDS ON EXTENSION."""
    _define(analysis, Effect.UPDATE)
    _object(analysis, body, "objectType")


def _object(analysis: Analysis, body: Node, field: str) -> None:
    kind = body.get(field)
    if "relation" in body:
        analysis.write_relation(body["relation"], object_kind(kind))
    else:
        analysis.act_on(object_kind(kind), object_name(analysis, body.get("object"), kind))


def comment(analysis: Analysis, body: Node) -> None:
    """COMMENT and SECURITY LABEL."""
    _define(analysis, Effect.UPDATE)
    kind = body.get("objtype")
    analysis.act_on(object_kind(kind), object_name(analysis, body.get("object"), kind), Access.EXECUTE)


def database_setting(analysis: Analysis, body: Node) -> None:
    """ALTER DATABASE … SET: the setting holds for every later session."""
    _define(analysis, Effect.CONFIGURE)
    analysis.act_on(ResourceKind.DATABASE, render([str(body.get("dbname", ""))]))
    stored_setting(analysis, body.get("setstmt") or {})


def system_setting(analysis: Analysis, body: Node) -> None:
    """ALTER SYSTEM: the setting holds for the whole server; some of them name programs that it will run."""
    _define(analysis, Effect.CONFIGURE)
    setting = body.get("setstmt") or {}
    stored_setting(analysis, setting)
    name = str(setting.get("name", ""))
    if name.endswith(("_command", "_program")) or name in (
        "shared_preload_libraries",
        "dynamic_library_path",
    ):
        analysis.draft.flags.add(SqlFlag.EXECUTES_PROGRAM)
        analysis.draft.effects.add(Effect.EXECUTE)


def stored_setting(analysis: Analysis, setting: Node) -> None:
    """The SET inside ALTER DATABASE, ALTER ROLE and ALTER SYSTEM."""
    name = setting.get("name")
    if name:
        first = (setting.get("args") or [None])[0]
        value = constant(first)
        settings.changed(
            analysis, str(name), value if isinstance(value, str) else None, setting.get("location")
        )
    else:
        analysis.act_on(ResourceKind.SETTING, "all")
    analysis.draft.effects.discard(Effect.SESSION)
    analysis.draft.effects.add(Effect.CONFIGURE)


def import_schema(analysis: Analysis, body: Node) -> None:
    """IMPORT FOREIGN SCHEMA: tables are created as another server says."""
    _define(analysis, Effect.CREATE, Effect.TRANSFER)
    analysis.act_on(ResourceKind.EXTENSION, render([str(body.get("server_name", ""))]), Access.READ)
    analysis.act_on(ResourceKind.SCHEMA, render([str(body.get("local_schema", ""))]))
    analysis.opaque(
        ProblemCode.UNKNOWN_TARGET, "IMPORT FOREIGN SCHEMA creates tables that only the other server knows"
    )


def move_all(analysis: Analysis, body: Node) -> None:
    """ALTER TABLE ALL IN TABLESPACE … SET TABLESPACE."""
    _define(analysis, Effect.UPDATE)
    for field in ("orig_tablespacename", "new_tablespacename"):
        analysis.act_on(ResourceKind.EXTENSION, render([str(body.get(field, ""))]))
    analysis.opaque(
        ProblemCode.UNKNOWN_TARGET, "every table of a tablespace moves; name the tables one by one"
    )


def _define(analysis: Analysis, *effects: Effect | Any) -> None:
    analysis.draft.effects |= {Effect.DEFINE, *effects}
    analysis.draft.flags.add(SqlFlag.DDL)
