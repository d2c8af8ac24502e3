"""Programs that run shell text or other code: shells, interpreters, su and sudo, ssh, watch, flock.

Text that is literal goes back to the parser and becomes child operations; the rest makes the operation opaque.
"""

# ruff: noqa: ARG001 - every handler has the same signature, so that a table can hold them
from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Effect, ShellFlag
from policy_engine.parsers.shell.expand import Arg, Unknown
from policy_engine.parsers.shell.programs import Entry, operand_roles, read_arguments
from policy_engine.parsers.shell.state import Draft

if TYPE_CHECKING:
    from policy_engine.parsers.shell.run import Runner

_SHELL_SHORT = re.compile(r"-[abefhlmnprtuvxCDETics]*o?|\+[abefhmnptuvxCET]*o?")
_SHELL_LONG = frozenset(["--norc", "--noprofile", "--login", "--posix", "--verbose", "--noediting"])
_SHELL_SETTINGS = frozenset(["errexit", "nounset", "pipefail", "xtrace", "verbose", "noglob"])


def shell(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """bash, sh and their kin: `-c` text, a script, or standard input."""
    state = runner.state
    i = 1
    letters = ""
    bash = name in ("bash", "rbash")
    while i < len(args):
        arg = args[i]
        if isinstance(arg, Unknown) and arg.prefix[:1] in ("", "-", "+") and not arg.pipe:
            runner.unknown_text(draft, arg, f"an argument of `{name}` isn't known: write the command itself")
            return
        if isinstance(arg, Unknown) or arg[:1] not in ("-", "+") or arg == "-":
            i += arg == "-"
            break
        i += 1
        if arg == "--":
            break
        if arg in ("--version", "--help"):
            draft.usual = {Effect.READ}
            return
        if arg.startswith("--"):
            known = arg in _SHELL_LONG
            bash = bash and arg != "--posix"
        else:
            known = _SHELL_SHORT.fullmatch(arg) is not None
            if arg[-1] == "o" and known:
                known = i < len(args) and args[i] in _SHELL_SETTINGS
                i += 1
            letters += arg[1:] if arg[0] == "-" else ""
        if not known:
            state.opaque(draft, ProblemCode.UNKNOWN_OPTION, f"the option `{arg}` of `{name}` isn't known")
    if "i" in letters:
        state.opaque(
            draft, ProblemCode.UNSUPPORTED, f"`{name} -i` reads start-up files and is a session of its own"
        )
    if "c" in letters:
        _shell_text(runner, name, args[i] if i < len(args) else "", draft, bash=bash)
    elif i < len(args) and "s" not in letters:
        runner.script(args[i], draft)
        draft.runs_stdin = draft.runs_stdin or args[i] in ("-", "/dev/stdin")
    else:
        _shell_input(runner, name, draft, stdin, bash=bash)


def _shell_text(runner: Runner, name: str, arg: Arg, draft: Draft, *, bash: bool) -> None:
    draft.flags.add(ShellFlag.INLINE_CODE)
    runner.text(arg, draft, name, bash=bash)
    if name not in ("bash", "sh", "dash", "ash", "rbash"):
        runner.unknown_text(draft, None, f"`{name}` reads text in its own way: use bash or sh")


def _shell_input(runner: Runner, name: str, draft: Draft, stdin: Arg | None, *, bash: bool) -> None:
    """A shell that reads its commands from standard input."""
    if isinstance(stdin, str):
        _shell_text(runner, name, stdin, draft, bash=bash)
        return
    draft.runs_stdin = True
    piped = runner.piped or stdin is not None
    runner.unknown_text(
        draft,
        stdin,
        f"`{name}` runs what it reads from standard input, which isn't known: use `-c`",
        inline=piped,
    )


def interpreter(
    runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None
) -> None:
    """python, perl and the like: inline code, a script, a module, or standard input. None of it is read."""
    reading = read_arguments(entry, list(args[1:]) if name != "php" else args[1:])
    codes = [arg for role, arg in reading.values if role == "code"]
    runner.check(entry, name, reading, draft)
    for role, arg in reading.values:
        runner.role(role, arg, entry, name, draft)
    if codes or any(role == "unsafe" for role, _ in reading.values):
        return
    if "harmless" in reading.switches and not reading.command and not reading.operands:
        draft.usual = {Effect.READ}
        return
    operands = reading.command or reading.operands
    if operands and operands[0] != "-":
        runner.script(operands[0], draft)
    else:
        draft.runs_stdin = True
        runner.unknown_text(
            draft, stdin, f"`{name}` runs what it reads from standard input, which isn't known",
            inline=runner.piped or stdin is not None or bool(operands),
        )  # fmt: skip


def su(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """su and runuser: `[options] [-] [user [arguments]]`, or `runuser -u user -- command`."""
    reading = read_arguments(entry, args[1:])
    runner.check(entry, name, reading, draft)
    words = [arg for arg in (*reading.operands, *(reading.command or [])) if arg != "-"]
    users = [arg for role, arg in reading.values if role == "user"]
    texts = [arg for role, arg in reading.values if role == "text"]
    if users:
        user, command = users[-1], words
    else:
        user, command = (words[0] if words else "root"), []
        rest = words[1:]
        if rest:
            if rest[:1] == ["-c"] and len(rest) >= 2:
                texts.append(rest[1])
            else:
                runner.state.opaque(
                    draft, ProblemCode.UNKNOWN_OPTION, f"arguments for the shell of `{name}`: use `-c`"
                )
    runner.user(user, draft)
    literal = user if isinstance(user, str) else None
    for text in texts:
        runner.text(text, draft, name, user=literal)
    if command:
        runner.child(command, draft, name, user=literal)
    elif not texts:
        _session(runner, name, draft, stdin)


def _session(runner: Runner, name: str, draft: Draft, stdin: Arg | None) -> None:
    """A shell for another user without a command."""
    if isinstance(stdin, str):
        runner.text(stdin, draft, name)
        return
    draft.runs_stdin = True
    runner.unknown_text(
        draft, stdin, f"`{name}` without a command opens a shell: what is typed isn't known",
        inline=runner.piped or stdin is not None,
    )  # fmt: skip


def sudo(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """sudo and doas: as root unless `-u` says otherwise."""
    reading = read_arguments(entry, args[1:])
    runner.check(entry, name, reading, draft)
    user: Arg = "root"
    for role, arg in reading.values:
        if role == "user":
            user = arg
        else:
            runner.role(role, arg, entry, name, draft)
    runner.user(user, draft)
    literal = user if isinstance(user, str) else None
    if literal and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*\$?|#[0-9]+", literal):
        runner.state.opaque(draft, ProblemCode.UNKNOWN_TARGET, f"`{literal}` is no plain user name")
    if "edit" in reading.switches or name == "sudoedit":
        for operand in reading.command or ():
            runner.role("write", operand, entry, name, draft)
        runner.unknown_text(
            draft, None, "the editor that `sudoedit` runs comes from the environment", inline=False
        )
    elif "shell" in reading.switches:
        command = reading.command or []
        literals = [arg for arg in command if isinstance(arg, str)]
        if not command:
            _session(runner, name, draft, stdin)
        elif len(literals) == len(command) and all(re.fullmatch(r"[\w./:=@%+,-]+", arg) for arg in literals):
            runner.child(command, draft, name, user=literal, stdin=stdin)
        else:
            runner.unknown_text(
                draft, None, f"`{name} -s` and `-i` hand the words to a login shell: leave the option out"
            )
    elif reading.command:
        runner.child(reading.command, draft, name, user=literal, stdin=stdin)


def interactive(
    runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None
) -> None:
    """ssh and the like: without a command it is a session."""
    before = len(runner.state.drafts)
    reading = runner.generic(entry, name, args, draft, stdin)
    texts = [arg for role, arg in operand_roles(entry, reading) if role == "text"]
    if len(runner.state.drafts) == before and not texts and "harmless" not in reading.switches:
        _session(runner, name, draft, stdin)


_SSH_HARMLESS = re.compile(
    r"(?:StrictHostKeyChecking|BatchMode|ConnectTimeout|ConnectionAttempts|ServerAlive\w+|LogLevel|Port|User|Compression"
    r"|UserKnownHostsFile|GlobalKnownHostsFile|PasswordAuthentication|PubkeyAuthentication|IdentitiesOnly|ForwardAgent"
    r"|TCPKeepAlive|CheckHostIP|RequestTTY|AddressFamily|PreferredAuthentications|NumberOfPasswordPrompts)[= ].*",
    re.IGNORECASE,
)


def setting(runner: Runner, arg: Arg, draft: Draft, name: str) -> None:
    """`ssh -o` and `git -c`: some settings are commands (ProxyCommand, aliases, pagers)."""
    if name == "git":
        _git_setting(runner, arg, draft)
        return
    if not (isinstance(arg, str) and _SSH_HARMLESS.fullmatch(arg.strip())):
        runner.unknown_text(
            draft, arg, f"the `{name} -o` setting may run a command: leave it out", inline=False
        )


def _joined(command: list[Arg]) -> Arg:
    literal = [arg for arg in command if isinstance(arg, str)]
    return " ".join(literal) if len(literal) == len(command) else Unknown()


def ssh(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """ssh: the words after the host are joined and given to the remote login shell."""
    reading = read_arguments(entry, args[1:])
    runner.check(entry, name, reading, draft)
    user = runner.roles(entry, name, reading, draft)
    host = next((arg for role, arg in reading.values if role == "host"), "")
    if user is None and isinstance(host, str) and "@" in host:
        user = host.rsplit("@", 1)[0]
    if reading.command:
        directories, runner.state.directories = runner.state.directories, ("",)
        with runner.state.at(elsewhere=True):
            runner.text(_joined(reading.command), draft, name, user=user)
        runner.state.directories = directories
    elif "harmless" not in reading.switches:
        _session(runner, name, draft, stdin)


def watch(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """watch: joins its words for `sh -c`, or runs them with `-x`."""
    reading = read_arguments(entry, args[1:])
    runner.check(entry, name, reading, draft)
    if "exec" in reading.switches and reading.command:
        runner.child(reading.command, draft, name)
    elif reading.command:
        runner.text(_joined(reading.command), draft, name)


def flock(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """flock: a command, or shell text after `-c`."""
    reading = read_arguments(entry, args[1:])
    runner.check(entry, name, reading, draft)
    runner.roles(entry, name, reading, draft)
    command = reading.command or []
    if command[:1] in (["-c"], ["--command"]) and len(command) == 2:
        runner.text(command[1], draft, name)
    elif command:
        runner.child(command, draft, name, stdin=stdin)


_GIT_HARMLESS = re.compile(
    r"(?:user\.(?:name|email)|color\.\w+|core\.(?:quotepath|autocrlf|filemode|abbrev)|advice\.\w+|init\.defaultbranch|log\.\w+|diff\.(?:renames|algorithm|context)|pull\.(?:rebase|ff)|http\.postbuffer|fetch\.prune|gc\.auto|safe\.directory)(?:=.*)?",
    re.IGNORECASE | re.DOTALL,
)


def _git_setting(runner: Runner, setting: Arg, draft: Draft) -> None:
    if isinstance(setting, str) and _GIT_HARMLESS.fullmatch(setting):
        return
    key, _, value = setting.partition("=") if isinstance(setting, str) else ("", "", "")
    if key.startswith("alias.") and value.startswith("!"):
        runner.text(value[1:], draft, "git")
    runner.unknown_text(
        draft, setting, "a `git -c` setting may be code (alias, pager, editor): leave it out", inline=False
    )
