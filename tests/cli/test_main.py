"""The command as a whole: help everywhere, exit statuses, speed, and never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from policy_engine.cli.main import COMMANDS

COMMAND = str(Path(sys.executable).with_name("sod-policy"))
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def best_of(runs: int, arguments: list[str]) -> float:
    """Return the fastest of some runs in seconds: what the command needs, not what else the machine does."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(arguments, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return min(times)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(sod_policy: Run, command: str) -> None:
    done = sod_policy(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: sod-policy " + command)


def test_help_lists_every_command(sod_policy: Run) -> None:
    done = sod_policy("--help")
    assert done.returncode == 0
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["decide"], ["decide", "sql"], ["parse", "cobol", "x"], ["version", "--nope"], ["init"]],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2_and_says_how(sod_policy: Run, arguments: list[str]) -> None:
    done = sod_policy(*arguments)
    assert done.returncode == 2
    assert "Error:" in done.stderr


def test_version_names_the_parsers(sod_policy: Run) -> None:
    done = sod_policy("version")
    assert done.returncode == 0
    assert done.stdout.startswith("sod-policy 0.")
    assert "pglast 8." in done.stdout


def test_version_answers_within_200_ms() -> None:
    assert best_of(7, [COMMAND, "version"]) < 0.200


def test_importing_the_package_takes_less_than_150_ms() -> None:
    bare = best_of(7, [sys.executable, "-c", "pass"])
    loaded = best_of(7, [sys.executable, "-c", "import policy_engine"])
    assert loaded - bare < 0.150


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, policy_engine, policy_engine.parsers; "
        "print([m for m in ('pglast', 'sqlglot', 'regopy', 'yaml', 'rich', 'click', 'rfc8785') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_interrupt_ends_without_a_traceback() -> None:
    process = subprocess.Popen(
        [COMMAND, "parse", "sql", "--jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A background job starts with SIGINT ignored, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b'{"id": 1, "text": "SELECT 1"}\n')
    process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors.decode().strip() == "interrupted"


def test_a_reader_that_goes_away_ends_without_a_traceback() -> None:
    lines = b'{"id": 1, "text": "SELECT 1"}\n' * 2_000
    process = subprocess.Popen(
        [COMMAND, "parse", "sql", "--jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    try:
        process.stdin.write(lines)
        process.stdin.close()
    except BrokenPipeError:
        pass
    errors = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(timeout=20) == 1
    assert "Traceback" not in errors


def test_an_interrupt_while_modules_load_ends_without_a_traceback() -> None:
    code = """
import sys
class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name == "policy_engine.cli.main":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from policy_engine.cli.entry import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == "interrupted\n"


@pytest.mark.parametrize("arguments", [["--version"], ["version"]])
def test_the_module_runs_as_the_command_does(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "policy_engine", *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("sod-policy 0.")


def test_output_in_another_encoding_replaces_what_it_cannot_show(tmp_path: Path) -> None:
    done = subprocess.run(
        [COMMAND, "demo"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()


def test_a_closed_standard_output_is_no_traceback() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{COMMAND} version >&-"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stderr == ""
