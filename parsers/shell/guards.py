"""What is checked before a single character is parsed: type, size and characters that no shell text may hold.

Every limit ends in a refused action with a problem, never in a partial answer.
"""

from __future__ import annotations

from policy_engine.documents.problems import Problem, ProblemCode

MAX_CHARACTERS = 64 * 1024
MAX_DEPTH = (
    50  # nested commands, substitutions and inline texts together; keeps us far from Python's own limit
)
MAX_INLINE = 12  # wrappers, and texts given to shells, inside one another
MAX_INLINE_CHARACTERS = 2 * MAX_CHARACTERS  # all those texts together
MAX_COMMANDS = 10_000
MAX_WORDS = 4_096  # words that one brace expansion may yield before it counts as unknown
MAX_EXPANSION = 200_000  # characters that all brace expansions of a text may yield together
MAX_VALUE = 1_000  # characters of a variable's value that are followed

# bash marks quoted characters with these two internally; texts that hold them have been misread by bash itself.
_INTERNAL = ("\x01", "\x7f")


class ShellSyntaxError(Exception):
    """The text is not understood. `position` is the character (from 0) where understanding ended."""

    def __init__(self, message: str, position: int, code: ProblemCode = ProblemCode.SYNTAX_ERROR) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.code = code


def place(text: str, position: int) -> tuple[int, int]:
    """Return line and column, both from 1, of a character position."""
    position = min(max(position, 0), len(text))
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def check_text(text: object) -> Problem | None:
    """Return why `text` can't be looked at, or None when it may be parsed."""
    if not isinstance(text, str):
        return Problem(
            code=ProblemCode.INVALID_TYPE,
            message=f"a shell text must be a string, not `{type(text).__name__}`",
        )
    if len(text) > MAX_CHARACTERS:
        return Problem(
            code=ProblemCode.TOO_LARGE,
            message=f"the text has {len(text)} characters, the limit is {MAX_CHARACTERS}: run it in parts",
        )
    if "\0" in text:
        line, column = place(text, text.index("\0"))
        return Problem(
            code=ProblemCode.NUL_BYTE,
            message="the text holds a NUL character, which shells drop or end at: remove it",
            line=line,
            column=column,
        )
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            line, column = place(text, error.start)
            return Problem(
                code=ProblemCode.INVALID_ENCODING,
                message="the text holds a lone surrogate: send valid Unicode",
                line=line,
                column=column,
            )
    for character in _INTERNAL:
        if character in text:
            line, column = place(text, text.index(character))
            return Problem(
                code=ProblemCode.UNSUPPORTED,
                message=f"the text holds the control character `\\x{ord(character):02x}`: write it as $'\\x{ord(character):02x}'",
                line=line,
                column=column,
            )
    if not text.strip(" \t\n"):
        return Problem(code=ProblemCode.EMPTY, message="the text is empty: there is nothing to run")
    return None
