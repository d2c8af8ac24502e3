"""The tables of programs and wrappers, and how an argument list is read with an entry of them.

`readers.toml`, `programs.toml` and `wrappers.toml` share one format, explained at their top. An entry says what options a program
has, what its operands are and what it does; `read_arguments` applies it to the words of a command.
"""

from __future__ import annotations

import functools
import re
import tomllib
from importlib import resources
from typing import Any

from msgspec import Struct

from policy_engine.documents.vocabulary import Effect, ShellFlag
from policy_engine.parsers.shell.expand import Arg, Unknown

ROLES = frozenset(
    [
        "skip",
        "read",
        "write",
        "delete",
        "create",
        "host",
        "url",
        "user",
        "cwd",
        "text",
        "code",
        "program",
        "script",
        "pattern",
        "assign",
        "command",
        "process",
        "remote",
        "target",
        "shell",
        "unsafe",
        "upload",
        "pattern_file",
        "list",
        "mount",
        "report",
        "repository",
        "outside",
        "configure",
        "backup",
        "secret",
    ]
)
# What a style or the runner does about a switch; a switch with the name of an effect adds that effect.
SWITCHES = frozenset(
    [
        "append",
        "bind",
        "create",
        "delete",
        "diff",
        "dry_run",
        "edit",
        "exec",
        "extract",
        "harmless",
        "in_place",
        "links",
        "list",
        "named_by_url",
        "no_index",
        "reads",
        "recursive",
        "remove",
        "replace",
        "shell",
        "stdout",
        "symbolic",
        "update",
        "configure",
    ]
)
_OPTION = re.compile(r"([-+][^:=+]*)(?:([:=])([a-z_]*))?(?:\+([a-z_]+))?")
_CODE_ROLES = frozenset(
    ["text", "code", "program", "script", "unsafe", "shell", "write", "create", "command", "target", "mount"]
)


Option = tuple[str, str, str]


class Entry(Struct, frozen=True):
    """One program. `options` maps an option to (role, takes a value: "", "value" or "attached", switch).

    `elsewhere`: the wrapped command's files are not those of this machine. `reads`: whole argument lists that
    only read. `interspersed`: options may follow an operand that precedes the wrapped command.
    """

    name: str
    effects: tuple[Effect, ...]
    flags: tuple[str, ...]
    options: dict[str, Option]
    operands: tuple[str, ...]
    strict: bool
    style: str
    names_only: bool
    wrapper: bool
    dangerous: bool
    dashdash: bool
    subcommands: bool
    long_single: bool
    elsewhere: bool
    interspersed: bool
    reads: tuple[str, ...]


class Reading(Struct):
    """An argument list as read: (role, argument) in order, switches that were given, the wrapped command."""

    values: list[tuple[str, Arg]]
    switches: set[str]
    operands: list[Arg]
    command: list[Arg] | None = None
    subcommand: str | None = None
    unknown_option: str | None = None
    uncertain: bool = False


_EFFECTS = {str(effect): effect for effect in Effect}
_FLAGS = {str(flag): flag for flag in ShellFlag}


@functools.cache
def table() -> dict[str, Entry]:
    """Return all entries by name; loaded once, on first use. A wrong table is a defect and raises."""
    found: dict[str, Entry] = {}
    aliases: dict[str, str] = {}
    folder = resources.files("policy_engine.parsers.shell")
    for file, wrapper in (("readers.toml", False), ("programs.toml", False), ("wrappers.toml", True)):
        for name, raw in tomllib.loads((folder / file).read_text("utf-8")).items():
            if isinstance(raw, str):
                aliases[name] = raw
            else:
                found[name] = read_entry(name, raw, wrapper=wrapper)
    for alias, name in aliases.items():
        found[alias] = found[name]
    return found


_KEYS = frozenset(
    [
        "does",
        "flags",
        "options",
        "operands",
        "strict",
        "style",
        "names_only",
        "dashdash",
        "subcommands",
        "long_single",
        "elsewhere",
        "interspersed",
        "reads",
    ]
)


