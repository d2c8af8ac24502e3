"""What calling a function means for the operation: nothing, a fact to report, or an unknown."""

from __future__ import annotations

from typing import Any, Final

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql import functions, settings
from policy_engine.parsers.sql.functions import FunctionKind
from policy_engine.parsers.sql.names import render
from policy_engine.parsers.sql.postgres.analysis import Analysis
from policy_engine.parsers.sql.postgres.tree import constant

SYSTEM_COLUMNS: Final = frozenset({"ctid", "oid", "tableoid", "xmin", "xmax", "cmin", "cmax"})


def kind(names: list[str]) -> FunctionKind | None:
    """Return what a built-in function does, or None for one that isn't PostgreSQL's own."""
    if len(names) == 1 or (len(names) == 2 and names[0] == "pg_catalog"):
        return functions.function_kind(names[-1])
    found = functions.function_kind(names[-1])
    # An extension may live in any schema; what is dangerous stays dangerous, what is harmless can't be trusted.
    return found if found is not FunctionKind.PURE else None


def takes_row(name: str) -> bool:
    """Tell whether `u.name` may be the function call `name(u)`."""
    return name in functions.TAKES_ROW


def called(analysis: Analysis, names: list[str], arguments: list[Any], location: object) -> None:
    """Note a function call."""
    found = kind(names)
    name = names[-1] if found is not None else render(names)
    draft = analysis.draft
    draft.functions[name] = None
    if found is FunctionKind.PURE:
        return
    draft.touch(ResourceKind.FUNCTION, name, Access.EXECUTE)
    if found is None:
        draft.effects.add(Effect.EXECUTE)
        analysis.opaque(
            ProblemCode.UNKNOWN_FUNCTION,
            f"function `{name}` isn't one of PostgreSQL's own; what it does isn't known",
            location,
        )
        return
    draft.effects |= functions.EFFECTS[found]
    draft.flags |= functions.FLAGS.get(found, frozenset())
    _details(analysis, found, name, arguments, location)


def _details(
    analysis: Analysis, found: FunctionKind, name: str, arguments: list[Any], location: object
) -> None:
    first = constant(arguments[0]) if arguments else None
    if found is FunctionKind.SETTING:
        _set_config(analysis, first, arguments, location)
    elif found is FunctionKind.SEQUENCE and isinstance(first, str):
        analysis.draft.write(_sequence(analysis, first), ResourceKind.SEQUENCE)
    elif found in (FunctionKind.READS_FILE, FunctionKind.WRITES_FILE):
        reads = found is FunctionKind.READS_FILE
        path = constant(arguments[-1]) if name == "lo_export" and arguments else first
        if isinstance(path, str):
            analysis.act_on(ResourceKind.FILE, path, Access.READ if reads else Access.WRITE)
        if name == "lo_import":
            analysis.draft.effects.add(Effect.CREATE)
    elif found is FunctionKind.SIGNAL:
        analysis.act_on(ResourceKind.PROCESS, str(first) if first is not None else name, Access.EXECUTE)
    elif found is FunctionKind.SERVER_STATE and (view := functions.view_behind(name)) is not None:
        analysis.draft.read(view, ResourceKind.VIEW)
    elif found is FunctionKind.SQL_TEXT:
        analysis.opaque(
            ProblemCode.UNKNOWN_TEXT,
            f"function `{name}` runs SQL text or reads tables by name, which isn't followed",
            location,
        )
    elif found is FunctionKind.NETWORK:
        if name in ("dblink", "dblink_exec", "dblink_open", "dblink_send_query"):
            analysis.draft.flags.add(SqlFlag.DYNAMIC_SQL)
        analysis.opaque(ProblemCode.UNKNOWN_TEXT, f"function `{name}` speaks to another server", location)


def _sequence(analysis: Analysis, text: str) -> str:
    """Return the name of the sequence in `nextval('schema.name')`, folded as PostgreSQL folds it."""
    parts = settings.split_names(text)
    if len(parts) == 1:
        schema, _ = analysis.resolve(parts[0])
        parts = [schema, *parts] if schema is not None else parts
    return render(parts)


def _set_config(analysis: Analysis, name: object, arguments: list[Any], location: object) -> None:
    if not isinstance(name, str):
        analysis.draft.flags.add(SqlFlag.ROLE_CHANGE)
        analysis.draft.effects.add(Effect.ASSUME)
        analysis.opaque(
            ProblemCode.UNKNOWN_TARGET,
            "set_config with a computed name may change any setting; name it",
            location,
        )
        return
    value = constant(arguments[1]) if len(arguments) > 1 else None
    settings.changed(analysis, name, value if isinstance(value, str) else None, location)
    if name.strip().lower() == "search_path":
        # When the call runs isn't certain, so nothing is resolved any more.
        analysis.names.set_path(())
