"""Statements around other statements: EXPLAIN, PREPARE, EXECUTE, cursors, COPY; and the top-level query itself.

What counts of the inner statement:
- EXPLAIN without ANALYZE only plans it: its writes become reads, its effects go, its output isn't returned.
- EXPLAIN ANALYZE, COPY (query) and CREATE TABLE AS run it: it counts in full.
- PREPARE, DECLARE, views and rules store it for a later run that this text doesn't show: it counts in full, now.
"""

from __future__ import annotations

from policy_engine.documents.action import ColumnOut
from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.names import render
from policy_engine.parsers.sql.postgres import dml, expressions, queries, statements
from policy_engine.parsers.sql.postgres.analysis import Analysis
from policy_engine.parsers.sql.postgres.tree import Node, constant, options, strings, switched_on
from policy_engine.parsers.sql.relations import Column, Relation, Scope, find


def select(analysis: Analysis, body: Node, scope: Scope | None = None) -> None:
    """A top-level query."""
    analysis.draft.effects.add(Effect.READ)
    items = queries.select(analysis, body, scope)
    analysis.draft.columns_out = analysis.output(items)
    limit = constant(body.get("limitCount"))
    if isinstance(limit, int) and not isinstance(limit, bool):
        analysis.draft.limit = limit


def modify(analysis: Analysis, tag: str, body: Node, scope: Scope | None = None) -> None:
    """A top-level INSERT, UPDATE, DELETE or MERGE."""
    analysis.draft.columns_out = analysis.output(dml.modify(analysis, {tag: body}, scope))


def explain(analysis: Analysis, body: Node) -> None:
    """EXPLAIN [ANALYZE]: the statement is a nested operation; without ANALYZE it is only planned."""
    given = options(body.get("options"))
    analysis.draft.effects.add(Effect.READ)
    analysis.draft.columns_out = [ColumnOut(name="QUERY PLAN")]
    statements.nested(analysis, body.get("query"), planned=not switched_on(given, "analyze"), returns=False)


def prepare(analysis: Analysis, body: Node) -> None:
    """PREPARE: the statement will run with EXECUTE, maybe in another text, so it counts here."""
    analysis.draft.effects.add(Effect.SESSION)
    statements.nested(analysis, body.get("query"))
    analysis.prepared[str(body.get("name", ""))] = body.get("query") or {}


def execute(analysis: Analysis, body: Node) -> None:
    """EXECUTE of a statement that the same text prepared; of any other one nothing is known."""
    analysis.draft.effects.add(Effect.EXECUTE)
    expressions.predicate(analysis, body.get("params"), Scope())
    name = str(body.get("name", ""))
    query = analysis.prepared.get(name)
    if query is None:
        analysis.opaque(
            ProblemCode.UNKNOWN_TEXT,
            f"prepared statement `{name}` isn't prepared in this text, so what it runs isn't known",
        )
        return
    analysis.step()
    statements.nested(analysis, query)


def declare(analysis: Analysis, body: Node) -> None:
    """DECLARE CURSOR: the query runs as rows are fetched."""
    analysis.draft.effects.add(Effect.SESSION)
    draft = statements.nested(analysis, body.get("query"))
    analysis.cursors[str(body.get("portalname", ""))] = list(draft.columns_out)


def fetch(analysis: Analysis, body: Node) -> None:
    """FETCH and MOVE: the rows of a cursor, known when the same text declared it."""
    name = str(body.get("portalname", ""))
    analysis.draft.effects.add(Effect.SESSION if body.get("ismove") else Effect.READ)
    columns = analysis.cursors.get(name)
    if columns is None:
        analysis.draft.columns_out = [ColumnOut(name="*", exact=False)]
        analysis.opaque(
            ProblemCode.UNKNOWN_TEXT,
            f"cursor `{name}` isn't declared in this text, so what it returns isn't known",
        )
    elif not body.get("ismove"):
        analysis.draft.columns_out = columns


def copy(analysis: Analysis, body: Node) -> None:
    """COPY: bulk data in or out, through the connection, a file of the server, or a program on the server."""
    draft = analysis.draft
    incoming = bool(body.get("is_from"))
    draft.effects.add(Effect.TRANSFER)
    if (relation := body.get("relation")) is not None:
        _copy_table(analysis, body, relation, incoming)
    elif (query := body.get("query")) is not None:
        nested = statements.nested(analysis, query)
        draft.effects.add(Effect.READ)
        draft.columns_out = list(nested.columns_out)
    if (path := body.get("filename")) is None:
        return
    if body.get("is_program"):
        draft.flags.add(SqlFlag.EXECUTES_PROGRAM)
        draft.effects.add(Effect.EXECUTE)
        analysis.act_on(ResourceKind.PROGRAM, str(path), Access.EXECUTE)
        analysis.opaque(
            ProblemCode.UNKNOWN_PROGRAM,
            "COPY … PROGRAM runs a shell command on the server, which isn't followed",
        )
    elif incoming:
        draft.flags.add(SqlFlag.READS_SERVER_FILE)
        analysis.act_on(ResourceKind.FILE, str(path), Access.READ)
    else:
        draft.flags.add(SqlFlag.WRITES_SERVER_FILE)
        analysis.act_on(ResourceKind.FILE, str(path), Access.WRITE)


def _copy_table(analysis: Analysis, body: Node, relation: Node, incoming: bool) -> None:
    draft = analysis.draft
    names = strings(body.get("attlist"))
    if incoming:
        draft.effects.add(Effect.CREATE)
        full, kind, items = analysis.relation_name(relation)
        draft.touch(kind, full, Access.WRITE, tuple(names) or None)
        scope = Scope()
        scope.add(Relation(str(relation.get("relname", "")), items))
        expressions.predicate(analysis, body.get("whereClause"), scope)
        return
    full, items = analysis.read_relation(relation)
    if names:
        items = [
            find(items, name)[0] or Column(name, frozenset({f"{full}.{render([name])}"}), False)
            for name in names
        ]
    draft.columns_out = analysis.output(items)
