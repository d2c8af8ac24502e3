"""`judge`: one verdict from the policy's document, deny when in doubt."""

from __future__ import annotations

from typing import Any

import pytest

from policy_engine.documents.action import Action, make_action, operation
from policy_engine.documents.decision import Approvers, ReasonCode
from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.documents.vocabulary import Effect, Protocol, Verdict
from policy_engine.verdict import Judgement, judge, refuse

DENY = {"rule": "r.deny", "message": "no", "severity": "high"}
APPROVE = {"rule": "r.approve", "message": "ask", "approvers": [{"groups": ["lead"]}]}
MASK = {"rule": "r.mask", "message": "hide", "method": "null", "column": "email"}
ALLOW = {"rule": "r.allow", "message": "yes"}
HINT = {"rule": "r.hint", "message": "no duty covers this"}


def action(*problems: Problem) -> Action:
    return make_action(Protocol.SQL, "postgres", "x", [operation("select", effects=[Effect.READ])], problems)


CLEAR = action()
OPAQUE = action(
    Problem(code=ProblemCode.UNKNOWN_FUNCTION, message="function `f` isn't known"),
    Problem(code=ProblemCode.UNSUPPORTED, message="second"),
)


def judged(subject: Action = CLEAR, **sets: Any) -> Judgement:
    return judge(sets, subject, "sha256:bound")


def codes(judgement: Judgement) -> list[ReasonCode]:
    return [reason.code for reason in judgement.reasons]


@pytest.mark.parametrize(
    ("sets", "verdict", "code"),
    [
        ({"deny": [DENY], "approve": [APPROVE], "mask": [MASK], "allow": [ALLOW]}, "deny", "denied_by_rule"),
        ({"approve": [APPROVE], "mask": [MASK], "allow": [ALLOW]}, "approve", "approval_required"),
        ({"mask": [MASK], "allow": [ALLOW]}, "mask", "masked_by_rule"),
        ({"allow": [ALLOW]}, "allow", "allowed_by_rule"),
        ({"mask": [MASK]}, "deny", "no_rule_matched"),
        ({"hint": [HINT]}, "deny", "no_rule_matched"),
        ({"hint": [HINT], "allow": [ALLOW]}, "allow", "allowed_by_rule"),
        ({}, "deny", "no_rule_matched"),
    ],
)
def test_the_stronger_verdict_wins_and_nothing_is_a_denial(
    sets: dict[str, Any], verdict: str, code: str
) -> None:
    answer = judged(**sets)
    assert answer.verdict == verdict
    assert answer.reasons[0].code == code
    assert bool(answer.masks) == (verdict == "mask")
    assert (answer.approval is not None) == (verdict == "approve")


def test_a_mask_names_the_masking_and_the_allowing_rules() -> None:
    answer = judged(mask=[MASK], allow=[ALLOW])
    assert [reason.rule for reason in answer.reasons] == ["r.mask", "r.allow"]
    assert answer.masks[0].column == "email"


def test_hints_explain_a_default_denial() -> None:
    answer = judged(hint=[HINT, "short form"])
    assert codes(answer) == [ReasonCode.NO_RULE_MATCHED] * 2
    assert {reason.message for reason in answer.reasons} == {"no duty covers this", "short form"}


def test_a_denial_without_hints_says_that_nothing_allows() -> None:
    answer = judged()
    assert answer.reasons[0].rule == "engine.no_rule_matched"
    assert "default is to deny" in answer.reasons[0].message


def test_strings_are_messages_of_deny_and_allow() -> None:
    assert judged(deny=["because"]).reasons[0].message == "because"
    assert judged(deny=["because"]).reasons[0].rule == "deny"
    assert judged(allow=["fine"]).verdict is Verdict.ALLOW


@pytest.mark.parametrize("name", ["approve", "mask"])
def test_a_string_is_no_approval_and_no_mask(name: str) -> None:
    answer = judge({name: ["text"], "allow": [ALLOW]}, CLEAR, "")
    assert answer.verdict is Verdict.DENY
    assert codes(answer) == [ReasonCode.POLICY_RESULT_INVALID]


