"""Sets: intersection, union and difference."""

from __future__ import annotations

from typing import Any

from policy_engine.rego.builtins.operands import rego_set
from policy_engine.rego.builtins.registry import builtin
from policy_engine.rego.value_model import RegoSet


@builtin("and", arity=2)
def both(a: Any, b: Any) -> RegoSet:
    """a & b"""
    return rego_set(a, 1) & rego_set(b, 2)


@builtin("or", arity=2)
def either(a: Any, b: Any) -> RegoSet:
    """a | b"""
    return rego_set(a, 1) | rego_set(b, 2)


@builtin("set_diff", arity=2)
def set_diff(a: Any, b: Any) -> RegoSet:
    """The members of a that aren't in b (deprecated in OPA)."""
    return rego_set(a, 1) - rego_set(b, 2)


@builtin("intersection", arity=1)
def intersection(a: Any) -> RegoSet:
    """The members that all the sets in a set have."""
    result: RegoSet | None = None
    for item in rego_set(a, 1):
        found = rego_set(item, 1)
        result = found if result is None else result & found
    return RegoSet(()) if result is None else result


@builtin("union", arity=1)
def union(a: Any) -> RegoSet:
    """The members that any of the sets in a set has."""
    sets = [rego_set(item, 1) for item in rego_set(a, 1)]
    return RegoSet(item for found in sets for item in found.values())
