"""find: starting points, tests, and commands that it runs on what it finds."""

# ruff: noqa: ARG001 - every handler has the same signature, so that a table can hold them
from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect
from policy_engine.parsers.shell.expand import Arg, Unknown
from policy_engine.parsers.shell.programs import Entry
from policy_engine.parsers.shell.state import Draft

if TYPE_CHECKING:
    from policy_engine.parsers.shell.run import Runner

_FIND_FLAGS = frozenset(
    [
        "-a",
        "-and",
        "-o",
        "-or",
        "-not",
        "!",
        "(",
        ")",
        ",",
        "-print",
        "-print0",
        "-prune",
        "-quit",
        "-depth",
        "-d",
        "-daystart",
        "-follow",
        "-mount",
        "-xdev",
        "-noleaf",
        "-ignore_readdir_race",
        "-noignore_readdir_race",
        "-warn",
        "-nowarn",
        "-empty",
        "-executable",
        "-readable",
        "-writable",
        "-nouser",
        "-nogroup",
        "-true",
        "-false",
        "-ls",
        "-help",
        "-version",
        "-H",
        "-L",
        "-P",
    ]
)


_FIND_VALUES = frozenset(
    [
        "-name",
        "-iname",
        "-path",
        "-ipath",
        "-wholename",
        "-iwholename",
        "-regex",
        "-iregex",
        "-lname",
        "-ilname",
        "-type",
        "-xtype",
        "-size",
        "-perm",
        "-user",
        "-group",
        "-uid",
        "-gid",
        "-links",
        "-inum",
        "-fstype",
        "-context",
        "-mtime",
        "-mmin",
        "-atime",
        "-amin",
        "-ctime",
        "-cmin",
        "-used",
        "-newer",
        "-anewer",
        "-cnewer",
        "-samefile",
        "-maxdepth",
        "-mindepth",
        "-regextype",
        "-printf",
        "-D",
    ]
)


def find(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """find: starting points, then an expression; `-exec` and its kind run a command."""
    state = runner.state
    i, expression, deletes = 1, False, False
    starts: list[Arg] = []
    while i < len(args):
        arg = args[i]
        i += 1
        if isinstance(arg, Unknown):
            _find_unknown(runner, arg, draft)
            starts += [] if expression else [arg]
        elif arg in ("-exec", "-execdir", "-ok", "-okdir"):
            i = _find_exec(runner, name, args, i, draft)
            expression = True
        elif arg == "-delete":
            deletes = expression = True
        elif arg in ("-fprint", "-fprint0", "-fls", "-fprintf"):
            expression = True
            draft.effects.add(Effect.UPDATE)
            state.file(draft, args[i] if i < len(args) else "", Access.WRITE)
            i += 2 if arg == "-fprintf" else 1
        elif arg == "-files0-from":
            expression = True
            runner.role("list", Unknown(), entry, name, draft)
            i += 1
        elif arg in _FIND_FLAGS:
            expression = expression or arg not in ("-H", "-L", "-P")
        elif arg in _FIND_VALUES:
            expression = expression or arg != "-D"
            i += 1
        elif re.fullmatch(r"-O[0-3]|-newer[aBcmt]{2}", arg):
            i += 1 if arg.startswith("-newer") else 0
        elif arg.startswith("-"):
            state.opaque(draft, ProblemCode.UNKNOWN_OPTION, f"the option `{arg}` of `find` isn't known")
        elif not expression:
            starts.append(arg)
    for role in ("read", "delete") if deletes else ("read",):
        for start in starts or ["."]:
            runner.role(role, start, entry, name, draft)


def _find_unknown(runner: Runner, arg: Unknown, draft: Draft) -> None:
    if arg.prefix[:1] in ("", "-") and not (arg.shown or "").startswith("~"):
        runner.state.opaque(
            draft, ProblemCode.UNKNOWN_OPTION, "an argument of `find` isn't known and may be `-exec`"
        )


def _find_exec(runner: Runner, name: str, args: list[Arg], i: int, draft: Draft) -> int:
    """The command after `-exec`, up to `;` or `{} +`; `{}` is a path that find chooses."""
    command: list[Arg] = []
    draft.effects.add(Effect.EXECUTE)
    while i < len(args):
        arg = args[i]
        i += 1
        if arg == ";" or (arg == "+" and command and isinstance(command[-1], Unknown)):
            runner.child(command, draft, name)
            return i
        if isinstance(arg, str) and "{}" in arg:
            command.append(
                Unknown(
                    prefix=arg.partition("{}")[0] if arg != "{}" else "./", single=arg != "{}", listed=True
                )
            )
        else:
            command.append(arg)
    runner.state.opaque(draft, ProblemCode.SYNTAX_ERROR, "`-exec` of `find` isn't closed by `;` or `{} +`")
    return i
