"""Rego values as plain Python values, and what equality, order and keys mean for them.

| Rego    | Python                                                                                      |
|---------|---------------------------------------------------------------------------------------------|
| null, booleans, strings | `None`, `bool`, `str`                                                       |
| number  | `int` when integral; else `float` when it says exactly the digits written; else `Decimal`   |
| array   | `list`                                                                                      |
| object  | `dict`; a string is its own key, any other member stands under `key(member)`                |
| set     | `RegoSet`                                                                                   |
| undefined | `...` (Ellipsis), only inside an evaluation                                               |

Two things differ from Python and give this module its reason: `true` isn't 1, not even deep within a value, and
`1 == 1.0` also as a key. `key()` makes of any value something hashable that is equal exactly when the values are.

Every value is immutable once another value or a variable holds it. Whoever builds one owns it until then.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator
from decimal import Decimal
from functools import cmp_to_key
from operator import itemgetter
from typing import Any, Final

from policy_engine.rego.errors import RegoInputError
from policy_engine.rego.value_numbers import as_decimal, is_number, normal_number, number_text, parse_number
from policy_engine.rego.values import MAX_DEPTH

_NULL, _BOOLEAN, _NUMBER, _STRING, _ARRAY, _OBJECT, _SET = range(7)
_MISSING: Final = object()


# --- keys -----------------------------------------------------------------------------------------------------------


def key(value: Any) -> Hashable:
    """What `value` stands under in an object or a set; a string is its own key, anything else becomes a tuple."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return (_BOOLEAN, value)
    if kind is int or kind is float or kind is Decimal:
        return (_NUMBER, value)
    if value is None:
        return (_NULL,)
    if kind is list:
        return (_ARRAY, *map(key, value))
    if kind is dict:
        return (_OBJECT, frozenset([(name, key(member)) for name, member in value.items()]))
    if kind is RegoSet:
        return (_SET, frozenset(value.items))
    raise TypeError(f"a {kind.__name__} is not a Rego value")


def unkey(stored: Any) -> Any:
    """The value that stands under a key of an object."""
    if type(stored) is str:
        return stored
    tag = stored[0]
    if tag in (_NUMBER, _BOOLEAN):
        return stored[1]
    if tag == _NULL:
        return None
    if tag == _ARRAY:
        return [unkey(item) for item in stored[1:]]
    if tag == _OBJECT:
        return {name: unkey(member) for name, member in stored[1]}
    return RegoSet.of_items({item: unkey(item) for item in stored[1]})


class RegoSet:
    """A set of Rego values: `items` maps the key of each member to the member.

    Iterating goes in Rego's order, as OPA does; `values()` gives the members in no particular order, for less.
    `add` is for the one who builds the set; all else leaves it as it is.
    """

    __slots__ = ("_sorted", "items")

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self.items: dict[Any, Any] = {key(value): value for value in values}
        self._sorted: list[Any] | None = None

    @classmethod
    def of_items(cls, items: dict[Any, Any]) -> RegoSet:
        """The set over a ready mapping from keys to members, which it takes over."""
        made = cls.__new__(cls)
        made.items = items
        made._sorted = None
        return made

    def add(self, value: Any) -> None:
        self.items.setdefault(key(value), value)
        self._sorted = None

    def values(self) -> Iterable[Any]:
        return self.items.values()

    def sorted(self) -> list[Any]:
        """The members in Rego's order; not to be changed."""
        if self._sorted is None:
            self._sorted = sort_values(self.items.values())
        return self._sorted

    def __contains__(self, value: Any) -> bool:
        return key(value) in self.items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.sorted())

    def __len__(self) -> int:
        return len(self.items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RegoSet) and self.items.keys() == other.items.keys()

    __hash__ = None  # type: ignore[assignment] # `key()` is what stands for a set elsewhere

    def __or__(self, other: RegoSet) -> RegoSet:
        return RegoSet.of_items({**other.items, **self.items})

    def __and__(self, other: RegoSet) -> RegoSet:
        return RegoSet.of_items({k: v for k, v in self.items.items() if k in other.items})

    def __sub__(self, other: RegoSet) -> RegoSet:
        return RegoSet.of_items({k: v for k, v in self.items.items() if k not in other.items})

    def __repr__(self) -> str:
        return f"RegoSet({self.sorted()!r})"


# --- objects --------------------------------------------------------------------------------------------------------


