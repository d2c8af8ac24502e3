"""Which parser serves which kind of text: one place for commands, case files and adapters.

`kubectl` is a command line, `kubernetes` an API request written as `METHOD PATH`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policy_engine.documents.action import Action
    from policy_engine.parsers.sql.catalogue import Catalogue

KINDS = ("sql", "kubectl", "kubernetes", "shell")


def parse_text(
    kind: str, text: Any, *, dialect: str | None = None, schema: Catalogue | None = None
) -> Action:
    """Return the action that `text` amounts to; `dialect` and `schema` serve the kinds that have them.

    `text` may be anything: what isn't a string becomes an opaque action with a problem.
    """
    if kind == "sql":
        from policy_engine.parsers.sql import parse_sql

        return parse_sql(text, dialect or "postgres", schema=schema)
    if kind == "shell":
        from policy_engine.parsers.shell import parse_shell

        return parse_shell(text, dialect=dialect or "bash")
    from policy_engine.parsers.kubernetes import parse_kubectl, parse_request_text

    if kind == "kubectl":
        return parse_kubectl(text)
    if kind == "kubernetes":
        return parse_request_text(text)
    raise ValueError(f"`{kind}` is none of {', '.join(KINDS)}")


def known_dialects(kind: str) -> tuple[str, ...]:
    """Return the dialects that can be chosen for a kind of text; empty when it has none."""
    if kind == "sql":
        from policy_engine.parsers.sql import DIALECTS

        return DIALECTS
    if kind == "shell":
        from policy_engine.parsers.shell import DIALECTS as SHELLS

        return SHELLS
    return ()
