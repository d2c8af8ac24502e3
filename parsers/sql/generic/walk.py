"""The state of one walk over one text in another dialect than PostgreSQL's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from policy_engine.documents.action import ColumnOut, SqlParameter
from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.catalogue import Catalogue
from policy_engine.parsers.sql.drafts import Draft, Report, TooComplexError
from policy_engine.parsers.sql.generic import words
from policy_engine.parsers.sql.generic.identifiers import table_parts
from policy_engine.parsers.sql.guards import LIMITS
from policy_engine.parsers.sql.names import render
from policy_engine.parsers.sql.relations import Column, Item, Star

_MAX_COLUMNS = LIMITS["columns"].value
_MAX_STEPS = 5_000


class Walk:
    """What the walk knows beside the tree: dialect, catalogue, search path, and the operation it works on."""

    def __init__(
        self,
        report: Report,
        catalogue: Catalogue | None,
        search_path: tuple[str, ...],
        parameters: Mapping[str, object] | Sequence[object] | None,
    ) -> None:
        self.report = report
        self.dialect = report.dialect
        self.catalogue = catalogue
        self.search_path = search_path or (catalogue.search_path if catalogue is not None else ())
        self.parameters = parameters
        self.draft: Draft
        self._positions = 0
        self._steps = 0

    def step(self, columns: int = 0) -> None:
        """Count one unit of work; raise `TooComplexError` when the text isn't worth it."""
        self._steps += 1
        if self._steps > _MAX_STEPS or columns > _MAX_COLUMNS:
            raise TooComplexError("queries nest in a way that needs too much work to read")

    def opaque(self, code: ProblemCode, message: str, location: object = None) -> None:
        """Make the current operation opaque and say why."""
        self.draft.effects.add(Effect.UNKNOWN)
        self.report.problem(self.draft, code, message, location if isinstance(location, int) else None)

    def unsupported(self, node: Any) -> None:
        """Note a part that this version doesn't follow."""
        name = type(node).__name__
        self.draft.flags.add(SqlFlag.UNPARSED)
        self.opaque(ProblemCode.UNSUPPORTED, f"`{name}` in {self.dialect} isn't followed; it can't be judged")

    def resolve(self, table: Any) -> tuple[str, ResourceKind, list[Item]]:
        """Return full name, kind and columns of a table."""
        parts = table_parts(table)
        self._elsewhere(table, parts)
        known = None
        if len(parts) == 1 and self.search_path:
            for schema in self.search_path:
                if self.catalogue is not None and (known := self.catalogue.relation(schema, parts[0])):
                    parts = [schema, *parts]
                    break
            else:
                parts = [self.search_path[0], *parts] if len(self.search_path) == 1 else parts
        elif len(parts) > 1 and self.catalogue is not None:
            known = self.catalogue.relation(parts[-2], parts[-1])
        full = render(parts)
        if known is None:
            # BigQuery: `customers*` is every table whose name begins so.
            pattern = self.dialect == "bigquery" and full.rstrip('"').endswith("*")
            return full, ResourceKind.TABLE, [Star((full,), frozenset({f"{full}.*"} if pattern else ()))]
        items: list[Item] = [
            Column(column.name.lower(), column.sources, column.exact) for column in known.columns
        ]
        if not known.complete:
            items.append(Star((full,)))
        for base, view in known.reads:
            self.draft.read(base, ResourceKind.VIEW if view else ResourceKind.TABLE)
        return full, ResourceKind.VIEW if known.view else ResourceKind.TABLE, items

    def _elsewhere(self, table: Any, parts: list[str]) -> None:
        """Refuse a table named by a value, and one of another server."""
        from sqlglot import exp

        if not parts:
            self.opaque(ProblemCode.UNKNOWN_TARGET, "a table without a name isn't a table of any server")
            return
        name = render(parts)
        last = table.this
        if isinstance(last, exp.DynamicIdentifier | exp.Parameter | exp.Placeholder | exp.TableFromRows):
            if not isinstance(last, exp.Parameter) or self.dialect == "snowflake":
                self.opaque(
                    ProblemCode.UNKNOWN_TARGET, f"table `{name}` is named by a value; write its name instead"
                )
            return
        catalog = table.args.get("catalog")
        remote = self.dialect == "tsql" and (
            len(parts) > 3
            or isinstance(catalog, exp.Func)
            or (isinstance(last, exp.Identifier) and parts[-1].lower() in words.REMOTE)
        )
        remote = remote or (
            self.dialect == "oracle"
            and isinstance(last, exp.Identifier)
            and not last.args.get("quoted")
            and "@" in last.name
        )
        if remote:
            self.draft.effects |= {Effect.EXECUTE, Effect.TRANSFER}
            self.opaque(ProblemCode.UNKNOWN_TARGET, f"`{name}` is on another server, which isn't followed")

    def write(self, table: Any, columns: tuple[str, ...] | None = None) -> str:
        """Note that a table is written; return its name."""
        full, kind, _ = self.resolve(table)
        self.draft.touch(kind, full, Access.WRITE, columns)
        return full

    def parameter(self, name: str) -> None:
        """Note a parameter; unnamed ones are numbered from 1 in order."""
        if not name or name == "?":
            self._positions += 1
            name = f"?{self._positions}"
        if name not in self.draft.parameters:
            self.draft.parameters[name] = SqlParameter(name=name, value=self._value(name))

    def _value(self, name: str) -> object:
        given = self.parameters
        if isinstance(given, Mapping):
            return given.get(name, given.get(name.lstrip(":@$?")))
        digits = name.lstrip(":@$?")
        if given is not None and digits.isdigit() and 0 < int(digits) <= len(given):
            return given[int(digits) - 1]
        return None

    def called(self, name: str) -> None:
        """Note a call of a function that sqlglot has no type for."""
        folded = name.lower()
        draft = self.draft
        if folded == "row":
            return
        draft.functions[folded] = None
        if folded in words.PURE_FUNCTIONS:
            return
        draft.touch(ResourceKind.FUNCTION, folded, Access.EXECUTE)
        draft.effects.add(Effect.EXECUTE)
        if folded in words.READS_FILE:
            draft.flags.add(SqlFlag.READS_SERVER_FILE)
        if folded in words.REMOTE:
            draft.effects.add(Effect.TRANSFER)
        if folded in words.READS_FILE - words.RUNS_TEXT:
            pass
        elif folded in words.WRITES_FILE:
            draft.flags.add(SqlFlag.WRITES_SERVER_FILE)
        elif folded in words.DELAYS:
            pass
        elif folded in words.RUNS_TEXT or folded in words.NETWORK:
            draft.flags.add(SqlFlag.DYNAMIC_SQL)
            self.opaque(
                ProblemCode.UNKNOWN_TEXT,
                f"function `{folded}` runs text or reaches another server, which isn't followed",
            )
        else:
            self.opaque(
                ProblemCode.UNKNOWN_FUNCTION,
                f"function `{folded}` isn't known in {self.dialect}; what it does isn't known",
            )

    def output(self, items: Sequence[Item]) -> list[ColumnOut]:
        """Return output columns for the action document; neighbouring open parts become one `*`."""
        out: list[ColumnOut] = []
        for item in items:
            if isinstance(item, Column):
                out.append(ColumnOut(name=item.name, sources=tuple(sorted(item.sources)), exact=item.exact))
                continue
            sources = set(item.everything())
            if out and out[-1].name == "*":
                sources |= set(out.pop().sources)
            out.append(ColumnOut(name="*", sources=tuple(sorted(sources)), exact=False))
        return out