@pytest.mark.parametrize("name", ["deny", "approve", "mask", "allow", "hint"])
@pytest.mark.parametrize("members", [True, None, "text", 1, {"message": "x"}, [1], [None], [{}], [["x"]]])
def test_what_is_no_set_of_members_is_refused(name: str, members: Any) -> None:
    answer = judge({"allow": [ALLOW], name: members}, CLEAR, "")
    assert answer.verdict is Verdict.DENY
    assert codes(answer) == [ReasonCode.POLICY_RESULT_INVALID]
    assert f"`{name}`" in answer.reasons[0].message


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("deny", {**DENY, "severity": "awful"}),
        ("deny", {**DENY, "extra": 1}),
        ("deny", {**DENY, "message": 1}),
        ("deny", {**DENY, "location": {"file": "x"}}),
        ("allow", {**ALLOW, "opaque": "yes"}),
        ("allow", {**ALLOW, "opaque": 1}),
        ("approve", {"message": "x"}),
        ("approve", {**APPROVE, "approvers": [{"group": ["lead"]}]}),
        ("approve", {**APPROVE, "expires_in": "1h"}),
        ("mask", {**MASK, "method": "blur"}),
        ("mask", {"message": "x", "column": "c"}),
        ("hint", {**HINT, "opaque": True}),
    ],
)
def test_a_malformed_member_is_refused_even_beside_good_ones(name: str, member: dict[str, Any]) -> None:
    answer = judge({"allow": [ALLOW, member] if name == "allow" else [ALLOW], name: [member]}, CLEAR, "")
    assert answer.verdict is Verdict.DENY
    assert codes(answer) == [ReasonCode.POLICY_RESULT_INVALID]


@pytest.mark.parametrize("document", [None, True, "allow", 3, ["allow"], [ALLOW]])
def test_an_entrypoint_that_is_no_package_is_refused(document: Any) -> None:
    assert codes(judge(document, CLEAR, "")) == [ReasonCode.POLICY_RESULT_INVALID]


def test_an_opaque_action_needs_a_rule_that_says_so() -> None:
    answer = judged(OPAQUE, allow=[ALLOW])
    assert codes(answer) == [ReasonCode.OPAQUE_ACTION]
    assert "`f` isn't known (and 1 more)" in answer.reasons[0].message
    assert judged(OPAQUE, allow=[ALLOW, {**ALLOW, "opaque": True}]).verdict is Verdict.ALLOW


def test_an_opaque_action_may_be_sent_to_approval_only_by_a_rule_that_says_so() -> None:
    assert codes(judged(OPAQUE, approve=[APPROVE])) == [ReasonCode.OPAQUE_ACTION]
    assert judged(OPAQUE, approve=[{**APPROVE, "opaque": True}]).verdict is Verdict.APPROVE


def test_a_denied_opaque_action_says_first_what_was_not_understood() -> None:
    answer = judged(OPAQUE, deny=[DENY])
    assert answer.verdict is Verdict.DENY
    assert codes(answer) == [ReasonCode.OPAQUE_ACTION, ReasonCode.DENIED_BY_RULE]


def test_a_denial_of_an_admitted_opaque_action_gives_the_rule_alone() -> None:
    answer = judged(OPAQUE, deny=[DENY], allow=[{**ALLOW, "opaque": True}])
    assert codes(answer) == [ReasonCode.DENIED_BY_RULE]


def test_what_several_rules_ask_for_is_joined() -> None:
    lead, both = {"groups": ["lead"]}, {"groups": ["sec", "ops", "sec"], "count": 2}
    answer = judged(
        approve=[
            {**APPROVE, "approvers": [lead, both], "expires_in": 600, "max_uses": 5},
            {**APPROVE, "rule": "s", "approvers": [{"groups": ["ops", "sec"], "count": 2}], "max_uses": 2},
        ]
    )
    assert answer.approval is not None
    assert answer.approval.approvers == (
        Approvers(groups=("lead",), count=1),
        Approvers(groups=("ops", "sec"), count=2),
    )
    assert (answer.approval.expires_in, answer.approval.max_uses) == (600, 2)
    assert answer.approval.bound_to == "sha256:bound"


def test_the_same_mask_by_two_rules_is_one_mask() -> None:
    answer = judged(allow=[ALLOW], mask=[MASK, {**MASK, "rule": "other"}, {**MASK, "column": "phone"}])
    assert sorted(str(mask.column) for mask in answer.masks) == ["email", "phone"]


def test_reasons_come_in_one_order_whatever_the_policys() -> None:
    members = [{"rule": "b", "message": "2"}, {"rule": "a", "message": "9"}, {"rule": "b", "message": "1"}]
    assert judged(deny=members) == judged(deny=members[::-1])


def test_a_refusal_of_the_engine_names_its_code() -> None:
    reason = refuse(ReasonCode.EVALUATION_TIMEOUT, "too slow").reasons[0]
    assert (reason.rule, reason.message) == ("engine.evaluation_timeout", "too slow")
