"""What generated code calls: looking up, iterating, conflicts, `with`, and the budget of an evaluation.

One evaluation is a *frame*: a list `M` of input, data, the `Evaluation`, and then one slot for each memoised rule and
each shared path, `NOT_YET` until it is known. `with` runs its block over another frame; frames are found again by the
identity of their input and data, so what was known before a `with` is known after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from policy_engine.rego.builtins.registry import BuiltinError
from policy_engine.rego.errors import RegoEvaluationError, RegoTimeout
from policy_engine.rego.value_model import RegoSet, equal, key, sorted_keys, unkey

Frame = list[Any]

INPUT, DATA, EVALUATION, FIRST_SLOT = range(4)
MAX_ERRORS: Final = 100
MAX_FRAMES: Final = 256
_CHUNK: Final = 5_000


class _NotYet:
    def __repr__(self) -> str:
        return "NOT_YET"


NOT_YET: Final = _NotYet()


class Evaluation:
    """The budget and the surroundings of one evaluation; builtins get it as their context.

    `left` counts steps down; below zero `refill` looks at the clock and at the steps still allowed, so that the
    clock is read once for some thousand steps.
    """

    __slots__ = (
        "_deadline",
        "_frames",
        "_steps",
        "builtin_errors",
        "cache",
        "left",
        "now_ns",
        "printed",
        "strict",
    )

    def __init__(
        self, *, steps: int, seconds: float, strict: bool = False, now_ns: int | None = None
    ) -> None:
        self._deadline = time.monotonic() + seconds
        self._steps = max(0, steps - _CHUNK)
        self._frames: dict[tuple[int, int], Frame] = {}
        self.left = min(steps, _CHUNK)
        self.strict = strict
        self.now_ns = time.time_ns() if now_ns is None else now_ns
        self.cache: dict[Any, Any] = {}
        self.printed: list[str] = []
        self.builtin_errors: list[str] = []

    def charge(self, steps: int) -> None:
        """Account for work before it is done. Raises `RegoTimeout`."""
        self.left -= steps
        if self.left < 0:
            self.refill()

    def refill(self) -> None:
        """The steps of the last chunk are used up: is there time, and are there more?"""
        if time.monotonic() > self._deadline:
            raise RegoTimeout("the policy took longer than it may: simplify it or allow more seconds")
        self._steps += self.left
        if self._steps < 0:
            raise RegoTimeout("the policy took more steps than it may: simplify it or allow more steps")
        self.left = min(self._steps, _CHUNK)
        self._steps -= self.left

    def frame(self, template: Frame, input_: Any, data: Any) -> Frame:
        """The frame over this input and data, the same one each time for the same two objects."""
        identity = (id(input_), id(data))
        found = self._frames.get(identity)
        if found is None:
            self.charge(len(template))
            if len(self._frames) >= MAX_FRAMES:
                self._frames.clear()  # only what was remembered is lost
            found = list(template) if data is template[DATA] else [NOT_YET] * len(template)
            # The frame keeps both alive, so an identity is never used twice.
            found[INPUT], found[DATA], found[EVALUATION] = input_, data, self
            self._frames[identity] = found
        return found

    def builtin_failed(self, name: str, error: BuiltinError) -> Any:
        """Undefined, or the end of the evaluation when builtin errors are strict."""
        if self.strict:
            raise RegoEvaluationError(f"{name}: {error.message}", code=error.code) from error
        if len(self.builtin_errors) < MAX_ERRORS:
            self.builtin_errors.append(f"{name}: {error.message}")
        return ...


def dot(source: Any, name: Any) -> Any:
    """The member `name` of an array, object or set, or undefined."""
    kind = type(source)
    if kind is dict:
        return source.get(name if type(name) is str else key(name), ...)
    if kind is list:
        return source[name] if type(name) is int and 0 <= name < len(source) else ...
    if kind is RegoSet:
        return source.items.get(name if type(name) is str else key(name), ...)
    return ...


def dot_base(source: Any, name: Any) -> Any:
    """As `dot`, within base documents: there a number also finds the string that it prints, as in OPA's store."""
    found = dot(source, name)
    if found is ... and type(source) is dict and type(name) is int:
        return source.get(str(name), ...)
    return found


def walk_path(source: Any, steps: tuple[str, ...]) -> Any:
    """The value below a path of strings, or undefined."""
    for step in steps:
        source = source.get(step, ...) if type(source) is dict else dot(source, step)
        if source is ...:
            return ...
    return source


