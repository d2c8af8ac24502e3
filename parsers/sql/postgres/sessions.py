"""Statements about the session or the server as a whole: settings, roles, transactions, maintenance, messages."""

from __future__ import annotations

from typing import Final

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql import settings
from policy_engine.parsers.sql.names import render
from policy_engine.parsers.sql.postgres import expressions
from policy_engine.parsers.sql.postgres.analysis import Analysis
from policy_engine.parsers.sql.postgres.tree import Node, body_of, constant
from policy_engine.parsers.sql.relations import Column, Scope

TRANSACTION_VERBS: Final[dict[str, str]] = {
    "TRANS_STMT_BEGIN": "begin",
    "TRANS_STMT_START": "begin",
    "TRANS_STMT_COMMIT": "commit",
    "TRANS_STMT_ROLLBACK": "rollback",
    "TRANS_STMT_ROLLBACK_TO": "rollback",
    "TRANS_STMT_SAVEPOINT": "savepoint",
    "TRANS_STMT_RELEASE": "savepoint",
    "TRANS_STMT_PREPARE": "commit_prepared",
    "TRANS_STMT_COMMIT_PREPARED": "commit_prepared",
    "TRANS_STMT_ROLLBACK_PREPARED": "commit_prepared",
}


def session_only(analysis: Analysis, _body: Node) -> None:
    """Statements that only touch the session: transactions, LISTEN, CLOSE, DEALLOCATE, SET CONSTRAINTS, DISCARD."""
    analysis.draft.effects.add(Effect.SESSION)


def set_variable(analysis: Analysis, body: Node) -> None:
    """SET and RESET; RESET ROLE and RESET ALL give back another role or setting, so they count as changes."""
    kind = body.get("kind", "VAR_SET_VALUE")
    analysis.draft.effects.add(Effect.SESSION)
    name = body.get("name")
    if kind == "VAR_RESET_ALL":
        analysis.names.set_path(())
        analysis.act_on(ResourceKind.SETTING, "all")
    elif kind == "VAR_SET_MULTI" and name in ("TRANSACTION", "SESSION CHARACTERISTICS"):
        analysis.act_on(ResourceKind.SETTING, "transaction")
    elif kind == "VAR_SET_MULTI" and name == "TRANSACTION SNAPSHOT":
        analysis.act_on(ResourceKind.SETTING, "transaction_snapshot")
    elif isinstance(name, str):
        settings.changed(analysis, name, _value(body), body.get("location"))
        if name.lower() == "search_path":
            _search_path(analysis, body)
    else:
        analysis.unsupported("VariableSetStmt", body)


def _search_path(analysis: Analysis, body: Node) -> None:
    """From here on unqualified names are looked up elsewhere; in an unknown place after RESET or DEFAULT."""
    names = [constant(argument) for argument in body.get("args", ())]
    plain = [name for name in names if isinstance(name, str)]
    path = tuple(plain) if len(plain) == len(names) else ()
    analysis.names.set_path(path, local=bool(body.get("is_local")))


def _value(body: Node) -> str | None:
    arguments = body.get("args") or [None]
    value = constant(arguments[0])
    return value if isinstance(value, str) else None


def show(analysis: Analysis, body: Node) -> None:
    """SHOW of a setting."""
    name = str(body.get("name", ""))
    analysis.draft.effects.add(Effect.READ)
    analysis.act_on(ResourceKind.SETTING, name, Access.READ)
    analysis.draft.columns_out = analysis.output([Column(name, frozenset())])


def notify(analysis: Analysis, _body: Node) -> None:
    """NOTIFY: a message to other sessions."""
    analysis.draft.effects |= {Effect.SESSION, Effect.CREATE}


def lock(analysis: Analysis, body: Node) -> None:
    """LOCK TABLE keeps others out; the content stays."""
    analysis.draft.effects.add(Effect.SESSION)
    for node in body.get("relations", ()):
        if (relation := body_of(node, "RangeVar")) is not None:
            _maintain(analysis, relation)


