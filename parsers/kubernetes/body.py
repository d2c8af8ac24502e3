"""Facts about an object from its manifest or from a request body: who it is, and whether it is dangerous.

A walk over the whole document, so that a pod template is found wherever a type keeps it (Deployment, CronJob, a
custom resource). JSON Patch documents are walked by their paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policy_engine.parsers.kubernetes.yaml_reader import UnreadableError

MAX_WALK = 500_000  # values visited; YAML aliases can make a small text large

_HOST_SWITCHES = frozenset(("privileged", "hostNetwork", "hostPID", "hostIPC", "hostProcess"))
_STRONG_CAPABILITIES = frozenset(("ALL", "SYS_ADMIN", "CAP_SYS_ADMIN"))


@dataclass(slots=True)
class BodyFacts:
    """What a document says. `privileged`: a privileged container, a host namespace or a host path, anywhere in it."""

    api_version: str | None = None
    kind: str | None = None
    name: str | None = None
    namespace: str | None = None
    privileged: bool = False


def body_facts(document: Any) -> BodyFacts:
    """Return the facts of one parsed document. Raises `UnreadableError` when it is too large to walk."""
    facts = BodyFacts()
    if isinstance(document, dict):
        facts.api_version = _text(document.get("apiVersion"))
        facts.kind = _text(document.get("kind"))
        metadata = document.get("metadata")
        if isinstance(metadata, dict):
            facts.name = _text(metadata.get("name"))
            facts.namespace = _text(metadata.get("namespace"))
    facts.privileged = any(_is_privileged(key, value) for key, value in _entries(document))
    return facts


def _is_privileged(key: str, value: Any) -> bool:
    if key in _HOST_SWITCHES:
        return value is True or str(value).lower() == "true"
    if key == "hostPath":
        return value is not None
    if key == "add" and isinstance(value, list):
        return any(str(item).upper() in _STRONG_CAPABILITIES for item in value)
    return False


def items_of(document: Any) -> list[Any]:
    """Return the objects of a document: the items of a `List`, otherwise the document itself."""
    if isinstance(document, dict) and isinstance(document.get("items"), list):
        kind = document.get("kind")
        if isinstance(kind, str) and kind.endswith("List"):
            return list(document["items"])
    return [document]


def _entries(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, at any depth; the operations of a JSON Patch by the keys of their path."""
    stack = [document]
    visited = 0
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            visited += len(value) + 1
            path = value.get("path")
            if "op" in value and isinstance(path, str):
                yield from ((part, value.get("value")) for part in _pointer_keys(path))
            yield from value.items()
            stack.extend(item for item in value.values() if isinstance(item, dict | list))
        elif isinstance(value, list):
            visited += len(value) + 1
            stack.extend(item for item in value if isinstance(item, dict | list))
        if visited > MAX_WALK:
            raise UnreadableError("the document unfolds to too many values; split it")


def _pointer_keys(pointer: str) -> list[str]:
    """Return the keys of a JSON pointer without its indexes into lists: any of them may be the dangerous one."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[:100]]
    return [part for part in parts if part and part != "-" and not part.isdigit()]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
