"""kubectl command lines and Kubernetes API requests -> action document.

An API request is named as the API server's RequestInfo names it; a kubectl line becomes the requests that kubectl
would send, the principal one first. Nothing here raises for what a requester controls.
"""

from __future__ import annotations

from policy_engine.parsers.kubernetes.kubectl import parse_kubectl
from policy_engine.parsers.kubernetes.request import parse_kubernetes_request
from policy_engine.parsers.kubernetes.request_text import parse_request_text
from policy_engine.parsers.kubernetes.resource_table import ResourceTable, ResourceType, builtin_resources

__all__ = [
    "ResourceTable",
    "ResourceType",
    "builtin_resources",
    "parse_kubectl",
    "parse_kubernetes_request",
    "parse_request_text",
]
