"""`sod-policy test`: what passes, what fails, what is an error, and how it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policy_engine.cli.test import test_command as command

POLICY = "package p\n\nallow if input.x == 1\n"
OK = 'package p_test\n\nimport data.p\n\ntest_ok if p.allow with input as {"x": 1}\n'
FAILS = '\ntest_bad if {\n\ty := 2\n\tp.allow with input as {"x": y}\n}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.rego").write_text(POLICY)
    (tmp_path / "p_test.rego").write_text(OK)
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, ["--no-library", *map(str, arguments)])


def test_a_green_run_exits_with_0(folder: Path) -> None:
    found = run(folder)
    assert (found.exit_code, found.stdout) == (0, "PASS: 1/1\n")


def test_a_failed_test_shows_its_place_and_source(folder: Path) -> None:
    (folder / "p_test.rego").write_text(OK + FAILS)
    found = run(folder)
    assert found.exit_code == 2
    assert f"{folder}/p_test.rego:7:\ndata.p_test.test_bad: FAIL" in found.stdout
    assert '     9 | \tp.allow with input as {"x": y}\n' in found.stdout
    assert found.stdout.endswith("PASS: 1/2\nFAIL: 1/2\n")


@pytest.mark.parametrize(
    ("body", "arguments", "status"),
    [
        ("test_f := false\n", [], 2),
        ("test_u if input.never\n", [], 2),
        ("test_one := 1\n", [], 0),
        ('test_e if to_number("x")\n', [], 1),
        ("todo_test_later if false\n", [], 2),
        ("todo_test_later if false\n", ["-z"], 0),
        ("test_sub[n] if some n in [1]\n", [], 1),
        ("test_x if foo(1)\n", [], 1),
        ("test_x if {\n", [], 1),
        ("", ["-r", "nothing"], 1),
        ("", ["-r", "("], 2),
        ("", ["--coverage"], 1),
        ("", ["--bench"], 1),
    ],
)
def test_the_exit_status_tells_what_happened(
    folder: Path, body: str, arguments: list[str], status: int
) -> None:
    (folder / "p_test.rego").write_text(f"{OK}\n{body}")
    assert run(folder, *arguments).exit_code == status


def test_an_empty_run_fails_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "p.rego").write_text(POLICY)
    found = run(tmp_path)
    assert found.exit_code == 1
    assert "no tests were run" in found.stderr


def test_json_has_the_shape_of_opa(folder: Path) -> None:
    (folder / "p_test.rego").write_text(OK + FAILS + "\ntodo_test_later if false\n")
    found = json.loads(run(folder, "-f", "json").stdout)
    for entry in found:
        assert isinstance(entry.pop("duration"), int)
        assert entry.pop("package") == "data.p_test"
    file = f"{folder}/p_test.rego"
    assert found == [
        {"location": {"file": file, "row": 5, "col": 1}, "name": "test_ok"},
        {"location": {"file": file, "row": 7, "col": 1}, "name": "test_bad", "fail": True},
        {"location": {"file": file, "row": 12, "col": 1}, "name": "todo_test_later", "skip": True},
    ]


def test_duties_at_the_root_are_mounted_below_sod(tmp_path: Path) -> None:
    (tmp_path / "duties.yaml").write_text("reader: {covers: []}\n")
    (tmp_path / "d_test.rego").write_text("package d_test\n\ntest_mounted if data.sod.duties.reader\n")
    found = CliRunner().invoke(command, [str(tmp_path)])
    assert (found.exit_code, found.stdout) == (0, "PASS: 1/1\n")
