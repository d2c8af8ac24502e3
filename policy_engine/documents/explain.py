"""Validation errors in words that help: what is wrong, and which words would be right.

msgspec says `Invalid enum value 'raed' - at `$.effects[0]``; a person wants to know the words that are known. The type
of the document knows them: it is walked along the error's path.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

import msgspec

Path = tuple[str | int, ...]

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_BAD_WORD = re.compile(r"^Invalid enum value '(.*)'$", re.DOTALL)
_BAD_FIELD = re.compile(r"^Object contains unknown field `(.*)`$", re.DOTALL)


def explain(error: msgspec.ValidationError, kind: Any) -> tuple[str, Path]:
    """Return the sentence and the path of `error`, which came from reading a document of type `kind`."""
    message, _, where = str(error).partition(" - at `$")
    path: Path = tuple(
        key or (int(index) if index.isdigit() else index) for key, index in _STEP.findall(where.rstrip("`"))
    )
    if found := _BAD_WORD.match(message):
        return f"`{found[1]}` is not one of the words known here; {hint(found[1], _words(kind, path))}", path
    if found := _BAD_FIELD.match(message):
        return f"there is no field `{found[1]}` here; {hint(found[1], _fields(kind, path))}", path
    return message[:1].lower() + message[1:], path


def hint(word: str, known: Iterable[str]) -> str:
    """Return `did you mean …?` for a near word, else all that are known."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1)
    return f"did you mean `{near[0]}`?" if near else f"known: {', '.join(choices) or 'none'}"


def _words(kind: Any, path: Path) -> list[str]:
    node = _walk(msgspec.inspect.type_info(kind), path)
    for option in _options(node):
        if isinstance(option, msgspec.inspect.EnumType):
            return [member.value for member in option.cls]
        if isinstance(option, msgspec.inspect.LiteralType):
            return [str(value) for value in option.values]
    return []


def _fields(kind: Any, path: Path) -> list[str]:
    node = _walk(msgspec.inspect.type_info(kind), path)
    return [
        field.encode_name
        for option in _options(node)
        if isinstance(option, msgspec.inspect.StructType)
        for field in option.fields
    ]


def _options(node: Any) -> list[Any]:
    """Return the alternatives of a union, or the type itself."""
    return list(node.types) if isinstance(node, msgspec.inspect.UnionType) else [node]


def _walk(node: Any, path: Path) -> Any:
    """Return the type that stands at `path` below `node`; None where it can't be told."""
    for step in path:
        following = None
        for option in _options(node):
            if isinstance(option, msgspec.inspect.StructType):
                following = next((f.type for f in option.fields if f.encode_name == step), following)
            elif isinstance(option, msgspec.inspect.DictType):
                following = option.value_type
            elif hasattr(option, "item_type"):
                following = option.item_type
        node = following
    return node
