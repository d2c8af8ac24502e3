"""Programs whose arguments have a syntax of their own: find, sed, awk, tar, dd, shells, interpreters and a few more.

A style gets the table entry too, and falls back on it for everything ordinary.
"""

# ruff: noqa: ARG001 - every handler has the same signature, so that a table can hold them
from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, ShellFlag
from policy_engine.parsers.shell import sed_script, shells
from policy_engine.parsers.shell.expand import Arg, Unknown
from policy_engine.parsers.shell.programs import Entry, operand_roles, read_arguments, table
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
_AWK_RISKS = re.compile(r"system|getline|\||@|ARGV|ENVIRON|close|fflush|include|load|function\s+\w*\s*\(.*@")
_AWK_STATEMENTS = re.compile(r"[;}\n]")
_TAR_MODES = {
    "c": "create",
    "x": "extract",
    "t": "list",
    "r": "append",
    "u": "update",
    "A": "append",
    "d": "diff",
}
_ENV_SPLIT = re.compile(r"[A-Za-z0-9_./:@%+,=\- ]*")


def _generic(
    runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None
) -> None:
    runner.generic(entry, name, args, draft, stdin)


def _find(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
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


def _sed(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """sed: the script may run commands and write files."""
    reading = read_arguments(entry, args[1:])
    runner.check(entry, name, reading, draft)
    scripts = [arg for role, arg in reading.values if role == "pattern"]
    operands = list(reading.operands)
    if "pattern" not in reading.switches and operands:
        scripts.append(operands.pop(0))
    for role, arg in reading.values:
        if role != "pattern":
            runner.role(role, arg, entry, name, draft)
    for script in scripts:
        if isinstance(script, Unknown):
            runner.unknown_text(
                draft, script, "the script given to `sed` isn't known: write it literally", inline=False
            )
        elif not sed_script.is_plain(script):
            runner.unknown_text(
                draft,
                None,
                "the script given to `sed` may run commands or touch files (e, r, w): leave these out",
                inline=False,
            )
    in_place = "in_place" in reading.switches
    for operand in operands:
        runner.role("write" if in_place else "read", operand, entry, name, draft)


def _awk(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """awk: any program is inline code; one that only filters and prints is understood enough."""
    draft.flags.add(ShellFlag.INLINE_CODE)
    reading = read_arguments(entry, args[1:])
    runner.check(entry, name, reading, draft)
    operands = list(reading.operands)
    programs = [arg for role, arg in reading.values if role == "pattern"]
    for role, arg in reading.values:
        if role != "pattern":
            runner.role(role, arg, entry, name, draft)
    if not any(role in ("pattern", "script") for role, _ in reading.values) and operands:
        programs.append(operands.pop(0))
    for program in programs:
        if isinstance(program, Unknown) or _awk_risk(program):
            runner.unknown_text(
                draft,
                program,
                "the awk program may run commands or touch files: this version doesn't read it",
            )
    for operand in operands:
        if not (isinstance(operand, str) and "=" in operand):
            runner.role("read", operand, entry, name, draft)


def _awk_risk(program: str) -> bool:
    """Tell whether an awk program may run commands, or read or write files of its own."""
    if _AWK_RISKS.search(program.replace("||", "")):
        return True
    for statement in _AWK_STATEMENTS.split(program):
        _, printed, rest = statement.partition("print")
        if printed and ">" in rest:
            return True
    return False


def _tar(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
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


def _ln(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
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


def _cp(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """cp: `-l` and `-s` make links instead of copies."""
    reading = runner.generic(entry, name, args, draft, stdin)
    if "links" not in reading.switches:
        return
    folders = [arg for role, arg in reading.values if role == "target"]
    operands = list(reading.operands)
    link: Arg = folders[-1] if folders else operands.pop() if operands else ""
    for target in operands:
        _linked(runner, target, link, draft, relative=False, folder=bool(folders))


def _mount(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
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


_SUFFIXES = {"xz": ".xz", "bzip2": ".bz2", "zstd": ".zst", "compress": ".Z"}
_PACKED = frozenset([".gz", ".xz", ".bz2", ".zst", ".Z", ".lzma", ".z"])


def _compress(
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


def _grep(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """grep and rg: without files, a recursive search reads the current folder."""
    reading = runner.generic(entry, name, args, draft, stdin)
    files = [arg for role, arg in operand_roles(entry, reading) if role == "read"]
    if not files and ("recursive" in reading.switches or name == "rg"):
        runner.role("read", ".", entry, name, draft)


_JQ_MODULES = re.compile(r"\b(?:import|include)\b")


def _jq(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """jq: some options take two words, the second of which may be a file; programs may import files."""
    rest: list[Arg] = [args[0]]
    i = 1
    while i < len(args):
        if args[i] in ("--arg", "--argjson", "--rawfile", "--slurpfile", "--argfile"):
            if args[i] not in ("--arg", "--argjson") and i + 2 < len(args):
                runner.role("read", args[i + 2], entry, name, draft)
            i += 3
        else:
            rest.append(args[i])
            i += 1
    reading = runner.generic(entry, name, rest, draft, stdin)
    programs = [arg for role, arg in operand_roles(entry, reading) if role == "pattern"]
    if any(isinstance(arg, Unknown) or _JQ_MODULES.search(arg) for arg in programs):
        runner.state.opaque(
            draft,
            ProblemCode.UNKNOWN_TARGET,
            "the jq program may read files: write it literally, without import",
        )


_YQ_READS = re.compile(r"load|\binput\b|\bimport\b|\binclude\b")


def _yq(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """yq: an optional verb, an expression (which may load files), files; `-i` writes them."""
    reading = read_arguments(entry, args[1:])
    runner.check(entry, name, reading, draft)
    operands = list(reading.operands)
    if operands and operands[0] in ("eval", "e", "eval-all", "ea"):
        operands.pop(0)
    if operands and (isinstance(operands[0], Unknown) or _YQ_READS.search(operands[0])):
        runner.state.opaque(
            draft,
            ProblemCode.UNKNOWN_TARGET,
            "the yq expression may read files: write it literally, without load",
        )
    for operand in operands[1:] if len(operands) > 1 else operands:
        runner.role("read", operand, entry, name, draft)
        if "in_place" in reading.switches:
            runner.role("write", operand, entry, name, draft)


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


def _zip(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """zip: `-TT` names a command that tests the archive, also among other letters."""
    if any(isinstance(arg, str) and re.fullmatch(r"-[A-SU-Za-z0-9]+.*TT.*|-TT.+", arg) for arg in args[1:]):
        runner.unknown_text(
            draft, None, "`zip -TT` runs a command: write it as an option of its own", inline=False
        )
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
    "shell": shells.shell, "find": _find, "sed": _sed, "awk": _awk, "tar": _tar, "dd": _dd, "interpreter": shells.interpreter,
    "su": shells.su, "sudo": shells.sudo, "env": _env, "xargs": _xargs, "ln": _ln, "download": _download,
    "toolbox": _toolbox, "opaque": _opaque, "session": shells.interactive, "rm": _rm, "generic": _generic,
    "pager": _pager,
    "openssl": _openssl, "zip": _zip, "cp": _cp, "mount": _mount, "compress": _compress, "grep": _grep, "jq": _jq, "yq": _yq, "date": _date,
    "patch": _patch, "git_config": _git_config,
    "npm": _npm,
    "ssh": shells.ssh, "watch": shells.watch, "flock": shells.flock, "systemctl": _systemctl, "ip": _ip, "make": _make, "chmod": _chmod,
}  # fmt: skip

__all__ = ["STYLES", "table"]
