"""`crypto.*`: digests, and digests with a key."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from policy_engine.rego.builtins.go_text import to_bytes
from policy_engine.rego.builtins.operands import string
from policy_engine.rego.builtins.registry import builtin


@builtin("crypto.md5", arity=1)
def md5(text: Any) -> str:
    """The MD5 digest in hexadecimal digits."""
    return hashlib.md5(to_bytes(string(text, 1)), usedforsecurity=False).hexdigest()


@builtin("crypto.sha1", arity=1)
def sha1(text: Any) -> str:
    """The SHA-1 digest in hexadecimal digits."""
    return hashlib.sha1(to_bytes(string(text, 1)), usedforsecurity=False).hexdigest()


@builtin("crypto.sha256", arity=1)
def sha256(text: Any) -> str:
    """The SHA-256 digest in hexadecimal digits."""
    return hashlib.sha256(to_bytes(string(text, 1))).hexdigest()


def _keyed(name: str) -> None:
    @builtin(f"crypto.hmac.{name}", arity=2)
    def digest(message: Any, key: Any) -> str:
        data = to_bytes(string(message, 1))
        return hmac.new(to_bytes(string(key, 2)), data, name).hexdigest()


for _name in ("md5", "sha1", "sha256", "sha512"):
    _keyed(_name)


@builtin("crypto.hmac.equal", arity=2)
def equal(a: Any, b: Any) -> bool:
    """Whether two texts are equal, in a time that doesn't tell where they differ."""
    first = to_bytes(string(a, 1))
    return hmac.compare_digest(first, to_bytes(string(b, 2)))
