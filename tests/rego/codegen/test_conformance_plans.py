"""OPA's conformance cases from OPA's own plans (run b): what each plan must answer, or the error it must end in."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policy_engine.rego.codegen.program import Program
from policy_engine.rego.errors import RegoCompileError, RegoEvaluationError
from policy_engine.rego.plan.plan_json import read_plan, write_plan
from policy_engine.rego.value_model import from_json, json_text, parse_number, to_json

CASES = Path(__file__).parents[4] / "shared" / "data" / "rego-conformance" / "cases.jsonl.gz"

# What is known to differ, with its reason. Cases whose builtins don't exist or are refused are not counted at all, and
# how a builtin words its errors is for the tests of the builtins.
KNOWN = {
    "reachable_paths/cycle_1022_3": "which of the paths through a cycle are reported",
    "strings/sprintf: float too big": "numbers keep their value, not how they were written",
}


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    if not CASES.is_file():
        pytest.skip(f"OPA's conformance cases are not at {CASES}")
    with gzip.open(CASES, "rt") as lines:
        return [json.loads(line, parse_float=parse_number) for line in lines]


def shown(bindings: list[dict[str, Any]], *, sort: bool) -> list[str]:
    """Answers as comparable text; `sort` orders the members of each binding as the cases ask."""

    def text(value: Any) -> str:
        return json_text(from_json(value, max_depth=500))

    def ordered(value: Any) -> Any:
        return sorted(value, key=text) if sort and isinstance(value, list) else value

    return sorted(text({name: ordered(value) for name, value in item.items()}) for item in bindings)


def failure(case: dict[str, Any], read_term: Callable[[str], Any]) -> str | None:
    """Why a case fails, or None. Raises `RegoCompileError` when its plan needs a builtin that doesn't exist."""
    strict = bool(case.get("strict_error"))
    program = Program(read_plan(case["plan"]), case.get("data"), strict_builtin_errors=strict)
    given = from_json(case["input"]) if "input" in case else ...
    if "input_term" in case:
        given = read_term(case["input_term"])
    code, message = case.get("want_error_code"), case.get("want_error")
    try:
        found = program.results(case["entrypoints"][0], given)
    except RegoEvaluationError as error:
        if error.code == "builtin_refused":
            return None
        if code is None and message is None:
            return f"unexpected error {error}"
        # The cases name their files `test-<n>.rego`, the plans `module-<n>.rego`.
        text = f"{error.file}:{error.row}: {error.code}: {error.message}".replace("module-", "test-")
        worded = error.code == "eval_conflict_error" and message is not None
        fine = code in {None, error.code} and (message in text if worded else True)
        return None if fine else f"wanted {code} {message}, got {text}"
    if code is not None or message is not None:
        return f"wanted {code} {message}, got {found!r:.200}"
    sort = bool(case.get("sort_bindings"))
    got = shown([to_json(item) for item in found], sort=sort)
    want = shown(case["want_plan_result"] or [], sort=sort)
    return None if got == want else f"wanted {want}, got {got}"


def test_every_case_whose_builtins_exist_answers_as_opa_does(
    cases: list[dict[str, Any]], read_term: Callable[[str], Any]
) -> None:
    failed: dict[str, str] = {}
    counts: dict[str, int] = defaultdict(int)
    for case in cases:
        try:
            reason = failure(case, read_term)
        except RegoCompileError as error:
            if "is not among the builtins" in error.message:
                counts["missing builtin"] += 1
                continue
            reason = str(error)
        counts["passed" if reason is None else "failed"] += 1
        if reason is not None and case["note"] not in KNOWN:
            failed[case["note"]] = reason[:500]
    assert not failed
    assert counts["passed"] >= 1500


def test_plans_are_written_as_they_are_read(cases: list[dict[str, Any]]) -> None:
    for case in cases[::20]:
        plan = read_plan(case["plan"])
        assert read_plan(json.dumps(write_plan(plan))) == plan
