"""The results of a query in the formats of `opa eval`: json, pretty, values, bindings, raw, discard."""

from __future__ import annotations

import json
from typing import Any, Final

from policy_engine.rego.engine import Result
from policy_engine.rego.errors import RegoCompileError, RegoError

FORMATS: Final = ("json", "values", "bindings", "pretty", "raw", "discard")
_HTML: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_ESCAPES: Final = str.maketrans(_HTML)


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """JSON as Go's encoder writes it: sorted keys, `<`, `>` and `&` escaped."""
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return text.translate(_ESCAPES)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value


def render(results: list[Result], form: str) -> str:
    """The text that `opa eval --format` prints for `results`; ends in a newline unless it is empty."""
    if form == "json":
        shown = [_result(result) for result in results]
        return to_json({"result": shown} if shown else {}) + "\n"
    if form == "discard":
        return to_json({"result": "discarded"} if results else {}) + "\n"
    if form == "pretty":
        return _pretty(results)
    lines = []
    for result in results:
        values = [_sorted(expression.value) for expression in result.expressions]
        if form == "values":
            lines.append(to_json(values))
        elif form == "bindings":
            lines.append(to_json(_sorted(result.bindings)))
        else:
            lines.append(" ".join(v if isinstance(v, str) else to_json(v, indent=None) for v in values))
    return "".join(line + "\n" for line in lines)


def _result(result: Result) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "expressions": [
            {
                "value": _sorted(expression.value),
                "text": expression.text,
                "location": {"row": expression.row, "col": expression.column},
            }
            for expression in result.expressions
        ]
    }
    if result.bindings:
        shown["bindings"] = _sorted(result.bindings)
    return shown


def _pretty(results: list[Result]) -> str:
    if not results:
        return "undefined\n"
    first = results[0]
    if len(results) == 1 and not first.bindings and len(first.expressions) == 1:
        return to_json(_sorted(first.expressions[0].value)) + "\n"
    names = sorted(first.bindings)
    # Expressions that are only true add nothing to a table of bindings.
    columns = [
        number
        for number, expression in enumerate(first.expressions)
        if not names or any(result.expressions[number].value is not True for result in results)
    ]
    table: dict[str, list[Any]] = {name: [result.bindings[name] for result in results] for name in names}
    for number in columns:
        table[first.expressions[number].text] = [result.expressions[number].value for result in results]
    header = sorted(table)
    rows = [
        [to_json(_sorted(table[name][number]), indent=None) for name in header]
        for number in range(len(results))
    ]
    return _table(header, rows)


def _table(header: list[str], rows: list[list[str]], limit: int = 80) -> str:
    rows = [[cell if len(cell) <= limit else cell[:limit] + "..." for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]

    def rule(left: str, middle: str, right: str) -> str:
        return left + middle.join("─" * (width + 2) for width in widths) + right

    head = (
        "│" + "│".join(f" {_centred(cell, width)} " for cell, width in zip(header, widths, strict=True)) + "│"
    )
    body = [
        "│" + "│".join(f" {cell.ljust(width)} " for cell, width in zip(row, widths, strict=True)) + "│"
        for row in rows
    ]
    return "\n".join([rule("┌", "┬", "┐"), head, rule("├", "┼", "┤"), *body, rule("└", "┴", "┘")]) + "\n"


def _centred(text: str, width: int) -> str:
    space = width - len(text)
    return " " * (space // 2) + text + " " * (space - space // 2)


def render_error(error: RegoError, form: str) -> str:
    """The text for an error: OPA's JSON shape for json and discard, else a sentence for every issue."""
    if form not in ("json", "discard"):
        if isinstance(error, RegoCompileError):
            return f"{error}\n"
        return f"1 error occurred: {error}\n"
    if isinstance(error, RegoCompileError):
        shown = [issue.to_opa() for issue in error.issues]
    else:
        entry: dict[str, Any] = {"message": error.message, "code": error.code}
        if error.file is not None and error.row is not None:
            entry["location"] = {"file": error.file, "row": error.row, "col": error.column or 1}
        elif error.file is not None:
            entry["message"] = f"{error.file}: {error.message}"
        shown = [entry]
    return to_json({"errors": shown}) + "\n"