def keep(frame: Frame, template: Frame, slot: int, function: Callable[[Frame], Any]) -> Any:
    """The value of a rule of data alone: kept for later evaluations over the same data."""
    value = frame[slot] = function(frame)
    if frame[DATA] is template[DATA]:
        template[slot] = value
    return value


def scan(evaluation: Evaluation, source: Any) -> Iterable[tuple[Any, Any]]:
    """Keys and members in Rego's order; nothing for a scalar. Charges for all of them."""
    kind = type(source)
    if kind is not list and kind is not dict and kind is not RegoSet:
        return ()
    evaluation.left -= len(source)
    if evaluation.left < 0:
        evaluation.refill()
    if kind is list:
        return enumerate(source)
    if kind is dict:
        return [(name if type(name) is str else unkey(name), source[name]) for name in sorted_keys(source)]
    return [(member, member) for member in source.sorted()]


def scan_values(evaluation: Evaluation, source: Any) -> Iterable[Any]:
    """The members alone, as `scan`."""
    kind = type(source)
    if kind is not list and kind is not dict and kind is not RegoSet:
        return ()
    evaluation.left -= len(source)
    if evaluation.left < 0:
        evaluation.refill()
    if kind is list:
        return source  # type: ignore[no-any-return]
    return [source[name] for name in sorted_keys(source)] if kind is dict else source.sorted()


def length(source: Any) -> int:
    """The number of members."""
    return len(source) if type(source) in {list, dict, RegoSet, str} else 0


def assign_once(known: Any, value: Any, is_function: bool) -> Any:
    """The value of a rule of which another body already gave `known`."""
    if known is ... or known is value or equal(known, value):
        return value
    raise RegoEvaluationError(
        "functions must not produce multiple outputs for same inputs"
        if is_function
        else "complete rules must not produce multiple outputs",
        code="eval_conflict_error",
    )


def insert_once(target: dict[Any, Any], name: Any, value: Any) -> None:
    """Insert unless the name already has another value."""
    stored = name if type(name) is str else key(name)
    if not equal(target.setdefault(stored, value), value):
        raise RegoEvaluationError("object keys must be unique", code="eval_conflict_error")


def merge(base: Any, virtual: Any) -> Any:
    """Base and virtual documents as one; where both have a value, the base document has it, as in OPA."""
    if type(base) is not dict or type(virtual) is not dict:
        return base
    merged = dict(base)
    for name, member in virtual.items():
        known = base.get(name, ...)
        merged[name] = member if known is ... else merge(known, member)
    return merged


def own(value: Any, owned: dict[int, Any]) -> Any:
    """`value` itself if this function made it, else a copy that it may change."""
    if id(value) in owned:
        return value
    kind = type(value)
    if kind is dict:
        value = dict(value)
    elif kind is RegoSet:
        value = RegoSet.of_items(dict(value.items))
    elif kind is list:
        value = list(value)
    owned[id(value)] = value
    return value


def upsert(source: Any, path: tuple[str, ...], value: Any) -> Any:
    """A copy of `source` with `value` at `path`; what isn't an object on the way is replaced by one."""
    if not path:
        return value
    copy = dict(source) if type(source) is dict else {}
    copy[path[0]] = upsert(copy.get(path[0], ...), path[1:], value)
    return copy


class DynamicCalls:
    """Which function a dynamic call reaches: a tree over the paths of all functions."""

    def __init__(self, functions: Iterable[tuple[tuple[str, ...], Any, int | None]]) -> None:
        self._tree: dict[str | None, Any] = {}
        for path, function, slot in functions:
            node = self._tree
            for step in path:
                node = node.setdefault(step, {})
            node[None] = (function, slot)

    def find(self, path: tuple[Any, ...]) -> tuple[Any, int | None, int] | None:
        """Function, memo slot, and how many steps of the path led to it; None without one."""
        node: Any = self._tree
        for index, step in enumerate(path):
            node = node.get(step) if type(step) is str else None
            if node is None:
                return None
            if None in node:
                return (*node[None], index + 1)
        return None

    def call(self, frame: Frame, path: tuple[Any, ...]) -> Any:
        """The value at a path, `NOT_YET` when no function is there (so data may be), or undefined."""
        found = self.find(path)
        if found is None:
            return NOT_YET
        function, slot, used = found
        value = NOT_YET if slot is None else frame[slot]
        if value is NOT_YET:
            value = function(frame)
            if slot is not None:
                frame[slot] = value
        for step in path[used:]:
            if value is ...:
                break
            value = dot(value, step)
        return value
