"""SQL text -> action document.

`parse_sql` never raises for what a requester controls: what can't be understood comes back as an opaque action with
a problem that says why. PostgreSQL is read through its own grammar, the other dialects through sqlglot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policy_engine.documents.action import Action, refused_action
from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.documents.vocabulary import Protocol, SqlFlag
from policy_engine.parsers.sql.cache import ActionCache
from policy_engine.parsers.sql.catalogue import Catalogue, CatalogueError
from policy_engine.parsers.sql.dialects import DIALECTS, canonical_dialect
from policy_engine.parsers.sql.drafts import Report, TooComplexError
from policy_engine.parsers.sql.guards import refusal

__all__ = ["DIALECTS", "Catalogue", "CatalogueError", "load_catalogue", "parse_sql"]

_CACHE = ActionCache()


def parse_sql(
    text: str,
    dialect: str = "postgres",
    *,
    schema: Catalogue | None = None,
    search_path: tuple[str, ...] = (),
    parameters: Mapping[str, object] | Sequence[object] | None = None,
) -> Action:
    """Return the action document of a SQL text.

    `schema` is what is known about the database; `search_path` the schemas in which unqualified names are looked up
    (without a catalogue only a path of one schema can resolve them); `parameters` the values bound to `$1`, `?` or
    `:name`. Anything that isn't understood makes the action opaque, with a problem that says what and where.
    """
    name = canonical_dialect(dialect) if isinstance(dialect, str) else None
    if name is None:
        return _refused(
            text,
            str(dialect)[:100],
            Problem(
                code=ProblemCode.UNKNOWN_DIALECT,
                message=f"dialect `{str(dialect)[:100]}` has no parser; known are {', '.join(DIALECTS)}",
            ),
        )
    path = tuple(search_path)
    key = (name, path, schema.version if schema is not None else "", text)
    cached = _CACHE.get(key) if parameters is None and isinstance(text, str) else None
    if cached is not None:
        return cached
    problem = refusal(text, generic=name != "postgres")
    if problem is not None:
        return _refused(text, name, problem)
    action = _parse(text, name, schema, path, parameters)
    if parameters is None:
        _CACHE.put(key, action)
    return action


def load_catalogue(ddl_text: str, dialect: str = "postgres", *, file: str | None = None) -> Catalogue:
    """Return the catalogue that a file of DDL describes.

    Raises `CatalogueError`, with the row in the text, for DDL that can't be read, and `UsageError` for a dialect
    without a parser. `file` is the name to report.
    """
    from policy_engine.parsers.sql import catalogue_ddl

    return catalogue_ddl.load(ddl_text, dialect, file)


def _parse(
    text: str,
    dialect: str,
    schema: Catalogue | None,
    search_path: tuple[str, ...],
    parameters: Mapping[str, object] | Sequence[object] | None,
) -> Action:
    try:
        report = Report(text, dialect)
        if dialect == "postgres":
            from policy_engine.parsers.sql import postgres

            postgres.read(report, schema, search_path, parameters)
        else:
            from policy_engine.parsers.sql import generic

            generic.read(report, schema, search_path, parameters)
        return report.action()
    except TooComplexError as error:
        problem = Problem(code=ProblemCode.TOO_MANY, message=f"the text is too complex to judge: {error}")
    except RecursionError:
        problem = Problem(
            code=ProblemCode.TOO_DEEP, message="the text nests too deeply to judge; simplify it"
        )
    except MemoryError:
        problem = Problem(
            code=ProblemCode.TOO_LARGE, message="the text needs too much memory to judge; split it"
        )
    except Exception as error:  # a defect here must refuse, never let through
        problem = Problem(
            code=ProblemCode.PARSER_FAILED,
            message=f"the SQL parser failed with `{type(error).__name__}`; please report this text as a defect",
        )
    return _refused(text, dialect, problem)


def _refused(text: object, dialect: str, problem: Problem) -> Action:
    shown = text if isinstance(text, str) else ""
    return refused_action(Protocol.SQL, dialect, shown, problem, flags=(SqlFlag.UNPARSED,))
