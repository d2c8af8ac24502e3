"""Names in sqlglot's trees: lower case unless quoted, quotes removed."""

from __future__ import annotations

from typing import Any

from policy_engine.parsers.sql.names import render


def part(identifier: Any) -> str:
    """Return the text of an identifier: folded to lower case unless it is quoted."""
    if identifier is None:
        return ""
    if isinstance(identifier, str):
        return identifier.lower()
    text = str(identifier.name)
    return text if identifier.args.get("quoted") else text.lower()


def key(identifier: Any) -> str:
    """Return what names are compared by: most dialects don't tell case apart in columns and aliases."""
    return part(identifier).lower()


def table_parts(table: Any) -> list[str]:
    """Return the parts of a table's name, outermost first."""
    names: list[str] = []
    for field in ("catalog", "db", "this"):
        value = table.args.get(field)
        if isinstance(value, str):
            names.append(value)  # T-SQL's `master..sysusers`: the default schema, whichever that is
            continue
        while value is not None and value.key == "dot":
            names.append(part(value.this))
            value = value.expression
        if value is not None and value.name:
            names.append(part(value))
    return names


def table_name(table: Any) -> str:
    """Return the full name of a table as written."""
    return render(table_parts(table))
