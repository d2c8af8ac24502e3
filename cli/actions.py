"""What the commands that take a text share: the dialect's name checked, the schema read, standard input read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from policy_engine.documents.errors import DocumentError, PolicyEngineError, UsageError
from policy_engine.parsers.dispatch import known_dialects

if TYPE_CHECKING:
    from policy_engine.parsers.sql.catalogue import Catalogue

# What is read from standard input at most; parsers refuse far smaller texts with a problem of their own.
MAX_STDIN_BYTES = 64 * 1024 * 1024


def check_dialect(kind: str, dialect: str | None) -> None:
    """Raise `UsageError` for a dialect that the parser of this kind of text doesn't know."""
    if dialect is None:
        return
    known = known_dialects(kind)
    if not known:
        raise UsageError(f"{kind} has no dialects; leave `--dialect` out")
    if dialect.lower() not in known:
        raise UsageError(f"`{dialect}` is no dialect of {kind}; known: {', '.join(known)}")


def read_schema(path: str | None, kind: str) -> Catalogue | None:
    """Return the catalogue described by the DDL file at `path`; only SQL has one."""
    if path is None:
        return None
    if kind != "sql":
        raise UsageError(f"{kind} has no schema; leave `--schema` out")
    from policy_engine.cli.documents import read_bytes
    from policy_engine.parsers.sql import load_catalogue

    try:
        text = read_bytes(path, "schema").decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(f"the schema is not UTF-8: {error}", code="schema_invalid", file=path) from None
    try:
        return load_catalogue(text)
    except PolicyEngineError as error:
        error.file = error.file or path
        raise


def read_stdin() -> str:
    """Return standard input as text; bytes that are no UTF-8 stay visible to the parser, which refuses them."""
    data = sys.stdin.buffer.read(MAX_STDIN_BYTES + 1)
    return data.decode("utf-8", "surrogateescape")
