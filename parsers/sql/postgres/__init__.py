"""PostgreSQL: libpg_query's syntax tree in JSON, walked by our own code.

`parse_sql_json` is the only entry into libpg_query: on hostile text the routes that build Python objects crash the
process, and `scan` takes seconds. The tree tells the facts of every statement; nothing is guessed from words.
"""

from __future__ import annotations

import re

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Effect, SqlFlag
from policy_engine.parsers.sql.catalogue import Catalogue
from policy_engine.parsers.sql.drafts import Report
from policy_engine.parsers.sql.postgres.analysis import Analysis, Parameters

_PLACE = re.compile(r"at index (\d+)")


def read(
    report: Report,
    catalogue: Catalogue | None = None,
    search_path: tuple[str, ...] = (),
    parameters: Parameters | None = None,
) -> None:
    """Read the report's text as PostgreSQL does and fill the report with what it says."""
    import msgspec
    from pglast.error import Error
    from pglast.parser import parse_sql_json

    from policy_engine.parsers.sql.postgres import statements

    try:
        tree = msgspec.json.decode(parse_sql_json(report.text))
    except Error as error:
        _refuse(report, ProblemCode.SYNTAX_ERROR, *_reason(error))
        return
    analysis = Analysis(report, catalogue, search_path, parameters)
    entries = tree.get("stmts", ())
    if not entries:
        _refuse(report, ProblemCode.EMPTY, "the text holds no statement, only blanks or comments", None)
        return
    for entry in entries:
        start = entry.get("stmt_location", 0)
        length = entry.get("stmt_len")
        statements.statement(analysis, entry.get("stmt"), _span(analysis, start, length))
    if len(entries) > 1:
        report.flags.add(SqlFlag.MULTI_STATEMENT)


def _span(analysis: Analysis, start: int, length: int | None) -> tuple[int, int]:
    text = analysis.report.text
    begin = analysis.offset(start) or 0
    end = len(text) if length is None else analysis.offset(start + length) or len(text)
    statement = text[begin:end]
    return begin + len(statement) - len(statement.lstrip()), begin + len(statement.rstrip())


def _reason(error: Exception) -> tuple[str, int | None]:
    """Return the parser's message and the character offset it points to, where there is one."""
    message = str(error.args[0]) if error.args else str(error)
    found = _PLACE.search(str(error))
    index = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else None
    return f"PostgreSQL can't parse the text: {message}", index if index is not None else int(
        found[1]
    ) if found else None


def _refuse(report: Report, code: ProblemCode, message: str, offset: int | None) -> None:
    draft = report.open("other", None, (0, len(report.text)))
    draft.effects.add(Effect.UNKNOWN)
    if code is ProblemCode.SYNTAX_ERROR:
        draft.flags.add(SqlFlag.UNPARSED)
        if "stack depth" in message or "too deep" in message:
            code = ProblemCode.TOO_DEEP
    report.problem(draft, code, message, offset)
