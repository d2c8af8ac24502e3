"""Validation errors name the words that would be right, wherever in the document the wrong one stands."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from policy_engine.documents.explain import explain
from policy_engine.documents.identity import Identity
from policy_engine.documents.request import Grant
from policy_engine.duty_model import ApprovalRule, Duty, MaskRule


@pytest.mark.parametrize(
    ("kind", "document", "message", "path"),
    [
        (Duty, {"covers": [{"effects": ["raed"]}]}, "did you mean `read`?", ("covers", 0, "effects", 0)),
        (Duty, {"covers": [{"efects": []}]}, "did you mean `effects`?", ("covers", 0)),
        (
            Duty,
            {"covers": [{"effects": ["read"], "protocols": ["xyz"]}]},
            "known: http, kubernetes",
            ("covers", 0),
        ),
        (MaskRule, {"method": "hsah"}, "did you mean `hash`?", ("method",)),
        (Identity, {"subject": "a", "gruops": []}, "did you mean `groups`?", ()),
        (
            Identity,
            {"subject": "a", "chain": [{"sub": "a", "kind": "robot"}]},
            "agent, human",
            ("chain", 0, "kind"),
        ),
        (Identity, {}, "object missing required field `subject`", ()),
        (list[Grant], [{"id": "g", "approvls": []}], "did you mean `approvals`?", (0,)),
        (ApprovalRule, {"when": {}, "approvers": []}, "length >= 1", ("approvers",)),
        (dict[str, Duty], {"x": {"covrs": []}}, "did you mean `covers`?", ("...",)),
    ],
)
def test_an_error_says_what_is_known(
    kind: Any, document: Any, message: str, path: tuple[str | int, ...]
) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(document, kind)
    sentence, where = explain(caught.value, kind)
    assert message in sentence
    assert where[: len(path)] == path