def read_entry(name: str, raw: dict[str, Any], *, wrapper: bool) -> Entry:
    """Read one entry of a table; a wrong one raises ValueError."""
    unknown = set(raw) - _KEYS
    if unknown:
        raise ValueError(f"table entry `{name}` has unknown keys {sorted(unknown)}")
    options = _options(name, raw.get("options", ""), whole=raw.get("long_single", False))
    operands = tuple(raw.get("operands", "skip*").split())
    for role in operands:
        if role.rstrip("*?") not in ROLES:
            raise ValueError(f"table entry `{name}` has the unknown operand role `{role}`")
    strict = raw.get("strict", wrapper and ("command" in operands or bool(raw.get("style"))))
    return Entry(
        name=name,
        effects=tuple(_EFFECTS[word] for word in raw.get("does", "execute unknown").split()),
        flags=tuple(_FLAGS[word] for word in raw.get("flags", "").split()),
        options=options,
        operands=operands,
        strict=strict,
        style=raw.get("style", ""),
        names_only=raw.get("names_only", False),
        wrapper=wrapper,
        dangerous=any(role in _CODE_ROLES or switch in _EFFECTS for role, _, switch in options.values())
        or (strict and set(raw.get("does", "").split()) != {"read"}),
        dashdash=raw.get("dashdash", False),
        subcommands=raw.get("subcommands", False),
        long_single=raw.get("long_single", False),
        elsewhere=raw.get("elsewhere", False),
        interspersed=raw.get("interspersed", False),
        reads=tuple(raw.get("reads", ())),
    )


def _options(name: str, text: str, *, whole: bool) -> dict[str, Option]:
    """Read the option language: `-ab` flags, `-c:role` with a value, `-i=role` with an optional attached one."""
    found: dict[str, Option] = {}
    for token in text.split():
        match = _OPTION.fullmatch(token)
        if match is None:
            raise ValueError(f"table entry `{name}` has the malformed option `{token}`")
        option, mark, role, switch = match.groups()
        spec = (role or "skip", {":": "value", "=": "attached"}.get(mark or "", ""), switch or "")
        if spec[0] not in ROLES:
            raise ValueError(f"table entry `{name}` has the unknown option role `{role}`")
        if switch and switch not in SWITCHES:
            raise ValueError(f"table entry `{name}` has the switch `{switch}`, which nobody reads")
        if option.startswith("--") or len(option) <= 2 or whole:
            found[option] = spec
        elif mark or switch:
            raise ValueError(f"table entry `{name}` gives several letters one value: `{token}`")
        else:
            found.update({"-" + letter: spec for letter in option[1:]})
    return found


def read_arguments(entry: Entry, args: list[Arg]) -> Reading:
    """Apply `entry` to the words after the program."""
    return _ArgumentReader(entry, args).read()


