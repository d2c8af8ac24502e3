"""Commands that only read: get, describe, logs, top, events, wait, rollout status and history, diff, auth, discovery.

A watch comes first where a line watches, then what was read to begin with; the log of a pod comes before the
objects that lead to it.
"""

from __future__ import annotations

from policy_engine.documents.vocabulary import Effect
from policy_engine.parsers.kubernetes.line import Line, no_request
from policy_engine.parsers.kubernetes.options import FALSE_WORDS
from policy_engine.parsers.kubernetes.plan import PlannedRequest
from policy_engine.parsers.kubernetes.raw import raw_request
from policy_engine.parsers.kubernetes.selectors import InvalidSelectorError, exact_field
from policy_engine.parsers.kubernetes.targets import Target, resolve_targets

# What describe reads besides the object and its events: (group, resource) -> [(group, resource, scope)]; scope is
# "same" for the object's namespace, "all" for every namespace, "named" for the namespace described, "lease" for a
# node's lease, "backend" for services that only the cluster can name.
_DESCRIBED_WITH: dict[tuple[str, str], tuple[tuple[str, str, str], ...]] = {
    ("", "nodes"): (
        ("", "pods", "all"),
        ("coordination.k8s.io", "leases", "lease"),
        ("resource.k8s.io", "resourceslices", "all"),
    ),
    ("", "namespaces"): (("", "resourcequotas", "named"), ("", "limitranges", "named")),
    ("", "services"): (("discovery.k8s.io", "endpointslices", "same"), ("", "endpoints", "same")),
    ("", "serviceaccounts"): (("", "secrets", "same"),),
    ("", "persistentvolumeclaims"): (("", "pods", "same"),),
    ("", "replicationcontrollers"): (("", "pods", "same"),),
    ("apps", "deployments"): (("apps", "replicasets", "same"),),
    ("apps", "replicasets"): (("", "pods", "same"),),
    ("apps", "statefulsets"): (("", "pods", "same"),),
    ("apps", "daemonsets"): (("", "pods", "same"),),
    ("batch", "jobs"): (("", "pods", "same"),),
    ("networking.k8s.io", "ingresses"): (
        ("", "services", "backend"),
        ("discovery.k8s.io", "endpointslices", "same"),
        ("", "endpoints", "same"),
    ),
}


def get(line: Line) -> list[PlannedRequest]:
    """`get`: list a collection or get objects, then watch."""
    if line.parsed.has("raw"):
        return raw_request(line, "GET")
    targets = resolve_targets(line, line.parsed.arguments, change=False)
    if not targets:
        line.refuse("no resource type is named; add one")
        return [line.request("get", None, None)]
    subresource = line.parsed.value("subresource") or ""
    reads = [_read(line, target, subresource) for target in targets]
    if "watch" in line.flags:
        return [*(_watch(line, target) for target in targets), *reads]
    return reads


def describe(line: Line) -> list[PlannedRequest]:
    """`describe`: the object, what belongs to it, and its events; a name may be the beginning of a name."""
    targets = resolve_targets(line, line.parsed.arguments, change=False)
    if not targets:
        line.refuse("no resource type is named; add one")
        return [line.request("get", None, None)]
    reads = [_read(line, target, "") for target in targets]
    extra: list[PlannedRequest] = []
    for target in targets:
        if target.name and not line.from_file:
            extra.append(Target(target.kind, "", target.typed).request(line, "list"))
        elif target.kind is not None and not target.name:
            extra.append(_each(line, target))
        extra.extend(_described_with(line, target))
    return reads + _distinct(extra)


def _each(line: Line, target: Target) -> PlannedRequest:
    """Return the get of each object of a collection, whose names only the cluster knows."""
    request = line.request("get", target.kind, None, typed=target.typed)
    if line.all_namespaces and target.kind is not None and target.kind.namespaced:
        request.namespace = None
    return request


def _described_with(line: Line, target: Target) -> list[PlannedRequest]:
    kind = target.kind
    if kind is None:
        return []
    found = []
    namespace = target.namespace if target.namespace is not None else line.scope(kind)
    if line.all_namespaces and kind.namespaced:
        namespace = None  # each object's own
    for group, resource, scope in _DESCRIBED_WITH.get((kind.group, kind.resource), ()):
        other = line.table.of_resource(group, resource)
        if other is None:
            continue
        request = line.request("list", other, "")
        if scope == "all":
            request.namespace = ""
        elif scope == "named":
            request.namespace = target.name or None
        elif scope == "lease":
            request = line.request("get", other, target.name or None)
            request.namespace = "kube-node-lease"
        elif scope == "backend":
            request = line.request("get", other, None)
            request.namespace = namespace
        else:
            request.namespace = namespace
        found.append(request)
    if (kind.group, kind.resource) != ("", "secrets") and line.parsed.value("show-events") not in FALSE_WORDS:
        events = line.core("list", "events", "")
        events.namespace = namespace
        found.append(events)
    return found


def logs(line: Line) -> list[PlannedRequest]:
    """`logs`: the log of a pod, or of pods that a workload or a selector chooses."""
    arguments = line.parsed.arguments
    if not arguments:
        if "selector" not in line.flags:
            line.refuse("no pod is named; add its name, TYPE/NAME or a selector")
        log = line.core("get", "pods", None, subresource="log")
        log.selector = line.parsed.value("selector")
        pods = line.core("list", "pods", "")
        pods.selector = log.selector
        return [log, pods]
    if len(arguments) > 2:
        line.refuse("logs takes one pod and at most one container; name one pod")
    pod, leading = pod_behind(line, arguments[0])
    return [line.core("get", "pods", pod, subresource="log"), line.core("get", "pods", pod), *leading]


def pod_behind(line: Line, argument: str) -> tuple[str | None, list[PlannedRequest]]:
    """Return the pod that POD or TYPE/NAME means, with the reads that lead to it; None when a workload chooses it."""
    typed, slash, name = argument.rpartition("/")
    line.check_name(name)
    if not slash:
        return name, []
    if "/" in typed:
        line.refuse(f"`{argument[:60]}` has more than one slash; write TYPE/NAME")
    kind = line.table.find(typed)
    if kind is not None and (kind.group, kind.resource) == ("", "pods"):
        return name, []
    return None, [line.request("get", kind, name, typed=typed), line.core("list", "pods", "")]


def top_pod(line: Line) -> list[PlannedRequest]:
    """`top pod`: metrics of pods."""
    return [_metrics(line, "pods")]


def top_node(line: Line) -> list[PlannedRequest]:
    """`top node`: metrics of nodes, and the nodes for their capacity."""
    metrics = _metrics(line, "nodes")
    nodes = line.core("get" if metrics.name else "list", "nodes", metrics.name)
    return [metrics, nodes]


def _metrics(line: Line, resource: str) -> PlannedRequest:
    name = line.parsed.arguments[0] if line.parsed.arguments else ""
    if name:
        line.check_name(name)
    kind = line.table.of_resource("metrics.k8s.io", resource)
    request = line.request("get" if name else "list", kind, name)
    request.selector = line.parsed.value("selector") or None
    request.field_selector = line.parsed.value("field-selector") or None
    return request


def events(line: Line) -> list[PlannedRequest]:
    """`events`: list or watch events."""
    found = line.core("list", "events", "")
    return [line.core("watch", "events", ""), found] if "watch" in line.flags else [found]


def wait(line: Line) -> list[PlannedRequest]:
    """`wait`: get or list, then watch each object."""
    if line.parsed.switch("local"):
        return no_request(line, effects=(Effect.READ,))
    targets = resolve_targets(line, line.parsed.arguments, change=False)
    if not targets:
        line.refuse("nothing to wait for is named; add TYPE/NAME or a selector")
        targets = [Target(None, None)]
    return _followed(line, targets)


def rollout_status(line: Line) -> list[PlannedRequest]:
    """`rollout status`: get, then watch until it is done; `--watch=false` only ends the watch early."""
    return _followed(line, _rollout_targets(line))


def _followed(line: Line, targets: list[Target]) -> list[PlannedRequest]:
    """Watch each object until something is true of it; versions before 1.36 list it by name first."""
    watches = [_watch(line, target) for target in targets]
    lists = [_watch(line, target, "list") for target in targets]
    for request in (*watches, *lists):
        if not request.name:  # each of the chosen objects by its name
            request.name, request.selector, request.field_selector = None, None, None
            if request.resource == "namespaces":
                request.namespace = ""
            elif line.all_namespaces:
                request.namespace = None
    return _distinct([*watches, *(_read(line, target, "") for target in targets), *lists])


def rollout_history(line: Line) -> list[PlannedRequest]:
    """`rollout history`: get, and list the revisions."""
    targets = _rollout_targets(line)
    return [*(_read(line, target, "") for target in targets), *revisions(line, targets)]


def revisions(line: Line, targets: list[Target]) -> list[PlannedRequest]:
    """Return the reads of the revisions of workloads."""
    found = []
    for target in targets:
        if target.kind is None:
            continue
        resource = "replicasets" if target.kind.resource == "deployments" else "controllerrevisions"
        request = line.request("list", line.table.of_resource("apps", resource), "")
        if target.namespace is not None:
            request.namespace = target.namespace
        found.append(request)
    return _distinct(found)


def _rollout_targets(line: Line) -> list[Target]:
    targets = resolve_targets(line, line.parsed.arguments, change=False)
    if not targets:
        line.refuse("no workload is named; add TYPE/NAME")
        targets = [Target(None, None)]
    return targets


def diff(line: Line) -> list[PlannedRequest]:
    """`diff`: get the live objects, and let the server merge them in a dry run."""
    targets = resolve_targets(line, line.parsed.arguments, change=False)
    if not targets or not line.from_file:
        line.refuse("diff needs -f or -k; add the file")
        return [line.request("get", None, None)]
    reads = [target.request(line, "get") for target in targets]
    merges = [target.request(line, "patch") for target in targets]
    for merge in merges:
        merge.dry_run = "All"
        merge.flags.add("dry_run_server")
    return reads + merges


def explain(line: Line) -> list[PlannedRequest]:
    """`explain`: the server's OpenAPI document."""
    del line
    return [PlannedRequest("get", path="/openapi/v3")]


def discovery(line: Line) -> list[PlannedRequest]:
    """`api-resources`, `api-versions`: the server's discovery documents."""
    del line
    return [PlannedRequest("get", path="/apis")]


def version(line: Line) -> list[PlannedRequest]:
    """`version`: the server's version, unless only the client's is asked for."""
    return no_request(line) if line.parsed.switch("client") else [PlannedRequest("get", path="/version")]


def cluster_info(line: Line) -> list[PlannedRequest]:
    """`cluster-info`: the services that the cluster labels as its own."""
    services = line.core("list", "services", "")
    services.namespace = "kube-system"
    services.selector = "kubernetes.io/cluster-service=true"
    return [services]


def cluster_info_dump(line: Line) -> list[PlannedRequest]:
    """`cluster-info dump`: objects and logs of whole namespaces."""
    namespaces: list[str | None] = ["kube-system", line.namespace]
    if line.all_namespaces:
        namespaces = [""]
    elif line.parsed.has("namespaces"):
        namespaces = [part for value in line.parsed.options["namespaces"] for part in value.split(",")]
    found = [line.core("list", "nodes", "")]
    kinds = (
        ("", "events"), ("", "replicationcontrollers"), ("", "services"), ("apps", "daemonsets"),
        ("apps", "deployments"), ("apps", "replicasets"), ("", "pods"),
    )  # fmt: skip
    for namespace in namespaces[:100]:
        for group, resource in kinds:
            request = line.request("list", line.table.of_resource(group, resource), "")
            request.namespace = namespace
            found.append(request)
        log = line.core("get", "pods", None, subresource="log")
        log.namespace = namespace or None
        found.append(log)
    return found


def can_i(line: Line) -> list[PlannedRequest]:
    """`auth can-i`: ask the server what the caller may do."""
    resource = "selfsubjectrulesreviews" if line.parsed.switch("list") else "selfsubjectaccessreviews"
    return [line.request("create", line.table.of_resource("authorization.k8s.io", resource), "")]


def whoami(line: Line) -> list[PlannedRequest]:
    """`auth whoami`: ask the server who the caller is."""
    kind = line.table.of_resource("authentication.k8s.io", "selfsubjectreviews")
    return [line.request("create", kind, "")]


def view_last_applied(line: Line) -> list[PlannedRequest]:
    """`apply view-last-applied`: the annotation that holds the whole object as it was applied."""
    targets = resolve_targets(line, line.parsed.arguments, change=False)
    if not targets:
        line.refuse("no object is named; add TYPE/NAME")
        targets = [Target(None, None)]
    return [_read(line, target, "") for target in targets]


def _read(line: Line, target: Target, subresource: str) -> PlannedRequest:
    """Get an object, or list the collection or the chosen set that stands for it."""
    if target.name or line.from_file:
        return target.request(line, "get", subresource)
    if subresource:
        line.refuse("--subresource needs a name; add one")
    request = Target(target.kind, "", target.typed).request(line, "list", subresource)
    return _name_by_field(line, request)


def _watch(line: Line, target: Target, verb: str = "watch") -> PlannedRequest:
    request = Target(target.kind, target.name or "", target.typed, target.namespace).request(line, verb)
    if line.from_file and target.name is None:
        request.name = None
    if request.name and request.field_selector is None:
        if request.resource == "namespaces":
            request.namespace = ""
        request.field_selector = f"metadata.name={request.name}"
    return _name_by_field(line, request)


def _name_by_field(line: Line, request: PlannedRequest) -> PlannedRequest:
    """Set the name where RequestInfo takes it from the field selector."""
    if request.field_selector and not request.name:
        try:
            request.name = exact_field(request.field_selector, "metadata.name") or ""
        except InvalidSelectorError:
            line.refuse(f"the field selector `{request.field_selector[:60]}` is malformed; mend it")
    return request


def _distinct(requests: list[PlannedRequest]) -> list[PlannedRequest]:
    seen = set()
    found = []
    for request in requests:
        key = (
            request.verb,
            request.group,
            request.resource,
            request.typed,
            request.subresource,
            request.namespace,
            request.name,
        )
        if key not in seen:
            seen.add(key)
            found.append(request)
    return found
