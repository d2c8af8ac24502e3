"""Request lines that two readers could read differently, or that an API server refuses.

RequestInfo never cleans a path. A proxy in front, a library or an older server may; so may a log reader. Whatever
could be named in two ways is refused instead of being named in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.parsers.kubernetes.request_info import VERB_OF_METHOD, RequestInfo

_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_RESOURCE_WORD = re.compile(r"[a-z][a-z0-9.-]{0,252}\Z")
_NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\Z")
_GROUP = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)?\Z")
_UNSAFE_IN_NAME = re.compile(r"[\x00-\x1f\x7f?#\\%\ud800-\udfff]")
_NON_RESOURCE_METHODS = frozenset((*VERB_OF_METHOD, "OPTIONS"))


def target_problems(target: str) -> Iterator[Problem]:
    """Yield what is wrong with a raw request target before it is decoded."""
    if not target.startswith("/"):
        yield _invalid(f"the path `{target[:60]}` does not begin with `/`; send the path and query only")
    if _CONTROL.search(target):
        yield _invalid("the path holds a blank or control character; percent-encode it")
    path = target.partition("?")[0]
    if "#" in target or "\\" in path:
        yield _ambiguous(
            "the path holds `#` or a backslash, which readers take differently; percent-encode it"
        )
    lowered = path.lower()
    if "%2f" in lowered or "%5c" in lowered or "%25" in lowered:
        yield _ambiguous(
            "the path holds an encoded slash, backslash or percent sign, which servers read as part of "
            "the path and proxies don't; write the path plainly"
        )
    if "%00" in lowered:
        yield Problem(code=ProblemCode.NUL_BYTE, message="the path holds an encoded NUL; remove it")


def path_problems(method: str, info: RequestInfo) -> Iterator[Problem]:
    """Yield what is wrong with a decoded request."""
    if info.error is not None:
        yield _invalid(f"{info.error[:200]}; name a resource after it")
    segments = info.path.split("/")
    if "." in segments or ".." in segments:
        yield _ambiguous(
            "the path holds a `.` or `..` segment, which proxies resolve and API servers don't; remove it"
        )
    if "//" in info.path:
        yield _ambiguous(
            "the path holds an empty segment (`//`), which proxies merge and API servers don't; remove it"
        )
    if any("\ud800" <= character <= "\udfff" for character in info.path):
        yield Problem(
            code=ProblemCode.INVALID_ENCODING, message="the decoded path is no valid UTF-8; mend it"
        )
    if not info.is_resource:
        if method not in _NON_RESOURCE_METHODS:
            yield _unknown_method(method)
        return
    if info.error is None:
        yield from _resource_problems(method, info)


def _resource_problems(method: str, info: RequestInfo) -> Iterator[Problem]:
    if method not in VERB_OF_METHOD:
        yield _unknown_method(method)
    for what, word, pattern in (
        ("group", info.group, _GROUP),
        ("resource", info.resource, _RESOURCE_WORD),
        ("subresource", info.subresource or "x", _RESOURCE_WORD),
        ("namespace", info.namespace or "x", _NAMESPACE),
    ):
        if not pattern.match(word):
            yield _invalid(f"`{word[:60]}` can't be a {what}; API servers know lower-case names only")
    if _UNSAFE_IN_NAME.search(info.name):
        yield _invalid(f"`{info.name[:60]!r}` can't be the name of an object; mend it")
    if (
        info.verb in ("watch", "proxy")
        and method not in ("GET", "HEAD")
        and info.parts
        and info.verb == "watch"
    ):
        yield _invalid(f"`{method}` on a `/watch/` path means nothing; use GET")
    if info.verb in ("update", "patch") and not info.name:
        yield _invalid(f"`{method}` needs the name of an object in the path; add it")
    if info.verb == "create" and info.name and not info.subresource:
        yield _invalid("POST to an object means nothing; post to its collection or a subresource")


def _unknown_method(method: str) -> Problem:
    return _invalid(
        f"`{method[:20]}` is no method of the Kubernetes API; use GET, POST, PUT, PATCH or DELETE"
    )


def _invalid(message: str) -> Problem:
    return Problem(code=ProblemCode.INVALID_REQUEST, message=message)


def _ambiguous(message: str) -> Problem:
    return Problem(code=ProblemCode.AMBIGUOUS, message=message)
