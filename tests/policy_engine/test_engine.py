"""The decision path: every way in which a request can go wrong is a denial with a reason code."""

from __future__ import annotations

import tarfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from policy_engine import (
    Action,
    Approval,
    BundleError,
    ChainLink,
    Context,
    Decision,
    Grant,
    HistoryFact,
    Identity,
    PolicyEngine,
)
from policy_engine.documents.action import Resource, SqlDetail, make_action, operation
from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.documents.request import Session, Target
from policy_engine.documents.vocabulary import Access, Effect, Protocol, ResourceKind

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ANA = Identity(subject="ana", groups=("dba",))
PROD = Context(environment="prod")

DUTIES = """
read:
  covers: [{effects: [read], resources: ["public.*"]}]
  holders: {groups: [dba, analyst]}
purge:
  covers: [{effects: [delete], resources: ["public.*"]}]
  holders: {groups: [dba]}
"""
APPROVALS = """
deletions:
  when: {effects: [delete], environments: [prod]}
  approvers: [{groups: [lead], count: 2}]
"""


def sql(verb: str, effect: Effect, table: str = "public.orders", text: str = "") -> Action:
    access = Access.READ if effect is Effect.READ else Access.WRITE
    resource = Resource(kind=ResourceKind.TABLE, name=table, access=access)
    item = operation(verb, effects=[effect], resources=[resource], detail=SqlDetail())
    return make_action(Protocol.SQL, "postgres", text or f"{verb} {table}", [item])


READ = sql("select", Effect.READ)
DELETE = sql("delete", Effect.DELETE)


def opaque() -> Action:
    problem = Problem(code=ProblemCode.UNKNOWN_FUNCTION, message="`purge()` is not known")
    item = operation("select", effects=[Effect.READ], opaque_reasons=[problem.code], detail=SqlDetail())
    return make_action(Protocol.SQL, "postgres", "SELECT purge()", [item], [problem])


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., PolicyEngine]]:
    """Return a function that writes a bundle from `name=text` and loads it; engines are closed at the end."""
    engines: list[PolicyEngine] = []

    def write_and_load(**files: str) -> PolicyEngine:
        folder = tmp_path_factory.mktemp("bundle")
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text, "utf-8")
        engines.append(PolicyEngine.load(folder, clock=lambda: NOW))
        return engines[-1]

    yield write_and_load
    for engine in engines:
        engine.close()


@pytest.fixture(scope="module")
def engine(load: Callable[..., PolicyEngine]) -> PolicyEngine:
    return load(duties__yaml=DUTIES, approvals__yaml=APPROVALS)


def only_code(decision: Decision) -> str:
    assert decision.verdict == "deny"
    codes = {reason.code.value for reason in decision.reasons}
    assert len(codes) == 1
    return codes.pop()


def grant(bound_to: str, **changes: Any) -> Grant:
    voters = (Approval(person="lena", groups=("lead",)), Approval(person="luis", groups=("lead",)))
    fields: dict[str, Any] = {
        "id": "G-1",
        "bound_to": bound_to,
        "requested_by": "ana",
        "approvals": voters,
        "expires_at": "2026-11-20T13:00:00Z",
    }
    return Grant(**{**fields, **changes})


def test_what_a_duty_covers_is_allowed(engine: PolicyEngine) -> None:
    decision = engine.decide(ANA, READ, PROD)
    assert decision.verdict == "allow"
    assert [reason.rule for reason in decision.reasons] == ["sod.coverage"]
    assert decision.action_digest == READ.digest
    assert decision.policy.revision.startswith("sha256:")


def test_a_default_deny_says_what_is_missing(engine: PolicyEngine) -> None:
    decision = engine.decide(Identity(subject="ben", groups=("analyst",)), DELETE, PROD)
    assert only_code(decision) == "no_rule_matched"
    assert "no duty held by ben covers delete of table public.orders" in decision.reasons[0].message


def test_an_opaque_action_is_denied_with_what_was_not_understood(engine: PolicyEngine) -> None:
    decision = engine.decide(ANA, opaque(), PROD)
    assert only_code(decision) == "opaque_action"
    assert "`purge()` is not known" in decision.reasons[0].message


