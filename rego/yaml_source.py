"""YAML text to JSON values, strictly, with the place of every value.

Only what means the same to every reader is taken: a YAML 1.2 core document whose keys are strings. `no`, `on`, `010`,
`1:30`, `0x1F` and `.nan` mean different things to different readers, so they are errors that ask for quotes. Dates stay
text. Aliases may be used, but what they expand to is counted. The text is read as a stream of events without
recursion, so depth can't exhaust the stack.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from typing import Any, Final

from policy_engine.rego.errors import BundleReadError
from policy_engine.rego.values import MAX_DEPTH

MAX_NODES: Final = 2_000_000
_ALIAS_FACTOR: Final = 10
"""A document may expand to this many times the values it is written with (and never beyond MAX_NODES)."""

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_AMBIGUOUS: Final = re.compile(
    r"yes|no|on|off|true|false|null"  # in another case than YAML 1.2's
    r"|[-+]?\.(?:inf|nan)|[-+]?\.[0-9_]+|\+[0-9.][0-9_.eE+-]*"
    r"|-?0[0-9_]+|[-+]?0[xob][0-9a-f_]+|-?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?|-?[0-9]+\.(?:[eE][+-]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?",
    re.IGNORECASE,
)
_WORDS: Final[dict[str, Any]] = {"": None, "~": None, "null": None, "true": True, "false": False}

Place = tuple[int, int]
Path = tuple[str | int, ...]


@dataclass(slots=True)
class _Open:
    """A collection that is being read."""

    value: Any
    anchor: str | None
    place: Place
    path: Path
    key: str | None = None
    keys: dict[str, int] = field(default_factory=dict)
    merged: list[dict[str, Any]] = field(default_factory=list)
    merges: bool = False
    size: int = 1


class _Builder:
    """Events in, one value out; `places` maps every path to where it is written."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.places: dict[Path, Place] = {}
        self.root: Any = None
        self.done = False
        self.written = 0
        self.expanded = 0

    def error(self, code: str, message: str, place: Place) -> BundleReadError:
        return BundleReadError(message, code=code, file=self.file, row=place[0], column=place[1])

    def open(self, value: Any, anchor: str | None, place: Place) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise self.error("yaml_too_deep", f"nested deeper than {MAX_DEPTH} levels", place)
        path = self.next_path(place)
        self.places.setdefault(path, place)
        self.stack.append(_Open(value, anchor, place, path))

    def next_path(self, place: Place) -> Path:
        if not self.stack:
            return ()
        top = self.stack[-1]
        if isinstance(top.value, list):
            return (*top.path, len(top.value))
        if top.key is None:
            raise self.error(
                "yaml_key_not_string", "a key has to be a string, not a list or a mapping", place
            )
        return (*top.path, top.key)

    def close(self) -> None:
        top = self.stack.pop()
        if top.merged:
            # A key of the mapping itself wins over merged ones, and an earlier merge over a later one.
            for source in top.merged:
                for key, value in source.items():
                    top.value.setdefault(key, value)
        self.add(top.value, top.anchor, top.place, top.size)

    def add(self, value: Any, anchor: str | None, place: Place, size: int = 1) -> None:
        self.written += 1
        self.count(size if size > 1 and not self.stack else 0, place)
        if anchor is not None:
            self.anchors[anchor] = (value, size)
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        top.size += size
        self.count(top.size, top.place)
        if isinstance(top.value, list):
            self.places.setdefault((*top.path, len(top.value)), place)
            top.value.append(value)
        elif top.key is not None and top.merges:
            self.merge(top, value, place)
            top.key = None
        elif top.key is not None:
            self.places.setdefault((*top.path, top.key), place)
            top.value[top.key] = value
            top.key = None

    def count(self, size: int, place: Place) -> None:
        if size > MAX_NODES or size > 1000 + _ALIAS_FACTOR * (self.written + len(self.stack)):
            raise self.error("yaml_alias_bomb", "aliases expand to far more than what is written", place)

    def merge(self, top: _Open, value: Any, place: Place) -> None:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self.error("yaml_merge_invalid", "`<<` merges mappings only", place)
        top.merged.extend(sources)

    def alias(self, name: str, place: Place) -> None:
        if name not in self.anchors:
            raise self.error("yaml_invalid", f"alias `*{name}` stands before its anchor or inside it", place)
        value, size = self.anchors[name]
        if self.expects_key():
            raise self.error("yaml_key_not_string", "an alias can't be a key", place)
        # A copy, so that what is later merged into one place doesn't appear in the other.
        self.add(copy.deepcopy(value), None, place, size)

    def expects_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None

    def key(self, value: Any, text: str, place: Place, *, merges: bool) -> None:
        top = self.stack[-1]
        if not isinstance(value, str):
            raise self.error("yaml_key_not_string", f"the key `{text}` is not a string: quote it", place)
        if value in top.keys:
            raise self.error(
                "duplicate_key",
                f"the key `{value}` stands here twice (first in row {top.keys[value]})",
                place,
            )
        top.keys[value] = place[0]
        top.key = value
        top.merges = merges
        self.places.setdefault((*top.path, value), place)

    def scalar(self, event: Any, place: Place) -> None:
        value = self.scalar_value(event, place)
        if self.expects_key():
            self.key(value, event.value, place, merges=event.value == "<<" and not event.style)
        else:
            self.add(value, event.anchor, place)

    def scalar_value(self, event: Any, place: Place) -> Any:
        text: str = event.value
        if event.tag is not None and event.tag not in ("!", "tag:yaml.org,2002:str"):
            raise self.error("yaml_tag", f"the tag `{event.tag}` is not supported", place)
        if event.tag is not None or event.style:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            if len(text) > 19 or not -(2**63) <= int(text) < 2**63:
                raise self.error("number_not_exact", f"`{text[:40]}` doesn't fit 64 bits: quote it", place)
            return int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if number in (float("inf"), float("-inf")) or float(f"{number:.15g}") != number:
                raise self.error("number_not_exact", f"`{text[:40]}` can't be kept exactly: quote it", place)
            return number
        if _AMBIGUOUS.fullmatch(text):
            raise self.error(
                "yaml_ambiguous",
                f"`{text}` means different things to different YAML readers: quote it, or write true, false, null "
                "or a plain decimal number",
                place,
            )
        return text


