"""`yaml.marshal`: YAML text of a value, laid out as OPA's YAML library does: sorted keys, lists indented by two."""

from __future__ import annotations

import functools
import io
import re
from decimal import Decimal
from typing import Any, Final

from policy_engine.rego.builtins.go_float import shortest
from policy_engine.rego.builtins.go_text import replace_invalid
from policy_engine.rego.builtins.registry import BuiltinError, builtin
from policy_engine.rego.builtins.yaml_input import scalar
from policy_engine.rego.value_model import RegoSet, key_text

_OLD_BOOLEANS: Final = frozenset(
    "y Y yes Yes YES on On ON n N no No NO off Off OFF".split()  # noqa: SIM905 - a list of words reads better
)
_BASE_60: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", re.ASCII)
_CONTROL: Final = re.compile("[\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9:.]+(Z|[+-][0-9:]+)?)?", re.ASCII)


@builtin("yaml.marshal", arity=1)
def marshal(value: Any) -> str:
    """The value as a YAML document."""
    import yaml
    from yaml.emitter import Emitter

    class Indented(Emitter):
        """Indents lists within objects, and writes an empty key as any other, as go-yaml does."""

        def check_simple_key(self) -> bool:
            empty = isinstance(self.event, yaml.ScalarEvent) and self.event.value == ""
            return empty or bool(super().check_simple_key())

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
            super().increase_indent(flow, False)

    stream = io.StringIO()
    emitter = Indented(stream, allow_unicode=True, width=float("inf"), indent=2)  # type: ignore[arg-type]
    emitter.emit(yaml.StreamStartEvent())
    emitter.emit(yaml.DocumentStartEvent(explicit=False))
    try:
        _emit(value, emitter, yaml)
        emitter.emit(yaml.DocumentEndEvent(explicit=False))
    except RecursionError:
        raise BuiltinError("the value is nested too deep") from None
    emitter.emit(yaml.StreamEndEvent())
    text = stream.getvalue()
    return text.removesuffix("...\n")


def _emit(value: Any, emitter: Any, yaml: Any) -> None:
    if type(value) is dict:
        emitter.emit(yaml.MappingStartEvent(None, None, True, flow_style=not value))
        named = [(replace_invalid(key_text(name)), item) for name, item in value.items()]
        named.sort(key=lambda entry: _natural(entry[0]))
        for name, item in named:
            _emit(name, emitter, yaml)
            _emit(item, emitter, yaml)
        emitter.emit(yaml.MappingEndEvent())
    elif type(value) is list or type(value) is RegoSet:
        emitter.emit(yaml.SequenceStartEvent(None, None, True, flow_style=not len(value)))
        for item in value:
            _emit(item, emitter, yaml)
        emitter.emit(yaml.SequenceEndEvent())
    else:
        text, style = _scalar(value)
        emitter.emit(yaml.ScalarEvent(None, None, (True, True), text, style=style))


def _scalar(value: Any) -> tuple[str, str | None]:
    if value is None:
        return "null", None
    if type(value) is bool:
        return ("true" if value else "false"), None
    if type(value) is int:
        return (str(value) if -(2**63) <= value < 2**64 else shortest(float(value))), None
    if type(value) is float or type(value) is Decimal:
        return shortest(float(value)), None
    text = replace_invalid(value)
    if _CONTROL.search(text):
        raise BuiltinError("yaml: control characters are not allowed")
    if not text.isascii() and max(text) > "\uffff":
        return text, '"'  # go-yaml escapes what is beyond the first plane
    if "\n" in text:
        return text, "|"
    return text, None if _means_itself(text) else '"'


def _means_itself(text: str) -> bool:
    """Whether the text, unquoted, is read back as this text by old and new readers."""
    if text in _OLD_BOOLEANS or _BASE_60.fullmatch(text) or _DATE.fullmatch(text):
        return False
    try:
        return scalar(text) == text and type(scalar(text)) is str
    except BuiltinError:
        return False


def _compare(one: str, other: str) -> int:
    """The natural order of names: numbers within them by size, letters behind everything else."""
    digits = False
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left == right:
            digits = left.isdecimal()
            continue
        if left.isalpha() or right.isalpha():
            if left.isalpha() and right.isalpha():
                return -1 if left < right else 1
            first = left.isalpha() if digits else right.isalpha()
            return -1 if first else 1
        return _compare_numbers(one, other, at)
    return len(one) - len(other)


def _compare_numbers(one: str, other: str, at: int) -> int:
    lead = ""
    if "0" in (one[at], other[at]):
        before = at
        while before and one[before - 1].isdecimal():
            before -= 1
        lead = "1" if one[before:at].strip("0") else ""
    left, right = _digits(one, at), _digits(other, at)
    sizes = int(lead + left or "0"), int(lead + right or "0")
    if sizes[0] != sizes[1]:
        return -1 if sizes[0] < sizes[1] else 1
    if len(left) != len(right):
        return len(left) - len(right)
    return -1 if one[at] < other[at] else 1


def _digits(text: str, at: int) -> str:
    end = at
    while end < len(text) and end - at < 18 and text[end].isdecimal():
        end += 1
    return text[at:end]


_natural: Final = functools.cmp_to_key(_compare)
