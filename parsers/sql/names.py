"""How names of database objects are written in an action document.

A name is its parts joined by dots, quotes removed: `public.orders`, `Sales.Order Lines`. A part that would make the
dotted form ambiguous (it holds a dot or a double quote, is empty, or is just `*`) keeps its double quotes, so
`"a.b".c` can't be mistaken for `a.b.c`, nor a column called `"*"` for a star.
"""

from __future__ import annotations

from collections.abc import Iterable


def render_part(part: str) -> str:
    """Return one part of a name, quoted only where the dotted form would be ambiguous."""
    if part and part != "*" and "." not in part and '"' not in part:
        return part
    return '"' + part.replace('"', '""') + '"'


def render(parts: Iterable[str]) -> str:
    """Return the dotted name of `parts`, outermost first."""
    return ".".join(map(render_part, parts))
