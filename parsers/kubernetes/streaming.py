"""Commands that open a connection: exec, attach, cp, port-forward, debug, and the proxy that opens a door.

New versions of kubectl ask for a websocket with GET and fall back to POST; both are the same connection, and its
operation is `connect`. RequestInfo's verb in the detail is `create`, which is what authorizers demand in the end.
"""

from __future__ import annotations

from collections.abc import Sequence

from policy_engine.documents.action import Resource
from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind
from policy_engine.parsers.kubernetes.container_command import describe_command
from policy_engine.parsers.kubernetes.line import Line
from policy_engine.parsers.kubernetes.local_files import add_file
from policy_engine.parsers.kubernetes.plan import PlannedRequest
from policy_engine.parsers.kubernetes.reading import pod_behind
from policy_engine.parsers.kubernetes.targets import Target, check_namespace, resolve_targets

# Profiles under which `debug node/…` gets no host namespace and no host path.
_MODEST_PROFILES = frozenset(("baseline", "restricted"))


def exec_(line: Line) -> list[PlannedRequest]:
    """`exec POD -- COMMAND`: a program runs in a container."""
    own, command = _split(line)
    if line.from_file:
        requests = _behind_file(line, "exec")
    else:
        requests = _connect(line, own[:1], "exec")
        if line.parsed.before_dash is None:
            command = own[1:]
            if command:
                line.refuse(
                    "the command stands without `--`, which old versions run and new ones refuse; put `--` before it"
                )
        elif len(own) > 1:
            line.refuse("more than a pod stands before `--`; name one pod")
    _run(line, requests[0], command)
    return requests


def attach(line: Line) -> list[PlannedRequest]:
    """`attach POD`: to a program that already runs."""
    requests = _connect(line, line.parsed.arguments[:1], "attach")
    if len(line.parsed.arguments) > 1:
        line.refuse("attach takes one pod; name one")
    if line.parsed.switch("stdin"):
        _typed_input(line)
    return requests


def port_forward(line: Line) -> list[PlannedRequest]:
    """`port-forward POD|TYPE/NAME PORT…`: local ports lead into a pod."""
    if len(line.parsed.arguments) < 2:
        line.refuse("port-forward takes a pod and at least one port; add them")
    return _connect(line, line.parsed.arguments[:1], "portforward")


def copy(line: Line) -> list[PlannedRequest]:
    """`cp`: tar runs in the container, and a file leaves or enters."""
    arguments = line.parsed.arguments
    if len(arguments) != 2:
        line.refuse("cp takes a source and a destination; give both")
    remote = [argument for argument in arguments if ":" in argument]
    local = [argument for argument in arguments if ":" not in argument]
    if len(remote) != 1:
        line.refuse("one side of cp must be [NAMESPACE/]POD:PATH, the other a local path")
    request = line.core("create", "pods", None, subresource="exec")
    if remote:
        where, _, path = remote[0].partition(":")
        pieces = where.split("/")
        if len(pieces) > 2 or not all(pieces):
            line.refuse(f"`{where[:60]}` is not [NAMESPACE/]POD; mend it")
        request.name = pieces[-1]
        line.check_name(pieces[-1])
        if len(pieces) == 2:
            request.namespace = pieces[0]
            line.check_name(pieces[0], "namespace")
        leaves = arguments[0] == remote[0]
        access = Access.READ if leaves else Access.WRITE
        add_file(request, Resource(kind=ResourceKind.FILE, name=f"{where}:{path}", access=access))
        access = Access.WRITE if leaves else Access.READ
        for name in local:
            add_file(request, Resource(kind=ResourceKind.FILE, name=name, access=access))
    if request.namespace is None:
        check_namespace(line)
    request.resources.append(Resource(kind=ResourceKind.PROGRAM, name="tar", access=Access.EXECUTE))
    request.effects.add(Effect.TRANSFER)
    return [request]


