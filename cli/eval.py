"""`sod-policy eval`: evaluate a Rego query, with the flags and the output of `opa eval`.

Exit status as OPA's: 0 done, 1 with --fail (--fail-defined) and an undefined (a defined) result, 2 for errors.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from policy_engine.cli.durations import Duration
from policy_engine.cli.unavailable import all_unavailable

if TYPE_CHECKING:
    from policy_engine.rego.engine import EngineName, Policy

FORMATS = ("json", "values", "bindings", "pretty", "raw", "discard")


class _Failed(click.ClickException):
    """An error with OPA's exit status; its text goes to standard error."""

    exit_code = 2

    def show(self, file: Any = None) -> None:  # noqa: ARG002
        """Print the message as it is."""
        click.echo(self.message, err=True)


@click.command("eval", short_help="Evaluate a Rego query, like `opa eval`.")
@click.argument("query", required=False)
@click.option(
    "-d", "--data", multiple=True, metavar="PATH", help="Policy or data file or folder. Repeatable."
)
@click.option("-b", "--bundle", multiple=True, metavar="PATH", help="Bundle folder or .tar.gz. Repeatable.")
@click.option("-i", "--input", "input_path", metavar="FILE", help="Input document, JSON or YAML.")
@click.option("-I", "--stdin-input", is_flag=True, help="Read the input document from standard input.")
@click.option("--stdin", is_flag=True, help="Read the query from standard input.")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="json",
    show_default=True,
    help="Output format.",
)
@click.option("--fail", is_flag=True, help="Exit with 1 if the result is undefined or empty.")
@click.option("--fail-defined", is_flag=True, help="Exit with 1 if the result is defined and not empty.")
@click.option("--package", metavar="PATH", help="Package of the query, such as `data.policy` or `policy`.")
@click.option("--import", "imports", multiple=True, metavar="REF", help="Import for the query. Repeatable.")
@click.option("--ignore", multiple=True, metavar="PATTERN", help="File and folder names to leave out.")
@click.option(
    "--timeout", type=Duration(), default=0.0, metavar="DURATION", help="Such as 500ms (default 5s)."
)
@click.option("--strict-builtin-errors", is_flag=True, help="A failing builtin is an error, not undefined.")
@click.option(
    "--engine",
    type=click.Choice(["native", "regopy"]),
    default="native",
    show_default=True,
    help="The project's own engine, or rego-cpp as a second opinion.",
)
@click.option("--count", type=click.IntRange(1), default=1, hidden=True)
@all_unavailable(
    ("-p", "--partial", "flag"),
    ("--explain",),
    ("--profile", "flag"),
    ("--profile-limit",),
    ("--profile-sort",),
    ("--coverage", "flag"),
    ("--coverage-runs",),
    ("--metrics", "flag"),
    ("--instrument", "flag"),
    ("-O", "--optimize"),
    ("--optimize-store-for-read-speed", "flag"),
    ("-s", "--schema"),
    ("-S", "--strict", "flag"),
    ("-t", "--target"),
    ("-u", "--unknowns"),
    ("-e", "--entrypoint"),
    ("--capabilities",),
    ("--disable-early-exit", "flag"),
    ("--disable-indexing", "flag"),
    ("--disable-inlining",),
    ("--shallow-inlining", "flag"),
    ("--nondeterminstic-builtins", "flag"),
    ("--show-builtin-errors", "flag"),
    ("--pretty-limit",),
    ("--var-values", "flag"),
    ("--v0-compatible", "flag"),
)
def eval_command(
    query: str | None,
    data: tuple[str, ...],
    bundle: tuple[str, ...],
    input_path: str | None,
    stdin_input: bool,
    stdin: bool,
    form: str,
    fail: bool,
    fail_defined: bool,
    package: str | None,
    imports: tuple[str, ...],
    ignore: tuple[str, ...],
    timeout: float,
    strict_builtin_errors: bool,
    engine: EngineName,
    count: int,
) -> None:
    """Evaluate the Rego QUERY and print its results.

    \b
    sod-policy eval -d policy.rego -i input.json data.policy.deny
    sod-policy eval -b bundle/ -f pretty 'data.sod.duties[i]'
    """
    from policy_engine.rego.errors import BundleReadError, RegoError
    from policy_engine.rego.query_output import render, render_error

    del count  # every evaluation would give the same
    if stdin and stdin_input:
        raise click.UsageError("--stdin and --stdin-input can't be used together")
    if (query is None) == (not stdin):
        raise click.UsageError("give one QUERY, or --stdin")
    text = _standard_input().decode("utf-8", "replace") if stdin else query or ""
    try:
        document = _input(input_path, stdin_input)
    except BundleReadError as error:
        raise _Failed(f"unable to read input: {error}") from error
    steps = [step for step in (package or "").split(".") if step]
    try:
        with _compiled(data, bundle, ignore, engine, strict_builtin_errors) as policy:
            results = policy.query(
                text,
                document,
                package=steps[steps[:1] == ["data"] :],
                imports=imports,
                seconds=timeout or None,
            )
    except RegoError as error:
        click.echo(render_error(error, form), nl=False, err=form not in ("json", "discard"))
        raise click.exceptions.Exit(2) from error
    click.echo(render(results, form), nl=False)
    # As in OPA, a false value is a defined result.
    if (fail and not results) or (fail_defined and results):
        raise click.exceptions.Exit(1)


def _compiled(
    data: tuple[str, ...], bundle: tuple[str, ...], ignore: tuple[str, ...], engine: EngineName, strict: bool
) -> Policy:
    """What the paths hold, compiled."""
    from policy_engine.bundle import SOD_MOUNTS, is_case_name
    from policy_engine.rego.engine import compile as compile_rego
    from policy_engine.rego.loader import load

    loaded = load(data, bundles=bundle, ignore=ignore, bundle_mounts=SOD_MOUNTS, skip=is_case_name)
    return compile_rego(loaded.modules, loaded.data, engine=engine, strict_builtin_errors=strict)


def _standard_input() -> bytes:
    return sys.stdin.buffer.read()


def _input(path: str | None, from_stdin: bool) -> Any:
    from policy_engine.rego.folder import text_of
    from policy_engine.rego.loader import read_input
    from policy_engine.rego.values import UNDEFINED
    from policy_engine.rego.yaml_source import read_yaml

    if from_stdin:
        return read_yaml(text_of(_standard_input(), "<stdin>"), "<stdin>")[0]
    return UNDEFINED if path is None else read_input(path)