def test_an_approval_names_approvers_and_what_it_is_bound_to(engine: PolicyEngine) -> None:
    decision = engine.decide(ANA, DELETE, PROD)
    assert decision.verdict == "approve"
    assert decision.approval is not None
    assert [(entry.groups, entry.count) for entry in decision.approval.approvers] == [(("lead",), 2)]
    assert decision.approval.bound_to == engine.binding(ANA, DELETE, PROD)


def test_a_grant_for_exactly_this_lets_it_run(engine: PolicyEngine) -> None:
    bound_to = engine.binding(ANA, DELETE, PROD)
    assert engine.decide(ANA, DELETE, PROD, grants=[grant(bound_to)]).verdict == "allow"


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": "2026-11-20T12:00:00Z"},
        {"expires_at": "2026-11-20T13:00:00"},
        {"expires_at": "tomorrow"},
        {"used": 1},
        {"max_uses": 0},
        {"bound_to": "sha256:" + "0" * 64},
        {"approvals": (Approval(person="lena", groups=("lead",)),)},
        {"approvals": (Approval(person="lena", groups=("lead",)),) * 2},
        {"approvals": (Approval(person="lena", groups=("lead",)), Approval(person="ana", groups=("lead",)))},
        {"requested_by": "luis"},
        {
            "approvals": (
                Approval(person="lena", groups=("lead",)),
                Approval(person="lena ", groups=("lead",)),
            )
        },
        {"approvals": (Approval(person="lena", groups=("lead",)), Approval(person="", groups=("lead",)))},
        {
            "approvals": (
                Approval(person="lena", groups=("lead",)),
                Approval(person="\uff41na", groups=("lead",)),
            )
        },
    ],
)
def test_any_other_grant_does_not(engine: PolicyEngine, changes: dict[str, Any]) -> None:
    other = grant(**{"bound_to": engine.binding(ANA, DELETE, PROD), **changes})
    assert engine.decide(ANA, DELETE, PROD, grants=[other]).verdict == "approve"


@pytest.mark.parametrize(
    ("identity", "action", "context"),
    [
        (ANA, sql("delete", Effect.DELETE, text="delete … where id = 8"), PROD),
        (Identity(subject="ana", groups=("dba",), jkt="k"), DELETE, PROD),
        (Identity(subject="ana", groups=("dba",), client_id="c"), DELETE, PROD),
        (Identity(subject="ana", chain=(ChainLink(sub="ana"), ChainLink(sub="bot"))), DELETE, PROD),
        (ANA, DELETE, Context(environment="staging")),
        (ANA, DELETE, Context(environment="prod", target=Target(name="other"))),
        (ANA, DELETE, Context(environment="prod", session=Session(settings={"search_path": "x"}))),
    ],
)
def test_a_binding_holds_for_nothing_else(
    engine: PolicyEngine, identity: Identity, action: Action, context: Context
) -> None:
    assert engine.binding(identity, action, context) != engine.binding(ANA, DELETE, PROD)


def test_the_same_request_at_another_time_or_in_another_session_keeps_its_binding(
    engine: PolicyEngine,
) -> None:
    later = Context(environment="prod", time="2026-11-20T12:30:00Z", session=Session(id="s2"))
    assert engine.binding(ANA, DELETE, later) == engine.binding(ANA, DELETE, PROD)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("ana", READ, PROD), "identity_invalid"),
        ((Identity(subject=""), READ, PROD), "identity_invalid"),
        ((Identity(subject="a\x00b"), READ, PROD), "identity_invalid"),
        ((ANA, "SELECT 1", PROD), "request_invalid"),
        ((ANA, None, PROD), "request_invalid"),
        ((ANA, READ, {"environment": "prod"}), "request_invalid"),
        ((ANA, READ, Context(environment=7)), "request_invalid"),  # type: ignore[arg-type]
        ((ANA, READ, Context(environment="\ud800")), "request_invalid"),
        ((ANA, READ, Context(environment="x" * 2_000_000)), "request_too_large"),
    ],
    ids=str,
)
def test_nothing_that_a_requester_controls_raises(
    engine: PolicyEngine, arguments: tuple[Any, Any, Any], code: str
) -> None:
    assert only_code(engine.decide(*arguments)) == code


