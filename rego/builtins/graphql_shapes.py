"""GraphQL documents as objects with the names that OPA's parser (gqlparser) gives the parts, and back to text.

What is null or an empty list is left out; empty texts and false stay, as in OPA.
"""

from __future__ import annotations

import json
from typing import Any, Final

from policy_engine.rego.builtins.registry import BuiltinError

Shape = dict[str, Any]

_VALUE_KINDS: Final = {
    "variable": 0,
    "int_value": 1,
    "float_value": 2,
    "string_value": 3,
    "boolean_value": 5,
    "null_value": 6,
    "enum_value": 7,
    "list_value": 8,
    "object_value": 9,
}
_BLOCK_TEXT: Final = 4
_DEFINITION_KINDS: Final = {
    "scalar_type": "SCALAR",
    "object_type": "OBJECT",
    "interface_type": "INTERFACE",
    "union_type": "UNION",
    "enum_type": "ENUM",
    "input_object_type": "INPUT_OBJECT",
}


def _kept(shape: Shape) -> Shape:
    return {name: item for name, item in shape.items() if item is not None and item != [] and item != {}}


def _name(node: Any) -> str:
    return node.name.value if getattr(node, "name", None) is not None else ""


def _description(node: Any) -> str:
    found = getattr(node, "description", None)
    return "" if found is None else found.value


def query_shape(document: Any) -> Shape:
    """A document of operations and fragments."""
    operations, fragments = [], []
    for node in document.definitions:
        if node.kind == "operation_definition":
            operations.append(_operation(node))
        elif node.kind == "fragment_definition":
            fragments.append(_fragment(node))
        else:
            raise BuiltinError(f"Unexpected {node.kind} in GraphQL string: a query can't define types")
    return _kept({"Operations": operations, "Fragments": fragments})


def _operation(node: Any) -> Shape:
    return _kept(
        {
            "Operation": node.operation.value,
            "Name": _name(node),
            "VariableDefinitions": [_variable(item) for item in node.variable_definitions or ()],
            "Directives": _directives(node),
            "SelectionSet": _selections(node),
        }
    )


def _fragment(node: Any) -> Shape:
    return _kept(
        {
            "Name": _name(node),
            "VariableDefinition": [_variable(item) for item in node.variable_definitions or ()],
            "TypeCondition": node.type_condition.name.value,
            "Directives": _directives(node),
            "SelectionSet": _selections(node),
        }
    )


def _variable(node: Any) -> Shape:
    return _kept(
        {
            "Variable": node.variable.name.value,
            "Type": _type(node.type),
            "DefaultValue": None if node.default_value is None else _value(node.default_value),
            "Directives": _directives(node),
            "Used": False,
        }
    )


def _selections(node: Any) -> list[Shape]:
    chosen = getattr(node, "selection_set", None)
    return [] if chosen is None else [_selection(item) for item in chosen.selections]


def _selection(node: Any) -> Shape:
    if node.kind == "field":
        return _kept(
            {
                "Alias": node.alias.value if node.alias is not None else node.name.value,
                "Name": node.name.value,
                "Arguments": _arguments(node),
                "Directives": _directives(node),
                "SelectionSet": _selections(node),
            }
        )
    if node.kind == "fragment_spread":
        return _kept({"Name": node.name.value, "Directives": _directives(node)})
    condition = node.type_condition.name.value if node.type_condition is not None else ""
    return _kept(
        {"TypeCondition": condition, "Directives": _directives(node), "SelectionSet": _selections(node)}
    )


def _arguments(node: Any) -> list[Shape]:
    return [{"Name": item.name.value, "Value": _value(item.value)} for item in node.arguments or ()]


def _directives(node: Any) -> list[Shape]:
    return [
        _kept({"Name": item.name.value, "Arguments": _arguments(item), "Location": ""})
        for item in node.directives or ()
    ]


def _type(node: Any) -> Shape:
    required = node.kind == "non_null_type"
    inner = node.type if required else node
    if inner.kind == "list_type":
        return {"NamedType": "", "Elem": _type(inner.type), "NonNull": required}
    return {"NamedType": inner.name.value, "NonNull": required}


