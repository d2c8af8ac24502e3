"""Options of OPA's commands that this version doesn't have: known, and answered, never ignored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def unavailable(*names: str, is_flag: bool = False, metavar: str = "VALUE") -> Callable[[Any], Any]:
    """Add an option that is hidden from `--help` and says that it isn't available when it is used."""

    def refuse(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        if value in (None, False, ()):
            return
        name = max(param.opts, key=len)
        click.echo(f"error: `{name}` is not supported yet", err=True)
        ctx.exit(1)

    if is_flag:
        return click.option(
            *names, is_flag=True, hidden=True, expose_value=False, is_eager=True, callback=refuse
        )
    return click.option(
        *names, metavar=metavar, default=None, hidden=True, expose_value=False, is_eager=True, callback=refuse
    )


def all_unavailable(*options: tuple[str, ...]) -> Callable[[Any], Any]:
    """Add many of them; a tuple whose last member is `flag` takes no value."""

    def add(command: Any) -> Any:
        for option in options:
            names = tuple(name for name in option if name != "flag")
            command = unavailable(*names, is_flag="flag" in option)(command)
        return command

    return add
