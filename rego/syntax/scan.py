"""What one module defines, imports and calls, read from its tokens.

This is not a parser: it finds packages, imports, rule heads, calls and the names in each rule, precisely enough to
refuse what an engine without checks would silently get wrong. What it can't tell it doesn't report.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from policy_engine.rego.errors import Issue
from policy_engine.rego.syntax.tokens import KEYWORDS, Kind, Source, Token, tokenize

_OPEN: Final = frozenset("([{")
_CLOSE: Final = frozenset(")]}")
_CONTINUES_BEFORE: Final = frozenset({"else", "with", "if", "contains", "in", "as"})
"""Keywords that go on with a rule when they stand first on a line."""
_CONTINUES_AFTER: Final = frozenset(
    {":=", "=", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "|", "&", ",", ".", ":"}
    | {"if", "contains", "else", "in", "with", "as", "not", "default", "package", "import", "some", "every"}
)
"""Tokens after which a rule goes on, whatever the next line begins with."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its name (the first part of its head's reference), the whole path, and its tokens."""

    name: str
    path: tuple[str, ...]
    tokens: tuple[Token, ...]
    arity: int | None
    """How many arguments a function takes; None for any other rule."""
    is_default: bool

    @property
    def is_function(self) -> bool:
        return self.arity is not None

    @property
    def row(self) -> int:
        return self.tokens[0].row

    @property
    def last_row(self) -> int:
        last = self.tokens[-1]
        return last.row + last.text.count("\n")


@dataclass(frozen=True, slots=True)
class Call:
    """A call `name(…)`: the dotted name and the tokens from the name on."""

    name: tuple[str, ...]
    token: Token
    index: int
    """Where the opening parenthesis stands in `Module.tokens`."""


