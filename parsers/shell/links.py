"""Programs that give a file another name: ln, cp -l and -s, mount --bind. Later uses of the name reach the file."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from policy_engine.documents.problems import ProblemCode
from policy_engine.parsers.shell.expand import Arg
from policy_engine.parsers.shell.programs import Entry
from policy_engine.parsers.shell.state import Draft

if TYPE_CHECKING:
    from policy_engine.parsers.shell.run import Runner


def ln(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """ln: a later use of the link reaches its target; a hard link is another name of the file."""
    reading = runner.generic(entry, name, args, draft, stdin)
    symbolic = "symbolic" in reading.switches
    folders = [arg for role, arg in reading.values if role == "target"]
    targets: list[Arg] = list(reading.operands)
    link: Arg = "."
    if folders:
        link = folders[-1]
    elif len(targets) > 1:
        link = targets.pop()
    for target in targets:
        if not symbolic:
            runner.role("read", target, entry, name, draft)
        _linked(runner, target, link, draft, relative=symbolic, folder=bool(folders))


def _linked(runner: Runner, target: Arg, link: Arg, draft: Draft, *, relative: bool, folder: bool) -> None:
    """`link` is a name of `target`, or a folder that gets one."""
    if not isinstance(target, str) or not isinstance(link, str):
        runner.state.opaque(
            draft,
            ProblemCode.UNKNOWN_TARGET,
            "which file a link leads to isn't known: write both names literally",
        )
        return
    inside = posixpath.join(link, posixpath.basename(target.rstrip("/")) or ".")
    for path in (inside,) if folder else (link, inside):
        runner.state.link(path, posixpath.join(posixpath.dirname(path), target) if relative else target)


def cp(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """cp: `-l` and `-s` make links instead of copies."""
    reading = runner.generic(entry, name, args, draft, stdin)
    if "links" not in reading.switches:
        return
    folders = [arg for role, arg in reading.values if role == "target"]
    operands = list(reading.operands)
    link: Arg = folders[-1] if folders else operands.pop() if operands else ""
    for target in operands:
        _linked(runner, target, link, draft, relative=False, folder=bool(folders))


def mount(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """mount: after `--bind`, one folder is a name of another; any other mount hides what was there."""
    reading = runner.generic(entry, name, args, draft, stdin)
    operands = reading.operands
    if name == "mount" and len(operands) == 2:
        target, place = operands
        if isinstance(target, str) and isinstance(place, str):
            runner.state.link(place, target)
        else:
            runner.state.opaque(
                draft, ProblemCode.UNKNOWN_TARGET, "what is mounted isn't known: write it literally"
            )
