"""A sample of OPA's conformance cases through the regopy engine: none may get a wrong answer, few may be refused.

What is refused has a reason: builtins that regopy lacks (and `test.sleep`, of OPA's own tests), template strings,
text that it can't handle exactly (docs/decisions/002-regopy-guards.md).
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from policy_engine.rego.engine import Limits
from policy_engine.rego.engine import compile as compile_rego
from policy_engine.rego.errors import RegoCompileError, RegoError
from policy_engine.rego.regopy.source import prepare
from policy_engine.rego.values import UNDEFINED

CASES = Path(__file__).parents[3].parent / "shared/data/rego-conformance/cases.jsonl.gz"
STEP = 23
FLOOR = 0.84
REFUSED_FOR_A_REASON = (
    "not available in the regopy engine",
    "can't format",
    "not allowed",
    "template strings",
    "test.sleep",
)


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    if not CASES.exists():
        pytest.skip("OPA's conformance cases are not there (../shared/data/rego-conformance)")
    with gzip.open(CASES, "rt", encoding="utf-8") as lines:
        return [case for case in map(json.loads, lines) if "input_term" not in case]


def modules_of(case: dict[str, Any]) -> dict[str, str]:
    return {f"m{number}.rego": text for number, text in enumerate(case.get("modules") or [])}


def canonical(value: Any, *, as_set: bool) -> Any:
    if isinstance(value, list):
        found = [canonical(item, as_set=as_set) for item in value]
        return sorted(found, key=json.dumps) if as_set else found
    if isinstance(value, dict):
        return {key: canonical(value[key], as_set=as_set) for key in sorted(value)}
    return value


def outcome(case: dict[str, Any]) -> str:
    """`right`, `refused` or `wrong`."""
    fails = "want_error" in case or "want_error_code" in case
    try:
        with compile_rego(
            modules_of(case), case.get("data") or {}, limits=Limits(workers=1), engine="regopy"
        ) as policy:
            rows = [row.bindings for row in policy.query(case["query"], case.get("input", UNDEFINED))]
    except RegoError:
        return "right" if fails else "refused"
    if fails:
        return "wrong"
    as_set = bool(case.get("sort_bindings"))
    found = sorted(json.dumps(canonical(row, as_set=as_set)) for row in rows)
    wanted = sorted(json.dumps(canonical(row, as_set=as_set)) for row in case.get("want_result") or [])
    return "right" if found == wanted else "wrong"


def test_a_sample_of_the_conformance_cases_gets_no_wrong_answer(
    cases: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    sample = cases[::STEP]
    outcomes = {case["note"]: outcome(case) for case in sample}
    rate = sum(found == "right" for found in outcomes.values()) / len(outcomes)
    with capsys.disabled():
        print(f"\nconformance of the regopy engine: {rate:.1%} of {len(outcomes)} sampled cases")
    assert [note for note, found in outcomes.items() if found == "wrong"] == []
    assert rate >= FLOOR


def test_no_valid_case_is_refused_by_the_checks_but_for_a_known_reason(cases: list[dict[str, Any]]) -> None:
    refused = {}
    for case in cases:
        if "want_error" in case or "want_error_code" in case:
            continue
        _, issues = prepare(modules_of(case), case.get("data") or {}, plain=False)
        unknown = [
            issue for issue in issues if not any(reason in issue.message for reason in REFUSED_FOR_A_REASON)
        ]
        if unknown:
            refused[case["note"]] = str(RegoCompileError(unknown))
    assert refused == {}
