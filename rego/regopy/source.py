"""Modules as regopy gets them: checked, and with string literals that it handles exactly.

Raises nothing; returns issues. `Prepared.byte_level` names the calls that work on bytes: with any of them the policy
runs on plain text and only ASCII input without quotes, backslashes and controls is let through (see `exact_strings`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from policy_engine.rego.errors import Issue
from policy_engine.rego.regopy import exact_strings
from policy_engine.rego.regopy.builtins import AVAILABLE, MISSING
from policy_engine.rego.regopy.refusals import CHANGES_CASE, REFUSED_BUILTINS, looks_at_bytes
from policy_engine.rego.syntax.checks import (
    Definitions,
    collisions_with_data,
    resolved_name,
    unknown_functions,
    unsafe_variables,
    wrong_arities,
)
from policy_engine.rego.syntax.scan import Call, Module, scan
from policy_engine.rego.syntax.tokens import Kind, Source, Token

_INFIX_NAMES: Final = "and assign div eq equal gt gte lt lte minus mul neq or plus rem set"
_INFIX: Final = frozenset(_INFIX_NAMES.split())
"""Operators can be called by their names too, and `set()` is the empty set."""
_CONSTANTS: Final = frozenset({"true", "false", "null", "set"})
_FORMAT_VERBS: Final = re.compile(r"%(?:%|[vsdtxXob]|0?\d*d|\.\d+f|f)")


@dataclass(slots=True)
class Prepared:
    """What a worker loads, and what the parent has to look out for at every evaluation."""

    modules: list[tuple[str, str]] = field(default_factory=list)
    """Safe name -> text for regopy, in the order of `sources`."""
    sources: list[Source] = field(default_factory=list)
    byte_level: list[str] = field(default_factory=list)
    """`regex.match (policy.rego:3:5)`, …: calls that force plain ASCII input."""
    exact: bool = True
    """Whether strings travel in the exact form of `exact_strings`."""
    definitions: Definitions = field(default_factory=lambda: Definitions([]))
    changes_case: list[str] = field(default_factory=list)
    data_dependent_globs: list[str] = field(default_factory=list)
    """Glob calls whose pattern isn't a literal, so that data decides whether they work on bytes."""


def prepare(
    files: Mapping[str, str], data: Mapping[str, Any], *, plain: bool
) -> tuple[Prepared, list[Issue]]:
    """Check all modules and make them ready for regopy; `plain` gives up exact strings for a query that needs it."""
    prepared = Prepared()
    issues: list[Issue] = []
    scanned: list[Module] = []
    for file, text in files.items():
        source = Source(file, text)
        prepared.sources.append(source)
        found = _refused_text(source)
        if found is None:
            module, problems = scan(source)
            issues.extend(problems)
            if not problems:
                scanned.append(module)
        else:
            issues.append(found)
    if issues:
        return prepared, issues
    prepared.definitions = Definitions(scanned)
    for module in scanned:
        issues.extend(check_module(module, prepared))
    issues.extend(collisions_with_data(scanned, data))
    if prepared.data_dependent_globs and _has_byte_pattern(data):
        prepared.byte_level.extend(prepared.data_dependent_globs)
    prepared.exact = not prepared.byte_level and not plain
    for number, module in enumerate(scanned):
        prepared.modules.append((f"m{number}.rego", rewrite(module, exact=prepared.exact)))
    return prepared, issues


def check_module(module: Module, prepared: Prepared) -> Iterator[Issue]:
    """All checks that look at one module (or a query in the form of one) in the light of all definitions."""
    yield from _refused_calls(module, prepared)
    yield from unknown_functions(module, prepared.definitions, _is_builtin, AVAILABLE)
    yield from wrong_arities(module, prepared.definitions)
    yield from unsafe_variables(module, prepared.definitions)


def _refused_text(source: Source) -> Issue | None:
    try:
        source.text.encode("utf-8")
    except UnicodeEncodeError as error:
        return source.issue(
            "rego_parse_error", "module contains a lone surrogate, which is no character", error.start
        )
    nul = source.text.find("\0")
    if nul >= 0:
        return source.issue("rego_parse_error", "module contains a NUL character", nul)
    if exact_strings.has_private(source.text):
        return Issue(
            "rego_parse_error",
            "module uses characters of U+F0000 to U+F005C, which are reserved",
            source.file,
        )
    return None


def _is_builtin(name: str) -> bool:
    return name in AVAILABLE or name in _INFIX or name in MISSING or name in REFUSED_BUILTINS


