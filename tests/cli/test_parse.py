"""`sod-policy parse`: documents on standard output, one process for many texts, and clear errors."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize(
    ("arguments", "verbs"),
    [
        (["sql", "DELETE FROM orders; SELECT 1"], ["delete", "select"]),
        (["sql", "SELECT `a` FROM t", "--dialect", "mysql"], ["select"]),
        (["kubectl", "kubectl -n shop delete pod web-1"], ["delete"]),
        (["kubernetes", "GET /api/v1/namespaces/shop/pods"], ["list"]),
        (["shell", "ls -l /tmp | wc -l"], ["exec", "exec"]),
    ],
    ids=lambda value: value[0],
)
def test_each_kind_of_text_becomes_a_document(
    sod_policy: Run, arguments: list[str], verbs: list[str]
) -> None:
    done = sod_policy("parse", *arguments)
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert document["schema"] == "sod.action/v1"
    assert [operation["verb"] for operation in document["operations"] if operation["parent"] is None] == verbs


def test_the_text_may_come_from_standard_input(sod_policy: Run) -> None:
    assert (
        json.loads(sod_policy("parse", "sql", stdin="TRUNCATE orders").stdout)["operations"][0]["verb"]
        == "truncate"
    )


def test_a_schema_file_resolves_names(sod_policy: Run, acme: Path) -> None:
    done = sod_policy(
        "parse", "sql", "SELECT contact FROM customer_contacts", "--schema", acme / "schema.sql"
    )
    (column,) = json.loads(done.stdout)["operations"][0]["detail"]["columns_out"]
    assert column == {"name": "contact", "sources": ["public.customers.email"], "exact": True}


def test_lines_are_answered_in_order_by_one_process(sod_policy: Run) -> None:
    lines = [
        {"id": "a", "text": "SELECT 1"},
        {"id": 2, "text": "SELECT [x] FROM t", "dialect": "tsql"},
        {"id": None, "text": "DELETE FROM"},
    ]
    done = sod_policy("parse", "sql", "--jsonl", stdin="\n".join(map(json.dumps, lines)))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [answer["id"] for answer in answers] == ["a", 2, None]
    assert [answer["action"]["dialect"] for answer in answers] == ["postgres", "tsql", "postgres"]
    assert [answer["action"]["opaque"] for answer in answers] == [False, False, True]


def test_lines_of_requests_have_method_and_path(sod_policy: Run) -> None:
    line = {"id": 1, "method": "DELETE", "path": "/api/v1/namespaces/shop/pods/web-1"}
    done = sod_policy("parse", "kubernetes", "--jsonl", stdin=json.dumps(line))
    assert json.loads(done.stdout)["action"]["operations"][0]["verb"] == "delete"


def test_a_broken_line_is_answered_with_an_error_and_the_rest_goes_on(sod_policy: Run) -> None:
    done = sod_policy(
        "parse", "shell", "--jsonl", stdin='{"id": 1\n[]\n{"id": 3}\n\xff\n{"id": 4, "text": "ls"}\n'
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [answer.get("error", {}).get("line") for answer in answers] == [1, 2, 3, 4, None]
    assert answers[2]["id"] == 3
    assert answers[4]["action"]["operations"][0]["verb"] == "exec"


@pytest.mark.parametrize("text", [7, None, [[]], {"a": 1}, True])
def test_a_text_that_is_no_string_is_an_opaque_action(sod_policy: Run, text: object) -> None:
    for kind in ("sql", "shell", "kubectl", "kubernetes"):
        done = sod_policy("parse", kind, "--jsonl", stdin=json.dumps({"id": 1, "text": text}))
        action = json.loads(done.stdout)["action"]
        assert action["opaque"], kind
        assert action["problems"][0]["code"] == "invalid_type", kind


@pytest.mark.parametrize("kind", ["sql", "shell", "kubectl", "kubernetes"])
@pytest.mark.parametrize(
    "data",
    [b"", b" \n", os.urandom(2_000), b"SELECT '\xff'", b"ls\x00-l", b"x" * 10_000_000],
    ids=["empty", "blank", "random", "no_utf8", "nul", "10_mb"],
)
def test_hostile_bytes_become_an_opaque_action(sod_policy: Run, kind: str, data: bytes) -> None:
    done = sod_policy("parse", kind, stdin=data)
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert document["opaque"]
    assert document["problems"]


def test_an_unknown_dialect_is_a_usage_error_that_lists_the_known_ones(sod_policy: Run) -> None:
    done = sod_policy("parse", "sql", "SELECT 1", "--dialect", "dbase")
    assert done.returncode == 2
    assert "`dbase`" in done.stderr
    assert "postgres" in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("missing.sql", None, "file_missing"),
        (".", None, "file_is_folder"),
        ("empty.sql", b"", "file_empty"),
        ("broken.sql", b"CREATE TABLE (", "schema"),
        ("latin.sql", b"-- \xe9", "schema_invalid"),
    ],
)
def test_a_bad_schema_file_is_an_error(
    sod_policy: Run, tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = sod_policy("parse", "sql", "SELECT 1", "--schema", tmp_path / name)
    assert done.returncode == 1
    assert code in done.stderr
