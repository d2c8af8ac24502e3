"""What regopy 1.5.2 gets wrong by name, so that a policy that needs it is refused when it is loaded.

Each entry was reproduced against OPA; docs/decisions/002-regopy-guards.md has the record.
"""

from __future__ import annotations

from typing import Final

REFUSED_BUILTINS: Final[dict[str, str]] = {
    "http.send": "policies do no network I/O",
    "net.lookup_ip_addr": "policies do no network I/O",
    "opa.runtime": "it would show the process to the policy",
}
"""Builtins that no policy may call, and why."""

LOOKS_AT_BYTES: Final = (
    "regex.",
    "json.marshal",
    "json.unmarshal",
    "json.is_valid",
    "yaml.",
    "base64",
    "hex.",
    "urlquery.",
    "crypto.",
    "io.jwt.",
    "trim_space",
    "strings.render_template",
    "uuid.",
    "units.",
    "semver.",
    "time.parse",
)
"""Builtins (by the start of their name) that work on bytes: they see neither escapes nor non-ASCII text as they are."""

CHANGES_CASE: Final = frozenset({"lower", "upper"})
"""Builtins that regopy does for ASCII letters only."""


def looks_at_bytes(name: str) -> bool:
    """Whether the builtin is only right for text that is plain ASCII without quotes, backslashes and controls."""
    return name.startswith(LOOKS_AT_BYTES)
