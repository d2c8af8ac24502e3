"""`graphql.*`: parse queries and schemas, and hold queries to schemas, with graphql-core.

As in OPA, a schema may lack a query type, and may extend types that it doesn't define.
"""

from __future__ import annotations

import functools
from typing import Any, Final

from policy_engine.rego.builtins.graphql_shapes import query_shape, query_text, schema_shape, schema_text
from policy_engine.rego.builtins.operands import string, wrong_type
from policy_engine.rego.builtins.registry import BuiltinError, builtin
from policy_engine.rego.value_model import to_json

_MAX_TOKENS: Final = 50_000
_NO_QUERY_TYPE: Final = "Query root type must be provided"


def _parse(text: str) -> Any:
    """The syntax tree of GraphQL text, which may be empty."""
    from graphql import GraphQLError, Lexer, Source, TokenKind, parse
    from graphql.language import DocumentNode

    try:
        if Lexer(Source(text)).advance().kind is TokenKind.EOF:
            return DocumentNode(definitions=())
        return parse(
            text,
            max_tokens=_MAX_TOKENS,
            experimental_fragment_arguments=True,
            allow_empty_selection_sets=False,
        )
    except GraphQLError as error:
        raise _parse_error(error) from None
    except RecursionError:
        raise BuiltinError("GraphQL parse error: the text is nested too deep") from None


def _parse_error(error: Any) -> BuiltinError:
    reason = error.message.removeprefix("Syntax Error: ").removesuffix(".").replace("'", '"')
    place = error.locations[0] if error.locations else None
    where = f" in GraphQL string at location {place.line}:{place.column}" if place else ""
    return BuiltinError(reason + where)


def _text(value: Any, position: int, kind: str) -> str:
    """The text of an operand; one given as an object is written as text first."""
    if type(value) is str:
        return value
    if type(value) is not dict:
        raise wrong_type(position, value, "string", "object")
    try:
        return (query_text if kind == "query" else schema_text)(to_json(value))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BuiltinError(f"the object is not a GraphQL {kind}: {error!r}") from None


@functools.lru_cache(maxsize=32)
def _schema(text: str) -> Any:
    """The checked schema of a text."""
    from graphql import GraphQLError, build_ast_schema, validate_schema
    from graphql.validation.validate import validate_sdl

    document = _with_missing_types(_parse(text))
    try:
        errors = list(validate_sdl(document))
        schema = None if errors else build_ast_schema(document, assume_valid_sdl=True)
        if schema is not None:
            errors = [
                error for error in validate_schema(schema) if not error.message.startswith(_NO_QUERY_TYPE)
            ]
    except (GraphQLError, TypeError, ValueError, RecursionError) as error:
        raise BuiltinError(f"Error in gqlparser SchemaDocument to Schema conversion: {error}") from None
    if errors:
        raise BuiltinError(f"Error in gqlparser SchemaDocument to Schema conversion: {errors[0].message}")
    return schema


def _with_missing_types(document: Any) -> Any:
    """Makes of the first extension of a type that isn't defined its definition."""
    from graphql import language

    defined = {node.name.value for node in document.definitions if node.kind.endswith("_type_definition")}
    nodes = []
    for node in document.definitions:
        changed = node
        if node.kind.endswith("_type_extension") and node.name.value not in defined:
            defined.add(node.name.value)
            form = getattr(language, type(node).__name__.replace("ExtensionNode", "DefinitionNode"))
            fields = {name: getattr(node, name) for name in node.keys if name in form.keys}
            changed = form(**fields)
        nodes.append(changed)
    return language.DocumentNode(definitions=tuple(nodes))


def _check_query(query: str, schema: str) -> Any:
    """The syntax tree of a query that fits a schema; raises `BuiltinError`."""
    from graphql import specified_rules
    from graphql.validation import validate

    document, checked = _parse(query), _schema(schema)
    query_shape(document)
    try:
        schema_errors = getattr(checked, "_validation_errors", None)
        if schema_errors:
            checked._validation_errors = []  # a missing query type, which OPA allows
        errors = validate(checked, document, specified_rules, max_errors=1)
    except (TypeError, RecursionError) as error:
        raise BuiltinError(f"the query can't be checked: {error}") from None
    if errors:
        raise _parse_error(errors[0])
    return document


@builtin("graphql.parse_query", arity=1)
def parse_query(query: Any) -> dict[str, Any]:
    """The syntax tree of a query."""
    return query_shape(_parse(string(query, 1)))


@builtin("graphql.parse_schema", arity=1)
def parse_schema(schema: Any) -> dict[str, Any]:
    """The syntax tree of a schema."""
    return schema_shape(_parse(string(schema, 1)))


@builtin("graphql.parse", arity=2)
def parse_both(query: Any, schema: Any) -> list[Any]:
    """[syntax tree of the query, of the schema]; an error unless the query fits the schema."""
    query_source, schema_source = _text(query, 0, "query"), _text(schema, 1, "schema")
    document = _check_query(query_source, schema_source)
    return [query_shape(document), schema_shape(_parse(schema_source))]


@builtin("graphql.parse_and_verify", arity=2)
def parse_and_verify(query: Any, schema: Any) -> list[Any]:
    """[true, both syntax trees] when the query fits the schema, else [false, {}, {}]."""
    try:
        return [True, *parse_both(query, schema)]
    except BuiltinError as error:
        if error.code == "eval_type_error":
            raise
        return [False, {}, {}]


@builtin("graphql.is_valid", arity=2)
def is_valid(query: Any, schema: Any) -> bool:
    """Whether the query fits the schema."""
    try:
        _check_query(_text(query, 0, "query"), _text(schema, 1, "schema"))
    except BuiltinError:
        return False
    return True


@builtin("graphql.schema_is_valid", arity=1)
def schema_is_valid(schema: Any) -> bool:
    """Whether it is a schema."""
    try:
        _schema(_text(schema, 1, "schema"))
    except BuiltinError:
        return False
    return True
