"""From what the policy returned to one verdict: deny > approve > mask > allow, and deny when in doubt.

The policy's entrypoint is a document with the partial sets `deny`, `approve`, `mask` and `allow`. Their members
are objects with a closed set of fields (a plain string is a message, for deny and allow). Anything else is not
interpreted but refused, because a member that is read wrongly is a verdict that is wrong.

- `hint` decides nothing: its members explain a default deny, so that the requester knows what is missing.
- A mask only changes what is shown of something that is allowed: without an allow it is a denial.
- An opaque action needs an allow (or approve) that says `opaque: true`; whoever writes that knows what it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec

from policy_engine.documents.action import Action
from policy_engine.documents.decision import (
    ApprovalRequirement,
    Approvers,
    Location,
    Mask,
    Reason,
    ReasonCode,
)
from policy_engine.documents.vocabulary import Verdict

Severity = Literal["low", "medium", "high", "critical"]


class _Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    message: str
    rule: str = ""
    severity: Severity | None = None
    location: Location | None = None
    duty: str | None = None


class DenyMember(_Member, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A member of `deny`."""


class HintMember(_Member, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A member of `hint`: why nothing allowed."""


class AllowMember(_Member, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A member of `allow`; `opaque` admits actions that can't be known statically."""

    opaque: bool = False


class ApproveMember(_Member, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A member of `approve`: who must approve, for how long, for how many runs."""

    approvers: tuple[Approvers, ...]
    expires_in: int = 3_600
    max_uses: int = 1
    opaque: bool = False


class MaskMember(_Member, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A member of `mask`: exactly one of resource, column and path, and how to mask it."""

    method: Literal["null", "fixed", "partial", "hash"]
    resource: str | None = None
    column: str | None = None
    path: str | None = None
    args: dict[str, Any] = {}


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict with its reasons, masks and approval requirement; the engine makes the `Decision` of it."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    masks: tuple[Mask, ...] = ()
    approval: ApprovalRequirement | None = None


def refuse(code: ReasonCode, message: str) -> Judgement:
    """Return a denial by the engine itself."""
    reason = Reason(code=code, rule=f"engine.{code}", message=message, severity="high")
    return Judgement(verdict=Verdict.DENY, reasons=(reason,))


def judge(document: Any, action: Action, bound_to: str) -> Judgement:
    """Return the judgement that the policy's `document` amounts to for `action`.

    `bound_to` is the digest that a grant for exactly this request must carry.
    """
    try:
        denials = _members(document, "deny", DenyMember)
        approvals = _members(document, "approve", ApproveMember)
        masks = _members(document, "mask", MaskMember)
        allowances = _members(document, "allow", AllowMember)
        hints = _members(document, "hint", HintMember)
    except _NoDecisionError as error:
        return refuse(ReasonCode.POLICY_RESULT_INVALID, str(error))
    said_so = any(member.opaque for member in approvals) or any(member.opaque for member in allowances)
    admitted = said_so or not action.opaque
    if denials or not admitted:
        # What was not understood comes first: it is what the requester can mend.
        reasons = () if admitted else refuse(ReasonCode.OPAQUE_ACTION, _why_opaque(action)).reasons
        reasons += _reasons(ReasonCode.DENIED_BY_RULE, "deny", denials)
        return Judgement(verdict=Verdict.DENY, reasons=reasons)
    if approvals:
        return Judgement(
            verdict=Verdict.APPROVE,
            reasons=_reasons(ReasonCode.APPROVAL_REQUIRED, "approve", approvals),
            approval=_requirement(approvals, bound_to),
        )
    if not allowances:
        if hints:
            explained = _reasons(ReasonCode.NO_RULE_MATCHED, "hint", hints)
            return Judgement(verdict=Verdict.DENY, reasons=explained)
        return refuse(ReasonCode.NO_RULE_MATCHED, "no rule allows this action, and the default is to deny")
    reasons = _reasons(ReasonCode.ALLOWED_BY_RULE, "allow", allowances)
    if masks:
        masked = _reasons(ReasonCode.MASKED_BY_RULE, "mask", masks)
        return Judgement(verdict=Verdict.MASK, reasons=masked + reasons, masks=_masks(masks))
    return Judgement(verdict=Verdict.ALLOW, reasons=reasons)


class _NoDecisionError(Exception):
    """The policy returned something that is no decision; the text says what."""


_M = TypeVar("_M", bound=_Member)


def _members(document: Any, name: str, struct: type[_M]) -> list[_M]:
    """Return the members of the partial set `name` of the policy's document."""
    if not isinstance(document, Mapping):
        raise _NoDecisionError(f"the policy's entrypoint must be a package, but it is {_kind(document)}")
    members = document.get(name, [])
    if not isinstance(members, list | tuple | set | frozenset):
        raise _NoDecisionError(
            f"`{name}` of the policy must be a partial set, but it is {_kind(members)}; "
            f'write `{name} contains {{"rule": …, "message": …}} if …`'
        )
    plain_allowed = struct in (DenyMember, AllowMember, HintMember)
    parsed = []
    for member in members:
        if plain_allowed and isinstance(member, str):
            member = {"message": member}
        try:
            parsed.append(msgspec.convert(member, struct))
        except msgspec.ValidationError as error:
            raise _NoDecisionError(f"a member of `{name}` of the policy can't be read: {error}") from None
    return sorted(parsed, key=lambda member: (member.rule, member.message))


def _reasons(code: ReasonCode, name: str, members: list[_M]) -> tuple[Reason, ...]:
    reasons = (
        Reason(
            code=code,
            rule=member.rule or name,
            message=member.message,
            severity=member.severity,
            location=member.location,
            duty=member.duty,
        )
        for member in members
    )
    return tuple(dict.fromkeys(reasons))


def _masks(members: list[MaskMember]) -> tuple[Mask, ...]:
    """Return the masks without repetition; the caller's adapter applies every one of them."""
    masks: list[Mask] = []
    for member in members:
        mask = Mask(
            method=member.method,
            resource=member.resource,
            column=member.column,
            path=member.path,
            args=member.args,
        )
        if mask not in masks:
            masks.append(mask)
    return tuple(masks)


def _requirement(members: list[ApproveMember], bound_to: str) -> ApprovalRequirement:
    """Join what several rules ask for: all their approvers, the shortest time, the fewest uses."""
    entries = dict.fromkeys(
        Approvers(groups=tuple(sorted(set(entry.groups))), count=entry.count)
        for member in members
        for entry in member.approvers
    )
    return ApprovalRequirement(
        approvers=tuple(entries),
        expires_in=min(member.expires_in for member in members),
        max_uses=min(member.max_uses for member in members),
        bound_to=bound_to,
    )


def _why_opaque(action: Action) -> str:
    """Tell what was not understood, in one sentence."""
    first = action.problems[0].message if action.problems else "nothing in it could be read"
    more = f" (and {len(action.problems) - 1} more)" if len(action.problems) > 1 else ""
    return f"a part of the action can't be known: {first}{more}; no rule allows that explicitly"


def _kind(value: Any) -> str:
    names = {bool: "a boolean", str: "a string", int: "a number", float: "a number", type(None): "null"}
    return names.get(type(value), "an object" if isinstance(value, Mapping) else "a list")
