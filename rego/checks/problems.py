"""Collecting issues: each in OPA's code and words, with the line that it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from policy_engine.rego.errors import Issue, RegoCompileError
from policy_engine.rego.syntax.tree import Place

COMPILE = "rego_compile_error"
TYPE = "rego_type_error"
UNSAFE = "rego_unsafe_var_error"
RECURSION = "rego_recursion_error"


class Problems:
    """The issues found so far. A stage goes on after an issue; the next stage doesn't start."""

    def __init__(self, line: Callable[[str, int], str | None]) -> None:
        self._line = line
        self._issues: dict[Issue, None] = {}

    def add(self, code: str, message: str, file: str, place: Place) -> None:
        """Note an issue, once."""
        self._issues[Issue(code, message, file, place.row, place.column, self._line(file, place.row))] = None

    def stop(self) -> None:
        """Raise what was found, if anything was, in the order of files and places."""
        if self._issues:
            raise RegoCompileError(
                sorted(self._issues, key=lambda issue: (issue.file, issue.row, issue.column))
            )


def lines_of(sources: Mapping[str, str]) -> Callable[[str, int], str | None]:
    """The source line of a file and row, where the text is known."""
    split: dict[str, list[str]] = {}

    def line(file: str, row: int) -> str | None:
        if file not in sources:
            return None
        rows = split.setdefault(file, sources[file].split("\n"))
        return rows[row - 1].rstrip("\r") if 0 < row <= len(rows) else None

    return line
