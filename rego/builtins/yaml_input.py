"""`yaml.unmarshal` and `yaml.is_valid`: the first document of a YAML text, with scalars as OPA's YAML library reads them.

That is YAML 1.2's core schema, plus binary, `0o17` and (from YAML 1.1) `017` for octal numbers; `yes` and `on` and
dates stay text. Bundles are read by `rego/yaml_source.py`, which is stricter: here a policy's answer must be OPA's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from policy_engine.rego.builtins.go_float import shortest
from policy_engine.rego.builtins.go_text import replace_invalid
from policy_engine.rego.builtins.operands import string
from policy_engine.rego.builtins.registry import BuiltinError, BuiltinLimit, builtin
from policy_engine.rego.value_numbers import normal_number

_MAX_DEPTH: Final = 200
_MAX_NODES: Final = 200_000
_WORDS: Final[dict[str, Any]] = (
    dict.fromkeys(("", "~", "null", "Null", "NULL"), None)
    | dict.fromkeys(("true", "True", "TRUE"), True)
    | dict.fromkeys(("false", "False", "FALSE"), False)
)
_NOT_NUMBERS: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_INTEGER: Final = re.compile(
    r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII
)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = "plain"

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
}


def scalar(text: str) -> Any:
    """What an unquoted scalar means: null, a boolean, a number, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if not text or text[0] not in "+-.0123456789" or len(text) > 400:
        return text
    if _NOT_NUMBERS.fullmatch(text):
        raise BuiltinError(f"json: unsupported value: {text}")
    plain = text if text[0] == "." else text.replace("_", "")
    found = _INTEGER.fullmatch(plain)
    if found is not None and text[0] != ".":
        size = _integer(found)
        value = -size if found[1] == "-" else size
        if -(2**63) <= value < 2**64:
            return value
    if _FLOAT.fullmatch(plain):
        return _float(plain)
    return text


def _integer(found: re.Match[str]) -> int:
    for group, base in ((2, 16), (3, 2), (4, 8)):
        if found[group]:
            return int(found[group], base)
    return int(found[5])


def _float(text: str) -> Any:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return text
    return normal_number(value)


@builtin("yaml.unmarshal", arity=1)
def unmarshal(text: Any) -> Any:
    """The value that YAML text writes."""
    return _parse(string(text, 1))


@builtin("yaml.is_valid", arity=1)
def is_valid(text: Any) -> bool:
    """Whether it is YAML text that has a JSON form."""
    if type(text) is not str:
        return False
    try:
        _parse(text)
    except BuiltinError:
        return False
    return True


def _parse(text: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Leaves open what an unquoted scalar is, instead of deciding by YAML 1.1."""

        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            if kind is yaml.ScalarNode:
                return _PLAIN if implicit[0] else f"{_TAG}str"
            return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]

        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            self.depth += 1
            if self.depth > _MAX_DEPTH:
                raise BuiltinError(f"yaml: nested deeper than {_MAX_DEPTH} levels")
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

    loader = Loader(replace_invalid(text))
    try:
        first: Any = None
        count = 0
        while loader.check_node():
            node = loader.get_node()
            if loader.yaml_version not in (None, (1, 1)):
                raise BuiltinError("yaml: found incompatible YAML document")
            first = node if count == 0 else first
            count += 1
        return None if first is None else _Converter().value(first, 0)
    except yaml.YAMLError as error:
        raise BuiltinError(f"yaml: {_reason(error)}") from None
    except RecursionError:
        raise BuiltinError("yaml: the text is nested too deep") from None
    finally:
        loader.dispose()


def _reason(error: Any) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f"line {mark.line + 1}: {problem}" if mark is not None else str(problem)


class _Converter:
    """Nodes to values, counting what aliases multiply."""

    def __init__(self) -> None:
        self.left = _MAX_NODES
        self.open: set[int] = set()

    def value(self, node: Any, depth: int) -> Any:
        self.left -= 1
        if self.left < 0:
            raise BuiltinLimit(f"yaml: the document expands to more than {_MAX_NODES} values")
        if depth > _MAX_DEPTH or id(node) in self.open:
            raise BuiltinError(f"yaml: nested deeper than {_MAX_DEPTH} levels, or in itself")
        if node.id == "scalar":
            return _tagged(node)
        self.open.add(id(node))
        try:
            if node.id == "sequence":
                return [self.value(item, depth + 1) for item in node.value]
            return self.mapping(node, depth)
        finally:
            self.open.discard(id(node))

    def mapping(self, node: Any, depth: int) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for parent in self.merged(node):
            if parent.id != "mapping":
                raise BuiltinError("yaml: map merge requires map or sequence of maps as the value")
            for name, item in self.value(parent, depth + 1).items():
                result.setdefault(name, item)
        for key, item in node.value:
            if not _is_merge(key):
                result[_key(key)] = self.value(item, depth + 1)
        return result

    def merged(self, node: Any) -> Iterator[Any]:
        for key, item in node.value:
            if _is_merge(key):
                yield from item.value if item.id == "sequence" else [item]


def _is_merge(key: Any) -> bool:
    return bool(key.id == "scalar" and key.value == "<<" and key.tag == _PLAIN)


def _key(node: Any) -> str:
    """A key as JSON's text."""
    if node.id != "scalar":
        raise BuiltinError("yaml: invalid map key")
    value = _tagged(node)
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if value is None:
        raise BuiltinError("unsupported map key of type: null")
    return str(value) if type(value) is int else shortest(float(value))


def _tagged(node: Any) -> Any:
    """The value of a scalar; a tag may ask for a type."""
    text: str = node.value
    if node.tag == _PLAIN:
        return scalar(text)
    kind = node.tag.removeprefix(_TAG)
    if kind == "binary":
        return _binary(text)
    if kind not in _TYPES:
        return text
    value = scalar(text)
    if type(value) not in _TYPES[kind]:
        raise BuiltinError(f"yaml: cannot decode `{text}` as a !!{kind}")
    return value


def _binary(text: str) -> str:
    from policy_engine.rego.builtins.encoding import base64_decode

    return base64_decode("".join(text.split()))
