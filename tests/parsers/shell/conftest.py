"""Fixtures of the shell tests: the real bash with stub programs that only log their arguments."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

STUBS = ("a", "b", "c", "rm", "ls", "cat", "id", "git")
# One write per stub, so that stubs running at the same time don't mix their lines.
_STUB = '#!/bin/sh\nl=${0##*/}\nfor w; do l="$l\x1e$w"; done\nprintf "%s\\035" "$l" >> "$LOG"\n'

Run = Callable[[str], list[list[str]] | None]


@pytest.fixture(scope="session")
def bash() -> str:
    """The path of bash 5."""
    found = shutil.which("bash")
    if found is None:
        pytest.skip("bash is not installed: the comparison with the real shell needs it")
    return found


@pytest.fixture(scope="session")
def executed(bash: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a text with `bash -c` where every program is a stub; return the argument lists in order, None on time-out."""
    root = tmp_path_factory.mktemp("stubs")
    stubs = root / "bin"
    stubs.mkdir()
    for name in STUBS:
        (stubs / name).write_text(_STUB)
        (stubs / name).chmod(0o755)
    counter = iter(range(10**9))

    def run(text: str) -> list[list[str]] | None:
        log: Path = root / f"log{next(counter)}"
        folder = root / "cwd"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            subprocess.run(
                [bash, "-c", "--", text],
                cwd=folder,
                env={"PATH": str(stubs), "LOG": str(log), "HOME": "/nowhere"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=5,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        if not log.exists():
            return []
        return [line.split("\x1e") for line in log.read_text("utf-8", "replace").split("\x1d") if line]

    return run


@pytest.fixture(scope="session")
def covers() -> Callable[[tuple[str | None, ...], list[str]], bool]:
    """Tell whether a reported argument list covers an executed one; null stands for any number of words."""

    def match(reported: tuple[str | None, ...], real: list[str]) -> bool:
        reachable = {0}
        for word in reported:
            if word is None:
                reachable = set(range(min(reachable), len(real) + 1)) if reachable else set()
            else:
                reachable = {i + 1 for i in reachable if i < len(real) and real[i] == word}
        return len(real) in reachable

    return match
