"""`sod-policy version`: which version this is, without loading anything heavy."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import click

# The libraries whose version decides how a text is understood.
PARTS = ("pglast", "sqlglot", "regopy")


@click.command("version")
@click.option(
    "--format",
    "form",
    type=click.Choice(["pretty", "json"]),
    default="pretty",
    show_default=True,
    help="How to print it.",
)
def version_command(form: str) -> None:
    """Print the version of sod-policy and of the libraries that understand texts for it."""
    versions = {name: installed(name) for name in ("sod-policy", *PARTS)}
    versions["python"] = platform.python_version()
    if form == "json":
        import json

        click.echo(json.dumps(versions))
        return
    click.echo(f"sod-policy {versions.pop('sod-policy')}")
    click.echo("  ".join(f"{name} {number}" for name, number in versions.items()))


def installed(distribution: str) -> str:
    """Return the installed version of `distribution`, or `not installed`."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
