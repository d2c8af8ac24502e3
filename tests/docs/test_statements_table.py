"""The tables of docs/duties.md say what the parsers make of each statement."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from policy_engine import Action
from policy_engine.parsers.dispatch import parse_text

GUIDE = (Path(__file__).parents[2] / "docs" / "duties.md").read_text("utf-8")
SECTION = GUIDE.split("\n## What statements become\n", 1)[1]
_CELLS = re.compile(r"(?<!\\)\|")
_REQUEST = re.compile(r"(GET|DELETE|POST|PUT|PATCH) /")


def read_tables() -> list[tuple[str, str, list[str]]]:
    """Return (kind of text, statement, rows of its operations) for each statement of the section."""
    found: list[tuple[str, str, list[str]]] = []
    kind = ""
    for line in SECTION.splitlines():
        if line.startswith("### "):
            kind = {"SQL": "sql", "Shell": "shell"}.get(line[4:], "kubernetes")
        if not line.startswith("| ") or line.startswith(("| statement |", "|---")):
            continue
        statement, *rest = [cell.strip() for cell in _CELLS.split(line)[1:-1]]
        row = " | ".join(rest)
        if statement:
            text = statement.strip("`").replace("\\|", "|")
            exact = kind if kind != "kubernetes" or _REQUEST.match(text) else "kubectl"
            found.append((exact, text, [row]))
        else:
            found[-1][2].append(row)
    return found


def written(action: Action) -> list[str]:
    """Return the rows of an action: verb, effects, resources, flags; the first also has the whole text's flags."""
    rows = []
    of_operations = {flag for operation in action.operations for flag in operation.flags}
    for index, operation in enumerate(action.operations):
        flags = {*operation.flags, *(set(action.flags) - of_operations if index == 0 else ())}
        marks = [*sorted(flags), *(["**opaque**"] if operation.opaque else [])]
        resources = [f"`{item.kind}:{item.name}` {item.access}" for item in operation.resources]
        cells = (operation.verb, " ".join(operation.effects), ", ".join(resources), " ".join(marks))
        rows.append(" | ".join(cell or "-" for cell in cells))
    return rows


TABLES = read_tables()


def test_the_tables_are_read() -> None:
    assert {kind: sum(kind == other for other, _, _ in TABLES) for kind, _, _ in TABLES} == {
        "sql": 29,
        "shell": 12,
        "kubectl": 9,
        "kubernetes": 4,
    }


@pytest.mark.parametrize(("kind", "text", "rows"), TABLES, ids=[text for _, text, _ in TABLES])
def test_a_statement_becomes_what_its_row_says(kind: str, text: str, rows: list[str]) -> None:
    found = written(parse_text(kind, text))
    assert rows == found, "the table of docs/duties.md must say:\n" + "\n".join(
        f"| … | {row} |" for row in found
    )
