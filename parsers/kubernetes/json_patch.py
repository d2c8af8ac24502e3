"""A JSON Patch (RFC 6902) as the documents that its operations write.

`add` and `replace` at `/spec/template/spec/hostPID` write the document `{"spec": {"template": {"spec": {"hostPID":
value}}}}`, which can then be judged like any other; an index into a list stands as a key. What `copy` and `move`
write stands in the live object and can't be seen, so only its place is known. `test` and `remove` write nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from policy_engine.parsers.kubernetes.yaml_reader import UnreadableError

MAX_KEYS = 100  # of one path; API objects are nested less deeply
MAX_ALL_KEYS = (
    200_000  # of all paths together; a path of two bytes per key would unfold to far more than it weighs
)

# Below these of an object's or a template's metadata anything may be copied: it is text that nothing runs.
_TEXT_PLACES = frozenset(("labels", "annotations"))


class Written(NamedTuple):
    """One operation's document; `unseen` says in words what is not known about it, and is empty when all is."""

    document: Any
    unseen: str = ""


def written_documents(operations: list[Any]) -> Iterator[Written]:
    """Yield what each operation of a JSON Patch writes. Raises `UnreadableError` when that is too much."""
    total = 0
    for item in operations:
        operation = item.get("op") if isinstance(item, dict) else None
        if operation in ("test", "remove"):
            continue
        if operation not in ("add", "replace", "copy", "move"):
            yield Written(None, f"`{str(operation)[:20]}` is no operation of a JSON Patch")
            continue
        keys = _keys(item.get("path"))
        if keys is None:
            yield Written(None, f"an `{operation}` names no path that begins with `/`")
        elif (total := total + len(keys)) > MAX_ALL_KEYS:
            raise UnreadableError("the paths of the patch are too long together; split it")
        elif operation in ("copy", "move"):
            place = str(item["path"])[:80]
            unseen = (
                ""
                if _is_text(keys)
                else f"the value that `{operation}` puts at `{place}` is not in the patch"
            )
            yield Written(_nested(keys, True), unseen)
        elif "value" not in item:
            yield Written(None, f"an `{operation}` has no value")
        else:
            yield Written(_nested(keys, item["value"]))


def _keys(pointer: Any) -> list[str] | None:
    """Return the keys of a JSON pointer (RFC 6901), none for the whole document; None when it is malformed."""
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        return None
    keys = pointer.split("/", MAX_KEYS + 1)[1:]
    if len(keys) > MAX_KEYS:
        return None
    return [key.replace("~1", "/").replace("~0", "~") for key in keys]


def _nested(keys: list[str], value: Any) -> Any:
    for key in reversed(keys):
        value = {key: value}
    return value


def _is_text(keys: list[str]) -> bool:
    """True for a place among the labels or annotations of the object or of a template in it."""
    for index, key in enumerate(keys[:-1]):
        if key == "metadata" and (index == 0 or keys[index - 1] == "template"):
            return keys[index + 1] in _TEXT_PLACES
    return False