@dataclass(slots=True)
class Module:
    """A scanned module; `tokens` are without comments."""

    source: Source
    package: tuple[str, ...] = ()
    imports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Name in this module -> the path it stands for, such as `("data", "lib")`."""
    rules: list[Rule] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    comments: list[Token] = field(default_factory=list)


def scan(source: Source) -> tuple[Module, list[Issue]]:
    """The module, and what is wrong with its tokens or brackets, or that its package is missing."""
    everything, issues = tokenize(source)
    module = Module(source)
    module.tokens = [token for token in everything if token.kind is not Kind.COMMENT]
    module.comments = [token for token in everything if token.kind is Kind.COMMENT]
    if not issues:
        issues = unbalanced(source, module.tokens)
    if issues:
        return module, issues
    statements = list(_statements(module.tokens))
    if not statements:
        return module, [source.issue("rego_parse_error", "empty module: it has no `package`", 0)]
    if statements[0][0].text != "package" or len(statements[0]) < 2:
        return module, [
            source.issue(
                "rego_parse_error", "`package` expected before anything else", statements[0][0].start
            )
        ]
    module.package = reference_path(statements[0][1:])
    for statement in statements[1:]:
        if statement[0].text == "import" and not _has_step(statement, 0):
            _add_import(module, statement)
        elif (rule := _rule(statement)) is not None:
            module.rules.append(rule)
    module.calls = list(find_calls(module.tokens))
    return module, []


def unbalanced(source: Source, tokens: list[Token]) -> list[Issue]:
    """The first bracket that has no partner, if any."""
    partners = {")": "(", "]": "[", "}": "{"}
    stack: list[Token] = []
    for token in tokens:
        if token.kind is not Kind.PUNCTUATION:
            continue
        if token.text in _OPEN:
            stack.append(token)
        elif token.text in _CLOSE and (not stack or stack.pop().text != partners[token.text]):
            return [source.issue("rego_parse_error", f"unexpected `{token.text}`", token.start)]
    if stack:
        return [source.issue("rego_parse_error", f"`{stack[-1].text}` is never closed", stack[-1].start)]
    return []


def _statements(tokens: list[Token]) -> Iterator[tuple[Token, ...]]:
    """The package, imports and rules: a new one begins with a name on a new line outside all brackets."""
    depth = 0
    current: list[Token] = []
    last_row = 0
    for index, token in enumerate(tokens):
        if token.kind is Kind.END:
            break
        word = token.text not in _CONTINUES_BEFORE or _has_step(tokens, index)
        begins = depth == 0 and token.kind is Kind.NAME and word
        if begins and current and token.row > last_row and current[-1].text not in _CONTINUES_AFTER:
            yield tuple(current)
            current = []
        elif depth == 0 and token.text == ";" and token.kind is Kind.PUNCTUATION:
            if current:
                yield tuple(current)
            current = []
            continue
        current.append(token)
        last_row = token.row + token.text.count("\n")
        if token.kind is Kind.PUNCTUATION:
            depth += (token.text in _OPEN) - (token.text in _CLOSE)
    if current:
        yield tuple(current)


def _has_step(tokens: Sequence[Token], index: int) -> bool:
    """Whether the word at `index` begins a reference, as keywords may too: `else.foo`."""
    return index + 1 < len(tokens) and tokens[index + 1].text == "." and not tokens[index + 1].spaced


def reference_path(tokens: tuple[Token, ...]) -> tuple[str, ...]:
    """The constant steps of the reference at the start of `tokens`: `a.b["c"].d` -> a, b, c, d."""
    if not tokens or tokens[0].kind is not Kind.NAME:
        return ()
    path = [tokens[0].text]
    index = 1
    while index < len(tokens):
        if tokens[index].text == "." and index + 1 < len(tokens) and not tokens[index].spaced:
            path.append(tokens[index + 1].text)
            index += 2
        elif (
            tokens[index].text == "["
            and not tokens[index].spaced
            and index + 2 < len(tokens)
            and tokens[index + 1].kind in (Kind.STRING, Kind.RAW_STRING)
            and tokens[index + 2].text == "]"
        ):
            path.append(tokens[index + 1].value)
            index += 3
        else:
            break
    return tuple(path)


def _add_import(module: Module, statement: tuple[Token, ...]) -> None:
    path = reference_path(statement[1:])
    if not path or path[0] in ("rego", "future"):
        return
    alias = statement[-1].text if len(statement) > 2 and statement[-2].text == "as" else path[-1]
    module.imports[alias] = path


def _rule(statement: tuple[Token, ...]) -> Rule | None:
    is_default = statement[0].text == "default" and not _has_step(statement, 0)
    head = statement[1:] if is_default else statement
    path = reference_path(head)
    if not path or (head[0].text in KEYWORDS - {"contains", "every", "if", "in"} and not _has_step(head, 0)):
        return None
    length = _reference_length(head)
    is_function = length < len(head) and head[length].text == "(" and not head[length].spaced
    arity = count_arguments(head, length) if is_function else None
    return Rule(path[0], path, statement, arity, is_default)


def count_arguments(tokens: Sequence[Token], opening: int) -> int:
    """How many arguments stand between the parenthesis at index `opening` and its partner."""
    depth = 0
    commas = 0
    for index in range(opening, len(tokens)):
        token = tokens[index]
        if token.kind is not Kind.PUNCTUATION:
            continue
        if token.text in _OPEN:
            depth += 1
        elif token.text in _CLOSE:
            depth -= 1
            if depth == 0:
                trailing = tokens[index - 1].text in (",", "(") and index > opening
                return commas + (0 if trailing else 1)
        elif token.text == "," and depth == 1:
            commas += 1
    return commas + 1


def _reference_length(tokens: tuple[Token, ...]) -> int:
    index = 1
    while index + 1 < len(tokens) and tokens[index].text == "." and not tokens[index].spaced:
        index += 2
    return index


def find_calls(tokens: list[Token]) -> Iterator[Call]:
    """Every call of a name; brackets have to be balanced."""
    for index, token in enumerate(tokens):
        if token.text != "(" or token.kind is not Kind.PUNCTUATION or token.spaced or index == 0:
            continue
        name: list[str] = []
        step = index - 1
        while tokens[step].kind is Kind.NAME:
            name.append(tokens[step].text)
            if step < 2 or tokens[step - 1].text != "." or tokens[step].spaced or tokens[step - 1].spaced:
                break
            step -= 2
        # `a[x].f(…)` has no constant name, and `if(`, `in(` are no calls.
        if (
            name
            and tokens[step].kind is Kind.NAME
            and not (len(name) == 1 and name[0] in KEYWORDS - {"contains"})
        ):
            yield Call(tuple(reversed(name)), tokens[step], index)
