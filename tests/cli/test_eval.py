"""`sod-policy eval` beside `opa eval`: the same output and exit status for the same question."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policy_engine.cli.eval import eval_command

POLICY = """package p

import rego.v1

deny contains 1
deny contains 2
f := false
u if input.nope
o := {"a": {"b": [1, 2.5, "x<y>&\\u2028é"]}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "p.rego").write_text(POLICY)
    (tmp_path / "i.json").write_text('{"x": 2, "n": null}')
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/any.json").write_text('{"a": 1}')
    (tmp_path / "tree/sub/data.yaml").write_text("b: 2\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(eval_command, list(arguments), input=stdin)


QUERIES = [
    "1 == 2",
    "x := 1; false",
    "some x; x = 1",
    "some x in [1,2]",
    "not false",
    "not true",
    "data.p.deny[x]",
    "x := 1; y := [2,3][_]",
    'input.x with input as {"x":5}',
    "data.p.u",
    "data.p.f",
    "every x in [1] {x > 0}",
    "x = 1; 5",
    "data",
    "1;2\n3",
    "walk([1],[p,v])",
    "data.p.o",
    'x := "a\\"b\\n"',
    "input.n",
]


@pytest.mark.parametrize("query", QUERIES)
def test_results_are_those_of_opa(folder: Path, query: str) -> None:
    opa = shutil.which("opa", path=f"{os.environ['PATH']}:{Path.home() / 'go/bin'}")
    if opa is None:
        pytest.skip("opa is neither on PATH nor in ~/go/bin")
    for form in ("json", "pretty", "raw", "values", "bindings"):
        arguments = ["-f", form, "-d", "p.rego", "-i", "i.json", query]
        theirs = subprocess.run([opa, "eval", *arguments], capture_output=True, text=True)
        ours = run(*arguments)
        assert (ours.stdout, ours.exit_code) == (theirs.stdout, theirs.returncode), form


def test_the_json_shape_is_known_without_opa(folder: Path) -> None:
    found = json.loads(run("-d", "p.rego", "x := 1; data.p.f == false").stdout)
    assert found == {
        "result": [
            {
                "expressions": [
                    {"value": True, "text": "x := 1", "location": {"row": 1, "col": 1}},
                    {"value": True, "text": "data.p.f == false", "location": {"row": 1, "col": 9}},
                ],
                "bindings": {"x": 1},
            }
        ]
    }
    assert json.loads(run("data.nothing").stdout) == {}


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--fail", "data.zz"], 1),
        (["--fail", "1"], 0),
        (["--fail", "false"], 0),
        (["--fail-defined", "1"], 1),
        (["--fail-defined", "data.zz"], 0),
        (["1 +"], 2),
        (["-d", "nosuch", "1"], 2),
        (["-i", "nosuch", "1"], 2),
        ([], 2),
        (["--coverage", "1"], 1),
        (["-O", "1", "1"], 1),
        (["--timeout", "soon", "1"], 2),
        (["--timeout", "300ms", "count(numbers.range(1, 100000000))"], 2),
    ],
)
def test_the_exit_status_is_that_of_opa(folder: Path, arguments: list[str], status: int) -> None:
    assert run(*arguments).exit_code == status


@pytest.mark.parametrize(
    ("text", "query", "code", "row", "col"),
    [
        ("package q\n\nx := 1 +\n", "1", "rego_parse_error", 4, 1),
        ("package q\n\nx := foo(1)\n", "1", "rego_type_error", 3, 6),
        ("package q\n", "bar(1)", "rego_type_error", 1, 1),
        ("package q\n", "y", "rego_unsafe_var_error", 1, 1),
    ],
)
def test_errors_have_the_shape_of_opa(
    folder: Path, text: str, query: str, code: str, row: int, col: int
) -> None:
    (folder / "q.rego").write_text(text)
    (error,) = json.loads(run("-d", "q.rego", query).stdout)["errors"]
    assert error["code"] == code
    assert (error["location"]["row"], error["location"]["col"]) == (row, col)


def test_data_prefixes_ignore_package_imports_and_stdin(folder: Path) -> None:
    assert run("-d", "tree", "-f", "raw", "data").stdout == '{"a":1,"sub":{"b":2}}\n'
    assert run("-d", "q.r:tree", "-f", "raw", "data.q.r.sub").stdout == '{"b":2}\n'
    assert run("-d", "tree", "--ignore", "sub", "-f", "raw", "data").stdout == '{"a":1}\n'
    assert run("-d", "p.rego", "--package", "p", "-f", "raw", "f").stdout == "false\n"
    assert run("-d", "p.rego", "--import", "data.p as q", "-f", "raw", "q.f").stdout == "false\n"
    assert run("--stdin", "-f", "raw", stdin="1 + 1").stdout == "2\n"
    assert run("-I", "-f", "raw", "input.a", stdin='{"a": 1}').stdout == "1\n"


def test_a_byte_level_builtin_in_the_query_works_over_a_policy_with_quotes(folder: Path) -> None:
    (folder / "q.rego").write_text('package q\n\nx := "a\\"b"\n')
    assert run("-d", "q.rego", "-f", "raw", 'regex.match(`^a\\d$`, "a1")').stdout == "true\n"
