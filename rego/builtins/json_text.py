"""`json.marshal`, `json.unmarshal` and `json.is_valid`."""

from __future__ import annotations

import json
from typing import Any

from policy_engine.rego.builtins.go_text import INVALID, quote, replace_invalid, to_bytes
from policy_engine.rego.builtins.operands import pairs, rego_object, string
from policy_engine.rego.builtins.registry import BuiltinError, BuiltinTypeError, builtin
from policy_engine.rego.errors import RegoInputError
from policy_engine.rego.value_model import (
    RegoSet,
    from_json,
    json_text,
    key_text,
    parse_number,
    string_text,
    type_name,
)


@builtin("json.marshal", arity=1)
def marshal(value: Any) -> str:
    """The value as JSON text without spaces."""
    return _escape_invalid(json_text(value))


@builtin("json.marshal_with_options", arity=2)
def marshal_with_options(value: Any, options: Any) -> str:
    """The value as JSON text, over several lines if `pretty`, or if `indent` or `prefix` are given."""
    indent, prefix, pretty = "\t", "", None
    asked = False
    for name, option in pairs(rego_object(options, 2)):
        if type(name) is not str:
            raise BuiltinTypeError("operand 2 failed to stringify a key that is no string")
        if name == "pretty":
            if type(option) is not bool:
                raise BuiltinTypeError('operand 2 key "pretty" failed cast to bool')
            pretty = option
        elif name in ("indent", "prefix"):
            if type(option) is not str:
                raise BuiltinTypeError(
                    f'operand 2 key "{name}" failed cast to string: operand 0 must be string but got {type_name(option)}'
                )
            asked = True
            indent, prefix = (option, prefix) if name == "indent" else (indent, option)
        else:
            raise BuiltinTypeError(f"operand 2 object contained unknown key {quote(name)}")
    if not (asked if pretty is None else pretty):
        return marshal(value)
    lines: list[str] = []
    _indented(value, prefix, indent, 0, lines)
    return _escape_invalid(prefix + "".join(lines))


def _escape_invalid(text: str) -> str:
    """Bytes that are no characters are written as the escape of U+FFFD."""
    return text if text.isascii() else INVALID.sub(r"\\ufffd", text)


def _indented(value: Any, prefix: str, indent: str, depth: int, parts: list[str]) -> None:
    if type(value) is dict:
        entries = sorted(((key_text(name), item) for name, item in value.items()), key=lambda entry: entry[0])
        _block(
            "{}", [(string_text(name) + ": ", item) for name, item in entries], prefix, indent, depth, parts
        )
    elif type(value) is list or type(value) is RegoSet:
        _block("[]", [("", item) for item in value], prefix, indent, depth, parts)
    else:
        parts.append(json_text(value))


def _block(
    marks: str, entries: list[tuple[str, Any]], prefix: str, indent: str, depth: int, parts: list[str]
) -> None:
    parts.append(marks[0])
    for number, (label, item) in enumerate(entries):
        parts.append(f"{',' if number else ''}\n{prefix}{indent * (depth + 1)}{label}")
        _indented(item, prefix, indent, depth + 1, parts)
    if entries:
        parts.append(f"\n{prefix}{indent * depth}")
    parts.append(marks[1])


@builtin("json.unmarshal", arity=1)
def unmarshal(text: Any) -> Any:
    """The value that JSON text writes."""
    return parse(string(text, 1))


def parse(text: str) -> Any:
    """The value that JSON text writes, every digit kept; raises `BuiltinError`."""
    clean = to_bytes(text).decode("utf-8", "replace")
    try:
        loaded = json.loads(clean, parse_float=parse_number, parse_int=parse_number, parse_constant=_refuse)
        return from_json(_whole_characters(loaded) if "\\u" in clean else loaded, what="the text")
    except (ValueError, RecursionError) as error:
        raise BuiltinError(f"the text is not JSON: {error}") from None
    except RegoInputError as error:
        raise BuiltinError(str(error)) from None


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _whole_characters(value: Any) -> Any:
    """Escapes of half a character become U+FFFD, as in Go."""
    if type(value) is str:
        return replace_invalid(value)
    if type(value) is list:
        return [_whole_characters(item) for item in value]
    if type(value) is dict:
        return {replace_invalid(name): _whole_characters(item) for name, item in value.items()}
    return value


@builtin("json.is_valid", arity=1)
def is_valid(text: Any) -> bool:
    """Whether it is JSON text."""
    if type(text) is not str:
        return False
    clean = to_bytes(text).decode("utf-8", "replace")
    try:
        json.loads(clean, parse_float=len, parse_int=len, parse_constant=_refuse)
    except RecursionError:
        raise BuiltinError("the text is nested too deep") from None
    except ValueError:
        return False
    return True
