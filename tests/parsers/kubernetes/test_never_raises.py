"""Whatever a requester sends, an action document comes back: never an exception, always the same one."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_engine.documents.action import Action
from policy_engine.parsers.kubernetes import parse_kubectl, parse_kubernetes_request

WORDS = st.sampled_from(
    [
        "kubectl",
        "get",
        "delete",
        "apply",
        "exec",
        "create",
        "set",
        "rollout",
        "-n",
        "-A",
        "-f",
        "-l",
        "--all",
        "--raw",
        "--",
        "--dry-run=client",
        "--as",
        "po",
        "deploy/web",
        "secret,svc",
        "all",
        "x.yaml",
        "-",
        "/api/v1/pods",
        "-it",
        "--force",
        "-o",
        "yaml",
        "a=b",
        "''",
        "$X",
        ";",
        "{}",
        "image",
        "describe",
        "drain",
        "debug",
        "node/n",
        "cp",
        "a:b",
        "auth",
        "can-i",
        "reconcile",
        "top",
        "pod",
        "wait",
        "--for=x",
        "scale",
        "--replicas=0",
        "patch",
        "-p",
        "{}",
        "run",
        "--image=i",
        "--rm",
        "-i",
        "label",
        "--list",
    ]
)
ODD = st.text(alphabet=st.characters(codec=None), max_size=40)


@settings(max_examples=300, deadline=None)
@given(st.one_of(ODD, st.lists(WORDS, max_size=8).map(lambda words: " ".join(["kubectl", *words]))))
def test_every_text_becomes_the_same_action_twice(text: str) -> None:
    action = parse_kubectl(text)
    assert isinstance(action, Action)
    assert action.operations
    assert action.opaque == bool(action.problems)
    assert parse_kubectl(text).digest == action.digest


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(WORDS, ODD), max_size=9))
def test_every_argument_list_becomes_an_action(words: list[str]) -> None:
    action = parse_kubectl(["kubectl", *words], files=lambda path: "kind: Pod")
    assert "parser_failed" not in {item.code for item in action.problems}


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]), ODD),
    st.one_of(ODD, st.lists(st.sampled_from(["api", "apis", "v1", "apps", "namespaces", "a", "pods", "p", "exec", "watch", "proxy", "..", "%2F"]))
              .map(lambda parts: "/" + "/".join(parts)), ),
    st.dictionaries(st.sampled_from(["Impersonate-User", "content-type", "x"]), ODD),
    st.one_of(st.none(), st.binary(max_size=60), ODD),
)  # fmt: skip
def test_every_request_becomes_an_action(method: str, path: str, headers: dict[str, str], body: Any) -> None:
    action = parse_kubernetes_request(method, path, headers=headers, body=body)
    assert "parser_failed" not in {item.code for item in action.problems}
    assert action.opaque == bool(action.problems)
    assert parse_kubernetes_request(method, path, headers=headers, body=body).digest == action.digest


@settings(max_examples=100, deadline=None)
@given(st.permutations(["-nprod", "--force", "--grace-period=0", "pod", "x", "--wait=false"]))
def test_the_order_of_options_changes_nothing(words: list[str]) -> None:
    if words.index("pod") > words.index("x"):
        words[words.index("pod")], words[words.index("x")] = "x", "pod"
    action = parse_kubectl(["kubectl", "delete", *words])
    assert action.resources[0].name == "/pods:prod/x"
    assert action.flags == ("force", "grace_period_zero")
    assert not action.opaque


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "invalid_type"),
        (42, "invalid_type"),
        (b"kubectl get pods", "invalid_type"),
        ({"kubectl": 1}, "invalid_type"),
        (["kubectl", 1], "invalid_type"),
        (["kubectl", None], "invalid_type"),
        ([], "empty"),
        ((), "empty"),
        ("kubectl get \x00", "nul_byte"),
        (["kubectl", "a\x00"], "nul_byte"),
        ("kubectl get \ud800", "invalid_encoding"),
        ("kubectl get " + "x" * 10_000_000, "too_large"),
        (["kubectl"] * 100_000, "too_many"),
        (["kubectl", *["x" * 100_000] * 10], "too_large"),
    ],
)
def test_bad_input_is_refused_with_its_code(value: Any, code: str) -> None:
    action = parse_kubectl(value)
    assert [item.code for item in action.problems] == [code]


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        (None, "/", None, "invalid_type"),
        ("GET", None, None, "invalid_type"),
        ("GET", "/\x00", None, "nul_byte"),
        ("GET", "/\udc80", None, "invalid_encoding"),
        ("GET", "/" + "x" * 10_000_000, None, "too_large"),
        ("POST", "/api/v1/pods", 42, "invalid_type"),
    ],
)
def test_a_bad_request_is_refused_with_its_code(method: Any, path: Any, body: Any, code: str) -> None:
    action = parse_kubernetes_request(method, path, body=body)
    assert [item.code for item in action.problems] == [code]


@pytest.mark.parametrize(
    "text",
    [
        "kubectl get " + "{" * 200_000,
        "kubectl get a" + "{}" * 100_000,
        "kubectl get " + "'a'" * 80_000,
        "kubectl get " + "\\a" * 100_000,
        "kubectl get " + "a," * 120_000,
        "kubectl get " + "a/" * 120_000,
        "kubectl get " + "a " * 4_000,
        "kubectl label po x " + "a=b " * 2_000,
        "kubectl get pods -l " + "a," * 100_000,
        "kubectl get pods --field-selector " + "a=b," * 60_000,
        "kubectl get --raw /api/v1/pods?fieldSelector=" + "!" * 100_000,
        "kubectl get --raw /api/v1/pods?labelSelector=" + "!a," * 60_000,
        "kubectl get --raw /" + "%2e/" * 60_000,
        "kubectl get -" + "A" * 200_000,
        "kubectl get " + "a," * 100_000 + "a" + " b" * 4_000,
    ],
)
def test_a_long_line_takes_time_in_proportion(text: str) -> None:
    began = time.perf_counter()
    parse_kubectl(text)
    assert time.perf_counter() - began < 5
