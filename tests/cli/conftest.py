"""The real command in a process of its own, as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("sod-policy"))
ACME = Path(__file__).parents[2] / "examples" / "acme"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def sod_policy() -> Run:
    """Return a function that runs `sod-policy` with arguments; `stdin` may be text or bytes."""

    def run(
        *arguments: str | Path, stdin: str | bytes = b"", cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        data = stdin.encode("utf-8", "surrogateescape") if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [COMMAND, *map(str, arguments)],
            input=data,
            capture_output=True,
            cwd=cwd,
            timeout=60,
            check=False,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "160", "PYTHONWARNINGS": "error"},
        )
        output, errors = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        assert "Traceback" not in errors, errors
        return subprocess.CompletedProcess(done.args, done.returncode, output, errors)

    return run


@pytest.fixture(scope="session")
def acme() -> Path:
    """Return the folder of the example bundle."""
    return ACME


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """Return the file of a plain identity."""
    path = tmp_path / "identity.json"
    path.write_text('{"subject": "ana", "groups": ["dba"]}')
    return path
