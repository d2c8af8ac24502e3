"""The one root of the project's errors, and the shape every one of them has.

An error says what is wrong, where, and how to mend it: a machine-readable `code` (stable, snake_case), a
sentence in lower case with the input in backticks, and the place as `file:row:column` where there is one.
"""

from __future__ import annotations


class PolicyEngineError(Exception):
    """Root of all errors that sod-policy raises on purpose.

    `code` is stable and machine-readable; `file`, `row` and `column` (both 1-based) say where, when known.
    """

    code = "policy_engine_error"

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


class DocumentError(PolicyEngineError):
    """A document (identity, context, action, …) is not of its schema."""

    code = "document_invalid"


class BundleError(PolicyEngineError):
    """A policy bundle can't be read, or what it says can't be right."""

    code = "bundle_invalid"


class UsageError(PolicyEngineError):
    """The caller asked for something that doesn't exist, such as an unknown dialect."""

    code = "usage"
