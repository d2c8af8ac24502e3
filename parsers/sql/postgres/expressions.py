"""What flows into a value: a walk over expressions that finds columns, functions, parameters and nested queries.

`walk` keeps its own stack, so long operator chains don't nest calls. Most node types are transparent; the others
have a handler; a type that is in neither list makes the operation opaque.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Effect
from policy_engine.parsers.sql import functions
from policy_engine.parsers.sql.names import render
from policy_engine.parsers.sql.postgres import calls, queries
from policy_engine.parsers.sql.postgres.analysis import Analysis
from policy_engine.parsers.sql.postgres.tree import STRUCTURE, TRANSPARENT, Node, body_of, strings, tagged
from policy_engine.parsers.sql.relations import (
    NOTHING,
    Column,
    Item,
    Relation,
    Scope,
    Sink,
    find,
    whole_row,
)

Handler = Callable[[Analysis, Node, Scope, Sink], None]


def walk(analysis: Analysis, node: object, scope: Scope, sink: Sink) -> None:
    """Let everything that flows into `node` flow into `sink`."""
    stack: list[Any] = [node]
    while stack:
        current = stack.pop()
        if type(current) is list:
            stack.extend(current)
            continue
        if type(current) is not dict:
            continue
        for tag, body in current.items():
            if tag in HANDLERS:
                HANDLERS[tag](analysis, body, scope, sink)
            elif tag in TRANSPARENT:
                _json_result(analysis, body)
                stack.extend(body.values())
            elif tag[0].isupper():
                if tag in STRUCTURE:
                    stack.extend(body.values())
                else:
                    analysis.unsupported(tag, body)
            else:
                stack.append(body)


def predicate(analysis: Analysis, node: object, scope: Scope) -> None:
    """Note the columns that only select, join, group or order rows."""
    if node:
        sink = Sink()
        walk(analysis, node, scope, sink)
        analysis.draft.predicate |= sink.sources


def value(analysis: Analysis, node: object, scope: Scope, name: str) -> Column:
    """Return an expression as the column `name`, remembering whole rows."""
    row = _row(node, scope)
    sink = Sink()
    walk(analysis, node, scope, sink)
    return Column(name, frozenset(sink.sources), sink.exact, row)


def _row(node: object, scope: Scope) -> Relation | None:
    """Return the relation whose whole row a bare name stands for, when that is certain enough to look into."""
    body = body_of(node, "ColumnRef")
    if body is None:
        return None
    names = strings(body.get("fields"))
    if len(names) != len(body.get("fields", ())):
        return None
    if len(names) == 1:
        column = scope.column(names[0])
        return column.row if column is not None and column.row is not None else scope.relation(names[0])
    relation = scope.relation(names[-2], names[-3] if len(names) > 2 else None)
    if relation is None:
        return None
    column, _ = find(relation.items, names[-1])
    return column.row if column is not None else None


def column_reference(analysis: Analysis, body: Node, scope: Scope, sink: Sink) -> None:
    """A column, a whole row, `t.*`, or a function in attribute notation (`u.to_jsonb`)."""
    fields = body.get("fields", ())
    names = strings(fields)
    if len(names) != len(fields):  # ends in a star
        sink.add_all(star_items(analysis, body, scope))
        return
    if len(names) == 1:
        found = scope.column(names[0])
        if found is None:
            _unresolved(sink, names)
        else:
            sink.add(found)
        return
    relation = scope.relation(names[-2], names[-3] if len(names) > 2 else None)
    if relation is None:
        _unresolved(sink, names)
        return
    found, certain = find(relation.items, names[-1])
    if found is not None:
        sink.add(found)
    if not certain and calls.takes_row(names[-1]):
        analysis.draft.functions[names[-1]] = None
        sink.add(whole_row(relation))
        sink.exact = False
    elif found is None:
        # No such column: a function of the row, or a system column such as ctid.
        sink.add(whole_row(relation))
        if names[-1] not in calls.SYSTEM_COLUMNS:
            calls.called(analysis, [names[-1]], [], body.get("location"))


def _unresolved(sink: Sink, names: list[str]) -> None:
    """PostgreSQL would refuse the name; should it not, the column counts as sensitive."""
    sink.sources.add(render(names))
    sink.exact = False


def star_items(_analysis: Analysis, body: Node, scope: Scope) -> list[Item]:
    """Return what `*` or `t.*` expands to."""
    names = strings(body.get("fields"))
    if not names:
        return list(scope.items)
    relation = scope.relation(names[-1], names[-2] if len(names) > 1 else None)
    if relation is None:
        return [Column("*", frozenset({f"{render(names)}.*"}), False)]
    return list(relation.items)


def indirection(analysis: Analysis, body: Node, scope: Scope, sink: Sink) -> None:
    """`(x.u).ssn`, `a[1].b`: a field of a row that is known flows alone, otherwise the whole row does."""
    steps = body.get("indirection", [])
    first = body_of(steps[0], "String") if steps else None
    row = _row(body.get("arg"), scope)
    if first is not None and row is not None:
        found, certain = find(row.items, str(first.get("sval", "")))
        if found is not None:
            sink.add(found)
            if not certain:
                # Without a catalogue the bare name may as well be a column of a composite type.
                sink.exact = False
                names = strings((body_of(body.get("arg"), "ColumnRef") or {}).get("fields"))
                column, _ = find(scope.items, names[0]) if len(names) == 1 else (None, False)
                sink.sources |= column.sources if column is not None else NOTHING
            walk(analysis, [step for step in steps if "String" not in step], scope, sink)
            return
    walk(analysis, body.get("arg"), scope, sink)
    walk(analysis, [step for step in steps if "String" not in step], scope, sink)
    if first is not None and calls.takes_row(str(first.get("sval", ""))):
        analysis.draft.functions[str(first.get("sval", ""))] = None


def function_call(analysis: Analysis, body: Node, scope: Scope, sink: Sink) -> None:
    """A function call; `ssn(u)` may be the column `u.ssn` in functional notation."""
    names = strings(body.get("funcname"))
    arguments = body.get("args", [])
    if _projection(analysis, names, arguments, scope, sink):
        return
    calls.called(analysis, names, arguments, body.get("location"))
    if names and (view := functions.view_behind(names[-1])) is not None:
        sink.sources.add(f"{view}.*")
        sink.exact = False
    flowing = Sink()
    walk(analysis, arguments, scope, flowing)
    sink.sources |= flowing.sources
    sink.exact = sink.exact and flowing.exact
    if names and names[-1] in functions.set_returning():
        analysis.draft.predicate |= flowing.sources  # they decide how many rows come out
    # FILTER, ORDER BY and OVER choose and order rows; they don't compute the value.
    if len(body) > 3:
        predicate(analysis, body.get("agg_filter"), scope)
        predicate(analysis, body.get("agg_order"), scope)
        if body.get("over"):
            window(analysis, body["over"], scope, sink)
        if body.get("agg_within_group"):
            # WITHIN GROUP (ORDER BY x): the ordered column is the value (percentile_cont, mode).
            walk(analysis, body.get("agg_order"), scope, sink)


def _projection(analysis: Analysis, names: list[str], arguments: list[Any], scope: Scope, sink: Sink) -> bool:
    """Handle `column(row)`; return True when it is certainly a column and no function is called."""
    if len(names) != 1 or len(arguments) != 1 or calls.kind(names) is not None:
        return False
    row = _row(arguments[0], scope)
    if row is None:
        return False
    found, certain = find(row.items, names[0])
    if found is None:
        return False
    sink.add(found)
    # PostgreSQL tries a function of that name first: without one in the text's own database nobody can tell.
    return certain and analysis.catalogue is not None


def window(analysis: Analysis, body: Node, scope: Scope, _sink: Sink) -> None:
    """A window: partition and order choose rows, frame offsets are expressions."""
    for field in ("partitionClause", "orderClause", "startOffset", "endOffset"):
        predicate(analysis, body.get(field), scope)


def sublink(analysis: Analysis, body: Node, scope: Scope, sink: Sink) -> None:
    """A sub-query in an expression. EXISTS tells only whether there are rows, the others carry its columns."""
    kind = body.get("subLinkType")
    tag = tagged(body.get("subselect"))
    if tag is None:
        analysis.unsupported("SubLink", body)
        return
    items = queries.query(analysis, body["subselect"], scope)
    walk(analysis, body.get("testexpr"), scope, sink)
    operator(analysis, body.get("operName"), body.get("location"))
    if kind != "EXISTS_SUBLINK":
        sink.add_all(items)


def expression(analysis: Analysis, body: Node, scope: Scope, sink: Sink) -> None:
    """An operator with its operands; left-deep chains are followed without nesting calls."""
    current: Node | None = body
    while current is not None:
        if current.get("kind") in ("AEXPR_OP", "AEXPR_OP_ANY", "AEXPR_OP_ALL"):
            operator(analysis, current.get("name"), current.get("location"))
        walk(analysis, current.get("rexpr"), scope, sink)
        left = current.get("lexpr")
        current = body_of(left, "A_Expr")
        if current is None:
            walk(analysis, left, scope, sink)


def operator(analysis: Analysis, name: object, location: object) -> None:
    """An operator that isn't PostgreSQL's own, by its name or schema, may call any function."""
    parts = strings(name)
    if parts and (parts[:-1] not in ([], ["pg_catalog"]) or parts[-1] not in functions.operators()):
        analysis.draft.effects.add(Effect.EXECUTE)
        analysis.opaque(
            ProblemCode.UNKNOWN_FUNCTION,
            f"operator `{render(parts)}` is user-defined; which function it calls isn't known",
            location,
        )


def type_name(analysis: Analysis, body: object) -> None:
    """A value becomes one of a type: a domain's checks, or a type's input and cast functions, run for it."""
    names = strings(body.get("names")) if isinstance(body, dict) else []
    if not names or names[:-1] == ["information_schema"]:
        return
    if names[:-1] not in ([], ["pg_catalog"]) or names[-1] not in functions.types():
        analysis.draft.effects.add(Effect.EXECUTE)
        analysis.opaque(
            ProblemCode.UNKNOWN_FUNCTION,
            f"type `{render(names)}` is user-defined; which functions a cast to it calls isn't known",
            body.get("location") if isinstance(body, dict) else None,
        )


def _json_result(analysis: Analysis, body: Node) -> None:
    """RETURNING of an SQL/JSON function is a cast."""
    output = body.get("output") or (body.get("constructor") or {}).get("output")
    if output is not None:
        type_name(analysis, output.get("typeName"))


def _type_cast(analysis: Analysis, body: Node, scope: Scope, sink: Sink) -> None:
    type_name(analysis, body.get("typeName"))
    walk(analysis, body.get("arg"), scope, sink)


def _xml_serialize(analysis: Analysis, body: Node, scope: Scope, sink: Sink) -> None:
    type_name(analysis, body.get("typeName"))
    walk(analysis, body.get("expr"), scope, sink)


def _sort(analysis: Analysis, body: Node, scope: Scope, sink: Sink) -> None:
    operator(analysis, body.get("useOp"), body.get("location"))
    walk(analysis, body.get("node"), scope, sink)


def _parameter(analysis: Analysis, body: Node, _scope: Scope, _sink: Sink) -> None:
    analysis.parameter(int(body.get("number", 0)))


def _nested_query(analysis: Analysis, body: Node, scope: Scope, sink: Sink) -> None:
    """A query inside an expression without a SubLink: JSON_ARRAY(SELECT …)."""
    sink.add_all(queries.query(analysis, {"SelectStmt": body}, scope))


def _assignment(analysis: Analysis, body: Node, scope: Scope, sink: Sink) -> None:
    """`(a, b) = (SELECT …)`: outside of UPDATE's own reading every column may flow."""
    walk(analysis, body.get("source"), scope, sink)


