"""`regex.*`"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from policy_engine.rego.builtins.glob_intersection import intersect
from policy_engine.rego.builtins.go_text import from_bytes, to_bytes
from policy_engine.rego.builtins.operands import integer, string
from policy_engine.rego.builtins.re2_patterns import Match, compiled, find_all, quote_meta
from policy_engine.rego.builtins.registry import BuiltinError, BuiltinLimit, builtin

_MAX_OUTPUT: Final = 16_000_000


@builtin("regex.is_valid", arity=1)
def is_valid(pattern: Any) -> bool:
    """Whether it is the text of a pattern."""
    if type(pattern) is not str:
        return False
    try:
        compiled(pattern)
    except BuiltinError:
        return False
    return True


@builtin("regex.match", arity=2)
@builtin("re_match", arity=2)
def match(pattern: Any, text: Any) -> bool:
    """Whether the pattern matches anywhere in `text`."""
    source, data = string(pattern, 1), string(text, 2)
    return compiled(source).search(to_bytes(data)) is not None


@builtin("regex.template_match", arity=4)
def template_match(template: Any, text: Any, start: Any, end: Any) -> bool:
    """Whether `text` is as the template says: literal text, with patterns between the delimiters."""
    source, data, opening, closing = string(template, 1), string(text, 2), string(start, 3), string(end, 4)
    for name, mark in (("start", opening), ("end", closing)):
        if len(to_bytes(mark)) != 1:
            raise BuiltinError(
                f"{name} delimiter has to be exactly one character long but is {len(to_bytes(mark))} long"
            )
    return compiled(_template(source, opening, closing)).search(to_bytes(data)) is not None


def _template(source: str, opening: str, closing: str) -> str:
    """The pattern that a template means."""
    parts = ["^"]
    level = start = copied = 0
    for at, char in enumerate(source):
        if char == opening:
            level += 1
            start = at if level == 1 else start
        elif char == closing:
            level -= 1
            if level < 0:
                break
            if level == 0:
                inner = source[start + 1 : at]
                compiled(f"^{inner}$")
                parts.append(f"{quote_meta(source[copied:start])}({inner})")
                copied = at + 1
    if level:
        raise BuiltinError(f"unbalanced braces in `{source}`")
    return "".join(parts) + quote_meta(source[copied:]) + "$"


@builtin("regex.split", arity=2)
def split(pattern: Any, text: Any) -> list[str]:
    """The parts of `text` between the matches."""
    source, data = string(pattern, 1), to_bytes(string(text, 2))
    if source and not data:
        compiled(source)
        return [""]
    parts, start, last = [], 0, 0
    for found in find_all(source, data):
        last, end = found.span()
        if end:
            parts.append(from_bytes(data[start:last]))
        start = end
    if last != len(data):
        parts.append(from_bytes(data[start:]))
    return parts


@builtin("regex.find_n", arity=3)
def find_n(pattern: Any, text: Any, limit: Any) -> list[str]:
    """The texts of the first n matches; of all if n is negative."""
    source, data, count = string(pattern, 1), to_bytes(string(text, 2)), integer(limit, 3)
    return [from_bytes(found[0]) for found in find_all(source, data, max(count, -1))]


@builtin("regex.find_all_string_submatch_n", arity=3)
def find_all_string_submatch_n(pattern: Any, text: Any, limit: Any) -> list[list[str]]:
    """The texts of the first n matches, each with those of its groups; of all if n is negative."""
    source, data, count = string(pattern, 1), to_bytes(string(text, 2)), integer(limit, 3)
    return [
        [from_bytes(found[group] or b"") for group in range(compiled(source).groups + 1)]
        for found in find_all(source, data, max(count, -1))
    ]


@builtin("regex.replace", arity=3)
def replace(text: Any, pattern: Any, value: Any) -> str:
    """`text` with every match replaced; `$1` and `${name}` in the value stand for groups."""
    data, source, template = to_bytes(string(text, 1)), string(pattern, 2), string(value, 3)
    expand = _expander(template, compiled(source))
    parts: list[bytes] = []
    copied = size = 0
    for found in find_all(source, data):
        start, end = found.span()
        parts.append(data[copied:start])
        parts.append(expand(found))
        size += len(parts[-1])
        if size > _MAX_OUTPUT:
            raise BuiltinLimit(f"the text would be longer than {_MAX_OUTPUT} bytes")
        copied = end
    parts.append(data[copied:])
    return from_bytes(b"".join(parts))


_REFERENCE: Final = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")


def _expander(template: str, expression: Any) -> Callable[[Match], bytes]:
    """What makes the replacement of a match; a group that there isn't is empty, another `$` stays."""
    pieces: list[bytes | int] = []
    copied = 0
    for found in _REFERENCE.finditer(template):
        pieces.append(to_bytes(template[copied : found.start()]))
        copied = found.end()
        name = found[2] or found[3]
        if found[1]:
            pieces.append(b"$")
        else:
            group = _group(name, expression)
            pieces.append(b"" if group is None else group)
    pieces.append(to_bytes(template[copied:]))
    return lambda match: b"".join(
        piece if isinstance(piece, bytes) else match[piece] or b"" for piece in pieces
    )


def _group(name: str, expression: Any) -> int | None:
    if name.isascii() and name.isdecimal() and (name == "0" or name[0] != "0"):
        number = int(name[:9])
        return number if number <= expression.groups else None
    index = expression.groupindex
    found: int | None = index.get(to_bytes(name), index.get(name))
    return found


@builtin("regex.globs_match", arity=2)
def globs_match(a: Any, b: Any) -> bool:
    """Whether there is a text that both globs match; these know `.`, `[sets]`, `*` and `+`."""
    return intersect(string(a, 1), string(b, 2))
