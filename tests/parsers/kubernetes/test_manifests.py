"""Files are read only when the caller allows it, and only when they can be read in one way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from policy_engine.parsers.kubernetes import parse_kubectl

TWO = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: shop}
--- # a comment
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: crb}
"""


def holding(text: str) -> Callable[[str], str]:
    return {"x.yaml": text}.__getitem__


def names(line: str, text: str) -> list[tuple[str, str]]:
    action = parse_kubectl(line, files=holding(text))
    assert not action.opaque, action.problems
    return [(item.verb, item.resources[0].name) for item in action.operations]


def test_the_objects_of_a_file_are_named() -> None:
    assert names("kubectl delete -f x.yaml", TWO) == [
        ("delete", "/configmaps:shop/c"),
        ("delete", "rbac.authorization.k8s.io/clusterrolebindings:/crb"),
    ]


def test_applying_roles_from_a_file_grants() -> None:
    action = parse_kubectl("kubectl apply -f x.yaml", files=holding(TWO))
    assert "grant" in action.effects
    assert action.flags == ("from_file", "multi_resource")


def test_an_object_without_namespace_goes_to_the_lines() -> None:
    text = '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}'
    assert names("kubectl create -f x.yaml -n prod", text) == [("create", "/secrets:prod/s")]


def test_a_json_file_may_hold_objects_behind_each_other_and_lists() -> None:
    pod = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s"}}'
    text = f'{pod % "a"}\n{{"apiVersion": "v1", "kind": "List", "items": [{pod % "b"}, {pod % "c"}]}}'
    assert [name for _, name in names("kubectl delete -f x.yaml", text)] == [
        f"/pods:default/{n}" for n in "abc"
    ]


def test_a_privileged_manifest_is_flagged() -> None:
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {hostPID: true}\n"
    assert "privileged" in parse_kubectl("kubectl apply -f x.yaml", files=holding(text)).flags


def test_an_alias_is_followed_once() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: c}\ndata: {x: *m}\n"
    assert names("kubectl delete -f x.yaml", text) == [("delete", "/configmaps:default/c")]


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "---\n---\n",
        "just text",
        "- a\n- b\n",
        "kind: Pod\n--- kind: Secret\n",
        "kind: Pod\n...\nkind: Secret\n",
        "%YAML 1.1\n---\nkind: Pod\n",
        "kind: Pod\rkind: Secret\n",
        "kind: Pod\u2028kind: Secret\n",
        "apiVersion: v1\nkind: Pod\nkind: Secret\n",
        "apiVersion: v1\nkind: Thing\nmetadata: {name: x}\n",
        "apiVersion: v1\nkind: Pod\n",
        '{"apiVersion": "v1", "kind": "Pod"} trailing',
        "\ufeffapiVersion: v1\nkind: Pod\nmetadata: {name: x}\n",
        "x: \x00",
        BOMB,
        "x: " + "[" * 5000,
        "a: &a [*a]\n",
    ],
)
def test_a_file_that_cannot_be_read_in_one_way_leaves_the_change_unknown(text: str) -> None:
    action = parse_kubectl("kubectl apply -f x.yaml", files=holding(text))
    assert action.opaque
    assert action.problems[0].message


@pytest.mark.parametrize(
    "line",
    [
        "kubectl apply -f y.yaml",
        "kubectl apply -f '*.yaml'",
        "kubectl apply -f -",
        "kubectl apply -f https://example.com/x.yaml",
        "kubectl apply -k x.yaml",
        "kubectl apply -f x.yaml -n other",
    ],
)
def test_what_a_loader_cannot_give_stays_unknown(line: str) -> None:
    assert parse_kubectl(line, files=holding(TWO)).opaque


def test_a_loader_that_fails_or_lies_is_a_problem_not_a_crash() -> None:
    def fails(path: str) -> str:
        raise OSError(path)

    loaders: list[object] = [fails, lambda path: 42, lambda path: "x" * 4_000_000]
    for loader in loaders:
        assert parse_kubectl("kubectl apply -f x.yaml", files=loader).opaque  # type: ignore[arg-type]


def test_reading_what_an_unknown_file_names_is_opaque_because_it_may_be_a_secret() -> None:
    action = parse_kubectl("kubectl get -f x.yaml -o yaml")
    assert action.opaque
    assert [item.name for item in action.resources] == ["x.yaml", "?/?:?/?"]
