"""Facts about an object from its manifest or from a request body: who it is, and whether it is dangerous.

A walk over the whole document, so that a pod template is found wherever a type keeps it (Deployment, CronJob, a
custom resource). A document that is a list is a JSON Patch, and what its operations write is walked.

Privileged means that a container can reach beyond itself to the host: a privileged or host-process container, a
host namespace, a host path, an unmasked /proc, or a capability that amounts to these. `allowPrivilegeEscalation`
is not among them: true is its default, and it only lets a program regain rights that its container has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from policy_engine.parsers.kubernetes.json_patch import written_documents
from policy_engine.parsers.kubernetes.yaml_reader import UnreadableError

MAX_WALK = 500_000  # values visited; YAML aliases can make a small text large

_HOST_SWITCHES = frozenset(("privileged", "hostNetwork", "hostPID", "hostIPC", "hostProcess"))
# Capabilities with which a container leaves itself: mounts, kernel modules, other processes, raw devices, any file.
_STRONG_CAPABILITIES = frozenset(
    ("ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "DAC_READ_SEARCH", "BPF")
)


@dataclass(slots=True)
class BodyFacts:
    """What a document says. `privileged`: see above, anywhere in it. `unseen`: what a JSON Patch doesn't show."""

    api_version: str | None = None
    kind: str | None = None
    name: str | None = None
    namespace: str | None = None
    privileged: bool = False
    unseen: str = ""


def body_facts(document: Any) -> BodyFacts:
    """Return the facts of one parsed document. Raises `UnreadableError` when it is too large to walk."""
    facts = BodyFacts()
    documents = [document]
    if isinstance(document, list):
        written = list(written_documents(document))
        facts.unseen = next((item.unseen for item in written if item.unseen), "")
        documents = [item.document for item in written]
    for item in documents:
        _identity(facts, item)
    facts.privileged = any(_is_privileged(key, value) for key, value in _entries(documents))
    return facts


def _identity(facts: BodyFacts, document: Any) -> None:
    """Take what the document says about who the object is; a later operation of a JSON Patch wins."""
    if not isinstance(document, dict):
        return
    facts.api_version = _text(document.get("apiVersion")) or facts.api_version
    facts.kind = _text(document.get("kind")) or facts.kind
    metadata = document.get("metadata")
    if isinstance(metadata, dict):
        facts.name = _text(metadata.get("name")) or facts.name
        facts.namespace = _text(metadata.get("namespace")) or facts.namespace


def _is_privileged(key: str, value: Any) -> bool:
    if key in _HOST_SWITCHES:
        return value is True or str(value).lower() == "true"
    if key == "hostPath":
        return value is not None
    if key == "procMount":
        return value is not None and value != "Default"
    if key == "add":
        return any(str(item).upper().removeprefix("CAP_") in _STRONG_CAPABILITIES for item in _items(value))
    return False


def _items(value: Any) -> Iterable[Any]:
    """Return the members of a list; a JSON Patch writes one of them as itself, or below its index."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else (value,)


def items_of(document: Any) -> list[Any]:
    """Return the objects of a document: the items of a `List`, otherwise the document itself."""
    if isinstance(document, dict) and isinstance(document.get("items"), list):
        kind = document.get("kind")
        if isinstance(kind, str) and kind.endswith("List"):
            return list(document["items"])
    return [document]


def _entries(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, at any depth."""
    stack = [document]
    visited = 0
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            visited += len(value) + 1
            yield from value.items()
            stack.extend(item for item in value.values() if isinstance(item, dict | list))
        elif isinstance(value, list):
            visited += len(value) + 1
            stack.extend(item for item in value if isinstance(item, dict | list))
        if visited > MAX_WALK:
            raise UnreadableError("the document unfolds to too many values; split it")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
