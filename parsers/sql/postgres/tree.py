"""The JSON form of libpg_query's syntax tree: how to read it, and which node types are known.

A node is `{"ClassName": {field: value}}`; a field with a typed pointer (`relation`, `larg`, `alias`, …) holds the
fields without the class name; zero, false and empty values are left out; a NULL in a list is `{}`. Field names
start in lower case, class names in upper case. Locations are byte offsets into the UTF-8 text.
"""

from __future__ import annotations

from typing import Any, Final

Node = dict[str, Any]

# Node types in expressions that mean no more than their parts: whatever flows into a part flows into the whole.
TRANSPARENT: Final = frozenset(
    [
        "A_ArrayExpr",
        "A_Indices",
        "A_Star",
        "Alias",
        "BitString",
        "BoolExpr",
        "Boolean",
        "BooleanTest",
        "CaseExpr",
        "CaseWhen",
        "CoalesceExpr",
        "CollateClause",
        "CurrentOfExpr",
        "Float",
        "GroupingFunc",
        "GroupingSet",
        "Integer",
        "JsonArgument",
        "JsonArrayAgg",
        "JsonArrayConstructor",
        "JsonArrayQueryConstructor",
        "JsonBehavior",
        "JsonFormat",
        "JsonFuncExpr",
        "JsonIsPredicate",
        "JsonKeyValue",
        "JsonObjectAgg",
        "JsonObjectConstructor",
        "JsonOutput",
        "JsonParseExpr",
        "JsonReturning",
        "JsonScalarExpr",
        "JsonSerializeExpr",
        "JsonTablePathSpec",
        "JsonValueExpr",
        "List",
        "MergeSupportFunc",
        "MinMaxExpr",
        "NamedArgExpr",
        "NullTest",
        "ResTarget",
        "RowExpr",
        "SQLValueFunction",
        "SetToDefault",
        "String",
        "XmlExpr",
        "XmlSerialize",
    ]
)
# Node types inside DDL that define something; their expressions are looked into, the rest is structure.
STRUCTURE: Final = frozenset(
    [
        "ATAlterConstraint",
        "AccessPriv",
        "AlterTableCmd",
        "ColumnDef",
        "Constraint",
        "CreateOpClassItem",
        "DefElem",
        "FunctionParameter",
        "IndexElem",
        "InferClause",
        "ObjectWithArgs",
        "PartitionBoundSpec",
        "PartitionCmd",
        "PartitionElem",
        "PartitionRangeDatum",
        "PartitionSpec",
        "PublicationObjSpec",
        "PublicationTable",
        "ReplicaIdentityStmt",
        "ReturnStmt",
        "RoleSpec",
        "StatsElem",
        "TableLikeClause",
        "TriggerTransition",
        "TypeName",
        "VacuumRelation",
    ]
)


def tagged(node: object) -> tuple[str, Node] | None:
    """Return class name and fields of a tagged node, or None."""
    if isinstance(node, dict) and len(node) == 1:
        tag, body = next(iter(node.items()))
        if tag[0].isupper() and isinstance(body, dict):
            return tag, body
    return None


def body_of(node: object, tag: str) -> Node | None:
    """Return the fields of `node` when it is of class `tag`."""
    # Field names start in lower case: only a tagged node has its class as a key.
    return node.get(tag) if type(node) is dict else None


def strings(nodes: object) -> list[str]:
    """Return the values of a list of String nodes; other nodes are left out."""
    if type(nodes) is not list:
        return []
    return [node["String"].get("sval", "") for node in nodes if "String" in node]


def constant(node: object) -> str | int | bool | None:
    """Return the value of a literal (string, integer or boolean; a cast literal too), or None."""
    found = tagged(node)
    if found is None:
        return None
    tag, body = found
    if tag == "TypeCast":
        return constant(body.get("arg"))
    if tag == "String":
        return str(body.get("sval", ""))
    if tag == "Integer":
        return int(body.get("ival", 0))
    if tag == "Boolean":
        return bool(body.get("boolval", False))
    if tag != "A_Const":
        return None
    if "sval" in body:
        return str(body["sval"].get("sval", ""))
    if "ival" in body:
        return int(body["ival"].get("ival", 0))
    if "boolval" in body:
        return bool(body["boolval"].get("boolval", False))
    return None


def options(nodes: object) -> dict[str, Any]:
    """Return the arguments of a list of DefElem by lower-case name; an option without argument is True."""
    found: dict[str, Any] = {}
    for node in nodes if isinstance(nodes, list) else ():
        element = body_of(node, "DefElem")
        if element is not None:
            found[str(element.get("defname", "")).lower()] = element.get("arg", True)
    return found


def switched_on(options_: dict[str, Any], name: str) -> bool:
    """Tell whether a boolean option is given and not switched off, as PostgreSQL reads it."""
    if name not in options_:
        return False
    value = options_[name]
    if value is True:
        return True
    literal = constant(value)
    if isinstance(literal, str):
        return literal.lower() not in ("off", "false")
    return literal not in (0, False)
