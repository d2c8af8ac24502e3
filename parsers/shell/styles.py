"""Programs whose arguments have a syntax of their own: the table of their handlers, and the smaller handlers.

A style gets the table entry too, and falls back on it for everything ordinary.
"""

# ruff: noqa: ARG001 - every handler has the same signature, so that a table can hold them
from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Effect, ShellFlag
from policy_engine.parsers.shell import archives, filters, find, links, shells
from policy_engine.parsers.shell.expand import Arg, Unknown
from policy_engine.parsers.shell.programs import Entry, operand_roles, read_arguments, table
from policy_engine.parsers.shell.state import Draft

if TYPE_CHECKING:
    from policy_engine.parsers.shell.run import Runner

_ENV_SPLIT = re.compile(r"[A-Za-z0-9_./:@%+,=\- ]*")


def _generic(
    runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None
) -> None:
    runner.generic(entry, name, args, draft, stdin)


def _dd(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """dd: `if=` and `of=`."""
    for arg in args[1:]:
        prefix = arg.prefix if isinstance(arg, Unknown) else arg
        key, equals, value = prefix.partition("=")
        if not equals:
            if isinstance(arg, Unknown):
                runner.state.opaque(
                    draft, ProblemCode.UNKNOWN_TARGET, "an argument of `dd` isn't known: it may be `of=`"
                )
        elif key in ("if", "of"):
            target: Arg = Unknown() if isinstance(arg, Unknown) else value
            runner.role("read" if key == "if" else "write", target, entry, name, draft)


def _env(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """env: `-S` splits a string into words."""
    rest = list(args)
    for index, arg in enumerate(rest[1:], 1):
        if arg == "-":
            rest[index] = arg = "-i"
        if isinstance(arg, Unknown) or not arg.startswith("-") or arg == "--":
            break
        match = re.fullmatch(r"(-[iv0]*)S(.*)|--split-string(?:=(.*))?", arg, re.DOTALL)
        if match:
            attached = match.group(2) or match.group(3)
            value = attached if attached else rest[index + 1] if index + 1 < len(rest) else Unknown()
            after = rest[index + 1 :] if attached else rest[index + 2 :]
            if isinstance(value, Unknown) or not _ENV_SPLIT.fullmatch(value):
                runner.unknown_text(
                    draft, None, "`env -S` with quotes or escapes: write the words themselves", inline=False
                )
                return
            lead: list[Arg] = [match.group(1)] if match.group(1) and match.group(1) != "-" else []
            _env(runner, entry, name, [*rest[:index], *lead, *value.split(), *after], draft, stdin)
            return
    runner.generic(entry, name, rest, draft, stdin)


def _xargs(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """xargs: adds words that it reads; with `-I` they stand anywhere."""
    reading = read_arguments(entry, args[1:])
    runner.check(entry, name, reading, draft)
    command = list(reading.command or ["echo"])
    places = [arg for role, arg in reading.values if role == "target"]
    mark = (
        places[-1]
        if places and isinstance(places[-1], str)
        else ("{}" if "replace" in reading.switches else None)
    )
    for role, arg in reading.values:
        if role not in ("target",):
            runner.role(role, arg, entry, name, draft)
    if mark:
        command = [
            Unknown(prefix=arg.partition(mark)[0], listed=True)
            if isinstance(arg, str) and mark in arg
            else arg
            for arg in command
        ]
    elif stdin != "" or any(role == "read" for role, _ in reading.values):
        command.append(Unknown(single=False, listed=True))
    draft.effects.add(Effect.EXECUTE)
    runner.child(command, draft, name)


def _date(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """date: an operand that is no format sets the clock."""
    reading = runner.generic(entry, name, args, draft, stdin)
    for operand in reading.operands:
        if not (operand if isinstance(operand, str) else operand.prefix).startswith("+"):
            draft.effects.add(Effect.CONFIGURE)


def _patch(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """patch: without a file named here, the patch itself names what is changed."""
    reading = runner.generic(entry, name, args, draft, stdin)
    if not reading.operands and "dry_run" not in reading.switches:
        runner.state.opaque(
            draft, ProblemCode.UNKNOWN_TARGET, "which files a patch changes isn't known: name the file"
        )


def _git_config(
    runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None
) -> None:
    """git config: asking for settings is harmless, setting one may give git a command to run later."""
    reading = runner.generic(entry, name, args, draft, stdin)
    if "reads" in reading.switches:
        draft.usual = {Effect.READ}
    else:
        runner.unknown_text(
            draft, None, "a git setting may be a command that runs later: set it elsewhere", inline=False
        )


def _download(
    runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None
) -> None:
    """curl and wget: remember which files come from the network."""
    reading = runner.generic(entry, name, args, draft, stdin)
    files = [arg for role, arg in reading.values if role in ("create", "write") and isinstance(arg, str)]
    if any(re.search(r"#[0-9]", file) for file in files):
        runner.state.opaque(
            draft, ProblemCode.UNKNOWN_TARGET, f"`{name}` makes a file name of the address: write it"
        )
    if "named_by_url" in reading.switches or (name == "wget" and not files):
        for role, arg in [*reading.values, *operand_roles(entry, reading)]:
            if role == "url":
                files.append(_named_by(arg))
                runner.role("create", files[-1], entry, name, draft)
    for file in files:
        runner.state.downloaded.update(path for path in runner.state.resolve(file) if path)


def _named_by(address: Arg) -> str:
    """The file that a download of `address` creates; the current folder when the server or a list decides."""
    path = urlsplit(address).path if isinstance(address, str) and not set("{[") & set(address) else ""
    return path.rsplit("/", 1)[-1] or "."


def _openssl(
    runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None
) -> None:
    """openssl: `engine` loads a library."""
    reading = runner.generic(entry, name, args, draft, stdin)
    if reading.operands[:1] == ["engine"] and len(reading.operands) > 1:
        runner.unknown_text(draft, None, "`openssl engine` loads a library: leave it out", inline=False)


def _toolbox(
    runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None
) -> None:
    """busybox and toybox: the first word is the program."""
    rest = args[1:]
    if not rest or (isinstance(rest[0], str) and rest[0].startswith("-")):
        if rest and rest[0] not in ("--help", "--list"):
            runner.state.opaque(draft, ProblemCode.UNKNOWN_OPTION, f"an option of `{name}` isn't known")
        return
    runner.child(rest, draft, name, stdin=stdin)


def _opaque(
    runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None
) -> None:
    """Programs that run texts of their own which nothing here reads: editors, debuggers, session managers."""
    if len(args) == 2 and args[1] in ("--version", "--help", "-V"):
        draft.usual = {Effect.READ}
        return
    if all(isinstance(arg, str) for arg in args) and " ".join(map(str, args[1:])) in entry.reads:
        draft.usual = {Effect.READ}
        return
    reading = read_arguments(entry, args[1:])
    runner.roles(entry, name, reading, draft)
    if "harmless" in reading.switches and not reading.operands:
        draft.usual = {Effect.READ}
        return
    if reading.command:
        runner.child(reading.command, draft, name, stdin=stdin)
    runner.unknown_text(
        draft,
        None,
        f"`{name}` can run any command, and this version doesn't read its arguments",
        inline=False,
    )


def _rm(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """rm: recursive deletion has a flag of its own; an unknown argument may be `-r`."""
    reading = runner.generic(entry, name, args, draft, stdin)
    options = [arg for arg in args[1:] if isinstance(arg, str) and arg.startswith("--") and len(arg) > 2]
    if "recursive" in reading.switches or any("--recursive".startswith(arg) for arg in options):
        draft.flags.add(ShellFlag.DESTRUCTIVE_RM)


_SYSTEMCTL_READS = re.compile(
    r"status|show|cat|help|list-[a-z-]+|is-[a-z-]+|get-default|--version|show-environment"
)


def _systemctl(
    runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None
) -> None:
    """systemctl: asking is reading, everything else configures."""
    reading = runner.generic(entry, name, args, draft, stdin)
    verb = reading.operands[0] if reading.operands else "status"
    if isinstance(verb, str) and _SYSTEMCTL_READS.fullmatch(verb):
        draft.usual = {Effect.READ}
    elif verb == "edit":
        runner.unknown_text(
            draft, None, "`systemctl edit` opens an editor: change the unit file instead", inline=False
        )
    elif verb in ("start", "restart", "reload", "try-restart", "enable", "reenable"):
        draft.effects.add(Effect.EXECUTE)


_IP_READS = frozenset(["show", "list", "lst", "ls", "get", "help"])


def _ip(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """ip: shows, configures, or runs a command in a namespace."""
    words = [arg for arg in args[1:] if not (isinstance(arg, str) and arg.startswith("-"))]
    if any(
        isinstance(arg, str) and arg.startswith(("-b", "--b", "-n", "--n", "-force", "-all"))
        for arg in args[1:]
    ):
        runner.state.opaque(
            draft, ProblemCode.UNKNOWN_OPTION, "a batch or namespace option of `ip` isn't read"
        )
    if len(words) > 2 and isinstance(words[1], str) and len(words[1]) >= 1 and "exec".startswith(words[1]):
        draft.usual = {Effect.EXECUTE}
        runner.child(
            words[3:] if args[-len(words) :] == words else args[args.index(words[2]) + 1 :], draft, name
        )
    elif len(words) < 2 or words[1] in _IP_READS:
        draft.usual = {Effect.READ}
    elif not all(isinstance(arg, str) for arg in words):
        runner.state.opaque(
            draft, ProblemCode.UNKNOWN_OPTION, "an argument of `ip` isn't known and may be `exec`"
        )


def _make(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """make: runs the makefile's recipes; variables and inline makefiles given here are code."""
    reading = runner.generic(entry, name, args, draft, stdin)
    if any(isinstance(arg, Unknown) or "=" in arg for arg in reading.operands):
        runner.unknown_text(
            draft, None, "a variable given to `make` may be code (SHELL, CC): leave it out", inline=False
        )


def _pager(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """less: `+command` runs one of its commands, `!` among them."""
    if any(isinstance(arg, str) and arg.startswith("+") for arg in args[1:]):
        runner.unknown_text(draft, None, f"`{name} +…` runs commands of its own: leave it out", inline=False)
    runner.generic(entry, name, args, draft, stdin)


def _npm(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """npm: `exec` and `run` run programs and scripts of a package."""
    if any(arg in ("exec", "x", "run", "run-script", "start", "explore") for arg in args[1:]):
        runner.unknown_text(draft, None, "what a package's script or program does isn't known", inline=False)


_MODE = re.compile(r"-[rwxXstugo,=+-]+")


def _chmod(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """chmod: `-x` is a mode, not an option."""
    modes = [arg for arg in args[1:] if isinstance(arg, str) and _MODE.fullmatch(arg) and arg != "--"]
    rest: list[Arg] = [arg for arg in args[1:] if arg not in modes]
    runner.generic(
        entry, name, [args[0], *modes[:1], *rest] if not modes else [args[0], "a-mode", *rest], draft, stdin
    )


_Style = Callable[["Runner", Entry, str, list[Arg], Draft, "Arg | None"], None]
STYLES: dict[str, _Style] = {
    "shell": shells.shell, "find": find.find, "sed": filters.sed, "awk": filters.awk, "tar": archives.tar, "dd": _dd, "interpreter": shells.interpreter,
    "su": shells.su, "sudo": shells.sudo, "env": _env, "xargs": _xargs, "ln": links.ln, "download": _download,
    "toolbox": _toolbox, "opaque": _opaque, "session": shells.interactive, "rm": _rm, "generic": _generic,
    "pager": _pager,
    "openssl": _openssl, "zip": archives.make_zip, "cp": links.cp, "mount": links.mount, "compress": archives.compress, "grep": filters.grep, "jq": filters.jq, "yq": filters.yq, "date": _date,
    "patch": _patch, "git_config": _git_config,
    "npm": _npm,
    "ssh": shells.ssh, "watch": shells.watch, "flock": shells.flock, "systemctl": _systemctl, "ip": _ip, "make": _make, "chmod": _chmod,
}  # fmt: skip

__all__ = ["STYLES", "table"]
