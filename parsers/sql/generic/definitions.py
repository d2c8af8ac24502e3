"""Definitions and rights in the other dialects: CREATE, ALTER, DROP, TRUNCATE, COMMENT, GRANT, REVOKE."""

from __future__ import annotations

from typing import Any, Final

from sqlglot import exp

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.generic import statements
from policy_engine.parsers.sql.generic.identifiers import part, table_name
from policy_engine.parsers.sql.generic.walk import Walk
from policy_engine.parsers.sql.names import render_part

_CREATED: Final[dict[str, ResourceKind]] = {
    "TABLE": ResourceKind.TABLE,
    "VIEW": ResourceKind.VIEW,
    "MATERIALIZED VIEW": ResourceKind.VIEW,
    "INDEX": ResourceKind.INDEX,
    "SCHEMA": ResourceKind.SCHEMA,
    "DATABASE": ResourceKind.DATABASE,
    "SEQUENCE": ResourceKind.SEQUENCE,
    "FUNCTION": ResourceKind.FUNCTION,
    "PROCEDURE": ResourceKind.FUNCTION,
    "TYPE": ResourceKind.TYPE,
    "COLUMN": ResourceKind.COLUMN,
}


def create(walk: Walk, tree: Any) -> None:
    """CREATE of an object, with the query or table it is made from."""
    draft = walk.draft
    draft.effects |= {Effect.DEFINE, Effect.CREATE}
    draft.flags.add(SqlFlag.DDL)
    kind = str(tree.args.get("kind") or "").upper()
    if kind not in _CREATED or kind in ("FUNCTION", "PROCEDURE"):
        walk.opaque(
            ProblemCode.UNSUPPORTED, f"CREATE {kind} in {walk.dialect} isn't read; its body isn't known"
        )
    this = (
        tree.this.this
        if isinstance(tree.this, exp.Schema | exp.UserDefinedFunction | exp.StoredProcedure)
        else tree.this
    )
    if isinstance(this, exp.Index):
        if this.name:
            draft.write(render_part(part(this.this)), ResourceKind.INDEX)
        if (table := this.args.get("table")) is not None:
            walk.write(table)
    elif isinstance(this, exp.Table):
        _named(walk, this, _CREATED.get(kind, ResourceKind.EXTENSION))
    else:
        walk.unsupported(tree)
    if tree.args.get("replace"):
        draft.effects.add(Effect.DELETE)
    if tree.args.get("clone") is not None:
        source = tree.args["clone"].this
        draft.read(walk.resolve(source)[0] if isinstance(source, exp.Table) else source.sql())
    _referenced(walk, tree)
    if isinstance(tree.expression, exp.Query):
        statements.statement(walk, tree.expression, draft)
    elif tree.expression is not None:
        walk.unsupported(tree.expression)


def _named(walk: Walk, table: Any, kind: ResourceKind) -> None:
    full = walk.resolve(table)[0] if kind in (ResourceKind.TABLE, ResourceKind.VIEW) else table_name(table)
    walk.draft.write(full, kind)


def _referenced(walk: Walk, tree: Any) -> None:
    """Foreign keys and LIKE name other tables; defaults and checks call functions."""
    if isinstance(tree.this, exp.Schema):
        for reference in tree.this.find_all(exp.Reference, exp.LikeProperty):
            table = reference.this.this if isinstance(reference.this, exp.Schema) else reference.this
            if isinstance(table, exp.Table):
                full, kind, _ = walk.resolve(table)
                walk.draft.touch(kind, full, Access.READ)
        for node in tree.this.find_all(exp.Anonymous, exp.Command):
            if isinstance(node, exp.Command):
                walk.unsupported(node)
            else:
                walk.called(str(node.name))
    properties = tree.args.get("properties")
    for found in properties.find_all(exp.LocationProperty) if properties is not None else ():
        walk.draft.effects.add(Effect.TRANSFER)
        walk.draft.touch(ResourceKind.FILE, str(found.this.name), Access.READ)


def drop(walk: Walk, tree: Any) -> None:
    """DROP of objects."""
    draft = walk.draft
    draft.effects |= {Effect.DEFINE, Effect.DELETE}
    draft.flags.add(SqlFlag.DDL)
    kind = str(tree.args.get("kind") or "").upper()
    found = _CREATED.get(kind)
    tables = [table for table in (tree.args.get("tables") or [tree.this]) if table is not None]
    for table in tables:
        if isinstance(table, exp.Table):
            _named(walk, table, found or ResourceKind.EXTENSION)
        else:
            draft.write(table.sql().lower(), found or ResourceKind.EXTENSION)
    if found is None or not tables:
        walk.opaque(
            ProblemCode.UNSUPPORTED, f"DROP {kind} in {walk.dialect} isn't read; its objects aren't known"
        )


_ALTERING = (
    "AddConstraint", "AlterColumn", "AlterRename", "ColumnDef", "Drop", "RenameColumn", "AddPartition",
    "DropPartition", "AlterSet", "AlterDistStyle", "AlterSortKey", "AlterIndex", "RenameIndex", "ModifyColumn",
)  # fmt: skip


def alter(walk: Walk, tree: Any) -> None:
    """ALTER of a table or view, action by action."""
    draft = walk.draft
    draft.effects |= {Effect.DEFINE, Effect.UPDATE}
    draft.flags.add(SqlFlag.DDL)
    kind = str(tree.args.get("kind") or "").upper()
    if not isinstance(tree.this, exp.Table) or kind not in ("TABLE", "VIEW"):
        walk.opaque(ProblemCode.UNSUPPORTED, f"ALTER {kind} in {walk.dialect} isn't read")
        return
    full = walk.resolve(tree.this)[0]
    draft.write(full, ResourceKind.VIEW if kind == "VIEW" else ResourceKind.TABLE)
    for action in tree.args.get("actions") or ():
        name = type(action).__name__
        if name == "Drop":
            draft.effects.add(Effect.DELETE)
        if name == "AlterRename" and isinstance(action.this, exp.Table):
            walk.write(action.this)
        if name not in _ALTERING or any(True for _ in action.find_all(exp.Command, exp.Anonymous)):
            walk.unsupported(action)


def truncate(walk: Walk, tree: Any) -> None:
    """TRUNCATE of tables."""
    walk.draft.effects.add(Effect.DELETE)
    for table in tree.expressions:
        if isinstance(table, exp.Table):
            walk.write(table)
        else:
            walk.unsupported(table)


def comment(walk: Walk, tree: Any) -> None:
    """COMMENT on an object."""
    walk.draft.effects |= {Effect.DEFINE, Effect.UPDATE}
    walk.draft.flags.add(SqlFlag.DDL)
    if isinstance(tree.this, exp.Table):
        full, kind, _ = walk.resolve(tree.this)
        walk.draft.touch(kind, full, Access.EXECUTE)


def grant(walk: Walk, tree: Any) -> None:
    """GRANT and REVOKE: what, and to whom."""
    walk.draft.effects.add(Effect.GRANT)
    walk.draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
    securable = tree.args.get("securable")
    if isinstance(securable, exp.Table):
        full, kind, _ = walk.resolve(securable)
        found = _CREATED.get(str(tree.args.get("kind") or "TABLE").upper(), ResourceKind.EXTENSION)
        walk.draft.touch(kind if found is ResourceKind.TABLE else found, full, Access.EXECUTE)
    elif securable is not None:
        walk.draft.touch(ResourceKind.EXTENSION, securable.sql().lower(), Access.EXECUTE)
    for principal in tree.args.get("principals") or ():
        walk.draft.write(part(principal.this), ResourceKind.ROLE)
