"""The syntax tree of a shell text, as far as it matters for what runs.

Words keep their parts, because what a word becomes depends on how each part is quoted. `start` and `end` are
character positions in the text that was parsed.
"""

from __future__ import annotations

from msgspec import Struct


class Lit(Struct):
    """Literal text. Unquoted text may still be a glob, a brace expansion or a tilde."""

    text: str
    quoted: bool


class Var(Struct):
    """A parameter expansion. `op` is empty for `$x`; `length`, `indirect`, `prompt`, `keys`, or the operator."""

    name: str
    quoted: bool
    start: int
    op: str = ""
    subscript: Arith | None = None
    parts: tuple[Part, ...] = ()
    arith: Arith | None = None


class Sub(Struct):
    """A command substitution, `$( )` or backticks."""

    body: Seq
    quoted: bool
    start: int
    end: int


class Proc(Struct):
    """A process substitution, `<( )` or `>( )`."""

    body: Seq
    start: int
    end: int


class Arith(Struct):
    """Arithmetic text: `$(( ))`, `(( ))`, a subscript or an offset."""

    parts: tuple[Part, ...]
    start: int
    end: int
    value: bool = False  # `$(( ))` within a word


Part = Lit | Var | Sub | Proc | Arith


class Word(Struct):
    """A word; `plain` is its text when it is one unquoted literal without any special character."""

    parts: tuple[Part, ...]
    start: int
    end: int
    plain: str | None = None


class Assign(Struct):
    """`name=value`, `name+=value`, `name[subscript]=value` or an array `name=(…)`."""

    name: str
    append: bool
    start: int
    end: int
    value: Word | None = None
    subscript: Arith | None = None
    items: tuple[tuple[Arith | None, Word], ...] | None = None


class Redir(Struct):
    """A redirection. For here-documents `target` is None and `body` holds the parts of the text."""

    op: str
    fd: int | str | None
    start: int
    end: int
    target: Word | None = None
    body: tuple[Part, ...] | None = None


class Simple(Struct):
    """A simple command; `words` may hold assignments where a declaration builtin takes them as arguments."""

    assigns: list[Assign]
    words: list[Word | Assign]
    redirs: list[Redir]
    start: int
    end: int = 0


class Pipeline(Struct):
    """Two or more commands joined by `|`."""

    commands: list[Command]


class AndOr(Struct):
    """Commands joined by `&&` and `||`."""

    first: Command
    rest: list[Command]


class Seq(Struct):
    """A list of commands; the flag says whether one runs in the background."""

    items: list[tuple[Command, bool]]


class Group(Struct):
    """`{ …; }` or `( … )`."""

    body: Seq
    subshell: bool
    redirs: list[Redir]


class If(Struct):
    """All `if` and `elif` branches as (condition, body), then the `else` body."""

    branches: list[tuple[Seq, Seq]]
    otherwise: Seq | None
    redirs: list[Redir]


class Loop(Struct):
    """`while` and `until`."""

    condition: Seq
    body: Seq
    redirs: list[Redir]


class For(Struct):
    """`for` and `select`; `words` is None for the positional parameters."""

    name: str
    words: list[Word] | None
    body: Seq
    redirs: list[Redir]


class ArithFor(Struct):
    """`for (( start; condition; step ))`."""

    head: list[Arith]
    body: Seq
    redirs: list[Redir]


class Case(Struct):
    """`case`; each item is its patterns and its body."""

    word: Word
    items: list[tuple[list[Word], Seq]]
    redirs: list[Redir]


class Function(Struct):
    """A function definition."""

    name: str
    body: Command
    start: int
    end: int


class Cond(Struct):
    """`[[ … ]]` flattened to its tests: (operator or empty, words)."""

    tests: list[tuple[str, list[Word]]]
    redirs: list[Redir]
    start: int
    end: int


class ArithCommand(Struct):
    """`(( … ))`."""

    arith: Arith
    redirs: list[Redir]
    start: int
    end: int


class Coproc(Struct):
    """`coproc [NAME] command`."""

    body: Command


Command = (
    Simple
    | Pipeline
    | AndOr
    | Group
    | If
    | Loop
    | For
    | ArithFor
    | Case
    | Function
    | Cond
    | ArithCommand
    | Coproc
)
