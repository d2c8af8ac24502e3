"""The shell's builtins: those that change what the shell knows, and those whose arguments are evaluated as code."""

# ruff: noqa: ARG001 - every handler has the same signature, so that a table can hold them
from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect
from policy_engine.parsers.shell.expand import Arg, Unknown
from policy_engine.parsers.shell.sensitive import is_sensitive
from policy_engine.parsers.shell.state import Draft

if TYPE_CHECKING:
    from policy_engine.parsers.shell.run import Runner

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=(.*)", re.DOTALL)
_SAFE_SET = re.compile(r"[-+][euxvfCbmhETna]*")
_SAFE_SET_NAMES = frozenset(
    [
        "errexit",
        "nounset",
        "pipefail",
        "xtrace",
        "verbose",
        "noglob",
        "noclobber",
        "errtrace",
        "functrace",
        "allexport",
    ]
)
_SAFE_SHOPT = frozenset(
    [
        "nullglob",
        "failglob",
        "dotglob",
        "globstar",
        "nocaseglob",
        "inherit_errexit",
        "nocasematch",
        "huponexit",
        "checkwinsize",
    ]
)
_VALUE_OPTIONS = {
    "read": "adinNptu",
    "printf": "v",
    "mapfile": "dnOsuCc",
    "readarray": "dnOsuCc",
    "wait": "p",
}


def run(runner: Runner, name: str, args: list[Arg], draft: Draft) -> bool:
    """Handle the builtin `name`; false when it is none of them."""
    handler = _HANDLERS.get(name)
    if handler is None:
        return False
    draft.usual = {Effect.SESSION}
    handler(runner, name, args, draft)
    return True


