"""Types: `is_*` and `type_name`."""

from __future__ import annotations

from typing import Any

from policy_engine.rego.builtins.registry import builtin
from policy_engine.rego.value_model import RegoSet, is_number
from policy_engine.rego.value_model import type_name as name_of

builtin("is_number", arity=1)(is_number)


@builtin("is_string", arity=1)
def is_string(a: Any) -> bool:
    """Whether a is a string."""
    return type(a) is str


@builtin("is_boolean", arity=1)
def is_boolean(a: Any) -> bool:
    """Whether a is a boolean."""
    return type(a) is bool


@builtin("is_array", arity=1)
def is_array(a: Any) -> bool:
    """Whether a is an array."""
    return type(a) is list


@builtin("is_set", arity=1)
def is_set(a: Any) -> bool:
    """Whether a is a set."""
    return type(a) is RegoSet


@builtin("is_object", arity=1)
def is_object(a: Any) -> bool:
    """Whether a is an object."""
    return type(a) is dict


@builtin("is_null", arity=1)
def is_null(a: Any) -> bool:
    """Whether a is null."""
    return a is None


@builtin("type_name", arity=1)
def type_name(a: Any) -> str:
    """The name of a's type."""
    return name_of(a)
