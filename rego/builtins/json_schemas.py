"""`json.match_schema` and `json.verify_schema`: JSON Schema with the words that OPA reports errors in.

Errors stand in the order of the schema's keywords; among the keys of an object in the order of their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final, NamedTuple

from policy_engine.rego.builtins import json_text
from policy_engine.rego.builtins.go_text import to_bytes
from policy_engine.rego.builtins.re2_patterns import compiled
from policy_engine.rego.builtins.registry import BuiltinContext, BuiltinError, builtin
from policy_engine.rego.builtins.schema_check import TYPES, check, resolve
from policy_engine.rego.builtins.schema_formats import meets
from policy_engine.rego.value_model import as_decimal, equal, is_number, number_text, to_json, type_name
from policy_engine.rego.value_model import json_text as text_of

_MAX_DEPTH: Final = 200


class _Error(NamedTuple):
    kind: str
    path: tuple[str, ...]
    description: str

    def shown(self) -> dict[str, str]:
        field = ".".join(self.path) or "(Root)"
        text = self.description.replace("{field}", field)
        return {"error": f"{field}: {text}", "type": self.kind, "field": field, "desc": text}


_Errors = Iterator[_Error]
_Path = tuple[str, ...]


def _document(value: Any) -> Any:
    """JSON given as text, as an object or as an array."""
    if type(value) is str:
        try:
            return json_text.parse(value)
        except BuiltinError:
            raise BuiltinError("invalid JSON string") from None
    if type(value) not in (dict, list):
        raise BuiltinError("wrong type, expected string or object")
    return to_json(value)


@builtin("json.verify_schema", arity=1)
def verify_schema(schema: Any) -> list[Any]:
    """[true, null] for a schema, else [false, what is wrong]."""
    try:
        check(_document(schema))
    except BuiltinError as error:
        return [False, f"jsonschema: {error.message}"]
    return [True, None]


@builtin("json.match_schema", arity=2, context=True)
def match_schema(context: BuiltinContext, document: Any, schema: Any) -> list[Any]:
    """[whether the document has the shape that the schema asks for, errors]."""
    value, wanted = _document(document), _document(schema)
    check(wanted)
    errors = [error.shown() for error in _Validator(context, wanted).validate(wanted, value, ())]
    return [not errors, errors]


class _Validator:
    """Validates values by the parts of one schema."""

    def __init__(self, context: BuiltinContext, root: Any) -> None:
        self.context, self.root = context, root
        self.depth = 0

    def validate(self, schema: Any, value: Any, path: _Path) -> _Errors:
        """What is wrong with `value`."""
        self.context.charge(1)
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise BuiltinError(f"the schema and the document are nested deeper than {_MAX_DEPTH} levels")
        try:
            yield from self.check(schema, value, path)
        finally:
            self.depth -= 1

    def check(self, schema: Any, value: Any, path: _Path) -> _Errors:
        if type(schema) is bool:
            if not schema:
                yield _Error("false", path, "False always fails validation")
            return
        if "$ref" in schema:
            yield from self.validate(resolve(self.root, schema), value, path)
            return
        problem = _type_problem(schema, value)
        if problem is not None:
            yield _Error("invalid_type", path, problem)
            return
        yield from self.combined(schema, value, path)
        yield from _number_errors(schema, value, path)
        yield from self.array_errors(schema, value, path)
        yield from self.object_errors(schema, value, path)
        yield from _common_errors(schema, value, path)
        yield from _string_errors(schema, value, path)
        if type(value) is dict:
            for name, part in schema.get("properties", {}).items():
                if name in value:
                    yield from self.validate(part, value[name], (*path, name))

    def all_errors(self, schema: Any, value: Any, path: _Path) -> list[_Error]:
        return list(self.validate(schema, value, path))

    def combined(self, schema: Any, value: Any, path: _Path) -> _Errors:
        if schema.get("anyOf"):
            results = [self.all_errors(part, value, path) for part in schema["anyOf"]]
            if all(results):
                yield _Error("number_any_of", path, "Must validate at least one schema (anyOf)")
                yield from min(results, key=len)
        if schema.get("oneOf"):
            results = [self.all_errors(part, value, path) for part in schema["oneOf"]]
            valid = sum(not errors for errors in results)
            if valid != 1:
                yield _Error("number_one_of", path, "Must validate one and only one schema (oneOf)")
                yield from min(results, key=len) if not valid else ()
        if schema.get("allOf"):
            results = [self.all_errors(part, value, path) for part in schema["allOf"]]
            for errors in results:
                yield from errors
            if any(results):
                yield _Error("number_all_of", path, "Must validate all the schemas (allOf)")
        if "not" in schema and not self.all_errors(schema["not"], value, path):
            yield _Error("number_not", path, "Must not validate the schema (not)")
        yield from self.dependencies(schema, value, path)
        yield from self.conditions(schema, value, path)

    def dependencies(self, schema: Any, value: Any, path: _Path) -> _Errors:
        if type(value) is not dict:
            return
        for name in sorted(value):
            wanted = schema.get("dependencies", {}).get(name)
            if type(wanted) is list:
                for other in wanted:
                    if other not in value:
                        yield _Error("missing_dependency", path, f"Has a dependency on {other}")
            elif wanted is not None:
                yield from self.validate(wanted, value, path)

    def conditions(self, schema: Any, value: Any, path: _Path) -> _Errors:
        if "if" not in schema:
            return
        holds = not self.all_errors(schema["if"], value, path)
        branch = "then" if holds else "else"
        if branch in schema:
            errors = self.all_errors(schema[branch], value, path)
            if errors:
                was = "was" if holds else "was not"
                yield _Error(f"condition_{branch}", path, f'Must validate "{branch}" as "if" {was} valid')
                yield from errors

    def array_errors(self, schema: Any, value: Any, path: _Path) -> _Errors:
        if type(value) is not list:
            return
        items = schema.get("items", [])
        if type(items) is not list:
            for at, item in enumerate(value):
                yield from self.validate(items, item, (*path, str(at)))
        else:
            for at, (part, item) in enumerate(zip(items, value, strict=False)):
                yield from self.validate(part, item, (*path, str(at)))
            if 0 < len(items) < len(value):
                yield from self.additional_items(schema.get("additionalItems", True), value, len(items), path)
        if len(value) < schema.get("minItems", 0):
            yield _Error("array_min_items", path, f"Array must have at least {schema['minItems']} items")
        if len(value) > schema.get("maxItems", len(value)):
            yield _Error("array_max_items", path, f"Array must have at most {schema['maxItems']} items")
        if schema.get("uniqueItems"):
            yield from _duplicates(value, path)
        if "contains" in schema:
            results = [
                self.all_errors(schema["contains"], item, (*path, str(at))) for at, item in enumerate(value)
            ]
            if all(results):
                yield _Error("contains", path, "At least one of the items must match")
                yield from min(results, key=len, default=[])

    def additional_items(self, schema: Any, value: list[Any], start: int, path: _Path) -> _Errors:
        if schema is False:
            yield _Error("array_no_additional_items", path, "No additional items allowed on array")
        elif schema is not True:
            for at in range(start, len(value)):
                yield from self.validate(schema, value[at], (*path, str(at)))

    def object_errors(self, schema: Any, value: Any, path: _Path) -> _Errors:
        if type(value) is not dict:
            return
        if len(value) < schema.get("minProperties", 0):
            yield _Error(
                "array_min_properties", path, f"Must have at least {schema['minProperties']} properties"
            )
        if len(value) > schema.get("maxProperties", len(value)):
            yield _Error(
                "array_max_properties", path, f"Must have at most {schema['maxProperties']} properties"
            )
        for name in schema.get("required", []):
            if name not in value:
                yield _Error("required", path, f"{name} is required")
        for name in sorted(value):
            yield from self.property_errors(schema, name, value[name], path)
        if "propertyNames" in schema:
            for name in sorted(value):
                errors = self.all_errors(schema["propertyNames"], name, path)
                if errors:
                    yield _Error("invalid_property_name", path, f'Property name of "{name}" does not match')
                    yield from errors

    def property_errors(self, schema: Any, name: str, value: Any, path: _Path) -> _Errors:
        described = name in schema.get("properties", {})
        for pattern, part in schema.get("patternProperties", {}).items():
            if compiled(pattern).search(to_bytes(name)) is not None:
                described = True
                yield from self.validate(part, value, (*path, name))
        additional = schema.get("additionalProperties", True)
        if described or additional is True:
            return
        if additional is False:
            yield _Error(
                "additional_property_not_allowed", path, f"Additional property {name} is not allowed"
            )
        else:
            yield from self.validate(additional, value, (*path, name))


def _type_problem(schema: Any, value: Any) -> str | None:
    if "type" not in schema:
        return None
    allowed = schema["type"] if type(schema["type"]) is list else [schema["type"]]
    given = type_name(value)
    if given == "number" and type(value) is int:
        given = "integer"
    if not allowed or given in allowed or (given == "integer" and "number" in allowed):
        return None
    ordered = [name for name in allowed if name in TYPES]
    shown = ordered[0] if len(ordered) == 1 else "[" + ",".join(ordered) + "]"
    return f"Invalid type. Expected: {shown}, given: {given}"


def _number_errors(schema: Any, value: Any, path: _Path) -> _Errors:
    if not is_number(value):
        return
    number = as_decimal(value)
    if "multipleOf" in schema and Fraction(number) % Fraction(as_decimal(schema["multipleOf"])):
        yield _Error("multiple_of", path, f"Must be a multiple of {number_text(schema['multipleOf'])}")
    for side, less, more in (("max", "less", "lt"), ("min", "greater", "gt")):
        limit, exclusive = schema.get(f"{side}imum"), schema.get(f"exclusive{side.capitalize()}imum")
        if exclusive is True:
            limit, exclusive = None, limit
        sign = 1 if side == "max" else -1
        if limit is not None and (number - as_decimal(limit)) * sign > 0:
            yield _Error(f"number_{more}e", path, f"Must be {less} than or equal to {number_text(limit)}")
        if is_number(exclusive) and (number - as_decimal(exclusive)) * sign >= 0:
            yield _Error(f"number_{more}", path, f"Must be {less} than {number_text(exclusive)}")


def _common_errors(schema: Any, value: Any, path: _Path) -> _Errors:
    if "const" in schema and not equal(schema["const"], value):
        yield _Error("const", path, "{field} does not match: " + text_of(schema["const"]))
    if "enum" in schema and not any(equal(item, value) for item in schema["enum"]):
        allowed = ", ".join(map(text_of, schema["enum"]))
        yield _Error("enum", path, "{field} must be one of the following: " + allowed)
    if "format" in schema and not meets(schema["format"], value):
        yield _Error("format", path, f"Does not match format '{schema['format']}'")


def _string_errors(schema: Any, value: Any, path: _Path) -> _Errors:
    if type(value) is not str:
        return
    if len(value) < schema.get("minLength", 0):
        yield _Error(
            "string_gte", path, f"String length must be greater than or equal to {schema['minLength']}"
        )
    if len(value) > schema.get("maxLength", len(value)):
        yield _Error("string_lte", path, f"String length must be less than or equal to {schema['maxLength']}")
    if "pattern" in schema and compiled(schema["pattern"]).search(to_bytes(value)) is None:
        yield _Error("pattern", path, f"Does not match pattern '{schema['pattern']}'")


def _duplicates(value: list[Any], path: _Path) -> _Errors:
    seen: dict[str, int] = {}
    for at, item in enumerate(value):
        text = text_of(item)
        if text in seen:
            yield _Error("unique", path, f"array items[{seen[text]},{at}] must be unique")
        seen[text] = at
