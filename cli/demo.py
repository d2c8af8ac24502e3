"""`sod-policy demo`: the example bundle decides real commands; no server, no network."""

from __future__ import annotations

from collections import Counter

import click


@click.command("demo")
@click.option("--width", type=click.IntRange(60, 400), help="Columns to use; by default the terminal's.")
def demo_command(width: int | None) -> int:
    """Let the bundled example decide about thirty real commands of five identities, and show one in full."""
    from rich.table import Table
    from rich.text import Text

    from policy_engine.cli.example import load_example
    from policy_engine.cli.report import console, decision_panel, shown, verdict_text, who
    from policy_engine.engine import PolicyEngine

    screen = console(width=width)
    if width is None and not screen.is_terminal:
        screen = console(width=140)
    with load_example() as example, PolicyEngine.load(example.bundle) as engine:
        table = Table(title="Who wants to do what, and the verdict", show_lines=True, expand=True)
        table.add_column("who", ratio=2, overflow="fold")
        table.add_column("what", ratio=5, overflow="fold")
        table.add_column("verdict", no_wrap=True)
        table.add_column("why", ratio=5, overflow="fold")
        counts: Counter[str] = Counter()
        in_full = None
        for row in example.rows:
            identity = example.identities[row.who]
            action = example.action(row)
            decision = engine.decide(identity, action, example.context(row, action))
            counts[decision.verdict] += 1
            reason = decision.reasons[0]
            label = row.protocol if row.protocol != "sql" else action.dialect
            table.add_row(
                Text(who(identity)),
                Text.assemble((f"{label} ", "dim"), shown(row.text)),
                verdict_text(decision.verdict),
                Text.assemble(shown(reason.message), (f" [{shown(reason.rule)}]", "dim")),
            )
            if decision.verdict == "approve":
                in_full = (decision, identity, action, row.text)
        screen.print(table)
        summary = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
        screen.print(Text(f"{sum(counts.values())} decisions: {summary}. One of them in full:"))
        if in_full is not None:
            screen.print(decision_panel(*in_full))
    return 0
