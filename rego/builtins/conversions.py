"""Conversions: `to_number` and the `cast_*` that OPA keeps for old policies."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from policy_engine.rego.builtins.operands import elements, wrong_type
from policy_engine.rego.builtins.registry import BuiltinError, BuiltinLimit, builtin
from policy_engine.rego.value_model import RegoSet, is_number
from policy_engine.rego.value_numbers import normal_number

_JSON_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_LOOSE_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_MAX_EXPONENT: Final = 308
_MAX_DIGITS: Final = 4000


@builtin("to_number", arity=1)
def to_number(a: Any) -> Any:
    """A number of a number, a boolean, null or the text of a number."""
    if a is None:
        return 0
    if type(a) is bool:
        return int(a)
    if is_number(a):
        return a
    if type(a) is str:
        return _parse(a)
    raise wrong_type(1, a, "null", "boolean", "number", "string")


def _parse(text: str) -> Any:
    if text.lstrip("+-").lower() in ("inf", "infinity", "nan"):
        raise wrong_type(1, text, "valid number string")
    if not _LOOSE_NUMBER.fullmatch(text):
        raise BuiltinError(f'strconv.ParseFloat: parsing "{text}": invalid syntax')
    if len(text) > _MAX_DIGITS:
        raise BuiltinLimit(f"a number of more than {_MAX_DIGITS} digits is refused")
    exact = Decimal(text)
    if exact and exact.adjusted() > _MAX_EXPONENT:
        raise BuiltinError(f'strconv.ParseFloat: parsing "{text}": value out of range')
    return normal_number(exact)


@builtin("cast_array", arity=1)
def cast_array(a: Any) -> list[Any]:
    """An array of an array or a set."""
    found = elements(a)
    if found is None:
        raise wrong_type(1, a, "array", "set")
    return list(found)


@builtin("cast_set", arity=1)
def cast_set(a: Any) -> RegoSet:
    """A set of an array or a set."""
    if type(a) is RegoSet:
        return a
    if type(a) is not list:
        raise wrong_type(1, a, "array", "set")
    return RegoSet(a)


def _same_type(name: str, kind: type, word: str) -> None:
    @builtin(name, arity=1)
    def cast(a: Any) -> Any:
        if type(a) is not kind:
            raise wrong_type(1, a, word)
        return a


_same_type("cast_string", str, "string")
_same_type("cast_boolean", bool, "boolean")
_same_type("cast_null", type(None), "null")
_same_type("cast_object", dict, "object")