@pytest.mark.parametrize(
    "extras", [{"history": ["x"]}, {"grants": [7]}, {"history": 7}, {"grants": None}], ids=str
)
def test_history_and_grants_of_a_wrong_type_are_refused(engine: PolicyEngine, extras: dict[str, Any]) -> None:
    assert only_code(engine.decide(ANA, READ, PROD, **extras)) == "request_invalid"


def test_history_reaches_the_policy(load: Callable[..., PolicyEngine]) -> None:
    engine = load(
        policy__rego=(
            "package policy\nimport rego.v1\n"
            'allow contains "nobody was here" if count(input.history) == 0\n'
            "deny contains fact.persons[0] if some fact in input.history\n"
        )
    )
    fact = HistoryFact(persons=("zoe",), effects=(Effect.CREATE,))
    assert engine.decide(ANA, READ).verdict == "allow"
    assert engine.decide(ANA, READ, history=[fact]).reasons[0].message == "zoe"


@pytest.mark.parametrize(
    ("rego", "code"),
    [
        ("package policy\nimport rego.v1\nx := 1\n", "no_rule_matched"),
        ("package policy\nimport rego.v1\nallow contains 7\n", "policy_result_invalid"),
        (
            'package policy\nimport rego.v1\nallow contains {"message": "m", "opaqe": true}\n',
            "policy_result_invalid",
        ),
        (
            'package policy\nimport rego.v1\nmask contains {"message": "m", "method": "rot13"}\n',
            "policy_result_invalid",
        ),
        (
            "package policy\nimport rego.v1\nallow contains m if m := to_number(input.identity.subject)\n",
            "evaluation_error",
        ),
    ],
)
def test_a_policy_that_goes_wrong_denies(load: Callable[..., PolicyEngine], rego: str, code: str) -> None:
    assert only_code(load(policy__rego=rego).decide(ANA, READ, PROD)) == code


def test_a_policy_that_never_ends_denies(load: Callable[..., PolicyEngine]) -> None:
    rego = (
        "package policy\nimport rego.v1\n"
        'allow contains "slow" if {\n'
        "\tsome a in numbers.range(1, 90000)\n\tsome b in numbers.range(1, 90000)\n\ta * b == -1\n}\n"
    )
    assert only_code(load(policy__rego=rego).decide(ANA, READ, PROD)) in {
        "evaluation_timeout",
        "evaluation_error",
    }


def test_a_mask_without_an_allow_is_a_denial(load: Callable[..., PolicyEngine]) -> None:
    engine = load(
        policy__rego=(
            "package policy\nimport rego.v1\n"
            'mask contains {"message": "m", "method": "null", "column": "ssn"}\n'
        )
    )
    assert only_code(engine.decide(ANA, READ, PROD)) == "no_rule_matched"


def test_an_opaque_action_passes_only_where_a_rule_says_so(load: Callable[..., PolicyEngine]) -> None:
    rego = 'package policy\nimport rego.v1\nallow contains {{"rule": "x", "message": "m", "opaque": {}}}\n'
    assert load(policy__rego=rego.format("true")).decide(ANA, opaque(), PROD).verdict == "allow"
    assert only_code(load(policy__rego=rego.format("false")).decide(ANA, opaque(), PROD)) == "opaque_action"


def test_a_closed_engine_denies(tmp_path: Path) -> None:
    (tmp_path / "duties.yaml").write_text(DUTIES)
    engine = PolicyEngine.load(tmp_path)
    engine.close()
    assert only_code(engine.decide(ANA, READ, PROD)) == "evaluation_error"


def test_the_time_is_the_clocks_unless_the_context_says_it(load: Callable[..., PolicyEngine]) -> None:
    engine = load(policy__rego="package policy\nimport rego.v1\ndeny contains input.context.time\n")
    assert engine.decide(ANA, READ, PROD).reasons[0].message == "2026-11-20T12:00:00Z"
    stated = Context(time="2020-01-01T00:00:00Z")
    assert engine.decide(ANA, READ, stated).reasons[0].message == "2020-01-01T00:00:00Z"


