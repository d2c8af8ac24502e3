"""A Kubernetes API request (method, path, headers, body) as an action document.

RequestInfo names the request; query, headers and body add what a policy needs to know beyond the name: dry run,
selectors, forced ownership, orphaned dependants, the command of an exec, impersonation, privileged pod specs.

Bodies: JSON and YAML are read; duplicate keys, merge keys and malformed documents make the action opaque. A body
that was not handed over (`body=None`) or is protobuf leaves the spec unknown: a create, update or patch of a type
that carries a pod spec is then opaque, because whether it is privileged can't be known. A DELETE's options stand
in its body when it has one, otherwise in the query; so with a body that the parser did not get (headers say that
there is one), `dryRun=All` in the query counts for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from policy_engine.documents.action import Action, Resource, make_action, refused_action
from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.documents.vocabulary import Access, Protocol, ResourceKind
from policy_engine.parsers.kubernetes.body import body_facts
from policy_engine.parsers.kubernetes.container_command import describe_command
from policy_engine.parsers.kubernetes.guards import MAX_BODY, check_text, printable
from policy_engine.parsers.kubernetes.headers import Headers, read_headers
from policy_engine.parsers.kubernetes.plan import PlannedRequest, request_operation
from policy_engine.parsers.kubernetes.pod_specs import has_pod_spec, is_spec_part, may_have_pod_spec
from policy_engine.parsers.kubernetes.query import Query, decode_path, parse_query, split_target
from policy_engine.parsers.kubernetes.request_info import RequestInfo, resolve
from policy_engine.parsers.kubernetes.request_line import path_problems, target_problems
from policy_engine.parsers.kubernetes.resource_table import builtin_resources
from policy_engine.parsers.kubernetes.yaml_reader import UnreadableError, read_json, read_yaml

DIALECT = "api"

_JSON_TYPES = frozenset(
    (
        "",
        "application/json",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
    )
)
_YAML_TYPES = frozenset(("application/yaml", "application/apply-patch+yaml", "text/yaml"))
_UNREAD = object()


def parse_kubernetes_request(
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
    body: bytes | str | None = None,
) -> Action:
    """Return the action document of an API request. `path` is the raw request target and may carry a query.

    `body=None` means that the body is not known; pass `b""` for an empty one. Never raises for its input.
    """
    text = printable(path)
    given: object = body
    try:
        for value, what in ((method, "the method"), (path, "the path")):
            problem = check_text(value, what)
            if problem is not None:
                return refused_action(Protocol.KUBERNETES, DIALECT, text, problem)
        if given is not None and not isinstance(given, bytes | bytearray | str):
            message = f"the body is {type(given).__name__}, not bytes or text"
            problem = Problem(code=ProblemCode.INVALID_TYPE, message=message)
            return refused_action(Protocol.KUBERNETES, DIALECT, text, problem)
        read = read_headers(headers)
        text = _canonical_text(method, path, read, body)
        return _parse(method, path, read, body, text)
    except Exception as error:  # a defect here must deny, not crash the caller
        problem = Problem(
            code=ProblemCode.PARSER_FAILED,
            message=f"the Kubernetes request parser failed ({type(error).__name__}); please report this request",
        )
        return refused_action(Protocol.KUBERNETES, DIALECT, text, problem)


def _parse(
    method: str, target: str, headers: Headers, body: bytes | bytearray | str | None, text: str
) -> Action:
    request, problems = plan_request(method, target, headers=headers, body=body)
    problems = [*headers.problems, *problems]
    if request is None:
        return refused_action(Protocol.KUBERNETES, DIALECT, text, problems[0])
    request.reasons.extend(problem.code for problem in problems)
    found = request_operation(request, impersonate=headers.impersonate)
    return make_action(Protocol.KUBERNETES, DIALECT, text, (found,), problems)


def plan_request(
    method: str, target: str, *, headers: Headers, body: bytes | bytearray | str | None = None
) -> tuple[PlannedRequest | None, list[Problem]]:
    """Return the request that `method` and `target` make, with its problems; no request when it can't be named."""
    problems = list(target_problems(target))
    raw_path, raw_query = split_target(target)
    path = decode_path(raw_path)
    if path is None:
        message = f"`{raw_path[:60]}` holds a broken percent escape; mend it"
        return None, [Problem(code=ProblemCode.INVALID_REQUEST, message=message)]
    query = parse_query(raw_query) if raw_query else {}
    info = resolve(method, path, query)
    problems.extend(path_problems(method, info))
    request = _named(info)
    if not info.is_resource:
        return request, problems
    try:
        document = _read_body(info, headers.content_type, body)
    except UnreadableError as error:
        problems.append(Problem(code=ProblemCode.INVALID_REQUEST, message=f"the body can't be read: {error}"))
        document = _UNREAD
    _query_facts(request, info, query, problems)
    _delete_facts(request, info, query, document, headers, problems)
    _body_facts(request, info, document, problems)
    return request, problems


def _named(info: RequestInfo) -> PlannedRequest:
    clean = info.path.encode("utf-8", "replace").decode("utf-8")
    return PlannedRequest(
        verb=info.verb,
        group=info.group,
        version=info.version,
        resource=info.resource if info.resource or not info.is_resource else None,
        subresource=info.subresource,
        namespace=info.namespace,
        name=info.name,
        selector=info.label_selector or None,
        field_selector=info.field_selector or None,
        path=clean,
    )


