"""The request: everything a policy may look at, as Rego's `input`.

`{identity, action, context, history, grants}`: who asks, what for, in which surroundings, what happened before
and what was approved. The engine fills it; adapters supply the parts.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from policy_engine.documents.action import Action
from policy_engine.documents.identity import Identity
from policy_engine.documents.vocabulary import Effect


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the connection leads to: a database, cluster or host by name, with labels."""

    name: str = ""
    labels: dict[str, str] = {}


class Session(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The session that the action belongs to, with the settings that change its meaning (search_path, role)."""

    id: str = ""
    settings: dict[str, str] = {}


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan or ticket that the action claims to carry out: who asked for it, and the digests it consists of."""

    id: str
    requested_by: str
    action_digests: tuple[str, ...] = ()


class Context(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The surroundings. `time` is RFC 3339 in UTC; the engine's clock fills it when it is empty."""

    time: str = ""
    environment: str = ""
    target: Target = Target()
    session: Session = Session()
    plan: Plan | None = None


class HistoryFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that happened before: which persons stood behind it, its effects, and the objects by name."""

    persons: tuple[str, ...]
    effects: tuple[Effect, ...]
    resources: tuple[str, ...] = ()
    action_digest: str = ""
    time: str = ""
    session: str = ""


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One person's vote on a grant. Agents and services can't vote; `kind` says what the voter is."""

    person: str
    groups: tuple[str, ...] = ()
    kind: Literal["human", "service", "agent"] = "human"


class Grant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was approved: bound to one exact action by `bound_to` (see `Decision.approval`), until `expires_at`.

    The engine hands policies only grants that are bound to this very request, unexpired and not used up.
    """

    id: str
    bound_to: str
    requested_by: str
    approvals: tuple[Approval, ...]
    expires_at: str
    max_uses: int = 1
    used: int = 0


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What Rego sees as `input`."""

    identity: Identity
    action: Action
    context: Context
    history: tuple[HistoryFact, ...] = ()
    grants: tuple[Grant, ...] = ()

    def as_input(self) -> dict[str, Any]:
        """Return the plain JSON-like value that policies evaluate."""
        value = msgspec.to_builtins(self)
        assert isinstance(value, dict)  # noqa: S101 (narrowing for the type checker)
        return value
