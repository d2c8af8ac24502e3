"""The command that exec starts in a container: which program runs, and whether its name says what happens.

This is the seam to the shell parser: `describe_command` may later hand the argument vector on and return child
operations; callers only rely on `CommandFacts`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from policy_engine.documents.problems import ProblemCode

_VERSION_SUFFIX = re.compile(r"[-.]?[0-9]+(?:\.[0-9]+)*\Z")


@dataclass(frozen=True, slots=True)
class CommandFacts:
    """`program` is the word that names it; `code` and `message` are set when what runs is not known from it."""

    program: str | None
    code: ProblemCode | None = None
    message: str = ""


def describe_command(argv: Sequence[str]) -> CommandFacts:
    """Describe the argument vector that a container would run."""
    if not argv or not argv[0]:
        return CommandFacts(
            None,
            ProblemCode.UNKNOWN_PROGRAM,
            "no command is named, so the server or the image decides; name it after `--`",
        )
    program = argv[0]
    base = program.rpartition("/")[2]
    runners = _code_runners()
    what = runners.get(base) or runners.get(_VERSION_SUFFIX.sub("", base))
    if what is None or (len(argv) == 1 and base in _data()["print_alone"].split()):
        return CommandFacts(program)
    if len(argv) == 1:
        message = f"`{program}` is {what} without arguments, so its input decides what runs; name the program itself"
    else:
        message = (
            f"`{program}` is {what}, so its arguments or input decide what runs; name the program itself"
        )
    return CommandFacts(program, ProblemCode.UNKNOWN_TEXT, message)


@lru_cache(maxsize=1)
def _code_runners() -> dict[str, str]:
    names = {"shells": "a shell", "interpreters": "an interpreter", "wrappers": "a program that runs others"}
    return {word: what for key, what in names.items() for word in _data()[key].split()}


@lru_cache(maxsize=1)
def _data() -> dict[str, str]:
    return tomllib.loads(files(__package__).joinpath("container_command.toml").read_text(encoding="utf-8"))
