"""What words become: literal text where it is certain, `Unknown` where it is not.

Known are quotes, escapes, braces, and variables that the same text assigned in straight-line code. `Unknown`
keeps what is still certain about a word: a literal prefix, whether it is exactly one word, and how to show it.
"""

from __future__ import annotations

import re

from msgspec import Struct

from policy_engine.parsers.shell.braces import expand_braces
from policy_engine.parsers.shell.guards import MAX_WORDS
from policy_engine.parsers.shell.syntax import Arith, Lit, Part, Proc, Sub, Var, Word

_DOWNLOADER = re.compile(
    r"(?<![\w-])(?:curl|wget|aria2c|axel|fetch|lwp-request|httpie|http|ncat|nc|socat|ftp|tftp)(?![\w-])"
)
_NUMERIC = frozenset(["#", "?", "$", "!"])
_BLANKS = re.compile(r"[ \t\n]+")
_TILDE_INSIDE = re.compile(r"[=:]~")


class Unknown(Struct, frozen=True):
    """A word that isn't known. `prefix` is its certain beginning; `shown` names it for people and resources."""

    prefix: str = ""
    single: bool = True
    shown: str | None = None
    fetched: bool = False  # it holds the output of a program that downloads
    glob: bool = False
    listed: bool = False  # a path that another program found (find, xargs)
    pipe: bool = False  # a process substitution: a file, but none that anybody named


class Number:
    """The value of a variable that is certainly an integer, but which one isn't known."""

    __slots__ = ()


NUMBER = Number()
Arg = str | Unknown
Values = dict[str, str | Number]


def expand(word: Word, values: Values, text: str, limit: int = MAX_WORDS, *, bash: bool = True) -> list[Arg]:
    """Return the fields that `word` becomes as an argument; braces may yield `limit` of them."""
    if word.plain is not None and not word.plain.startswith("~"):
        return [word.plain]
    if any(isinstance(part, Lit) and not part.quoted and "{" in part.text for part in word.parts):
        alternatives = expand_braces(word.parts, limit)
        if alternatives is None:
            return [Unknown(single=False)]
        if not bash and (len(alternatives) > 1 or alternatives[0] != word.parts):
            return [Unknown(single=False)]  # some of the shells called sh expand braces, others don't
        found: list[Arg] = []
        for parts in alternatives:
            found.extend(_fields(parts, values, text))
        return found
    return _fields(word.parts, values, text)


def expand_single(parts: tuple[Part, ...], values: Values, text: str) -> Arg:
    """Return the one field that an assignment's value, a `case` word or a here-document becomes."""
    pieces: list[str] = []
    fetched = False
    known = True
    for index, part in enumerate(parts):
        if isinstance(part, Lit):
            if not part.quoted and (
                ":~" in part.text
                or (part.text.startswith("~") and (not index or _ends_colon(parts[index - 1])))
            ):
                known = False
            pieces.append(part.text)
            continue
        value = (
            values.get(part.name) if isinstance(part, Var) and not part.op and not part.subscript else None
        )
        if isinstance(value, str):
            pieces.append(value)
        else:
            known = False
            fetched = fetched or _fetches(part, text)
    return "".join(pieces) if known else Unknown(fetched=fetched, shown=_shown(parts))


def _ends_colon(part: Part) -> bool:
    return isinstance(part, Lit) and part.text.endswith(":")


