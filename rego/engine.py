"""The one door to an engine: `compile` modules and data to a `Policy`, and ask it.

`Policy` is a protocol with two engines behind it: the project's own, and regopy (rego-cpp) in guarded worker processes.
A value, `UNDEFINED`, or an error: an engine never answers anything else, and nothing but a value is an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from policy_engine.rego.values import UNDEFINED, Undefined

EngineName = Literal["native", "regopy"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a policy may use; all of them end in an error, never in an answer."""

    evaluate_seconds: float = 5.0
    compile_seconds: float = 60.0
    memory_bytes: int = 1024**3
    input_bytes: int = 64 * 1024 * 1024
    output_bytes: int = 64 * 1024 * 1024
    workers: int = 0
    """How many evaluations run at the same time; 0 means one per processor, at most 8."""


@dataclass(frozen=True, slots=True)
class Expression:
    """The value of one expression of a query, with its text and place (from 1)."""

    value: Any
    text: str
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Result:
    """One way in which a query can be true."""

    expressions: tuple[Expression, ...]
    bindings: dict[str, Any] = field(default_factory=dict)


class Policy(Protocol):
    """A compiled policy. Thread-safe. `close` frees what it holds; also a context manager."""

    def evaluate(self, entrypoint: str, input: Any, *, seconds: float | None = None) -> Any:  # noqa: A002
        """The value of `data.<entrypoint>` (`policy/deny` as OPA writes it), or `UNDEFINED`.

        `seconds` overrides `Limits.evaluate_seconds`. Raises `RegoEvaluationError` (its child `RegoTimeout`).
        """

    def query(
        self,
        query: str,
        input: Any = UNDEFINED,  # noqa: A002
        *,
        package: Sequence[str] = (),
        imports: Sequence[str] = (),
        seconds: float | None = None,
    ) -> list[Result]:
        """Every way in which `query` is true; an empty list means undefined. `UNDEFINED` as input means none.

        Raises `RegoCompileError` for a query that isn't Rego, else as `evaluate`.
        """

    def close(self) -> None:
        """Free the policy; later calls raise `RegoEvaluationError`."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def compile(  # noqa: A001 - OPA's word
    modules: Mapping[str, str],
    data: Mapping[str, Any] | None = None,
    *,
    entrypoints: Sequence[str] = (),
    limits: Limits | None = None,
    engine: EngineName = "native",
    strict_builtin_errors: bool = True,
) -> Policy:
    """Compile `modules` (file name -> Rego text) over the base document `data`.

    `entrypoints` that are known to be asked are made ready now; others are at their first evaluation.

    `engine` is the project's own (`native`) or rego-cpp in guarded worker processes (`regopy`). With
    `strict_builtin_errors` a builtin that fails is an error, else it is undefined, as in OPA by default.

    Raises `RegoCompileError` with everything found wrong, or `RegoInputError` when `data` can't be kept exactly.
    """
    documents = {} if data is None else data
    if engine == "native":
        from policy_engine.rego.native import compile_policy

        return compile_policy(
            modules,
            documents,
            limits or Limits(),
            entrypoints=entrypoints,
            strict_builtin_errors=strict_builtin_errors,
        )
    from policy_engine.rego.regopy.policy import compile_policy as compile_for_regopy

    return compile_for_regopy(modules, documents, limits or Limits(), entrypoints=entrypoints)


__all__ = [
    "UNDEFINED",
    "EngineName",
    "Expression",
    "Limits",
    "Policy",
    "Result",
    "Undefined",
    "compile",
]
