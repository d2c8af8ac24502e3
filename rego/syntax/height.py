"""How high a tree is, measured without recursion.

The parser limits how deep text is nested; chains such as `a + b + c + …` are read in a loop and still make a high tree,
which every later stage walks recursively.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Final

from policy_engine.rego.syntax.tree import Place

MAX_HEIGHT: Final = 200
"""Nodes on the way from a statement to its deepest part, else chains counted as one."""


def too_high(node: Any) -> Place | None:
    """The place of a node that is too deep in `node` (a tree or a tuple of trees), or None."""
    stack: list[tuple[Any, int, Place]] = [(node, 0, Place(1, 1))]
    while stack:
        item, height, place = stack.pop()
        if type(item) is tuple:
            stack.extend((child, height, place) for child in item)
        elif is_dataclass(item):
            place = getattr(item, "place", place)
            if height > MAX_HEIGHT:
                return place
            stack.extend(
                (getattr(item, name), height + (name != "otherwise"), place)
                for name in _parts(item.__class__)
            )
    return None


@cache
def _parts(kind: Any) -> tuple[str, ...]:
    """The fields of a node that can hold other nodes."""
    plain = ("place", "text", "name", "negated", "generated", "is_default", "assign")
    return tuple(part.name for part in fields(kind) if part.name not in plain)
