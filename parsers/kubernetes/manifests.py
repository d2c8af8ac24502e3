"""The objects in manifest files (`-f`), when the caller lets them be read.

kubectl reads a file that begins with `{` as JSON texts behind each other, any other as YAML documents separated by
lines that begin with `---`. Anything that separator and a YAML parser could disagree on is refused. Directories,
globs, standard input, addresses and kustomizations can't be read through the loader and stay unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from policy_engine.parsers.kubernetes.body import items_of
from policy_engine.parsers.kubernetes.guards import MAX_BODY, check_text
from policy_engine.parsers.kubernetes.yaml_reader import UnreadableError, read_json_stream, read_yaml

MAX_OBJECTS = 1000

_SEPARATOR = re.compile(r"^---[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE)
_STRANGE_LINE = re.compile(r"^(?:---[ \t]*[^ \t\r\n#]|\.\.\.|%)", re.MULTILINE)
_STRANGE_BREAK = re.compile(r"\r(?!\n)|[\x85\u2028\u2029]")
_GLOB = re.compile(r"[*?\[]")


def load_objects(files: Callable[[str], str], path: str) -> list[dict[str, Any]]:
    """Return the objects in the file `path`. Raises `UnreadableError` with a sentence when they can't be known."""
    return parse_manifest(load_text(files, path))


def load_text(files: Callable[[str], str], path: str) -> str:
    """Return the text of the file `path` from the caller's loader. Raises `UnreadableError`."""
    if _GLOB.search(path):
        raise UnreadableError("a glob names files that only kubectl sees")
    try:
        text = files(path)
    except (
        Exception
    ) as error:  # the loader is the caller's: whatever it raises means that the file is not known
        raise UnreadableError(f"the loader could not read it ({type(error).__name__})") from None
    problem = check_text(text, "the file", MAX_BODY)
    if problem is not None:
        raise UnreadableError(problem.message)
    return text


def parse_manifest(text: str) -> list[dict[str, Any]]:
    """Return the objects of a manifest text, lists unfolded. Raises `UnreadableError`."""
    if text.startswith("\ufeff"):
        raise UnreadableError("it begins with a byte order mark; save it without one")
    documents = read_json_stream(text) if text.lstrip()[:1] == "{" else _yaml_documents(text)
    objects: list[dict[str, Any]] = []
    for document in documents:
        for item in items_of(document):
            if not isinstance(item, dict):
                raise UnreadableError("a document is no object; it needs apiVersion, kind and metadata")
            objects.append(item)
            if len(objects) > MAX_OBJECTS:
                raise UnreadableError(f"more than {MAX_OBJECTS} objects; split it")
    return objects


def _yaml_documents(text: str) -> list[Any]:
    if _STRANGE_LINE.search(text) or _STRANGE_BREAK.search(text):
        raise UnreadableError(
            "a line that begins with `...`, `%` or `--- x`, or an unusual line break, is read in "
            "more than one way; use plain `---` lines"
        )
    chunks = _SEPARATOR.split(text, MAX_OBJECTS + 1)
    if len(chunks) > MAX_OBJECTS:
        raise UnreadableError(f"more than {MAX_OBJECTS} documents; split it")
    documents = [read_yaml(chunk) for chunk in chunks]
    return [document for document in documents if document is not None]
