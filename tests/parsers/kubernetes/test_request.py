"""API requests become operations: names from RequestInfo, facts from query, headers and body."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policy_engine.documents.action import Action, KubernetesDetail
from policy_engine.documents.vocabulary import ResourceKind
from policy_engine.parsers.kubernetes import parse_kubernetes_request

JSON = {"Content-Type": "application/json"}
POD = "/api/v1/namespaces/prod/pods"


def detail(action: Action) -> KubernetesDetail:
    found = action.operations[0].detail
    assert isinstance(found, KubernetesDetail)
    return found


# method | target | verb | resource | effects | flags | problem
ROWS = """\
GET | /api/v1/namespaces/prod/pods/web | get | /pods:prod/web | read | | -
GET | /api/v1/namespaces/prod/pods | list | /pods:prod/ | read | | -
GET | /api/v1/pods | list | /pods:/ | read | all_namespaces | -
GET | /api/v1/nodes | list | /nodes:/ | read | | -
GET | /api/v1/namespaces/prod | get | /namespaces:/prod | read | | -
GET | /api/v1/namespaces/prod/secrets/s | get | /secrets:prod/s | read | secret_read | -
GET | /api/v1/secrets?watch=1 | watch | /secrets:/ | read | all_namespaces,secret_read,watch | -
GET | /api/v1/namespaces/a/pods?labelSelector=x%3Dy&fieldSelector=status.phase%3DRunning | list | /pods:a/ | read | field_selector,selector | -
GET | /api/v1/namespaces/a/pods/p/log?follow=true | get | /pods/log:a/p | read | | -
GET | /api/v1/namespaces/a/pods/p/exec?command=id&tty=true | connect | /pods/exec:a/p | execute | interactive_tty | -
POST | /api/v1/namespaces/a/pods/p/exec?command=sh&command=-c&command=x | connect | /pods/exec:a/p | execute | | unknown_text
POST | /api/v1/namespaces/a/pods/p/exec | connect | /pods/exec:a/p | execute | | unknown_program
GET | /api/v1/namespaces/a/pods/p/attach | connect | /pods/attach:a/p | execute | | -
GET | /api/v1/namespaces/a/pods/p/attach?stdin=1 | connect | /pods/attach:a/p | execute | | unknown_text
GET | /api/v1/namespaces/a/pods/p/portforward | connect | /pods/portforward:a/p | transfer | | -
GET | /api/v1/nodes/n1/proxy/run/a/b | connect | /nodes/proxy:/n1 | execute,transfer | | -
GET | /api/v1/proxy/nodes/n1/run/a/b | connect | /nodes/proxy:/n1 | execute,transfer | | -
GET | /api/v1/proxy/nodes/n1/run/a/b | connect | /nodes/proxy:/n1 | execute,transfer | | -
DELETE | /api/v1/namespaces/a/services/s/proxy/x | connect | /services/proxy:a/s | transfer | | -
GET | /apis/subresources.kubevirt.io/v1/namespaces/a/virtualmachineinstances/v/console | connect | subresources.kubevirt.io/virtualmachineinstances/console:a/v | execute | | -
POST | /api/v1/namespaces/a/configmaps | create | /configmaps:a/? | create | | -
POST | /api/v1/namespaces/a/pods | create | /pods:a/? | create | | unknown_text
POST | /api/v1/namespaces/a/pods/p/eviction | create | /pods/eviction:a/p | delete | | -
POST | /api/v1/namespaces/a/serviceaccounts/s/token | create | /serviceaccounts/token:a/s | create,grant | secret_read | -
POST | /apis/rbac.authorization.k8s.io/v1/clusterrolebindings | create | rbac.authorization.k8s.io/clusterrolebindings:/? | create,grant | | -
PUT | /apis/apps/v1/namespaces/a/deployments/d/scale | update | apps/deployments/scale:a/d | update | | -
PATCH | /api/v1/nodes/n1 | patch | /nodes:/n1 | configure,update | | -
PATCH | /api/v1/namespaces/a/configmaps/c?force=true&fieldManager=x | patch | /configmaps:a/c | update | force | -
PATCH | /api/v1/namespaces/a/configmaps/c?dryRun=All | patch | /configmaps:a/c | update | dry_run_server | -
PATCH | /api/v1/namespaces/a/configmaps/c?dryRun=all | patch | /configmaps:a/c | update | | invalid_request
PATCH | /api/v1/namespaces/a/configmaps/c?dryRun=All&dryRun=x | patch | /configmaps:a/c | update | | invalid_request
DELETE | /api/v1/namespaces/a/pods/p | delete | /pods:a/p | delete | | -
DELETE | /api/v1/namespaces/a/pods/p?gracePeriodSeconds=0&propagationPolicy=Orphan | delete | /pods:a/p | delete | cascade_orphan,grace_period_zero | -
DELETE | /api/v1/namespaces/a/pods | deletecollection | /pods:a/ | delete | | -
DELETE | /api/v1/pods | deletecollection | /pods:/ | delete | all_namespaces | -
GET | /healthz | other | - | read | | -
POST | /healthz | other | - | unknown | | -
GET | /api/v1/namespaces/a/pods/.. | get | /pods:a/.. | read | | ambiguous
GET | /api/v1//pods | get | /?:/pods | read | | ambiguous
GET | /api/v1/namespaces/a%2Fpods | list | /pods:a/ | read | | ambiguous
GET | /api/v1/namespaces/a/pods/x%00 | get | - | read | | nul_byte
GET | /api/v1/PODS | list | /PODS:/ | read | | invalid_request
GET | /api/v1/namespaces/*/secrets | list | /secrets:*/ | read | secret_read | invalid_request
GET | /api/v1/watch | get | - | read | | invalid_request
GET | api/v1/pods | list | /pods:/ | read | all_namespaces | invalid_request
GET | http://x/api/v1/pods | other | - | read | | invalid_request
GET | /api/v1/pods#x | list | /pods#x:/ | read | | ambiguous
get | /api/v1/pods | other | /pods:/ | unknown | | invalid_request
PURGE | /api/v1/namespaces/a/pods/p | other | /pods:a/p | unknown | | invalid_request
PATCH | /api/v1/namespaces/a/configmaps | patch | /configmaps:a/ | update | | invalid_request
DELETE | /api/v1/watch/pods | watch | /pods:/ | read | all_namespaces,watch | invalid_request
"""
CASES = [tuple(part.strip() for part in row.split("|")) for row in ROWS.splitlines()]


@pytest.mark.parametrize(("method", "target", "verb", "resource", "effects", "flags", "problem"), CASES)
def test_a_request_is_reported_as_the_api_server_names_it(
    method: str, target: str, verb: str, resource: str, effects: str, flags: str, problem: str
) -> None:
    action = parse_kubernetes_request(method, target)
    found = action.operations[0]
    assert found.verb == verb
    if resource != "-":
        assert [item.name for item in found.resources if item.kind is ResourceKind.K8S] == [resource]
    assert set(found.effects) == set(effects.split(","))
    assert set(found.flags) == set(filter(None, flags.split(",")))
    assert action.opaque == (problem != "-"), action.problems
    if problem != "-":
        assert problem in {item.code for item in action.problems}


def test_a_broken_percent_escape_is_refused() -> None:
    action = parse_kubernetes_request("GET", "/api/v1/namespaces/a/pods/%zz")
    assert [item.code for item in action.problems] == ["invalid_request"]


def test_the_detail_is_request_info_itself() -> None:
    found = detail(parse_kubernetes_request("POST", f"{POD}/web/exec?command=id"))
    assert (found.verb, found.group, found.version, found.resource) == ("create", "", "v1", "pods")
    assert (found.subresource, found.namespace, found.name) == ("exec", "prod", "web")
    assert found.path == f"{POD}/web/exec"


def test_the_program_of_an_exec_is_a_resource() -> None:
    action = parse_kubernetes_request("GET", f"{POD}/web/exec?command=%2Fbin%2Fid")
    programs = [(item.name, item.access) for item in action.resources if item.kind is ResourceKind.PROGRAM]
    assert programs == [("/bin/id", "execute")]


@pytest.mark.parametrize("shape", [dict, list])
def test_impersonation_headers_name_whom_the_request_acts_as(shape: Any) -> None:
    headers = {"impersonate-user": "admin", "Impersonate-Group": "system:masters", "Accept": "*/*"}
    action = parse_kubernetes_request("GET", POD, headers=headers if shape is dict else list(headers.items()))
    assert detail(action).impersonate == {"user": ["admin"], "group": ["system:masters"]}
    assert action.flags == ("impersonate",)
    assert set(action.effects) == {"assume", "read"}
    assert ("user", "admin") in [(item.kind, item.name) for item in action.resources]
    assert not action.opaque


@pytest.mark.parametrize(
    "headers",
    [
        [("Impersonate-Group", "system:masters")],
        [("Impersonate-User", "a"), ("Impersonate-User", "b")],
        [("Impersonate-User", "")],
        [("Impersonate-User", "a"), ("Impersonate-Nobody", "b")],
        [("Content-Type", "application/json"), ("Content-Type", "application/yaml")],
        [("Impersonate-User",)],
        [(1, 2)],
        "Impersonate-User: a",
        42,
    ],
)
def test_headers_that_servers_refuse_or_read_differently_are_opaque(headers: Any) -> None:
    action = parse_kubernetes_request("GET", POD, headers=headers)
    assert [item.code for item in action.problems] == ["invalid_request"]


def pod(**spec: Any) -> bytes:
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": [{}], **spec},
    }
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    "spec",
    [
        {"hostPID": True},
        {"hostNetwork": True},
        {"volumes": [{"hostPath": {"path": "/"}}]},
        {"containers": [{"securityContext": {"privileged": True}}]},
        {"initContainers": [{"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}]},
    ],
)
def test_a_privileged_body_is_flagged_and_names_the_object(spec: dict[str, Any]) -> None:
    action = parse_kubernetes_request("POST", POD, headers=JSON, body=pod(**spec))
    assert action.flags == ("privileged",)
    assert action.resources[0].name == "/pods:prod/web"
    assert detail(action).name == ""
    assert not action.opaque


def test_a_modest_body_is_neither_privileged_nor_opaque() -> None:
    action = parse_kubernetes_request("POST", POD, headers=JSON, body=pod(hostPID=False))
    assert (action.flags, action.opaque) == ((), False)


def test_a_pod_template_is_found_wherever_a_type_keeps_it() -> None:
    template = {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"hostIPC": True}}}}}}
    target = "/apis/batch/v1/namespaces/prod/cronjobs/c"
    body = json.dumps(template)
    kind = {"Content-Type": "application/merge-patch+json"}
    assert "privileged" in parse_kubernetes_request("PATCH", target, headers=kind, body=body).flags


def test_a_yaml_apply_patch_is_read() -> None:
    target = "/apis/apps/v1/namespaces/prod/deployments/d?fieldManager=me"
    kind = {"Content-Type": "application/apply-patch+yaml"}
    body = "spec:\n  template:\n    spec:\n      hostNetwork: yes\n"
    assert "privileged" in parse_kubernetes_request("PATCH", target, headers=kind, body=body).flags


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"spec": {}, "spec": {"hostPID": true}}'),
        ("application/json", b"{"),
        ("application/json", b"\xff"),
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"a": NaN}'),
        ("application/yaml", b"a: 1\na: 2\n"),
        ("application/yaml", b"a: &x [1]\n<<: *x\n"),
        ("application/yaml", b"a: 1\n---\nb: 2\n"),
        ("application/yaml", b"a: !!python/object:os.system x\n"),
        ("application/yaml", b"a: " + b"[" * 1000),
        ("application/json", b" " * (3 * 1024 * 1024 + 1)),
    ],
)
def test_a_body_that_can_be_read_in_two_ways_or_not_at_all_is_opaque(kind: str, body: bytes) -> None:
    target = "/api/v1/namespaces/prod/configmaps"
    action = parse_kubernetes_request("POST", target, headers={"Content-Type": kind}, body=body)
    assert action.opaque


def test_a_protobuf_body_leaves_a_pod_spec_unknown() -> None:
    headers = {"Content-Type": "application/vnd.kubernetes.protobuf"}
    action = parse_kubernetes_request("POST", POD, headers=headers, body=b"k8s\x00")
    assert [item.code for item in action.problems] == ["unknown_text"]
    assert not parse_kubernetes_request("POST", "/api/v1/namespaces", headers=headers, body=b"k8s\x00").opaque


def test_the_options_of_a_delete_stand_in_its_body_when_it_has_one() -> None:
    options = {
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "propagationPolicy": "Orphan",
        "dryRun": ["All"],
    }
    action = parse_kubernetes_request("DELETE", f"{POD}/web", headers=JSON, body=json.dumps(options))
    assert set(action.flags) == {"grace_period_zero", "cascade_orphan", "dry_run_server"}


def test_a_dry_run_in_the_query_counts_for_nothing_beside_a_body() -> None:
    target = f"{POD}/web?dryRun=All"
    with_body = parse_kubernetes_request("DELETE", target, headers=JSON, body=b'{"kind":"DeleteOptions"}')
    not_seen = parse_kubernetes_request("DELETE", target, headers={"Content-Length": "24"})
    empty = parse_kubernetes_request("DELETE", target, body=b"")
    assert [action.flags for action in (with_body, not_seen, empty)] == [(), (), ("dry_run_server",)]


def test_the_digest_binds_method_target_headers_and_body() -> None:
    base: dict[str, Any] = {"headers": {"Impersonate-User": "a"}, "body": b"{}"}
    target = "/api/v1/namespaces/prod/configmaps"
    digests = [
        parse_kubernetes_request("POST", target, **base).text_digest,
        parse_kubernetes_request("PUT", target, **base).text_digest,
        parse_kubernetes_request("POST", f"{target}?x=1", **base).text_digest,
        parse_kubernetes_request("POST", target, headers={"Impersonate-User": "b"}, body=b"{}").text_digest,
        parse_kubernetes_request("POST", target, headers={"Impersonate-User": "a"}, body=b"{} ").text_digest,
        parse_kubernetes_request("POST", target, headers={"Impersonate-User": "a"}).text_digest,
        parse_kubernetes_request("POST", target, headers={"Impersonate-User": "a"}, body=b"").text_digest,
    ]
    assert len(set(digests)) == len(digests)
    assert parse_kubernetes_request("POST", target, **base).text_digest == digests[0]
    other = parse_kubernetes_request("POST", target, headers={"impersonate-user": "a", "X": "y"}, body=b"{}")
    assert other.text_digest == digests[0]
