"""A plan that is ready to be asked: functions over one data document.

Thread-safe: an evaluation keeps all its state in its own frame; what is shared is code, constants and data.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Self

from policy_engine.rego.codegen.module import FILE_NAME, Module, generate
from policy_engine.rego.codegen.runtime import Evaluation
from policy_engine.rego.errors import RegoEvaluationError
from policy_engine.rego.plan import ir
from policy_engine.rego.value_model import from_json, key, to_json
from policy_engine.rego.values import UNDEFINED

DEFAULT_SECONDS: Final = 5.0
DEFAULT_STEPS: Final = 50_000_000
_RESULT: Final = "result"


class Program:
    """A compiled plan over its data."""

    def __init__(self, policy: ir.Policy, data: Any = None, *, strict_builtin_errors: bool = False) -> None:
        """Compile `policy` over the JSON object `data`.

        Raises `RegoCompileError` for a plan that can't be carried out, `RegoInputError` for data that isn't exact.
        """
        self._bind(
            generate(policy), from_json({} if data is None else data, what="data"), strict_builtin_errors
        )

    def _bind(self, module: Module, data: Any, strict: bool) -> None:
        self.module = module
        self._data = data
        self._strict = strict
        namespace = module.namespace(data)
        self._template = namespace["TEMPLATE"]
        self._entrypoints = {name: namespace[function] for name, function in module.entrypoints.items()}

    def with_data(self, data: Any) -> Self:
        """The same rules over another data document, without compiling anything."""
        other = object.__new__(type(self))
        other._bind(self.module, from_json(data, what="data"), self._strict)
        return other

    @property
    def entrypoints(self) -> Iterable[str]:
        return self._entrypoints.keys()

    def evaluate(
        self,
        entrypoint: str,
        input: Any = UNDEFINED,  # noqa: A002 - OPA's word
        *,
        seconds: float = DEFAULT_SECONDS,
        steps: int = DEFAULT_STEPS,
    ) -> Any:
        """The value of an entrypoint for a JSON value as input, as plain JSON, or `UNDEFINED`.

        Raises `RegoEvaluationError` (conflicts, an unknown entrypoint, builtin errors when strict), its child
        `RegoTimeout` beyond the budget, and `RegoInputError` for an input that isn't exact JSON.
        """
        given = ... if input is UNDEFINED else from_json(input)
        results = self.results(entrypoint, given, seconds=seconds, steps=steps)
        if not results:
            return UNDEFINED
        if len(results) > 1 or type(results[0]) is not dict or _RESULT not in results[0]:
            raise RegoEvaluationError(f"`{entrypoint}` is a query with bindings: ask for its results")
        return to_json(results[0][_RESULT])

    def results(
        self,
        entrypoint: str,
        input_value: Any,
        *,
        seconds: float = DEFAULT_SECONDS,
        steps: int = DEFAULT_STEPS,
    ) -> list[dict[str, Any]]:
        """The bindings of each answer as Rego values, for an input that already is one (`...` for none)."""
        function = self._entrypoints.get(entrypoint)
        if function is None:
            known = ", ".join(f"`{name}`" for name in self._entrypoints)
            raise RegoEvaluationError(f"there is no entrypoint `{entrypoint}`: choose from {known}")
        evaluation = Evaluation(steps=steps, seconds=seconds, strict=self._strict)
        try:
            found: list[Any] = function(evaluation.frame(self._template, input_value, self._data))
            return found if len(found) < 2 else list({key(item): item for item in found}.values())
        except RegoEvaluationError as error:
            self._locate(error)
            raise
        except RecursionError:
            raise RegoEvaluationError(
                "the policy calls or nests deeper than it may", code="rego_too_deep"
            ) from None
        except MemoryError:
            raise RegoEvaluationError(
                "the policy used more memory than there is", code="rego_memory"
            ) from None
        except Exception as error:
            failed = RegoEvaluationError(
                f"evaluation failed ({type(error).__name__}: {error!s:.200}), so there is no answer",
                code="rego_internal_error",
            )
            failed.__traceback__ = error.__traceback__
            self._locate(failed)
            raise failed from error

    def _locate(self, error: RegoEvaluationError) -> None:
        """Give the error the place of the innermost statement that was running."""
        trace = error.__traceback__
        line = 0
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == FILE_NAME:
                line = trace.tb_lineno
            trace = trace.tb_next
        if error.file is None and 0 < line < len(self.module.places):
            place = self.module.places[line]
            if place.row:
                files = self.module.files
                error.file = files[place.file] if 0 <= place.file < len(files) else None
                error.row, error.column = place.row, place.col
