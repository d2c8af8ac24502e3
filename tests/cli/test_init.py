"""`sod-policy init`: what it writes is green as it stands, and it never overwrites anything."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def repository(sod_policy: Run, tmp_path: Path) -> Path:
    done = sod_policy("init", "Acme Shop", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "sod-policy test ." in done.stdout
    return tmp_path / "Acme Shop"


def test_it_writes_bundle_cases_workflow_and_readme(repository: Path) -> None:
    files = {path.relative_to(repository).as_posix() for path in repository.rglob("*") if path.is_file()}
    assert files == {
        ".github/workflows/policy.yaml",
        "README.md",
        "bundle/.manifest",
        "bundle/approvals.yaml",
        "bundle/conflicts.yaml",
        "bundle/duties.yaml",
        "bundle/masks.yaml",
        "bundle/policy.rego",
        "bundle/policy_test.rego",
        "cases/acme-shop_cases.yaml",
        "cases/ana.json",
        "cases/prod.json",
    }
    assert all("{{" not in (repository / file).read_text() or ".github" in file for file in files)


def test_its_tests_are_green(sod_policy: Run, repository: Path) -> None:
    done = sod_policy("test", ".", cwd=repository)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_broken_rule_and_a_broken_case_are_found(sod_policy: Run, repository: Path) -> None:
    rego = repository / "bundle" / "policy.rego"
    rego.write_text(rego.read_text().replace('link.kind == "agent"', 'link.kind == "robot"'))
    cases = repository / "cases" / "acme-shop_cases.yaml"
    cases.write_text(cases.read_text().replace("verdict: mask, masks: [contact]", "verdict: allow"))
    done = sod_policy("test", ".", cwd=repository)
    assert done.returncode == 2
    assert "test_an_agent_does_not_run_commands_in_containers" in done.stdout
    assert "e-mail addresses are masked under any name" in done.stdout
    assert "expected `allow`, got `mask`" in done.stdout


def test_its_readme_example_decides(sod_policy: Run, repository: Path) -> None:
    text = "DELETE FROM orders WHERE id = 7"
    files = ["--bundle", "bundle", "--identity", "cases/ana.json", "--context", "cases/prod.json"]
    assert sod_policy("decide", "sql", text, *files, cwd=repository).returncode == 3


def test_its_workflow_runs_the_tests(repository: Path) -> None:
    workflow = yaml.safe_load((repository / ".github/workflows/policy.yaml").read_text())
    steps = workflow["jobs"]["test"]["steps"]
    assert steps[-1]["run"] == "sod-policy test ."


def test_nothing_is_overwritten(sod_policy: Run, repository: Path) -> None:
    readme = repository / "README.md"
    readme.write_text("mine")
    done = sod_policy("init", repository)
    assert done.returncode == 1
    assert "file_exists" in done.stderr
    assert readme.read_text() == "mine"


def test_a_file_in_the_way_is_an_error(sod_policy: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    done = sod_policy("init", tmp_path / "taken")
    assert done.returncode == 1
    assert "taken" in done.stderr


def test_a_full_disk_is_an_error(sod_policy: Run) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = subprocess.run(
        ["/bin/sh", "-c", f'"{sod_policy("version").args[0]}" version > /dev/full'],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr
