"""Commands that make new objects from options: create and its generators, run, expose, autoscale."""

from __future__ import annotations

from policy_engine.documents.action import Resource
from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, ResourceKind
from policy_engine.parsers.kubernetes.body import body_facts
from policy_engine.parsers.kubernetes.changing import changed_targets, create_from_file
from policy_engine.parsers.kubernetes.line import Line, no_request
from policy_engine.parsers.kubernetes.local import plugin
from policy_engine.parsers.kubernetes.plan import PlannedRequest
from policy_engine.parsers.kubernetes.raw import raw_request
from policy_engine.parsers.kubernetes.targets import check_namespace
from policy_engine.parsers.kubernetes.yaml_reader import UnreadableError, read_document

RBAC = "rbac.authorization.k8s.io"
GENERATORS: dict[str, tuple[str, str]] = {
    "clusterrole": (RBAC, "clusterroles"),
    "clusterrolebinding": (RBAC, "clusterrolebindings"),
    "configmap": ("", "configmaps"),
    "cronjob": ("batch", "cronjobs"),
    "deployment": ("apps", "deployments"),
    "ingress": ("networking.k8s.io", "ingresses"),
    "job": ("batch", "jobs"),
    "namespace": ("", "namespaces"),
    "poddisruptionbudget": ("policy", "poddisruptionbudgets"),
    "priorityclass": ("scheduling.k8s.io", "priorityclasses"),
    "quota": ("", "resourcequotas"),
    "role": (RBAC, "roles"),
    "rolebinding": (RBAC, "rolebindings"),
    "secret": ("", "secrets"),
    "service": ("", "services"),
    "serviceaccount": ("", "serviceaccounts"),
}


def create(line: Line) -> list[PlannedRequest]:
    """`create -f`, `create --raw`; another word behind create is a plugin."""
    if line.parsed.has("raw"):
        return raw_request(line, "POST")
    if line.parsed.arguments:
        return plugin(line, f"create-{line.parsed.arguments[0]}")
    if not line.from_file:
        return no_request(line)
    return create_from_file(line)


def generate(line: Line) -> list[PlannedRequest]:
    """`create TYPE NAME …`: POST of one object."""
    group, resource = GENERATORS[line.parsed.command[1]]
    arguments = line.parsed.arguments
    own = arguments if line.parsed.before_dash is None else arguments[: line.parsed.before_dash]
    command = [] if line.parsed.before_dash is None else arguments[line.parsed.before_dash :]
    if len(own) != 1:
        line.refuse(f"`kubectl {line.command}` takes exactly one name; give one")
    request = _creation(line, group, resource, own[0] if own else None)
    _runs(request, command)
    requests = [request]
    source = line.parsed.value("from")
    if source:
        _, _, name = source.partition("/")
        requests.append(line.request("get", line.table.of_resource("batch", "cronjobs"), name or None))
    if line.dry_run == "client":
        return requests[1:] or no_request(line)
    return requests


def token(line: Line) -> list[PlannedRequest]:
    """`create token NAME`: POST to the service account's token subresource."""
    name = line.parsed.arguments[0] if line.parsed.arguments else None
    if name is None or len(line.parsed.arguments) > 1:
        line.refuse("create token takes exactly one service account; name it")
    else:
        line.check_name(name)
    check_namespace(line)
    return [line.core("create", "serviceaccounts", name, subresource="token")]


def run(line: Line) -> list[PlannedRequest]:
    """`run`: POST of a pod; attached to with -i or --attach, deleted afterwards with --rm."""
    arguments = line.parsed.arguments
    if not arguments:
        line.refuse("run needs the pod's name; add it")
    name = arguments[0] if arguments else None
    pod = _creation(line, "", "pods", name)
    _runs(pod, arguments[1:])
    _overrides(line, pod)
    if line.dry_run == "client":
        return no_request(line)
    requests = [pod]
    if line.parsed.switch("stdin") or line.parsed.switch("attach") or line.parsed.switch("rm"):
        requests.append(line.core("create", "pods", name, subresource="attach"))
        if line.parsed.switch("stdin"):
            line.problem(
                ProblemCode.UNKNOWN_TEXT,
                "run with stdin: what is typed into the program is not known; run it without -i",
            )
        for verb in ("watch", "list"):  # until it runs; versions before 1.36 list it by name first
            followed = line.core(verb, "pods", name)
            followed.field_selector = f"metadata.name={name}"
            requests.append(followed)
        requests.append(line.core("get", "pods", name, subresource="log"))
    if line.parsed.switch("rm"):
        requests.append(line.core("delete", "pods", name))
    if line.parsed.switch("expose"):
        requests.append(_creation(line, "", "services", name))
    return requests


def expose(line: Line) -> list[PlannedRequest]:
    """`expose`: POST of a service for an object that exists."""
    return _for_existing(line, "", "services", line.parsed.value("name"))


def autoscale(line: Line) -> list[PlannedRequest]:
    """`autoscale`: POST of a horizontal pod autoscaler for an object that exists."""
    return _for_existing(line, "autoscaling", "horizontalpodautoscalers", line.parsed.value("name"))


def _for_existing(line: Line, group: str, resource: str, given: str | None) -> list[PlannedRequest]:
    targets = changed_targets(line, line.parsed.arguments)
    reads = [target.request(line, "get" if target.name or line.from_file else "list") for target in targets]
    if line.dry_run == "client":
        return reads
    made = []
    for target, read in zip(targets, reads, strict=True):
        request = _creation(line, group, resource, given or target.name)
        request.namespace = read.namespace
        _overrides(line, request)
        made.append(request)
    return made + reads


def _creation(line: Line, group: str, resource: str, name: str | None) -> PlannedRequest:
    kind = line.table.of_resource(group, resource)
    request = line.request("create", kind, "")
    request.object_name = name
    if name is not None:
        line.check_name(name)
    if kind is not None and kind.namespaced:
        check_namespace(line)
    if resource == "namespaces":
        request.namespace = ""
    if "privileged" in line.flags and resource == "pods":
        request.flags.add("privileged")
    return request


def _runs(request: PlannedRequest, command: list[str]) -> None:
    if command and command[0]:
        program = Resource(kind=ResourceKind.PROGRAM, name=command[0], access=Access.EXECUTE)
        request.resources.append(program)


def _overrides(line: Line, request: PlannedRequest) -> None:
    """Read `--overrides`, an inline document that can turn the object into anything."""
    text = line.parsed.value("overrides")
    if not text:
        return
    try:
        facts = body_facts(read_document(text))
    except UnreadableError as error:
        line.problem(ProblemCode.INVALID_REQUEST, f"--overrides can't be read: {error}")
        return
    if facts.unseen:
        line.problem(
            ProblemCode.UNKNOWN_TEXT,
            f"--overrides: {facts.unseen}, so what is made is not known; write the value itself with `add`",
        )
    if facts.privileged:
        request.flags.add("privileged")
    if facts.name is not None and facts.name != request.object_name:
        request.object_name = facts.name
    if facts.namespace is not None and facts.namespace != request.namespace:
        line.refuse("--overrides names another namespace than the line; make them agree")