def _value(node: Any) -> Shape:
    kind = _BLOCK_TEXT if getattr(node, "block", False) else _VALUE_KINDS[node.kind]
    children: list[Shape] = []
    raw = ""
    if node.kind == "variable":
        raw = node.name.value
    elif node.kind == "boolean_value":
        raw = "true" if node.value else "false"
    elif node.kind == "null_value":
        raw = "null"
    elif node.kind == "list_value":
        children = [{"Name": "", "Value": _value(item)} for item in node.values]
    elif node.kind == "object_value":
        children = [{"Name": item.name.value, "Value": _value(item.value)} for item in node.fields]
    else:
        raw = node.value
    return _kept({"Raw": raw, "Children": children, "Kind": kind, "ExpectedTypeHasDefault": False})


def schema_shape(document: Any) -> Shape:
    """A document of types and directives."""
    parts: dict[str, list[Shape]] = {
        name: [] for name in ("Schema", "SchemaExtension", "Directives", "Definitions", "Extensions")
    }
    for node in document.definitions:
        if node.kind in ("schema_definition", "schema_extension"):
            parts["Schema" if node.kind == "schema_definition" else "SchemaExtension"].append(_schema(node))
        elif node.kind == "directive_definition":
            parts["Directives"].append(_directive_definition(node))
        elif node.kind.removesuffix("_definition") in _DEFINITION_KINDS:
            parts["Definitions"].append(_definition(node, node.kind.removesuffix("_definition")))
        elif node.kind.removesuffix("_extension") in _DEFINITION_KINDS:
            parts["Extensions"].append(_definition(node, node.kind.removesuffix("_extension")))
        else:
            raise BuiltinError(f"Unexpected {node.kind} in GraphQL string: a schema can't have operations")
    return _kept(parts)


def _schema(node: Any) -> Shape:
    types = [
        {"Operation": item.operation.value, "Type": item.type.name.value}
        for item in node.operation_types or ()
    ]
    return _kept(
        {"Description": _description(node), "Directives": _directives(node), "OperationTypes": types}
    )


def _directive_definition(node: Any) -> Shape:
    return _kept(
        {
            "Description": _description(node),
            "Name": _name(node),
            "Arguments": [_argument_definition(item) for item in node.arguments or ()],
            "Locations": [item.value for item in node.locations],
            "IsRepeatable": node.repeatable,
        }
    )


def _argument_definition(node: Any) -> Shape:
    return _kept(
        {
            "Description": _description(node),
            "Name": _name(node),
            "DefaultValue": None if node.default_value is None else _value(node.default_value),
            "Type": _type(node.type),
            "Directives": _directives(node),
        }
    )


def _definition(node: Any, kind: str) -> Shape:
    fields = getattr(node, "fields", None) or ()
    convert = _argument_definition if kind == "input_object_type" else _field_definition
    return _kept(
        {
            "Kind": _DEFINITION_KINDS[kind],
            "Description": _description(node),
            "Name": _name(node),
            "Directives": _directives(node),
            "Interfaces": [item.name.value for item in getattr(node, "interfaces", None) or ()],
            "Fields": [convert(item) for item in fields],
            "Types": [item.name.value for item in getattr(node, "types", None) or ()],
            "EnumValues": [_enum_value(item) for item in getattr(node, "values", None) or ()],
            "BuiltIn": False,
        }
    )


def _field_definition(node: Any) -> Shape:
    return _kept(
        {
            "Description": _description(node),
            "Name": _name(node),
            "Arguments": [_argument_definition(item) for item in node.arguments or ()],
            "Type": _type(node.type),
            "Directives": _directives(node),
        }
    )


def _enum_value(node: Any) -> Shape:
    return _kept({"Description": _description(node), "Name": _name(node), "Directives": _directives(node)})


# --- back to text, for operands that are given as objects -----------------------------------------------------------


def query_text(shape: Shape) -> str:
    """GraphQL text of a document of operations and fragments."""
    parts = []
    for item in shape.get("Operations") or ():
        variables = _variables_text(item.get("VariableDefinitions"))
        head = f"{item.get('Operation') or 'query'} {item.get('Name', '')}{variables}"
        parts.append(head + _directives_text(item) + _selections_text(item))
    for item in shape.get("Fragments") or ():
        head = f"fragment {item['Name']}{_variables_text(item.get('VariableDefinition'))} on {item['TypeCondition']}"
        parts.append(head + _directives_text(item) + _selections_text(item))
    return "\n".join(parts)


