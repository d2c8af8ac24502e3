"""`semver.*`: versions as https://semver.org orders them; a leading `v` is allowed, as OPA allows it."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from policy_engine.rego.builtins.operands import string
from policy_engine.rego.builtins.registry import BuiltinError, builtin

_PART: Final = r"(0|[1-9][0-9]*)"
_WORD: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION: Final = re.compile(rf"v?{_PART}\.{_PART}\.{_PART}(?:-({_WORD}))?(?:\+({_WORD}))?", re.ASCII)
_LIMIT: Final = 2**63


class _Version(NamedTuple):
    core: tuple[int, int, int]
    pre_release: str


def _parse(text: str) -> _Version | None:
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    core = (int(found[1][:20]), int(found[2][:20]), int(found[3][:20]))
    pre_release = found[4] or ""
    if max(core) >= _LIMIT:
        return None
    if any(len(word) > 1 and word[0] == "0" and word.isdecimal() for word in pre_release.split(".")):
        return None
    return _Version(core, pre_release)


@builtin("semver.is_valid", arity=1)
def is_valid(version: Any) -> bool:
    """Whether it is the text of a version."""
    return type(version) is str and _parse(version) is not None


@builtin("semver.compare", arity=2)
def compare(a: Any, b: Any) -> int:
    """-1, 0 or 1."""
    texts = string(a, 1), string(b, 2)
    versions = []
    for position, text in enumerate(texts, 1):
        version = _parse(text)
        if version is None:
            raise BuiltinError(f'operand {position}: string "{text}" is not a valid SemVer')
        versions.append(version)
    one, other = versions
    if one.core != other.core:
        return 1 if one.core > other.core else -1
    return _compare_pre_releases(one.pre_release, other.pre_release)


def _compare_pre_releases(one: str, other: str) -> int:
    """A version without a pre-release comes after those with one."""
    if not one or not other or one == other:
        return bool(other) - bool(one) if one != other else 0
    for left, right in zip_longest(one.split("."), other.split(".")):
        if left == right:
            continue
        if left is None or right is None:
            return -1 if left is None else 1
        if left.isdecimal() and right.isdecimal():
            return 1 if int(left[:4000]) > int(right[:4000]) else -1
        if left.isdecimal() or right.isdecimal():
            return -1 if left.isdecimal() else 1
        return 1 if left > right else -1
    return 0
