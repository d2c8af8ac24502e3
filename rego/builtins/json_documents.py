"""`json.filter`, `json.remove` and `json.patch`: parts of a document by paths."""

from __future__ import annotations

import re
from typing import Any, Final

from policy_engine.rego.builtins.objects import child
from policy_engine.rego.builtins.operands import array, elements, rego_object, wrong_type
from policy_engine.rego.builtins.registry import BuiltinError, BuiltinTypeError, builtin
from policy_engine.rego.value_model import RegoSet, equal, type_name
from policy_engine.rego.value_model import key as key_of

_INDEX: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def _paths(value: Any) -> list[list[Any]]:
    found = elements(value)
    if found is None:
        raise wrong_type(2, value, "set", "array")
    return [_path(item) for item in found]


def _path(value: Any) -> list[Any]:
    """The steps of a path: JSON Pointer text, or an array of steps as they are."""
    if type(value) is str:
        if not value:
            return []
        return [step.replace("~1", "/").replace("~0", "~") for step in value.lstrip("/").split("/")]
    if type(value) is list:
        return value
    raise BuiltinTypeError(
        "operand 2 must be one of {set, array} containing string paths or array of path segments"
        f" but got {type_name(value)}"
    )


_Tree = dict[Any, Any]
"""Stored keys to further trees; None is the end of a path, and swallows longer ones."""


def _tree(paths: list[list[Any]]) -> _Tree:
    root: _Tree = {}
    for path in paths:
        node: Any = root
        for step in path[:-1]:
            node = node.setdefault(key_of(step), {})
            if node is None:
                break
        if path and node is not None:
            node[key_of(path[-1])] = None
    return root


@builtin("json.filter", arity=2)
def keep(document: Any, paths: Any) -> dict[Any, Any]:
    """The object with only what the paths lead to."""
    base = rego_object(document, 1)
    kept: dict[Any, Any] = _keep(base, _tree(_paths(paths)))
    return kept


def _keep(value: Any, wanted: _Tree | None) -> Any:
    if wanted is None:
        return value
    kind = type(value)
    if kind is dict:
        return {name: _keep(item, wanted[name]) for name, item in value.items() if name in wanted}
    if kind is list:
        return [_keep(item, wanted[str(at)]) for at, item in enumerate(value) if str(at) in wanted]
    if kind is RegoSet:
        return RegoSet(_keep(item, wanted[name]) for name, item in value.items.items() if name in wanted)
    return value


@builtin("json.remove", arity=2)
def remove(document: Any, paths: Any) -> dict[Any, Any]:
    """The object without what the paths lead to."""
    base = rego_object(document, 1)
    rest: dict[Any, Any] = _remove(base, _tree(_paths(paths)))
    return rest


def _remove(value: Any, unwanted: Any) -> Any:
    """`...` when the value itself goes; `unwanted` is `...` where no path goes on."""
    if unwanted is None:
        return ...
    kind = type(value)
    if unwanted is ...:
        return value
    if kind is dict:
        kept = ((name, _remove(item, unwanted.get(name, ...))) for name, item in value.items())
        return {name: item for name, item in kept if item is not ...}
    if kind is list:
        items = (_remove(item, unwanted.get(str(at), ...)) for at, item in enumerate(value))
        return [item for item in items if item is not ...]
    if kind is RegoSet:
        members = (_remove(item, unwanted.get(name, ...)) for name, item in value.items.items())
        return RegoSet(item for item in members if item is not ...)
    return value


@builtin("json.patch", arity=2)
def patch(document: Any, operations: Any) -> Any:
    """The document after the operations of a JSON Patch (RFC 6902); paths may lead through sets."""
    for operation in array(operations, 2):
        document = _apply(document, operation)
    if document is ...:
        raise BuiltinError("the patch removes the whole document")
    return document


def _apply(document: Any, operation: Any) -> Any:
    if type(operation) is not dict:
        raise BuiltinError(
            "must be an array of JSON-Patch objects, but at least one element is not an object"
        )
    if "path" not in operation:
        raise BuiltinError("missing required attribute 'path'")
    name = _attribute(operation, "op")
    if type(name) is not str:
        raise BuiltinError(f"attribute 'op' must be a string but found: {type_name(name)}")
    path = _path(operation["path"])
    if name == "add":
        return _insert(document, path, _attribute(operation, "value"))
    if name == "remove":
        return _delete(document, path)
    if name == "replace":
        rest = _delete(document, path)
        return _insert(rest, path, _attribute(operation, "value"))
    if name in ("move", "copy"):
        origin = _path(_attribute(operation, "from"))
        chunk = _find(document, origin)
        return _insert(_delete(document, origin) if name == "move" else document, path, chunk)
    if name == "test":
        found = _find(document, path)
        if not equal(found, _attribute(operation, "value")):
            raise BuiltinError("the value found is not the one that the operation `test` expects")
        return document
    raise BuiltinError(f"unrecognized op: '{name}'")


def _attribute(operation: dict[Any, Any], name: str) -> Any:
    if name not in operation:
        raise BuiltinError(f"missing required attribute '{name}'")
    return operation[name]


def _index(step: Any, length: int, *, most: int) -> int:
    if step == "-" and type(step) is str:
        index = length
    elif type(step) is int:
        index = step
    elif type(step) is str:
        if not _INDEX.fullmatch(step):
            raise BuiltinError("invalid string for indexing")
        if step != "0" and step.startswith("0"):
            raise BuiltinError("leading zeros are not allowed in JSON paths")
        index = int(step)
    else:
        raise BuiltinError("invalid type for indexing")
    if not 0 <= index <= most:
        raise BuiltinError("index for an array is out of bounds")
    return index


def _find(document: Any, path: list[Any]) -> Any:
    for step in path:
        if type(document) is list:
            document = document[_index(step, len(document), most=len(document) - 1)]
        else:
            document = child(document, step)
            if document is ...:
                raise BuiltinError("the path does not exist in the document")
    if document is ...:
        raise BuiltinError("the document is already removed")
    return document


def _insert(document: Any, path: list[Any], value: Any) -> Any:
    if not path:
        return value
    if len(path) > 1:
        return _with(document, path[0], _insert(_find(document, path[:1]), path[1:], value))
    step = path[0]
    if type(document) is dict:
        return {**document, key_of(step): value}
    if type(document) is RegoSet:
        if not equal(step, value):
            raise BuiltinError("set key does not equal value to be inserted")
        return document | RegoSet([value])
    if type(document) is list:
        at = _index(step, len(document), most=len(document))
        return [*document[:at], value, *document[at:]]
    raise BuiltinError("a path leads into a value that is no object, array or set")


def _delete(document: Any, path: list[Any]) -> Any:
    if not path:
        if document is ...:
            raise BuiltinError("the document is already removed")
        return ...
    if len(path) > 1:
        return _with(document, path[0], _delete(_find(document, path[:1]), path[1:]))
    step = path[0]
    _find(document, path)
    if type(document) is dict:
        gone = key_of(step)
        return {name: item for name, item in document.items() if name != gone}
    if type(document) is RegoSet:
        return document - RegoSet([step])
    at = _index(step, len(document), most=len(document) - 1)
    return document[:at] + document[at + 1 :]


def _with(document: Any, step: Any, value: Any) -> Any:
    """`document` with the child at `step` changed to `value`."""
    if type(document) is dict:
        return {**document, key_of(step): value}
    if type(document) is list:
        at = _index(step, len(document), most=len(document) - 1)
        return [*document[:at], value, *document[at + 1 :]]
    return (document - RegoSet([step])) | RegoSet([value])
