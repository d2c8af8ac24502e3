"""Archives and packers: tar, zip, gzip and its kin; what they replace, and the commands that they can run."""

# ruff: noqa: ARG001 - every handler has the same signature, so that a table can hold them
from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from policy_engine.documents.vocabulary import Access, Effect, ResourceKind
from policy_engine.parsers.shell.expand import Arg, Unknown
from policy_engine.parsers.shell.programs import Entry, read_arguments
from policy_engine.parsers.shell.state import Draft

if TYPE_CHECKING:
    from policy_engine.parsers.shell.run import Runner

_TAR_MODES = {
    "c": "create",
    "x": "extract",
    "t": "list",
    "r": "append",
    "u": "update",
    "A": "append",
    "d": "diff",
}


def tar(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """tar: the first word may be options without a dash; checkpoint actions run commands."""
    rest = args[1:]
    first = rest[0] if rest else None
    if isinstance(first, str) and first and first[0] not in "-/." and first.isalpha():
        values = [letter for letter in first if entry.options.get("-" + letter, ("", "", ""))[1] == "value"]
        taken, others = rest[1 : 1 + len(values)], rest[1 + len(values) :]
        rest = ["-" + letter for letter in first if letter not in values]
        for letter, value in zip(values, taken, strict=False):
            rest += ["-" + letter, value]
        rest += others
    reading = read_arguments(entry, rest)
    runner.check(entry, name, reading, draft)
    mode = next((switch for switch in _TAR_MODES.values() if switch in reading.switches), "list")
    removes = "delete" in reading.switches
    for role, arg in reading.values:
        if role == "target" and isinstance(arg, str) and ":" in arg.partition("/")[0]:
            runner.role("host", arg.partition(":")[0], entry, name, draft)
            runner.unknown_text(draft, None, "an archive on another host is reached through a remote shell")
        elif role == "target":
            runner.role("read" if mode in ("extract", "list", "diff") else "create", arg, entry, name, draft)
        elif role == "shell":
            _checkpoint(runner, arg, draft, name)
        elif role != "pattern":
            runner.role(role, arg, entry, name, draft)
    if mode == "extract":
        draft.effects.add(Effect.CREATE)
        for path in runner.state.resolve("."):
            if path:
                runner.state.resource(draft, ResourceKind.FILE, path, Access.WRITE)
        return
    for operand in reading.operands if mode in ("create", "append", "update") else ():
        runner.role("read", operand, entry, name, draft)
        if removes:
            runner.role("delete", operand, entry, name, draft)


def _checkpoint(runner: Runner, arg: Arg, draft: Draft, name: str) -> None:
    if isinstance(arg, str) and arg.split("=")[0] in (
        "dot",
        "echo",
        "bell",
        "totals",
        "sleep",
        "ttyout",
        ".",
    ):
        return
    runner.text(
        arg.partition("=")[2] if isinstance(arg, str) and arg.startswith("exec=") else Unknown(), draft, name
    )


_SUFFIXES = {"xz": ".xz", "bzip2": ".bz2", "zstd": ".zst", "compress": ".Z"}


_PACKED = frozenset([".gz", ".xz", ".bz2", ".zst", ".Z", ".lzma", ".z"])


def compress(
    runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None
) -> None:
    """gzip and its kin: replace their operands by other files, unless the result goes to standard output."""
    reading = read_arguments(entry, args[1:])
    runner.check(entry, name, reading, draft)
    for role, arg in reading.values:
        runner.role(role, arg, entry, name, draft)
    for operand in reading.operands:
        runner.role("read", operand, entry, name, draft)
        if "stdout" not in reading.switches:
            draft.effects.update((Effect.CREATE, Effect.UPDATE))
            runner.role("delete", operand, entry, name, draft)
            if isinstance(operand, str):
                base, suffix = posixpath.splitext(operand)
                result = (
                    base if suffix in _PACKED else operand + _SUFFIXES.get(name.removeprefix("un"), ".gz")
                )
                runner.role("create", result, entry, name, draft)


def make_zip(
    runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None
) -> None:
    """zip: `-TT` names a command that tests the archive, also among other letters."""
    if any(isinstance(arg, str) and re.fullmatch(r"-[A-SU-Za-z0-9]+.*TT.*|-TT.+", arg) for arg in args[1:]):
        runner.unknown_text(
            draft, None, "`zip -TT` runs a command: write it as an option of its own", inline=False
        )
    runner.generic(entry, name, args, draft, stdin)