def _query_facts(request: PlannedRequest, info: RequestInfo, query: Query, problems: list[Problem]) -> None:
    if info.verb == "watch":
        request.flags.add("watch")
    if info.label_selector:
        request.flags.add("selector")
    if info.field_selector:
        request.flags.add("field_selector")
    collection = info.verb in ("list", "watch", "deletecollection") and not info.namespace
    if collection and not info.name:
        known = builtin_resources().of_resource(info.group, info.resource)
        if known is not None and known.namespaced:
            request.flags.add("all_namespaces")
    if info.verb in ("create", "update", "patch"):
        _set_dry_run(request, query.get("dryRun"), problems)
    if _is_true(query, "insecureSkipTLSVerifyBackend"):
        request.flags.add("insecure_skip_tls")
    if info.verb == "patch" and _is_true(query, "force"):
        request.flags.add("force")
    if info.group == "" and info.resource == "pods" and info.subresource in ("exec", "attach"):
        _stream_facts(request, info.subresource, query, problems)


def _stream_facts(request: PlannedRequest, subresource: str, query: Query, problems: list[Problem]) -> None:
    if _is_true(query, "tty"):
        request.flags.add("interactive_tty")
    if subresource == "exec":
        facts = describe_command(query.get("command", ()))
        if facts.program:
            program = Resource(kind=ResourceKind.PROGRAM, name=facts.program, access=Access.EXECUTE)
            request.resources.append(program)
        if facts.code is not None:
            problems.append(Problem(code=facts.code, message=facts.message))
    elif _is_true(query, "stdin"):
        message = (
            "attach with stdin: what is typed into the running program is not known; use exec with a command"
        )
        problems.append(Problem(code=ProblemCode.UNKNOWN_TEXT, message=message))


def _delete_facts(
    request: PlannedRequest,
    info: RequestInfo,
    query: Query,
    document: Any,
    headers: Headers,
    problems: list[Problem],
) -> None:
    if info.verb not in ("delete", "deletecollection"):
        return
    if isinstance(document, dict) and document:
        options: dict[str, Any] = document
    elif document is _UNREAD and headers.may_have_body:
        return
    else:
        options = {key: values[0] for key, values in query.items() if key != "dryRun"}
        options["dryRun"] = query.get("dryRun")
    _delete_options(request, options, problems)


def _delete_options(request: PlannedRequest, options: dict[str, Any], problems: list[Problem]) -> None:
    if str(options.get("gracePeriodSeconds")) == "0":
        request.flags.add("grace_period_zero")
    orphan = str(options.get("orphanDependents")).lower() not in ("none", "false", "0")
    if options.get("propagationPolicy") == "Orphan" or orphan:
        request.flags.add("cascade_orphan")
    _set_dry_run(request, options.get("dryRun"), problems)


def _set_dry_run(request: PlannedRequest, values: Any, problems: list[Problem]) -> None:
    if not values:
        return
    if values == ["All"]:
        request.dry_run = "All"
        request.flags.add("dry_run_server")
    else:
        message = f"`dryRun` is `{str(values)[:40]}`; the only value that API servers know is `All`"
        problems.append(Problem(code=ProblemCode.INVALID_REQUEST, message=message))


def _read_body(info: RequestInfo, content_type: str, body: bytes | bytearray | str | None) -> Any:
    """Return the parsed body, None when it is empty, `_UNREAD` when it is not known or not readable text."""
    if body is None or info.verb in ("get", "list", "watch"):
        return _UNREAD
    if not body:
        return None
    if len(body) > MAX_BODY:
        raise UnreadableError(f"it has more than {MAX_BODY} bytes; API servers refuse it too")
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in _JSON_TYPES and kind not in _YAML_TYPES:
        return _UNREAD
    if isinstance(body, str):
        text = body
    else:
        try:
            text = bytes(body).decode("utf-8")
        except UnicodeDecodeError:
            raise UnreadableError("it is no valid UTF-8; send UTF-8") from None
    return read_yaml(text) if kind in _YAML_TYPES else read_json(text)


def _body_facts(request: PlannedRequest, info: RequestInfo, document: Any, problems: list[Problem]) -> None:
    if info.verb not in ("create", "update", "patch"):
        return
    if document is _UNREAD:
        if is_spec_part(info.subresource) and has_pod_spec(info.group, info.resource):
            message = (
                f"the body of this change of `{info.resource}` is not known or not JSON or YAML, so whether it is "
                "privileged can't be told; hand the body over as JSON"
            )
            problems.append(Problem(code=ProblemCode.UNKNOWN_TEXT, message=message))
        return
    try:
        facts = body_facts(document)
    except UnreadableError as error:
        problems.append(Problem(code=ProblemCode.TOO_MANY, message=f"the body can't be read: {error}"))
        return
    if facts.privileged:
        request.flags.add("privileged")
    if facts.unseen and is_spec_part(info.subresource) and may_have_pod_spec(info.group, info.resource):
        message = (
            f"{facts.unseen}, so whether it is privileged can't be told; send the value itself with `add`"
        )
        problems.append(Problem(code=ProblemCode.UNKNOWN_TEXT, message=message))
    if info.verb == "create" and not info.name and facts.name:
        request.object_name = facts.name
    if isinstance(document, dict):
        options = document.get("deleteOptions")
        if info.subresource == "eviction" and isinstance(options, dict):
            _delete_options(request, options, problems)


def _is_true(query: Query, key: str) -> bool:
    values = query.get(key)
    return values is not None and values[0].lower() not in ("false", "0")


def _canonical_text(method: str, path: str, headers: Headers, body: bytes | bytearray | str | None) -> str:
    """Return one text that binds everything read here; lengths make the composition unambiguous."""
    if body is None:
        body_line = "unknown"
    else:
        data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body)
        body_line = f"sha256:{hashlib.sha256(data).hexdigest()}"
    lines = [f"{len(method)}:{method}", f"{len(path)}:{path}"]
    lines.extend(f"{len(name)}:{name}={len(value)}:{value}" for name, value in headers.relevant)
    lines.append(f"body={body_line}")
    return "\n".join(lines)
