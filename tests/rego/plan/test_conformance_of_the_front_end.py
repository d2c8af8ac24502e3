"""OPA's conformance cases from their modules to answers: exactly those of docs/conformance.md don't pass."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

RUNNER = Path(__file__).parents[1] / "conformance.py"
PAGE = Path(__file__).parents[3] / "docs" / "conformance.md"
CASES = Path(__file__).parents[4] / "shared" / "data" / "rego-conformance" / "cases.jsonl.gz"


@pytest.mark.skipif(not CASES.exists(), reason="OPA's conformance cases are not beside this checkout")
def test_exactly_the_listed_cases_do_not_pass() -> None:
    spec = importlib.util.spec_from_file_location("conformance", RUNNER)
    assert spec is not None
    assert spec.loader is not None
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    outcomes = [(case["note"], runner.outcome(case)) for case in runner.cases()]
    failed = {note: outcome for note, outcome in outcomes if outcome != runner.PASSED}
    listed = set(re.findall(r"^- `(.*)`$", PAGE.read_text("utf-8"), re.MULTILINE))
    assert len(outcomes) > 2_000
    assert set(failed) == listed, {note: failed.get(note) for note in set(failed) ^ listed}
