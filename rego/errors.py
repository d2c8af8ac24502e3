"""The errors of the Rego package: what is wrong, where, and how to mend it.

The package can be used alone, so it has its own root; the shape (`code`, `message`, `file`, `row`, `column`, rows and
columns counted from 1) is the same as everywhere in the project.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class RegoError(Exception):
    """Root of all errors that this package raises on purpose."""

    code = "rego_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        file: str | None = None,
        row: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.file = file
        self.row = row
        self.column = column

    @property
    def place(self) -> str:
        """`file:row:column` as far as it is known, or an empty string."""
        parts = [self.file, self.row, self.column]
        return ":".join(str(part) for part in parts if part is not None)

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong in a policy; `line` is the text of the source line, for the caret."""

    code: str
    message: str
    file: str | None = None
    row: int | None = None
    column: int | None = None
    line: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.row, self.column) if part is not None)
        text = f"{place}: {self.code}: {self.message}" if place else f"{self.code}: {self.message}"
        if self.line is None or self.column is None:
            return text
        # A tab stays a tab, so that the caret stands below its character.
        indent = "".join("\t" if character == "\t" else " " for character in self.line[: self.column - 1])
        return f"{text}\n\t{self.line}\n\t{indent}^"

    def to_opa(self) -> dict[str, Any]:
        """The shape in which `opa` prints an error in JSON."""
        shown: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.row is not None:
            shown["location"] = {"file": self.file or "", "row": self.row, "col": self.column or 1}
        return shown


class RegoCompileError(RegoError):
    """A policy was refused; `issues` lists everything that was found, in the order of the files."""

    code = "rego_compile_error"

    def __init__(self, issues: list[Issue]) -> None:
        if not issues:
            raise ValueError("a compile error needs at least one issue")
        first = issues[0]
        super().__init__(first.message, code=first.code, file=first.file, row=first.row, column=first.column)
        self.issues = issues

    def __str__(self) -> str:
        count = len(self.issues)
        head = "1 error occurred" if count == 1 else f"{count} errors occurred"
        return f"{head}:\n" + "\n".join(str(issue) for issue in self.issues)


class RegoEvaluationError(RegoError):
    """A policy couldn't be evaluated to an answer that can be relied upon."""

    code = "rego_evaluation_error"


class RegoTimeout(RegoEvaluationError):  # noqa: N818 - a time-out is what it is called everywhere
    """An evaluation was stopped because it took too long."""

    code = "rego_timeout"


class RegoInputError(RegoEvaluationError):
    """The input can't be handed to the engine exactly, so no answer is given."""

    code = "rego_input_error"


class BundleReadError(RegoError):
    """A bundle, a data file or a policy file can't be read."""

    code = "bundle_invalid"
