"""Parsers: text or a request in, an action document out. They never raise for what a requester controls.

Each is a package that loads its heavy parts on first use: `sql`, `kubernetes`, `shell`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policy_engine.parsers.kubernetes import parse_kubectl, parse_kubernetes_request
    from policy_engine.parsers.shell import parse_shell
    from policy_engine.parsers.sql import parse_sql

_MODULE = {
    "parse_sql": "policy_engine.parsers.sql",
    "parse_kubectl": "policy_engine.parsers.kubernetes",
    "parse_kubernetes_request": "policy_engine.parsers.kubernetes",
    "parse_shell": "policy_engine.parsers.shell",
}

__all__ = ["parse_kubectl", "parse_kubernetes_request", "parse_shell", "parse_sql"]


def __getattr__(name: str) -> Any:
    """Load a parser on first use (PEP 562)."""
    module = _MODULE.get(name)
    if module is None:
        raise AttributeError(f"module `policy_engine.parsers` has no attribute `{name}`")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the parsers without loading them."""
    return sorted(__all__)
