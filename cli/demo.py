"""`sod-policy demo`: the example bundle decides real commands; no server, no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from policy_engine.case_files import Case, Outcome

# The case shown in full: nested operations, an approval, and what it must be bound to.
IN_FULL = "a delete inside WITH is a delete"


@click.command("demo")
@click.option("--width", type=click.IntRange(60, 400), help="Columns to use; by default the terminal's.")
def demo_command(width: int | None) -> int:
    """Let the bundled example decide some forty real commands of five identities, and show one in full."""
    from importlib.resources import as_file, files

    from policy_engine.case_files import read_case_file, run_case
    from policy_engine.cli.report import console, decision_panel
    from policy_engine.engine import PolicyEngine

    screen = console(width=width)
    with as_file(files("policy_engine.examples") / "acme") as root:
        file = read_case_file(root / "acme_cases.yaml")
        with PolicyEngine.load(file.bundle) as engine:
            outcomes = [run_case(engine, file, case) for case in file.cases]
    screen.print(decision_table(outcomes))
    counts = Counter(outcome.decision.verdict for outcome in outcomes)
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    screen.print(f"{len(outcomes)} decisions: {summary}. One of them in full:")
    in_full = next(outcome for outcome in outcomes if outcome.case.name == IN_FULL)
    screen.print(decision_panel(in_full.decision, in_full.identity, in_full.action, in_full.case.text))
    return 0


def decision_table(outcomes: Sequence[Outcome]) -> Table:
    """Return a table with a row per outcome: who, what, verdict, why."""
    from rich.table import Table
    from rich.text import Text

    from policy_engine.cli.report import shown, verdict_text, who

    table = Table(title="Who wants to do what, the verdict, and why", show_lines=True, expand=True)
    table.add_column("who", ratio=2, overflow="fold")
    table.add_column("what", ratio=5, overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("why", ratio=5, overflow="fold")
    for outcome in outcomes:
        reason = outcome.decision.reasons[0]
        label = outcome.action.dialect if outcome.case.kind == "sql" else outcome.case.kind
        table.add_row(
            Text(who(outcome.identity)),
            Text.assemble(
                (f"{label}  ", "dim"), shown(outcome.case.text), (circumstances(outcome.case), "dim")
            ),
            verdict_text(outcome.decision.verdict),
            Text.assemble(shown(reason.message), (f"  [{shown(reason.rule)}]", "dim")),
        )
    return table


def circumstances(case: Case) -> str:
    """Return what the case brings with it beside the text: a plan, and approvals already given."""
    from policy_engine.cli.report import shown

    lines = []
    if case.context.plan is not None:
        lines.append(f"plan {case.context.plan.id}, requested by {case.context.plan.requested_by}")
    for grant in case.grants:
        voters = " and ".join(approval.person for approval in grant.approvals)
        lines.append(f"approval {grant.id}, voted by {voters}")
    return "".join(f"\n{shown(line)}" for line in lines)
