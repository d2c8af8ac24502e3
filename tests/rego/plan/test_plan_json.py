"""Reading plans: what isn't a plan is refused with a sentence, never half-read."""

from __future__ import annotations

from typing import Any

import pytest

from policy_engine.rego.errors import RegoCompileError
from policy_engine.rego.plan import ir
from policy_engine.rego.plan.plan_json import read_plan, write_plan

LOCAL = {"type": "local", "value": 0}


def plan(*stmts: Any) -> dict[str, Any]:
    return {
        "static": {"strings": [{"value": "result"}], "files": [{"value": "a.rego"}]},
        "plans": {"plans": [{"name": "e", "blocks": [{"stmts": list(stmts)}]}]},
    }


def stmt(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "stmt": {"file": 0, "row": 3, "col": 2, **fields}}


def test_a_plan_is_read_with_the_place_of_each_statement() -> None:
    read = read_plan(plan(stmt("MakeNumberRefStmt", Index=0, target=4)))
    expected = ir.MakeNumberRefStmt(index=0, target=4, location=ir.Location(file=0, row=3, col=2))
    assert read.plans[0].blocks[0].stmts == (expected,)
    assert write_plan(read)["plans"]["plans"][0]["blocks"][0]["stmts"] == [
        stmt("MakeNumberRefStmt", index=0, Index=0, target=4)
    ]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "nested deeper"),
        ("[]", "`plan` is not an object"),
        (plan(stmt("LaunchStmt")), "`LaunchStmt` is unknown"),
        (plan(stmt("BreakStmt", index=-1)), "negative"),
        (plan(stmt("BreakStmt", index="1")), "not an integer"),
        (plan(stmt("MakeNullStmt", target=True)), "not an integer"),
        (plan(stmt("MakeNullStmt", target=10**9)), "out of bounds"),
        (plan(stmt("MakeNumberRefStmt", index=1, target=2)), "doesn't exist"),
        (
            plan(stmt("DotStmt", source=LOCAL, key={"type": "string_index", "value": 7}, target=2)),
            "doesn't exist",
        ),
        (plan(stmt("DotStmt", source=LOCAL, key={"type": "code", "value": "x"}, target=2)), "neither local"),
        (plan(stmt("CallStmt", func=None, args=[], result=2)), "not a string"),
        (plan("stmt"), "`statement` is not an object"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_reason(document: Any, reason: str) -> None:
    with pytest.raises(RegoCompileError) as caught:
        read_plan(document)
    assert reason in caught.value.message
    assert caught.value.code == "plan_invalid"


def test_blocks_nested_without_end_are_refused() -> None:
    inner: dict[str, Any] = {"stmts": []}
    for _ in range(500):
        inner = {"stmts": [stmt("NotStmt", block=inner)]}
    document = plan()
    document["plans"]["plans"][0]["blocks"] = [inner]
    with pytest.raises(RegoCompileError, match="nested deeper"):
        read_plan(document)
