"""kubectl's option syntax: which command a line names, which options it sets, which words are its arguments.

The rules are those of cobra and pflag, which kubectl is built on. The command word is found first, knowing only
the options of the commands passed so far: an unknown option before it swallows the next word unless it holds `=`.
Then all words are read with the options of the command found: options stand anywhere before `--`, long ones are
never abbreviated, short ones may be joined (`-it`, `-Aowide`, `-nprod`, `-n=prod`), the last value wins. Anything
that the table does not know makes the line opaque, because what follows it could be its value or the target.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from importlib.resources import files

from policy_engine.documents.problems import Problem, ProblemCode


class Takes(Enum):
    """What an option takes."""

    NOTHING = "a switch; `=true` and `=false` are allowed"
    VALUE = "a value, as the rest of the word, after `=` or as the next word"
    OPTIONAL = "a value only after `=`"


@dataclass(frozen=True, slots=True)
class OptionSet:
    """The options of one command, its global ones included."""

    long: dict[str, Takes]
    short: dict[str, str]  # letter -> long name
    own: frozenset[str] = frozenset()  # the command's own ones; they hide global ones of the same name
    paths: dict[str, str] = field(
        default_factory=dict
    )  # long name -> marks of a local path: `<`, `>`, `,`, `k`


@dataclass(frozen=True, slots=True)
class OptionTable:
    """Commands by their words (`("rollout", "restart")`) with their options, and other spellings of commands."""

    root: OptionSet
    commands: dict[tuple[str, ...], OptionSet]
    aliases: dict[tuple[str, ...], tuple[str, ...]]
    groups: frozenset[tuple[str, ...]]  # commands that have sub-commands
    paths_by_value: frozenset[str] = frozenset()  # options that mean a file with some values only
    no_paths: frozenset[str] = frozenset()  # options that look as if they named a file


@dataclass(slots=True)
class ParsedLine:
    """A line's command, options (values in order) and arguments; `before_dash` is how many stand before `--`."""

    command: tuple[str, ...]
    options: dict[str, list[str]] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    before_dash: int | None = None
    own: frozenset[str] = frozenset()
    paths: dict[str, str] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """True when the option was given at all."""
        return name in self.options

    def value(self, name: str) -> str | None:
        """The last value of an option, or None."""
        values = self.options.get(name)
        return values[-1] if values else None

    def switch(self, name: str) -> bool:
        """True when a switch is on; Go's spellings of true were checked when the line was read."""
        values = self.options.get(name)
        return values is not None and values[-1] in TRUE_WORDS


TRUE_WORDS = frozenset(("1", "t", "T", "TRUE", "true", "True"))
FALSE_WORDS = frozenset(("0", "f", "F", "FALSE", "false", "False"))


def parse_line(words: Sequence[str]) -> ParsedLine | Problem:
    """Read the words behind `kubectl`. The command is empty when none is named (kubectl prints its help)."""
    table = option_table()
    found = _find_command(words, table)
    if isinstance(found, Problem):
        return found
    command, rest = found
    options = table.commands.get(command) if command else table.root
    if options is None:  # a plugin: nothing behind its name is kubectl's to read
        return ParsedLine(command=command, arguments=rest)
    return _read(ParsedLine(command=command, own=options.own, paths=options.paths), rest, options)


def _find_command(words: Sequence[str], table: OptionTable) -> tuple[tuple[str, ...], list[str]] | Problem:
    """Return the command and the words without it."""
    command: tuple[str, ...] = ()
    rest = list(words)
    while True:
        known = table.commands.get(command, table.root)
        at = _first_argument(rest, known)
        if at is None:
            return command, rest
        word = rest[at]
        step = table.aliases.get((*command, word), (*command, word))
        if step in table.commands:
            command = step
            del rest[at]
            if command not in table.groups:
                return command, rest
            continue
        if command:
            return command, rest
        if at > 0:
            return Problem(
                code=ProblemCode.UNKNOWN_OPTION,
                message=f"options stand before `{word}`, which is no kubectl command; kubectl refuses options before "
                "a plugin's name, or an option here is unknown and swallowed the command",
            )
        return (word,), rest[1:]


def _first_argument(words: Sequence[str], known: OptionSet) -> int | None:
    """Return the index of the first word that is neither an option nor an option's value."""
    index = 0
    while index < len(words):
        word = words[index]
        if word == "--":
            return None
        if word.startswith("--"):
            joined = "=" in word or known.long.get(word[2:], Takes.VALUE) is not Takes.VALUE
            index += 1 if joined else 2
        elif word == "-":
            index += 1
        elif word.startswith("-"):
            alone = len(word) == 2 and "=" not in word
            swallows = alone and known.long.get(known.short.get(word[1], ""), Takes.VALUE) is Takes.VALUE
            index += 2 if swallows else 1
        elif word:
            return index
        else:
            index += 1
    return None