def debug(line: Line) -> list[PlannedRequest]:
    """`debug`: an ephemeral container in a pod, a copy of a pod, or a pod on a node with the host's files."""
    own, command = _split(line)
    targets = resolve_targets(line, _as_pods(own), change=True) or [Target(None, None)]
    if not own and not line.from_file:
        line.refuse("nothing to debug is named; add a pod or node/NAME")
    if line.parsed.has("custom"):
        line.problem(
            ProblemCode.UNKNOWN_TEXT,
            "--custom reads the container from a file, which may make it privileged; use a named profile",
        )
    requests: list[PlannedRequest] = []
    others: list[PlannedRequest] = []
    for target in targets:
        request = _debugged(line, target)
        if line.parsed.value("profile") == "sysadmin":
            request.flags.add("privileged")
        _program(request, command)
        requests.append(request)
        others.append(target.request(line, "get"))
        if line.parsed.switch("replace") and line.parsed.has("copy-to"):
            others.append(target.request(line, "delete"))
        if line.parsed.switch("stdin") or line.parsed.switch("attach"):
            pod = request.object_name if request.object_name is not None else (request.name or None)
            others.append(line.core("create", "pods", pod, subresource="attach"))
            others.append(line.core("watch", "pods", pod or ""))
            others.append(line.core("get", "pods", pod, subresource="log"))
    if line.parsed.switch("stdin"):
        _typed_input(line)
    return requests + others


def _debugged(line: Line, target: Target) -> PlannedRequest:
    kind = target.kind
    where = (kind.group, kind.resource) if kind is not None else None
    if where == ("", "nodes"):
        request = line.core("create", "pods", "")
        check_namespace(line)
        if line.parsed.value("profile") not in _MODEST_PROFILES:
            request.flags.add("privileged")
        return request
    if where != ("", "pods") and not line.from_file:
        line.refuse("debug takes pods and nodes only; name one of them")
    copy_to = line.parsed.value("copy-to")
    if copy_to:
        request = line.core("create", "pods", "")
        request.object_name = copy_to
        line.check_name(copy_to)
        return request
    return target.request(line, "patch", "ephemeralcontainers")


def proxy(line: Line) -> list[PlannedRequest]:
    """`proxy`: no request of its own, but a door through which anybody on the machine acts as the caller."""
    line.flags.add("proxy_server")
    line.problem(
        ProblemCode.UNKNOWN_TARGET,
        "kubectl proxy opens an unauthenticated door; what goes through it is not known; send the requests themselves",
    )
    return [PlannedRequest("", None, None, "", "", None, None, effects={Effect.TRANSFER, Effect.UNKNOWN})]


def _connect(line: Line, arguments: Sequence[str], subresource: str) -> list[PlannedRequest]:
    if not arguments:
        line.refuse("no pod is named; add its name or TYPE/NAME")
        return [line.core("create", "pods", None, subresource=subresource)]
    check_namespace(line)
    pod, leading = pod_behind(line, arguments[0])
    for request in leading:
        if request.resource is None:
            line.problem(
                ProblemCode.UNKNOWN_RESOURCE,
                f"`{(request.typed or '')[:40]}` is no resource type that is known, so "
                "the pod isn't either; name the pod",
            )
    return [line.core("create", "pods", pod, subresource=subresource), *leading]


def _behind_file(line: Line, subresource: str) -> list[PlannedRequest]:
    targets = resolve_targets(line, (), change=True)
    target = targets[0]
    pod = target.name if target.kind is not None and target.kind.resource == "pods" else None
    request = line.core("create", "pods", pod, subresource=subresource)
    request.namespace = (
        target.namespace if target.namespace is not None else (line.namespace if target.kind else None)
    )
    return [request, target.request(line, "get"), line.core("list", "pods", "")]


def _split(line: Line) -> tuple[list[str], list[str]]:
    """Return the arguments before `--` and behind it."""
    arguments, at = line.parsed.arguments, line.parsed.before_dash
    return (list(arguments), []) if at is None else (arguments[:at], arguments[at:])


def _as_pods(arguments: Sequence[str]) -> list[str]:
    """`debug NAME` means pod NAME; TYPE/NAME stands for itself."""
    return [argument if "/" in argument else f"pods/{argument}" for argument in arguments]


def _run(line: Line, request: PlannedRequest, command: Sequence[str]) -> None:
    facts = describe_command(command)
    _program(request, command)
    if facts.code is not None:
        line.problem(facts.code, facts.message)


def _program(request: PlannedRequest, command: Sequence[str]) -> None:
    if command and command[0]:
        program = Resource(kind=ResourceKind.PROGRAM, name=command[0], access=Access.EXECUTE)
        request.resources.append(program)


def _typed_input(line: Line) -> None:
    line.problem(
        ProblemCode.UNKNOWN_TEXT,
        "what is typed into the running program is not known; leave stdin away, or use exec with a command",
    )
