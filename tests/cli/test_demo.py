"""`sod-policy demo`: every row is held to what the example says, and all of it is shown."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from policy_engine.case_files import Case, CaseFile, read_case_file, run_case
from policy_engine.engine import PolicyEngine

ACME = Path(__file__).parents[2] / "examples" / "acme"
FILE = read_case_file(ACME / "acme_cases.yaml")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def engine() -> Iterator[PolicyEngine]:
    with PolicyEngine.load(FILE.bundle) as engine:
        yield engine


@pytest.mark.parametrize("case", FILE.cases, ids=lambda case: case.name)
def test_every_row_gets_the_verdict_that_the_example_expects(engine: PolicyEngine, case: Case) -> None:
    assert run_case(engine, FILE, case).differences == ()


def test_the_example_covers_what_it_promises() -> None:
    def kinds(file: CaseFile) -> set[str]:
        return {
            case.kind if case.kind != "sql" else f"sql {case.dialect or 'postgres'}" for case in file.cases
        }

    assert len(FILE.cases) >= 30
    assert kinds(FILE) >= {"sql postgres", "sql mysql", "kubectl", "shell"}
    assert {case.identity for case in FILE.cases} == set(FILE.identities)
    assert len(FILE.identities) == 5
    assert {case.expect.verdict.value for case in FILE.cases} == {"allow", "deny", "mask", "approve"}
    assert FILE.identities["executor"].depth == 2


def test_the_demo_shows_every_row_and_one_decision_in_full(sod_policy: Run) -> None:
    done = sod_policy("demo", "--width", "400")
    assert done.returncode == 0, done.stderr
    for case in FILE.cases:
        assert case.text[:60] in done.stdout, case.name
    assert f"{len(FILE.cases)} decisions:" in done.stdout
    assert "bound to sha256:" in done.stdout


def test_the_demo_fits_a_narrow_terminal(sod_policy: Run) -> None:
    done = sod_policy("demo", "--width", "80")
    assert done.returncode == 0
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