def vacuum(analysis: Analysis, body: Node) -> None:
    """VACUUM and ANALYZE; without a name they reach every table."""
    analysis.draft.effects.add(Effect.CONFIGURE)
    for node in body.get("rels", ()):
        relation = (body_of(node, "VacuumRelation") or {}).get("relation")
        if relation:
            _maintain(analysis, relation)


def cluster(analysis: Analysis, body: Node) -> None:
    """CLUSTER rewrites a table in the order of an index."""
    analysis.draft.effects |= {Effect.CONFIGURE, Effect.DEFINE}
    analysis.draft.flags.add(SqlFlag.DDL)
    if body.get("relation"):
        _maintain(analysis, body["relation"])


def reindex(analysis: Analysis, body: Node) -> None:
    """REINDEX rebuilds indexes."""
    analysis.draft.effects.add(Effect.CONFIGURE)
    if (relation := body.get("relation")) is not None:
        index = body.get("kind", "REINDEX_OBJECT_INDEX") == "REINDEX_OBJECT_INDEX"
        full, kind, _ = analysis.relation_name(relation)
        analysis.act_on(ResourceKind.INDEX if index else kind, full, Access.EXECUTE)
    elif body.get("name"):
        schema = body.get("kind") == "REINDEX_OBJECT_SCHEMA"
        kind = ResourceKind.SCHEMA if schema else ResourceKind.DATABASE
        analysis.act_on(kind, render([str(body["name"])]), Access.EXECUTE)


def _maintain(analysis: Analysis, relation: Node) -> None:
    full, kind, _ = analysis.relation_name(relation)
    analysis.act_on(kind, full, Access.EXECUTE)


def checkpoint(analysis: Analysis, _body: Node) -> None:
    """CHECKPOINT."""
    analysis.draft.effects.add(Effect.CONFIGURE)


def load(analysis: Analysis, body: Node) -> None:
    """LOAD of a shared library: its code runs inside the server."""
    analysis.draft.effects.add(Effect.EXECUTE)
    analysis.draft.flags.add(SqlFlag.READS_SERVER_FILE)
    path = str(body.get("filename", ""))
    analysis.act_on(ResourceKind.FILE, path, Access.EXECUTE)
    analysis.opaque(
        ProblemCode.UNKNOWN_PROGRAM, f"library `{path}` runs code inside the server; what it does isn't known"
    )


def do_block(analysis: Analysis, _body: Node) -> None:
    """DO: an anonymous block of procedural code."""
    analysis.draft.effects.add(Effect.EXECUTE)
    analysis.draft.flags.add(SqlFlag.DYNAMIC_SQL)
    analysis.opaque(
        ProblemCode.UNKNOWN_TEXT,
        "the body of a DO block is procedural code, which isn't followed; run plain statements",
    )


def call(analysis: Analysis, body: Node) -> None:
    """CALL of a procedure: user-defined code."""
    analysis.draft.effects.add(Effect.EXECUTE)
    expressions.predicate(analysis, {"FuncCall": body.get("funccall", {})}, Scope())


def discard(analysis: Analysis, body: Node) -> None:
    """DISCARD; DISCARD ALL also resets the role."""
    analysis.draft.effects.add(Effect.SESSION)
    if body.get("target", "DISCARD_ALL") == "DISCARD_ALL":
        analysis.prepared.clear()
        analysis.cursors.clear()
        analysis.names.set_path(())


def close(analysis: Analysis, body: Node) -> None:
    """CLOSE of a cursor, or of all."""
    analysis.draft.effects.add(Effect.SESSION)
    name = body.get("portalname")
    if name:
        analysis.cursors.pop(str(name), None)
    else:
        analysis.cursors.clear()


def deallocate(analysis: Analysis, body: Node) -> None:
    """DEALLOCATE of a prepared statement, or of all."""
    analysis.draft.effects.add(Effect.SESSION)
    name = body.get("name")
    if name:
        analysis.prepared.pop(str(name), None)
    else:
        analysis.prepared.clear()
