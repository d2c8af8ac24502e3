"""Fixtures shared by the Kubernetes parser's tests: the verified cases beside the checkout, when they are there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policy_engine.parsers.kubernetes import ResourceTable, ResourceType, builtin_resources

DATA = Path(__file__).parents[4] / "shared" / "data" / "kubernetes"


def _load(name: str) -> Any:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"the verified cases {name} are not beside this checkout (../shared/data/kubernetes)")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def requestinfo_cases() -> list[dict[str, Any]]:
    """406 requests with the RequestInfo of the real k8s.io/apiserver."""
    return _load("requestinfo_cases.json")["cases"]


@pytest.fixture(scope="session")
def kubectl_cases() -> list[dict[str, Any]]:
    """260 kubectl lines with the requests that kubectl really sent."""
    return _load("kubectl_ground_truth.json")["commands"]


@pytest.fixture(scope="session")
def published_types() -> list[dict[str, Any]]:
    """The types that the recorded API server published."""
    return _load("k8s_resources.json")


@pytest.fixture(scope="session")
def lab_resources() -> ResourceTable:
    """The built-in types and the custom ones of the recorded lab."""
    return builtin_resources().extended(
        (
            ResourceType("cert-manager.io", "v1", "certificates", "Certificate", True, ("cert", "certs")),
            ResourceType("example.com", "v1", "widgets", "Widget", True, ("wd",), ("all",)),
            ResourceType("serving.knative.dev", "v1", "services", "Service", True, ("ksvc",), ("all",)),
            ResourceType("argoproj.io", "v1alpha1", "applications", "Application", True, ("app", "apps")),
        )
    )
