"""Every statement of PostgreSQL's grammar by its node type: its verb and the function that finds out its facts.

A statement type that isn't in the table makes the action opaque; a test compares the table with the node types of
the installed libpg_query, so that a new grammar can't bring one in unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from policy_engine.documents.vocabulary import Effect
from policy_engine.parsers.sql.drafts import Draft
from policy_engine.parsers.sql.postgres import definitions, privileges, queries, running, sessions, tables
from policy_engine.parsers.sql.postgres.analysis import Analysis
from policy_engine.parsers.sql.postgres.tree import Node, body_of, tagged
from policy_engine.parsers.sql.relations import Column, Relation, Scope

Handler = Callable[[Analysis, Node], None]


def statement(analysis: Analysis, node: object, span: tuple[int, int] | None) -> None:
    """Read one top-level statement as an operation of its own."""
    with analysis.operation("other", span, nested=False) as draft:
        _read(analysis, node, draft, None)
    if (found := tagged(node)) is not None:
        analysis.names.after(*found)


def nested(
    analysis: Analysis,
    node: object,
    *,
    planned: bool = False,
    returns: bool = True,
    scope: Scope | None = None,
) -> Draft:
    """Read a statement inside another one as an operation below the current one; return it.

    `planned` means that it never runs (EXPLAIN), `returns` whether its rows reach the client.
    """
    analysis.step()
    with analysis.operation("other") as draft:
        draft.planned = draft.planned or planned
        _read(analysis, node, draft, scope)
        if not returns:
            draft.columns_out = []
    return draft


def _read(analysis: Analysis, node: object, draft: Draft, scope: Scope | None) -> None:
    found = tagged(node)
    if found is None:
        analysis.unsupported("statement")
        return
    tag, body = found
    draft.verb = verb_of(tag, body)
    if tag == "SelectStmt":
        running.select(analysis, body, scope)
    elif tag in queries.MODIFYING:
        running.modify(analysis, tag, body, scope)
    elif tag == "ReturnStmt":
        draft.effects.add(Effect.READ)
        draft.columns_out = analysis.output(
            queries.targets(analysis, [{"ResTarget": {"val": body.get("returnval")}}], scope or Scope())
        )
    elif tag in definitions.PLAIN_STATEMENTS:
        definitions.plain(analysis, body, tag)
    elif (entry := STATEMENTS.get(tag)) is not None:
        entry[1](analysis, body)
    else:
        analysis.unsupported(tag, body)


def verb_of(tag: str, body: Node) -> str:
    """Return the verb of a statement node."""
    if tag in ("SelectStmt", "ReturnStmt"):
        return "select"
    if tag in queries.MODIFYING:
        return queries.MODIFYING[tag]
    if tag in definitions.PLAIN_STATEMENTS:
        return next(verb for verb in ("create", "alter", "drop") if tag.lower().startswith(verb))
    entry = STATEMENTS.get(tag)
    if entry is None:
        return "other"
    verb = entry[0]
    return verb if isinstance(verb, str) else verb(body)


def flattened(node: object) -> Iterator[object]:
    """Yield the statements of a function body in SQL-standard form: nested lists of statements."""
    items = node if isinstance(node, list) else (body_of(node, "List") or {}).get("items")
    if items is None:
        yield node
        return
    for item in items:
        if item:
            yield from flattened(item)


def function_scope(names: list[str]) -> Scope:
    """Return a scope in which a function's parameters are visible."""
    scope = Scope()
    scope.add(Relation("", [Column(name, frozenset()) for name in names]))
    return scope


def _set_verb(body: Node) -> str:
    return "reset" if body.get("kind") in ("VAR_RESET", "VAR_RESET_ALL") else "set"


def _transaction_verb(body: Node) -> str:
    return sessions.TRANSACTION_VERBS.get(str(body.get("kind", "TRANS_STMT_BEGIN")), "other")


def _copy_verb(body: Node) -> str:
    return "copy_in" if body.get("is_from") else "copy_out"


def _grant_verb(body: Node) -> str:
    return "grant" if body.get("is_grant") else "revoke"


def _default_grant_verb(_body: Node) -> str:
    return "alter"


def _vacuum_verb(body: Node) -> str:
    return "vacuum" if body.get("is_vacuumcmd") else "analyze"


