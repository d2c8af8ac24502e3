"""`parse_sql` as a caller sees it: names, spans, parameters, cache, catalogue, and what must not change facts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import policy_engine.parsers.sql as sql
from policy_engine.documents.vocabulary import Access
from policy_engine.parsers.sql import CatalogueError, load_catalogue, parse_sql
from policy_engine.parsers.sql.cache import ActionCache

STATEMENTS = [
    row["sql"]
    for row in yaml.safe_load((Path(__file__).parent / "statements.yaml").read_text("utf-8"))
    if re.fullmatch(r"[\w\s(),=*.;]+", row["sql"]) and not row.get("opaque")
]


def reads(action):
    return sorted(r.name for r in action.resources if r.access is Access.READ)


def test_spans_are_characters_not_bytes():
    text = "SELECT 'éé' ; DELETE FROM café"
    first, second = parse_sql(text).operations
    assert text[slice(*first.span)] == "SELECT 'éé'"
    assert text[slice(*second.span)] == "DELETE FROM café"


def test_a_problem_names_line_and_column():
    problem = parse_sql("SELECT 1,\n  'é' || my_function(1)").problems[0]
    assert (problem.line, problem.column) == (2, 10)


def test_a_single_search_path_resolves_names_and_several_do_not():
    assert reads(parse_sql("SELECT * FROM t", search_path=("public",))) == ["public.t"]
    assert reads(parse_sql("SELECT * FROM t", search_path=("a", "b"))) == ["t"]
    assert reads(parse_sql("SELECT * FROM t")) == ["t"]
    assert reads(parse_sql("SELECT * FROM pg_authid", search_path=("public",))) == ["pg_catalog.pg_authid"]


def test_a_catalogue_finds_the_schema_on_the_path():
    schema = load_catalogue("CREATE SCHEMA b; CREATE TABLE b.t (x int); CREATE TABLE t2 (x int)")
    assert reads(parse_sql("SELECT * FROM t, t2", schema=schema, search_path=("a", "b", "public"))) == [
        "b.t",
        "public.t2",
    ]


def test_a_changed_search_path_is_followed_within_the_text():
    def names(first):
        return reads(parse_sql(f"{first}; SELECT * FROM t", search_path=("public",)))

    assert names("SET search_path = evil") == ["evil.t"]
    assert names("SET search_path TO a, b") == ["t"]
    assert names("RESET search_path") == ["t"]
    assert names("SELECT set_config('search_path', 'evil', false)") == ["t"]
    assert names("DISCARD ALL") == ["t"]
    assert names("SET work_mem = '1GB'") == ["public.t"]


def test_a_temporary_table_is_not_taken_for_one_of_the_schema():
    action = parse_sql("CREATE TEMP TABLE t (a int); SELECT * FROM t", search_path=("public",))
    assert {resource.name for resource in action.resources} == {"pg_temp.t"}


def test_parameters_join_the_document_and_the_digest():
    text = "SELECT * FROM t WHERE a = $1 AND b = $2"
    one, two = parse_sql(text, parameters=[1, "x"]), parse_sql(text, parameters={"$1": 2, "2": "x"})
    assert [(p.name, p.value) for p in one.operations[0].detail.parameters] == [("$1", 1), ("$2", "x")]
    assert [p.value for p in two.operations[0].detail.parameters] == [2, "x"]
    assert one.digest != two.digest


@pytest.mark.parametrize("value", [object(), {1: object()}, float("nan"), 2**80, b"x", "\ud800"])
def test_a_strange_parameter_never_raises(value):
    assert parse_sql("SELECT $1", parameters=[value]).digest


def test_a_literal_limit_is_reported():
    assert parse_sql("SELECT 1 LIMIT 5").operations[0].detail.limit == 5
    assert parse_sql("SELECT 1 LIMIT 2 + 3").operations[0].detail.limit is None
    assert parse_sql("SELECT TOP 5 a FROM t", "tsql").operations[0].detail.limit == 5


def test_a_write_names_its_columns():
    (resource,) = parse_sql("UPDATE t SET a = 1, (b, c) = ROW (2, 3) WHERE d = 4").resources
    assert resource.columns == ("a", "b", "c")


def test_statements_that_a_fingerprint_equates_differ():
    pairs = [
        ("SET ROLE a", "SET ROLE b"),
        ("GRANT a TO b", "GRANT a TO c"),
        ("SELECT a, b FROM t", "SELECT b, a FROM t"),
        ("DO 'a'", "DO 'b'"),
    ]
    for left, right in pairs:
        assert parse_sql(left).text_digest != parse_sql(right).text_digest


def test_the_cache_is_bounded_in_bytes_and_forgets_the_oldest(monkeypatch):
    cache = ActionCache(max_bytes=50_000)
    monkeypatch.setattr(sql, "_CACHE", cache)
    for index in range(100):
        parse_sql(f"SELECT {index}")
    assert cache.used_bytes <= 50_000
    assert 0 < len(cache) < 100
    assert cache.get(("postgres", (), "", "SELECT 99")) is parse_sql("SELECT 99")
    assert cache.get(("postgres", (), "", "SELECT 0")) is None


def test_the_cache_tells_catalogues_and_paths_apart():
    one, two = load_catalogue("CREATE TABLE t (a int)"), load_catalogue("CREATE TABLE t (b int)")
    found = {
        tuple(c.name for c in parse_sql("SELECT * FROM t", schema=schema).operations[0].detail.columns_out)
        for schema in (None, one, two)
    }
    assert found == {("*",), ("a",), ("b",)}
    assert reads(parse_sql("SELECT * FROM t", search_path=("x",))) == ["x.t"]


def test_broken_ddl_names_file_and_row():
    with pytest.raises(CatalogueError) as caught:
        load_catalogue("CREATE TABLE t (a int);\nCREATE TABL u (b int);", file="schema.sql")
    assert (caught.value.file, caught.value.row) == ("schema.sql", 2)


def test_the_output_of_pg_dump_loads():
    schema = load_catalogue(
        "\\restrict abc\nSET standard_conforming_strings = on;\n"
        "SELECT pg_catalog.set_config('search_path', '', false);\n"
        "CREATE TABLE public.t (a integer NOT NULL, b text);\nALTER TABLE public.t OWNER TO bob;\n"
        "ALTER TABLE ONLY public.t ADD CONSTRAINT p PRIMARY KEY (a);\n\\unrestrict abc\n"
    )
    assert [column.name for column in schema.relation("public", "t").columns] == ["a", "b"]


def test_a_catalogue_follows_alter_and_drop():
    schema = load_catalogue(
        "CREATE TABLE t (a int, b int); ALTER TABLE t ADD COLUMN c int, DROP COLUMN a; ALTER TABLE t RENAME b TO x;"
        "ALTER TABLE t RENAME TO u; CREATE TABLE gone (a int); DROP TABLE gone"
    )
    assert [relation.name for relation in schema.relations()] == ["u"]
    assert [column.name for column in schema.relation("public", "u").columns] == ["x", "c"]


def facts(action):
    return [
        (o.verb, o.effects, o.resources, o.flags, o.detail.columns_out, o.detail.predicate_columns, o.parent)
        for o in action.operations
    ]


@given(st.sampled_from(STATEMENTS), st.data())
@settings(max_examples=200, deadline=None)
def test_comments_between_tokens_change_nothing(text, data):
    pieces = re.findall(r"\w+|[^\w\s]|\s+", text)
    comments = st.sampled_from(
        ["", " ", "/* DROP TABLE x; */", "/* a /* nested */ b */", "-- DELETE FROM t\n", "\n\t"]
    )
    merged = ""
    for piece in pieces:
        merged += data.draw(comments) + piece if not re.fullmatch(r"[=*.]", piece) else piece
    assert facts(parse_sql(merged)) == facts(parse_sql(text))


@given(st.sampled_from(STATEMENTS), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_case_of_words_changes_nothing(text, random):
    shuffled = "".join(random.choice((c.upper(), c.lower())) for c in text)
    assert facts(parse_sql(shuffled)) == facts(parse_sql(text.lower()))