def test_threads_get_their_own_answers(engine: PolicyEngine) -> None:
    wrong: list[str] = []

    def ask(number: int) -> None:
        name = f"user{number}"
        for turn in range(25):
            action = sql("select", Effect.READ, f"secret.t{number}_{turn}")
            decision = engine.decide(Identity(subject=name), action, PROD)
            message = decision.reasons[0].message
            if (
                decision.action_digest != action.digest
                or f"secret.t{number}_{turn}" not in message
                or name not in message
            ):
                wrong.append(message)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_equal_requests_have_equal_input_digests_and_others_do_not(engine: PolicyEngine) -> None:
    first, again = engine.decide(ANA, READ, PROD), engine.decide(ANA, READ, PROD)
    assert first.input_digest == again.input_digest
    assert first.id != again.id
    assert engine.decide(ANA, DELETE, PROD).input_digest != first.input_digest


def test_a_decision_survives_its_json(engine: PolicyEngine) -> None:
    decision = engine.decide(ANA, DELETE, PROD)
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision


@pytest.mark.parametrize(
    ("files", "code", "place"),
    [
        (
            {"duties__yaml": "read: {covers: [{effects: [raed]}], holders: {groups: [a]}}"},
            "duties_invalid",
            ":1:",
        ),
        (
            {"duties__yaml": "read:\n  covers: [{effects: [read]}]\n  holders: {}\n"},
            "duty_without_holder",
            ":3:",
        ),
        ({"duties__yaml": "read: [\n"}, "yaml_invalid", ":2:"),
        ({"policy__rego": "package policy\n\nallow contains {\n"}, "rego_parse_error", ":4:"),
        (
            {"policy__rego": "package policy\nimport rego.v1\nallow contains zork(1)\n"},
            "rego_type_error",
            ":3:",
        ),
        ({"policy__rego": "package policy\n\ndefault allow := false\n"}, "policy_not_a_set", ":3:1"),
        ({"policy__rego": "package policy\n\nallow if input.x\n"}, "policy_not_a_set", ":3:1"),
        ({"policy__rego": 'package policy\n\ndeny := "no"\n'}, "policy_not_a_set", ":3:1"),
        ({"policy__rego": "package policy\n\ndeny[msg] { msg := 1 }\n"}, "rego_parse_error", ":3:1"),
        ({"dutys__yaml": DUTIES}, "bundle_unread_file", "dutys.yaml"),
        ({"notes__md": "hello"}, "bundle_empty", ""),
        ({"other__rego": "package authz\nimport rego.v1\nallow := true\n"}, "bundle_empty", ""),
    ],
)
def test_a_broken_bundle_is_refused_with_code_and_place(
    load: Callable[..., PolicyEngine], files: dict[str, str], code: str, place: str
) -> None:
    with pytest.raises(BundleError) as caught:
        load(**files)
    assert caught.value.code == code
    assert place in str(caught.value)


def test_an_archive_decides_as_its_folder_does(tmp_path: Path) -> None:
    (tmp_path / "duties.yaml").write_text(DUTIES)
    with tarfile.open(tmp_path / "bundle.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "duties.yaml", "duties.yaml")
    (tmp_path / "folder").mkdir()
    (tmp_path / "duties.yaml").rename(tmp_path / "folder" / "duties.yaml")
    with (
        PolicyEngine.load(tmp_path / "bundle.tar.gz") as packed,
        PolicyEngine.load(tmp_path / "folder") as plain,
    ):
        for action in (READ, DELETE, opaque()):
            assert packed.decide(ANA, action, PROD).verdict == plain.decide(ANA, action, PROD).verdict
        assert packed.version.revision == plain.version.revision


def test_duties_may_also_stand_where_opa_reads_them(
    load: Callable[..., PolicyEngine], tmp_path: Path
) -> None:
    folder = tmp_path / "sod" / "duties"
    folder.mkdir(parents=True)
    (folder / "data.yaml").write_text(DUTIES)
    with PolicyEngine.load(tmp_path) as engine:
        assert engine.decide(ANA, READ, PROD).verdict == "allow"
