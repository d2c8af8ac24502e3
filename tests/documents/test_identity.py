"""Identities: what follows from the chain can't be stated otherwise, and nonsense is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from policy_engine.documents.errors import DocumentError
from policy_engine.documents.identity import ChainLink, Identity, validate_identity

ANA = ChainLink(sub="ana")
PLANNER = ChainLink(sub="planner", kind="agent", owner="olga")


def test_a_subject_alone_is_an_identity() -> None:
    ana = Identity(subject="ana", groups=("dba",))
    assert (ana.actor, ana.depth, ana.chain, ana.conflict_set) == ("ana", 0, (ANA,), ("ana",))
    validate_identity(ana)


def test_the_chain_gives_actor_depth_and_conflict_set() -> None:
    identity = Identity(subject="ana", chain=(ANA, PLANNER))
    assert (identity.actor, identity.depth) == ("planner", 1)
    assert identity.conflict_set == ("ana", "olga", "planner")
    validate_identity(identity)


def test_a_stated_depth_or_conflict_set_can_only_grow() -> None:
    identity = Identity(subject="ana", chain=(ANA, PLANNER), depth=0, conflict_set=("ana.admin",))
    assert identity.depth == 1
    assert identity.conflict_set == ("ana", "ana.admin", "olga", "planner")


def test_lists_do_as_well_as_tuples() -> None:
    identity = Identity(subject="ana", groups=["dba"], chain=[ANA, PLANNER])  # type: ignore[arg-type]
    assert identity == Identity(subject="ana", groups=("dba",), chain=(ANA, PLANNER))
    validate_identity(identity)


def test_json_completes_the_same_way() -> None:
    text = b'{"subject": "ana", "depth": 9, "chain": [{"sub": "ana"}, {"sub": "planner", "kind": "agent"}]}'
    identity = msgspec.json.decode(text, type=Identity)
    assert (identity.actor, identity.depth) == ("planner", 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": ""},
        {"subject": "ana\x00"},
        {"subject": "an\u202ea"},
        {"subject": "x" * 513},
        {"subject": "ana", "groups": ("",)},
        {"subject": "ana", "groups": ("dba\n",)},
        {"subject": "ana", "actor": "mallory"},
        {"subject": "ana", "chain": (PLANNER, ANA)},
        {"subject": "ana", "chain": (ANA,) * 33},
        {"subject": "ana", "groups": "dba"},
        {"subject": 7},
        {"subject": "ana", "chain": ({"sub": "ana"},)},
        {"subject": "ana", "chain": None},
        {"subject": "ana", "conflict_set": (7,)},
        {"subject": "\ud800"},
        {"subject": "ana "},
        {"subject": "\uff41na"},
        {"subject": "ana", "conflict_set": ("an\u200ba",)},
        {"subject": "ana", "chain": (ANA, ChainLink(sub="bot", owner=""))},
    ],
)
def test_nonsense_is_refused_with_a_code(fields: dict[str, Any]) -> None:
    identity = Identity(**fields)
    with pytest.raises(DocumentError) as caught:
        validate_identity(identity)
    assert caught.value.code == "identity_invalid"


@pytest.mark.parametrize("name", ["Émile", "Жанна", "ana.b@acme.example", "o'neill", "李 雷"])
def test_names_of_the_world_are_persons(name: str) -> None:
    validate_identity(Identity(subject=name))
