"""The `sod-policy` command: finds the sub-command, loads only that, and turns every error into a sentence.

Exit status of every command: 0 done (for `decide`: allow or mask), 1 error, 2 usage (for `test`: failed tests),
3 approve, 4 deny, 130 interrupted. Nothing that a user can type ends in a traceback.
"""

from __future__ import annotations

import importlib
import io
import os
import sys

import click

# Sub-command -> (module, attribute, one line of help). Loaded when called: `version` must not wait for parsers.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "decide": ("decide", "decide_command", "Judge one command for one identity."),
    "demo": ("demo", "demo_command", "Let the example bundle decide real commands."),
    "eval": ("eval", "eval_command", "Evaluate a Rego query, like `opa eval`."),
    "init": ("init", "init_command", "Write a policy repository to start from."),
    "parse": ("parse", "parse_command", "Print the action document of a command."),
    "test": ("test", "test_command", "Run the tests of policies."),
    "version": ("version", "version_command", "Print the version."),
}


class LazyGroup(click.Group):
    """A group that lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all sub-commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one sub-command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"policy_engine.cli.{module}"), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 (narrowing for the type checker)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of sub-commands for `--help`."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in sorted(COMMANDS)])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Segregation of duties: judge SQL, kubectl and shell commands before they run.",
)
@click.version_option(package_name="sod-policy", message="%(package)s %(version)s")
def root() -> None:
    """Dispatch to the sub-commands."""


def run(arguments: list[str]) -> int:
    """Run the command line with `arguments` and return the exit status; errors go to standard error."""
    from policy_engine.documents.errors import PolicyEngineError, UsageError

    _prepare_streams()
    try:
        status = root.main(args=arguments, prog_name="sod-policy", standalone_mode=False)
        sys.stdout.flush()  # a full disk must be an error here, not a warning at exit
    except click.exceptions.Abort:
        return _interrupted()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except KeyboardInterrupt:
        return _interrupted()
    except PolicyEngineError as error:
        click.echo(f"error: {error}", err=True)
        return 2 if isinstance(error, UsageError) else 1
    except BrokenPipeError:
        _discard_output()  # the reader went away (`| head`): nothing more to say
        return 1
    except OSError as error:
        _discard_output()
        where = f": `{error.filename}`" if error.filename else ""
        click.echo(f"error: io_error: {error.strerror or error}{where}", err=True)
        return 1
    except (RecursionError, MemoryError) as error:
        click.echo(f"error: too_large: the input needs too much ({type(error).__name__})", err=True)
        return 1
    except Exception as error:
        if os.environ.get("SOD_POLICY_TRACEBACK"):
            raise
        click.echo(
            f"error: internal_error: {type(error).__name__}: {error!s:.300}; this is a defect, please report it with "
            "the output of the same command under SOD_POLICY_TRACEBACK=1",
            err=True,
        )
        return 1
    return status if isinstance(status, int) else 0


def _prepare_streams() -> None:
    """Make output possible whatever the terminal: closed streams lead nowhere, other encodings show `?`."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 (open to the end)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _discard_output() -> None:
    """Send what is still buffered to nowhere, so that the interpreter doesn't fail on it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupted() -> int:
    click.echo("interrupted", err=True)
    return 130