def read_yaml(text: str, file: str) -> tuple[Any, dict[Path, Place]]:
    """The value of the one document in `text`, and the row and column (from 1) of every path in it.

    Raises `BundleReadError` with file, row and column.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=loader):
            _feed(builder, event, yaml)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        row, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        problem = error.problem or "not YAML"
        raise BundleReadError(
            f"not YAML: {problem}", code="yaml_invalid", file=file, row=row, column=column
        ) from error
    except yaml.YAMLError as error:
        raise BundleReadError(f"not YAML: {error}", code="yaml_invalid", file=file) from error
    return builder.root, builder.places


def _feed(builder: _Builder, event: Any, yaml: Any) -> None:
    place = (event.start_mark.line + 1, event.start_mark.column + 1)
    match event:
        case yaml.DocumentStartEvent() if builder.done:
            raise builder.error("yaml_documents", "more than one document in a file", place)
        case yaml.DocumentEndEvent():
            builder.done = True
        case yaml.AliasEvent():
            builder.alias(event.anchor, place)
        case yaml.ScalarEvent():
            builder.scalar(event, place)
        case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
            if event.tag is not None and event.tag not in (
                "tag:yaml.org,2002:map",
                "tag:yaml.org,2002:seq",
                "!",
            ):
                raise builder.error("yaml_tag", f"the tag `{event.tag}` is not supported", place)
            builder.open({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor, place)
        case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
            builder.close()
        case _:
            pass
