"""Which base columns flow into each output column, and which ones only choose rows."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from policy_engine.parsers.sql import load_catalogue, parse_sql

SCHEMA = """
CREATE TABLE users (id int PRIMARY KEY, name text, ssn text);
CREATE TABLE orders (id int, user_id int REFERENCES users, total numeric);
CREATE TABLE logs (msg text, at timestamptz);
CREATE VIEW v AS SELECT u.name AS n, u.ssn AS s FROM users u;
"""
CASES = yaml.safe_load((Path(__file__).parent / "lineage.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["sql"][:80] for case in CASES])
def test_an_output_column_names_its_sources(case):
    schema = load_catalogue(SCHEMA) if case.get("schema") else None
    action = parse_sql(case["sql"], schema=schema)
    assert not action.problems
    detail = action.operations[0].detail
    found = [[column.name, list(column.sources), column.exact] for column in detail.columns_out]
    assert found == case["columns"]
    if case.get("superset"):
        assert set(case.get("predicates", [])) >= set(detail.predicate_columns)
    elif "predicates" in case:
        assert list(detail.predicate_columns) == case["predicates"]


def test_an_unknown_function_on_a_row_keeps_the_column_it_may_be():
    action = parse_sql("SELECT ssn(u) FROM users u")
    column = action.operations[0].detail.columns_out[0]
    assert {"users.ssn", "users.*"} <= set(column.sources)
    assert not column.exact
    assert action.opaque
