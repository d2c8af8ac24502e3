"""Every node type of the installed PostgreSQL grammar is understood on purpose, or opaque on purpose."""

from __future__ import annotations

import pglast.ast
import pytest

from policy_engine.parsers.sql.postgres import expressions, queries, sources, statements, tree

ALL = {
    name
    for name in dir(pglast.ast)
    if isinstance(getattr(pglast.ast, name), type) and issubclass(getattr(pglast.ast, name), pglast.ast.Node)
}
# Made by the server's parse analysis or its own machinery: libpg_query's parser never returns them.
ANALYSED = {
    "Node",
    "Expr",
    "Aggref",
    "AlternativeSubPlan",
    "ArrayCoerceExpr",
    "ArrayExpr",
    "CallContext",
    "CaseTestExpr",
    "CoerceToDomain",
    "CoerceToDomainValue",
    "CoerceViaIO",
    "CollateExpr",
    "ConvertRowtypeExpr",
    "FieldSelect",
    "FieldStore",
    "FromExpr",
    "FuncExpr",
    "InferenceElem",
    "InlineCodeBlock",
    "JsonConstructorExpr",
    "JsonExpr",
    "MergeAction",
    "OnConflictExpr",
    "OpExpr",
    "Param",
    "Query",
    "RTEPermissionInfo",
    "RangeTblEntry",
    "RangeTblFunction",
    "RangeTblRef",
    "RelabelType",
    "RowCompareExpr",
    "RowMarkClause",
    "ScalarArrayOpExpr",
    "SetOperationStmt",
    "SortGroupClause",
    "SubPlan",
    "SubscriptingRef",
    "TableFunc",
    "TargetEntry",
    "Var",
    "WindowClause",
    "WindowFunc",
    "WindowFuncRunCondition",
    "WithCheckOption",
    "ValUnion",
    "DistinctExpr",
    "NullIfExpr",
    "NextValueExpr",
}
# Only ever inside the node named behind them, which reads them itself.
READ_BY_PARENT = {
    "CTECycleClause",
    "CTESearchClause",
    "CommonTableExpr",
    "IntoClause",
    "JsonTableColumn",
    "LockingClause",
    "MergeWhenClause",
    "OnConflictClause",
    "PLAssignStmt",
    "RangeTableFuncCol",
    "RawStmt",
    "ReturningClause",
    "ReturningExpr",
    "ReturningOption",
    "TableSampleClause",
    "WithClause",
    "SlotTypeInfo",
    "Decimal",
    "Omissis",
}
KNOWN = (
    statements.known_statements()
    | set(expressions.HANDLERS)
    | tree.TRANSPARENT
    | tree.STRUCTURE
    | set(sources._ITEMS)
    | set(queries.MODIFYING)
    | ANALYSED
    | READ_BY_PARENT
)


def test_every_node_type_is_accounted_for():
    assert {name for name in ALL - KNOWN if not name.startswith("_")} == set()


def test_every_statement_type_is_known():
    names = {name for name in ALL if name.endswith("Stmt")}
    assert names - statements.known_statements() == statements.NOT_STATEMENTS


@pytest.mark.parametrize("tag", sorted(statements.known_statements()))
def test_a_statement_type_has_a_verb(tag):
    assert statements.verb_of(tag, {}) in {
        *[
            "select",
            "insert",
            "update",
            "delete",
            "merge",
            "truncate",
            "create",
            "alter",
            "drop",
            "grant",
            "revoke",
            "copy_out",
            "call",
            "do",
            "set",
        ],
        *[
            "show",
            "begin",
            "explain",
            "prepare",
            "execute",
            "deallocate",
            "declare",
            "fetch",
            "close",
            "lock",
            "vacuum",
            "analyze",
            "comment",
        ],
        *[
            "listen",
            "notify",
            "refresh",
            "cluster",
            "reindex",
            "reassign",
            "checkpoint",
            "discard",
            "load",
            "import",
        ],
    }


def test_an_unknown_node_type_makes_the_operation_opaque(monkeypatch):
    import policy_engine.parsers.sql as sql
    from policy_engine.parsers.sql import cache, parse_sql

    monkeypatch.setattr(sql, "_CACHE", cache.ActionCache())
    monkeypatch.setattr(tree, "TRANSPARENT", tree.TRANSPARENT - {"CoalesceExpr"})
    monkeypatch.setattr(expressions, "TRANSPARENT", tree.TRANSPARENT)
    action = parse_sql("SELECT coalesce(a, b) FROM t")
    assert action.opaque
    assert [problem.code for problem in action.problems] == ["unsupported"]
