"""What makes an object privileged, however it is written, and patches whose value nobody can see."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_engine.parsers.kubernetes import parse_kubectl, parse_kubernetes_request

DEPLOYMENT = "/apis/apps/v1/namespaces/shop/deployments/web"
SPEC = "/spec/template/spec"
CONTAINER = f"{SPEC}/containers/0"
JSON_PATCH = {"Content-Type": "application/json-patch+json"}


def patched(operations: list[Any], target: str = DEPLOYMENT) -> tuple[bool, bool]:
    """Return whether a JSON Patch is flagged privileged and whether it is opaque."""
    action = parse_kubernetes_request("PATCH", target, headers=JSON_PATCH, body=json.dumps(operations))
    return "privileged" in action.flags, action.opaque


PLACES = [
    f"{SPEC}/hostPID",
    f"{SPEC}/hostNetwork",
    f"{SPEC}/hostIPC",
    f"{SPEC}/serviceAccountName",
    f"{SPEC}/volumes/0/hostPath",
    f"{SPEC}/volumes/-",
    f"{SPEC}/volumes/0/hostPath/path",
    f"{CONTAINER}/securityContext/privileged",
    f"{CONTAINER}/securityContext/procMount",
    f"{CONTAINER}/securityContext/capabilities",
    f"{CONTAINER}/securityContext/capabilities/add",
    f"{CONTAINER}/securityContext/capabilities/add/-",
    f"{CONTAINER}/securityContext",
    CONTAINER,
    f"{SPEC}/containers",
    SPEC,
    "/spec/template",
    "/spec",
    "",
]


@pytest.mark.parametrize("operation", ["copy", "move"])
@pytest.mark.parametrize("place", PLACES)
def test_a_value_that_is_copied_into_a_pod_spec_can_not_be_seen(operation: str, place: str) -> None:
    assert patched([{"op": operation, "from": f"{SPEC}/enableServiceLinks", "path": place}])[1]


@pytest.mark.parametrize(
    "place",
    ["/metadata/labels/team", "/metadata/annotations/a~1b", "/spec/template/metadata/annotations/note"],
)
def test_a_label_or_annotation_may_be_copied(place: str) -> None:
    assert patched([{"op": "copy", "from": "/metadata/labels/app", "path": place}]) == (False, False)


def test_what_is_copied_in_a_type_without_a_pod_spec_is_not_privileged() -> None:
    copy = [{"op": "copy", "from": "/data/a", "path": "/data/b"}]
    assert patched(copy, "/api/v1/namespaces/shop/configmaps/c") == (False, False)
    assert patched(copy, "/apis/example.com/v1/namespaces/shop/widgets/w") == (False, True)


# (path, value) of an `add` or `replace`
DANGEROUS = [
    (f"{SPEC}/hostPID", True),
    (f"{SPEC}/hostNetwork", True),
    (SPEC, {"hostIPC": True}),
    ("", {"spec": {"template": {"spec": {"hostPID": True}}}}),
    ("/spec", {"template": {"spec": {"volumes": [{"hostPath": {"path": "/"}}]}}}),
    (f"{SPEC}/volumes/-", {"name": "v", "hostPath": {"path": "/"}}),
    (f"{SPEC}/volumes/0/hostPath", {"path": "/"}),
    (f"{SPEC}/volumes/0/hostPath/path", "/"),
    (f"{CONTAINER}/securityContext/privileged", True),
    (f"{CONTAINER}/securityContext/procMount", "Unmasked"),
    (f"{CONTAINER}/securityContext/windowsOptions/hostProcess", True),
    (f"{CONTAINER}/securityContext/capabilities/add", ["NET_BIND_SERVICE", "SYS_ADMIN"]),
    (f"{CONTAINER}/securityContext/capabilities/add/-", "SYS_ADMIN"),
    (f"{CONTAINER}/securityContext/capabilities/add/0", "cap_sys_module"),
    (f"{CONTAINER}/securityContext/capabilities", {"add": ["ALL"]}),
    (f"{SPEC}/ephemeralContainers", [{"securityContext": {"privileged": True}}]),
]
MODEST = [
    (f"{SPEC}/hostPID", False),
    (f"{SPEC}/serviceAccountName", "robot"),
    (f"{SPEC}/volumes/-", {"name": "v", "emptyDir": {}}),
    (f"{SPEC}/volumes/0/hostPath", None),
    (f"{CONTAINER}/image", "web:2"),
    (f"{CONTAINER}/securityContext/privileged", False),
    (f"{CONTAINER}/securityContext/procMount", "Default"),
    (f"{CONTAINER}/securityContext/allowPrivilegeEscalation", True),
    (f"{CONTAINER}/securityContext/capabilities/add/-", "NET_BIND_SERVICE"),
    (f"{CONTAINER}/securityContext/capabilities/drop", ["ALL"]),
    ("/spec/replicas", 3),
    ("/metadata/annotations/a", "privileged"),
]


@pytest.mark.parametrize("operation", ["add", "replace"])
@pytest.mark.parametrize(("path", "value"), DANGEROUS)
def test_a_dangerous_value_is_flagged_wherever_the_path_cuts_it(
    operation: str, path: str, value: object
) -> None:
    assert patched([{"op": operation, "path": path, "value": value}]) == (True, False)


@pytest.mark.parametrize("operation", ["add", "replace"])
@pytest.mark.parametrize(("path", "value"), MODEST)
def test_a_modest_value_is_neither_privileged_nor_opaque(operation: str, path: str, value: object) -> None:
    assert patched([{"op": operation, "path": path, "value": value}]) == (False, False)


@pytest.mark.parametrize(
    "operation", [{"op": "test", "path": f"{SPEC}/hostPID", "value": True}, {"op": "remove", "path": SPEC}]
)
def test_an_operation_that_writes_nothing_is_not_privileged(operation: dict[str, Any]) -> None:
    assert patched([operation]) == (False, False)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/spec/replicas"},
        {"op": "add", "value": 1},
        {"op": "add", "path": "spec/replicas", "value": 1},
        {"op": "add", "path": 7, "value": 1},
        {"op": "add", "path": "/a" * 101, "value": 1},
        {"op": "ADD", "path": "/spec/replicas", "value": 1},
        {"path": "/spec/replicas", "value": 1},
        {"op": ["add"], "path": "/spec/replicas", "value": 1},
        "add",
        None,
    ],
)
def test_an_operation_that_is_not_understood_makes_the_patch_opaque(operation: object) -> None:
    assert patched([{"op": "add", "path": "/spec/replicas", "value": 1}, operation])[1]


def test_every_operation_of_a_patch_counts() -> None:
    modest = {"op": "add", "path": "/spec/replicas", "value": 3}
    assert patched([modest, {"op": "add", "path": f"{SPEC}/hostPID", "value": True}, modest]) == (True, False)
    assert patched([modest, {"op": "copy", "from": "/a", "path": SPEC}, modest])[1]


@pytest.mark.parametrize(
    "kind", ["application/merge-patch+json", "application/strategic-merge-patch+json", "application/json"]
)
@pytest.mark.parametrize(
    ("path", "value"), [row for row in DANGEROUS if "/0" not in row[0] and "/-" not in row[0]]
)
def test_a_merge_patch_is_as_privileged_as_the_json_patch(kind: str, path: str, value: object) -> None:
    for key in reversed(path.split("/")[1:]):
        value = {key: value}
    body = json.dumps(value)
    method = "PUT" if kind == "application/json" else "PATCH"
    action = parse_kubernetes_request(method, DEPLOYMENT, headers={"Content-Type": kind}, body=body)
    assert ("privileged" in action.flags, action.opaque) == (True, False)


def test_the_backend_of_a_log_may_be_asked_without_checking_its_certificate() -> None:
    log = "/api/v1/namespaces/shop/pods/web/log"
    skipped = parse_kubernetes_request("GET", f"{log}?insecureSkipTLSVerifyBackend=true")
    checked = parse_kubernetes_request("GET", f"{log}?insecureSkipTLSVerifyBackend=false")
    assert skipped.flags == ("insecure_skip_tls",)
    assert checked.flags == ()


COPY = json.dumps([{"op": "copy", "from": "/a", "path": f"{SPEC}/hostPID"}])
ADD = json.dumps([{"op": "add", "path": f"{SPEC}/hostPID", "value": True}])
SCALE = json.dumps([{"op": "replace", "path": "/spec/replicas", "value": 3}])
NAME = json.dumps([{"op": "copy", "from": "/a", "path": "/metadata/name"}])


@pytest.mark.parametrize(
    ("argv", "privileged", "opaque"),
    [
        (["patch", "deploy", "web", "--type=json", "-p", COPY], True, True),
        (["patch", "deploy", "web", "--type=json", "-p", ADD], True, False),
        (["patch", "deploy", "web", "--type=json", "-p", SCALE], False, False),
        (["patch", "deploy", "web", "--type=json", "--patch-file", "copy"], True, True),
        (["patch", "deploy", "web", "--type=json", "--patch-file", "scale"], False, False),
        (["patch", "deploy", "web", "--type=json", "--patch-file", "absent"], False, True),
        (["patch", "deploy", "web", "-p", SCALE, "--patch-file", "scale"], False, True),
        (["patch", "configmap", "c", "--type=json", "-p", NAME], False, False),
        (["run", "x", "--image=i", "--override-type=json", "--overrides", COPY], True, True),
        (["run", "x", "--image=i", "--override-type=json", "--overrides", NAME], False, True),
        (["run", "x", "--image=i", "--override-type=json", "--overrides", SCALE], False, False),
    ],
)
def test_a_json_patch_on_a_line_is_read_as_one_in_a_request(
    argv: list[str], privileged: bool, opaque: bool
) -> None:
    texts = {"copy": COPY, "scale": SCALE}
    action = parse_kubectl(["kubectl", *argv], files=lambda path: texts[path])
    assert ("privileged" in action.flags, action.opaque) == (privileged, opaque)


def test_an_override_that_renames_the_pod_names_the_pod_that_is_made() -> None:
    rename = json.dumps([{"op": "replace", "path": "/metadata/name", "value": "other"}])
    action = parse_kubectl(
        ["kubectl", "run", "x", "--image=i", "--override-type=json", "--overrides", rename]
    )
    assert "/pods:default/other" in [item.name for item in action.resources]


KEYS = st.sampled_from(
    ["", "spec", "template", "metadata", "labels", "0", "-", "hostPID", "add", "~1x", "privileged"]
)
PATHS = st.lists(KEYS, max_size=6).map(lambda keys: "".join(f"/{key}" for key in keys))
VALUES = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["SYS_ADMIN", "x", 7]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
OPERATIONS = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "replace", "copy", "move", "test", "remove", "x"]),
        "path": PATHS | VALUES,
    },
    optional={"value": VALUES, "from": PATHS},
)


@settings(max_examples=150, deadline=None)
@given(
    before=st.lists(OPERATIONS | VALUES, max_size=4),
    after=st.lists(OPERATIONS | VALUES, max_size=4),
    path=st.sampled_from(PLACES),
    danger=st.sampled_from(DANGEROUS),
)
def test_no_company_of_other_operations_hides_a_dangerous_one(
    before: list[Any], after: list[Any], path: str, danger: tuple[str, object]
) -> None:
    copied = {"op": "copy", "from": "/a", "path": path}
    assert patched([*before, copied, *after])[1]
    added = {"op": "add", "path": danger[0], "value": danger[1]}
    assert patched([*before, added, *after])[0]


@settings(max_examples=150, deadline=None)
@given(st.lists(OPERATIONS | VALUES, max_size=5))
def test_no_patch_makes_the_parser_fail(operations: list[Any]) -> None:
    action = parse_kubernetes_request("PATCH", DEPLOYMENT, headers=JSON_PATCH, body=json.dumps(operations))
    assert "parser_failed" not in {item.code for item in action.problems}


def test_a_patch_of_the_ephemeral_containers_runs_a_program_in_the_pod() -> None:
    patch = json.dumps({"spec": {"ephemeralContainers": [{"name": "d", "image": "i"}]}})
    line = parse_kubectl(["kubectl", "patch", "pod", "p", "--subresource=ephemeralcontainers", "-p", patch])
    target = "/api/v1/namespaces/default/pods/p/ephemeralcontainers"
    kind = {"Content-Type": "application/strategic-merge-patch+json"}
    request = parse_kubernetes_request("PATCH", target, headers=kind, body=patch)
    assert line.effects == request.effects == ("execute", "update")
    assert not line.opaque
    assert "execute" not in parse_kubectl(["kubectl", "patch", "pod", "p", "-p", "{}"]).effects
