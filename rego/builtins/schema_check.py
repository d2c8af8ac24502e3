"""Whether a document is a JSON Schema (drafts 4 to 7 mixed, as OPA takes them): the shape of every keyword.

`check` walks over the whole schema and raises `SchemaError` with OPA's words for the first thing wrong.
References stay within the document; one to another document would need the network, and is an error.
"""

from __future__ import annotations

from typing import Any, Final

from policy_engine.rego.builtins.re2_patterns import compiled
from policy_engine.rego.builtins.registry import BuiltinError
from policy_engine.rego.value_model import equal, is_number

TYPES: Final = ("array", "boolean", "integer", "number", "null", "object", "string")
_MAX_DEPTH: Final = 200

_MAPS: Final = ("properties", "patternProperties", "definitions", "dependencies")
_LISTS: Final = ("oneOf", "anyOf", "allOf")
_SINGLE: Final = (
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "additionalProperties",
    "additionalItems",
)
_COUNTS: Final = ("minLength", "maxLength", "minProperties", "maxProperties", "minItems", "maxItems")
_NUMBERS: Final = ("minimum", "maximum", "multipleOf")


class SchemaError(BuiltinError):
    """A document is no schema."""


def check(schema: Any) -> None:
    """Raise `SchemaError` unless `schema` is one."""
    if type(schema) not in (dict, bool):
        raise SchemaError("schema is invalid")
    waiting: list[tuple[Any, int]] = [(schema, 0)]
    while waiting:
        part, depth = waiting.pop()
        if type(part) is bool:
            continue
        if type(part) is not dict:
            raise SchemaError("Expected: Valid Schema, given: Invalid JSON")
        if depth > _MAX_DEPTH:
            raise SchemaError(f"the schema is nested deeper than {_MAX_DEPTH} levels")
        if "$ref" in part:
            resolve(schema, part)
            continue
        _check_keywords(part)
        waiting.extend((child, depth + 1) for child in reversed(_children(part)))


def resolve(root: Any, part: dict[str, Any]) -> Any:
    """The schema that `$ref` names; raises `SchemaError`."""
    seen = 0
    target: Any = part
    while type(target) is dict and "$ref" in target:
        reference = target["$ref"]
        if type(reference) is not str:
            raise _wrong("string", "$ref")
        if not reference.startswith("#"):
            raise SchemaError(
                f"`{reference}` leads to another document: only references within the schema are followed"
            )
        target = _pointed(root, reference[1:])
        seen += 1
        if seen > _MAX_DEPTH:
            raise SchemaError(f"the reference `{reference}` leads in a circle")
    return target


def _pointed(root: Any, pointer: str) -> Any:
    target = root
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if type(target) is dict and name in target:
            target = target[name]
        elif type(target) is list and name.isdecimal() and name.isascii() and int(name[:9]) < len(target):
            target = target[int(name[:9])]
        else:
            raise SchemaError(f"Object has no key '{name}'")
    return target


def _wrong(expected: str, given: str) -> SchemaError:
    return SchemaError(f"Invalid type. Expected: {expected}, given: {given}")


def _children(part: dict[str, Any]) -> list[Any]:
    found: list[Any] = []
    for name in _MAPS:
        found.extend(
            item for item in part.get(name, {}).values() if name != "dependencies" or type(item) is not list
        )
    for name in _LISTS:
        found.extend(part.get(name, []))
    found.extend(part[name] for name in _SINGLE if name in part)
    items = part.get("items", [])
    return found + (items if type(items) is list else [items])


def _check_keywords(part: dict[str, Any]) -> None:
    _check_type(part)
    for name in _MAPS:
        if name in part and type(part[name]) is not dict:
            raise SchemaError(f"{name[0].upper()}{name[1:]} must be of type object")
    for name in ("oneOf", "anyOf", "allOf", "enum", "required"):
        if name in part and type(part[name]) is not list:
            raise SchemaError(f"{name} must be of an array")
    for name in _SINGLE:
        if name in part and type(part[name]) not in (dict, bool):
            if name.startswith("additional"):
                raise _wrong("boolean/Valid Schema", name)
            raise SchemaError(f"{name} must be of an object")
    if "items" in part and type(part["items"]) not in (dict, bool, list):
        raise _wrong("Valid Schema/Array Of Schemas", "items")
    _check_numbers(part)
    _check_texts(part)
    if "uniqueItems" in part and type(part["uniqueItems"]) is not bool:
        raise SchemaError("uniqueItems must be of a boolean")
    _check_unique("required", part.get("required", []), only_strings=True)
    _check_unique("enum", part.get("enum", []))


def _check_type(part: dict[str, Any]) -> None:
    if "type" not in part:
        return
    names = part["type"] if type(part["type"]) is list else [part["type"]]
    if not all(type(name) is str for name in names):
        raise _wrong("type", "string/Array Of Strings")
    for name in names:
        if name not in TYPES:
            raise SchemaError(
                f"has a primitive type that is NOT VALID -- given: /{name}/ Expected valid values are:[{' '.join(TYPES)}]"
            )
        if names.count(name) > 1:
            raise SchemaError(f"{name} type is duplicated")


def _check_numbers(part: dict[str, Any]) -> None:
    for name in _COUNTS:
        if name in part:
            if type(part[name]) is not int:
                raise SchemaError(f"{name} must be of an integer")
            if part[name] < 0:
                raise SchemaError(f"{name} must be greater than or equal to 0")
    for what in ("Length", "Properties", "Items"):
        low, high = part.get(f"min{what}"), part.get(f"max{what}")
        if what != "Items" and low is not None and high is not None and low > high:
            raise SchemaError(f"min{what} cannot be greater than max{what}")
    for name in _NUMBERS:
        if name in part and not is_number(part[name]):
            raise SchemaError(f"{name} must be of a Number")
    if "multipleOf" in part and part["multipleOf"] <= 0:
        raise SchemaError("multipleOf must be strictly greater than 0")
    for name, base in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if name not in part or is_number(part[name]):
            continue
        if type(part[name]) is not bool:
            raise _wrong("boolean/number", name)
        if base not in part:
            raise SchemaError(f"{name} cannot be used without {base}")


def _check_texts(part: dict[str, Any]) -> None:
    for name in ("title", "description", "format", "pattern", "$id"):
        if name in part and type(part[name]) is not str:
            raise _wrong("string", name)
    if "pattern" in part and not _is_pattern(part["pattern"]):
        raise SchemaError("pattern must be a valid regex")
    for pattern in part.get("patternProperties", {}):
        if not _is_pattern(pattern):
            raise SchemaError(f"Invalid regex pattern '{pattern}'")
    for item in part.get("dependencies", {}).values():
        if type(item) is list and not all(type(name) is str for name in item):
            raise _wrong("schema or array of strings", "dependencies")


def _is_pattern(text: str) -> bool:
    try:
        compiled(text)
    except BuiltinError:
        return False
    return True


def _check_unique(name: str, items: list[Any], *, only_strings: bool = False) -> None:
    for at, item in enumerate(items):
        if only_strings and type(item) is not str:
            raise _wrong("string", name)
        if any(equal(item, other) for other in items[:at]):
            raise SchemaError(f"{name} items must be unique")
