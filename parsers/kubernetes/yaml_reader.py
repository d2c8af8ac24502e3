"""One YAML or JSON document as plain values, read without recursion and without surprises.

Built from parser events, so depth and size are bounded before anything is built, duplicate keys are seen, and no
tag can construct anything. Merge keys (`<<`), tags and further documents are refused: another YAML library could
read them differently. Raises `UnreadableError` with a sentence that says what and how to mend it.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 100
MAX_NODES = 200_000

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"))
_FALSE = frozenset(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"))
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})\Z")


class UnreadableError(ValueError):
    """The document can't be read, or not in one way only."""


def read_json(text: str) -> Any:
    """Return the value of a JSON text; duplicate keys are refused."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise UnreadableError("the JSON is nested too deeply; flatten it") from None
    except ValueError as error:
        raise UnreadableError(f"the JSON does not parse ({error}); mend it") from None


def read_document(text: str) -> Any:
    """Return the value of a document that a line gives as text: JSON when it begins as JSON does, else YAML."""
    text = text.lstrip()
    return read_json(text) if text[:1] in ("{", "[") else read_yaml(text)


def read_json_stream(text: str) -> list[Any]:
    """Return the values of one or more JSON texts behind each other, as kubectl reads a file that begins with `{`."""
    decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
    values: list[Any] = []
    index = 0
    try:
        while True:
            while index < len(text) and text[index] in " \t\r\n":
                index += 1
            if index >= len(text):
                return values
            value, index = decoder.raw_decode(text, index)
            values.append(value)
    except RecursionError:
        raise UnreadableError("the JSON is nested too deeply; flatten it") from None
    except ValueError as error:
        raise UnreadableError(f"the JSON does not parse ({error}); mend it") from None


def read_yaml(text: str) -> Any:
    """Return the value of a text that holds one YAML document; an empty one is None."""
    import yaml  # loaded on first use: importing the package must stay cheap

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event)
    except yaml.YAMLError as error:
        raise UnreadableError(
            f"the YAML does not parse ({' '.join(str(error).split())[:200]}); mend it"
        ) from None
    except RecursionError:
        raise UnreadableError("the YAML is nested too deeply; flatten it") from None
    return builder.result


class _Builder:
    """Puts events together with an explicit stack of open collections."""

    def __init__(self) -> None:
        self.result: Any = None
        self.documents = 0
        self.nodes = 0
        self.anchors: dict[str, Any] = {}
        # open collections: [container, pending key or _NO_KEY, anchor]; a list has no keys
        self.stack: list[list[Any]] = []

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind == "ScalarEvent":
            self._node(event)
            self._value(_scalar(event))
        elif kind == "MappingStartEvent":
            self._open(event, {})
        elif kind == "SequenceStartEvent":
            self._open(event, [])
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            container, _, anchor = self.stack.pop()
            self._value(_Anchored(anchor, container) if anchor else container)
        elif kind == "AliasEvent":
            if event.anchor not in self.anchors:
                raise UnreadableError(
                    f"alias `*{event.anchor}` names an anchor that is unknown or still open"
                )
            self._value(self.anchors[event.anchor])
        elif kind == "DocumentStartEvent":
            self.documents += 1
            if self.documents > 1 or event.version or event.tags:
                raise UnreadableError("more than one document, or a YAML directive; send one plain document")

    def _node(self, event: Any) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise UnreadableError(f"more than {MAX_NODES} values; split the document")
        if event.tag is not None and event.tag not in ("!", "tag:yaml.org,2002:str"):
            raise UnreadableError(f"tag `{event.tag}` is not read; leave it away")

    def _open(self, event: Any, container: Any) -> None:
        self._node(event)
        if len(self.stack) >= MAX_DEPTH:
            raise UnreadableError(f"nested deeper than {MAX_DEPTH}; flatten it")
        self.stack.append([container, _NO_KEY, event.anchor])

    def _value(self, value: Any) -> None:
        anchor = None
        if isinstance(value, _Anchored):
            anchor, value = value.anchor, value.value
        if anchor:
            self.anchors[anchor] = value
        if not self.stack:
            self.result = value
            return
        frame = self.stack[-1]
        container = frame[0]
        if isinstance(container, list):
            container.append(value)
        elif frame[1] is _NO_KEY:
            if not isinstance(value, str):
                if isinstance(value, dict | list):
                    raise UnreadableError("a key is a collection; use plain keys")
                value = str(value)
            if value == "<<":
                raise UnreadableError("merge keys (`<<`) are not read; write the values out")
            if value in container:
                raise UnreadableError(f"key `{value[:60]}` stands twice; remove one")
            frame[1] = value
        else:
            container[frame[1]] = value
            frame[1] = _NO_KEY


class _Anchored:
    def __init__(self, anchor: str, value: Any) -> None:
        self.anchor = anchor
        self.value = value


_NO_KEY = object()


def _scalar(event: Any) -> Any:
    text = event.value
    value: Any = text
    if event.implicit[0] and event.tag is None:
        if text in _NULL:
            value = None
        elif text in _TRUE:
            value = True
        elif text in _FALSE:
            value = False
        elif _INTEGER.match(text):
            value = int(text)
    return _Anchored(event.anchor, value) if event.anchor else value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"`{word}` is no JSON")
