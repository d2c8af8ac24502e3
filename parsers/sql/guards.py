"""What is refused before any parser sees the text.

The parsers are C and Python code that an attacker can hurt with text alone: some inputs crash the process, some
keep it busy for minutes and can't be interrupted, one is silently cut short. Every guard below stands for a
measured failure (pglast 8.7 on libpg_query 18, sqlglot 30.30); `LIMITS` says which. They cost some microseconds.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.parsers.sql.drafts import place


class Limit(NamedTuple):
    """A limit and the reason that was measured for it."""

    value: int
    reason: str


LIMITS: Final[dict[str, Limit]] = {
    "bytes": Limit(65_536, "`a||a||…` of 71 kB crashed the process in pglast's object route"),
    "bytes_generic": Limit(32_768, "sqlglot needs 25 ms for 10 kB and grows from there"),
    "operator_run": Limit(
        511, "runs of operator characters (`/**/` too) are quadratic in the C scanner: 200 kB > 30 s"
    ),
    "comment_run": Limit(
        511, "nested comments and runs of `/**/` are quadratic in the C scanner, uninterruptible"
    ),
    "depth_generic": Limit(200, "sqlglot's compiled build crashed at 7,500 nested subqueries"),
    "chain_generic": Limit(200, "chains (`a.b.c…`, `a||a||…`, UNION) become trees as deep as they are long"),
    "columns": Limit(
        1_664, "PostgreSQL's own limit of result columns; stars over joined stars would explode"
    ),
}

_OPERATOR_RUN = re.compile(r"[-+*/<>=~!@#%^&|`?]{512}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_OPEN, _CLOSE = "([{", ")]}"
# Words that grow a tree by one level each without any bracket.
_CHAIN = re.compile(
    r"\|\||<<|>>|::|->>?|[-+*/%^&|.]|[<>=!~]+"
    r"|\b(?:and|or|not|join|case|when|between|like|in|is|collate|at|over|pivot|unpivot|lateral)\b",
    re.IGNORECASE,
)
_SET_OPERATION = re.compile(r"\b(?:union|intersect|except|minus)\b", re.IGNORECASE)
_TOKEN = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|[()\[\]{};,]", re.DOTALL
)


def refusal(text: object, *, generic: bool = False) -> Problem | None:
    """Return why `text` can't be given to a parser, or None; `generic` adds the limits for sqlglot."""
    if not isinstance(text, str):
        return Problem(
            code=ProblemCode.INVALID_TYPE,
            message=f"SQL text must be a string, not `{type(text).__name__}`; decode it first",
        )
    limit = LIMITS["bytes_generic" if generic else "bytes"].value
    # A character is one to four bytes: count them only when it can matter.
    if len(text) > limit or (len(text) * 4 > limit and not text.isascii() and _bytes(text) > limit):
        return Problem(
            code=ProblemCode.TOO_LARGE,
            message=f"SQL text of more than {limit} bytes is not read; split it into smaller statements",
        )
    return _bad_character(text) or _bad_run(text) or (_bad_shape(text) if generic else None)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _bad_character(text: str) -> Problem | None:
    nul = text.find("\0")
    if nul >= 0:
        return _at(
            text,
            nul,
            ProblemCode.NUL_BYTE,
            "a NUL character ends the text for the server's parser; remove it",
        )
    if not text.isascii() and (found := _SURROGATE.search(text)):
        return _at(
            text,
            found.start(),
            ProblemCode.INVALID_ENCODING,
            "a lone surrogate is not valid Unicode; decode the text correctly first",
        )
    return None


def _bad_run(text: str) -> Problem | None:
    if len(text) < LIMITS["operator_run"].value:
        return None
    found = _OPERATOR_RUN.search(text)
    if found is not None:
        return _at(
            text,
            found.start(),
            ProblemCode.TOO_MANY,
            "a run of 512 or more operator characters is not read; break it up",
        )
    # So many comments have no honest use, wherever they stand.
    if text.count("/*") > LIMITS["comment_run"].value:
        return _at(
            text, text.find("/*"), ProblemCode.TOO_MANY, "512 or more comments are not read; remove some"
        )
    return None


def _bad_shape(text: str) -> Problem | None:
    """Bracket depth and chain length, counted outside strings and comments as far as a dialect-free scan can tell."""
    if sum(1 for _ in _SET_OPERATION.finditer(text)) > LIMITS["chain_generic"].value:
        return _too_long(text, len(text), LIMITS["chain_generic"].value)
    depth, since = 0, 0
    chain = LIMITS["chain_generic"].value
    deepest = LIMITS["depth_generic"].value
    chains = [0.0]
    for found in _TOKEN.finditer(text):
        chains[-1] += _links(text, since, found.start())
        since = found.end()
        bracket = found.group()
        if bracket in _OPEN:
            depth += 1
            chains.append(0.0)
        elif bracket in _CLOSE:
            depth = max(0, depth - 1)
            if len(chains) > 1:
                chains.pop()
        elif bracket == ";":
            chains = [0.0]
        elif bracket == ",":
            chains[-1] = 0.0
        if depth > deepest:
            return _at(
                text,
                found.start(),
                ProblemCode.TOO_DEEP,
                f"brackets nest deeper than {deepest}; simplify the statement",
            )
        if chains[-1] > chain:
            return _too_long(text, found.start(), chain)
    chains[-1] += _links(text, since, len(text))
    return _too_long(text, len(text), chain) if chains[-1] > chain else None


def _too_long(text: str, offset: int, chain: int) -> Problem:
    return _at(
        text,
        offset,
        ProblemCode.TOO_MANY,
        f"more than {chain} operators in one chain; split the statement or use a list",
    )


def _links(text: str, start: int, end: int) -> float:
    """Count what makes a chain longer; comparisons and dots seldom stand in one chain and count a tenth."""
    return sum(0.1 if found[0][0] in ".<>=!~" else 1.0 for found in _CHAIN.finditer(text, start, end))


def _at(text: str, offset: int, code: ProblemCode, message: str) -> Problem:
    line, column = place(text, offset)
    return Problem(code=code, message=message, line=line, column=column)
