"""Strings, counted in characters (Go's runes)."""

from __future__ import annotations

import functools
from bisect import bisect_left
from typing import Any, Final

from policy_engine.rego.builtins.big_float import read
from policy_engine.rego.builtins.go_text import replace_invalid
from policy_engine.rego.builtins.operands import (
    elements,
    integer,
    number,
    pairs,
    rego_object,
    string,
    strings_of,
    wrong_element,
    wrong_type,
)
from policy_engine.rego.builtins.registry import BuiltinError, BuiltinLimit, BuiltinTypeError, builtin
from policy_engine.rego.builtins.string_replacer import Replacer
from policy_engine.rego.value_model import RegoSet

_MAX_OUTPUT: Final = 16_000_000
_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_FORMATS: Final = {2: "b", 8: "o", 10: "d", 16: "x"}


@builtin("format_int", arity=2)
def format_int(value: Any, base: Any) -> str:
    """The digits of a number, cut to an integer, in base 2, 8, 10 or 16."""
    found, radix = number(value, 1), number(base, 2)
    if type(radix) is not int or radix not in _FORMATS:
        raise BuiltinTypeError("operand 2 must be one of {2, 8, 10, 16}")
    return format(found if type(found) is int else int(read(found)), _FORMATS[radix])


@builtin("concat", arity=2)
def concat(delimiter: Any, parts: Any) -> str:
    """The strings of an array or a set, joined."""
    mark, found = string(delimiter, 1), elements(parts)
    if found is None:
        raise wrong_type(2, parts, "set", "array")
    texts = list(found)
    for item in texts:
        if type(item) is not str:
            raise wrong_element(2, parts, item, "string")
    _check_size(sum(map(len, texts)) + len(mark) * len(texts))
    return mark.join(texts)


def _check_size(size: int) -> None:
    if size > _MAX_OUTPUT:
        raise BuiltinLimit(f"the text would be longer than {_MAX_OUTPUT} characters")


@builtin("indexof", arity=2)
def indexof(text: Any, search: Any) -> int:
    """Where `search` first stands in `text`, from 0, or -1."""
    return string(text, 1).find(_not_empty(search))


@builtin("indexof_n", arity=2)
def indexof_n(text: Any, search: Any) -> list[int]:
    """Every place where `search` stands in `text`, overlaps included."""
    haystack, needle = string(text, 1), _not_empty(search)
    places: list[int] = []
    at = haystack.find(needle)
    while at >= 0:
        places.append(at)
        at = haystack.find(needle, at + 1)
    return places


def _not_empty(search: Any) -> str:
    needle = string(search, 2)
    if not needle:
        raise BuiltinError("empty search character")
    return needle


@builtin("substring", arity=3)
def substring(text: Any, offset: Any, length: Any) -> str:
    """`length` characters from `offset`; all the rest if the length is negative."""
    base, start, size = string(text, 1), integer(offset, 2), integer(length, 3)
    if start < 0:
        raise BuiltinError("negative offset")
    return base[start:] if size < 0 else base[start : start + size]


@builtin("contains", arity=2)
def contains(text: Any, search: Any) -> bool:
    """Whether `search` stands in `text`."""
    haystack = string(text, 1)
    return string(search, 2) in haystack


@builtin("strings.count", arity=2)
def count(text: Any, search: Any) -> int:
    """How often `search` stands in `text` without overlaps."""
    haystack = string(text, 1)
    return haystack.count(string(search, 2))


@builtin("startswith", arity=2)
def startswith(text: Any, prefix: Any) -> bool:
    """Whether `text` begins with `prefix`."""
    base = string(text, 1)
    return base.startswith(string(prefix, 2))


@builtin("endswith", arity=2)
def endswith(text: Any, suffix: Any) -> bool:
    """Whether `text` ends with `suffix`."""
    base = string(text, 1)
    return base.endswith(string(suffix, 2))


@builtin("strings.any_prefix_match", arity=2)
def any_prefix_match(texts: Any, prefixes: Any) -> bool:
    """Whether any of the strings begins with any of the prefixes."""
    return _any_match(*_affixes(texts, prefixes))


@builtin("strings.any_suffix_match", arity=2)
def any_suffix_match(texts: Any, suffixes: Any) -> bool:
    """Whether any of the strings ends with any of the suffixes."""
    strings, ends = _affixes(texts, suffixes)
    return _any_match([text[::-1] for text in strings], [text[::-1] for text in ends])


def _affixes(texts: Any, affixes: Any) -> tuple[list[str], list[str]]:
    return _one_or_many(texts, 1), _one_or_many(affixes, 2)


def _one_or_many(value: Any, position: int) -> list[str]:
    if type(value) is str:
        return [value]
    if type(value) is not list and type(value) is not RegoSet:
        raise wrong_type(position, value, "string", "set", "array")
    return strings_of(value, position)


