"""The state of one walk over one PostgreSQL text: the operation being found out, names, prepared statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from policy_engine.documents.action import ColumnOut, SqlParameter
from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind
from policy_engine.parsers.sql import functions
from policy_engine.parsers.sql.catalogue import Catalogue, CatalogueRelation
from policy_engine.parsers.sql.drafts import Draft, Report, TooComplexError
from policy_engine.parsers.sql.guards import LIMITS
from policy_engine.parsers.sql.names import render
from policy_engine.parsers.sql.postgres.tree import Node
from policy_engine.parsers.sql.postgres.visibility import TEMPORARY, Path, Visibility
from policy_engine.parsers.sql.relations import Column, Item, Star

Parameters = Mapping[str, object] | Sequence[object]
# PostgreSQL's own limit of result columns: stars over joined stars would explode.
_MAX_COLUMNS = LIMITS["columns"].value
# Queries read for one text; only nested WITH RECURSIVE needs more than one reading each.
_MAX_STEPS = 20_000


class Analysis:
    """What the walk knows beside the tree: catalogue, search path, and the operation it is working on."""

    def __init__(
        self,
        report: Report,
        catalogue: Catalogue | None,
        search_path: tuple[str, ...],
        parameters: Parameters | None,
    ) -> None:
        self.report = report
        self.catalogue = catalogue
        self.names = Visibility(search_path or (catalogue.search_path if catalogue is not None else ()))
        self.parameters = parameters
        self.draft: Draft
        self.prepared: dict[str, Node] = {}
        self.cursors: dict[str, list[ColumnOut]] = {}
        self._steps = 0
        self._bytes = None if report.text.isascii() else report.text.encode("utf-8")

    # -- operations and problems ---------------------------------------------------------------------------
    @contextmanager
    def operation(
        self, verb: str, span: tuple[int, int] | None = None, *, nested: bool = True
    ) -> Iterator[Draft]:
        """Work on a new operation, nested in the current one unless told otherwise; then return to the old one."""
        outer = getattr(self, "draft", None)
        draft = self.report.open(verb, outer if nested else None, span)
        self.draft = draft
        try:
            yield draft
        finally:
            if outer is not None:
                self.draft = outer

    def offset(self, location: object) -> int | None:
        """Return the character offset of a byte offset."""
        if not isinstance(location, int) or location < 0:
            return None
        if self._bytes is None:
            return location
        return len(self._bytes[:location].decode("utf-8", "ignore"))

    def step(self, columns: int = 0) -> None:
        """Count one unit of work; raise `TooComplexError` when the text isn't worth it."""
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise TooComplexError("queries nest in a way that needs too much work to read")
        if columns > _MAX_COLUMNS:
            raise TooComplexError(f"more than {_MAX_COLUMNS} columns, PostgreSQL's own limit")

    def opaque(self, code: ProblemCode, message: str, location: object = None) -> None:
        """Make the current operation opaque and say why."""
        self.draft.effects.add(Effect.UNKNOWN)
        self.report.problem(self.draft, code, message, self.offset(location))

    def unsupported(self, tag: str, body: Node | None = None) -> None:
        """Note a node type that this version doesn't know."""
        location = body.get("location") if body else None
        self.opaque(
            ProblemCode.UNSUPPORTED,
            f"`{tag}` is a form of SQL that this version doesn't know; it can't be judged",
            location,
        )

    # -- names -----------------------------------------------------------------------------------------------
    def resolve(self, name: str, schema: str | None = None) -> tuple[str | None, CatalogueRelation | None]:
        """Return schema and catalogue entry of a relation; the schema is None where it can't be known."""
        if schema is not None:
            return schema, self._known(schema, name)
        places = self._places(name)
        return places[0] if len(places) == 1 else (None, None)

    def _places(self, name: str) -> list[tuple[str | None, CatalogueRelation | None]]:
        """Return every place that the unqualified `name` may stand for."""
        paths, temporary = self.names.places(name)
        found = [self._on_path(name, path) for path in paths]
        if temporary is not False:
            found.append((TEMPORARY, None))
        if len(found) > 1:
            schemas = (schema for path in paths for schema in path if schema != TEMPORARY)
            found.extend((schema, self._known(schema, name)) for schema in schemas)
        return list({schema: (schema, known) for schema, known in found}.values())

    def _on_path(self, name: str, path: Path) -> tuple[str | None, CatalogueRelation | None]:
        if not path:
            return None, None
        if f"pg_catalog.{name}" in functions.system_relations():
            return "pg_catalog", None
        for candidate in path:
            if (known := self._known(candidate, name)) is not None:
                return candidate, known
        return (path[0] if len(path) == 1 else None), None

    def others(self, body: Node) -> list[str]:
        """Return the full names that a RangeVar may stand for beside the one it is reported by."""
        name = str(body.get("relname", ""))
        if body.get("schemaname") is not None or body.get("relpersistence") == "t":
            return []
        places = self._places(name)
        return [render([schema, name]) for schema, _ in places if schema is not None] if places[1:] else []

    def _known(self, schema: str, name: str) -> CatalogueRelation | None:
        return self.catalogue.relation(schema, name) if self.catalogue is not None else None

    def relation_name(self, body: Node) -> tuple[str, ResourceKind, list[Item]]:
        """Return full name, kind and columns of a RangeVar. A database name in front is always the current one's."""
        name = str(body.get("relname", ""))
        given = body.get("schemaname")
        if body.get("relpersistence") == "t" and given is None:
            if not self.draft.planned:
                self.names.created(name)
            given = TEMPORARY
        schema, known = self.resolve(name, given)
        full = render([schema, name] if schema is not None else [name])
        if known is not None:
            items: list[Item] = [
                Column(column.name, column.sources, column.exact) for column in known.columns
            ]
            if not known.complete:
                items.append(Star((full,)))
            return full, ResourceKind.VIEW if known.view else ResourceKind.TABLE, items
        columns = functions.system_relations().get(f"{schema}.{name}") if schema is not None else None
        if columns is not None:
            return full, ResourceKind.TABLE, [_own(full, column) for column in columns]
        return full, ResourceKind.TABLE, [Star((full, *self.others(body)))]

    def read_relation(self, body: Node) -> tuple[str, list[Item]]:
        """Note that a relation is read, and what a view in the catalogue reads; return its name and columns."""
        full, kind, items = self.relation_name(body)
        for name in (full, *self.others(body)):
            self.draft.read(name, kind)
        _, known = self.resolve(str(body.get("relname", "")), body.get("schemaname"))
        for base, view in known.reads if known is not None else ():
            self.draft.read(base, ResourceKind.VIEW if view else ResourceKind.TABLE)
        return full, items

    def write_relation(self, body: Node, kind: ResourceKind | None = None) -> str:
        """Note that a relation is written; return its name."""
        full, found, _ = self.relation_name(body)
        for name in (full, *self.others(body)):
            self.draft.write(name, kind or found)
        return full

    # -- facts -----------------------------------------------------------------------------------------------
    def parameter(self, number: int) -> None:
        """Note that `$number` is used, with its value when the caller gave it."""
        name = f"${number}"
        if name not in self.draft.parameters:
            self.draft.parameters[name] = SqlParameter(name=name, value=self._value(number))

    def _value(self, number: int) -> object:
        given = self.parameters
        if isinstance(given, Mapping):
            return given.get(f"${number}", given.get(str(number)))
        if given is not None and 0 < number <= len(given):
            return given[number - 1]
        return None

    def output(self, items: Sequence[Item]) -> list[ColumnOut]:
        """Return output columns for the action document; neighbouring open parts become one `*`."""
        out: list[ColumnOut] = []
        for item in items:
            if isinstance(item, Column):
                out.append(ColumnOut(name=item.name, sources=tuple(sorted(item.sources)), exact=item.exact))
            else:
                sources = tuple(sorted(item.everything()))
                if out and out[-1].name == "*" and not out[-1].exact:
                    sources = tuple(sorted({*out.pop().sources, *sources}))
                out.append(ColumnOut(name="*", sources=sources, exact=False))
        return out

    def act_on(self, kind: ResourceKind, name: str, access: Access = Access.WRITE) -> None:
        """Note an object that the operation changes (or runs)."""
        self.draft.touch(kind, name, access)


def _own(table: str, column: str) -> Column:
    return Column(column, Star((table,)).column(column).sources, True)
