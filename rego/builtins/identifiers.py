"""`uuid.*` and `rand.intn`: what is random stays the same within one evaluation."""

from __future__ import annotations

import re
import secrets
import uuid
from typing import Any, Final

from policy_engine.rego.builtins.operands import integer, string
from policy_engine.rego.builtins.registry import BuiltinContext, builtin
from policy_engine.rego.value_model import key as key_of

_FORM: Final = re.compile(
    r"(?:urn:uuid:)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})|.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-"
    r"[0-9a-f]{4}-[0-9a-f]{12}).|([0-9a-f]{32})",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_DOMAINS: Final = ("Person", "Group", "Org")
_GREGORIAN: Final = 0x01B21DD213814000
"""From 15 October 1582 to 1970, in units of 100 nanoseconds."""


@builtin("uuid.rfc4122", arity=1, context=True, deterministic=False)
def rfc4122(context: BuiltinContext, name: Any) -> str:
    """A random UUID, the same for the same operand within an evaluation."""
    found: str = context.cache.setdefault(("uuid.rfc4122", key_of(name)), str(uuid.uuid4()))
    return found


@builtin("uuid.parse", arity=1)
def parse(text: Any) -> Any:
    """Version, variant, and what versions 1 and 2 tell of time and machine; undefined for another text."""
    found = _FORM.fullmatch(string(text, 1))
    if found is None:
        return ...
    value = uuid.UUID(found[1] or found[2] or found[3])
    version = value.int >> 76 & 0xF
    result: dict[str, Any] = {"version": version, "variant": _variant(value)}
    if version in (1, 2):
        node = value.node.to_bytes(6, "big")
        stamp = value.time_low | value.time_mid << 32 | (value.time_hi_version & 0xFFF) << 48
        result |= {
            "time": (stamp - _GREGORIAN) * 100,
            "nodeid": "-".join(f"{byte:02x}" for byte in node),
            "macvariables": f"{'local' if node[0] & 2 else 'global'}:{'multicast' if node[0] & 1 else 'unicast'}",
            "clocksequence": value.clock_seq,
        }
    if version == 2:
        domain = value.clock_seq_low
        result |= {
            "id": value.time_low,
            "domain": _DOMAINS[domain] if domain < len(_DOMAINS) else f"Domain{domain}",
        }
    return result


def _variant(value: uuid.UUID) -> str:
    byte = value.clock_seq_hi_variant
    if byte & 0xC0 == 0x80:
        return "RFC4122"
    if byte & 0xE0 == 0xC0:
        return "Microsoft"
    return "Future" if byte & 0xE0 == 0xE0 else "Reserved"


@builtin("rand.intn", arity=2, context=True, deterministic=False)
def intn(context: BuiltinContext, name: Any, limit: Any) -> int:
    """A random integer from 0 to below the limit's size, the same for the same operands within an evaluation."""
    label, size = string(name, 1), abs(integer(limit, 2))
    if size == 0:
        return 0
    found: int = context.cache.setdefault(("rand.intn", label, size), secrets.randbelow(size))
    return found
