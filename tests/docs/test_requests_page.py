"""docs/requests.md: its documents, tables, Python and commands are run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from policy_engine import (
    Action,
    ChainLink,
    Context,
    Grant,
    HistoryFact,
    Identity,
    Plan,
    PolicyEngine,
    Session,
    Target,
)
from policy_engine.documents.request import Approval
from policy_engine.parsers import parse_sql
from policy_engine.parsers.dispatch import parse_text

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "requests.md").read_text("utf-8")
FILES = dict(re.findall(r"^`(\w+\.json)`:\n\n```json\n(.*?)```", PAGE, re.M | re.S))
ANSWERS = re.findall(r"^\| `(\w+\.json)` \| `([^`]+)` \| (allow|deny) \|", PAGE, re.M)
ERRORS = [
    (document, nested or plain)
    for document, nested, plain in re.findall(
        r"^\| `(\{.+\})` \| (?:`` (.+) ``|`([^`]+)`) \| .+ \|$", PAGE, re.M
    )
]
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE, re.S)
DELETE = parse_sql("DELETE FROM public.orders WHERE id = 7")
ANA = Identity(subject="ana", groups=("dba",))
PROD = Context(environment="prod")


@pytest.fixture(scope="module")
def acme() -> Iterator[PolicyEngine]:
    with PolicyEngine.load(ROOT / "examples" / "acme" / "bundle") as engine:
        yield engine


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the page's documents and the examples, made the current one."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def identity(name: str) -> Identity:
    return msgspec.json.decode(FILES[name], type=Identity)


def columns_of(title: str, column: int) -> set[str]:
    """Return the words in a column of the first table after a text."""
    table = PAGE.split(title, 1)[1].split("---|\n", 1)[1].split("\n\n", 1)[0]
    return {word for line in table.splitlines() for word in re.findall(r"`(\w+)`", line.split("|")[column])}


def test_the_page_has_its_documents() -> None:
    assert set(FILES) == {"ana.json", "ci.json", "one.json", "two.json", "prod.json", "history.json"}
    assert (len(ANSWERS), len(ERRORS), len(COMMANDS)) == (6, 7, 3)


@pytest.mark.parametrize(("name", "text", "verdict"), ANSWERS)
def test_an_identity_gets_its_answer(acme: PolicyEngine, name: str, text: str, verdict: str) -> None:
    action = parse_text("kubectl" if text.startswith("kubectl") else "sql", text)
    answer = acme.decide(identity(name), action, PROD)
    assert answer.verdict == verdict, answer.reasons


def test_what_is_left_out_is_completed_as_the_page_says() -> None:
    assert identity("ana.json").chain == (ChainLink(sub="ana", kind="human"),)
    two = identity("two.json")
    assert (two.actor, two.depth, two.conflict_set) == ("executor", 2, ("ana", "executor", "olga", "planner"))
    assert identity("ci.json").conflict_set == ("carl", "ci-release")
    stated = Identity(subject="ana", depth=7, conflict_set=("ana-admin",))
    assert (stated.depth, stated.conflict_set) == (0, ("ana", "ana-admin"))


def test_the_tables_name_every_field() -> None:
    assert columns_of("| field | meaning | left out |\n|", 1) == set(Identity.__struct_fields__)
    assert columns_of("## Context", 1) == set(Context.__struct_fields__)
    assert columns_of("## History", 1) == set(HistoryFact.__struct_fields__)


def test_history_reaches_the_pages_rule(folder: Path) -> None:
    (rego,) = re.findall(r"```rego\n# bundle/policy.rego\n(.*?)```", PAGE, re.S)
    allow = '\nallow contains {"rule": "test.all", "message": "for the test"}\n'
    (folder / "bundle").mkdir()
    (folder / "bundle" / "policy.rego").write_text(rego + allow, "utf-8")
    history = msgspec.json.decode(FILES["history.json"], type=list[HistoryFact])
    with PolicyEngine.load(folder / "bundle") as engine:
        assert engine.decide(ANA, DELETE, history=history).reasons[0].rule == "shop.created_by_same"
        assert engine.decide(ANA, DELETE).verdict == "allow"
        assert engine.decide(Identity(subject="bob"), DELETE, history=history).verdict == "allow"


def test_the_python_example_runs(folder: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    assert program.count("assert ") == 4
    exec(compile(program, "requests.md", "exec"), {})


def test_the_commands_run(folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONWARNINGS": "ignore"}
    ends = [
        subprocess.run(["bash", "-c", text], env=environment, capture_output=True, check=False).returncode
        for text in COMMANDS
    ]
    assert ends == [3, 0, 3]


def bindings() -> list[tuple[str, Identity, Action, Context, bool]]:
    """Return requests that differ in one thing, and whether a grant for `DELETE` by Ana still counts."""
    other = msgspec.structs.replace
    plan = Plan(id="T-12", requested_by="bea")
    return [
        ("nothing", ANA, DELETE, PROD, True),
        ("text", ANA, parse_sql("DELETE FROM public.orders WHERE id  = 7"), PROD, False),
        ("subject", other(ANA, subject="ann", actor="", chain=()), DELETE, PROD, False),
        ("client_id", other(ANA, client_id="c"), DELETE, PROD, False),
        ("jkt", other(ANA, jkt="k"), DELETE, PROD, False),
        ("actor and chain", identity("one.json"), DELETE, PROD, False),
        ("target", ANA, DELETE, other(PROD, target=Target(name="b")), False),
        ("settings", ANA, DELETE, other(PROD, session=Session(settings={"a": "b"})), False),
        ("plan id", ANA, DELETE, other(PROD, plan=plan), False),
        ("time", ANA, DELETE, other(PROD, time="2026-01-01T00:00:00Z"), True),
        ("session id", ANA, DELETE, other(PROD, session=Session(id="s-2")), True),
        ("groups", other(ANA, groups=("dba", "x")), DELETE, PROD, True),
    ]


CHANGES = bindings()


def grant_for(engine: PolicyEngine, **changes: Any) -> Grant:
    needed = engine.decide(ANA, DELETE, PROD).approval
    assert needed is not None
    made = Grant(
        id="G",
        bound_to=needed.bound_to,
        requested_by="ana",
        approvals=(Approval(person="lena", groups=("dba-lead",)),),
        expires_at="2999-01-01T00:00:00Z",
    )
    return msgspec.structs.replace(made, **changes)


@pytest.mark.parametrize(
    ("_what", "who", "action", "context", "counts"), CHANGES, ids=[row[0] for row in CHANGES]
)
def test_a_grant_is_bound_to_what_the_page_says(
    acme: PolicyEngine, _what: str, who: Identity, action: Action, context: Context, counts: bool
) -> None:
    answer = acme.decide(who, action, context, grants=[grant_for(acme)])
    assert answer.verdict == ("allow" if counts else "approve"), answer.reasons


@pytest.mark.parametrize(
    "changes",
    [
        {"bound_to": "sha256:0"},
        {"expires_at": "2000-01-01T00:00:00Z"},
        {"expires_at": "2999-01-01T00:00:00"},
        {"used": 1},
        {"approvals": ()},
        {"approvals": (Approval(person="lena", groups=("dba",)),)},
        {"approvals": (Approval(person="lena", groups=("dba-lead",), kind="agent"),)},
        {"requested_by": "Lena"},
        {"approvals": (Approval(person="Ana", groups=("dba-lead",)),)},
    ],
    ids=str,
)
def test_a_grant_that_does_not_count_is_passed_over(acme: PolicyEngine, changes: dict[str, Any]) -> None:
    assert acme.decide(ANA, DELETE, PROD, grants=[grant_for(acme, **changes)]).verdict == "approve"


@pytest.mark.parametrize(("document", "sentence"), ERRORS)
def test_a_bad_document_gets_the_error_shown(folder: Path, document: str, sentence: str) -> None:
    (folder / "bad.json").write_text(document, "utf-8")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("sod-policy")),
            *("decide", "sql", "SELECT 1", "--bundle", "examples/acme/bundle", "--identity", "bad.json"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert sentence in done.stderr


@pytest.mark.parametrize(
    ("who", "context", "sentence"),
    [
        (
            Identity(subject="ana", chain=({"sub": "ana"},)),
            PROD,
            "holds plain values where documents are expected",
        ),  # type: ignore[arg-type]
        (ANA, Context(environment="x" * 1_100_000), "bytes; at most 1048576 are judged"),
    ],
)
def test_a_bad_document_in_python_is_a_denial(
    acme: PolicyEngine, who: Identity, context: Context, sentence: str
) -> None:
    answer = acme.decide(who, DELETE, context)
    assert answer.verdict == "deny"
    assert sentence in answer.reasons[0].message
    assert sentence in PAGE