def _variables_text(variables: Any) -> str:
    texts = [
        f"${item['Variable']}: {_type_text(item['Type'])}{_default_text(item)}{_directives_text(item)}"
        for item in variables or ()
    ]
    return f"({', '.join(texts)})" if texts else ""


def _selections_text(item: Shape) -> str:
    chosen = item.get("SelectionSet") or ()
    return " { " + " ".join(map(_selection_text, chosen)) + " }" if chosen else ""


def _selection_text(item: Shape) -> str:
    if "Alias" in item:
        return f"{item['Alias']}: {item['Name']}{_arguments_text(item)}{_directives_text(item)}{_selections_text(item)}"
    if "Name" in item:
        return f"...{item['Name']}{_directives_text(item)}"
    condition = f" on {item['TypeCondition']}" if item.get("TypeCondition") else ""
    return f"...{condition}{_directives_text(item)}{_selections_text(item)}"


def _arguments_text(item: Shape) -> str:
    texts = [
        f"{argument['Name']}: {_value_text(argument['Value'])}" for argument in item.get("Arguments") or ()
    ]
    return f"({', '.join(texts)})" if texts else ""


def _directives_text(item: Shape) -> str:
    return "".join(f" @{used['Name']}{_arguments_text(used)}" for used in item.get("Directives") or ())


def _type_text(item: Shape) -> str:
    name = item.get("NamedType") or f"[{_type_text(item['Elem'])}]"
    return name + ("!" if item.get("NonNull") else "")


def _default_text(item: Shape) -> str:
    return f" = {_value_text(item['DefaultValue'])}" if item.get("DefaultValue") else ""


def _value_text(item: Shape) -> str:
    kind, raw, children = item.get("Kind", 0), item.get("Raw", ""), item.get("Children") or ()
    if kind == 0:
        return f"${raw}"
    if kind in (3, _BLOCK_TEXT):
        return json.dumps(raw)
    if kind == 8:
        return "[" + ", ".join(_value_text(child["Value"]) for child in children) + "]"
    if kind == 9:
        return "{" + ", ".join(f"{child['Name']}: {_value_text(child['Value'])}" for child in children) + "}"
    return str(raw)


def schema_text(shape: Shape) -> str:
    """GraphQL text of a document of types and directives."""
    parts = []
    for name, prefix in (("Schema", ""), ("SchemaExtension", "extend ")):
        for item in shape.get(name) or ():
            types = [f"{entry['Operation']}: {entry['Type']}" for entry in item.get("OperationTypes") or ()]
            body = " { " + " ".join(types) + " }" if types else ""
            parts.append(f"{prefix}schema{_directives_text(item)}{body}")
    for item in shape.get("Directives") or ():
        repeatable = " repeatable" if item.get("IsRepeatable") else ""
        arguments = _fields_text(item.get("Arguments"), "(", ")")
        parts.append(f"directive @{item['Name']}{arguments}{repeatable} on {' | '.join(item['Locations'])}")
    for name, prefix in (("Definitions", ""), ("Extensions", "extend ")):
        parts.extend(prefix + _definition_text(item) for item in shape.get(name) or ())
    return "\n".join(parts)


_KEYWORDS: Final = {
    "SCALAR": "scalar",
    "OBJECT": "type",
    "INTERFACE": "interface",
    "UNION": "union",
    "ENUM": "enum",
    "INPUT_OBJECT": "input",
}


def _definition_text(item: Shape) -> str:
    parents = item.get("Interfaces") or ()
    head = f"{_KEYWORDS[item['Kind']]} {item['Name']}"
    head += f" implements {' & '.join(parents)}" if parents else ""
    head += _directives_text(item)
    if item.get("Types"):
        return f"{head} = {' | '.join(item['Types'])}"
    if item.get("EnumValues"):
        return (
            head
            + " { "
            + " ".join(value["Name"] + _directives_text(value) for value in item["EnumValues"])
            + " }"
        )
    return head + _fields_text(item.get("Fields"), " { ", " }")


def _fields_text(fields: Any, opening: str, closing: str) -> str:
    texts = [
        f"{item['Name']}{_fields_text(item.get('Arguments'), '(', ')')}: {_type_text(item['Type'])}"
        f"{_default_text(item)}{_directives_text(item)}"
        for item in fields or ()
    ]
    return opening + " ".join(texts) + closing if texts else ""
