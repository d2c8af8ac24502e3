"""sod-policy: judges what somebody wants to do, before it is done.

`PolicyEngine.load("bundle/")` reads a policy bundle; `engine.decide(identity, action)` answers allow, deny, mask
or approve. Actions come from `policy_engine.parsers`. Names are loaded on first use, so that importing the
package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policy_engine.documents.action import Action, Operation, Resource
    from policy_engine.documents.decision import Decision, Mask, Reason, ReasonCode
    from policy_engine.documents.errors import BundleError, DocumentError, PolicyEngineError
    from policy_engine.documents.identity import ChainLink, Identity
    from policy_engine.documents.request import (
        Approval,
        Context,
        Grant,
        HistoryFact,
        Plan,
        Request,
        Session,
        Target,
    )
    from policy_engine.documents.vocabulary import Access, Effect, Protocol, ResourceKind, Verdict
    from policy_engine.engine import PolicyEngine

_HOME = {
    "action": ("Action", "Operation", "Resource"),
    "decision": ("Decision", "Mask", "Reason", "ReasonCode"),
    "errors": ("BundleError", "DocumentError", "PolicyEngineError"),
    "identity": ("ChainLink", "Identity"),
    "request": ("Approval", "Context", "Grant", "HistoryFact", "Plan", "Request", "Session", "Target"),
    "vocabulary": ("Access", "Effect", "Protocol", "ResourceKind", "Verdict"),
}
_MODULE = {name: f"policy_engine.documents.{module}" for module, names in _HOME.items() for name in names}
_MODULE["PolicyEngine"] = "policy_engine.engine"

__all__ = [
    "Access",
    "Action",
    "Approval",
    "BundleError",
    "ChainLink",
    "Context",
    "Decision",
    "DocumentError",
    "Effect",
    "Grant",
    "HistoryFact",
    "Identity",
    "Mask",
    "Operation",
    "Plan",
    "PolicyEngine",
    "PolicyEngineError",
    "Protocol",
    "Reason",
    "ReasonCode",
    "Request",
    "Resource",
    "ResourceKind",
    "Session",
    "Target",
    "Verdict",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    module = _MODULE.get(name)
    if module is None:
        raise AttributeError(f"module `policy_engine` has no attribute `{name}`")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names without loading them."""
    return sorted(__all__)
