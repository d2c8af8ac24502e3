"""`Policy` on top of regopy: the guards around every request.

What regopy could get wrong is refused before it is asked: values that it can't hold exactly (`values.exact_json`),
text that the policy's builtins would misread (`_check_text`), modules that mean something else there
(`source.prepare`). Whatever isn't a plain answer to this very request is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from policy_engine.rego.engine import Limits, Result
from policy_engine.rego.errors import (
    Issue,
    RegoCompileError,
    RegoEvaluationError,
    RegoInputError,
)
from policy_engine.rego.regopy import exact_strings
from policy_engine.rego.regopy.pool import WorkerPool
from policy_engine.rego.regopy.process import WorkerFailure
from policy_engine.rego.regopy.query import Query, read_query
from policy_engine.rego.regopy.source import Prepared, prepare
from policy_engine.rego.values import UNDEFINED, exact_json

_ENGINE_ERROR: Final = re.compile(
    r"\(error(?: \d+:m(\d+)\.rego\|(\d+)\|\d+)?\s*\n?\s*\(errormsg \d+:([^\n]*?)\)\s*(?:\n|$)"
)
_TO_UPPER_ASCII: Final = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_TO_LOWER_ASCII: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def compile_policy(
    modules: Mapping[str, str],
    data: Mapping[str, Any],
    limits: Limits,
    *,
    entrypoints: Sequence[str] = (),
    plain: bool = False,
) -> RegopyPolicy:
    """See `policy_engine.rego.engine.compile`; `plain` gives up exact strings."""
    prepared, issues = prepare(modules, data, plain=plain)
    if issues:
        raise RegoCompileError(issues)
    data_text = exact_json(dict(data), what="data", max_bytes=1 << 30)
    _refuse_private(data_text, data, "data")
    _refuse_other_cases(data_text, prepared.changes_case, "data")
    if prepared.exact:
        data_text = exact_strings.encode_json(data_text)
    payload = json.dumps(
        {
            "modules": prepared.modules,
            "data": data_text,
            "build": [_captured(entrypoint) for entrypoint in entrypoints] or ["data"],
        },
        ensure_ascii=False,
    )
    pool = WorkerPool(payload, limits)
    try:
        pool.start_one()
    except WorkerFailure as failure:
        raise _load_error(failure, prepared, limits) from failure
    except RegoEvaluationError as error:
        raise RegoCompileError(
            [Issue("rego_engine_error", f"the regopy engine can't load the policy: {error.message}")]
        ) from error
    return RegopyPolicy(pool, prepared, limits, modules, data)


def _load_error(failure: WorkerFailure, prepared: Prepared, limits: Limits) -> RegoCompileError:
    """Load the original text once more without data: its offsets are those of the files."""
    original = [
        (name, source.text + "\n")
        for (name, _), source in zip(prepared.modules, prepared.sources, strict=True)
    ]
    pool = WorkerPool(
        json.dumps({"modules": original, "data": None, "build": ["data"]}, ensure_ascii=False), limits
    )
    message = failure.message
    try:
        pool.start_one()
    except WorkerFailure as second:
        message = second.message
    except RegoEvaluationError:
        pass
    finally:
        pool.close()
    issues = []
    for number, offset, text in _ENGINE_ERROR.findall(message):
        source = prepared.sources[int(number)] if number else None
        if source is None:
            issues.append(Issue("rego_compile_error", _readable(text)))
        else:
            start = len(source.text.encode()[: int(offset)].decode(errors="ignore"))
            issues.append(source.issue("rego_parse_error", _readable(text), min(start, len(source.text))))
    return RegoCompileError(issues or [Issue("rego_compile_error", _readable(failure.message))])


def _readable(text: str) -> str:
    text = exact_strings.decode_json(text.strip())
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _refuse_private(text: str, value: Any, what: str) -> None:
    if exact_strings.has_private(text):
        found = exact_strings.first_private(value) or ""
        raise RegoInputError(
            f"`{what}` contains a character of U+F0000 to U+F005C (in {found[:40]!r}), which the engine reserves",
            code="input_reserved_character",
        )


class RegopyPolicy:
    """A policy loaded into a pool of regopy workers."""

    def __init__(
        self,
        pool: WorkerPool,
        prepared: Prepared,
        limits: Limits,
        modules: Mapping[str, str],
        data: Mapping[str, Any],
    ) -> None:
        self._modules = modules
        self._data = data
        self._plain: RegopyPolicy | None = None
        self._pool = pool
        self._prepared = prepared
        self._limits = limits

    def evaluate(self, entrypoint: str, input: Any, *, seconds: float | None = None) -> Any:  # noqa: A002
        rows = self._ask(_captured(entrypoint), input, seconds)
        if not rows:
            return UNDEFINED
        if len(rows) != 1 or _VALUE not in rows[0].get("bindings", {}):
            raise RegoEvaluationError(f"`{entrypoint}` has no single value", code="rego_engine_confused")
        return rows[0]["bindings"][_VALUE]

    def query(
        self,
        query: str,
        input: Any = UNDEFINED,  # noqa: A002
        *,
        package: Sequence[str] = (),
        imports: Sequence[str] = (),
        seconds: float | None = None,
    ) -> list[Result]:
        asked = read_query(query, tuple(package), tuple(imports), self._prepared, self._data)
        if asked.byte_level and self._prepared.exact:
            return self._in_plain_text().query(
                query, input, package=package, imports=imports, seconds=seconds
            )
        return asked.results(self._ask(asked.text, input, seconds, asked))

    def _in_plain_text(self) -> RegopyPolicy:
        """The same policy without exact strings, for queries that call what works on bytes."""
        if self._plain is None:
            self._plain = compile_policy(self._modules, self._data, self._limits, plain=True)
        return self._plain

    def close(self) -> None:
        self._pool.close()
        if self._plain is not None:
            self._plain.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(
        self, query: str, value: Any, seconds: float | None, asked: Query | None = None
    ) -> list[dict[str, Any]]:
        """regopy's result rows for a query that is ready for it."""
        text = None
        if value is not UNDEFINED:
            text = exact_json(value, max_bytes=self._limits.input_bytes)
            self._check_text(text, value, asked)
            if self._prepared.exact:
                text = exact_strings.encode_json(text)
        try:
            answer = self._pool.ask(query, text, seconds or self._limits.evaluate_seconds)
        except WorkerFailure as failure:
            raise _evaluation_error(failure, asked) from failure
        if answer == "undefined":
            return []
        try:
            rows = json.loads(exact_strings.decode_json(answer))
        except (ValueError, RecursionError) as error:
            raise RegoEvaluationError(
                "the engine's answer is not JSON: a string was cut in the middle of an escape",
                code="rego_engine_confused",
            ) from error
        return rows if isinstance(rows, list) else [rows]

    def _check_text(self, text: str, value: Any, asked: Query | None) -> None:
        """Refuse input whose text the policy's builtins would misread."""
        special = exact_strings.has_escape(text)
        if not special and text.isascii():
            return
        _refuse_private(text, value, "input")
        byte_level = self._prepared.byte_level or (asked.byte_level if asked else [])
        changes_case = self._prepared.changes_case or (asked.changes_case if asked else [])
        if byte_level:
            raise RegoInputError(
                "the input has text that is not plain ASCII, or has quotes, backslashes or line breaks in it, and "
                f"the policy calls {byte_level[0]}, which the regopy engine gets wrong for such text",
                code="input_not_exact",
            )
        _refuse_other_cases(text, changes_case, "the input")


