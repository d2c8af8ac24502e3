"""OPA's conformance cases from their modules to answers (`tests/rego/conformance.py`); none may get a wrong answer."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

RUNNER = Path(__file__).parents[1] / "conformance.py"
FLOOR = 0.85
STEP = 2
REFUSED = ("undefined function", "builtin_refused", "wrong: message", "providers.aws")
"""A builtin that isn't there, or is refused on purpose, or has other words for an error: no wrong answer."""

# Cases that don't pass for a reason outside of the planner.
KNOWN = {
    "reachable_paths/cycle_1022_3": "graph.reachable_paths on a cycle",
    "strings/sprintf: float too big": "sprintf of a number beyond a float",
    "string-interpolation/template-string function arg": "a template as a pattern of an argument",
    "string-interpolation/multi-line/template-string function arg": "a template as a pattern of an argument",
}


@pytest.fixture(scope="module")
def runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("conformance", RUNNER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not module.CASES.exists():
        pytest.skip("OPA's conformance cases are not there (../shared/data/rego-conformance)")
    return module


def test_no_case_of_opa_gets_a_wrong_answer(runner: ModuleType) -> None:
    outcomes = {
        (number, case["note"]): runner.outcome(case)
        for number, case in enumerate(runner.cases())
        if number % STEP == 0
    }
    failed = {note: outcome for (_, note), outcome in outcomes.items() if outcome != runner.PASSED}
    wrong = {
        note: outcome
        for note, outcome in failed.items()
        if note not in KNOWN and not any(words in outcome for words in REFUSED)
    }
    assert wrong == {}
    passed = sum(outcome == runner.PASSED for outcome in outcomes.values())
    assert passed / len(outcomes) >= FLOOR
