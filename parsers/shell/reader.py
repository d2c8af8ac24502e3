"""The lowest layer of the parser: a position in a text, blanks, comments, line continuations and errors.

`\\` followed by a newline vanishes nearly everywhere. Between words it counts as a blank and inside words the word
parser drops it; inside an operator it is refused, because nobody writes that in good faith.
"""

from __future__ import annotations

import re
from typing import NoReturn

from policy_engine.documents.problems import ProblemCode
from policy_engine.parsers.shell.guards import MAX_COMMANDS, MAX_DEPTH, ShellSyntaxError
from policy_engine.parsers.shell.syntax import Redir

_BLANKS = re.compile(r"(?:[ \t]|\\\n)*")
_COMMENT = re.compile(r"[^\n]*")


class Reader:
    """A position `i` in `text`. `bash` is false for POSIX sh; `base` shifts reported positions (backticks)."""

    def __init__(self, text: str, *, bash: bool, depth: int = 0, base: int | None = None) -> None:
        self.text = text
        self.i = 0
        self.n = len(text)
        self.bash = bash
        self.depth = depth
        self.commands = 0
        self.base = base
        self.pending: list[tuple[Redir, str, bool]] = []

    def fail(
        self, message: str, position: int | None = None, code: ProblemCode = ProblemCode.SYNTAX_ERROR
    ) -> NoReturn:
        """Refuse the whole text."""
        if self.base is not None:
            position = self.base
        raise ShellSyntaxError(message, self.i if position is None else position, code)

    def bash_only(self, what: str, position: int | None = None) -> None:
        """Refuse what the shells called sh read in different ways."""
        if not self.bash:
            self.fail(f"{what} means different things to the shells called sh: use dialect bash", position)

    def at(self, position: int) -> int:
        """Return the position to report for `position`."""
        return position if self.base is None else self.base

    def enter(self) -> None:
        """Go one construct deeper."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(
                f"more than {MAX_DEPTH} constructs inside one another: split the text",
                code=ProblemCode.TOO_DEEP,
            )

    def count(self, number: int = 1) -> None:
        """Count commands against the limit."""
        self.commands += number
        if self.commands > MAX_COMMANDS:
            self.fail(
                f"more than {MAX_COMMANDS} commands in one text: run it in parts", code=ProblemCode.TOO_MANY
            )

    def blanks(self) -> str:
        """Skip blanks, continuations and a comment; return the next character, empty at the end."""
        text, i = self.text, self.i
        if i < self.n and text[i] in " \t\\":
            match = _BLANKS.match(text, i)
            i = match.end() if match else i
        if i < self.n and text[i] == "#":
            match = _COMMENT.match(text, i)
            i = match.end() if match else i
        self.i = i
        return text[i] if i < self.n else ""

    def operator(self, token: str) -> bool:
        """Consume `token` if it stands here; a continuation inside an operator is refused."""
        if self.text.startswith(token, self.i):
            self.i += len(token)
            return True
        return False

    def no_continuation(self, following: str) -> None:
        """Refuse `&\\⏎&` and the like: an operator that continues on the next line."""
        i = self.i
        if not self.text.startswith("\\\n", i):
            return
        while self.text.startswith("\\\n", i):
            i += 2
        if i < self.n and self.text[i] in following:
            self.fail("a line continuation inside an operator: write the operator on one line")
