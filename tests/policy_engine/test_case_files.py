"""Case files: what is wrong in one is said with row and column, and a case that fails says what came instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policy_engine import DocumentError, PolicyEngine
from policy_engine.case_files import is_case_file, read_case_file, run_case

HEAD = "bundle: bundle\nidentities:\n  ana: {subject: ana, groups: [dba]}\n"
CASE = "  - {name: one, identity: ana, sql: SELECT 1, expect: {verdict: allow}}\n"
ACME = Path(__file__).parents[2] / "examples" / "acme"


def write(folder: Path, text: str) -> Path:
    path = folder / "x_cases.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module")
def engine() -> Iterator[PolicyEngine]:
    with PolicyEngine.load(ACME / "bundle") as engine:
        yield engine


@pytest.mark.parametrize(
    ("text", "part", "place"),
    [
        ("", "", ":1:1"),
        ("[]", "expected `object`", ":1:1"),
        (HEAD, "cases", ":1:1"),
        (HEAD + "cases: []\n", "an empty run proves nothing", ":4:"),
        (
            HEAD + "cases:\n  - {name: one, identity: ana, expect: {verdict: allow}}\n",
            "exactly one of",
            ":5:",
        ),
        (HEAD + "cases:\n" + CASE.replace("sql: SELECT 1", "sql: SELECT 1, shell: ls"), "it gives 2", ":5:"),
        (
            HEAD + "cases:\n" + CASE.replace("identity: ana", "identity: bob"),
            "`bob` is none of the identities",
            ":5:",
        ),
        (HEAD + "cases:\n" + CASE.replace("allow", "alow"), "alow", ":5:"),
        (
            HEAD + "cases:\n" + CASE.replace("sql: SELECT 1", "sql: SELECT 1, dialect: dbase"),
            "no dialect of sql",
            ":5:",
        ),
        (HEAD + "cases:\n" + CASE + CASE, "two cases are named `one`", ":6:"),
        (HEAD.replace("groups", "gruops") + "cases:\n" + CASE, "gruops", ":3:"),
        (HEAD.replace("subject: ana", "subject: ''") + "cases:\n" + CASE, "identity_invalid", "x_cases.yaml"),
        (HEAD.replace("{subject: ana, groups: [dba]}", "nobody.json") + "cases:\n" + CASE, "nobody.json", ""),
        ("schema: none.sql\n" + HEAD + "cases:\n" + CASE, "none.sql", ""),
        ("bundle: [\n", "", ":2:1"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path: Path, text: str, part: str, place: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_case_file(write(tmp_path, text))
    assert part in str(caught.value)
    assert place in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x_cases.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DocumentError, match="not UTF-8"):
        read_case_file(path)


def test_each_case_knows_its_row(tmp_path: Path) -> None:
    file = read_case_file(
        write(tmp_path, HEAD + "cases:\n" + CASE + "\n" + CASE.replace("name: one", "name: two"))
    )
    assert file.rows == (5, 7)


@pytest.mark.parametrize(
    ("expect", "difference"),
    [
        ({"verdict": "allow"}, "verdict: expected `allow`, got `mask`"),
        ({"verdict": "mask", "rules": ["x"]}, "rules: expected `x`, got `sod.coverage`, `sod.masking`"),
        ({"verdict": "mask", "masks": ["name"]}, "masks: expected `name`, got `email`"),
        ({"verdict": "mask", "approvers": ["lead"]}, "approvers: expected `lead`, got none"),
    ],
)
def test_a_failing_case_says_what_came_and_why(
    engine: PolicyEngine, tmp_path: Path, expect: dict[str, Any], difference: str
) -> None:
    text = (
        HEAD
        + "cases:\n"
        + CASE.replace("{verdict: allow}", str(expect)).replace(
            "SELECT 1", "SELECT email FROM public.customers"
        )
    )
    file = read_case_file(write(tmp_path, text))
    outcome = run_case(engine, file, file.cases[0])
    assert difference in outcome.differences
    assert any(line.startswith("because ") for line in outcome.differences)


def test_this_stands_for_the_case_itself(engine: PolicyEngine) -> None:
    file = read_case_file(ACME / "acme_cases.yaml")
    (case,) = [case for case in file.cases if case.name == "a lead has approved exactly this"]
    assert case.grants[0].bound_to == "this"
    assert run_case(engine, file, case).decision.verdict == "allow"


@pytest.mark.parametrize(
    ("name", "is_one"), [("a_cases.yaml", True), ("b_cases.yml", True), ("cases.yaml", False)]
)
def test_case_files_are_known_by_name(name: str, is_one: bool) -> None:
    assert is_case_file(Path(name)) is is_one
