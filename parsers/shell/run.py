"""From an argument list to facts: what a command reads, writes, reaches and runs in turn.

`Runner.run` looks the program up in the tables, applies the roles of its options and operands to the operation,
and opens child operations for commands that the program would run. Programs with a syntax of their own are in
`styles`, the shell's builtins in `builtin_commands`, texts for other parsers in `delegates`.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, ShellFlag
from policy_engine.parsers.shell import builtin_commands, delegates, shells, styles
from policy_engine.parsers.shell.expand import Arg, Unknown
from policy_engine.parsers.shell.guards import MAX_INLINE
from policy_engine.parsers.shell.programs import Entry, Reading, operand_roles, read_arguments, table
from policy_engine.parsers.shell.state import Draft, State

if TYPE_CHECKING:
    from policy_engine.parsers.shell.walk import Walker

_TRUSTED = frozenset(["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", ""])
_LOADER = re.compile(r"ld[-.].*so")
_CHANGES = frozenset(
    [Effect.CREATE, Effect.UPDATE, Effect.DELETE, Effect.GRANT, Effect.CONFIGURE, Effect.DEFINE]
)
_SWITCH_EFFECTS = {str(effect): effect for effect in Effect}
_FILE_LISTS = frozenset(["list", "pattern_file"])
_FILE_ROLES = {
    "read": (Access.READ, Effect.READ),
    "write": (Access.WRITE, Effect.UPDATE),
    "create": (Access.WRITE, Effect.CREATE),
    "delete": (Access.WRITE, Effect.DELETE),
}


class Runner:
    """Knows programs. `piped` is true while a later stage of a pipeline is walked."""

    def __init__(self, state: State, walker: Walker) -> None:
        self.state = state
        self.walker = walker
        self.piped = False
        self.depth = 0

    # -- entry points ------------------------------------------------------------------------------------------

    def run(self, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
        """Fill `draft` with what the command `args` does and open its children."""
        program = args[0]
        if isinstance(program, Unknown):
            self.unknown_program(draft, program)
            return
        folder, name = self.program(program)
        self.state.resource(draft, ResourceKind.PROGRAM, name, Access.EXECUTE)
        if "/" in program:
            self.written_program(draft, program)
        elif name in self.state.functions:
            self.state.forget()
            self.state.change_directory(None)
        elif builtin_commands.run(self, name, args, draft):
            return
        entry = table().get("ld.so" if _LOADER.match(name) else name)
        if entry is None or folder not in _TRUSTED:
            draft.effects.update((Effect.EXECUTE, Effect.UNKNOWN))
        if entry is not None:
            self.apply(entry, name, args, draft, stdin)

    def child(
        self,
        args: list[Arg],
        draft: Draft,
        wrapper: str,
        *,
        user: str | None = None,
        stdin: Arg | None = None,
    ) -> None:
        """Open an operation for a command that `draft` runs."""
        state = self.state
        self.depth += 1
        try:
            if not args:
                return
            if self.depth > MAX_INLINE:
                state.opaque(
                    draft, ProblemCode.TOO_DEEP, "wrappers are nested too deeply: call the program directly"
                )
                return
            with state.inside(draft.index, wrapper=wrapper, user=user):
                found = state.draft("exec", *draft.span)
                found.argv = tuple([arg if isinstance(arg, str) else None for arg in args])
                self.run(args, found, stdin)
                if found.fetches:
                    draft.fetches = True
                if found.runs_stdin:
                    draft.runs_stdin = True
        finally:
            self.depth -= 1

    def text(
        self,
        arg: Arg,
        draft: Draft,
        wrapper: str,
        *,
        bash: bool = False,
        user: str | None = None,
        same: bool = False,
    ) -> None:
        """Shell text that `draft` runs."""
        draft.effects.add(Effect.EXECUTE)
        if isinstance(arg, Unknown):
            self.unknown_text(draft, arg, "the shell text that runs isn't known: write it literally")
        else:
            self.walker.nested(arg, draft, bash=bash, wrapper=wrapper, user=user, same=same)

    def unknown_text(self, draft: Draft, arg: Arg | None, message: str, *, inline: bool = True) -> None:
        """Code runs that isn't known."""
        draft.effects.update((Effect.EXECUTE, Effect.UNKNOWN))
        if inline:
            draft.flags.add(ShellFlag.INLINE_CODE)
        if isinstance(arg, Unknown) and arg.fetched:
            draft.flags.add(ShellFlag.DOWNLOADS_AND_EXECUTES)
        self.state.opaque(draft, ProblemCode.UNKNOWN_TEXT, message)

    def unknown_program(self, draft: Draft, program: Unknown) -> None:
        """The program's name isn't known."""
        draft.effects.update((Effect.EXECUTE, Effect.UNKNOWN))
        if program.fetched:
            draft.flags.add(ShellFlag.DOWNLOADS_AND_EXECUTES)
        shown = f" `{program.shown}`" if program.shown else ""
        self.state.opaque(
            draft,
            ProblemCode.UNKNOWN_PROGRAM,
            f"which program{shown} runs isn't known: write its name literally",
        )

    def program(self, word: str) -> tuple[str, str]:
        """Folder and name of the program a word names, after normalising its path."""
        if "/" not in word:
            return "", word
        path = posixpath.normpath(word)
        return posixpath.dirname(path) or ".", posixpath.basename(path)

    # -- downloads ---------------------------------------------------------------------------------------------

    def written(self, draft: Draft, arg: Arg) -> None:
        """`draft` writes a file: running it later runs what was written."""
        if not isinstance(arg, str):
            return
        paths = [path for path in self.state.resolve(arg) if path]
        self.state.written.update(paths)
        if draft.argv and draft.argv[0] in ("curl", "wget"):
            self.state.downloaded.update(paths)

    def written_program(self, draft: Draft, path: str) -> None:
        """A path is executed: was it written by this text?"""
        paths = self.state.resolve(path)
        if not self.state.written.union(self.state.downloaded).intersection(paths):
            return
        if self.state.downloaded.intersection(paths):
            draft.flags.add(ShellFlag.DOWNLOADS_AND_EXECUTES)
        self.state.opaque(
            draft,
            ProblemCode.UNKNOWN_TEXT,
            f"`{path}` was written by this very text: what it does isn't known",
        )

    def script(self, arg: Arg, draft: Draft) -> None:
        """A file whose content runs."""
        if isinstance(arg, str) and arg not in ("", "-"):
            self.written_program(draft, arg)
            for path in self.state.resolve(arg):
                if path:
                    self.state.resource(draft, ResourceKind.FILE, path, Access.EXECUTE)
        self.unknown_text(
            draft, arg, "what a script file does isn't known: give the commands themselves", inline=False
        )

    # -- tables ------------------------------------------------------------------------------------------------

    def apply(self, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
        """Apply a table entry."""
        draft.usual = set(entry.effects)
        draft.flags.update(entry.flags)
        if ShellFlag.NETWORK in entry.flags and Effect.TRANSFER in entry.effects:
            draft.fetches = True
        directories = self.state.directories
        if entry.style:
            styles.STYLES[entry.style](self, entry, name, args, draft, stdin)
        else:
            self.generic(entry, name, args, draft, stdin)
        self.state.directories = directories
        delegates.hand_over(self, name, args, draft)

    def generic(self, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> Reading:
        """What the tables say without any code of its own."""
        reading = read_arguments(entry, args[1:])
        self.check(entry, name, reading, draft)
        user = self.roles(entry, name, reading, draft)
        draft.effects.update(
            _SWITCH_EFFECTS[switch] for switch in reading.switches if switch in _SWITCH_EFFECTS
        )
        if reading.subcommand is not None:
            self.subcommand(entry, name, reading, draft, stdin)
        elif reading.command:
            with self.state.at(elsewhere=entry.elsewhere):
                self.child(reading.command, draft, name, user=user, stdin=stdin)
        return reading

    def check(self, entry: Entry, name: str, reading: Reading, draft: Draft) -> None:
        """Unknown options of programs that can run or write things make the operation opaque."""
        if reading.unknown_option is not None:
            self.state.opaque(
                draft,
                ProblemCode.UNKNOWN_OPTION,
                f"the option `{reading.unknown_option}` of `{name}` isn't known or is abbreviated: write it in full",
            )
        elif reading.uncertain and entry.dangerous:
            self.state.opaque(
                draft,
                ProblemCode.UNKNOWN_OPTION,
                f"an argument of `{name}` isn't known and may be an option that runs or writes something: "
                "write it literally, or put `--` before it",
            )

    def subcommand(self, entry: Entry, name: str, reading: Reading, draft: Draft, stdin: Arg | None) -> None:
        """`git log`, `docker exec`: an entry of its own."""
        full = f"{name} {reading.subcommand}"
        rest = reading.command or []
        found = table().get(full)
        if name == "git" and self.state.moved:
            draft.effects.update(
                (Effect.EXECUTE, Effect.UNKNOWN)
            )  # that repository's hooks and settings may run
        if name == "git" and any(isinstance(arg, str) and arg.startswith(("ext::", "fd::")) for arg in rest):
            self.unknown_text(
                draft, None, "a git address that starts with `ext::` is a command", inline=False
            )
        if found is None:
            draft.effects.update((Effect.EXECUTE, Effect.UNKNOWN))
            if entry.strict:
                self.state.opaque(
                    draft, ProblemCode.UNSUPPORTED, f"what `{full}` does isn't known to this version"
                )
            return
        self.apply(found, full, [full, *rest], draft, stdin)

    def roles(self, entry: Entry, name: str, reading: Reading, draft: Draft) -> str | None:
        """Apply every role; return the user that a wrapped command runs as."""
        user: str | None = None
        operands = operand_roles(entry, reading)
        texts: list[Arg] = []
        remotes = [arg for role, arg in operands if role == "remote"]
        for role, arg in reading.values:
            if role == "user":
                user = arg if isinstance(arg, str) else None
                self.user(arg, draft)
            else:
                self.role(role, arg, entry, name, draft)
        for role, arg in operands:
            if role == "text":
                texts.append(arg)
            elif role == "remote":
                self.remote(arg, draft, last=arg is remotes[-1])
            else:
                self.role(role, arg, entry, name, draft)
        if texts:
            literal = [arg for arg in texts if isinstance(arg, str)]
            whole: Arg = " ".join(literal) if len(literal) == len(texts) else Unknown()
            self.text(whole, draft, name, user=user)
        return user

    def role(self, role: str, arg: Arg, entry: Entry, name: str, draft: Draft) -> None:
        """Apply one role to one argument."""
        if role in _FILE_ROLES:
            access, effect = _FILE_ROLES[role]
            if effect is not Effect.UPDATE or not _CHANGES.intersection(entry.effects):
                draft.effects.add(effect)
            self.state.file(draft, arg, access, lenient=entry.names_only)
            if role in ("write", "create") and Effect.GRANT not in entry.effects:
                self.written(draft, arg)
        elif role in ("host", "url"):
            self.address(role, arg, draft)
        elif role == "text":
            self.text(arg, draft, name)
        elif role == "program":
            self.child([arg, Unknown(single=False)], draft, name)
        elif role in ("code", "unsafe"):
            if role == "code":
                draft.flags.add(ShellFlag.INLINE_CODE)
            self.unknown_text(
                draft, arg, f"code that `{name}` runs isn't read by this version", inline=role == "code"
            )
        elif role == "script":
            self.script(arg, draft)
        else:
            self.other_role(role, arg, name, draft)

    def other_role(self, role: str, arg: Arg, name: str, draft: Draft) -> None:
        """Roles that are neither files, hosts nor code."""
        if role == "shell":
            shells.setting(self, arg, draft, name)
        elif role == "target":
            self.state.file(draft, arg, Access.WRITE)
            self.written(draft, arg)
        elif role == "upload":
            _, at, path = (arg if isinstance(arg, str) else "@").partition("@")
            if at and isinstance(arg, str) and (arg[0] == "@" or "=@" in arg or ":" not in arg):
                draft.effects.add(Effect.READ)
                self.state.file(draft, path, Access.READ)
        elif role == "cwd":
            self.state.change_directory(arg if isinstance(arg, str) else None)
        elif role == "process" and isinstance(arg, str):
            self.state.resource(draft, ResourceKind.PROCESS, arg, Access.WRITE)
        elif role == "assign":
            self.environment(arg, draft)
        else:
            self.rare_role(role, arg, name, draft)

    def rare_role(self, role: str, arg: Arg, name: str, draft: Draft) -> None:
        """Roles that few programs have."""
        if role in _FILE_LISTS:
            self.state.file(draft, arg, Access.READ)
            draft.effects.add(Effect.READ)
            if role == "list":
                self.state.opaque(
                    draft,
                    ProblemCode.UNKNOWN_TARGET,
                    f"the files that `{name}` takes from a list aren't known: name them as arguments",
                )
        elif role == "backup" and not (isinstance(arg, str) and "/" not in arg):
            self.state.opaque(
                draft,
                ProblemCode.UNKNOWN_TARGET,
                f"`{name}` keeps its backups in a folder that isn't read here",
            )
        elif role == "secret":
            kind, _, path = (arg if isinstance(arg, str) else "file:").partition(":")
            if kind == "file":
                self.state.file(draft, path if isinstance(arg, str) else arg, Access.READ)
        elif role == "configure":
            draft.effects.add(Effect.CONFIGURE)
        elif role == "mount":
            self.mount(arg, draft)
        elif role == "report":
            self.report(arg, name, draft)
        elif role == "repository":
            draft.effects.update((Effect.EXECUTE, Effect.UNKNOWN))
        elif role == "outside" and isinstance(arg, str) and arg.startswith(("/", "..")):
            self.state.file(draft, arg, Access.READ)
        elif role == "user":
            self.user(arg, draft)

    def mount(self, arg: Arg, draft: Draft) -> None:
        """`docker run -v source:place`: a folder of this machine, open to what runs inside."""
        source, _, rest = (arg if isinstance(arg, str) else "/").partition(":")
        if isinstance(arg, str) and source[:1] not in ("/", ".", "~"):
            return
        draft.effects.update((Effect.READ, Effect.UPDATE))
        self.state.file(draft, source if isinstance(arg, str) else arg, Access.READ)
        if not rest.endswith(":ro"):
            self.state.file(draft, source if isinstance(arg, str) else arg, Access.WRITE)

    def report(self, arg: Arg, name: str, draft: Draft) -> None:
        """`curl -w`: a format, which may come from a file or name one to write."""
        if isinstance(arg, str) and arg.startswith("@"):
            draft.effects.add(Effect.READ)
            self.state.file(draft, arg[1:], Access.READ)
        if not isinstance(arg, str) or arg.startswith("@") or "%output" in arg:
            self.state.opaque(
                draft,
                ProblemCode.UNKNOWN_TARGET,
                f"the format given to `{name}` may write files: leave it out",
            )

    def user(self, arg: Arg, draft: Draft) -> None:
        """A user that is acted as, or acted on."""
        if isinstance(arg, str):
            self.state.resource(draft, ResourceKind.USER, arg, Access.EXECUTE)
        else:
            self.state.opaque(
                draft, ProblemCode.UNKNOWN_TARGET, "which user is meant isn't known: write the name"
            )

    def environment(self, arg: Arg, draft: Draft) -> None:
        """`NAME=value` as an argument (env, sudo)."""
        variable, _, value = (arg if isinstance(arg, str) else arg.prefix).partition("=")
        draft.env[variable] = value if isinstance(arg, str) else None
        self.walker.sensitive(draft, variable)

    def address(self, role: str, arg: Arg, draft: Draft) -> None:
        """A host or an address."""
        draft.flags.add(ShellFlag.NETWORK)
        if isinstance(arg, Unknown):
            self.state.opaque(
                draft,
                ProblemCode.UNKNOWN_TARGET,
                "which host is reached isn't known: write the address literally",
            )
            return
        if role == "url":
            self.state.resource(draft, ResourceKind.URL, arg, Access.READ)
            if arg[:7].lower() == "file://":
                self.state.file(draft, arg[7:], Access.READ)
            try:
                host = urlsplit(arg if "://" in arg else "//" + arg).hostname
            except ValueError:
                host = None
            if host:
                self.state.resource(draft, ResourceKind.HOST, host, Access.READ)
            return
        self.state.resource(draft, ResourceKind.HOST, arg.rsplit("@", 1)[-1], Access.EXECUTE)

    def remote(self, arg: Arg, draft: Draft, *, last: bool) -> None:
        """`host:path` or a local path, as scp and rsync read it."""
        access = Access.WRITE if last else Access.READ
        if isinstance(arg, str):
            host, colon, _ = arg.partition(":")
            if colon and "/" not in host:
                draft.flags.add(ShellFlag.NETWORK)
                draft.effects.add(Effect.TRANSFER)
                self.state.resource(draft, ResourceKind.HOST, host.rsplit("@", 1)[-1], access)
                return
        draft.effects.add(Effect.UPDATE if last else Effect.READ)
        self.state.file(draft, arg, access)
