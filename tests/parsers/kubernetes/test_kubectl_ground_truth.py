"""kubectl lines stand for the requests that a real kubectl (1.36.4) sent for them.

What is compared, for each of the recorded lines:
- the principal operation is the recorded request that DESIGN calls principal: the connection for exec, attach, cp
  and port-forward; else the first request that changes; else the log, the watch or the first read. Verb, group,
  resource, subresource, namespace and name must agree; null (not statically known) agrees with anything;
- every recorded request is covered: by an operation that agrees with it, or, for a read, by an operation that
  changes the same object (kubectl looks at what it changes before and after);
- every recorded flag is reported, and nothing else but the flags listed in `MORE_FLAGS` with their reason.
"""

from __future__ import annotations

from typing import Any

from policy_engine.documents.action import Action, KubernetesDetail, Operation
from policy_engine.parsers.kubernetes import (
    ResourceTable,
    builtin_resources,
    parse_kubectl,
    parse_kubernetes_request,
)

CUSTOM_GROUPS = {"cert-manager.io", "example.com", "serving.knative.dev", "argoproj.io"}
READS = {"get", "list", "watch"}
CONNECTIONS = {"exec", "attach", "portforward", "proxy"}
KEYS = {
    "api_group": "group",
    "resource": "resource",
    "subresource": "subresource",
    "namespace": "namespace",
    "name": "name",
}
# Lines where we say more than the recording: it labels what the options say, the vocabulary says what is meant.
MORE_FLAGS = {
    "k072": {"all_namespaces"},  # --raw /api/v1/secrets addresses every namespace
    "k090": {"dry_run_server"},  # diff may let the server merge in a dry run
    "k119": {"no_request"},  # DESIGN 3.7: a client-side dry run that sends nothing
    "k143": {"no_request"},
    "k208": {"no_request"},
    "k129": {"secret_read"},  # secret_read includes making a token
    "k230": {"secret_read"},
    "k207": {"privileged"},  # --overrides with hostPID
    "k226": {"privileged"},  # debug node/… mounts the host's root and joins its namespaces
}
# The recording ends before the change, because the fake server had no revision to go back to (exit status 1).
ENDED_EARLY = {"k178", "k212"}


def test_every_recorded_line_is_understood_as_it_ran(
    kubectl_cases: list[dict[str, Any]], lab_resources: ResourceTable
) -> None:
    wrong: list[tuple[str, str, object]] = []
    for case in kubectl_cases:
        action = parse_kubectl(case["command"], resources=lab_resources)
        wrong.extend((case["id"], case["command"], fault) for fault in _faults(case, action))
    assert wrong == []
    assert len(kubectl_cases) == 260


def test_every_recorded_request_is_named_as_the_api_server_named_it(
    kubectl_cases: list[dict[str, Any]],
) -> None:
    wrong = []
    requests = [request for case in kubectl_cases for request in case["requests"]]
    for request in requests:
        query = request["query"].replace(
            "timeoutSeconds=N", "timeoutSeconds=1"
        )  # N: the recording's placeholder
        target = f"{request['path']}?{query}" if query else request["path"]
        kind = {"Content-Type": request["content_type"]} if "content_type" in request else {}
        action = parse_kubernetes_request(request["method"], target, headers=kind)
        detail = action.operations[0].detail
        assert isinstance(detail, KubernetesDetail)
        attrs = request["attrs"]
        found = {key: getattr(detail, KEYS.get(key, key)) for key in attrs}
        if found != attrs or (attrs.get("subresource") in CONNECTIONS) != (
            action.operations[0].verb == "connect"
        ):
            wrong.append((request, found))
    assert wrong == []
    assert len(requests) == 476


def test_the_table_holds_every_built_in_type_that_was_published(
    published_types: list[dict[str, Any]],
) -> None:
    table = builtin_resources()
    compared = 0
    for item in published_types:
        if item["group"] in CUSTOM_GROUPS or (item["group"], item["version"]) == ("autoscaling", "v1"):
            continue
        found = table.of_resource(item["group"], item["resource"])
        assert found is not None, item["resource"]
        assert found.version == item["version"]
        assert (found.kind, found.namespaced) == (item["kind"], item["namespaced"])
        assert (list(found.short_names), list(found.categories)) == (item["short"], item["categories"])
        compared += 1
    assert compared == 67


def _faults(case: dict[str, Any], action: Action) -> list[object]:
    if action.operations[0].detail is None:
        return [("refused", action.problems)]
    faults: list[object] = []
    expected, found = set(case["flags"]), set(action.flags)
    if found != expected | MORE_FLAGS.get(case["id"], set()):
        faults.append(("flags", sorted(found), sorted(expected)))
    recorded = [request["attrs"] for request in case["requests"]]
    faults.extend(("not covered", attrs) for attrs in recorded if not _covered(attrs, action))
    principals = _principals(case["command"], recorded)
    if principals and case["id"] not in ENDED_EARLY:
        first = action.operations[0]
        if not any(_agrees(first, attrs) for attrs in principals):
            faults.append(("principal", first.detail, principals))
    if not recorded and first_is_request(action) and not action.opaque and "no_request" in expected:
        faults.append(("a request", action.operations[0].detail))
    return faults


def first_is_request(action: Action) -> bool:
    return action.operations[0].verb != "other"


def _principals(command: str, recorded: list[dict[str, str]]) -> list[dict[str, str]]:
    word = next((word for word in command.split() if word in ("exec", "attach", "cp", "port-forward")), None)
    connections = [attrs for attrs in recorded if attrs.get("subresource") in CONNECTIONS]
    if word and connections:
        return connections
    changes = [attrs for attrs in recorded if attrs["verb"] not in READS]
    if changes:
        return changes[:1]
    logs = [attrs for attrs in recorded if attrs.get("subresource") == "log"]
    watches = [attrs for attrs in recorded if attrs["verb"] == "watch"]
    return (logs or watches or recorded)[:1]


def _agrees(operation: Operation, attrs: dict[str, str]) -> bool:
    detail = operation.detail
    assert isinstance(detail, KubernetesDetail)
    if "resource" not in attrs:
        return operation.verb == "other" and (detail.verb, detail.path) == (attrs["verb"], attrs["path"])
    verb = "connect" if attrs["subresource"] in CONNECTIONS else attrs["verb"]
    return operation.verb == verb and all(getattr(detail, KEYS[key]) in (None, attrs[key]) for key in KEYS)


def _covered(attrs: dict[str, str], action: Action) -> bool:
    if any(_agrees(operation, attrs) for operation in action.operations):
        return True
    return attrs["verb"] in READS and any(_same_object(operation, attrs) for operation in action.operations)


def _same_object(operation: Operation, attrs: dict[str, str]) -> bool:
    detail = operation.detail
    assert isinstance(detail, KubernetesDetail)
    return (
        operation.verb not in READS
        and detail.group in (None, attrs["api_group"])
        and detail.resource in (None, attrs["resource"])
        and detail.namespace in (None, attrs["namespace"], attrs["name"])
        and (detail.name in (None, attrs["name"]) or attrs["name"] == "")
    )
