"""Commands that change objects which exist: delete, apply, replace, patch, edit, scale, set, label, rollout, nodes.

The first request is the one that changes. kubectl reads the same object before or after most of them; such a read
is not listed again unless its content is shown, because whoever may change an object is not stopped from meeting it.
"""

from __future__ import annotations

from collections.abc import Sequence

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Effect
from policy_engine.parsers.kubernetes.body import body_facts
from policy_engine.parsers.kubernetes.effects import RBAC_GROUP
from policy_engine.parsers.kubernetes.line import Line, no_request
from policy_engine.parsers.kubernetes.manifests import load_text
from policy_engine.parsers.kubernetes.plan import PlannedRequest
from policy_engine.parsers.kubernetes.pod_specs import has_pod_spec, is_spec_part, may_have_pod_spec
from policy_engine.parsers.kubernetes.raw import raw_request
from policy_engine.parsers.kubernetes.reading import revisions
from policy_engine.parsers.kubernetes.targets import Target, node_targets, resolve_targets
from policy_engine.parsers.kubernetes.yaml_reader import UnreadableError, read_document


def changed_targets(line: Line, arguments: Sequence[str]) -> list[Target]:
    """Return what would change; a bare TYPE without name, --all or selector is refused."""
    targets = resolve_targets(line, arguments, change=True)
    if not targets or any(target.name == "" for target in targets):
        line.refuse("no object is named to change; add a name, --all or a selector")
    if not targets:
        return [Target(None, None)]
    return [
        Target(target.kind, target.name or None, target.typed, target.namespace, target.facts)
        for target in targets
    ]


def change(line: Line, arguments: Sequence[str], verb: str, subresource: str = "") -> list[PlannedRequest]:
    """Return the requests that change the objects named, or the reads that a client-side dry run sends."""
    targets = changed_targets(line, arguments)
    if line.parsed.switch("local"):
        return no_request(line)
    if line.dry_run == "client":
        return [
            target.request(line, "get" if target.name or line.from_file else "list") for target in targets
        ]
    return [target.request(line, verb, subresource) for target in targets]


def delete(line: Line) -> list[PlannedRequest]:
    """`delete`: one DELETE per object, never a collection; chosen objects are listed first."""
    if line.parsed.has("raw"):
        return raw_request(line, "DELETE")
    targets = changed_targets(line, line.parsed.arguments)
    if line.dry_run == "client":
        if not line.chooses:
            return no_request(line)
        return [Target(target.kind, "", target.typed).request(line, "list") for target in targets]
    return [target.request(line, "delete") for target in targets]


def apply(line: Line) -> list[PlannedRequest]:
    """`apply`: PATCH, or create where the object is absent; --prune deletes, --force recreates."""
    if line.parsed.arguments or not line.from_file:
        line.refuse("apply needs -f or -k and no arguments; name the file")
    targets = resolve_targets(line, (), change=True) if line.from_file else [Target(None, None)]
    if line.dry_run == "client":
        return [target.request(line, "get") for target in targets]
    subresource = line.parsed.value("subresource") or ""
    patches = [target.request(line, "patch", subresource) for target in targets]
    others: list[PlannedRequest] = []
    if line.parsed.switch("server-side"):
        for patch in patches:
            patch.effects.add(Effect.CREATE)
    else:
        others.extend(_creation(line, target) for target in targets)
    if line.parsed.switch("force"):
        others.extend(target.request(line, "delete") for target in targets)
    if line.parsed.switch("prune"):
        line.problem(
            ProblemCode.UNKNOWN_TARGET,
            "--prune deletes whatever is missing from the files, which only the "
            "cluster knows; delete by name",
        )
        others.append(line.request("delete", None, None))
    return patches + others


def _creation(line: Line, target: Target) -> PlannedRequest:
    request = target.request(line, "create")
    request.object_name, request.name = request.name, "" if target.kind else None
    if target.kind is not None and target.kind.resource == "namespaces":
        request.namespace = ""
    return request


def create_from_file(line: Line) -> list[PlannedRequest]:
    """`create -f`: POST of each object."""
    targets = resolve_targets(line, (), change=True)
    if line.dry_run == "client":
        return no_request(line)
    if line.parsed.switch("edit"):
        _unknown_content(line, "what the editor makes of the file")
    return [_creation(line, target) for target in targets]


