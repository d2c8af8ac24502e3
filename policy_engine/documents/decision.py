"""The decision: the verdict with everything an adapter needs to carry it out and a person needs to act on it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from policy_engine.documents.vocabulary import Verdict, Word


class ReasonCode(Word):
    """Where a reason comes from. All but the first four are refusals of the engine itself."""

    DENIED_BY_RULE = "denied_by_rule", "a policy rule denies"
    APPROVAL_REQUIRED = "approval_required", "a policy rule asks for somebody else's approval"
    MASKED_BY_RULE = "masked_by_rule", "a policy rule masks a part of the result"
    ALLOWED_BY_RULE = "allowed_by_rule", "a policy rule allows"
    NO_RULE_MATCHED = "no_rule_matched", "no rule allows this; the default is to deny"
    UNDEFINED_RESULT = "undefined_result", "the policy's entrypoint is undefined for this input"
    OPAQUE_ACTION = "opaque_action", "a part of the action can't be known, and no rule allows that explicitly"
    POLICY_RESULT_INVALID = "policy_result_invalid", "the policy returned something that is no decision"
    EVALUATION_ERROR = "evaluation_error", "the policy failed while it was evaluated"
    EVALUATION_TIMEOUT = "evaluation_timeout", "the policy did not answer within its budget"
    IDENTITY_INVALID = "identity_invalid", "the identity is not of its schema"
    REQUEST_INVALID = "request_invalid", "a part of the request is not of its schema"
    REQUEST_TOO_LARGE = "request_too_large", "the request is larger than the engine's limit"
    MASK_UNSUPPORTED = "mask_unsupported", "a mask is asked for where nothing can be masked"
    INTERNAL_ERROR = "internal_error", "the engine failed; a defect, reported as a denial"


class Location(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place in a policy file, 1-based."""

    file: str
    row: int
    col: int = 1


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why. `rule` names the policy's rule, or `engine.<code>`; `message` is a sentence a person can act on."""

    code: ReasonCode
    rule: str
    message: str
    severity: Literal["low", "medium", "high", "critical"] | None = None
    location: Location | None = None
    duty: str | None = None


class Mask(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the result to mask.

    `resource` names a source (`schema.table.column`), `column` an output column, `path` a JSON path; `method`
    is one of null, fixed, partial, hash, with `args`.
    """

    method: Literal["null", "fixed", "partial", "hash"]
    resource: str | None = None
    column: str | None = None
    path: str | None = None
    args: dict[str, Any] = {}


class Approvers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`count` distinct persons, each in one of `groups`."""

    groups: tuple[str, ...]
    count: int = 1


class ApprovalRequirement(msgspec.Struct, frozen=True, kw_only=True):
    """What an approval takes: every entry of `approvers`, within `expires_in` seconds, for `max_uses` runs.

    `bound_to` is the digest that a grant must carry: the exact action, identity, target, session settings and
    policy revision.
    """

    approvers: tuple[Approvers, ...]
    expires_in: int
    max_uses: int
    bound_to: str


class PolicyVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Which policy decided: revision and the bundles it was loaded from."""

    revision: str
    bundles: tuple[str, ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. Reasons are those of the winning verdict, and for mask also the rules that allowed."""

    id: str
    verdict: Verdict
    reasons: tuple[Reason, ...]
    masks: tuple[Mask, ...] = ()
    approval: ApprovalRequirement | None = None
    obligations: tuple[str, ...] = ()
    policy: PolicyVersion
    action_digest: str
    input_digest: str
    took_us: int
