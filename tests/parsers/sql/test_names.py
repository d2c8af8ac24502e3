"""Which schema an unqualified name stands for as a text changes the search path and its temporary tables."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from policy_engine.documents.vocabulary import ResourceKind
from policy_engine.parsers.sql import parse_sql

CASES = yaml.safe_load((Path(__file__).parent / "names.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["sql"][:110] for case in CASES])
def test_a_name_stands_for_every_place_it_may_be_in(case):
    action = parse_sql(case["sql"], search_path=("public",))
    operation = action.operations[case.get("operation", -1)]
    names = {r.name for r in operation.resources if r.kind in (ResourceKind.TABLE, ResourceKind.VIEW)}
    assert sorted(names) == case["touches"]
    for column in operation.detail.columns_out:
        assert column.exact is (len(column.sources) == 1)
