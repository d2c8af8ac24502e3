"""Builtins that generated code answers itself when the operands are of the usual types.

Each shortcut gives a test and an expression; when the test fails, the builtin itself is asked. So a shortcut only has
to be right for what its test admits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Shortcut = tuple[str, str]
_Make = Callable[[list[str], list[Any]], "Shortcut | None"]


def shortcut(name: str, texts: list[str], constants: list[Any]) -> Shortcut | None:
    """Test and expression for a call of the builtin `name`; constants are undefined where they aren't known."""
    make = _SHORTCUTS.get(name)
    return None if make is None else make(texts, constants)


def _comparison(operator: str) -> _Make:
    def make(texts: list[str], constants: list[Any]) -> Shortcut | None:
        kinds = [type(constant) for constant in constants if constant is not ...]
        if len(texts) != 2 or any(kind is not int for kind in kinds) or len(kinds) == 2:
            return None
        tests = [
            f"{text}.__class__ is int"
            for text, constant in zip(texts, constants, strict=True)
            if constant is ...
        ]
        return " and ".join(tests), f"{texts[0]} {operator} {texts[1]}"

    return make


def _count(texts: list[str], constants: list[Any]) -> Shortcut | None:
    if len(texts) != 1 or constants[0] is not ...:
        return None
    return f"{texts[0]}.__class__ is list or {texts[0]}.__class__ is RegoSet", f"len({texts[0]})"


def _object_get(texts: list[str], constants: list[Any]) -> Shortcut | None:
    if len(texts) != 3 or constants[0] is not ... or type(constants[1]) is not str:
        return None
    return f"{texts[0]}.__class__ is dict", f"{texts[0]}.get({texts[1]}, {texts[2]})"


def _member(texts: list[str], constants: list[Any]) -> Shortcut | None:
    """A string equals nothing but itself, so Python's own search of an array is right for it."""
    if len(texts) != 2 or constants[0] is not ...:
        # A constant that isn't a string may be one of those that Python takes for another.
        if len(texts) != 2 or type(constants[0]) is not str or constants[1] is not ...:
            return None
        return f"{texts[1]}.__class__ is list", f"{texts[0]} in {texts[1]}"
    if constants[1] is not ... and type(constants[1]).__name__ == "RegoSet":
        return f"{texts[0]}.__class__ is str", f"{texts[0]} in {texts[1]}.items"
    if constants[1] is not ...:
        return None
    return (
        f"{texts[0]}.__class__ is str and {texts[1]}.__class__ is list",
        f"{texts[0]} in {texts[1]}",
    )


_SHORTCUTS: Final[dict[str, _Make]] = {
    "count": _count,
    "gt": _comparison(">"),
    "gte": _comparison(">="),
    "internal.member_2": _member,
    "lt": _comparison("<"),
    "lte": _comparison("<="),
    "minus": _comparison("-"),
    "object.get": _object_get,
    "plus": _comparison("+"),
}
