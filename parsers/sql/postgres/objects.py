"""Names and kinds of database objects as statements about them give them (DROP, COMMENT, ALTER … RENAME)."""

from __future__ import annotations

from typing import Final

from policy_engine.documents.vocabulary import ResourceKind
from policy_engine.parsers.sql.names import render
from policy_engine.parsers.sql.postgres.analysis import Analysis
from policy_engine.parsers.sql.postgres.tree import Node, strings, tagged

_RELATIONS: Final[dict[str, ResourceKind]] = {
    "OBJECT_TABLE": ResourceKind.TABLE,
    "OBJECT_FOREIGN_TABLE": ResourceKind.TABLE,
    "OBJECT_VIEW": ResourceKind.VIEW,
    "OBJECT_MATVIEW": ResourceKind.VIEW,
    "OBJECT_SEQUENCE": ResourceKind.SEQUENCE,
    "OBJECT_INDEX": ResourceKind.INDEX,
}
# Named as table plus own name: they are acted on as part of the table.
_OF_TABLE: Final = frozenset(
    {"OBJECT_COLUMN", "OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY"}
)
_KINDS: Final[dict[str, ResourceKind]] = {
    "OBJECT_AGGREGATE": ResourceKind.FUNCTION,
    "OBJECT_FUNCTION": ResourceKind.FUNCTION,
    "OBJECT_PROCEDURE": ResourceKind.FUNCTION,
    "OBJECT_ROUTINE": ResourceKind.FUNCTION,
    "OBJECT_OPERATOR": ResourceKind.FUNCTION,
    "OBJECT_DATABASE": ResourceKind.DATABASE,
    "OBJECT_SCHEMA": ResourceKind.SCHEMA,
    "OBJECT_ROLE": ResourceKind.ROLE,
    "OBJECT_TYPE": ResourceKind.TYPE,
    "OBJECT_DOMAIN": ResourceKind.TYPE,
    "OBJECT_DOMCONSTRAINT": ResourceKind.TYPE,
    "OBJECT_ATTRIBUTE": ResourceKind.TYPE,
    "OBJECT_PARAMETER_ACL": ResourceKind.SETTING,
}


def object_kind(object_type: object) -> ResourceKind:
    """Return the kind of an ObjectType; what has no kind of its own is an `extension`."""
    name = str(object_type or "OBJECT_ACCESS_METHOD")
    if name in _OF_TABLE:
        return ResourceKind.TABLE
    return _RELATIONS.get(name) or _KINDS.get(name, ResourceKind.EXTENSION)


def object_name(analysis: Analysis, node: object, object_type: object = None) -> str:
    """Return the name of an object given as String, List, TypeName, ObjectWithArgs or RangeVar."""
    parts = _parts(node)
    name = str(object_type or "")
    if name in _OF_TABLE:
        parts = parts[:-1]
    if parts and (name in _OF_TABLE or name in _RELATIONS):
        schema = parts[-2] if len(parts) > 1 else None
        schema, _ = analysis.resolve(parts[-1], schema)
        parts = [schema, parts[-1]] if schema is not None else [parts[-1]]
    return render(parts)


def _parts(node: object) -> list[str]:
    found = tagged(node)
    if found is None:
        return []
    tag, body = found
    if tag == "String":
        return [str(body.get("sval", ""))]
    if tag == "List":
        items = body.get("items", [])
        plain = strings(items)
        return plain or [part for item in items for part in _parts(item)]
    if tag == "TypeName":
        return strings(body.get("names"))
    if tag == "ObjectWithArgs":
        return strings(body.get("objname"))
    if tag == "RangeVar":
        return [part for part in (body.get("schemaname"), body.get("relname")) if part]
    return []


def role_name(node: Node | None) -> str:
    """Return the name of a RoleSpec (its fields); the special ones in upper case, as nobody can be called so."""
    if not node:
        return "CURRENT_USER"
    kind = str(node.get("roletype", "ROLESPEC_CSTRING"))
    if kind == "ROLESPEC_CSTRING":
        return render([str(node.get("rolename", ""))])
    # "public" is reserved: no role can have that name.
    return "public" if kind == "ROLESPEC_PUBLIC" else kind.removeprefix("ROLESPEC_")
