"""`METHOD PATH` as people type it: the request itself, or one sentence that says which half is missing."""

from __future__ import annotations

from typing import Any

import pytest

from policy_engine.parsers.dispatch import parse_text
from policy_engine.parsers.kubernetes import parse_kubernetes_request, parse_request_text


@pytest.mark.parametrize(
    "text", ["GET /api/v1/pods", "  GET /api/v1/pods\n", "GET   /api/v1/pods", "GET\t/api/v1/pods"]
)
def test_a_method_and_a_path_are_that_request(text: str) -> None:
    assert parse_request_text(text) == parse_kubernetes_request("GET", "/api/v1/pods")
    assert parse_text("kubernetes", text) == parse_kubernetes_request("GET", "/api/v1/pods")


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("/api/v1/pods", "invalid_request", "the method is missing before `/api/v1/pods`"),
        ("/api/v1/pods GET", "invalid_request", "the method is missing before `/api/v1/pods`"),
        ("GET", "invalid_request", "the path is missing behind `GET`"),
        ("get /api/v1/pods", "invalid_request", "the method `get` is not in capitals"),
        ("PURGE /api/v1/pods", "invalid_request", "`PURGE` is no HTTP method"),
        ("kubectl get pods", "invalid_request", "`kubectl` is no HTTP method"),
        ("", "empty", "there is no request"),
        (" \n", "empty", "there is no request"),
        ("GET /api/v1/\ud800", "invalid_encoding", "the request holds a lone surrogate"),
        ("GET /api/v1/\0", "nul_byte", "the request holds a NUL"),
        (b"GET /api/v1/pods", "invalid_type", "the request is bytes"),
        (None, "invalid_type", "the request is NoneType"),
    ],
)
def test_a_text_that_is_no_request_is_refused_with_one_sentence(text: Any, code: str, message: str) -> None:
    action = parse_text("kubernetes", text)
    assert action.opaque
    assert action.effects == ("unknown",)
    assert [item.code for item in action.problems] == [code]
    assert action.problems[0].message.startswith(message)
    if code in ("invalid_request", "empty"):
        assert "write `METHOD PATH`" in action.problems[0].message


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE"])
def test_a_method_of_http_that_the_api_does_not_know_is_refused_as_such(method: str) -> None:
    action = parse_request_text(f"{method} /api/v1/pods")
    assert [item.message.partition(";")[0] for item in action.problems] == [
        f"`{method}` is no method of the Kubernetes API"
    ]
