"""Checks on the token level that close the gaps of sqlglot's parser: text that it would read as something else.

sqlglot drops comments that a server executes, takes the next statement for an alias, and takes unknown statements
for column names. The tokens are its own, so quoting and comments are those of the dialect; what stands between two
tokens is blank or a comment, and what stands in a comment must not be ambiguous.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import Any, Final, NamedTuple

from policy_engine.parsers.sql.generic.words import (
    SHOWN_DEFINITIONS,
    STATEMENT_WORDS,
    TSQL_WORDS,
    WORD_BEFORE,
)

_MYSQL: Final = frozenset({"mysql", "mariadb"})
_EXECUTED_COMMENT = re.compile(r"/\*(?:!|M!)", re.IGNORECASE)
_DASHES = re.compile(r"--(?![\s\x00-\x1f]|$)")
_NESTED_COMMENT = re.compile(r"/\*(?:(?!\*/).)*/\*", re.DOTALL)


class Finding(NamedTuple):
    """Text that could be read in another way: where, and why."""

    offset: int
    message: str


def is_name(token: Any) -> bool:
    """Tell whether a token is a quoted name or a string, which no keyword can hide in."""
    return token.token_type.name in (
        "IDENTIFIER",
        "STRING",
        "NATIONAL_STRING",
        "RAW_STRING",
        "HEREDOC_STRING",
    )


def ambiguous(text: str, tokens: list[Any], dialect: str) -> Finding | None:
    """Return the first place where the server could read the text in another way than sqlglot, or None."""
    return _in_gaps(text, tokens, dialect) or _string_prefix(tokens) or _words(tokens, dialect)


def _in_gaps(text: str, tokens: list[Any], dialect: str) -> Finding | None:
    previous = 0
    for start, end in [*((token.start, token.end + 1) for token in tokens), (len(text), len(text))]:
        if start - previous > 1 and (found := _in_gap(text[previous:start], dialect)) is not None:
            return Finding(previous + found.offset, found.message)
        previous = max(previous, end)
    return None


def _in_gap(gap: str, dialect: str) -> Finding | None:
    if dialect in _MYSQL:
        if (found := _EXECUTED_COMMENT.search(gap)) is not None:
            return Finding(
                found.start(),
                "a comment that starts with `/*!` is executed by the server; write its content plainly",
            )
        if (found := _DASHES.search(gap)) is not None and not gap[: found.start()].rstrip(" \t").endswith(
            "#"
        ):
            return Finding(
                found.start(), "`--` starts a comment in MySQL only with a blank after it; add a blank"
            )
    if (found := _NESTED_COMMENT.search(gap)) is not None:
        return Finding(
            found.start(),
            "a comment inside a comment ends in different places for different servers; remove it",
        )
    return None


def _string_prefix(tokens: list[Any]) -> Finding | None:
    """`q'[…]'` and other prefixes that the dialect's lexer doesn't know would end the string elsewhere."""
    for before, token in itertools.pairwise(tokens):
        if (
            token.token_type.name == "STRING"
            and before.end + 1 == token.start
            and before.token_type.name == "VAR"
        ):
            return Finding(
                before.start, f"string prefix `{before.text}` isn't known here; write a plain string"
            )
    return None


def _words(tokens: list[Any], dialect: str) -> Finding | None:
    if dialect != "tsql":
        return None
    first = ""
    previous = ""
    for token in tokens:
        if token.token_type.name == "SEMICOLON":
            first, previous = "", ""
            continue
        word = "" if is_name(token) else token.text.lower()
        if word in TSQL_WORDS and first and not _in_place(word, previous, first):
            return Finding(
                token.start,
                f"`{word.upper()}` starts another statement in T-SQL; end the statement before it with `;`, or put a name in brackets",
            )
        first = first or word or "?"
        previous = word
    return None


# Where the grammar has a statement word inside a statement: after one of these words. `)` ends a WITH or a list;
# whether a node of the tree stands for the word is checked later.
_AFTER: Final[dict[str, frozenset[str]]] = {
    "delete": frozenset({"then", "on", ")"}),
    "update": frozenset({"then", "on", "for", ")"}),
    "insert": frozenset({"then", ")"}),
    "fetch": frozenset({"row", "rows"}),
    "merge": frozenset({")", "left", "right", "inner", "outer", "full"}),
}
# Words that belong to a statement that starts with another one.
_INSIDE: Final[dict[str, frozenset[str]]] = {
    "alter": frozenset({"drop", "alter"}),
    "grant": frozenset(
        {"select", "insert", "update", "delete", "exec", "execute", "alter", "create", "grant"}
    ),
    "revoke": frozenset(
        {"select", "insert", "update", "delete", "exec", "execute", "alter", "create", "grant"}
    ),
}


def _in_place(word: str, previous: str, first: str) -> bool:
    # SELECT and SET occur inside many statements; sqlglot never takes them for a name.
    if word in ("select", "set") or previous in (".", "as"):
        return True
    return previous in _AFTER.get(word, frozenset()) or word in _INSIDE.get(first, frozenset())


def unaccounted(tokens: list[Any], trees: list[Any]) -> Finding | None:
    """Return a statement word that no node of the trees stands for: sqlglot took it for a name."""
    from sqlglot import exp

    nodes: Counter[str] = Counter()
    for tree in trees:
        if tree is None:
            continue
        for node in tree.walk():
            if isinstance(node, exp.Command):
                return None  # opaque anyway
            # Actions of MERGE stand after THEN and aren't counted among the words either.
            if node.find_ancestor(exp.When) is None:
                nodes[type(node).__name__] += 1
                if isinstance(node, exp.OnConflict) and "UPDATE" in str(node.args.get("action")).upper():
                    nodes["Update"] += 1
                elif isinstance(node, exp.Show) and str(node.this).upper() in SHOWN_DEFINITIONS:
                    nodes["Create"] += 1
    seen: Counter[str] = Counter()
    place: dict[str, int] = {}
    previous = ""
    for index, token in enumerate(tokens):
        word = "" if is_name(token) else token.text.lower()
        following = tokens[index + 1].text if index + 1 < len(tokens) else ""
        function = following == "(" and word in ("insert", "truncate", "replace")
        if word in STATEMENT_WORDS and previous not in WORD_BEFORE and not function:
            seen[word] += 1
            place[word] = token.start
        previous = word
    for word, count in seen.items():
        if count > sum(nodes[name] for name in STATEMENT_WORDS[word]):
            return Finding(
                place[word],
                f"`{word.upper()}` stands where a name could stand; quote it if it is one, or separate the statements",
            )
    return None