def _json_aggregate(analysis: Analysis, body: Node, scope: Scope, sink: Sink) -> None:
    predicate(analysis, body.get("agg_filter"), scope)
    predicate(analysis, body.get("agg_order"), scope)
    if body.get("over"):
        window(analysis, body["over"], scope, sink)


def _ignore(analysis: Analysis, body: Node, scope: Scope, sink: Sink) -> None:
    """A leaf that carries no data from any table."""


def _structure_relation(analysis: Analysis, body: Node, _scope: Scope, sink: Sink) -> None:
    """A table named inside a definition (foreign key, LIKE, partition)."""
    _, items = analysis.read_relation(body)
    sink.add_all(items)


HANDLERS: Final[dict[str, Handler]] = {
    "ColumnRef": column_reference,
    "A_Const": _ignore,
    "A_Expr": expression,
    "A_Indirection": indirection,
    "FuncCall": function_call,
    "SubLink": sublink,
    "TypeCast": _type_cast,
    "TypeName": _ignore,
    "ParamRef": _parameter,
    "SortBy": _sort,
    "WindowDef": window,
    "SelectStmt": _nested_query,
    "MultiAssignRef": _assignment,
    "JsonAggConstructor": _json_aggregate,
    "constructor": _json_aggregate,
    "RangeVar": _structure_relation,
    "XmlSerialize": _xml_serialize,
}
