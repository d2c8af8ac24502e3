"""How decisions look on a terminal. Text of the requester is shown as text: never as markup or control codes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from policy_engine.documents.vocabulary import Verdict

if TYPE_CHECKING:
    from policy_engine.documents.action import Action
    from policy_engine.documents.decision import ApprovalRequirement, Decision, Mask
    from policy_engine.documents.identity import Identity

PIPE_WIDTH = 140
STYLE = {Verdict.ALLOW: "green", Verdict.MASK: "cyan", Verdict.APPROVE: "yellow", Verdict.DENY: "red"}


def console(*, width: int | None = None) -> Console:
    """Return the console for standard output; `NO_COLOR` and pipes are respected by rich itself."""
    # Without a terminal nobody told the width: take one that a log can show, unless COLUMNS says it.
    if width is None and not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        width = PIPE_WIDTH
    return Console(width=width, highlight=False, soft_wrap=False)


def shown(text: str, limit: int = 400) -> str:
    """Return `text` in one line with everything unprintable escaped, cut after `limit` characters."""
    line = "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text[: limit + 1]
    )
    return line if len(text) <= limit else line[:limit] + "…"


def verdict_text(verdict: Verdict) -> Text:
    """Return the verdict as a coloured word."""
    return Text(verdict.value, style=f"bold {STYLE[verdict]}")


def who(identity: Identity) -> str:
    """Return the delegation chain as `ana > planner > executor`."""
    return shown(" > ".join(link.sub for link in identity.chain))


def describe_mask(mask: Mask) -> str:
    """Return a mask in words."""
    what = mask.column or mask.path or mask.resource or "the result"
    source = f" (from {mask.resource})" if mask.resource and mask.resource != what else ""
    return shown(f"{what}{source}: {mask.method}")


def describe_approval(approval: ApprovalRequirement) -> list[str]:
    """Return an approval requirement in words, a line per fact."""
    lines = [f"{entry.count} of {' or '.join(entry.groups)}" for entry in approval.approvers]
    lines.append(f"within {approval.expires_in} s, for {approval.max_uses} run(s)")
    lines.append(f"bound to {approval.bound_to}")
    return [shown(line) for line in lines]


def decision_panel(decision: Decision, identity: Identity, action: Action, text: str) -> Panel:
    """Return one decision in full."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("who", Text(who(identity)))
    grid.add_row("what", Text(f"{action.protocol} ({action.dialect}): {shown(text)}"))
    grid.add_row("verdict", verdict_text(decision.verdict))
    for reason in decision.reasons:
        place = f" at {reason.location.file}:{reason.location.row}" if reason.location else ""
        grid.add_row("reason", Text(f"{shown(reason.message)}  [{reason.code}: {shown(reason.rule)}{place}]"))
    for mask in decision.masks:
        grid.add_row("mask", Text(describe_mask(mask)))
    if decision.approval:
        for line in describe_approval(decision.approval):
            grid.add_row("approval", Text(line))
    operations = Group(*(Text(line) for line in describe_action(action)))
    grid.add_row("operations", operations)
    grid.add_row("policy", Text(shown(decision.policy.revision)))
    grid.add_row("action", Text(decision.action_digest))
    grid.add_row("input", Text(decision.input_digest))
    grid.add_row("decided", f"{decision.id} in {decision.took_us} µs")
    return Panel(grid, title="decision", border_style=STYLE[decision.verdict])


def describe_action(action: Action) -> list[str]:
    """Return a line per operation: verb, effects, resources, flags; then the problems."""
    lines = []
    for item in action.operations:
        indent = "  " if item.parent is not None else ""
        resources = ", ".join(f"{shown(r.name)} ({r.kind}, {r.access})" for r in item.resources)
        flags = f" [{', '.join(item.flags)}]" if item.flags else ""
        opaque = " (opaque)" if item.opaque else ""
        lines.append(f"{indent}{item.verb}: {', '.join(item.effects)} {resources}{flags}{opaque}".rstrip())
    lines += [f"problem {problem.code}: {shown(problem.message)}" for problem in action.problems]
    return lines
