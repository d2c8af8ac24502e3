"""`sod-policy decide`: one command, one identity, one verdict; the exit status says which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from policy_engine.cli.actions import check_dialect, read_schema, read_stdin
from policy_engine.cli.documents import read_document
from policy_engine.parsers.dispatch import KINDS, parse_text

if TYPE_CHECKING:
    from policy_engine.documents.decision import Decision

EXIT_STATUS = {"allow": 0, "mask": 0, "approve": 3, "deny": 4}


@click.command("decide")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("text", required=False)
@click.option("--bundle", required=True, metavar="PATH", help="The policy bundle: a folder or .tar.gz.")
@click.option("--identity", "identity_file", required=True, metavar="I.json", help="Who asks.")
@click.option("--context", "context_file", metavar="C.json", help="Time, environment, target, session, plan.")
@click.option("--history", "history_file", metavar="H.json", help="What happened before: a list of facts.")
@click.option("--grants", "grants_file", metavar="G.json", help="What was approved: a list of grants.")
@click.option("--dialect", help="The SQL dialect (default postgres) or the shell (default bash).")
@click.option("--schema", metavar="FILE.sql", help="DDL that tells tables, columns and views (SQL only).")
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def decide_command(
    kind: str,
    text: str | None,
    bundle: str,
    identity_file: str,
    context_file: str | None,
    history_file: str | None,
    grants_file: str | None,
    dialect: str | None,
    schema: str | None,
    form: str,
) -> int:
    """Judge TEXT (or standard input) and print the decision.

    Exit status: 0 allow or mask, 3 approve, 4 deny, 1 error, 2 usage.
    """
    check_dialect(kind, dialect)
    from policy_engine.documents.errors import DocumentError
    from policy_engine.documents.identity import Identity, validate_identity
    from policy_engine.documents.request import Context, Grant, HistoryFact
    from policy_engine.engine import PolicyEngine

    identity = read_document(identity_file, Identity, "identity")
    try:
        validate_identity(identity)
    except DocumentError as error:
        error.file = identity_file
        raise
    context = read_document(context_file, Context, "context") if context_file else None
    history = read_document(history_file, list[HistoryFact], "history") if history_file else []
    grants = read_document(grants_file, list[Grant], "grants") if grants_file else []
    if text is None or text == "-":
        text = read_stdin()
    action = parse_text(kind, text, dialect=dialect, schema=read_schema(schema, kind))
    with PolicyEngine.load(bundle) as engine:
        decision = engine.decide(identity, action, context, history=history, grants=grants)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(decision), indent=2).decode())
    else:
        from policy_engine.cli.report import console, decision_panel

        console().print(decision_panel(decision, identity, action, text))
    return exit_status(decision)


def exit_status(decision: Decision) -> int:
    """Return the exit status that tells the verdict."""
    return EXIT_STATUS[decision.verdict]
