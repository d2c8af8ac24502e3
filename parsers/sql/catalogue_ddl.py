"""A catalogue from DDL text: CREATE TABLE and CREATE VIEW, with the changes that ALTER and DROP make to them.

Only PostgreSQL's DDL is read so far. What doesn't define a relation (indexes, grants, comments, settings) is passed
over; lines of psql (`\\restrict`, `\\connect`) too, so that the output of `pg_dump --schema-only` loads.
"""

from __future__ import annotations

import re
from typing import Any

from policy_engine.documents.errors import UsageError
from policy_engine.parsers.sql.catalogue import (
    Catalogue,
    CatalogueColumn,
    CatalogueError,
    CatalogueRelation,
)
from policy_engine.parsers.sql.dialects import canonical_dialect
from policy_engine.parsers.sql.drafts import Report, TooComplexError, place
from policy_engine.parsers.sql.names import render, render_part
from policy_engine.parsers.sql.postgres.analysis import Analysis
from policy_engine.parsers.sql.postgres.tree import Node, body_of, constant, strings, tagged
from policy_engine.parsers.sql.relations import Column, Star, renamed

# DDL comes from the operator, not from a requester: longer than a statement may be.
_MAX_BYTES = 16 * 1024 * 1024
_PSQL_LINE = re.compile(r"^\\[^\n]*", re.MULTILINE)
_DEFAULT_SCHEMA = "public"


def load(text: str, dialect: str, file: str | None) -> Catalogue:
    """Return the catalogue of a DDL text; see `load_catalogue`."""
    name = canonical_dialect(dialect)
    if name is None:
        raise UsageError(f"dialect `{dialect}` has no parser", code="unknown_dialect")
    if name not in ("postgres", "redshift"):
        raise UsageError(
            f"a schema file in dialect `{name}` can't be read yet; write it as PostgreSQL DDL",
            code="unknown_dialect",
        )
    if len(text) > _MAX_BYTES:
        raise CatalogueError(f"the schema file is longer than {_MAX_BYTES} characters", file=file)
    if (nul := text.find("\0")) >= 0:
        row, column = place(text, nul)
        raise CatalogueError(
            "a NUL character can't stand in DDL; remove it", file=file, row=row, column=column
        )
    return _Loader(_PSQL_LINE.sub(lambda found: " " * len(found[0]), text), file).load()


