"""docs/case-files.md: its example passes as shown, fails as shown, and its tables name every field."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from policy_engine import DocumentError
from policy_engine.case_files import Case, Expectation, read_case_file
from policy_engine.cli.test import test_command as command

PAGE = (Path(__file__).parents[2] / "docs" / "case-files.md").read_text("utf-8")
SHOWN = re.findall(r"```text\n(.*?)```", PAGE, re.S)
ERRORS = re.findall(r"^\| (`.+`) \| (.+) \|$", PAGE.split("Errors of the file itself", 1)[1], re.M)

HEAD = "bundle: ../bundle\nidentities:\n  ana: {subject: ana, groups: [clerk]}\n"
WRONG = """cases:
  - name: a clerk sees addresses
    identity: ana
    sql: SELECT email FROM public.customers
    expect: {verdict: allow, masks: []}
"""
CASE = """cases:
  - name: a clerk reads orders
    identity: ana
    sql: SELECT 1
    expect: {verdict: allow}
"""
MISTAKES: dict[str, Callable[[str], str]] = {
    "`identity: bob`": lambda text: text.replace("identity: ana", "identity: bob"),
    "`expect: {verdict: alow}`": lambda text: text.replace("allow", "alow"),
    "`sql: SELECT 1` and `shell: ls`": lambda text: text.replace("SELECT 1", "SELECT 1\n    shell: ls"),
    "`dialect: dbase`": lambda text: text.replace("SELECT 1", "SELECT 1\n    dialect: dbase"),
    "`cases: []`": lambda text: text.split("  - name", 1)[0].replace("cases:", "cases: []"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the files of the example, made the current one."""
    for name, text in re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.S):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fields_of_table(title: str) -> set[str]:
    """Return the words in the first column of the first table after a text."""
    table = PAGE.split(title, 1)[1].split("|---|---|\n", 1)[1].split("\n\n", 1)[0]
    return {word for line in table.splitlines() for word in re.findall(r"`(\w+)`", line.split("|")[1])}


def test_the_example_passes_as_shown(folder: Path) -> None:
    done = CliRunner().invoke(command, ["."])
    assert (done.exit_code, done.output) == (0, SHOWN[0].split("\n", 1)[1])


def test_a_failure_looks_as_shown(folder: Path) -> None:
    (folder / "cases" / "wrong_cases.yaml").write_text(HEAD + WRONG, "utf-8")
    done = CliRunner().invoke(command, ["."])
    assert (done.exit_code, done.output) == (2, SHOWN[1])


def test_a_run_of_nothing_is_an_error(folder: Path) -> None:
    assert CliRunner().invoke(command, [".", "-r", "no such case"]).exit_code == 1


def test_the_tables_name_every_field() -> None:
    assert fields_of_table("## The file") == {"bundle", "identities", "cases", "schema"}
    assert fields_of_table("## A case") == set(Case.__struct_fields__)
    assert fields_of_table("`expect`:\n") == set(Expectation.__struct_fields__)


def test_every_mistake_of_the_page_is_tried() -> None:
    assert {mistake for mistake, _ in ERRORS} == set(MISTAKES)


@pytest.mark.parametrize(("mistake", "sentence"), ERRORS)
def test_a_mistake_gets_the_error_shown(folder: Path, mistake: str, sentence: str) -> None:
    path = folder / "cases" / "bad_cases.yaml"
    path.write_text(MISTAKES[mistake](HEAD + CASE), "utf-8")
    with pytest.raises(DocumentError, match=re.escape(sentence)):
        read_case_file(path)


@pytest.mark.parametrize(
    ("expires_at", "verdict"),
    [
        ('"2999-01-01T00:00:00Z"', "allow"),
        ('"2000-01-01T00:00:00Z"', "approve"),
        ('"2999-01-01T00:00:00"', "approve"),
    ],
)
def test_grants_end_by_the_clock_and_need_a_zone(folder: Path, expires_at: str, verdict: str) -> None:
    path = folder / "cases" / "shop_cases.yaml"
    text = path.read_text("utf-8").replace('"2999-01-01T00:00:00Z"', expires_at)
    path.write_text(text, "utf-8")
    done = CliRunner().invoke(command, ["cases/shop_cases.yaml", "-r", "exactly this"])
    assert done.exit_code == (0 if verdict == "allow" else 2), done.output


def test_the_bundle_may_be_one_file(folder: Path) -> None:
    with tarfile.open(folder / "b.tar.gz", "w:gz") as archive:
        archive.add(folder / "bundle", ".")
    path = folder / "cases" / "shop_cases.yaml"
    path.write_text(path.read_text("utf-8").replace("../bundle", "../b.tar.gz"), "utf-8")
    assert CliRunner().invoke(command, ["cases"]).output == "PASS: 8/8\n"
