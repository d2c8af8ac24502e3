"""What is reported of ordinary commands and of evasions: the cases stand in `cases.yaml` and in the public bypass file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from policy_engine.documents.action import Action, ShellDetail
from policy_engine.parsers.shell import DIALECTS, parse_shell

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text("utf-8"))
BYPASS = Path(__file__).parents[4] / "shared" / "data" / "shell" / "bypass.jsonl"


def details(action: Action) -> list[ShellDetail]:
    return [item.detail for item in action.operations if isinstance(item.detail, ShellDetail)]


def files(action: Action, access: str) -> list[str]:
    return sorted({item.name for item in action.resources if item.kind == "file" and item.access == access})


@pytest.mark.parametrize("case", CASES, ids=[case["text"] for case in CASES])
def test_a_text_is_reported_as_the_case_says(case: dict[str, Any]) -> None:
    action = parse_shell(case["text"])
    found: dict[str, Any] = {
        "argv": [list(item.argv) for item in details(action)],
        "flags": sorted(map(str, action.flags)),
        "opaque": action.opaque,
        "reads": files(action, "read"),
        "writes": files(action, "write"),
        "hosts": sorted({item.name for item in action.resources if item.kind == "host"}),
        "codes": sorted({str(problem.code) for problem in action.problems}),
        "parents": [item.parent for item in action.operations],
        "wrappers": [item.wrapper for item in details(action)],
        "users": [item.user for item in details(action)],
        "effects": [sorted(map(str, item.effects)) for item in action.operations],
    }
    expected = {"opaque": False, **{key: value for key, value in case.items() if key != "text"}}
    assert {key: found[key] for key in expected} == expected, action.problems


def bypasses() -> list[dict[str, Any]]:
    if not BYPASS.exists():
        return []
    return [json.loads(line) for line in BYPASS.read_text("utf-8").splitlines()]


@pytest.mark.skipif(not BYPASS.exists(), reason="../shared/data/shell/bypass.jsonl isn't here")
@pytest.mark.parametrize("case", bypasses(), ids=lambda case: case["id"])
def test_a_command_that_an_evasion_runs_is_reported_exactly_or_opaque(case: dict[str, Any]) -> None:
    action = parse_shell(case["command"])
    reported = [list(item.argv) for item in details(action)]
    executed = case["executed_in_jail"]
    assert action.opaque or executed is None or executed in reported
    for word, holds in (
        ("opaque", action.opaque),
        ("background", "background" in action.flags),
        ("network", "network" in action.flags),
        ("two commands", len(reported) == 2),
        ("61 commands", len(reported) == 61),
        ("writes the file", bool(files(action, "write"))),
        ("writes with no command", bool(files(action, "write"))),
        ("substitution: id", ["id"] in reported),
        ("recurse", ["id"] in reported),
        ("reject", "parse_error" in action.flags),
        ("environment -> code", "sensitive_assignment" in action.flags),
    ):
        report = case["honest_report"]
        exceptions = (
            "unless",
            "or resolved",
            "unknown wrapper option",
            "unknown option ->",
            "other login shell",
        )
        if word in report and not any(exception in report for exception in exceptions):
            assert holds, (word, report)


@pytest.mark.parametrize(
    "text",
    [
        "echo $'x'",
        "a=(1)",
        "[[ a ]]",
        "cat <(id)",
        "a &> f",
        "cat <<< x",
        "x+=1",
        "f |& g",
        "function f { a; }",
    ],
)
def test_what_shells_called_sh_read_differently_is_refused_for_sh_and_read_for_bash(text: str) -> None:
    assert "parse_error" in parse_shell(text, dialect="sh").flags
    assert "parse_error" not in parse_shell(text, dialect="bash").flags


def test_sh_reads_what_posix_defines() -> None:
    action = parse_shell("for f in a b; do cat x | grep y > z; done; f() { id; }", dialect="sh")
    assert not action.opaque
    assert [item.argv[0] for item in details(action)] == ["cat", "grep", "f", "id"]


def test_an_unknown_dialect_is_opaque_and_says_which_are_known() -> None:
    action = parse_shell("ls", dialect="zsh")
    assert action.opaque
    assert action.problems[0].code == "unknown_dialect"
    assert all(dialect in action.problems[0].message for dialect in DIALECTS)


def test_paths_are_absolute_when_the_caller_knows_the_directory() -> None:
    action = parse_shell("rm x; cat ../y", cwd="/srv/app", user="ana")
    assert files(action, "write") == ["/srv/app/x"]
    assert files(action, "read") == ["/srv/y"]
    assert {item.cwd for item in details(action)} == {"/srv/app"}
    assert {item.user for item in details(action)} == {"ana"}


def test_a_syntax_error_names_its_line_and_column() -> None:
    problem = parse_shell("echo ok\nif true; then\n  id )\nfi").problems[0]
    assert (problem.line, problem.column) == (3, 6)


def test_null_covers_only_unknown_words(covers: Callable[[tuple[str | None, ...], list[str]], bool]) -> None:
    assert covers(("rm", None, "x"), ["rm", "x"])
    assert covers(("rm", None, "x"), ["rm", "a", "b", "x"])
    assert not covers(("rm", "x"), ["rm", "y"])
    assert not covers(("rm", None, "x"), ["rm", "a"])