def _refuse_other_cases(text: str, calls: list[str], what: str) -> None:
    """Refuse text with letters that `lower` or `upper` would change, but regopy's don't because they aren't ASCII."""
    if not calls or text.isascii():
        return
    for call in calls:
        if call.startswith("lower"):
            wrong = text.lower() != text.translate(_TO_LOWER_ASCII)
        else:
            wrong = text.upper() != text.translate(_TO_UPPER_ASCII)
        if wrong:
            raise RegoInputError(
                f"{what} has letters outside ASCII that {call} has to change, which the regopy engine doesn't",
                code="input_not_exact",
            )


def _evaluation_error(failure: WorkerFailure, asked: Query | None) -> RegoEvaluationError | RegoCompileError:
    if failure.kind == "build" and asked is not None:
        found = _ENGINE_ERROR.findall(failure.message)
        text = _readable(found[0][2]) if found else "the query could not be compiled"
        return RegoCompileError([asked.source.issue("rego_parse_error", text, 0)])
    found = _ENGINE_ERROR.findall(failure.message)
    text = _readable(found[0][2]) if found else _readable(failure.message)
    code = "rego_engine_failed" if failure.kind != "evaluate" else "rego_evaluation_error"
    return RegoEvaluationError(f"the policy could not be evaluated: {text[:300]}", code=code)


_VALUE: Final = "__value__"
_STEP: Final = re.compile(r"[^/\x00-\x1f]+")


def _captured(entrypoint: str) -> str:
    """The query for the document of an entrypoint in OPA's form: `policy/deny` -> `data["policy"]["deny"]`.

    Its value is bound to a variable, because as an expression of its own regopy answers `false` with undefined.
    """
    steps = entrypoint.split("/")
    if not all(_STEP.fullmatch(step) for step in steps):
        raise RegoEvaluationError(
            f"`{entrypoint}` is not an entrypoint: write the path with slashes, such as `policy/deny`",
            code="rego_entrypoint_invalid",
        )
    return f"{_VALUE} := data" + "".join(f'["{exact_strings.encode(step)}"]' for step in steps)
