"""Rego text to a syntax tree: `parse_module` and `parse_query`.

Recursive descent with backtracking where OPA's grammar needs it; every term is remembered by its first token, so the
time stays linear, and nesting is limited, so that hostile text gives an error and no crash. What is refused comes as
`Issue`s with OPA's code `rego_parse_error`.
"""

from __future__ import annotations

from typing import Final

from policy_engine.rego.errors import Issue
from policy_engine.rego.syntax import bodies, terms
from policy_engine.rego.syntax.cursor import COMING_KEYWORDS, FUTURE_KEYWORDS, Cursor, Refused
from policy_engine.rego.syntax.height import too_high
from policy_engine.rego.syntax.rules import parse_rules
from policy_engine.rego.syntax.tokens import Kind, Source, tokenize
from policy_engine.rego.syntax.tree import (
    Body,
    Comment,
    Import,
    Module,
    Package,
    Place,
    Ref,
    Rule,
    String,
    Var,
)

MAX_CHARACTERS: Final = 8 * 1024 * 1024
_TOO_DEEP: Final = "nested too deep for what is left of the stack"


def parse_module(text: str, file: str = "", version: int = 1) -> tuple[Module | None, list[Issue]]:
    """A module, or None with the issues that say why not. `version` 0 reads Rego v0.

    Never raises for any text.
    """
    source, cursor, comments, issues = _begin(text, file, version)
    if cursor is None:
        return None, issues
    try:
        module = _module(cursor, source, comments)
    except Refused as refusal:
        return None, [refusal.issue]
    except RecursionError:
        return None, [Issue("rego_parse_error", _TOO_DEEP, file)]
    return (None, cursor.issues) if cursor.issues else (module, [])


def parse_query(text: str, file: str = "", version: int = 1) -> tuple[Body | None, list[Issue]]:
    """The body of a query such as `x := data.a.p; x > 1`, or None with the issues that say why not."""
    _, cursor, _, issues = _begin(text, file, version)
    if cursor is None:
        return None, issues
    try:
        if cursor.shape == "eof":
            raise cursor.refusal("empty query")
        body = bodies.parse_query_body(cursor)
        if (place := too_high(body)) is not None:
            raise cursor.refusal("the expression has too many operators or levels: split it", place)
    except Refused as refusal:
        return None, [refusal.issue]
    except RecursionError:
        return None, [Issue("rego_parse_error", _TOO_DEEP, file)]
    return body, []


def _begin(
    text: str, file: str, version: int
) -> tuple[Source, Cursor | None, tuple[Comment, ...], list[Issue]]:
    source = Source(file, text)
    if len(text) > MAX_CHARACTERS:
        message = f"the text has more than {MAX_CHARACTERS} characters"
        return source, None, (), [Issue("rego_parse_error", message, file)]
    tokens, issues = tokenize(source, templates=True)
    if issues:
        return source, None, (), issues
    comments = tuple(
        Comment(token.text[1:].rstrip("\r"), Place(token.row, token.column))
        for token in tokens
        if token.kind is Kind.COMMENT
    )
    return source, Cursor(source, tokens, version), comments, []


def _module(c: Cursor, source: Source, comments: tuple[Comment, ...]) -> Module:
    if c.shape == "eof":
        raise c.refusal("empty module", Place(1, 1))
    if c.shape != "package":
        raise c.refusal("package expected")
    package = _package(c)
    imports: list[Import] = []
    rules: list[Rule] = []
    while c.shape != "eof":
        c.terms.clear()
        if c.shape == "import" and not c.keyword_starts_ref():
            imports.append(_import(c))
        elif c.shape == "package" and not c.keyword_starts_ref():
            raise c.refusal("unexpected package")
        else:
            found = parse_rules(c)
            for rule in found:
                if (place := too_high(rule)) is not None:
                    raise c.refusal("the rule has too many operators or levels: split it", place)
            rules.extend(found)
    return Module(source.file, package, tuple(imports), tuple(rules), comments, c.version)


def _package(c: Cursor) -> Package:
    place = c.place
    c.advance()
    path = _path(c)
    for step in path.path:
        if not isinstance(step, String):
            raise c.refusal(f"unexpected {terms.kind_of(step)} token: expecting string", step.place)
    head = path.head.name if isinstance(path.head, Var) else ""
    return Package((head, *(step.value for step in path.path if isinstance(step, String))), place)


