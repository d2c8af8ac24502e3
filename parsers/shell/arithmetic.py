"""Arithmetic is code: a name in it is evaluated as arithmetic again, and a subscript runs substitutions.

`X='a[$(id)]'; echo $((X))` runs `id`. So arithmetic is understood only when it holds numbers, operators and names
that certainly hold integers; `problem_of` says why anything else is not.
"""

from __future__ import annotations

import re

from policy_engine.parsers.shell.expand import NUMBER, Number, Values
from policy_engine.parsers.shell.sensitive import is_sensitive
from policy_engine.parsers.shell.syntax import Arith, Lit, Var

_TOKEN = re.compile(
    r"\s+|(?P<number>0[xX][0-9A-Fa-f]+|[0-9]+#[0-9A-Za-z@_]+|[0-9]+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<assign>(?:[-+*/%&|^]|<<|>>)?=(?!=)|\+\+|--)|==|!=|<=|>=|&&|\|\||[-+*/%<>!&|^~?:,()]"
)
_INTEGER = re.compile(r"\s*[-+]?[0-9]+\s*")
_SAFE_PARAMETERS = frozenset(["#", "?", "$", "!"])


def problem_of(arith: Arith, values: Values) -> str | None:
    """Return why `arith` isn't understood, or None. Names that it assigns become `NUMBER` in `values`."""
    changed: list[str] = []
    for part in arith.parts:
        if isinstance(part, Lit):
            message = _text_problem(part.text, values, changed)
            if message:
                return message
        elif isinstance(part, Arith):
            message = problem_of(part, values)
            if message:
                return message
        elif not (isinstance(part, Var) and _is_integer(part, values)):
            return "arithmetic on a value that isn't known to be a number, which may run code: use literal numbers"
    for name in changed:
        if is_sensitive(name) or name == "IFS":
            return (
                f"arithmetic assigns `{name}`, which changes what later commands run or mean: leave it alone"
            )
        values[name] = NUMBER
    return None


def _is_integer(part: Var, values: Values) -> bool:
    if part.op == "length" or (part.name in _SAFE_PARAMETERS and not part.op):
        return True
    return not part.op and part.subscript is None and is_number(values.get(part.name))


def is_number(value: str | Number | None) -> bool:
    """Tell whether a variable's value is certainly an integer."""
    return isinstance(value, Number) or (isinstance(value, str) and bool(_INTEGER.fullmatch(value)))


def _text_problem(text: str, values: Values, changed: list[str]) -> str | None:
    position, name = 0, None
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            return f"`{text[position]}` in arithmetic, which may run code: use literal numbers"
        position = match.end()
        if match.lastgroup == "name":
            name = match.group()
            following = _TOKEN.match(text, position)
            while following and following.group().isspace():
                following = _TOKEN.match(text, following.end())
            plain = following is not None and following.group() == "="
            if not plain and name not in changed and not is_number(values.get(name)):
                return f"arithmetic on `{name}`, whose value may be code: use literal numbers"
            if following is not None and following.lastgroup == "assign":
                changed.append(name)
        elif match.lastgroup == "assign" and name is None:
            following = _TOKEN.match(text, position)
            if following and following.lastgroup == "name":
                changed.append(following.group())
    return None