class _Loader:
    """Reads statements in order; a view is traced with what is known when it is defined."""

    def __init__(self, text: str, file: str | None) -> None:
        self.text = text
        self.file = file
        self.relations: dict[tuple[str, str], CatalogueRelation] = {}
        self.schema = _DEFAULT_SCHEMA

    def load(self) -> Catalogue:
        import msgspec
        from pglast.error import Error
        from pglast.parser import parse_sql_json

        try:
            tree = msgspec.json.decode(parse_sql_json(self.text))
        except Error as error:
            raise self._error(error) from None
        except (UnicodeEncodeError, RecursionError) as error:
            raise CatalogueError(f"the DDL can't be read: {type(error).__name__}", file=self.file) from None
        for entry in tree.get("stmts", ()):
            found = tagged(entry.get("stmt"))
            if found is not None and (handler := self._HANDLERS.get(found[0])) is not None:
                try:
                    handler(self, found[1])
                except (TooComplexError, RecursionError) as error:
                    row, column = place(self.text, int(entry.get("stmt_location", 0)))
                    raise CatalogueError(
                        f"the definition is too complex: {error}", file=self.file, row=row, column=column
                    ) from None
        return Catalogue(self.relations.values())

    def _error(self, error: Exception) -> CatalogueError:
        message = str(error.args[0]) if error.args else str(error)
        offset = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else None
        row, column = place(self.text, offset) if offset is not None else (None, None)
        return CatalogueError(f"the DDL does not parse: {message}", file=self.file, row=row, column=column)

    def _key(self, body: Node) -> tuple[str, str]:
        return str(body.get("schemaname") or self.schema), str(body.get("relname", ""))

    def _define(self, key: tuple[str, str], columns: list[CatalogueColumn], *, complete: bool = True) -> None:
        self.relations[key] = CatalogueRelation(key[0], key[1], False, tuple(columns), complete)

    # -- tables --------------------------------------------------------------------------------------------------
    def _table(self, body: Node) -> None:
        key = self._key(body.get("relation", {}))
        if body.get("if_not_exists") and key in self.relations:
            return
        names: dict[str, None] = {}
        complete = not body.get("ofTypename")
        for parent in body.get("inhRelations", ()):
            complete &= self._inherit(names, self._key(body_of(parent, "RangeVar") or {}))
        for node in body.get("tableElts", ()):
            if (column := body_of(node, "ColumnDef")) is not None:
                names[str(column.get("colname", ""))] = None
            elif (like := body_of(node, "TableLikeClause")) is not None:
                complete &= self._inherit(names, self._key(like.get("relation", {})))
        self._define(key, [_own(key, name) for name in names], complete=complete)

    def _inherit(self, names: dict[str, None], key: tuple[str, str]) -> bool:
        known = self.relations.get(key)
        if known is not None:
            names.update(dict.fromkeys(column.name for column in known.columns))
        return known is not None and known.complete

    def _foreign_table(self, body: Node) -> None:
        self._table(body.get("base", {}))

    def _table_as(self, body: Node) -> None:
        into = body.get("into", {})
        key = self._key(into.get("rel", {}))
        view = body.get("objtype") == "OBJECT_MATVIEW"
        traced = self._trace(key, body.get("query"), strings(into.get("colNames")), view)
        if view:
            self.relations[key] = traced
        else:
            self._define(key, [_own(key, column.name) for column in traced.columns], complete=traced.complete)

    # -- views ---------------------------------------------------------------------------------------------------
    def _view(self, body: Node) -> None:
        key = self._key(body.get("view", {}))
        self.relations[key] = self._trace(key, body.get("query"), strings(body.get("aliases")), True)

    def _trace(self, key: tuple[str, str], query: Any, names: list[str], view: bool) -> CatalogueRelation:
        from policy_engine.parsers.sql.postgres import queries

        catalogue = Catalogue(self.relations.values(), (self.schema,))
        analysis = Analysis(Report("", "postgres"), catalogue, (self.schema,), None)
        with analysis.operation("select", nested=False) as draft:
            items = renamed(queries.query(analysis, query, None), names)
        reads = tuple(
            sorted(
                (name, kind.value == "view")
                for kind, name, access in draft.resources
                if access.value == "read"
            )
        )
        columns: list[CatalogueColumn] = []
        complete = True
        for item in items:
            if isinstance(item, Star):
                complete = False
            elif isinstance(item, Column):
                columns.append(CatalogueColumn(item.name, item.sources, item.exact))
        return CatalogueRelation(key[0], key[1], view, tuple(columns), complete, reads)

    # -- changes -------------------------------------------------------------------------------------------------
    def _alter(self, body: Node) -> None:
        key = self._key(body.get("relation", {}))
        known = self.relations.get(key)
        if known is None or known.view:
            return
        columns = {column.name: column for column in known.columns}
        for node in body.get("cmds", ()):
            command = body_of(node, "AlterTableCmd") or {}
            if command.get("subtype") == "AT_AddColumn":
                name = str((body_of(command.get("def"), "ColumnDef") or {}).get("colname", ""))
                columns.setdefault(name, _own(key, name))
            elif command.get("subtype") == "AT_DropColumn":
                columns.pop(str(command.get("name", "")), None)
        self._define(key, list(columns.values()), complete=known.complete)

    def _rename(self, body: Node) -> None:
        key = self._key(body.get("relation", {}))
        known = self.relations.get(key)
        if known is None or known.view:
            return
        new = str(body.get("newname", ""))
        names = [column.name for column in known.columns]
        if body.get("renameType") == "OBJECT_COLUMN":
            names = [new if name == body.get("subname") else name for name in names]
        elif body.get("renameType") == "OBJECT_TABLE":
            del self.relations[key]
            key = (key[0], new)
        self._define(key, [_own(key, name) for name in names], complete=known.complete)

    def _drop(self, body: Node) -> None:
        if body.get("removeType") not in (
            "OBJECT_TABLE",
            "OBJECT_VIEW",
            "OBJECT_MATVIEW",
            "OBJECT_FOREIGN_TABLE",
        ):
            return
        for node in body.get("objects", ()):
            parts = strings((body_of(node, "List") or {}).get("items"))
            if parts:
                self.relations.pop((parts[-2] if len(parts) > 1 else self.schema, parts[-1]), None)

    def _set(self, body: Node) -> None:
        """`SET search_path = app` decides where the following unqualified names live."""
        if body.get("name") == "search_path" and body.get("args"):
            value = constant(body["args"][0])
            self.schema = value if isinstance(value, str) and value else _DEFAULT_SCHEMA

    _HANDLERS = {  # noqa: RUF012
        "CreateStmt": _table,
        "CreateForeignTableStmt": _foreign_table,
        "CreateTableAsStmt": _table_as,
        "ViewStmt": _view,
        "AlterTableStmt": _alter,
        "RenameStmt": _rename,
        "DropStmt": _drop,
        "VariableSetStmt": _set,
    }


def _own(key: tuple[str, str], name: str) -> CatalogueColumn:
    return CatalogueColumn(name, frozenset({f"{render(key)}.{render_part(name)}"}), True)
