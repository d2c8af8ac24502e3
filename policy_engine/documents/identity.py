"""Who asks: the identity with its delegation chain. Never the token.

The chain runs from the subject (the person or service on whose behalf all this happens) to the current actor
(who holds the connection). Earlier actors are informational for granting: they may only tighten a verdict,
never widen it (RFC 8693 section 4.1). `conflict_set` names every person who must count as one with the asker:
the chain's members, the owners of its agents, and the other accounts that the caller adds.
"""

from __future__ import annotations

import unicodedata
from typing import Literal

import msgspec

from policy_engine.documents.errors import DocumentError

MAX_CHAIN = 32
MAX_NAME = 512

Kind = Literal["human", "service", "agent"]


class ChainLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One party of the chain: issuer, subject at that issuer, kind, and for an agent the person who owns it."""

    sub: str
    iss: str = ""
    kind: Kind = "human"
    owner: str | None = None


class Identity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks. Only `subject` is needed; `actor`, `chain`, `depth` and `conflict_set` are completed from it.

    `depth` counts delegations: 0 when the subject acts by itself. `chain_assurance` says who vouches for the
    chain: the token's issuer, or a gateway that recorded each delegation.
    """

    subject: str
    actor: str = ""
    chain: tuple[ChainLink, ...] = ()
    depth: int = 0
    groups: tuple[str, ...] = ()
    client_id: str | None = None
    jkt: str | None = None
    scopes: tuple[str, ...] = ()
    auth_time: int | None = None
    acr: str | None = None
    token_id: str | None = None
    chain_assurance: Literal["issuer_asserted", "gateway_verified"] = "issuer_asserted"
    conflict_set: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Complete what follows from the rest, so that nobody can state a depth or a set that the chain denies."""
        force = msgspec.structs.force_setattr
        for name in ("chain", "groups", "scopes", "conflict_set"):
            value = getattr(self, name)
            if isinstance(value, list):
                force(self, name, tuple(value))
        if not isinstance(self.chain, tuple) or not all(isinstance(link, ChainLink) for link in self.chain):
            return  # wrong types: `validate_identity` refuses them with a sentence
        chain = self.chain or (ChainLink(sub=self.subject),)
        persons = {link.sub for link in chain} | {link.owner for link in chain if link.owner}
        persons.add(self.subject)
        persons.update(self.conflict_set if isinstance(self.conflict_set, tuple) else ())
        force(self, "chain", chain)
        force(self, "actor", self.actor or chain[-1].sub)
        force(self, "depth", len(chain) - 1)
        if all(isinstance(person, str) for person in persons):
            force(self, "conflict_set", tuple(sorted(persons)))


def validate_identity(identity: Identity) -> None:
    """Raise `DocumentError` (code `identity_invalid`) unless types, sizes and the chain's ends agree.

    A struct built in Python isn't type-checked by construction, so this walks it once through its JSON form.
    """
    try:
        checked = msgspec.convert(msgspec.to_builtins(identity), Identity)
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        raise DocumentError(f"the identity is not of its schema: {error}", code="identity_invalid") from error
    if checked != identity:
        raise DocumentError(
            "the identity holds plain values where documents are expected; build it from JSON or with `ChainLink`",
            code="identity_invalid",
        )
    if len(checked.chain) > MAX_CHAIN:
        raise DocumentError(
            f"the delegation chain has {len(checked.chain)} members; at most {MAX_CHAIN} are allowed",
            code="identity_invalid",
        )
    if checked.chain[0].sub != checked.subject or checked.chain[-1].sub != checked.actor:
        raise DocumentError(
            "the delegation chain must run from `subject` (first) to `actor` (last)", code="identity_invalid"
        )
    persons = [checked.subject, checked.actor, *checked.conflict_set]
    persons += [name for link in checked.chain for name in (link.sub, link.owner) if name is not None]
    others = [*checked.groups, *checked.scopes, *(link.iss for link in checked.chain if link.iss)]
    for name in (*persons, *others):
        if not is_name(name):
            raise DocumentError(
                f"a name in the identity is empty, longer than {MAX_NAME} or holds control characters: "
                f"`{name[:40]!a}`",
                code="identity_invalid",
            )
    for person in persons:
        if not is_person(person):
            raise DocumentError(
                f"the person `{person[:40]!a}` could be mistaken for another one: write it without spaces "
                "around it, in Unicode's NFKC form",
                code="identity_invalid",
            )


def is_name(name: str) -> bool:
    """Tell whether `name` can be shown and compared: not empty, not too long, nothing invisible in it."""
    return 0 < len(name) <= MAX_NAME and name.isprintable()


def is_person(name: str) -> bool:
    """Tell whether `name` has the one spelling that persons are compared by, so that nobody is two people."""
    return is_name(name) and name == name.strip() and unicodedata.is_normalized("NFKC", name)
