"""`sod-policy decide`: the exit status tells the verdict, and every bad input is a sentence with a code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def decide(sod_policy: Run, acme: Path) -> Run:
    """Return a function that decides a text by the example bundle for its DBA in production."""

    def run(kind: str, text: str, *extra: str | Path) -> subprocess.CompletedProcess[str]:
        who = acme / "identities" / "ana_dba.json"
        fixed = ["--bundle", acme / "bundle", "--identity", who, "--context", acme / "prod.json"]
        schema = ["--schema", acme / "schema.sql"] if kind == "sql" else []
        return sod_policy("decide", kind, text, *fixed, *schema, *extra)

    return run


@pytest.mark.parametrize(
    ("kind", "text", "verdict", "status"),
    [
        ("sql", "SELECT id FROM orders", "allow", 0),
        ("sql", "SELECT email FROM customers", "mask", 0),
        ("sql", "DELETE FROM orders WHERE id = 7", "approve", 3),
        ("sql", "DROP ROLE ana", "deny", 4),
        ("kubectl", "kubectl delete namespace shop", "deny", 4),
        ("kubernetes", "DELETE /api/v1/namespaces/shop", "deny", 4),
        ("shell", "sudo reboot", "deny", 4),
    ],
)
def test_the_exit_status_tells_the_verdict(
    decide: Run, kind: str, text: str, verdict: str, status: int
) -> None:
    done = decide(kind, text, "--format", "json")
    assert json.loads(done.stdout)["verdict"] == verdict
    assert done.returncode == status


def test_the_pretty_form_shows_verdict_reason_and_approvers(decide: Run) -> None:
    done = decide("sql", "DELETE FROM orders WHERE id = 7")
    assert done.returncode == 3
    for part in ("approve", "1 of dba-lead", "bound to sha256:", "delete: delete public.orders"):
        assert part in done.stdout


def test_markup_and_control_codes_of_the_requester_stay_text(decide: Run) -> None:
    done = decide("shell", "echo '[red]x[/red]' '\x1b[2J\x07'")
    assert "[red]x[/red]" in done.stdout
    assert "\x1b[2J" not in done.stdout
    assert "\\x1b[2J\\x07" in done.stdout


def test_a_grant_from_a_file_counts(decide: Run, tmp_path: Path) -> None:
    asked = json.loads(decide("sql", "DELETE FROM orders WHERE id = 7", "--format", "json").stdout)
    grant = {
        "id": "G-1",
        "bound_to": asked["approval"]["bound_to"],
        "requested_by": "ana",
        "approvals": [{"person": "lena", "groups": ["dba-lead"]}],
        "expires_at": "2999-01-01T00:00:00Z",
    }
    (tmp_path / "grants.json").write_text(json.dumps([grant]))
    assert (
        decide("sql", "DELETE FROM orders WHERE id = 7", "--grants", tmp_path / "grants.json").returncode == 0
    )
    assert (
        decide("sql", "DELETE FROM orders WHERE id = 8", "--grants", tmp_path / "grants.json").returncode == 3
    )


@pytest.mark.parametrize(
    ("option", "content", "code"),
    [
        ("--identity", b"", "file_empty"),
        ("--identity", b"{", "json_invalid"),
        ("--identity", os.urandom(200), "json_invalid"),
        ("--identity", b'{"subject": "a", "groups": [], "groups": ["dba"]}', "duplicate_key"),
        ("--identity", b'{"subject": 7}', "identity_invalid"),
        ("--identity", b'{"subject": ""}', "identity_invalid"),
        ("--identity", b'{"subject": "a", "gruops": []}', "identity_invalid"),
        ("--identity", b'{"subject": ' + b"[" * 200_000, "too_deep"),
        ("--identity", b" " * 20_000_000, "file_too_large"),
        ("--context", b'{"enviroment": "prod"}', "context_invalid"),
        ("--grants", b"{}", "grants_invalid"),
        ("--history", b'[{"persons": ["a"], "effects": ["raed"]}]', "history_invalid"),
    ],
)
def test_a_bad_document_is_an_error_with_the_files_name(
    decide: Run, tmp_path: Path, option: str, content: bytes, code: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    done = decide("sql", "SELECT 1", option, path)
    assert done.returncode == 1
    assert code in done.stderr
    assert "bad.json" in done.stderr


def test_a_missing_identity_is_an_error(decide: Run, tmp_path: Path) -> None:
    done = decide("sql", "SELECT 1", "--identity", tmp_path / "nobody.json")
    assert done.returncode == 1
    assert "file_missing" in done.stderr


@pytest.mark.parametrize(
    ("files", "code", "place"),
    [
        ({}, "bundle_empty", ""),
        ({"duties.yaml": "# nothing yet"}, "bundle_empty", "bundle"),
        ({"duties.yaml": "a: [\n"}, "yaml_invalid", "duties.yaml:2:1"),
        (
            {"duties.yaml": "a: {covers: [{effects: [raed]}], holders: {groups: [g]}}"},
            "duties_invalid",
            "duties.yaml:1:",
        ),
        ({"policy.rego": "package policy\n\nallow contains {\n"}, "rego_parse_error", "policy.rego:4:"),
        ({"policy.rego": "\x00\x01"}, "", "policy.rego"),
        ({"duties.yaml": "a: 1", "dutties.yaml": "b: 2"}, "bundle_unread_file", "dutties.yaml"),
    ],
)
def test_a_bad_bundle_is_an_error_with_file_line_and_column(
    sod_policy: Run, tmp_path: Path, identity: Path, files: dict[str, str], code: str, place: str
) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    for name, text in files.items():
        (bundle / name).write_text(text)
    done = sod_policy("decide", "sql", "SELECT 1", "--bundle", bundle, "--identity", identity)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert code in done.stderr
    assert place in done.stderr


@pytest.mark.parametrize("name", ["missing", "file.txt"])
def test_a_bundle_that_is_none_is_an_error(
    sod_policy: Run, tmp_path: Path, identity: Path, name: str
) -> None:
    (tmp_path / "file.txt").write_text("hello")
    done = sod_policy("decide", "sql", "SELECT 1", "--bundle", tmp_path / name, "--identity", identity)
    assert done.returncode == 1
    assert name in done.stderr


def test_a_bundle_without_permission_is_an_error(tmp_path: Path, identity: Path) -> None:
    bundle = tmp_path / "closed"
    bundle.mkdir(mode=0)
    command = [str(Path(sys.executable).with_name("sod-policy")), "decide", "sql", "SELECT 1"]
    command += ["--bundle", str(bundle), "--identity", str(identity)]
    if os.geteuid() == 0:  # root may read everything, unless it gives that up
        if shutil.which("setpriv") is None:
            pytest.skip("running as root, and there is no setpriv to give up its rights with")
        rights = "-dac_override,-dac_read_search"
        command = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "permission denied" in done.stderr
    assert "Traceback" not in done.stderr
