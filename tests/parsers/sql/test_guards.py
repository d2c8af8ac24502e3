"""Hostile text is refused before any parser sees it, quickly and with a sentence."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_engine.documents.problems import ProblemCode
from policy_engine.parsers.sql import DIALECTS, parse_sql
from policy_engine.parsers.sql.guards import LIMITS

HOSTILE = {
    "not text": (b"SELECT 1", ProblemCode.INVALID_TYPE),
    "none": (None, ProblemCode.INVALID_TYPE),
    "10 MB": ("SELECT 1 " * 1_200_000, ProblemCode.TOO_LARGE),
    "64 kB in bytes, not in characters": ("SELECT '" + "é" * 33_000 + "'", ProblemCode.TOO_LARGE),
    "a NUL": ("SELECT 1\0; DROP TABLE t", ProblemCode.NUL_BYTE),
    "a lone surrogate": ("SELECT '\ud800'", ProblemCode.INVALID_ENCODING),
    "a run of operators": ("SELECT 1 " + "+" * 512 + " 1", ProblemCode.TOO_MANY),
    "a run of empty comments": ("SELECT 1" + "/**/" * 600, ProblemCode.TOO_MANY),
    "spaced comments": ("SELECT 1" + " /* */ " * 600, ProblemCode.TOO_MANY),
    "nested comments": ("/* " * 600 + "*/ " * 600 + "SELECT 1", ProblemCode.TOO_MANY),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
def test_hostile_text_is_refused(name, dialect):
    text, code = HOSTILE[name]
    action = parse_sql(text, dialect)
    assert action.opaque
    assert action.problems[0].code is code
    assert action.operations[0].verb == "other"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "a||" * 20_000 + "a",
        "SELECT " + "(" * 20_000 + "1" + ")" * 20_000,
        "SELECT " + "(SELECT " * 5_000 + "1" + ")" * 5_000,
        "SELECT 1" + " UNION SELECT 1" * 4_000,
        "SELECT " + "NOT " * 15_000 + "true",
        "SELECT " + "CASE WHEN a THEN " * 3_000 + "1" + " END" * 3_000,
        "SELECT a" + "[1]" * 15_000,
        "SELECT a" + "::int" * 12_000,
        "SELECT * FROM t" + " JOIN t USING (a)" * 3_000,
        "WITH RECURSIVE "
        + ", ".join(f"c{i} AS (SELECT 1 UNION SELECT * FROM c{i + 1})" for i in range(900))
        + " SELECT 1",
        "".join(f"WITH RECURSIVE a{i} AS (SELECT 1 UNION (" for i in range(60))
        + "SELECT 1"
        + ")) SELECT 1" * 60,
        "WITH a AS (SELECT * FROM t), "
        + ", ".join(
            f"c{i} AS (SELECT x.*, y.* FROM {f'c{i - 1}' if i else 'a'} x, {f'c{i - 1}' if i else 'a'} y)"
            for i in range(200)
        )
        + " SELECT * FROM c199",
        "BEGIN;" * 10_900,
    ],
    ids=lambda text: text[:20],
)
@pytest.mark.parametrize("dialect", ["postgres", "mysql", "tsql"])
def test_hostile_shapes_end_quickly(text, dialect):
    start = time.perf_counter()
    action = parse_sql(text[: LIMITS["bytes"].value], dialect)
    assert time.perf_counter() - start < 5
    assert action.digest


def test_every_limit_gives_its_measured_reason():
    assert all(limit.value > 0 and len(limit.reason) > 20 for limit in LIMITS.values())


def test_the_largest_text_within_the_limit_is_read():
    text = "SELECT '" + "x" * (65_536 - 9) + "'"
    assert len(text) == 65_536
    assert not parse_sql(text).opaque


def test_an_unknown_dialect_lists_the_known_ones():
    action = parse_sql("SELECT 1", "cobol")
    assert action.opaque
    assert action.problems[0].code is ProblemCode.UNKNOWN_DIALECT
    assert all(name in action.problems[0].message for name in DIALECTS)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("postgresql", "postgres"),
        ("PG", "postgres"),
        ("mssql", "tsql"),
        ("sqlserver", "tsql"),
        ("mariadb", "mariadb"),
    ],
)
def test_common_names_of_dialects_are_known(alias, name):
    assert parse_sql("SELECT 1", alias).dialect == name


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_arbitrary_text_never_raises(text):
    for dialect in ("postgres", "mysql", "tsql"):
        action = parse_sql(text, dialect)
        assert action.operations
        assert not any(problem.code is ProblemCode.PARSER_FAILED for problem in action.problems)


WORDS = [
    "select",
    "insert",
    "update",
    "delete",
    "from",
    "where",
    "into",
    "values",
    "set",
    "join",
    "on",
    "using",
    "group",
    "by",
    "order",
    "with",
    "recursive",
    "as",
    "merge",
    "explain",
    "analyze",
    "copy",
    "to",
    "create",
    "table",
    "view",
    "drop",
    "t",
    "s",
    "a",
    "b",
    "(",
    ")",
    ",",
    ";",
    ".",
    "*",
    "=",
    "1",
    "'x'",
    '"q"',
    "$1",
    "::",
    "[",
    "]",
    "--",
    "/*",
    "*/",
    "returning",
    "union",
    "case",
    "when",
    "then",
    "end",
    "exec",
    "declare",
    "begin",
    "if",
    "lateral",
    "exists",
    "in",
    "not",
    "null",
]


@given(st.lists(st.sampled_from(WORDS), max_size=25))
@settings(max_examples=250, deadline=None)
def test_word_salad_never_raises_and_is_deterministic(words):
    text = " ".join(words)
    for dialect in ("postgres", "mysql", "tsql", "snowflake"):
        action = parse_sql(text, dialect)
        assert not any(problem.code is ProblemCode.PARSER_FAILED for problem in action.problems), text
        assert action == parse_sql(text, dialect)


@pytest.mark.parametrize(
    "text",
    [
        "insert . . update",
        "delete select",
        "create default output update b not drop",
        "merge using",
        "select . .",
        "update . set",
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_nonsense_that_once_hurt_is_refused(text, dialect):
    action = parse_sql(text, dialect)
    assert action.opaque
    assert not any(problem.code is ProblemCode.PARSER_FAILED for problem in action.problems)


def test_a_long_but_honest_condition_is_read():
    text = "SELECT * FROM t WHERE " + " OR ".join(f"t.a{i} = {i}" for i in range(120))
    assert not parse_sql(text, "mysql").opaque


@pytest.mark.parametrize("link", ["||a", "=a", ".a", " AND a", "[1]", "::int"])
@pytest.mark.parametrize("dialect", ["mysql", "snowflake"])
def test_an_endless_chain_is_refused(link, dialect):
    action = parse_sql("SELECT a" + link * (30_000 // len(link)), dialect)
    assert action.opaque
    assert not any(problem.code is ProblemCode.PARSER_FAILED for problem in action.problems)
