"""Operations while they are being found out, and the report that collects them for one text.

A walk over a syntax tree learns the facts of an operation piece by piece; a `Draft` gathers them and becomes an
immutable `Operation` at the end. The `Report` keeps the drafts in order, the problems with their place in the text,
and turns all of it into the `Action`.
"""

from __future__ import annotations

from collections.abc import Iterable

from policy_engine.documents.action import (
    MAX_OPERATIONS,
    Action,
    ColumnOut,
    Operation,
    Resource,
    SqlDetail,
    SqlParameter,
    make_action,
    operation,
)
from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, Protocol, ResourceKind

# What an explained statement still does when it is only planned: unknown parts stay unknown.
_PLANNED_EFFECTS = frozenset({Effect.READ, Effect.EXECUTE, Effect.UNKNOWN})
_MAX_PROBLEMS = 50


class TooComplexError(Exception):
    """Reading the text takes more work than it can be worth: too many operations, columns or steps."""


class Draft:
    """One operation in the making. `planned` means EXPLAIN without ANALYZE: it is planned but never runs."""

    __slots__ = (
        "columns_out",
        "effects",
        "flags",
        "functions",
        "index",
        "limit",
        "parameters",
        "parent",
        "planned",
        "predicate",
        "reasons",
        "resources",
        "span",
        "verb",
    )

    planned: bool

    def __init__(self, verb: str, index: int, parent: Draft | None, span: tuple[int, int] | None) -> None:
        self.verb = verb
        self.index = index
        self.parent = parent.index if parent is not None else None
        self.planned = parent.planned if parent is not None else False
        self.span = span
        self.effects: set[Effect] = set()
        self.flags: set[str] = set()
        self.resources: dict[tuple[ResourceKind, str, Access], tuple[str, ...] | None] = {}
        self.reasons: dict[ProblemCode, None] = {}
        self.columns_out: list[ColumnOut] = []
        self.predicate: set[str] = set()
        self.functions: dict[str, None] = {}
        self.parameters: dict[str, SqlParameter] = {}
        self.limit: int | None = None

    def touch(
        self, kind: ResourceKind, name: str, access: Access, columns: tuple[str, ...] | None = None
    ) -> None:
        """Note that the operation touches a resource; columns of several mentions are joined."""
        key = (kind, name, access)
        known = self.resources.get(key)
        if columns is not None and known is not None:
            columns = tuple(dict.fromkeys(known + columns))
        self.resources[key] = columns if columns is not None else known

    def read(self, name: str, kind: ResourceKind = ResourceKind.TABLE) -> None:
        """Note that a table or view is read."""
        self.effects.add(Effect.READ)
        self.resources.setdefault((kind, name, Access.READ), None)

    def read_columns(self, name: str, kind: ResourceKind, sources: Iterable[str]) -> None:
        """Note that those of `sources` that are columns of the table `name` are read, if any."""
        prefix = f"{name}."
        columns = sorted({source[len(prefix) :] for source in sources if source.startswith(prefix)})
        if not columns:
            return
        known = (kind, name, Access.READ) in self.resources
        self.read(name, kind)
        if not known and "*" not in columns:
            self.touch(kind, name, Access.READ, tuple(columns))

    def write(self, name: str, kind: ResourceKind = ResourceKind.TABLE) -> None:
        """Note that a table, view or other object changes."""
        self.resources.setdefault((kind, name, Access.WRITE), None)

    def finish(self) -> Operation:
        """Return the immutable operation."""
        effects: Iterable[Effect] = self.effects
        resources = [
            Resource(kind=kind, name=name, access=access, columns=columns)
            for (kind, name, access), columns in self.resources.items()
        ]
        if self.planned:
            effects = (self.effects & _PLANNED_EFFECTS) or {Effect.READ}
            resources = [_only_planned(item) for item in resources]
        return operation(
            self.verb,
            effects=effects,
            resources=resources,
            flags=self.flags,
            opaque_reasons=self.reasons,
            parent=self.parent,
            span=self.span,
            detail=SqlDetail(
                columns_out=tuple(self.columns_out),
                predicate_columns=tuple(sorted(self.predicate)),
                functions=tuple(sorted(self.functions)),
                parameters=tuple(sorted(self.parameters.values(), key=_parameter_order)),
                limit=self.limit,
            ),
        )


def _parameter_order(parameter: SqlParameter) -> tuple[int, str]:
    """`$2` before `$10`."""
    return len(parameter.name), parameter.name


def _only_planned(resource: Resource) -> Resource:
    """Planning touches a table's definition and statistics; it writes nothing."""
    if resource.access is not Access.WRITE:
        return resource
    return Resource(kind=resource.kind, name=resource.name, access=Access.READ)


class Report:
    """All operations and problems of one text."""

    def __init__(self, text: str, dialect: str) -> None:
        self.text = text
        self.dialect = dialect
        self.drafts: list[Draft] = []
        self.problems: dict[Problem, None] = {}
        self.flags: set[str] = set()

    def open(self, verb: str, parent: Draft | None = None, span: tuple[int, int] | None = None) -> Draft:
        """Start the next operation; a nested one names the operation it stands in."""
        if len(self.drafts) >= MAX_OPERATIONS:
            raise TooComplexError(f"more than {MAX_OPERATIONS} operations")
        draft = Draft(verb, len(self.drafts), parent, span)
        self.drafts.append(draft)
        return draft

    def problem(self, draft: Draft, code: ProblemCode, message: str, offset: int | None = None) -> None:
        """Make `draft` opaque and say why; `offset` is in characters of the text."""
        draft.reasons[code] = None
        if len(self.problems) >= _MAX_PROBLEMS and self.has(code):
            return
        line, column = (None, None) if offset is None else place(self.text, offset)
        self.problems[Problem(code=code, message=message, line=line, column=column)] = None

    def has(self, code: ProblemCode) -> bool:
        """Tell whether a problem of this code has been reported."""
        return any(problem.code is code for problem in self.problems)

    def action(self) -> Action:
        """Return the action document."""
        return make_action(
            Protocol.SQL,
            self.dialect,
            self.text,
            [draft.finish() for draft in self.drafts],
            tuple(self.problems),
            flags=self.flags,
        )


def place(text: str, offset: int) -> tuple[int, int]:
    """Return the 1-based line and column of a character offset."""
    offset = max(0, min(offset, len(text)))
    line_start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - line_start + 1
