"""Values at the border of an engine: the sentinel for undefined, and the one exact way from Python to JSON.

What JSON can't carry exactly (an integer that doesn't fit 64 bits, a float with more digits than the engine keeps,
a key that isn't a string, NaN, a lone surrogate) is refused with its path: an answer about another value than the
one asked about is worse than no answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from policy_engine.rego.errors import RegoInputError

MAX_DEPTH: Final = 250
_MAX_INTEGER: Final = 2**63


class Undefined:
    """The type of `UNDEFINED`, which is neither null nor false: no rule said anything."""

    _instance: Undefined | None = None

    def __new__(cls) -> Undefined:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        raise TypeError("undefined is neither true nor false: compare with `is UNDEFINED`")


UNDEFINED: Final = Undefined()


def exact_json(value: Any, *, what: str = "input", max_bytes: int = 64 * 1024 * 1024) -> str:
    """JSON text that means exactly `value`; raises `RegoInputError` with the path of what can't be exact."""
    _check(value, what)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text) if text.isascii() else len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise RegoInputError(
            f"`{what}` contains a lone surrogate, which is not a character", code="input_not_exact"
        ) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise RegoInputError(f"`{what}` is not JSON: {error}", code="input_not_json") from error
    if size > max_bytes:
        raise RegoInputError(
            f"`{what}` has {size} bytes, more than the limit of {max_bytes}", code="input_too_large"
        )
    return text


def _check(value: Any, what: str) -> None:
    """Walk without recursion; the path is only put together when something is wrong."""
    stack: list[tuple[Any, int, Any]] = [(value, 0, None)]
    while stack:
        item, depth, trail = stack.pop()
        kind = type(item)
        if kind is str or kind is bool or item is None:
            continue
        if kind is int:
            if not -_MAX_INTEGER <= item < _MAX_INTEGER:
                raise _refused(what, trail, f"the integer {_short(item)} doesn't fit 64 bits")
        elif kind is float:
            _check_float(item, what, trail)
        elif depth >= MAX_DEPTH:
            raise _refused(what, None, f"values are nested deeper than {MAX_DEPTH} levels", "input_too_deep")
        elif kind is list or kind is tuple:
            stack.extend((child, depth + 1, (trail, index)) for index, child in enumerate(item))
        elif kind is dict:
            for key, child in item.items():
                if type(key) is not str:
                    raise _refused(what, trail, f"the key {_short(key)} is not a string", "input_not_json")
                stack.append((child, depth + 1, (trail, key)))
        else:
            raise _refused(what, trail, f"a {kind.__name__} is not a JSON value", "input_not_json")


def _check_float(item: float, what: str, trail: Any) -> None:
    if item != item or item in (float("inf"), float("-inf")):
        raise _refused(what, trail, f"{item} is not a JSON number", "input_not_json")
    if float(f"{item:.15g}") != item:
        raise _refused(what, trail, f"{item!r} has more digits than the engine keeps (15)")


def _short(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > 200:
        return f"of {value.bit_length()} bits"
    text = repr(value)
    return f"`{text}`" if len(text) <= 60 else f"`{text[:57]}...`"


def _refused(what: str, trail: Any, reason: str, code: str = "input_not_exact") -> RegoInputError:
    steps: list[str] = []
    while trail is not None:
        trail, step = trail
        steps.append(f"[{step}]" if isinstance(step, int) else f".{step}")
    return RegoInputError(f"`{what}{''.join(reversed(steps))}`: {reason}", code=code)


def lookup(data: Any, path: tuple[str, ...]) -> Any:
    """The value below nested mappings, or `UNDEFINED`."""
    for step in path:
        if not isinstance(data, Mapping) or step not in data:
            return UNDEFINED
        data = data[step]
    return data