def _path(c: Cursor) -> Ref:
    """A name with a path; keywords are names here."""
    if c.is_keyword:
        c.rename()
    if c.shape != "name":
        raise c.unexpected()
    place = c.place
    term = terms.parse_term(c)
    if isinstance(term, Var):
        term = Ref(term, (), term.place)
    if not isinstance(term, Ref):
        raise c.refusal("expected path", place)
    if not isinstance(term.head, Var):
        raise c.refusal(f"unexpected {terms.kind_of(term.head)} token: expecting var", place)
    if c.shape == "-":
        raise c.unexpected()
    return term


def _import(c: Cursor) -> Import:
    place = c.place
    c.advance()
    path = _path(c)
    for step in path.path:
        if not isinstance(step, String):
            raise c.refusal(f"unexpected {terms.kind_of(step)} token: expecting string", step.place)
    root = path.head.name if isinstance(path.head, Var) else ""
    if root not in ("data", "future", "input", "rego"):
        expected = "{data, future, input, rego}"
        raise c.refusal(
            f"unexpected import path, must begin with one of: {expected}, got: {root}"
            " (hint: if this is unexpected, try updating OPA)",
            path.place,
        )
    alias, alias_place = None, c.place
    if c.take("as"):
        alias_place = c.place
        if c.shape != "name":
            raise c.unexpected("expected var")
        alias = c.advance().text
        if alias in ("data", "input"):
            raise c.refusal(
                f"unexpected import alias, must not be a reserved name, got: {alias}", alias_place
            )
        if alias == "_" or (c.shape in (".", "[", "(") and not c.is_spaced):
            raise c.unexpected("expected var")
    imported = Import(path, alias, place)
    if alias is None and root != "future" and imported.name in c.keywords:
        last = path.path[-1].place if path.path else path.place
        raise c.refusal(
            f"unexpected import path, must not end with a keyword, got: {imported.name}"
            " (hint: import a different path or use an alias)",
            last,
        )
    if root in ("future", "rego"):
        _import_keywords(c, imported, alias_place)
    return imported


def _import_keywords(c: Cursor, imported: Import, alias_place: Place) -> None:
    path = imported.path
    if imported.alias is not None:
        raise c.refusal(f"`{path.dotted.partition('.')[0]}` imports cannot be aliased", alias_place)
    if path.dotted == "rego.v1":
        c.version = max(c.version, 1)
        c.add_keywords(FUTURE_KEYWORDS)
        return
    if path.dotted.startswith("rego"):
        raise c.refusal(f"invalid import `{path.dotted}`, must be one of: `rego.v1`", path.place)
    if path.dotted.split(".")[:2] != ["future", "keywords"] or len(path.path) > 2:
        raise c.refusal("invalid import, must be `future.keywords`", path.place)
    if len(path.path) == 1:
        c.add_keywords(FUTURE_KEYWORDS)
        _refuse_coming_keywords(c)
    elif imported.name in COMING_KEYWORDS:
        raise c.refusal(
            f"the keyword `{imported.name}` of the future is not supported by this engine yet", path.place
        )
    elif imported.name not in FUTURE_KEYWORDS:
        known = " ".join(sorted(FUTURE_KEYWORDS | COMING_KEYWORDS))
        raise c.refusal(f"unexpected keyword, must be one of [{known}]", path.place)
    else:
        # `every x in xs` can't be said without `in`.
        c.add_keywords(frozenset({imported.name, "in"} if imported.name == "every" else {imported.name}))


def _refuse_coming_keywords(c: Cursor) -> None:
    """`import future.keywords` changes what `not`, `and` and `or` mean in OPA: refuse to mean anything else."""
    if c.version == 0:
        return
    for token in c.tokens[c.index :]:
        if token.kind is Kind.NAME and token.text in COMING_KEYWORDS:
            place = Place(token.row, token.column)
            raise c.refusal(
                f"`import future.keywords` changes the meaning of `{token.text}`, which this engine does not"
                " support yet: drop the import, Rego v1 has the other keywords without it",
                place,
            )
