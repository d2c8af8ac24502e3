"""RequestInfo names every request as the API server does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_engine.parsers.kubernetes.request_info import RequestInfo, request_info

FIELDS = {
    "is_resource_request": "is_resource",
    "verb": "verb",
    "api_prefix": "prefix",
    "api_group": "group",
    "api_version": "version",
    "namespace": "namespace",
    "resource": "resource",
    "subresource": "subresource",
    "name": "name",
    "field_selector": "field_selector",
    "label_selector": "label_selector",
    "path": "path",
    "error": "error",
}

# method, target -> verb, group, namespace, resource, subresource, name; by hand, from requestinfo.go's rules
OWN = [
    ("GET", "/api/v1/pods", ("list", "", "", "pods", "", "")),
    ("GET", "/api/v1/namespaces/a/pods/p", ("get", "", "a", "pods", "", "p")),
    ("HEAD", "/api/v1/namespaces/a/pods", ("list", "", "a", "pods", "", "")),
    ("POST", "/api/v1/namespaces/a/pods/p/exec?command=id", ("create", "", "a", "pods", "exec", "p")),
    ("DELETE", "/apis/apps/v1/namespaces/a/deployments", ("deletecollection", "apps", "a", "deployments", "", "")),
    ("DELETE", "/api/v1/namespaces/a", ("delete", "", "a", "namespaces", "", "a")),
    ("PUT", "/api/v1/namespaces/a/finalize", ("update", "", "a", "namespaces", "finalize", "a")),
    ("GET", "/api/v1/watch/namespaces/a/pods/p", ("watch", "", "a", "pods", "", "p")),
    ("GET", "/api/v1/proxy/nodes/n/stats", ("proxy", "", "", "nodes", "", "n")),
    ("GET", "/api/v1/pods?watch", ("watch", "", "", "pods", "", "")),
    ("GET", "/api/v1/pods?watch=FALSE", ("list", "", "", "pods", "", "")),
    ("GET", "/api/v1/pods?watch=0&watch=1", ("list", "", "", "pods", "", "")),
    ("GET", "/api/v1/pods?fieldSelector=metadata.name%3Dp", ("list", "", "", "pods", "", "p")),
    ("GET", "/api/v1/pods?fieldSelector=metadata.name=p&limit=x", ("list", "", "", "pods", "", "")),
    ("GET", "/api/v1/pods?fieldSelector=metadata.name=p&labelSelector=a=b=c", ("list", "", "", "pods", "", "")),
    ("GET", "/api/v1/pods?fieldSelector=metadata.name!=p", ("list", "", "", "pods", "", "")),
    ("PROPFIND", "/api/v1/namespaces/a/pods/p", ("", "", "a", "pods", "", "p")),
    ("get", "/api/v1/namespaces/a/pods/p", ("", "", "a", "pods", "", "p")),
    ("GET", "/api/v1/namespaces/a/../../secrets", ("get", "", "a", "..", "secrets", "..")),
    ("GET", "/api%2Fv1%2Fsecrets", ("list", "", "", "secrets", "", "")),
    ("GET", "//api/v1/pods", ("list", "", "", "pods", "", "")),
]  # fmt: skip


def test_all_verified_cases_agree_with_the_real_api_server(requestinfo_cases: list[dict[str, Any]]) -> None:
    wrong = []
    compared = 0
    for case in requestinfo_cases:
        expected = case["expect"]
        compared += 1
        if expected is None:  # Go's HTTP server refuses the request line before anybody names it
            assert case["url"] == "" or " " in case["url"]
            continue
        found = request_info(case["method"], case["url"])
        for key, value in expected.items():
            mine = list(found.parts) if key == "parts" else getattr(found, FIELDS[key])
            if (mine or None) != (value or None) if key == "parts" else mine != value:
                wrong.append((case["method"], case["url"], key, value, mine))
    assert wrong == []
    assert compared == 406


@pytest.mark.parametrize(("method", "target", "expected"), OWN)
def test_a_request_is_named_by_its_method_and_path(
    method: str, target: str, expected: tuple[str, ...]
) -> None:
    info = request_info(method, target)
    assert info.is_resource
    assert (info.verb, info.group, info.namespace, info.resource, info.subresource, info.name) == expected


@pytest.mark.parametrize(
    "target", ["/", "/api", "/api/v1", "/apis/apps/v1", "/healthz", "/API/v1/pods", "/version/"]
)
def test_anything_else_is_a_non_resource_request(target: str) -> None:
    assert request_info("GET", target)[:3] == RequestInfo(False, "get", target)[:3]


def test_a_broken_percent_escape_is_refused() -> None:
    with pytest.raises(ValueError, match="%zz"):
        request_info("GET", "/api/v1/%zz")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=10), st.text(alphabet="/apisv1nmce%2F.?&=;+watchfieldSelector,!\\", max_size=80))
def test_every_text_is_named_or_refused(method: str, target: str) -> None:
    try:
        info = request_info(method, target)
    except ValueError:
        return
    assert all(isinstance(value, str) for value in (info.verb, info.group, info.resource, info.name))
