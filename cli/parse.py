"""`sod-policy parse`: the action document of a text, for people who write policies and for other programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click
import msgspec

from policy_engine.cli.actions import check_dialect, read_schema, read_stdin
from policy_engine.parsers.dispatch import KINDS, known_dialects, parse_text

if TYPE_CHECKING:
    from policy_engine.documents.action import Action
    from policy_engine.parsers.sql.catalogue import Catalogue


@click.command("parse")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("text", required=False)
@click.option("--dialect", help="The SQL dialect (default postgres) or the shell (default bash).")
@click.option("--schema", metavar="FILE.sql", help="DDL that tells tables, columns and views (SQL only).")
@click.option(
    "--jsonl",
    is_flag=True,
    help='Read lines {"id", "text", "dialect"?, "method"?, "path"?} from standard input; write {"id", "action"}.',
)
def parse_command(kind: str, text: str | None, dialect: str | None, schema: str | None, jsonl: bool) -> int:
    """Print the action document of TEXT (or of standard input).

    KIND kubernetes takes an API request as `METHOD PATH`.
    """
    check_dialect(kind, dialect)
    catalogue = read_schema(schema, kind)
    if jsonl:
        if text is not None:
            raise click.UsageError("--jsonl reads standard input; leave TEXT out")
        return _parse_lines(sys.stdin.buffer, kind, dialect, catalogue)
    if text is None or text == "-":
        text = read_stdin()
    action = parse_text(kind, text, dialect=dialect, schema=catalogue)
    click.echo(msgspec.json.format(msgspec.json.encode(action), indent=2).decode())
    return 0


def _parse_lines(lines: Iterable[bytes], kind: str, dialect: str | None, catalogue: Catalogue | None) -> int:
    """Answer every line in order; a line that is no request gets an `error` and makes the exit status 1."""
    failed = False
    for answer in _answers(lines, kind, dialect, catalogue):
        failed = failed or "error" in answer
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()
    return 1 if failed else 0


def _answers(
    lines: Iterable[bytes], kind: str, dialect: str | None, catalogue: Catalogue | None
) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        identifier: Any = None
        try:
            request = msgspec.json.decode(line)
            if not isinstance(request, dict):
                raise msgspec.ValidationError("a line must be a JSON object")
            identifier = request.get("id")
            action = _parse_request(request, kind, dialect, catalogue)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            problem = {"code": "line_invalid", "message": str(error), "line": number}
            yield {"id": identifier, "error": problem}
            continue
        yield {"id": identifier, "action": action}


def _parse_request(
    request: dict[str, Any], kind: str, dialect: str | None, catalogue: Catalogue | None
) -> Action:
    """Parse one line of `--jsonl`; its own dialect goes before the command's."""
    chosen = request.get("dialect") or dialect
    if kind == "kubernetes" and "path" in request:
        from policy_engine.parsers.kubernetes import parse_kubernetes_request

        return parse_kubernetes_request(
            request.get("method", "GET"),
            request["path"],
            headers=request.get("headers"),
            body=request.get("body"),
        )
    if "text" not in request:
        raise msgspec.ValidationError("a line needs `text`" + (" or `path`" if kind == "kubernetes" else ""))
    return parse_text(kind, request["text"], dialect=_known(kind, chosen), schema=catalogue)


def _known(kind: str, dialect: Any) -> str | None:
    """Return the dialect of a line; protocols without dialects ignore what a line says of it."""
    if dialect is None or not known_dialects(kind):
        return None
    if not isinstance(dialect, str):
        raise msgspec.ValidationError("`dialect` must be a string")
    return dialect
