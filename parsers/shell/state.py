"""What is known while a text is walked: operations so far, problems, variables, directory, user, nesting.

Operations are collected as mutable drafts, because facts about one (that a later pipe stage runs what it fetched)
may follow later; `State.finish` turns them into documents.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct, field

from policy_engine.documents.action import Operation, Redirection, Resource, ShellDetail, operation
from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind
from policy_engine.parsers.shell.expand import Arg, Unknown, Values, expand
from policy_engine.parsers.shell.guards import (
    MAX_COMMANDS,
    MAX_EXPANSION,
    MAX_VALUE,
    MAX_WORDS,
    ShellSyntaxError,
    place,
)
from policy_engine.parsers.shell.syntax import Word

_MAX_PROBLEMS = 100
_MAX_DIRECTORIES = 8
_MAX_LINKS = 64
_OWN_ROOT = re.compile(r"/proc/(?:self|thread-self)(?:/task/[^/]+)?/root(?=/|$)")
_PROCESS = re.compile(r"/proc/[^/]+(?:/task/[^/]+)?/(?:root|cwd)(?:/|$)")
Directories = tuple[str | None, ...]


class Draft(Struct, eq=False):
    """An operation in the making; `index` is its place among all.

    `usual` are the effects that its program has as such: whoever knows better replaces them. `effects` are facts
    found on the way (redirections, roles of arguments, what it runs), which nothing takes back.
    """

    index: int
    verb: str
    span: tuple[int, int]
    argv: tuple[str | None, ...] = ()
    parent: int | None = None
    wrapper: str | None = None
    user: str | None = None
    cwd: str | None = None
    effects: set[Effect] = field(default_factory=set)
    usual: set[Effect] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)
    resources: dict[Resource, None] = field(default_factory=dict)
    reasons: dict[ProblemCode, None] = field(default_factory=dict)
    env: dict[str, str | None] = field(default_factory=dict)
    redirections: list[Redirection] = field(default_factory=list)
    fetches: bool = False
    runs_stdin: bool = False

    def done(self) -> Operation:
        """The operation document."""
        return operation(
            self.verb,
            effects=self.effects | self.usual,
            resources=self.resources,
            flags=self.flags,
            opaque_reasons=self.reasons,
            parent=self.parent,
            span=self.span,
            detail=ShellDetail(
                argv=self.argv,
                env=self.env,
                redirections=tuple(self.redirections),
                wrapper=self.wrapper,
                user=self.user,
                cwd=self.cwd,
            ),
        )


class State:
    """Everything that changes along the way. `directories` are the possible working directories.

    A directory is absolute, relative to an unknown starting point (`""` is that point itself), or None.
    """

    def __init__(self, text: str, *, bash: bool, cwd: str | None, user: str | None) -> None:
        self.text = text
        self.outer_text = text
        self.outer_span = (0, len(text))
        self.bash = bash
        self.drafts: list[Draft] = []
        self.problems: dict[Problem, None] = {}
        self.values: Values = {"IFS": " \t\n"}
        self.tainted: set[str] = set()
        self.arrays: set[str] = set()  # names that are or may be arrays
        self.directories: Directories = (cwd if cwd and cwd.startswith("/") else "",)
        self.user = user
        self.parent: int | None = None
        self.wrapper: str | None = None
        self.origin: int | None = None
        self.depth = 0
        self.expansion = MAX_EXPANSION
        self.commands = 0
        self.inline = 0
        self.functions: set[str] = set()
        self.downloaded: set[str] = set()
        self.written: set[str] = set()
        self.links: dict[str, str] = {}
        self.elsewhere = False  # files are those of a container, a chroot or another host
        self.tracking = True  # false once a trap may run between any two commands
        self.start = self.directories

    def words(self, word: Word) -> list[Arg]:
        """The fields of a word, within what brace expansions may still yield."""
        if word.plain is not None and word.plain[0] != "~":
            return [word.plain]
        size = max(word.end - word.start, 1)
        fields = expand(word, self.values, self.text, min(MAX_WORDS, self.expansion // size), bash=self.bash)
        if len(fields) > 1:
            self.expansion -= size * len(fields)
        return fields

    def draft(self, verb: str, start: int, end: int) -> Draft:
        """Open a new operation in the current context; it is appended at once, so its children follow it."""
        if len(self.drafts) >= MAX_COMMANDS:
            raise ShellSyntaxError(
                f"more than {MAX_COMMANDS} operations in one text: run it in parts",
                start,
                ProblemCode.TOO_MANY,
            )
        found = Draft(len(self.drafts), verb, self.span(start, end))
        found.parent = self.parent
        found.wrapper = self.wrapper
        found.user = self.user
        directory = self.directories[0]
        if len(self.directories) == 1 and directory and directory[0] == "/":
            found.cwd = directory
        self.drafts.append(found)
        return found

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Character positions in the outermost text."""
        if self.origin is not None:
            return self.outer_span
        return start, end

    def opaque(self, draft: Draft, code: ProblemCode, message: str) -> None:
        """Mark an operation opaque and say why."""
        draft.reasons[code] = None
        if len(self.problems) < _MAX_PROBLEMS:
            line, column = place(self.outer_text, draft.span[0])
            self.problems[Problem(code=code, message=message, line=line, column=column)] = None

    @property
    def moved(self) -> bool:
        """Whether the working directory may be another than at the start."""
        return self.directories != self.start

    def change_directory(self, target: str | None) -> None:
        """After a `cd` that succeeded."""
        if target is None or not self.tracking:
            self.directories = (None,)
        else:
            self.directories = tuple(dict.fromkeys(self.resolve(target)))

    def merge_directories(self, before: Directories) -> None:
        """A `cd` may have failed or not have run at all."""
        if before is not self.directories:
            merged = tuple(dict.fromkeys((*before, *self.directories)))
            self.directories = (
                merged if len(merged) <= _MAX_DIRECTORIES else (*merged[:_MAX_DIRECTORIES], None)
            )

    def merge_values(self, before: Values) -> None:
        """Keep only what is the same whether or not something ran."""
        if before is not self.values:
            self.values = {
                name: value for name, value in self.values.items() if name in before and before[name] == value
            }

    def resolve(self, path: str) -> Directories:
        """The absolute path for every possible directory; None where it isn't known."""
        if path.startswith("/"):
            return (_normal(path),)
        return tuple(
            None if directory is None else _normal(posixpath.join(directory, path) if directory else path)
            for directory in self.directories
        )

    def file(self, draft: Draft, arg: Arg, access: Access, *, lenient: bool = False) -> None:
        """Report a file; a path that isn't known makes the operation opaque unless `lenient`."""
        if isinstance(arg, Unknown):
            home = arg.shown is not None and arg.shown.startswith("~") and not arg.glob and arg.single
            here = arg.glob and access is Access.READ and self.directories == ("",) and not self.links
            if self.elsewhere:
                if not (lenient or arg.pipe):
                    self.not_here(draft)
            elif arg.shown and (home or (here and "/" not in arg.shown and arg.shown[0] != "~")):
                draft.resources[Resource(kind=ResourceKind.FILE, name=arg.shown, access=access)] = None
            elif not lenient and not arg.pipe and not (arg.listed and access is Access.READ):
                shown = f" `{arg.shown}`" if arg.shown else ""
                self.opaque(
                    draft,
                    ProblemCode.UNKNOWN_TARGET,
                    f"which file{shown} `{name_of(draft)}` touches isn't known: write the path literally",
                )
            return
        if not arg or arg == "-":
            return
        if self.elsewhere:
            if not lenient:
                self.not_here(draft)
            return
        for path in self.resolve(arg):
            if path is None:
                if not lenient:
                    self.opaque(
                        draft,
                        ProblemCode.UNKNOWN_TARGET,
                        f"the directory that `{arg}` is relative to isn't known: write an absolute path",
                    )
                continue
            draft.resources[Resource(kind=ResourceKind.FILE, name=path, access=access)] = None
            if _PROCESS.match(path):
                self.opaque(
                    draft,
                    ProblemCode.UNKNOWN_TARGET,
                    f"`{path}` stands for a file of a process: write the file's own path",
                )
            for target in self.behind_links(path):
                draft.resources[Resource(kind=ResourceKind.FILE, name=target, access=access)] = None

    def not_here(self, draft: Draft) -> None:
        """A file of another machine or container, which must not be taken for one of this machine."""
        self.opaque(
            draft,
            ProblemCode.UNKNOWN_TARGET,
            f"the file that `{name_of(draft)}` touches is in a container or on another host, which can't be named",
        )

    def link(self, path: str, target: str) -> None:
        """Remember that `path` leads to `target`; both as written in the text."""
        for found in self.resolve(path):
            for end in self.resolve(target):
                if found and end and found != end:
                    self.links[found] = end

    def behind_links(self, path: str) -> set[str]:
        """Where `path` leads through links that this text made, of itself and of the folders above it."""
        found: set[str] = set()
        waiting = [path] if self.links else []
        while waiting and len(found) < _MAX_LINKS:
            name = waiting.pop()
            for link, target in self.links.items():
                if name == link or name.startswith(link.rstrip("/") + "/"):
                    end = _normal(target + name[len(link.rstrip("/")) :])
                    if end not in found:
                        found.add(end)
                        waiting.append(end)
        return found

    @contextmanager
    def at(self, *, elsewhere: bool) -> Iterator[None]:
        """Files named inside are, or aren't, those of this machine."""
        saved, self.elsewhere = self.elsewhere, self.elsewhere or elsewhere
        try:
            yield
        finally:
            self.elsewhere = saved

    def resource(self, draft: Draft, kind: ResourceKind, name: str, access: Access) -> None:
        """Report anything that isn't a file."""
        draft.resources[Resource(kind=kind, name=name, access=access)] = None

    @contextmanager
    def subshell(self) -> Iterator[None]:
        """Changes inside don't last."""
        values, directories, tainted = self.values, self.directories, self.tainted
        self.values, self.tainted = dict(values), set(tainted)
        try:
            yield
        finally:
            self.values, self.directories, self.tainted = values, directories, tainted

    @contextmanager
    def inside(
        self, parent: int | None, *, wrapper: str | None = None, user: str | None = None
    ) -> Iterator[None]:
        """Operations opened inside are children of `parent`."""
        saved = self.parent, self.wrapper, self.user
        self.parent = parent
        if wrapper is not None:
            self.wrapper = wrapper
        if user is not None:
            self.user = user
        try:
            yield
        finally:
            self.parent, self.wrapper, self.user = saved

    def set_value(self, name: str, value: Arg, *, append: bool = False) -> None:
        """Remember a variable that straight-line code assigned, when its value is certain."""
        if append and isinstance(value, str):
            before = self.values.get(name)
            value = before + value if isinstance(before, str) else Unknown()
        if (
            isinstance(value, str)
            and len(value) <= MAX_VALUE
            and name not in self.tainted
            and self.tracking
            and not is_special(name)
        ):
            self.values[name] = value
        else:
            self.values.pop(name, None)

    def forget(self) -> None:
        """Anything may have changed."""
        self.values = {}

    def taint(self, name: str) -> None:
        """This variable has attributes that change what assignments do."""
        self.tainted.add(name)
        self.values.pop(name, None)


_SPECIAL = frozenset(
    [
        "RANDOM",
        "SRANDOM",
        "SECONDS",
        "LINENO",
        "BASHPID",
        "UID",
        "EUID",
        "PPID",
        "GROUPS",
        "DIRSTACK",
        "FUNCNAME",
        "PIPESTATUS",
        "HISTCMD",
        "EPOCHSECONDS",
        "EPOCHREALTIME",
        "OPTIND",
        "OPTARG",
        "REPLY",
        "PWD",
        "OLDPWD",
        "SHELLOPTS",
        "BASHOPTS",
        "SHLVL",
        "_",
        "IFS",
        "COMP_WORDBREAKS",
    ]
)


def is_special(name: str) -> bool:
    """Tell whether the shell itself gives or takes the value of a variable."""
    return name in _SPECIAL or name.startswith("BASH")


def name_of(draft: Draft) -> str:
    """The program of an operation, for sentences."""
    return (draft.argv[0] if draft.argv and draft.argv[0] else None) or "the command"


def _normal(path: str) -> str:
    found = posixpath.normpath(path)
    found = found[1:] if found.startswith("//") else found
    while found.startswith("/proc/") and (match := _OWN_ROOT.match(found)):
        found = found[match.end() :] or "/"
    return found