def replace(line: Line) -> list[PlannedRequest]:
    """`replace`: PUT; with --force DELETE and POST."""
    if line.parsed.has("raw"):
        return raw_request(line, "PUT")
    if line.parsed.arguments or not line.from_file:
        line.refuse("replace needs -f or -k and no arguments; name the file")
    targets = resolve_targets(line, (), change=True) if line.from_file else [Target(None, None)]
    if line.dry_run == "client":
        return no_request(line)
    if not line.parsed.switch("force"):
        return [target.request(line, "update", line.parsed.value("subresource") or "") for target in targets]
    deletions = [target.request(line, "delete") for target in targets]
    creations = [_creation(line, target) for target in targets]
    namespaces = [
        line.core("get", "namespaces", request.namespace)
        for request in deletions
        if request.namespace and request.resource != "namespaces"
    ]
    return deletions + creations + namespaces[:1]


def patch(line: Line) -> list[PlannedRequest]:
    """`patch`: PATCH with the document on the line or in a file."""
    requests = change(line, line.parsed.arguments, "patch", line.parsed.value("subresource") or "")
    document = line.parsed.value("patch")
    path = line.parsed.value("patch-file")
    if document and path:
        line.refuse("--patch and --patch-file stand on one line; kubectl refuses that, use one of them")
    try:
        if path and line.files is not None:
            document = load_text(line.files, path)
        facts = body_facts(read_document(document)) if document is not None else None
    except UnreadableError as error:
        line.problem(ProblemCode.INVALID_REQUEST, f"the patch can't be read: {error}")
        return requests
    if facts is None:
        _unknown_content(line, "the patch, which stands in a file,")
        return requests
    for request in requests:
        if facts.privileged:
            request.flags.add("privileged")
        if (
            facts.unseen
            and is_spec_part(request.subresource)
            and may_have_pod_spec(request.group, request.resource)
        ):
            _unseen_value(line, facts.unseen)
            break
    return requests


def _unseen_value(line: Line, unseen: str) -> None:
    line.problem(
        ProblemCode.UNKNOWN_TEXT,
        f"{unseen}, so whether it is privileged can't be told; write the value itself with `add`",
    )


def edit(line: Line) -> list[PlannedRequest]:
    """`edit`: the object is shown in an editor and patched with whatever was typed."""
    targets = changed_targets(line, line.parsed.arguments)
    requests = [target.request(line, "patch", line.parsed.value("subresource") or "") for target in targets]
    if any(
        target.kind is None or has_pod_spec(target.kind.group, target.kind.resource) for target in targets
    ):
        _unknown_content(line, "what is typed into the editor")
    return requests + [
        target.request(line, "get" if target.name or line.from_file else "list") for target in targets
    ]


def _unknown_content(line: Line, what: str) -> None:
    line.problem(
        ProblemCode.UNKNOWN_TEXT,
        f"{what} is not known, so neither is whether it is privileged; use apply with a file that may be read",
    )


def scale(line: Line) -> list[PlannedRequest]:
    """`scale`: PATCH of the scale subresource; PUT with a precondition."""
    guarded = line.parsed.has("current-replicas") or line.parsed.has("resource-version")
    if not line.parsed.has("replicas"):
        line.refuse("scale needs --replicas; add it")
    return change(line, line.parsed.arguments, "update" if guarded else "patch", "scale")


def rollout(line: Line) -> list[PlannedRequest]:
    """`rollout restart|pause|resume`: PATCH of the workload; a bare type means every object of it."""
    return _rollout(line)[0]


def rollout_undo(line: Line) -> list[PlannedRequest]:
    """`rollout undo`: PATCH of the workload with an earlier revision, which is read first."""
    requests, targets = _rollout(line)
    return requests + revisions(line, targets)


def _rollout(line: Line) -> tuple[list[PlannedRequest], list[Target]]:
    targets = resolve_targets(line, line.parsed.arguments, change=True)
    if not targets:
        line.refuse("no workload is named; add TYPE/NAME")
    targets = [
        Target(item.kind, item.name or None, item.typed, item.namespace, item.facts) for item in targets
    ]
    targets = targets or [Target(None, None)]
    if line.dry_run == "client":
        return [
            target.request(line, "get" if target.name or line.from_file else "list") for target in targets
        ], targets
    return [target.request(line, "patch") for target in targets], targets


def label(line: Line) -> list[PlannedRequest]:
    """`label`, `annotate`: PATCH of the metadata; with --list a read."""
    arguments, pairs = split_pairs(line.parsed.arguments)
    if line.parsed.switch("list") and not pairs:
        targets = resolve_targets(line, arguments, change=False) or [Target(None, None)]
        return [
            target.request(line, "get" if target.name or line.from_file else "list") for target in targets
        ]
    if not pairs:
        line.refuse("no KEY=VALUE is given; add one")
    return change(line, arguments, "patch")