def _fields(parts: tuple[Part, ...], values: Values, text: str) -> list[Arg]:
    """Expand parts without braces into fields."""
    if parts and isinstance(parts[0], Lit) and not parts[0].quoted and parts[0].text.startswith("~"):
        return [Unknown(shown=_shown(parts), single=not _globs(parts))]
    done: list[Arg] = []
    current: list[str] = []
    present = False  # the current field exists even when it is empty
    for part in parts:
        if isinstance(part, Lit):
            if not part.quoted and "~" in part.text and _TILDE_INSIDE.search(part.text):
                return [Unknown(prefix="".join(current), shown=_shown(parts))]
            current.append(part.text)
            present = True
            continue
        value = _known(part, values)
        if value is None:
            return _unknown(parts, done, "".join(current), text)
        if isinstance(part, Var) and not part.quoted:
            if any(c in value for c in "*?["):
                return _unknown(parts, done, "".join(current), text)
            present = _split(value, current, done, present)
        else:
            current.append(value)
            present = True
    if present:
        done.append("".join(current))
    if _globs(parts):
        prefix = ""
        if isinstance(parts[0], Lit):
            prefix = parts[0].text if parts[0].quoted else re.split(r"[*?\[]", parts[0].text, maxsplit=1)[0]
        return [Unknown(prefix=prefix, single=False, shown=_shown(parts), glob=True)]
    return done


def _split(value: str, current: list[str], done: list[Arg], present: bool) -> bool:
    """Split an unquoted value at blanks into `current` and `done`; return whether a field is still open."""
    pieces = _BLANKS.split(value.strip(" \t\n"))
    if value and value[0] in " \t\n" and present:
        done.append("".join(current))
        current.clear()
        present = False
    if pieces == [""]:
        return present
    for piece in pieces[:-1]:
        done.append("".join([*current, piece]))
        current.clear()
    current.append(pieces[-1])
    if value[-1] in " \t\n":
        done.append("".join(current))
        current.clear()
        return False
    return True


def _unknown(parts: tuple[Part, ...], done: list[Arg], prefix: str, text: str) -> list[Arg]:
    """The fields of a word with an unknown part; fields finished before it are certain."""
    unknown = [part for part in parts if not isinstance(part, Lit)]
    single = not done and not _globs(parts) and all(_is_single(part) for part in unknown)
    fetched = any(_fetches(part, text) for part in unknown)
    if done:
        prefix = ""
    pipe = len(parts) == 1 and isinstance(parts[0], Proc)
    return [
        *done,
        Unknown(
            prefix=prefix or "/dev/fd/" * pipe, single=single, shown=_shown(parts), fetched=fetched, pipe=pipe
        ),
    ]


def _is_single(part: Part) -> bool:
    """Tell whether an unknown part leaves the word whole."""
    if isinstance(part, Var):
        if part.name == "@" or (part.op == "keys") or (part.subscript and "@" in _literal(part.subscript)):
            return part.op == "length"
        if part.parts and any(not _is_single(inner) for inner in part.parts if not isinstance(inner, Lit)):
            return False
        return part.quoted or part.name in _NUMERIC or part.op == "length"
    if isinstance(part, Sub):
        return part.quoted
    return True


def _known(part: Part, values: Values) -> str | None:
    if isinstance(part, Var) and part.subscript is None and not part.op:
        value = values.get(part.name)
        return value if isinstance(value, str) else None
    return None


def _literal(arith: Arith) -> str:
    return "".join(part.text for part in arith.parts if isinstance(part, Lit))


def _globs(parts: tuple[Part, ...]) -> bool:
    """Tell whether unquoted text holds a glob."""
    opened = False
    for part in parts:
        if isinstance(part, Lit) and not part.quoted:
            if "*" in part.text or "?" in part.text:
                return True
            opened = opened or "[" in part.text
            if opened and "]" in part.text:
                return True
    return False


def _fetches(part: Part, text: str) -> bool:
    if isinstance(part, Sub | Proc):
        return _DOWNLOADER.search(text, part.start, part.end) is not None
    if isinstance(part, Var):
        return any(_fetches(inner, text) for inner in part.parts if not isinstance(inner, Lit))
    return False


def _shown(parts: tuple[Part, ...]) -> str | None:
    """The word as written when only globs and a tilde keep it from being known."""
    if all(isinstance(part, Lit) for part in parts):
        return "".join(part.text for part in parts if isinstance(part, Lit))
    return None