def _any_match(texts: list[str], prefixes: list[str]) -> bool:
    """Strings with a common prefix stand together when sorted, right behind the prefix itself."""
    if len(texts) == 1:
        return texts[0].startswith(tuple(prefixes))
    ordered = sorted(texts)
    for prefix in prefixes:
        at = bisect_left(ordered, prefix)
        if at < len(ordered) and ordered[at].startswith(prefix):
            return True
    return False


@builtin("lower", arity=1)
def lower(text: Any) -> str:
    """`text` in lower case, character by character as Go does it."""
    base = string(text, 1)
    return base.lower() if base.isascii() else "".join(map(_lower_char, replace_invalid(base)))


@builtin("upper", arity=1)
def upper(text: Any) -> str:
    """`text` in upper case, character by character as Go does it."""
    base = string(text, 1)
    return base.upper() if base.isascii() else "".join(map(_upper_char, replace_invalid(base)))


@functools.lru_cache(maxsize=4096)
def _lower_char(char: str) -> str:
    """Only simple mappings: one character stays one character."""
    if char == "\u0130":
        return "i"
    changed = char.lower()
    return changed if len(changed) == 1 else char


@functools.lru_cache(maxsize=4096)
def _upper_char(char: str) -> str:
    changed = char.upper()
    if len(changed) == 1:
        return changed
    # The Greek letters with iota subscript have a simple mapping to their title case form.
    titled = char.title()
    return titled if len(titled) == 1 else char


@builtin("split", arity=2)
def split(text: Any, delimiter: Any) -> list[str]:
    """The parts of `text` between the delimiters; its characters if the delimiter is empty."""
    base, mark = string(text, 1), string(delimiter, 2)
    return _split(base, mark)


def _split(text: str, mark: str) -> list[str]:
    return text.split(mark) if mark else list(text)


@builtin("strings.split_n", arity=3)
def split_n(text: Any, delimiter: Any, limit: Any) -> list[str]:
    """The first n parts of `text`, or the last if n is negative."""
    base, mark, wanted = string(text, 1), string(delimiter, 2), integer(limit, 3)
    parts = _split(base, mark)
    return parts[:wanted] if wanted >= 0 else parts[max(len(parts) + wanted, 0) :]


@builtin("replace", arity=3)
def replace(text: Any, old: Any, new: Any) -> str:
    """`text` with every `old` replaced by `new`."""
    base, search, value = string(text, 1), string(old, 2), string(new, 3)
    if not search:
        return Replacer([("", value)], max_output=_MAX_OUTPUT).replace(base)
    found = base.count(search)
    _check_size(len(base) + found * max(len(value) - len(search), 0))
    return base.replace(search, value)


@builtin("strings.replace_n", arity=2)
def replace_n(patterns: Any, text: Any) -> str:
    """`text` with every key of `patterns` replaced by its value, in one pass."""
    mapping, base = rego_object(patterns, 1), string(text, 2)
    replacements = []
    for name, value in pairs(mapping):
        if type(name) is not str:
            raise BuiltinTypeError("operand 1 non-string key found in pattern object")
        if type(value) is not str:
            raise BuiltinTypeError("operand 1 non-string value found in pattern object")
        replacements.append((name, value))
    return Replacer(sorted(replacements), max_output=_MAX_OUTPUT).replace(base)


@builtin("trim", arity=2)
def trim(text: Any, cutset: Any) -> str:
    """`text` without the characters of `cutset` at both ends."""
    return _strip(string(text, 1), string(cutset, 2), str.strip)


@builtin("trim_left", arity=2)
def trim_left(text: Any, cutset: Any) -> str:
    """`text` without the characters of `cutset` at its begin."""
    return _strip(string(text, 1), string(cutset, 2), str.lstrip)


@builtin("trim_right", arity=2)
def trim_right(text: Any, cutset: Any) -> str:
    """`text` without the characters of `cutset` at its end."""
    return _strip(string(text, 1), string(cutset, 2), str.rstrip)


def _strip(text: str, cutset: str, how: Any) -> str:
    # an empty set of characters must not mean "white space", as it would to Python's None
    result: str = how(text, cutset) if cutset else text
    return result


@builtin("trim_prefix", arity=2)
def trim_prefix(text: Any, prefix: Any) -> str:
    """`text` without `prefix`, once."""
    base = string(text, 1)
    return base.removeprefix(string(prefix, 2))


@builtin("trim_suffix", arity=2)
def trim_suffix(text: Any, suffix: Any) -> str:
    """`text` without `suffix`, once."""
    base = string(text, 1)
    return base.removesuffix(string(suffix, 2))


@builtin("trim_space", arity=1)
def trim_space(text: Any) -> str:
    """`text` without white space at both ends."""
    return string(text, 1).strip(_SPACE)


@builtin("strings.reverse", arity=1)
def reverse(text: Any) -> str:
    """The characters from the last to the first."""
    return string(text, 1)[::-1]
