"""What a name in a query can stand for: columns, open parts, relations and the scopes they are visible in.

The idea behind the lineage: a relation in FROM is a list of items, each either a `Column` whose base columns are
known, or a `Star`, an open part whose column names aren't known (a table without a catalogue). A name found among
the columns is certain; a name that only a star can hold is a candidate; a name that several scopes could hold has
all candidates as its sources and isn't exact. So nothing is guessed and nothing is missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from policy_engine.parsers.sql.names import render_part

NOTHING: frozenset[str] = frozenset()


class Sink:
    """Collects the base columns that flow into one value; `exact` falls when some may be missing or too many."""

    __slots__ = ("exact", "sources")

    def __init__(self) -> None:
        self.sources: set[str] = set()
        self.exact = True

    def add(self, column: Column) -> None:
        """Let a column flow in."""
        self.sources |= column.sources
        self.exact = self.exact and column.exact

    def add_all(self, items: Iterable[Item]) -> None:
        """Let a whole row flow in."""
        for item in items:
            if isinstance(item, Column):
                self.add(item)
            else:
                self.sources |= item.everything()
                self.exact = False


@dataclass(slots=True)
class Column:
    """A named column and the base columns it is computed from; `row` when its value is a whole row of a relation."""

    name: str
    sources: frozenset[str]
    exact: bool = True
    row: Relation | None = field(default=None, compare=False)


@dataclass(slots=True)
class Star:
    """Columns whose names aren't known: those of `tables`, each computed from `sources` as well."""

    tables: tuple[str, ...]
    sources: frozenset[str] = NOTHING

    def everything(self) -> frozenset[str]:
        """Return the sources of the part as a whole, tables as `table.*`."""
        return self.sources.union(f"{table}.*" for table in self.tables)

    def column(self, name: str) -> Column:
        """Return the column `name` as it would be if this part holds it."""
        part = render_part(name)
        found = self.sources.union(f"{table}.{part}" for table in self.tables)
        return Column(name, found, len(self.tables) == 1 and not self.sources)


Item = Column | Star


def find(items: Iterable[Item], name: str) -> tuple[Column | None, bool]:
    """Return the column `name` and whether it is certain; an uncertain one may belong to another scope."""
    named: Column | None = None
    opened: list[Column] = []
    for item in items:
        if isinstance(item, Star):
            opened.append(item.column(name))
        elif item.name == name:
            named = item if named is None else _either((named, item), name)
    if named is not None:
        return named, True
    return (_either(opened, name), False) if opened else (None, False)


def _either(columns: Iterable[Column], name: str) -> Column:
    """Return one column that may be any of `columns`."""
    columns = tuple(columns)
    if len(columns) == 1:
        return columns[0]
    sources = NOTHING.union(*(column.sources for column in columns))
    return Column(name, sources, False)


class Relation:
    """Something in FROM under the name it is visible by."""

    __slots__ = ("items", "name", "schema")

    def __init__(self, name: str, items: list[Item], schema: str | None = None) -> None:
        self.name = name
        self.schema = schema
        self.items = items


def overlaid(items: list[Item], assigned: Mapping[str, Column]) -> list[Item]:
    """Return `items` with what DML assigns flowing in: values can be laundered through an UPDATE … RETURNING."""
    overlaid: list[Item] = []
    for item in items:
        if isinstance(item, Star):
            overlaid.append(item)
        elif (new := assigned.get(item.name)) is not None:
            overlaid.append(Column(item.name, item.sources | new.sources, item.exact and new.exact))
        else:
            overlaid.append(item)
    if any(isinstance(item, Star) for item in items):
        overlaid.extend(
            Column(name, _open_sources(items, name) | new.sources, new.exact)
            for name, new in assigned.items()
        )
    return overlaid


def _open_sources(items: list[Item], name: str) -> frozenset[str]:
    column, _ = find(items, name)
    return column.sources if column is not None else NOTHING


class Scope:
    """The names visible at one level of a query; unqualified names are looked up in `items`, then further out."""

    __slots__ = ("ctes", "items", "parent", "relations")

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.ctes: dict[str, object] = {}
        self.relations: list[Relation] = []
        self.items: list[Item] = []

    def add(self, relation: Relation) -> None:
        """Make a relation visible, by its name and by its columns."""
        self.relations.append(relation)
        self.items.extend(relation.items)

    def relation(self, name: str, schema: str | None = None) -> Relation | None:
        """Return the innermost relation visible as `name` (or `schema.name`)."""
        scope: Scope | None = self
        while scope is not None:
            for relation in scope.relations:
                if relation.name == name and (schema is None or relation.schema in (None, schema)):
                    return relation
            scope = scope.parent
        return None

    def column(self, name: str) -> Column | None:
        """Resolve an unqualified name as PostgreSQL does, inside out; None when nothing can be called so."""
        scope: Scope | None = self
        candidates: list[Column] = []
        while scope is not None:
            found, certain = find(scope.items, name)
            if found is not None:
                candidates.append(found)
                if certain:
                    return _either(candidates, name)
            scope = scope.parent
        row = self.relation(name)
        if row is not None:
            candidates.append(whole_row(row))
        return _either(candidates, name) if candidates else None

    def cte(self, name: str) -> object | None:
        """Return the common table expression visible as `name`."""
        scope: Scope | None = self
        while scope is not None:
            if (found := scope.ctes.get(name)) is not None:
                return found
            scope = scope.parent
        return None


def whole_row(relation: Relation) -> Column:
    """Return a whole-row reference: every column flows into it."""
    sink = Sink()
    sink.add_all(relation.items)
    return Column(relation.name, frozenset(sink.sources), sink.exact, relation)


def renamed(items: list[Item], names: list[str]) -> list[Item]:
    """Apply an alias list `t(a, b)`: the first columns are renamed by position; behind a star positions are lost."""
    if not names:
        return items
    result: list[Item] = []
    remaining = list(names)
    opened: frozenset[str] | None = None
    for item in items:
        if isinstance(item, Star):
            opened = (opened or NOTHING) | item.everything()
            result.append(item)
        elif remaining and opened is None:
            result.append(Column(remaining.pop(0), item.sources, item.exact, item.row))
        else:
            opened = opened if opened is None else opened | item.sources
            result.append(item)
    result.extend(Column(name, opened or NOTHING, False) for name in remaining)
    return result


def by_position(left: list[Item], right: list[Item]) -> list[Item]:
    """Join the columns of a set operation by position; with an open part every position may be any column."""
    if all(isinstance(item, Column) for item in (*left, *right)) and len(left) == len(right):
        return [
            Column(a.name, a.sources | b.sources, a.exact and b.exact)
            for a, b in zip(left, right, strict=True)
            if isinstance(a, Column) and isinstance(b, Column)
        ]
    sink = Sink()
    sink.add_all((*left, *right))
    everything = frozenset(sink.sources)
    if all(isinstance(item, Column) for item in left):
        return [Column(item.name, everything, False) for item in left if isinstance(item, Column)]
    tables = tuple(
        dict.fromkeys(table for item in (*left, *right) if isinstance(item, Star) for table in item.tables)
    )
    merged = [Column(item.name, everything, False) for item in left if isinstance(item, Column)]
    return [*merged, Star(tables, everything)]