def make_object(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """The object of pairs of values; of equal names the last wins."""
    return {key(name): member for name, member in pairs}


def sorted_keys(value: dict[Any, Any]) -> list[Any]:
    """The stored keys of an object in Rego's order of what they stand for."""
    try:
        keys = sorted(value)
    except TypeError:
        pass
    else:
        # Strings don't compare with tuples, so either all are strings or none is.
        if not keys or type(keys[0]) is str:
            return keys
    return sorted(value, key=cmp_to_key(lambda one, other: compare(unkey(one), unkey(other))))


# --- equality and order ---------------------------------------------------------------------------------------------


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same to Rego."""
    kind = type(one)
    if kind is str:
        return bool(one == other)
    if kind is bool or one is None:
        return one is other
    if kind is int or kind is float or kind is Decimal:
        return type(other) is not bool and bool(one == other)
    if kind is not type(other) or len(one) != len(other):
        return False
    if kind is list:
        return all(map(equal, one, other))
    if kind is dict:
        for name, member in one.items():
            opposite = other.get(name, _MISSING)
            if opposite is _MISSING or not equal(member, opposite):
                return False
        return True
    return bool(one.items.keys() == other.items.keys())


def _rank(value: Any) -> int:
    rank = _RANKS.get(type(value))
    if rank is None:
        raise TypeError(f"a {type(value).__name__} is not a Rego value")
    return rank


def compare(one: Any, other: Any) -> int:
    """-1, 0 or 1 in Rego's order of all values: null < boolean < number < string < array < object < set."""
    rank, opposite = _rank(one), _rank(other)
    if rank != opposite:
        return -1 if rank < opposite else 1
    if rank == _NULL:
        return 0
    if rank == _NUMBER and type(one) is not type(other):
        one, other = _comparable(one), _comparable(other)
    if rank < _ARRAY:
        return -1 if one < other else int(one > other)
    if rank == _OBJECT:
        return _compare_objects(one, other)
    return _compare_arrays(*((one, other) if rank == _ARRAY else (one.sorted(), other.sorted())))


def _compare_arrays(one: list[Any], other: list[Any]) -> int:
    for left, right in zip(one, other, strict=False):
        if (order := compare(left, right)) != 0:
            return order
    return (len(one) > len(other)) - (len(one) < len(other))


def _compare_objects(one: dict[Any, Any], other: dict[Any, Any]) -> int:
    """By names and members in turn, as OPA does."""
    for left, right in zip(sorted_keys(one), sorted_keys(other), strict=False):
        if left != right:
            return compare(unkey(left), unkey(right))
        if (order := compare(one[left], other[right])) != 0:
            return order
    return (len(one) > len(other)) - (len(one) < len(other))


def _comparable(number: Any) -> Any:
    """A float means the digits that it prints, not the binary fraction behind them."""
    return Decimal(repr(number)) if type(number) is float else number


def sort_values(values: Iterable[Any]) -> list[Any]:
    """A new list of the values in Rego's order."""
    listed = list(values)
    kinds = {type(value) for value in listed}
    if len(kinds) <= 1 and kinds <= {str, int, float, bool}:
        return sorted(listed)
    return sorted(listed, key=cmp_to_key(compare))


def type_name(value: Any) -> str:
    """The name of the type as `type_name` gives it."""
    return _TYPE_NAMES[_rank(value)]


_RANKS: Final[dict[type, int]] = {
    type(None): _NULL,
    bool: _BOOLEAN,
    int: _NUMBER,
    float: _NUMBER,
    Decimal: _NUMBER,
    str: _STRING,
    list: _ARRAY,
    dict: _OBJECT,
    RegoSet: _SET,
}
_TYPE_NAMES: Final = ("null", "boolean", "number", "string", "array", "object", "set")


# --- JSON: exact on the way in, plain on the way out ---------------------------------------------------------------


class _NotExactError(Exception):
    """Why one node is refused."""


def from_json(value: Any, *, what: str = "input", max_depth: int = MAX_DEPTH) -> Any:
    """The Rego value of a JSON value; a fresh copy. Raises `RegoInputError` with the path of what can't be exact."""
    try:
        return _copy(value, max_depth)
    except _NotExactError as refusal:
        raise RegoInputError(
            f"`{what}{_path_of_refusal(value, max_depth)}`: {refusal}", code="input_not_exact"
        ) from None


def _copy(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        if not value.isascii():
            _check_text(value)
        return value
    if kind is int or kind is bool or value is None:
        return value
    if kind is dict:
        if depth <= 0:
            raise _NotExactError("values are nested too deep")
        copied = {}
        for name, member in value.items():
            if type(name) is not str:
                raise _NotExactError(f"the key {name!r:.60} is not a string")
            if not name.isascii():
                _check_text(name)
            # Most members are plain strings; they are worth the look before the call.
            plain = type(member) is str and member.isascii()
            copied[name] = member if plain else _copy(member, depth - 1)
        return copied
    if kind is list or kind is tuple:
        if depth <= 0:
            raise _NotExactError("values are nested too deep")
        return [item if type(item) is str and item.isascii() else _copy(item, depth - 1) for item in value]
    if kind is float or kind is Decimal:
        try:
            return normal_number(value)
        except ValueError as error:
            raise _NotExactError(str(error)) from None
    raise _NotExactError(f"a {kind.__name__} is not a JSON value")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _NotExactError("a lone surrogate is not a character") from None


def _path_of_refusal(value: Any, depth: int) -> str:
    """Follow the refusal down; slow, and only asked for when something is wrong."""
    if type(value) is dict:
        children = [(f".{name}" if type(name) is str else "", member) for name, member in value.items()]
    elif type(value) is list or type(value) is tuple:
        children = [(f"[{index}]", item) for index, item in enumerate(value)]
    else:
        return ""
    if depth <= 0:
        return ""
    for step, child in children:
        try:
            _copy(child, depth - 1)
        except _NotExactError:
            below = _path_of_refusal(child, depth - 1) if len(step) < 200 else ""
            return ascii(step)[1:-1][:60] + below
    return ""


def parse_json(text: str, *, what: str = "input") -> Any:
    """The Rego value that JSON text writes, every digit kept. Raises `RegoInputError`."""
    try:
        loaded = json.loads(
            text, parse_float=parse_number, parse_int=parse_number, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise RegoInputError(f"`{what}` is not JSON: {error}", code="input_not_json") from None
    return from_json(loaded, what=what)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def to_json(value: Any) -> Any:
    """The value as JSON knows it; numbers keep their type (`int`, `float`, `Decimal`)."""
    kind = type(value)
    if kind is str:
        return value
    if kind is list:
        return [to_json(item) for item in value]
    if kind is dict:
        names = value.keys()
        if any(type(name) is not str for name in names):
            names = dict.fromkeys(
                sorted_keys(value)
            ).keys()  # where two print the same, the last in order stays
        return {(k if type(k) is str else key_text(k)): to_json(value[k]) for k in names}
    if kind is RegoSet:
        return [to_json(item) for item in value.sorted()]
    return value


def key_text(stored: Any) -> str:
    """The name under which JSON shows a stored key: a string itself, anything else its JSON text."""
    return stored if type(stored) is str else json_text(unkey(stored))


def json_text(value: Any) -> str:
    """JSON text without spaces, names sorted, `<`, `>` and `&` escaped: what OPA's `json.marshal` gives."""
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts)


def _write(value: Any, parts: list[str]) -> None:
    kind = type(value)
    if kind is str:
        parts.append(string_text(value))
    elif kind is bool:
        parts.append("true" if value else "false")
    elif value is None:
        parts.append("null")
    elif kind is dict:
        _write_object(value, parts)
    elif kind is list or kind is RegoSet:
        mark = "["
        for item in value:
            parts.append(mark)
            _write(item, parts)
            mark = ","
        parts.append("]" if mark == "," else "[]")
    else:
        parts.append(number_text(value))


def _write_object(value: dict[Any, Any], parts: list[str]) -> None:
    mark = "{"
    # JSON text is sorted by the names as they are printed.
    for name, stored in sorted(((key_text(stored), stored) for stored in value), key=itemgetter(0)):
        parts.append(f"{mark}{string_text(name)}:")
        _write(value[stored], parts)
        mark = ","
    parts.append("}" if mark == "," else "{}")


_ESCAPED = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def string_text(text: str) -> str:
    """A string as JSON text in the way of Go's encoder."""
    return json.dumps(text, ensure_ascii=False).translate(_ESCAPED)


__all__ = [
    "RegoSet",
    "as_decimal",
    "compare",
    "equal",
    "from_json",
    "is_number",
    "json_text",
    "key",
    "key_text",
    "make_object",
    "normal_number",
    "number_text",
    "parse_json",
    "parse_number",
    "sort_values",
    "sorted_keys",
    "string_text",
    "to_json",
    "type_name",
    "unkey",
]
