"""Reading the JSON documents that commands take: identity, context, history, grants.

Whatever is wrong with a file is an error with the file's name, the code, and what to write instead.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TypeVar

import msgspec

from policy_engine.documents.errors import DocumentError
from policy_engine.documents.explain import explain

# Larger than any sensible document, small enough to read at once.
MAX_BYTES = 16 * 1024 * 1024

T = TypeVar("T")


def read_document(path: str, kind: type[T], what: str) -> T:
    """Return the JSON file at `path` as `kind`; `what` names it in errors. `-` reads standard input."""
    from policy_engine.rego.errors import RegoError
    from policy_engine.rego.json_source import read_json

    data = read_bytes(path, what)
    try:
        value = read_json(data.decode("utf-8"), path, max_bytes=MAX_BYTES)
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message, where = explain(error, kind)
        place = f" at `{'.'.join(map(str, where))}`" if where else ""
        raise DocumentError(f"the {what}{place}: {message}", code=f"{what}_invalid", file=path) from None
    except UnicodeDecodeError as error:
        raise DocumentError(f"the {what} is not UTF-8: {error}", code="json_invalid", file=path) from None
    except RegoError as error:
        raise DocumentError(
            f"the {what}: {error.message}", code=error.code, file=path, row=error.row, column=error.column
        ) from None


def read_bytes(path: str, what: str) -> bytes:
    """Return the content of the file at `path`, at most `MAX_BYTES`."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(path).open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DocumentError(f"there is no {what} file `{path}`", code="file_missing") from None
    except IsADirectoryError:
        raise DocumentError(f"the {what} `{path}` is a folder; name a file", code="file_is_folder") from None
    except OSError as error:
        raise DocumentError(
            f"the {what} file `{path}` can't be read: {error.strerror}", code="file_unreadable"
        ) from None
    if len(data) > MAX_BYTES:
        raise DocumentError(f"the {what} is larger than {MAX_BYTES} bytes", code="file_too_large", file=path)
    if not data.strip():
        raise DocumentError(f"the {what} is empty", code="file_empty", file=path)
    return data
