"""The decision path: request document -> Rego -> verdict.

`PolicyEngine.decide` joins who asks, what for and in which surroundings into one request, lets the policy judge
it, and answers with a `Decision`. It does no network or file I/O, may be called from many threads at once, and
never raises for anything that a requester controls: whatever goes wrong is a denial with a reason code.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from policy_engine.bundle import ENTRYPOINT, PolicyBundle, load_bundle
from policy_engine.documents.action import Action
from policy_engine.documents.canonical import digest, digest_bytes
from policy_engine.documents.decision import Decision, PolicyVersion, ReasonCode
from policy_engine.documents.errors import DocumentError
from policy_engine.documents.identity import Identity, is_person, validate_identity
from policy_engine.documents.request import Context, Grant, HistoryFact, Request
from policy_engine.verdict import Judgement, judge, refuse

if TYPE_CHECKING:
    from policy_engine.rego.engine import EngineName

# A request document larger than this is denied before any policy sees it.
MAX_REQUEST_BYTES = 1_048_576
# How long a policy may take for one decision; a proxy's user waits for it.
DECISION_SECONDS = 2.0

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the host's time in UTC; tests and replays pass another clock."""
    return datetime.now(UTC)


class PolicyEngine:
    """A compiled policy bundle that answers decisions. Use as a context manager, or call `close`."""

    def __init__(
        self, bundle: PolicyBundle, *, clock: Clock = utc_now, timeout: float = DECISION_SECONDS
    ) -> None:
        """Wrap a compiled bundle; most callers use `PolicyEngine.load`."""
        self._timeout = timeout
        self._policy = bundle.policy
        self._version = PolicyVersion(revision=bundle.revision, bundles=(bundle.source,))
        self._clock = clock

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        clock: Clock = utc_now,
        timeout: float = DECISION_SECONDS,
        engine: EngineName = "native",
    ) -> PolicyEngine:
        """Load the bundle at `path`, a folder or `.tar.gz`. Raises `BundleError` with file, row and column.

        A decision that takes longer than `timeout` seconds is a denial. `engine` chooses who evaluates Rego: the
        project's own engine, or `regopy` as a second opinion (slower, and refusing more).
        """
        return cls(load_bundle(path, engine=engine), clock=clock, timeout=timeout)

    @property
    def version(self) -> PolicyVersion:
        """The revision and source that every decision names."""
        return self._version

    def close(self) -> None:
        """Release the policy's resources; later decisions are denials."""
        self._policy.close()

    def __enter__(self) -> PolicyEngine:
        """Return the engine itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the engine."""
        self.close()

    def decide(
        self,
        identity: Identity,
        action: Action,
        context: Context | None = None,
        *,
        history: Sequence[HistoryFact] = (),
        grants: Sequence[Grant] = (),
    ) -> Decision:
        """Judge `action`, asked for by `identity`.

        `context` tells the surroundings (time, environment, target, session, plan), `history` what happened
        before, `grants` what was approved. The answer's `input_digest` covers all of it.
        """
        started = time.perf_counter_ns()
        input_digest = ""
        try:
            input_digest, judgement = self._judge(identity, action, context or Context(), history, grants)
        except DocumentError as error:
            judgement = refuse(_document_code(error), error.message)
        except Exception as error:
            judgement = refuse(ReasonCode.INTERNAL_ERROR, f"the engine failed with {type(error).__name__}")
        return Decision(
            id=str(uuid.uuid4()),
            verdict=judgement.verdict,
            reasons=judgement.reasons,
            masks=judgement.masks,
            approval=judgement.approval,
            policy=self._version,
            action_digest=action.digest if isinstance(action, Action) else "",
            input_digest=input_digest,
            took_us=(time.perf_counter_ns() - started) // 1_000,
        )

    def _judge(
        self,
        identity: Identity,
        action: Action,
        context: Context,
        history: Sequence[HistoryFact],
        grants: Sequence[Grant],
    ) -> tuple[str, Judgement]:
        """Build the request, evaluate the policy, interpret the answer; return the input's digest with it."""
        from policy_engine.rego.engine import UNDEFINED
        from policy_engine.rego.errors import RegoError, RegoTimeout

        _require_types(identity, action, context, history, grants)
        validate_identity(identity)
        now = self._clock()
        if not context.time:
            context = msgspec.structs.replace(context, time=now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        bound_to = self.binding(identity, action, context)
        request = Request(
            identity=identity,
            action=action,
            context=context,
            history=tuple(history),
            grants=tuple(grant for grant in grants if _usable(grant, bound_to, now)),
        )
        encoded = _encode(request)
        input_digest = digest_bytes(encoded)
        try:
            document = self._policy.evaluate(ENTRYPOINT, request.as_input(), seconds=self._timeout)
        except RegoTimeout as error:
            return input_digest, refuse(ReasonCode.EVALUATION_TIMEOUT, error.message)
        except RegoError as error:
            return input_digest, refuse(ReasonCode.EVALUATION_ERROR, error.message)
        if document is UNDEFINED:
            message = f"`data.{ENTRYPOINT}` is undefined for this request"
            return input_digest, refuse(ReasonCode.UNDEFINED_RESULT, message)
        return input_digest, judge(document, action, bound_to)

    def binding(self, identity: Identity, action: Action, context: Context) -> str:
        """Return the digest that an approval of exactly this request must carry.

        It covers the exact action, who asks through whom and with which key, the target and environment, the
        session settings that change the meaning of a text, and the policy revision.
        """
        return digest(
            {
                "action": action.digest,
                "subject": identity.subject,
                "actor": identity.actor,
                "chain": identity.chain,
                "client_id": identity.client_id,
                "jkt": identity.jkt,
                "environment": context.environment,
                "target": context.target,
                "settings": context.session.settings,
                "plan": context.plan.id if context.plan else None,
                "revision": self._version.revision,
            }
        )


def _require_types(
    identity: object, action: object, context: object, history: object, grants: object
) -> None:
    """Raise `DocumentError` for an argument that is no document at all."""
    if not isinstance(identity, Identity):
        raise DocumentError(
            f"the identity must be an `Identity`, not `{type(identity).__name__}`", code="identity_invalid"
        )
    expected: list[tuple[object, type, str]] = [(action, Action, "action"), (context, Context, "context")]
    lists: list[tuple[object, type, str]] = [(history, HistoryFact, "history"), (grants, Grant, "grants")]
    for items, struct, name in lists:
        if not isinstance(items, list | tuple):
            raise DocumentError(
                f"`{name}` takes a list, not `{type(items).__name__}`", code="request_invalid"
            )
        expected += [(item, struct, name) for item in items]
    for value, struct, name in expected:
        if not isinstance(value, struct):
            raise DocumentError(
                f"`{name}` takes `{struct.__name__}`, not `{type(value).__name__}`", code="request_invalid"
            )


def _encode(request: Request) -> bytes:
    """Return the request as JSON with sorted keys; refuse what is too large or not of its schema."""
    try:
        encoded = msgspec.json.encode(request, order="sorted")
        if len(encoded) > MAX_REQUEST_BYTES:
            raise DocumentError(
                f"the request document has {len(encoded)} bytes; at most {MAX_REQUEST_BYTES} are judged",
                code="request_too_large",
            )
        msgspec.json.decode(encoded, type=Request)
    except (msgspec.ValidationError, TypeError, UnicodeError, RecursionError, OverflowError) as error:
        raise DocumentError(f"the request is not of its schema: {error}", code="request_invalid") from error
    return encoded


def _usable(grant: Grant, bound_to: str, now: datetime) -> bool:
    """Tell whether a grant is bound to exactly this request, unexpired, not used up, and clear about persons."""
    try:
        expires_at = datetime.fromisoformat(grant.expires_at)
    except ValueError:
        return False
    if expires_at.tzinfo is None:
        return False  # a time without a zone may be anybody's
    if not all(map(is_person, (grant.requested_by, *(vote.person for vote in grant.approvals)))):
        return False  # a name that could be mistaken for another one may be one person twice
    return grant.bound_to == bound_to and expires_at > now and grant.used < grant.max_uses


def _document_code(error: DocumentError) -> ReasonCode:
    """Return the reason code of the same name; what has none is about the request as a whole."""
    return next((code for code in ReasonCode if code.value == error.code), ReasonCode.REQUEST_INVALID)