Verb = str | Callable[[Node], str]
STATEMENTS: Final[dict[str, tuple[Verb, Handler]]] = {
    # tables and what belongs to them
    "CreateStmt": ("create", tables.create_table),
    "CreateForeignTableStmt": ("create", tables.create_foreign_table),
    "CreateTableAsStmt": ("create", tables.create_table_as),
    "ViewStmt": ("create", tables.create_view),
    "RefreshMatViewStmt": ("refresh", tables.refresh_view),
    "IndexStmt": ("create", tables.create_index),
    "CreateSeqStmt": ("create", tables.create_sequence),
    "AlterSeqStmt": ("alter", tables.alter_sequence),
    "AlterTableStmt": ("alter", tables.alter_table),
    "DropStmt": ("drop", tables.drop),
    "TruncateStmt": ("truncate", tables.truncate),
    "CreateTrigStmt": ("create", tables.create_trigger),
    "RuleStmt": ("create", tables.create_rule),
    "CreatePolicyStmt": ("create", tables.policy),
    "AlterPolicyStmt": ("alter", tables.policy),
    "CreateStatsStmt": ("create", tables.statistics),
    # other definitions
    "CreateSchemaStmt": ("create", definitions.create_schema),
    "CreateFunctionStmt": ("create", definitions.create_function),
    "AlterFunctionStmt": ("alter", definitions.alter_function),
    "DefineStmt": ("create", definitions.define),
    "CompositeTypeStmt": ("create", definitions.composite_type),
    "CreateCastStmt": ("create", definitions.cast),
    "CreateTransformStmt": ("create", definitions.cast),
    "AlterOperatorStmt": ("alter", definitions.operator),
    "RenameStmt": ("alter", definitions.rename),
    "AlterObjectSchemaStmt": ("alter", definitions.change_schema),
    "AlterOwnerStmt": ("alter", definitions.change_owner),
    "AlterObjectDependsStmt": ("alter", definitions.depends),
    "CommentStmt": ("comment", definitions.comment),
    "SecLabelStmt": ("comment", definitions.comment),
    "AlterDatabaseSetStmt": ("alter", definitions.database_setting),
    "AlterSystemStmt": ("alter", definitions.system_setting),
    "ImportForeignSchemaStmt": ("import", definitions.import_schema),
    "AlterTableMoveAllStmt": ("alter", definitions.move_all),
    # rights
    "GrantStmt": (_grant_verb, privileges.grant),
    "GrantRoleStmt": (_grant_verb, privileges.grant_role),
    "AlterDefaultPrivilegesStmt": (_default_grant_verb, privileges.default_privileges),
    "CreateRoleStmt": ("create", privileges.role),
    "AlterRoleStmt": ("alter", privileges.role),
    "DropRoleStmt": ("drop", privileges.role),
    "AlterRoleSetStmt": ("alter", privileges.role_setting),
    "CreateUserMappingStmt": ("create", privileges.user_mapping),
    "AlterUserMappingStmt": ("alter", privileges.user_mapping),
    "DropUserMappingStmt": ("drop", privileges.user_mapping),
    "ReassignOwnedStmt": ("reassign", privileges.reassign_owned),
    "DropOwnedStmt": ("drop", privileges.drop_owned),
    # statements around statements
    "ExplainStmt": ("explain", running.explain),
    "PrepareStmt": ("prepare", running.prepare),
    "ExecuteStmt": ("execute", running.execute),
    "DeallocateStmt": ("deallocate", sessions.deallocate),
    "DeclareCursorStmt": ("declare", running.declare),
    "FetchStmt": ("fetch", running.fetch),
    "ClosePortalStmt": ("close", sessions.close),
    "CopyStmt": (_copy_verb, running.copy),
    # session and server
    "VariableSetStmt": (_set_verb, sessions.set_variable),
    "VariableShowStmt": ("show", sessions.show),
    "TransactionStmt": (_transaction_verb, sessions.session_only),
    "ConstraintsSetStmt": ("set", sessions.session_only),
    "ListenStmt": ("listen", sessions.session_only),
    "UnlistenStmt": ("listen", sessions.session_only),
    "NotifyStmt": ("notify", sessions.notify),
    "DiscardStmt": ("discard", sessions.discard),
    "LockStmt": ("lock", sessions.lock),
    "VacuumStmt": (_vacuum_verb, sessions.vacuum),
    "ClusterStmt": ("cluster", sessions.cluster),
    "ReindexStmt": ("reindex", sessions.reindex),
    "CheckPointStmt": ("checkpoint", sessions.checkpoint),
    "LoadStmt": ("load", sessions.load),
    "DoStmt": ("do", sessions.do_block),
    "CallStmt": ("call", sessions.call),
}
# Node types that the grammar never puts where a statement stands.
NOT_STATEMENTS: Final = frozenset({"RawStmt", "SetOperationStmt", "PLAssignStmt", "ReplicaIdentityStmt"})


def known_statements() -> frozenset[str]:
    """Return every statement node type that is understood."""
    names: set[Any] = {
        "SelectStmt",
        "ReturnStmt",
        *queries.MODIFYING,
        *definitions.PLAIN_STATEMENTS,
        *STATEMENTS,
    }
    return frozenset(names)