def _refused_calls(module: Module, prepared: Prepared) -> Iterator[Issue]:
    for call in module.calls:
        name = ".".join(resolved_name(call, module))
        if name in REFUSED_BUILTINS:
            yield module.source.issue(
                "rego_type_error", f"`{name}` is not allowed: {REFUSED_BUILTINS[name]}", call.token.start
            )
        elif name in MISSING:
            yield module.source.issue(
                "rego_type_error",
                f"`{name}` is not available in the regopy engine, which would leave it undefined",
                call.token.start,
            )
        elif name == "sprintf":
            yield from _format_issue(module, call)
        place = f"{name} ({module.source.file}:{call.token.row}:{call.token.column})"
        if looks_at_bytes(name):
            prepared.byte_level.append(place)
        elif name in CHANGES_CASE:
            prepared.changes_case.append(place)
        elif name == "glob.match":
            _note_glob(module.tokens[call.index + 1 : call.index + 3], place, prepared)


def _has_byte_pattern(data: Any) -> bool:
    stack = [data]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if "?" in item or "[" in item or "\\" in item:
                return True
        elif isinstance(item, Mapping):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif isinstance(item, list | tuple):
            stack.extend(item)
    return False


def _note_glob(argument: list[Token], place: str, prepared: Prepared) -> None:
    """regopy's `?`, `[…]` and `\\` in globs work on bytes; `*` and plain characters don't care."""
    if argument[0].kind in (Kind.STRING, Kind.RAW_STRING) and argument[-1].text == ",":
        if any(character in argument[0].value for character in "?[\\"):
            prepared.byte_level.append(place)
    else:
        prepared.data_dependent_globs.append(place)


def _format_issue(module: Module, call: Call) -> Iterator[Issue]:
    token = module.tokens[call.index + 1]
    if token.kind not in (Kind.STRING, Kind.RAW_STRING):
        return
    rest = _FORMAT_VERBS.sub("", token.value)
    if "%" in rest:
        verb = rest[rest.index("%") :][:6]
        yield module.source.issue(
            "rego_type_error",
            f"the regopy engine can't format `{verb}`; it knows %v %s %d %t %x %X %o %b %.2f and %%",
            token.start,
        )


def rewrite(module: Module, *, exact: bool) -> str:
    """The module's text with its string literals replaced by what regopy handles; ends in a newline."""
    replaced = {}
    for token in module.tokens:
        if token.kind in (Kind.STRING, Kind.RAW_STRING):
            text = literal(token, exact=exact)
            if text is not token.text:
                replaced[token] = text
    for first, last in _inputs_by_reference(module.tokens):
        replaced[first] = f"[{first.text}"
        replaced[last] = f"{replaced.get(last, last.text)}][0]"
    in_order = dict(sorted(replaced.items(), key=lambda item: item[0].start))
    return splice(module.source.text, in_order) + "\n"


def _inputs_by_reference(tokens: list[Token]) -> Iterator[tuple[Token, Token]]:
    """First and last token of each reference in `with input as <reference>`.

    regopy aborts on a reference there, but takes `[reference][0]`, which means the same.
    """
    for index in range(len(tokens) - 3):
        before = [token.text for token in tokens[index : index + 3]]
        first = tokens[index + 3]
        if before != ["with", "input", "as"] or first.kind is not Kind.NAME or first.text in _CONSTANTS:
            continue
        last = _end_of_reference(tokens, index + 3)
        after = tokens[last + 1] if last + 1 < len(tokens) else None
        if after is None or after.text != "(":
            yield first, tokens[last]


def _end_of_reference(tokens: list[Token], index: int) -> int:
    """Index of the last token of the reference that starts at `index`: `a.b["c"][i]`."""
    while index + 1 < len(tokens) and not tokens[index + 1].spaced:
        if tokens[index + 1].text == ".":
            index += 2
        elif tokens[index + 1].text == "[":
            depth = 0
            for end in range(index + 1, len(tokens)):
                depth += {"[": 1, "]": -1}.get(tokens[end].text, 0)
                if depth == 0:
                    break
            index = end
        else:
            break
    return index


def splice(text: str, replaced: Mapping[Token, str]) -> str:
    """`text` with some of its tokens, given in order, replaced."""
    parts: list[str] = []
    position = 0
    for token, new in replaced.items():
        parts += [text[position : token.start], new]
        position = token.end
    return "".join(parts) + text[position:]


def literal(token: Token, *, exact: bool) -> str:
    """A string token as regopy has to see it."""
    if token.kind is Kind.STRING:
        if "\\" not in token.text:
            return token.text
        value = token.value
        return f'"{exact_strings.encode(value)}"' if exact else json.dumps(value, ensure_ascii=False)
    if not exact or (token.text.isprintable() and '"' not in token.text and "\\" not in token.text):
        return token.text
    return f'"{exact_strings.encode(token.value)}"'
