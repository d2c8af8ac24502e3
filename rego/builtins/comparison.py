"""Comparisons: `==`, `!=`, `<`, `<=`, `>`, `>=`, over values of all types in Rego's order."""

from __future__ import annotations

from typing import Any

from policy_engine.rego.builtins.registry import builtin
from policy_engine.rego.value_model import compare
from policy_engine.rego.value_model import equal as same


@builtin("equal", arity=2)
def equal(a: Any, b: Any) -> bool:
    """a == b"""
    return same(a, b)


@builtin("neq", arity=2)
def neq(a: Any, b: Any) -> bool:
    """a != b"""
    return not same(a, b)


@builtin("lt", arity=2)
def lt(a: Any, b: Any) -> bool:
    """a < b"""
    return compare(a, b) < 0


@builtin("lte", arity=2)
def lte(a: Any, b: Any) -> bool:
    """a <= b"""
    return compare(a, b) <= 0


@builtin("gt", arity=2)
def gt(a: Any, b: Any) -> bool:
    """a > b"""
    return compare(a, b) > 0


@builtin("gte", arity=2)
def gte(a: Any, b: Any) -> bool:
    """a >= b"""
    return compare(a, b) >= 0
