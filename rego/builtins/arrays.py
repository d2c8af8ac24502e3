"""`array.*`"""

from __future__ import annotations

from typing import Any

from policy_engine.rego.builtins.operands import array, integer
from policy_engine.rego.builtins.registry import builtin


@builtin("array.concat", arity=2)
def concat(a: Any, b: Any) -> list[Any]:
    """The elements of a, then those of b."""
    return array(a, 1) + array(b, 2)


@builtin("array.flatten", arity=1)
def flatten(a: Any) -> list[Any]:
    """The elements, with those of nested arrays in the place of the arrays, one level deep."""
    result: list[Any] = []
    for item in array(a, 1):
        if type(item) is list:
            result.extend(item)
        else:
            result.append(item)
    return result


@builtin("array.slice", arity=3)
def array_slice(a: Any, start: Any, stop: Any) -> list[Any]:
    """The elements from start up to but not including stop; indexes outside are moved to the borders."""
    items, first, last = array(a, 1), integer(start, 2), integer(stop, 3)
    last = min(max(last, 0), len(items))
    return items[min(max(first, 0), last) : last]


@builtin("array.reverse", arity=1)
def reverse(a: Any) -> list[Any]:
    """The elements from the last to the first."""
    return array(a, 1)[::-1]
