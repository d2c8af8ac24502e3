"""What stands in front of every parser here: type, size, NUL, encoding. Nothing else may see raw input.

Each function returns a `Problem` when the input must be refused, or None. None of them raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

from policy_engine.documents.problems import Problem, ProblemCode

MAX_TEXT = (
    256 * 1024
)  # characters of a command line or a request target; Linux's own limit per argument is 128 KiB
MAX_WORDS = 4096
MAX_BODY = 3 * 1024 * 1024  # bytes of a request body or a manifest; the API server's own limit is 3 MiB
MAX_HEADERS = 512
MAX_HEADER_TEXT = 1024 * 1024  # characters of all headers together; Go's own limit
KEPT_TEXT = 4096  # characters of a refused text that is no string, kept for its digest


def check_text(text: object, what: str, limit: int = MAX_TEXT) -> Problem | None:
    """Return why `text` can't be read at all, or None. `what` names it in the message."""
    if not isinstance(text, str):
        return Problem(
            code=ProblemCode.INVALID_TYPE, message=f"{what} is {type(text).__name__}, not a string; pass text"
        )
    if len(text) > limit:
        return Problem(
            code=ProblemCode.TOO_LARGE,
            message=f"{what} has {len(text)} characters, more than {limit}; shorten it",
        )
    if "\x00" in text:
        return Problem(
            code=ProblemCode.NUL_BYTE,
            message=f"{what} holds a NUL character at offset {text.index(chr(0))}; remove it",
        )
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return Problem(
            code=ProblemCode.INVALID_ENCODING,
            message=f"{what} holds a lone surrogate, which is no valid Unicode; send valid UTF-8",
        )
    return None


def is_argument_list(value: object) -> TypeGuard[Sequence[Any]]:
    """True for a list or tuple: the only sequences taken as an argument vector."""
    return isinstance(value, list | tuple)


def printable(value: object) -> str:
    """Return a bounded text that stands for `value` in a digest when it is not a string."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "surrogateescape")
    return f"<{type(value).__name__}>"
