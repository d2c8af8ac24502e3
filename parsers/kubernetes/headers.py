"""The headers of an API request that change what it is: impersonation, content type, whether a body follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.parsers.kubernetes.guards import MAX_HEADER_TEXT, MAX_HEADERS

HeaderInput = Mapping[str, str] | Sequence[tuple[str, str]]

_IMPERSONATE = "impersonate-"


@dataclass(slots=True)
class Headers:
    """`relevant` are those that the digest binds, as (lower-case name, value) in order."""

    content_type: str = ""
    may_have_body: bool = False
    impersonate: dict[str, list[str]] | None = None
    relevant: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_headers(given: object) -> Headers:
    """Read a mapping or a sequence of pairs; anything else is a problem, never an exception."""
    headers = Headers()
    if given is None:
        return headers
    pairs = list(given.items()) if isinstance(given, Mapping) else given
    if not isinstance(pairs, list | tuple) or len(pairs) > MAX_HEADERS:
        headers.problems.append(_invalid(f"the headers are no list of at most {MAX_HEADERS} pairs"))
        return headers
    total = 0
    for pair in pairs:
        if (
            not isinstance(pair, list | tuple)
            or len(pair) != 2
            or not all(isinstance(part, str) for part in pair)
        ):
            headers.problems.append(_invalid("a header is no pair of strings; send (name, value)"))
            return headers
        total += len(pair[0]) + len(pair[1])
        if total > MAX_HEADER_TEXT:
            headers.problems.append(_invalid(f"the headers have more than {MAX_HEADER_TEXT} characters"))
            return headers
        _take(headers, pair[0].strip().lower(), pair[1])
    _check(headers)
    return headers


def _take(headers: Headers, name: str, value: str) -> None:
    if name == "content-type":
        if headers.content_type and headers.content_type != value:
            headers.problems.append(_invalid("two content types; send one"))
        headers.content_type = value
    elif name.startswith(_IMPERSONATE):
        what = name.removeprefix(_IMPERSONATE)
        if headers.impersonate is None:
            headers.impersonate = {}
        headers.impersonate.setdefault(what, []).append(value)
    elif (name == "content-length" and value.strip() != "0") or name == "transfer-encoding":
        headers.may_have_body = True
        return
    else:
        return
    headers.relevant.append((name, value))


def _check(headers: Headers) -> None:
    impersonate = headers.impersonate
    if impersonate is None:
        return
    for what in impersonate:
        if what not in ("user", "group", "uid") and not what.startswith("extra-"):
            headers.problems.append(
                _invalid(
                    f"`Impersonate-{what[:40]}` is no impersonation header; use User, Group, Uid or Extra-…"
                )
            )
    if (
        len(impersonate.get("user", ())) != 1
        or not impersonate["user"][0]
        or len(impersonate.get("uid", ())) > 1
    ):
        headers.problems.append(_invalid("impersonation needs exactly one Impersonate-User; send one"))


def _invalid(message: str) -> Problem:
    return Problem(code=ProblemCode.INVALID_REQUEST, message=message)
