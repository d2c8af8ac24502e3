"""`object.*`"""

from __future__ import annotations

from typing import Any

from policy_engine.rego.builtins.operands import array, rego_object, wrong_element, wrong_type
from policy_engine.rego.builtins.registry import BuiltinTypeError, builtin
from policy_engine.rego.value_model import RegoSet, equal, unkey
from policy_engine.rego.value_model import key as key_of

_Object = dict[Any, Any]


@builtin("object.get", arity=3)
def get(value: Any, path: Any, default: Any) -> Any:
    """The value under a key, or under a path of keys that an array gives; else the default."""
    found: Any = rego_object(value, 1)
    for step in path if type(path) is list else [path]:
        found = child(found, step)
        if found is ...:
            return default
    return found


def child(value: Any, step: Any) -> Any:
    """What a reference `value[step]` finds, or `...`."""
    kind = type(value)
    if kind is dict:
        return value.get(key_of(step), ...)
    if kind is list:
        return value[step] if type(step) is int and 0 <= step < len(value) else ...
    if kind is RegoSet:
        return step if step in value else ...
    return ...


@builtin("object.keys", arity=1)
def keys(value: Any) -> RegoSet:
    """The keys as a set."""
    return RegoSet.of_items({name: unkey(name) for name in rego_object(value, 1)})


@builtin("object.remove", arity=2)
def remove(value: Any, names: Any) -> _Object:
    """The object without the keys that an array, a set or an object names."""
    base, unwanted = rego_object(value, 1), _stored_keys(names)
    return {name: item for name, item in base.items() if name not in unwanted}


@builtin("object.filter", arity=2)
def keep(value: Any, names: Any) -> _Object:
    """The object with only the keys that an array, a set or an object names."""
    base, wanted = rego_object(value, 1), _stored_keys(names)
    return {name: item for name, item in base.items() if name in wanted}


def _stored_keys(names: Any) -> set[Any]:
    if type(names) is list:
        return set(map(key_of, names))
    if type(names) is RegoSet:
        return set(names.items)
    if type(names) is dict:
        return set(names)
    raise wrong_type(2, names, "object", "set", "array")


@builtin("object.union", arity=2)
def union(a: Any, b: Any) -> _Object:
    """Both objects in one: objects under the same key are merged in turn, else the second wins."""
    return _merge(rego_object(a, 1), rego_object(b, 2))


def _merge(base: _Object, update: _Object) -> _Object:
    result = dict(base)
    for name, item in update.items():
        old = base.get(name)
        result[name] = _merge(old, item) if type(old) is dict and type(item) is dict else item
    return result


@builtin("object.union_n", arity=1)
def union_n(values: Any) -> _Object:
    """Many objects in one, as by `object.union` from left to right."""
    listed = array(values, 1)
    result: _Object = {}
    for item in listed:
        if type(item) is not dict:
            raise wrong_element(1, listed, item, "object")
    for item in listed:
        result = _merge(result, item)
    return result


@builtin("object.subset", arity=2)
def subset(whole: Any, part: Any) -> bool:
    """Whether `part` is contained in `whole`: objects and sets by members, arrays as a run of elements."""
    found = _contains(whole, part)
    if found is None:
        raise BuiltinTypeError("both arguments object.subset must be of the same type or array and set")
    return found


def _contains(whole: Any, part: Any) -> bool | None:
    """None when the types don't go together."""
    if type(whole) is list and type(part) is RegoSet:
        return _array_has_all(whole, part)
    if type(whole) is not type(part):
        return None
    if type(whole) is dict:
        return all(_has(whole, name, item) for name, item in part.items())
    if type(whole) is RegoSet:
        return all(name in whole.items for name in part.items)
    if type(whole) is list:
        return _array_has_run(whole, part)
    return None


def _has(whole: _Object, name: Any, item: Any) -> bool:
    found = whole.get(name, ...)
    if found is ...:
        return False
    if equal(found, item):
        return True
    return type(found) is type(item) and bool(_contains(found, item))


def _array_has_run(whole: list[Any], part: list[Any]) -> bool:
    wanted = list(map(key_of, part))
    stored = list(map(key_of, whole))
    size = len(wanted)
    return any(stored[start : start + size] == wanted for start in range(len(stored) - size + 1))


def _array_has_all(whole: list[Any], part: RegoSet) -> bool:
    # As OPA, which counts: an element that stands twice in the array counts twice, and an empty array has nothing.
    missing = len(part)
    for item in whole:
        missing -= item in part
        if missing == 0:
            return True
    return False