def set_pairs(line: Line) -> list[PlannedRequest]:
    """`set image`, `set env`: PATCH of the pod template; `--from` and `--resolve` read the values' sources."""
    arguments, pairs = split_pairs(line.parsed.arguments)
    if line.parsed.switch("list") and not pairs:
        targets = resolve_targets(line, arguments, change=False) or [Target(None, None)]
        requests = [
            target.request(line, "get" if target.name or line.from_file else "list") for target in targets
        ]
    else:
        requests = change(line, arguments, "patch")
    if line.parsed.switch("resolve"):
        requests.extend(line.core("get", resource, None) for resource in ("secrets", "configmaps"))
    source = line.parsed.value("from")
    if source:
        typed, _, name = source.partition("/")
        kind = line.table.find(typed)
        requests.append(line.request("get", kind, name or None, typed=typed))
    return requests


def set_all_arguments(line: Line) -> list[PlannedRequest]:
    """`set resources`, `set subject`: PATCH; every argument names an object."""
    return change(line, line.parsed.arguments, "patch")


def set_last_argument(line: Line) -> list[PlannedRequest]:
    """`set selector`, `set serviceaccount`: PATCH; the last argument is the new value."""
    if not line.parsed.arguments:
        line.refuse("the new value is missing; add it")
    return change(line, line.parsed.arguments[:-1], "patch")


def taint(line: Line) -> list[PlannedRequest]:
    """`taint`: PATCH of nodes."""
    arguments = [
        word for word in line.parsed.arguments if not ("=" in word or ":" in word or word.endswith("-"))
    ]
    if len(arguments) == len(line.parsed.arguments):
        line.refuse("no taint KEY=VALUE:EFFECT is given; add one")
    return change(line, arguments, "patch")


def cordon(line: Line) -> list[PlannedRequest]:
    """`cordon`, `uncordon`: PATCH of nodes."""
    verb = "get" if line.dry_run == "client" else "patch"
    return [target.request(line, verb) for target in node_targets(line, line.parsed.arguments)]


def drain(line: Line) -> list[PlannedRequest]:
    """`drain`: cordon the nodes, then evict or delete the pods that run there, in any namespace."""
    requests = cordon(line)
    pods = line.core("list", "pods", "")
    pods.namespace = ""
    pods.selector = line.parsed.value("pod-selector") or None
    if line.dry_run == "client":
        return [*requests, pods]
    if line.parsed.switch("disable-eviction"):
        removal = line.core("delete", "pods", None)
    else:
        removal = line.core("create", "pods", None, subresource="eviction")
    removal.namespace = None
    removal.selector = pods.selector
    daemon_sets = line.request("get", line.table.of_resource("apps", "daemonsets"), None)
    daemon_sets.namespace = None
    return [*requests, removal, pods, daemon_sets]


def certificate(line: Line) -> list[PlannedRequest]:
    """`certificate approve|deny`: PUT of the approval of signing requests."""
    kind = line.table.of_resource("certificates.k8s.io", "certificatesigningrequests")
    if line.from_file:
        return change(line, (), "update", "approval")
    if not line.parsed.arguments:
        line.refuse("no signing request is named; add its name")
        return [line.request("update", kind, None, subresource="approval")]
    names = [argument.rpartition("/")[2] for argument in line.parsed.arguments]
    for name in names:
        line.check_name(name)
    if len(names) > 1:
        line.flags.add("multi_name")
    return [line.request("update", kind, name, subresource="approval") for name in names]


def reconcile(line: Line) -> list[PlannedRequest]:
    """`auth reconcile`: RBAC objects are deleted and made anew, created or updated, as the cluster's state asks."""
    if not line.from_file:
        line.refuse("auth reconcile needs -f or -k; name the file")
    targets = resolve_targets(line, (), change=True) if line.from_file else [Target(None, None)]
    rules = [target for target in targets if target.kind is None or target.kind.group == RBAC_GROUP]
    if line.dry_run == "client":
        return [target.request(line, "get") for target in rules] or no_request(line)
    requests = [target.request(line, "delete") for target in rules]
    requests += [_creation(line, target) for target in rules]
    requests += [target.request(line, "update") for target in rules]
    for request in requests:
        request.group = RBAC_GROUP
        request.effects.add(Effect.GRANT)
    return requests or no_request(line)


def set_last_applied(line: Line) -> list[PlannedRequest]:
    """`apply set-last-applied`: PATCH of the annotation."""
    if not line.from_file:
        line.refuse("set-last-applied needs -f; name the file")
    return change(line, (), "patch")


def split_pairs(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split arguments into resources and KEY=VALUE or KEY- pairs; the pairs begin with the first that looks like one."""
    for index, word in enumerate(arguments):
        if "=" in word or (word.endswith("-") and len(word) > 1):
            return list(arguments[:index]), list(arguments[index:])
    return list(arguments), []
