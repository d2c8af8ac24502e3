"""JSON text to values, strictly: no duplicate keys, no NaN, numbers that stay exact; errors with row and column."""

from __future__ import annotations

import json
from typing import Any

from policy_engine.rego.errors import BundleReadError, RegoInputError
from policy_engine.rego.values import exact_json


class _DuplicateKeyError(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def read_json(text: str, file: str, *, max_bytes: int = 1 << 30) -> Any:
    """The value of `text`. Raises `BundleReadError` with the file, and the row and column where they are known."""
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
        exact_json(value, what=file, max_bytes=max_bytes)
    except json.JSONDecodeError as error:
        raise BundleReadError(
            f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}",
            code="json_invalid",
            file=file,
            row=error.lineno,
            column=error.colno,
        ) from error
    except _DuplicateKeyError as error:
        row, column = _second(text, error.key)
        raise BundleReadError(
            f"the key `{error.key}` stands twice in one object",
            code="duplicate_key",
            file=file,
            row=row,
            column=column,
        ) from error
    except RecursionError as error:
        raise BundleReadError("nested too deeply", code="json_too_deep", file=file) from error
    except RegoInputError as error:
        raise BundleReadError(error.message, code="number_not_exact", file=file) from error
    except ValueError as error:
        raise BundleReadError(f"not JSON: {error}", code="json_invalid", file=file) from error
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKeyError(key)
            seen.add(key)
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _second(text: str, key: str) -> tuple[int | None, int | None]:
    """Where the strict YAML reader, which reads JSON too and knows places, finds the duplicate."""
    from policy_engine.rego.yaml_source import read_yaml

    try:
        read_yaml(text, "")
    except BundleReadError as error:
        if error.code == "duplicate_key" and f"`{key}`" in error.message:
            return error.row, error.column
    return None, None