def _read(line: ParsedLine, words: list[str], options: OptionSet) -> ParsedLine | Problem:
    index, end = 0, len(words)
    while index < end:
        word = words[index]
        index += 1
        if word == "--":
            line.before_dash = len(line.arguments)
            line.arguments.extend(words[index:])
            break
        if len(word) < 2 or word[0] != "-":
            line.arguments.append(word)
            continue
        following = words[index] if index < end else None
        taken = (
            _long(line, word, following, options)
            if word[1] == "-"
            else _short(line, word, following, options)
        )
        if isinstance(taken, Problem):
            return taken
        index += taken
    return line


def _long(line: ParsedLine, word: str, following: str | None, options: OptionSet) -> int | Problem:
    """Read a long option; return how many more words it took."""
    name, equals, value = word[2:].partition("=")
    takes = options.long.get(name)
    if takes is None:
        return _unknown(f"--{name}", line)
    if equals:
        return _store(line, name, value, takes) or 0
    if takes is Takes.VALUE:
        if following is None:
            return _needs_value(f"--{name}")
        return _store(line, name, following, takes) or 1
    return _store(line, name, "true" if takes is Takes.NOTHING else "", takes) or 0


def _short(line: ParsedLine, word: str, following: str | None, options: OptionSet) -> int | Problem:
    """Read a word of short options; return how many more words it took."""
    index = 1
    while index < len(word):
        letter = word[index]
        index += 1
        name = options.short.get(letter)
        if name is None:
            return _unknown(f"-{letter}", line)
        takes = options.long[name]
        if word.startswith("=", index) and len(word) > index + 1:
            return _store(line, name, word[index + 1 :], takes) or 0
        if takes is Takes.VALUE:
            if index < len(word):
                return _store(line, name, word[index:], takes) or 0
            if following is None:
                return _needs_value(f"-{letter}")
            return _store(line, name, following, takes) or 1
        problem = _store(line, name, "true" if takes is Takes.NOTHING else "", takes)
        if problem is not None:
            return problem
    return 0


def _store(line: ParsedLine, name: str, value: str, takes: Takes) -> Problem | None:
    if takes is Takes.NOTHING and value not in TRUE_WORDS and value not in FALSE_WORDS:
        return Problem(
            code=ProblemCode.INVALID_REQUEST,
            message=f"`--{name}` is a switch and takes true or false, not `{value[:40]}`",
        )
    line.options.setdefault(name, []).append(value)
    return None


def _unknown(option: str, line: ParsedLine) -> Problem:
    command = " ".join(("kubectl", *line.command))
    return Problem(
        code=ProblemCode.UNKNOWN_OPTION,
        message=f"`{option[:80]}` is no option of `{command}` that this version knows; spell it out or leave it away",
    )


def _needs_value(option: str) -> Problem:
    return Problem(
        code=ProblemCode.SYNTAX_ERROR, message=f"`{option}` needs a value, but the line ends; add it"
    )


@lru_cache(maxsize=1)
def option_table() -> OptionTable:
    """Return kubectl's commands and options (`options.toml`); read once, on first use."""
    data = tomllib.loads(files(__package__).joinpath("options.toml").read_text(encoding="utf-8"))
    sets: dict[str, str] = data["sets"]
    root = _option_set(f"help/h {data['global']['options']}", sets)
    commands = {
        tuple(name.split()): _option_set(f"{spec} help/h", sets, base=root)
        for name, spec in data["commands"].items()
    }
    return OptionTable(
        root=root,
        commands=commands,
        aliases={tuple(name.split()): tuple(target.split()) for name, target in data["aliases"].items()},
        groups=frozenset(name[:-1] for name in commands if len(name) > 1),
        paths_by_value=frozenset(data["paths"]["by_value"].split()),
        no_paths=frozenset(data["paths"]["none"].split()),
    )


def _option_set(spec: str, sets: dict[str, str], base: OptionSet | None = None) -> OptionSet:
    long = dict(base.long) if base else {}
    short = dict(base.short) if base else {}
    paths = dict(base.paths) if base else {}
    own = set()
    for word in spec.split():
        for item in sets[word[1:]].split() if word.startswith("@") else (word,):
            head, equals, marks = item.partition("=")
            takes = Takes.VALUE if equals else Takes.OPTIONAL if head.endswith("?") else Takes.NOTHING
            name, _, letter = head.rstrip("?").partition("/")
            long[name] = takes
            own.add(name)
            paths.pop(name, None)
            if marks:
                paths[name] = marks
            if letter:
                short[letter] = name
    return OptionSet(long=long, short=short, own=frozenset(own), paths=paths)
