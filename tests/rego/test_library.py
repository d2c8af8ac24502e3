"""The tests of the duty library itself, run by the project's own runner."""

from __future__ import annotations

from pathlib import Path

from policy_engine.rego.test_runner import Status, find_tests, run_tests

LIBRARY = Path(__file__).parents[2] / "rego" / "library" / "sod"
SECTIONS = ("duties", "conflicts", "masks", "approvals")


def test_every_test_of_the_library_passes() -> None:
    modules = {path.name: path.read_text("utf-8") for path in sorted(LIBRARY.glob("*.rego"))}
    cases = find_tests(modules)
    assert {case.file for case in cases} == {name for name in modules if name.endswith("_test.rego")}
    data = {"sod": {section: {} for section in SECTIONS}}
    failed = [result for result in run_tests(modules, data, cases) if result.status is not Status.PASS]
    assert failed == []


def test_every_module_of_the_library_has_tests() -> None:
    names = {path.name for path in LIBRARY.glob("*.rego")}
    modules = {name for name in names if not name.endswith("_test.rego")}
    assert {name.replace(".rego", "_test.rego") for name in modules} == names - modules
