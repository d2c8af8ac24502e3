"""What is known about a database: its tables, views and their columns.

A catalogue makes an answer exact where the text alone can't be: which table an unqualified column belongs to, what
`*` stands for, what a view reads. Without one the parser names every candidate instead of guessing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from policy_engine.documents.errors import PolicyEngineError


class CatalogueError(PolicyEngineError):
    """A schema file can't be read, or holds a definition that can't be right."""

    code = "catalogue_invalid"


class CatalogueColumn(NamedTuple):
    """A column with the base columns it comes from: itself for a table, others for a view."""

    name: str
    sources: frozenset[str]
    exact: bool


class CatalogueRelation(NamedTuple):
    """A table or view by its full name; `reads` are the base relations behind a view."""

    schema: str
    name: str
    view: bool
    columns: tuple[CatalogueColumn, ...]
    complete: bool = True
    reads: tuple[tuple[str, bool], ...] = ()


class Catalogue:
    """The relations of one database. Immutable once built; `version` changes with its content."""

    __slots__ = ("_relations", "search_path", "version")

    def __init__(
        self, relations: Iterable[CatalogueRelation] = (), search_path: tuple[str, ...] = ("public",)
    ) -> None:
        self._relations: Mapping[tuple[str, str], CatalogueRelation] = {
            (relation.schema, relation.name): relation for relation in relations
        }
        self.search_path = search_path
        self.version = _version(self._relations, search_path)

    def relation(self, schema: str, name: str) -> CatalogueRelation | None:
        """Return the relation `schema.name` (both folded as the database does), or None."""
        return self._relations.get((schema, name))

    def relations(self) -> tuple[CatalogueRelation, ...]:
        """Return all relations, in the order of their definition."""
        return tuple(self._relations.values())

    def __len__(self) -> int:
        return len(self._relations)


def _version(relations: Mapping[tuple[str, str], CatalogueRelation], path: tuple[str, ...]) -> str:
    content = hashlib.sha256(repr(path).encode())
    for relation in relations.values():
        columns = [(column.name, sorted(column.sources), column.exact) for column in relation.columns]
        rest = (relation.schema, relation.name, relation.view, columns, relation.complete, relation.reads)
        content.update(repr(rest).encode("utf-8", "surrogatepass"))
    return content.hexdigest()
