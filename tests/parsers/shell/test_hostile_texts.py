"""No text makes the parser raise, answer with a defect, or take more than linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_engine.documents.problems import ProblemCode
from policy_engine.parsers.shell import parse_shell

SIZE = 65_000
REPEATED = [
    "$(", "((", "(", '"', "'", "`", "${x:-", "$((", "{a,", "{", "{}", "{1..9}", "[[ ( ", "if ", "a|", ":;", "a&&", "\\`", "\\\n", "<<E ", "$x", '"$x',
    "$(a)", "eval ", "env ", "sudo ", "bash -c ", "cd a;", "rm $x;", "a=$a;", "case x in ", "f(){ ", "a[", "*", "#", "x=(", "<(", ">a ", "\n", "trap ", "!", "time ",
]  # fmt: skip
WHOLE = [
    "echo {1..1e9}",
    "echo {1..1000000000}",
    "echo " + "{a,b}" * 30,
    "echo " + "{1..4000} " * 6_000,
    "echo " + "x" * 30_000 + "{1..4000}",
    "a=x;" + "a=$a$a;" * 60 + "echo $a",
    "[[ x =~ " + "(" * 30_000,
    "sed '" + "s/a/b/;" * 9_000 + "'",
    "awk '{" + "print " * 10_000 + "}'",
    "cat <<E\n" + "$x\n" * 20_000 + "E",
    "bash -c 'x $y'; " * 4_000,
    "`" + "\\" * SIZE,
    "echo " + "$((1+" * 100 + "1" + "))" * 100,
]


@pytest.mark.parametrize(
    "text", [(piece * (SIZE // len(piece)))[:SIZE] for piece in REPEATED] + WHOLE, ids=lambda text: text[:12]
)
def test_64_kb_of_a_hostile_text_take_less_than_a_second(text: str) -> None:
    started = time.process_time()
    action = parse_shell(text)
    took = time.process_time() - started
    assert not any(problem.code == ProblemCode.PARSER_FAILED for problem in action.problems)
    assert took < 1.0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "invalid_type"),
        (b"ls", "invalid_type"),
        ("", "empty"),
        (" \n", "empty"),
        ("ls\0", "nul_byte"),
        ("ls \ud800", "invalid_encoding"),
        ("a" * 65_537, "too_large"),
        ("$(" * 500, "too_deep"),
        (":;" * 10_001, "too_many"),
    ],
    ids=str,
)
def test_what_can_not_be_read_is_refused_with_a_code(text: object, code: str) -> None:
    action = parse_shell(text)  # type: ignore[arg-type]
    assert action.opaque
    assert action.problems[0].code == code


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=60) | st.text(alphabet="a$(){}[]<>|&;'\"`\\\n #=!*?:-1x", max_size=60),
    st.sampled_from(["bash", "sh"]),
)
def test_arbitrary_text_never_raises_and_is_never_half_refused(text: str, dialect: str) -> None:
    action = parse_shell(text, dialect=dialect)
    assert not any(problem.code == ProblemCode.PARSER_FAILED for problem in action.problems)
    assert action.opaque == bool(action.problems)
    if action.operations[0].verb == "other":
        assert len(action.operations) == 1
    for index, item in enumerate(action.operations):
        assert item.parent is None or item.parent < index
        assert item.span is not None
        assert 0 <= item.span[0] <= item.span[1] <= len(text)


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="a$(){}<>|&;'\" ", max_size=40))
def test_the_same_text_always_gives_the_same_action(text: str) -> None:
    assert parse_shell(text) == parse_shell(text)
