"""A query of `opa eval` in a form that regopy answers as OPA would.

regopy's list of expression values mixes in temporaries and drops a false one. So each expression that has a value is
bound to a variable of our own, and its value is read from the bindings. Package and imports, which regopy's queries
don't have, are resolved here; `data` alone, where regopy forgets base documents, is spelled out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from policy_engine.rego.engine import Expression, Result
from policy_engine.rego.errors import Issue, RegoCompileError
from policy_engine.rego.regopy import exact_strings
from policy_engine.rego.regopy.source import Prepared, check_module, literal
from policy_engine.rego.syntax.scan import Module, Rule, find_calls, reference_path, unbalanced
from policy_engine.rego.syntax.tokens import KEYWORDS, Kind, Source, Token, tokenize

_CAPTURE: Final = "__value{}__"
_VALUELESS_START: Final = frozenset({"some", "not", "every"})
_NAME: Final = re.compile(r"[^\W\d]\w*")
_GOES_ON_AFTER: Final = frozenset(
    {":=", "=", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "|", "&", ",", ".", ":"}
    | {"in", "with", "as", "not", "some", "every"}
)
_GOES_ON_BEFORE: Final = frozenset({"with", "as", "in"})


@dataclass(frozen=True, slots=True)
class _Part:
    """One expression of the query: its tokens; `captured` when its value is bound to a variable of ours."""

    tokens: list[Token]
    captured: bool
    silent: bool
    """`some x` declares and has no value."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query that is ready for regopy."""

    source: Source
    text: str
    parts: list[_Part]
    byte_level: list[str]
    changes_case: list[str] = field(default_factory=list)

    def results(self, rows: list[dict[str, Any]]) -> list[Result]:
        """regopy's rows as results in OPA's form."""
        found = []
        shown = [part for part in self.parts if not part.silent]
        for row in rows:
            bindings = row.get("bindings", {})
            expressions = []
            for number, part in enumerate(self.parts):
                if part.silent:
                    continue
                value = bindings[_CAPTURE.format(number)] if part.captured else True
                first, last = part.tokens[0], part.tokens[-1]
                text = self.source.text[first.start : last.end]
                expressions.append(Expression(value, text, first.row, first.column))
            # OPA shows a false value only when it is all that was asked.
            if len(shown) > 1 and any(expression.value is False for expression in expressions):
                continue
            own = {
                name: value
                for name, value in bindings.items()
                if not name.startswith("__") and name not in ("input", "data")
            }
            found.append(Result(tuple(expressions), own))
        return found


def read_query(
    text: str,
    package: tuple[str, ...],
    imports: tuple[str, ...],
    prepared: Prepared,
    data: Mapping[str, Any],
) -> Query:
    """Check a query and write it for regopy. Raises `RegoCompileError`."""
    source = Source("", text)
    aliases = _aliases(imports)
    module = Module(source, package, aliases)
    if exact_strings.has_private(text) or "\0" in text:
        raise RegoCompileError([source.issue("rego_parse_error", "illegal character in the query", 0)])
    everything, issues = tokenize(source)
    module.tokens = [token for token in everything if token.kind is not Kind.COMMENT]
    issues = issues or unbalanced(source, module.tokens)
    if issues:
        raise RegoCompileError(issues)
    parts = _parts(module.tokens)
    if not parts:
        raise RegoCompileError([Issue("rego_parse_error", "cannot evaluate empty query")])
    module.calls = list(find_calls(module.tokens))
    module.rules.append(Rule("", (), tuple(_as_body(parts)), None, False))
    found = Prepared(definitions=prepared.definitions)
    issues = list(check_module(module, found))
    if issues:
        raise RegoCompileError(issues)
    writer = _Writer(module, prepared, data, exact=prepared.exact and not found.byte_level)
    return Query(source, writer.write(parts), parts, found.byte_level, found.changes_case)


def _as_body(parts: list[_Part]) -> Iterator[Token]:
    """The query as the checks of rules see it: `:=` stands where a value is captured, so names after it are read."""
    for part in parts:
        first = part.tokens[0]
        yield Token(Kind.PUNCTUATION, ":=" if part.captured else ";", first.row, 1, 0, 0, False)
        yield from part.tokens