def _nothing(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    """A builtin that only concerns the shell itself."""


def _reads(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    draft.usual = {Effect.READ}


def _code(runner: Runner, draft: Draft, what: str) -> None:
    runner.state.opaque(
        draft, ProblemCode.UNKNOWN_TEXT, f"{what} may run code: use plain variable names written literally"
    )


def _cd(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    operands = [arg for arg in args[1:] if arg not in ("-P", "-L", "-e", "-@", "--")]
    target = operands[0] if len(operands) == 1 and name == "cd" else None
    known = isinstance(target, str) and target and target[0] not in "-+"
    runner.state.change_directory(target if known and isinstance(target, str) else None)


def _names(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    """read, mapfile, unset, getopts, printf -v, wait -p: names that bash evaluates."""
    takes = _VALUE_OPTIONS.get(name, "")
    i = 1
    while i < len(args):
        arg = args[i]
        if isinstance(arg, Unknown):
            _code(runner, draft, f"an argument of `{name}` that isn't known")
            runner.state.forget()
            return
        if arg == "--" or not arg.startswith("-") or arg == "-":
            break
        letters = arg[1:]
        value = next((position for position, letter in enumerate(letters) if letter in takes), None)
        if value is not None:
            attached = letters[value + 1 :]
            given: Arg | None = attached or (args[i + 1] if i + 1 < len(args) else None)
            i += 0 if attached else 1
            letter = letters[value]
            if letter in "avp" and not (letter == "p" and name == "read"):
                _one_name(runner, name, given, draft)
            if letter == "C":
                _code(runner, draft, "`-C`")
            if name == "read" and letter == "i":
                pass
        elif name == "unset" and "f" in letters:
            return
        i += 1
    for arg in args[i:]:
        if arg != "--":
            _one_name(runner, name, arg, draft)
    if name in ("read", "mapfile", "readarray", "getopts"):
        draft.effects.add(Effect.READ)


def _one_name(runner: Runner, name: str, arg: Arg | None, draft: Draft) -> None:
    if not isinstance(arg, str) or not _NAME.fullmatch(arg):
        _code(runner, draft, f"a subscript or unknown name given to `{name}`")
        runner.state.forget()
        return
    runner.state.values.pop(arg, None)
    if name in ("read", "mapfile", "readarray"):
        runner.state.arrays.add(arg)
    if arg in ("IFS", "PATH", "HOME") or name != "unset":
        runner.walker.sensitive(draft, arg)


def _printf(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    draft.usual = {Effect.READ}
    first = args[1] if len(args) > 1 else ""
    if isinstance(first, Unknown) and not (first.prefix and first.prefix[0] != "-"):
        _code(runner, draft, "a format of `printf` that isn't known (it may be `-v`)")
    elif isinstance(first, str) and first.startswith("-v"):
        _one_name(runner, name, first[2:] or (args[2] if len(args) > 2 else None), draft)


def _getopts(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    _one_name(runner, name, args[2] if len(args) > 2 else None, draft)


def _declare(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    """declare, typeset, local, export, readonly: attributes change what later assignments mean."""
    attributes = name == "readonly"
    array = False
    for arg in args[1:]:
        variable = (arg if isinstance(arg, str) else arg.prefix).partition("=")[0].rstrip("+")
        _array_value(runner, name, arg, draft, array=array or variable in runner.state.arrays)
        if array or (isinstance(arg, Unknown) and arg.shown == f"{variable}=(…)"):
            runner.state.arrays.add(variable)
        if isinstance(arg, Unknown):
            if not _NAME.fullmatch(arg.prefix.partition("=")[0]) or "=" not in arg.prefix:
                _code(runner, draft, f"an argument of `{name}` that isn't known")
                runner.state.forget()
                continue
            arg = arg.prefix.partition("=")[0] + "=\0"
        if arg[:1] in ("-", "+"):
            if arg[1:].strip("gxprfFaAt"):
                attributes = True
                if "i" in arg:
                    _code(runner, draft, f"`{name} {arg}` evaluates values as arithmetic, which")
                if "n" in arg and name != "export":
                    _code(runner, draft, f"`{name} {arg}` makes a name stand for another, which")
            attributes = attributes or "r" in arg
            array = array or "a" in arg or "A" in arg
            continue
        match = _ASSIGNMENT.fullmatch(arg)
        variable = match.group(1) if match else arg
        if not _NAME.fullmatch(variable):
            _code(runner, draft, f"`{arg}` given to `{name}`")
            continue
        if match and runner.walker.sensitive(draft, variable):
            continue
        if attributes or name == "local":
            runner.state.taint(variable)
        elif match:
            value = match.group(2)
            runner.state.set_value(variable, Unknown() if "\0" in value or "+=" in arg else value)


def _array_value(runner: Runner, name: str, arg: Arg, draft: Draft, *, array: bool) -> None:
    """A value like `(…)` for an array is read again as words, substitutions included."""
    if isinstance(arg, Unknown):
        before, _, value = arg.prefix.partition("=")
        risky = (array and arg.shown != f"{before}=(…)" and not value) or value.startswith("(")
    else:
        risky = arg.partition("=")[2].startswith("(")
    if risky:
        _code(runner, draft, f"a value like `(…)` given to `{name}`")


def _test(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    draft.usual = {Effect.READ}
    for index, arg in enumerate(args):
        if isinstance(arg, Unknown) and not arg.single:
            _code(runner, draft, f"an unquoted argument of `{name}` (it may become `-v`)")
            return
        operand = args[index + 1] if index + 1 < len(args) else "]"
        if arg in ("-v", "-R"):
            if not isinstance(operand, str) or not _NAME.fullmatch(operand.rstrip("]") or "x"):
                _code(runner, draft, f"`{name} {arg}` on something that is no plain name")
        elif (
            isinstance(arg, Unknown)
            and arg.prefix in ("", "-")
            and (isinstance(operand, Unknown) or ("[" in operand and operand != "["))
        ):
            _code(runner, draft, f"an unknown argument of `{name}` (it may be `-v`)")


def _set(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    i = 1
    while i < len(args):
        arg = args[i]
        if arg in ("-o", "+o"):
            value = args[i + 1] if i + 1 < len(args) else "errexit"
            if value not in _SAFE_SET_NAMES:
                _mode(runner, draft, f"set -o {value if isinstance(value, str) else '…'}")
            i += 2
            continue
        if not isinstance(arg, str):
            if not (arg.prefix and arg.prefix[0] not in "-+"):
                _mode(runner, draft, "set with an unknown option")
            return
        if arg in ("--", "-") or arg[:1] not in ("-", "+"):
            return
        if arg[1:].endswith("o") and _SAFE_SET.fullmatch(arg[:-1]):
            args = [*args[:i], arg[0] + "o", *args[i + 1 :]]
            continue
        if not _SAFE_SET.fullmatch(arg):
            _mode(runner, draft, f"set {arg}")
        i += 1


def _shopt(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    for arg in args[1:]:
        if (
            not isinstance(arg, str)
            or (arg[:1] != "-" and arg not in _SAFE_SHOPT)
            or "o" in arg[: 2 * (arg[:1] == "-")]
        ):
            _mode(runner, draft, f"shopt {arg if isinstance(arg, str) else '…'}")


def _mode(runner: Runner, draft: Draft, what: str) -> None:
    runner.state.forget()
    runner.state.opaque(
        draft, ProblemCode.LEXER_CHANGE, f"`{what}` changes how the rest of the text is read: leave it out"
    )


def _changes_names(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    """alias, hash -p, enable, bind, complete: a name may stand for another program afterwards."""
    if len(args) == 1 or (name == "hash" and args[1:] == ["-r"]) or name == "unalias":
        return
    draft.verb = "define" if name == "alias" else draft.verb
    runner.state.opaque(
        draft,
        ProblemCode.UNSUPPORTED,
        f"`{name}` changes what later commands mean: use the program's own name",
    )


def _eval(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    words = [arg for arg in args[1:] if arg != "--"]
    if all(isinstance(arg, str) for arg in words):
        text = " ".join(arg for arg in words if isinstance(arg, str))
        if text.strip():
            runner.text(text, draft, name, bash=runner.state.bash, same=True)
        return
    fetched = next((arg for arg in words if isinstance(arg, Unknown) and arg.fetched), None)
    runner.unknown_text(draft, fetched, "the text given to `eval` isn't known: write the command itself")
    runner.state.forget()
    runner.state.change_directory(None)


def _trap(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    words = args[2:] if len(args) > 1 and args[1] == "--" else args[1:]
    if not words or words[0] in ("-l", "-p", "-", ""):
        return
    if isinstance(words[0], str) and len(words) == 1:
        return
    if isinstance(words[0], str) and words[0].startswith("-"):
        _mode(runner, draft, f"trap {words[0]}")
        return
    values, directories = runner.state.values, runner.state.directories
    runner.state.values = {}
    runner.state.directories = (*directories, None) if runner.walker.moves else directories
    runner.text(words[0], draft, name, bash=runner.state.bash, same=True)
    runner.state.values, runner.state.directories = values, directories
    if any(signal not in ("EXIT", "0") for signal in words[1:]):
        runner.state.tracking = False  # it may run, and assign, between any two of the commands that follow
        runner.state.forget()
        if runner.walker.moves:
            runner.state.change_directory(None)


def _source(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    runner.script(args[1] if len(args) > 1 else Unknown(), draft)
    runner.state.forget()
    runner.state.change_directory(None)


def _let(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    runner.state.forget()
    for arg in args[1:]:
        plain = (
            re.fullmatch(r"(?:([A-Za-z_]\w*)=)?[-+*/%() 0-9]+", arg, re.ASCII)
            if isinstance(arg, str)
            else None
        )
        if plain is None or (plain[1] and (is_sensitive(plain[1]) or plain[1] == "IFS")):
            _code(runner, draft, "arithmetic in `let`")


def _command(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    """command, builtin, exec: run their arguments."""
    i = 1
    while i < len(args):
        arg = args[i]
        if isinstance(arg, Unknown) or not arg.startswith("-") or arg == "-":
            break
        i += 1
        if arg == "--":
            break
        if name == "command" and not arg[1:].strip("pvV"):
            if "v" in arg or "V" in arg:
                draft.usual = {Effect.READ}
                return
        elif name == "exec" and not arg[1:].strip("cl"):
            continue
        elif name == "exec" and arg.lstrip("-cl").startswith("a"):
            i += 1 if arg.endswith("a") else 0
        else:
            runner.state.opaque(
                draft, ProblemCode.UNKNOWN_OPTION, f"the option `{arg}` of `{name}` isn't known"
            )
            return
    if i < len(args):
        draft.effects.add(Effect.EXECUTE)
        runner.child(args[i:], draft, name)


def _kill(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    draft.usual = {Effect.UPDATE}
    from policy_engine.documents.vocabulary import ResourceKind

    for arg in args[1:]:
        if isinstance(arg, str) and (arg.isdigit() or arg.startswith("%")):
            runner.state.resource(draft, ResourceKind.PROCESS, arg, Access.WRITE)


_Handler = Callable[["Runner", str, list[Arg], Draft], None]
_HANDLERS: dict[str, _Handler] = {
    "cd": _cd, "pushd": _cd, "popd": _cd, "read": _names, "mapfile": _names, "readarray": _names, "unset": _names,
    "getopts": _getopts, "wait": _names, "printf": _printf, "declare": _declare, "typeset": _declare,
    "local": _declare, "export": _declare, "readonly": _declare, "test": _test, "[": _test, "set": _set,
    "shopt": _shopt, "alias": _changes_names, "unalias": _changes_names, "hash": _changes_names,
    "enable": _changes_names, "bind": _changes_names, "complete": _changes_names, "compgen": _changes_names,
    "compopt": _changes_names, "fc": _changes_names, "history": _changes_names, "eval": _eval, "trap": _trap,
    "source": _source, ".": _source, "let": _let, "command": _command, "builtin": _command, "exec": _command,
    "kill": _kill, "echo": _reads, "type": _reads, "pwd": _reads, "dirs": _reads, "jobs": _reads, "times": _reads,
    "ulimit": _nothing, "umask": _nothing, "shift": _nothing, "return": _nothing, "exit": _nothing,
    "break": _nothing, "continue": _nothing, ":": _nothing, "true": _nothing, "false": _nothing, "bg": _nothing,
    "fg": _nothing, "disown": _nothing, "suspend": _nothing, "logout": _nothing, "caller": _nothing, "help": _reads,
}  # fmt: skip