class _ArgumentReader:
    def __init__(self, entry: Entry, args: list[Arg]) -> None:
        self.entry = entry
        self.args = args
        self.i = 0
        self.options_end = False
        self.found = Reading([], set(), [])
        self.takes_command = "command" in entry.operands
        self.before = [role for role in entry.operands if role != "command"] if self.takes_command else []

    def read(self) -> Reading:
        while self.i < len(self.args):
            arg = self.args[self.i]
            if isinstance(arg, Unknown):
                if (
                    not self.options_end
                    and not (arg.prefix and arg.prefix[0] != "-")
                    and (arg.shown or "")[:1] != "~"
                ):
                    self.found.uncertain = True
                    if self.takes_command and not arg.single:
                        self.found.command = self.args[self.i :]
                        return self.found
                if self.operand(arg):
                    return self.found
            elif not self.options_end and arg == "--":
                self.options_end = True
                self.i += 1
                if self.entry.dashdash:
                    self.found.command = self.args[self.i :]
                    return self.found
            elif not self.options_end and len(arg) > 1 and arg[0] == "-":
                self.option(arg)
            elif not self.options_end and arg[:1] == "+" and arg[:2] in self.entry.options:
                self.i += 1
                self.apply(self.entry.options[arg[:2]], arg[2:] or None)
            elif self.operand(arg):
                return self.found
        return self.found

    def operand(self, arg: Arg) -> bool:
        """Take an operand; true when the rest is the wrapped command."""
        if self.entry.subcommands:
            self.found.subcommand = arg if isinstance(arg, str) else ""
            self.found.command = self.args[self.i + 1 :]
            return True
        if self.takes_command and not self.entry.dashdash:
            if self.before and self.before[0] == "assign*":
                if "=" in (arg if isinstance(arg, str) else arg.prefix):
                    self.found.values.append(("assign", arg))
                    self.i += 1
                    return False
                self.before.pop(0)
            if not self.before:
                self.found.command = self.args[self.i :]
                return True
            self.found.values.append((self.before.pop(0), arg))
            self.options_end = self.options_end or not self.entry.interspersed
            self.i += 1
            return False
        self.found.operands.append(arg)
        self.i += 1
        return False

    def option(self, arg: str) -> None:
        self.i += 1
        options = self.entry.options
        if arg.startswith("--") or self.entry.long_single:
            name, equals, value = arg.partition("=")
            spec = options.get(name)
            if spec is not None:
                self.apply(spec, value if equals else None)
            elif arg[:2] in options and arg[1] != "-" and options[arg[:2]][1] == "value":
                self.apply(options[arg[:2]], arg[2:])
            else:
                self.unknown(name)
            return
        if arg[1:].isdigit() and "-#" in options:
            return
        position = 1
        while position < len(arg):
            spec = options.get("-" + arg[position])
            position += 1
            if spec is None:
                self.unknown(arg)
                self.rest_of_cluster(arg, position)
                return
            self.apply(spec, (arg[position:] or None) if spec[1] else None)
            if spec[1]:
                return

    def rest_of_cluster(self, arg: str, position: int) -> None:
        """Letters after one that the entry doesn't have: a known one with a meaning may count, or be a value."""
        for letter in arg[position:]:
            role, kind, switch = self.entry.options.get("-" + letter, ("skip", "", ""))
            if kind or switch or role != "skip":
                self.found.unknown_option = self.found.unknown_option or arg

    def apply(self, spec: Option, attached: str | None) -> None:
        """One option: its switch, and its value if it has one (attached or the next word)."""
        role, kind, switch = spec
        if switch:
            self.found.switches.add(switch)
        if attached is not None:
            self.take(role, attached)
        elif kind == "value":
            self.value(role)
        elif role == "unsafe":
            self.found.values.append((role, ""))

    def value(self, role: str) -> None:
        """Take the next word as the value of an option."""
        if self.i < len(self.args):
            arg = self.args[self.i]
            if isinstance(arg, Unknown) and not arg.single:
                self.found.uncertain = True
            self.take(role, arg)
            self.i += 1

    def take(self, role: str, value: Arg) -> None:
        self.found.values.append((role, value))
        if role in ("pattern", "pattern_file", "target"):
            self.found.switches.add("target" if role == "target" else "pattern")

    def unknown(self, name: str) -> None:
        """An option that the entry doesn't have. It matters in wrappers and where it may abbreviate a known one."""
        known = any(
            other.startswith(name) and (spec[0] != "skip" or spec[2])
            for other, spec in self.entry.options.items()
        )
        if self.entry.strict or (known and name.startswith("--")):
            self.found.unknown_option = self.found.unknown_option or name


def operand_roles(entry: Entry, reading: Reading) -> list[tuple[str, Arg]]:
    """Give each operand its role: `pattern` is skipped when an option gave it, a last role goes to the last one."""
    roles = [role for role in entry.operands if role != "command"]
    operands = list(reading.operands)
    if roles and roles[0] == "pattern" and "pattern" in reading.switches:
        roles = roles[1:]
    tail: list[tuple[str, Arg]] = []
    if len(roles) >= 2 and roles[-2].endswith("*") and not roles[-1].endswith("*"):
        last = roles.pop()
        if operands and "target" not in reading.switches:
            tail = [(last, operands.pop())]
    found: list[tuple[str, Arg]] = []
    for operand in operands:
        if not roles:
            break
        role = roles[0]
        found.append((role.rstrip("*?"), operand))
        if isinstance(operand, Unknown) and not operand.single:
            found.extend((later.rstrip("*?"), operand) for later in roles[1:])  # it may be several words
        if not role.endswith("*"):
            roles.pop(0)
    return found + tail
