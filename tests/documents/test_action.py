"""Action documents: derived unions, closed vocabularies, and nothing opaque without a sentence."""

from __future__ import annotations

import msgspec
import pytest

from policy_engine.documents.action import (
    Action,
    Resource,
    ShellDetail,
    SqlDetail,
    make_action,
    operation,
    refused_action,
)
from policy_engine.documents.errors import DocumentError
from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, Protocol, ResourceKind

ORDERS = Resource(kind=ResourceKind.TABLE, name="orders", access=Access.READ)
GONE = Resource(kind=ResourceKind.TABLE, name="gone", access=Access.WRITE)
UNKNOWN = Problem(code=ProblemCode.UNKNOWN_TEXT, message="the text is not known")


def test_unions_are_sorted_and_distinct() -> None:
    action = make_action(
        Protocol.SQL,
        "postgres",
        "…",
        [
            operation("select", effects=[Effect.READ, Effect.READ], resources=[ORDERS, ORDERS]),
            operation("delete", effects=[Effect.DELETE], resources=[GONE], flags=["no_where"], parent=0),
        ],
        flags=["multi_statement"],
    )
    assert action.effects == ("delete", "read")
    assert [resource.name for resource in action.resources] == ["gone", "orders"]
    assert action.flags == ("multi_statement", "no_where")
    assert action.operations[0].resources == (ORDERS,)
    assert not action.opaque


def test_the_text_counts_for_the_digest_but_is_not_in_the_document() -> None:
    same = [operation("delete", effects=[Effect.DELETE], resources=[GONE])]
    first = make_action(Protocol.SQL, "postgres", "DELETE FROM gone WHERE id = 4711", same)
    second = make_action(Protocol.SQL, "postgres", "DELETE FROM gone WHERE id = 4712", same)
    assert first.digest != second.digest
    assert b"4711" not in msgspec.json.encode(msgspec.structs.replace(first, text_digest="", digest=""))


def test_any_problem_makes_the_action_opaque() -> None:
    action = make_action(Protocol.SHELL, "bash", "x", [operation("exec")], [UNKNOWN])
    assert action.opaque


def test_an_action_without_operations_is_opaque() -> None:
    assert make_action(Protocol.SQL, "postgres", "", []).opaque


def test_an_opaque_operation_needs_a_problem() -> None:
    hidden = operation("exec", opaque_reasons=[ProblemCode.UNKNOWN_TEXT])
    with pytest.raises(DocumentError, match="no problem says why"):
        make_action(Protocol.SHELL, "bash", "x", [hidden])


@pytest.mark.parametrize(
    ("verb", "flags", "code"),
    [("deleet", [], "unknown_verb"), ("watch", [], "unknown_verb"), ("select", ["no_were"], "unknown_flag")],
)
def test_a_word_outside_the_vocabulary_is_refused(verb: str, flags: list[str], code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        make_action(Protocol.SQL, "postgres", "x", [operation(verb, flags=flags)])
    assert caught.value.code == code


@pytest.mark.parametrize("parent", [0, 1, 7, -1])
def test_a_parent_must_stand_before_its_child(parent: int) -> None:
    with pytest.raises(DocumentError, match="parent"):
        make_action(Protocol.SQL, "postgres", "x", [operation("select", parent=parent)])


def test_a_refused_text_is_one_opaque_operation_with_unknown_effect() -> None:
    problem = Problem(code=ProblemCode.SYNTAX_ERROR, message="it does not parse", line=1, column=4)
    action = refused_action(Protocol.SHELL, "bash", "if x", problem, flags=["parse_error"])
    assert (action.operations[0].verb, action.effects) == ("other", ("unknown",))
    assert action.operations[0].opaque_reasons == ("syntax_error",)
    assert action.flags == ("parse_error",)
    assert action.problems == (problem,)


@pytest.mark.parametrize("detail", [SqlDetail(limit=3), ShellDetail(argv=("ls", None)), None])
def test_a_document_survives_its_json(detail: SqlDetail | ShellDetail | None) -> None:
    protocol = Protocol.SHELL if isinstance(detail, ShellDetail) else Protocol.SQL
    verb = "exec" if protocol is Protocol.SHELL else "select"
    action = make_action(protocol, "x", "text", [operation(verb, resources=[ORDERS], detail=detail)])
    encoded = msgspec.json.encode(action)
    assert msgspec.json.decode(encoded, type=Action) == action
    assert encoded.startswith(b'{"schema":"sod.action/v1"')
