"""Regular expressions in the syntax of RE2, which is OPA's: matched in linear time, whatever the pattern.

Patterns and texts go in as bytes, so that a Rego string that isn't UTF-8 is matched as it is; places come out as byte
offsets. Compiled patterns are kept.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any, Final

from policy_engine.rego.builtins.go_text import to_bytes
from policy_engine.rego.builtins.registry import BuiltinError, BuiltinLimit

_MAX_PATTERN: Final = 100_000
_MEMORY: Final = 16 * 1024 * 1024

_NOT_IN_GO: Final = re.compile(r"(?<!\\)(?:\\\\)*(?:\\C|\(\?P?<[^>=!]*[^\x00-\x7f>][^>]*>)")
"""What the library takes but Go's RE2 doesn't: a single byte, and names of groups beyond ASCII."""

Match = Any
"""A match of the `re2` library, whose types aren't declared."""


@functools.lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """The compiled pattern; raises `BuiltinError` when it isn't RE2."""
    if len(pattern) > _MAX_PATTERN:
        raise BuiltinLimit(f"a pattern of more than {_MAX_PATTERN} characters is refused")
    if (found := _NOT_IN_GO.search(pattern)) is not None:
        raise BuiltinError(f"error parsing regexp: `{found[0]}` is not allowed")
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(to_bytes(pattern), options)
    except re2.error as error:
        reason = error.args[0] if error.args else b""
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise BuiltinError(f"error parsing regexp: {text}") from None


def find_all(pattern: str, data: bytes, limit: int = -1) -> Iterator[Match]:
    """The matches from left to right; an empty one right behind another is left out, as Go does.

    A negative `limit` means all of them.
    """
    expression = compiled(pattern)
    at, count, previous_end = 0, 0, -1
    while at <= len(data) and count != limit:
        found = expression.search(data, at)
        if found is None:
            return
        start, end = found.span()
        if end == at:
            # An empty match, or one that ends where the last one did: go on behind the next character.
            accept = start != previous_end
            at += _width(data, at)
        else:
            accept = True
            at = end
        previous_end = end
        if accept:
            count += 1
            yield found


def _width(data: bytes, at: int) -> int:
    """The number of bytes of the character at `at`; 1 at the end and for what isn't UTF-8."""
    lead = data[at] if at < len(data) else 0
    if lead < 0xC2:
        return 1
    size = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    following = data[at + 1 : at + size]
    return size if len(following) == size - 1 and all(0x80 <= byte < 0xC0 for byte in following) else 1


def quote_meta(text: str) -> str:
    """`text` with everything escaped that means something in a pattern."""
    return "".join("\\" + char if char in "\\.+*?()|[]{}^$" else char for char in text)
