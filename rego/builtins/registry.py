"""Which builtin functions there are.

A builtin is a plain function over Rego values (see `value_model`), put here by its decorator:

    @builtin("numbers.range", arity=2, context=True)
    def numbers_range(context: BuiltinContext, start: Any, end: Any) -> Any: ...

It returns a value, or `...` when it is undefined without anything being wrong. What is wrong is raised as
`BuiltinError` (the message without the function's name, which the caller puts in front): undefined to a policy, or an
error when builtin errors are strict. With `context=True` the first argument is the running evaluation.

The group modules are imported at the first look-up, not before.
"""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from policy_engine.rego.errors import RegoEvaluationError

_Function = TypeVar("_Function", bound=Callable[..., Any])


class BuiltinError(Exception):
    """A builtin can't answer: `code` is `eval_builtin_error`, or `eval_type_error` for an operand of a wrong type."""

    def __init__(self, message: str, *, code: str = "eval_builtin_error") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class BuiltinTypeError(BuiltinError):
    """An operand has a wrong type."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="eval_type_error")


class BuiltinHalt(RegoEvaluationError):  # noqa: N818 - OPA's word
    """A builtin stops the whole evaluation, strict or not."""


class BuiltinLimit(BuiltinHalt):
    """What is asked is more than a policy may use. Never undefined: a limit that is met is no answer."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="eval_limit")


class BuiltinContext(Protocol):
    """What a builtin may know and use of the evaluation that it runs in."""

    now_ns: int
    """The time of the evaluation, the same for all its calls."""

    cache: dict[Any, Any]
    """Answers that must stay the same within one evaluation (random numbers, UUIDs)."""

    printed: list[str]
    """What `print` said."""

    def charge(self, steps: int) -> None:
        """Account for work of about `steps` elements *before* it is done; raises `RegoTimeout` beyond the budget."""


@dataclass(frozen=True, slots=True)
class Builtin:
    """One builtin function: `arity` counts the operands, without the context."""

    name: str
    arity: int
    function: Callable[..., Any]
    context: bool = False
    deterministic: bool = True


_BUILTINS: Final[dict[str, Builtin]] = {}
_LOAD: Final = threading.Lock()
_loaded = False


def builtin(
    name: str, *, arity: int, context: bool = False, deterministic: bool = True
) -> Callable[[_Function], _Function]:
    """Make the decorated function the builtin `name`. Several decorators give one function several names."""

    def register(function: _Function) -> _Function:
        known = _BUILTINS.get(name)
        if known is not None and known.function is not function:
            raise ValueError(f"the builtin `{name}` is already defined: choose another name")
        _BUILTINS[name] = Builtin(name, arity, function, context, deterministic)
        return function

    return register


def lookup(name: str) -> Builtin | None:
    """The builtin `name`, or None."""
    _load()
    return _BUILTINS.get(name)


def names() -> frozenset[str]:
    """The names of all builtins."""
    _load()
    return frozenset(_BUILTINS)


def _load() -> None:
    global _loaded
    if _loaded:
        return
    with _LOAD:
        if not _loaded:
            package = importlib.import_module(__package__)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{__package__}.{module.name}")
            _loaded = True