def _aliases(imports: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    aliases: dict[str, tuple[str, ...]] = {}
    for text in imports:
        source = Source("", text)
        tokens, issues = tokenize(source)
        path = reference_path(tuple(tokens[:-1]))
        if issues or not path or path[0] not in ("data", "input", "rego", "future"):
            raise RegoCompileError(
                [
                    Issue(
                        "rego_parse_error",
                        f"`{text}` is not an import: it has to begin with data, input or rego",
                    )
                ]
            )
        if path[0] in ("data", "input"):
            named = len(tokens) > 3 and tokens[-3].text == "as"
            aliases[tokens[-2].text if named else path[-1]] = path
    return aliases


def _parts(tokens: list[Token]) -> list[_Part]:
    parts: list[_Part] = []
    current: list[Token] = []
    depth = 0
    for token in tokens:
        ends = token.kind is Kind.END or (depth == 0 and token.text == ";" and token.kind is Kind.PUNCTUATION)
        new_line = (
            depth == 0
            and current
            and token.row > current[-1].row + current[-1].text.count("\n")
            and current[-1].text not in _GOES_ON_AFTER
            and token.text not in _GOES_ON_AFTER | _GOES_ON_BEFORE
        )
        if (ends or new_line) and current:
            parts.append(_part(current))
            current = []
        if ends:
            continue
        current.append(token)
        if token.kind is Kind.PUNCTUATION:
            depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
    return parts


def _part(tokens: list[Token]) -> _Part:
    depth = 0
    assigns = False
    declares = tokens[0].text == "some" and tokens[0].kind is Kind.NAME
    for token in tokens:
        if token.kind is Kind.PUNCTUATION:
            depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
            assigns = assigns or (depth == 0 and token.text in (":=", "="))
        elif depth == 0 and token.text == "in":
            declares = False
    starts = tokens[0].kind is Kind.NAME and tokens[0].text in _VALUELESS_START
    return _Part(tokens, not starts and not assigns and not _is_relation(tokens), declares)


def _is_relation(tokens: list[Token]) -> bool:
    """`walk(x, [p, v])`: a call whose last argument takes the result, so that it has no value of its own."""
    return tokens[0].text == "walk" and any(token.text == "," for token in tokens)


class _Writer:
    """Writes the query's tokens for regopy."""

    def __init__(self, module: Module, prepared: Prepared, data: Mapping[str, Any], *, exact: bool) -> None:
        self.module = module
        self.exact = exact
        self.package_names = prepared.definitions.in_package(module.package) if module.package else set()
        roots = {package[0] for package in prepared.definitions.names if package} | set(data)
        self.data = "{" + ", ".join(f"{_quoted(root)}: data[{_quoted(root)}]" for root in sorted(roots)) + "}"
        # A name that the query binds itself is not the package's.
        self.bound = {
            token.text
            for token, after in zip(module.tokens, module.tokens[1:], strict=False)
            if token.kind is Kind.NAME and after.text == ":="
        }

    def write(self, parts: list[_Part]) -> str:
        lines = []
        for number, part in enumerate(parts):
            text = self.expression(part.tokens)
            if part.captured:
                text = f"{_CAPTURE.format(number)} := {text}"
            elif part.tokens[0].text == "not":
                # As an expression of its own regopy answers `not` with undefined.
                text = f"count([1 | {text}]) > 0"
            elif _is_relation(part.tokens):
                text = self.relation(part.tokens)
            lines.append(text)
        return "; ".join(lines)

    def relation(self, tokens: list[Token]) -> str:
        """`walk(x, out)`, which regopy answers with undefined in a query, through a comprehension."""
        depth = 0
        for index, token in enumerate(tokens):
            depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
            if depth == 1 and token.text == ",":
                given, out = self.expression(tokens[:index]), self.expression(tokens[index + 1 : -1])
                return f"{out} = [__step__ | {given}, __step__)][_]"
        return self.expression(tokens)

    def expression(self, tokens: list[Token]) -> str:
        out = []
        for index, token in enumerate(tokens):
            if index and token.row > tokens[index - 1].row:
                out.append("\n")
            elif index and token.spaced:
                out.append(" ")
            out.append(self.token(tokens, index))
        return "".join(out)

    def token(self, tokens: list[Token], index: int) -> str:
        token = tokens[index]
        if token.kind in (Kind.STRING, Kind.RAW_STRING):
            return literal(token, exact=self.exact)
        if token.kind is not Kind.NAME or (index and tokens[index - 1].text == "." and not token.spaced):
            return token.text
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        refers = after is not None and after.text in (".", "[") and not after.spaced
        if token.text == "data" and not refers and not (index and tokens[index - 1].text == "with"):
            return self.data
        if token.text in self.bound or token.text in KEYWORDS:
            return token.text
        if token.text in self.module.imports:
            return _reference(self.module.imports[token.text])
        if token.text in self.package_names:
            return _reference(("data", *self.module.package, token.text))
        return token.text


def _quoted(text: str) -> str:
    return f'"{exact_strings.encode(text)}"'


def _reference(path: tuple[str, ...]) -> str:
    return path[0] + "".join(
        f".{step}" if _NAME.fullmatch(step) else f"[{_quoted(step)}]" for step in path[1:]
    )
