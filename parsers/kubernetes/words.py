"""A simple command split into words by the POSIX shell's rules, or refused.

Only what every POSIX shell reads the same way is split here: blanks, single quotes, double quotes, backslashes.
Whatever a shell would expand, chain, redirect or glob is refused, because its result is not in the text: such a
line must be parsed as shell. History expansion (`!`) happens only while somebody types, before a text gets here. A refusal is a `Problem`, never an exception.
"""

from __future__ import annotations

import re

from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.parsers.kubernetes.guards import MAX_WORDS

_PLAIN = re.compile(r"[A-Za-z0-9_./:=,@%+^-]+")
_LITERAL = re.compile(r"[^\s'\"\\$`;|&<>()*?\[\]{}~!#]+")
_SINGLE = re.compile(r"'([^']*)'")
_TO_BLANK = re.compile(r"[^ \t]*")
_DOUBLE_RUN = re.compile(r"[^\"\\$`]+")
_AS_SHELL = "parse it as shell"
_WHAT = {
    "$": "an expansion",
    "`": "a command substitution",
    ";": "a command separator",
    "|": "a pipe",
    "&": "a command separator or `&`",
    "<": "a redirection",
    ">": "a redirection",
    "(": "a subshell",
    ")": "a subshell",
    "*": "an unquoted glob",
    "?": "an unquoted glob",
    "[": "an unquoted glob",
    "]": "an unquoted glob",
    "{": "an unquoted brace",
    "}": "an unquoted brace",
    "~": "a tilde",
    "!": "a negation",
    "#": "a comment",
    "\n": "a line break",
}
# Characters that mean something only where a word begins: `~/x` expands, `a~b` doesn't; `#` starts a comment there.
_ONLY_AT_START = frozenset("~#!")


def split_words(text: str) -> list[str] | Problem:
    """Return the words of a simple command, or why a shell would read more than words in it."""
    words: list[str] = []
    index, end = 0, len(text)
    while index < end:
        character = text[index]
        if character in " \t":
            index += 1
            continue
        plain = _PLAIN.match(text, index)
        if plain and (plain.end() == end or text[plain.end()] in " \t"):
            words.append(plain.group())
            index = plain.end()
        else:
            outcome = _word(text, index)
            if isinstance(outcome, Problem):
                return outcome
            word, index = outcome
            words.append(word)
        if len(words) > MAX_WORDS:
            return Problem(
                code=ProblemCode.TOO_MANY, message=f"the line has more than {MAX_WORDS} words; shorten it"
            )
    return words


def _word(text: str, start: int) -> tuple[str, int] | Problem:
    """Read one word that begins at `start`; return it with the index behind it."""
    pieces: list[str] = []
    index, end = start, len(text)
    literal_braces = False  # looked up once per word, so that a word full of braces stays linear
    while index < end:
        character = text[index]
        if character in " \t":
            break
        literal = _LITERAL.match(text, index)
        if literal:
            pieces.append(literal.group())
            index = literal.end()
        elif character == "'":
            quoted = _SINGLE.match(text, index)
            if quoted is None:
                return _unclosed(text, index)
            pieces.append(quoted.group(1))
            index = quoted.end()
        elif character == '"':
            outcome = _double_quoted(text, index)
            if isinstance(outcome, Problem):
                return outcome
            piece, index = outcome
            pieces.append(piece)
        elif character == "\\":
            if index + 1 >= end or text[index + 1] == "\n":
                return _refused(text, index, "a line continuation")
            pieces.append(text[index + 1])
            index += 2
        elif (character in _ONLY_AT_START and index > start and text[index - 1] not in ":=") or (
            character in "{}" and (literal_braces := literal_braces or _braces_are_literal(text, start))
        ):
            pieces.append(character)
            index += 1
        else:
            return _refused(text, index, _WHAT.get(character, "an unusual blank"))
    return "".join(pieces), index


def _braces_are_literal(text: str, start: int) -> bool:
    """True when no shell expands a brace in this word: it holds no comma and no `..`, and is more than a brace."""
    found = _TO_BLANK.match(text, start)
    word = found.group() if found else ""
    return len(word) > 1 and "," not in word and ".." not in word


def _double_quoted(text: str, start: int) -> tuple[str, int] | Problem:
    pieces: list[str] = []
    index, end = start + 1, len(text)
    while index < end:
        run = _DOUBLE_RUN.match(text, index)
        if run:
            pieces.append(run.group())
            index = run.end()
            continue
        character = text[index]
        if character == '"':
            return "".join(pieces), index + 1
        if character == "\\":
            following = text[index + 1 : index + 2]
            if following == "\n":
                return _refused(text, index, "a line continuation")
            pieces.append(following if following and following in '$`"\\' else "\\" + following)
            index += 2
        else:
            return _refused(text, index, _WHAT[character])
    return _unclosed(text, start)


def _refused(text: str, index: int, what: str) -> Problem:
    line = text.count("\n", 0, index) + 1
    return Problem(
        code=ProblemCode.AMBIGUOUS,
        message=f"`{text[index : index + 12]}` is {what}, so this is more than one simple command; {_AS_SHELL}",
        line=line,
        column=index - (text.rfind("\n", 0, index) + 1) + 1,
    )


def _unclosed(text: str, index: int) -> Problem:
    return Problem(
        code=ProblemCode.SYNTAX_ERROR,
        message=f"the quote `{text[index]}` is never closed; close it",
        line=text.count("\n", 0, index) + 1,
        column=index - (text.rfind("\n", 0, index) + 1) + 1,
    )
