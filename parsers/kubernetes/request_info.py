"""RequestInfo: how a Kubernetes API server names a request before it authorizes it.

The rules are those of `k8s.io/apiserver/pkg/endpoints/request/requestinfo.go` (0.36): the decoded path is trimmed
of slashes and split, never cleaned, so empty, `.` and `..` segments count; the method alone gives the verb;
`watch` and `proxy` may stand in front of the resource; a GET without a name becomes list or watch and a DELETE
without a name becomes deletecollection. An authorizer that names a request in any other way is open to whatever
lies between the two readings.
"""

from __future__ import annotations

from typing import NamedTuple

from policy_engine.parsers.kubernetes.query import Query, decode_path, parse_query, split_target
from policy_engine.parsers.kubernetes.selectors import (
    InvalidSelectorError,
    exact_field,
    is_int64,
    is_valid_label_selector,
)

VERB_OF_METHOD = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_NAMESPACE_SUBRESOURCES = frozenset(("status", "finalize"))


class RequestInfo(NamedTuple):
    """What the API server calls the request. Strings are never null; `error` is set when it answers 400 itself."""

    is_resource: bool
    verb: str
    path: str
    prefix: str = ""
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    parts: tuple[str, ...] = ()
    field_selector: str = ""
    label_selector: str = ""
    error: str | None = None


def request_info(method: str, target: str) -> RequestInfo:
    """Return the RequestInfo of `method` and a raw request target `path[?query]`.

    Raises `ValueError` when a percent escape in the path is broken: an API server answers 400 before it names it.
    """
    raw_path, raw_query = split_target(target)
    path = decode_path(raw_path)
    if path is None:
        raise ValueError(raw_path)
    return resolve(method, path, parse_query(raw_query) if raw_query else {})


def resolve(method: str, path: str, query: Query) -> RequestInfo:
    """Return the RequestInfo of a decoded path and parsed query."""
    parts = path.strip("/").split("/")
    prefix = parts[0]
    if len(parts) < 3 or (prefix != "api" and prefix != "apis"):
        return RequestInfo(False, method.lower(), path)
    group, at = "", 1
    if prefix == "apis":
        if len(parts) < 4:
            return RequestInfo(False, method.lower(), path, prefix)
        group, at = parts[1], 2
    version = parts[at]
    current = parts[at + 1 :]
    verb = VERB_OF_METHOD.get(method, "")
    special = current[0] in ("watch", "proxy")
    if special:
        if len(current) < 2:
            message = f"unable to determine kind and namespace from url, {path}"
            # the method's verb stands, lower-cased, because the server gave up before it named the request
            return RequestInfo(True, method.lower(), path, prefix, group, version, error=message)
        verb = current[0]
        current = current[1:]
    namespace = ""
    if current[0] == "namespaces" and len(current) > 1:
        namespace = current[1]
        if len(current) > 2 and current[2] not in _NAMESPACE_SUBRESOURCES:
            current = current[2:]
    resource = current[0]
    name = current[1] if len(current) > 1 else ""
    subresource = current[2] if len(current) > 2 and verb != "proxy" else ""
    fields = labels = ""
    if not name and verb == "get":
        verb, name = _list_or_watch(query)
        fields, labels = _first(query, "fieldSelector"), _first(query, "labelSelector")
    elif not name and verb == "delete":
        verb = "deletecollection"
        fields, labels = _first(query, "fieldSelector"), _first(query, "labelSelector")
    return RequestInfo(
        True,
        verb,
        path,
        prefix,
        group,
        version,
        namespace,
        resource,
        subresource,
        name,
        tuple(current),
        fields,
        labels,
    )


def asks_to_watch(query: Query) -> bool:
    """True when `watch` is present and its first value is neither `0` nor `false` in any case."""
    values = query.get("watch")
    return values is not None and values[0].lower() not in ("0", "false")


def _list_or_watch(query: Query) -> tuple[str, str]:
    """Return verb and name of a GET without a name in its path."""
    if not query:
        return "list", ""
    verb = "watch" if asks_to_watch(query) else "list"
    try:
        name = exact_field(_first(query, "fieldSelector"), "metadata.name")
    except InvalidSelectorError:
        return verb, ""
    if not name or name in (".", "..") or "/" in name or "%" in name:
        return verb, ""
    numbers = (values[0] for key in ("limit", "timeoutSeconds") if (values := query.get(key)))
    if not all(map(is_int64, numbers)) or not is_valid_label_selector(_first(query, "labelSelector")):
        return verb, ""
    return verb, name


def _first(query: Query, key: str) -> str:
    values = query.get(key)
    return values[0] if values else ""
