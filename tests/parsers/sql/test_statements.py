"""PostgreSQL and the other dialects: what statements do, as data."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from policy_engine.documents.vocabulary import Access, ResourceKind
from policy_engine.parsers.sql import parse_sql

HERE = Path(__file__).parent
RELATIONS = (ResourceKind.TABLE, ResourceKind.VIEW)


def cases(name):
    rows = yaml.safe_load((HERE / name).read_text("utf-8"))
    return [pytest.param(row, id=f"{row.get('dialect', 'postgres')}: {row['sql'][:70]}") for row in rows]


def verbs(action):
    depths = []
    for operation in action.operations:
        depths.append(0 if operation.parent is None else depths[operation.parent] + 1)
    return [">" * depth + operation.verb for depth, operation in zip(depths, action.operations, strict=True)]


def touched(action, access):
    return sorted(r.name for r in action.resources if r.kind in RELATIONS and r.access is access)


@pytest.mark.parametrize("case", [*cases("statements.yaml"), *cases("dialects.yaml")])
def test_a_statement_is_what_it_does(case):
    action = parse_sql(case["sql"], case.get("dialect", "postgres"))
    assert verbs(action) == case["verbs"]
    assert touched(action, Access.READ) == case.get("reads", [])
    assert touched(action, Access.WRITE) == case.get("writes", [])
    assert list(action.flags) == case.get("flags", [])
    assert action.opaque is case.get("opaque", False), action.problems
    if "effects" in case:
        assert list(action.effects) == case["effects"]
    if "functions" in case:
        assert sorted({f for o in action.operations for f in o.detail.functions}) == case["functions"]
    if "predicates" in case:
        assert list(action.operations[0].detail.predicate_columns) == case["predicates"]
    if "read_columns" in case:
        (resource,) = [r for r in action.resources if r.kind in RELATIONS and r.access is Access.READ]
        assert list(resource.columns) == case["read_columns"]
    if "columns" in case:
        found = [[c.name, list(c.sources), c.exact] for c in action.operations[0].detail.columns_out]
        assert found == case["columns"]


@pytest.mark.parametrize("case", [*cases("statements.yaml"), *cases("dialects.yaml")])
def test_an_opaque_action_says_why(case):
    action = parse_sql(case["sql"], case.get("dialect", "postgres"))
    if action.opaque:
        assert action.problems
        for problem in action.problems:
            assert (
                problem.message[0].islower()
                or problem.message[0] in "`'512"
                or problem.message.split()[0].isupper()
                or problem.message.startswith("PostgreSQL")
            )
            assert len(problem.message) > 20
