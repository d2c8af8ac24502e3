"""All other dialects through sqlglot, with its three ways of being wrong closed.

1. What it doesn't know becomes a `Command`: opaque, though the first words still name verb and flags.
2. What it knows even less becomes a column or an alias: only an allow-list of root classes is read.
3. What it misreads silently (executed comments, statements taken for aliases): checks on its tokens, before the
   tree, and a count of statement words against the tree's nodes, after it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import SqlFlag
from policy_engine.parsers.sql.catalogue import Catalogue
from policy_engine.parsers.sql.drafts import Report

_SQLGLOT_NAMES = {"mariadb": "mysql"}


def read(
    report: Report,
    catalogue: Catalogue | None = None,
    search_path: tuple[str, ...] = (),
    parameters: Mapping[str, object] | Sequence[object] | None = None,
) -> None:
    """Read the report's text through sqlglot and fill the report with what it says."""
    from sqlglot import Dialect
    from sqlglot.errors import SqlglotError

    from policy_engine.parsers.sql.generic import statements, tokens
    from policy_engine.parsers.sql.generic.walk import Walk

    # It warns on standard error about what it keeps as Command; that is reported as a problem here.
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    walk = Walk(report, catalogue, search_path, parameters)
    dialect = Dialect.get_or_raise(_SQLGLOT_NAMES.get(report.dialect, report.dialect))
    try:
        found = list(dialect.tokenize(report.text))
    except SqlglotError as error:
        _refuse(
            walk, ProblemCode.SYNTAX_ERROR, f"{report.dialect} text can't be split into words: {_line(error)}"
        )
        return
    if not found:
        _refuse(walk, ProblemCode.EMPTY, "the text holds no statement, only blanks or comments")
        return
    doubt = tokens.ambiguous(report.text, found, report.dialect)
    if doubt is not None:
        _refuse(walk, ProblemCode.AMBIGUOUS, doubt.message, doubt.offset)
        return
    try:
        trees = dialect.parse(report.text)
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # sqlglot meets nonsense with any error it likes
        _refuse(walk, ProblemCode.SYNTAX_ERROR, f"{report.dialect} text can't be parsed: {_line(error)}")
        return
    trees = [
        _rewritten(tree, report.dialect) for tree in trees if tree is not None and tree.key != "semicolon"
    ]
    doubt = tokens.unaccounted(found, trees)
    if doubt is not None:
        _refuse(walk, ProblemCode.AMBIGUOUS, doubt.message, doubt.offset)
        return
    for tree in trees:
        statements.statement(walk, tree)
    if not trees:
        _refuse(walk, ProblemCode.EMPTY, "the text holds no statement")
    if len(trees) > 1:
        report.flags.add(SqlFlag.MULTI_STATEMENT)
    if len(trees) == 1:
        report.drafts[0].span = (found[0].start, found[-1].end + 1)


def _rewritten(tree: Any, dialect: str) -> Any:
    """`REPLACE INTO` is an INSERT that deletes what is in its way; sqlglot keeps it as text."""
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    if not isinstance(tree, exp.Command):
        return tree
    if dialect == "sqlite" and str(tree.this).upper() == "EXPLAIN":
        return _explained(tree)
    if str(tree.this).upper() != "REPLACE":
        return tree
    if dialect not in ("mysql", "mariadb", "sqlite"):
        return tree
    try:
        inserts = parse(f"INSERT {tree.expression.name}", read=_SQLGLOT_NAMES.get(dialect, dialect))
    except SqlglotError:
        return tree
    if len(inserts) != 1 or not isinstance(inserts[0], exp.Insert):
        return tree
    inserts[0].set("alternative", "REPLACE INTO")
    return inserts[0]


def _explained(tree: Any) -> Any:
    """SQLite's EXPLAIN only plans; sqlglot keeps it as text."""
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    text = str(tree.expression.name)
    words = text.split(None, 2)
    if [word.upper() for word in words[:2]] == ["QUERY", "PLAN"]:
        text = words[2] if len(words) > 2 else ""
    try:
        found = parse(text, read="sqlite")
    except SqlglotError:
        return tree
    plain = (exp.Query, exp.Insert, exp.Update, exp.Delete)
    return exp.Describe(this=found[0]) if len(found) == 1 and isinstance(found[0], plain) else tree


def _line(error: Exception) -> str:
    """Return the first line of sqlglot's message without its terminal colours."""
    message = str(error).split("\n", 1)[0]
    return message.replace("\x1b[4m", "").replace("\x1b[0m", "")[:200]


def _refuse(walk: Any, code: ProblemCode, message: str, offset: int | None = None) -> None:
    """Refuse the whole text; its first words still name the verb and some flags."""
    from policy_engine.parsers.sql.generic import statements

    report = walk.report
    walk.draft = report.open("other", None, (0, len(report.text)))
    if code is not ProblemCode.EMPTY:
        statements.by_words(walk, _without_comments(report.text))
    walk.draft.reasons.clear()
    report.problems.clear()
    walk.opaque(code, message, offset)


def _without_comments(text: str) -> str:
    """Return the text without leading comments, to name its first words."""
    text = text.lstrip()
    while text.startswith(("--", "/*", "#")):
        end = text.find("*/") + 2 if text.startswith("/*") else text.find("\n") + 1
        if end <= 1:
            return ""
        text = text[end:].lstrip()
    return text
