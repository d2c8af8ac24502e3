"""The guards around regopy, each with the case that it stands against."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policy_engine.rego.engine import Limits
from policy_engine.rego.engine import compile as compile_with
from policy_engine.rego.errors import RegoCompileError, RegoEvaluationError, RegoInputError, RegoTimeout
from policy_engine.rego.regopy.policy import RegopyPolicy
from policy_engine.rego.values import UNDEFINED

compile_rego = functools.partial(compile_with, engine="regopy")

ECHO = """package policy

import rego.v1

deny contains message if {
	input.n % 2 == 1
	message := sprintf("%v is odd", [input.n])
}

who := input.who
long := count(input.text)
same if input.text == "a\\"b\\\\c\\n"
second := substring(input.text, 1, 1)
parts := split(input.text, "\\"")
loud := upper(input.text)
has if contains(input.text, `\\`)
"""


@pytest.fixture(scope="module")
def policy() -> Iterator[RegopyPolicy]:
    with compile_rego({"policy.rego": ECHO}, {"list": {'quo"te': "line\nbreak"}}) as compiled:
        assert isinstance(compiled, RegopyPolicy)
        yield compiled


def compiled(body: str, **limits: Any) -> RegopyPolicy:
    found = compile_rego({"p.rego": f"package p\n\nimport rego.v1\n\n{body}"}, {}, limits=Limits(**limits))
    assert isinstance(found, RegopyPolicy)
    return found


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("long", 6),
        ("same", True),
        ("second", '"'),
        ("parts", ["a", "b\\c\n"]),
        ("loud", 'A"B\\C\n'),
        ("has", True),
    ],
)
def test_quotes_backslashes_and_line_breaks_are_one_character_each(
    policy: RegopyPolicy, rule: str, value: object
) -> None:
    assert policy.evaluate(f"policy/{rule}", {"text": 'a"b\\c\n'}) == value


@pytest.mark.parametrize("text", ['"admin"', "a\0b", "\x1b\x7f", "é😀", "\\u0061", "</script>", "\u2028", ""])
def test_text_comes_back_as_it_went_in(text: str) -> None:
    with compiled("who := input.who\n") as found:
        assert found.evaluate("p/who", {"who": {text: [text]}}) == {text: [text]}


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0.1, 1e300, 1e-9, -0.5])
def test_numbers_come_back_as_they_went_in(policy: RegopyPolicy, number: float) -> None:
    assert policy.evaluate("policy/who", {"who": number}) == number


def test_data_keeps_its_quotes(policy: RegopyPolicy) -> None:
    assert policy.evaluate("list", {}) == {'quo"te': "line\nbreak"}


def test_undefined_false_and_null_are_three_things() -> None:
    with compiled("f := false\nn := null\nu if input.never\n") as found:
        assert found.evaluate("p/f", {}) is False
        assert found.evaluate("p/n", {}) is None
        assert found.evaluate("p/u", {}) is UNDEFINED
        assert found.evaluate("nowhere/at/all", {}) is UNDEFINED


def test_characters_that_the_engine_uses_itself_are_refused(policy: RegopyPolicy) -> None:
    with pytest.raises(RegoInputError) as caught:
        policy.evaluate("policy/who", {"who": chr(0xF0000 + ord('"'))})
    assert caught.value.code == "input_reserved_character"


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb", "é"])
def test_text_that_a_byte_level_builtin_would_misread_is_refused(text: str) -> None:
    with compiled('ok if not regex.match("^.$", input.text)\n') as found:
        assert found.evaluate("p/ok", {"text": "ab"}) is True
        with pytest.raises(RegoInputError) as caught:
            found.evaluate("p/ok", {"text": text})
    assert caught.value.code == "input_not_exact"
    assert "p.rego:5:11" in caught.value.message


def test_letters_that_lower_would_leave_alone_are_refused() -> None:
    with compiled("x := lower(input)\n") as found:
        assert found.evaluate("p/x", "José") == "josé"
        with pytest.raises(RegoInputError):
            found.evaluate("p/x", "ÉCOLE")


@pytest.mark.parametrize("pattern", ["a?", "[ab]c"])
def test_globs_from_data_that_work_on_bytes_refuse_other_text(pattern: str) -> None:
    modules = {"p.rego": "package p\n\nx if glob.match(data.pattern, [], input)\n"}
    with compile_rego(modules, {"pattern": pattern}) as found, pytest.raises(RegoInputError):
        found.evaluate("p/x", "aé")
    with compile_rego(modules, {"pattern": "a*"}) as found:
        assert found.evaluate("p/x", "aé") is True


@pytest.mark.parametrize(
    "body", ["x := to_number(input)", "x := 5 / 0", "x if not to_number(input)", "x := 1\nx := 2 if true"]
)
def test_an_error_in_the_policy_is_an_error_never_undefined(body: str) -> None:
    with compiled(body + "\n") as found, pytest.raises(RegoEvaluationError):
        found.evaluate("p/x", "abc")


@pytest.mark.parametrize(
    "body",
    ["x := count(numbers.range(1, 100000000))", 'x if regex.match("^(a+)+$", input)'],
    ids=["memory", "time"],
)
def test_a_policy_that_runs_away_is_stopped_and_the_next_answer_is_right(body: str) -> None:
    with compiled(f"{body}\ny := input\n", evaluate_seconds=0.5) as found:
        started = time.monotonic()
        with pytest.raises(RegoTimeout):
            found.evaluate("p/x", "a" * 40 + "b")
        assert time.monotonic() - started < 3
        assert found.evaluate("p/y", "c") == "c"


def test_a_policy_that_eats_memory_is_stopped() -> None:
    found = compiled("x := count(numbers.range(1, 100000000))\n", memory_bytes=200 * 2**20)
    with found, pytest.raises(RegoEvaluationError) as caught:
        found.evaluate("p/x", {})
    assert caught.value.code in ("rego_memory_limit", "rego_engine_died")


def test_a_worker_that_is_killed_in_the_middle_is_an_error_and_is_replaced() -> None:
    with compiled('x if regex.match("^(a+)+$", input)\ny := input\n', workers=1) as found:
        (pid,) = (worker.pid for worker in found._pool._workers)
        killer = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
        killer.start()
        with pytest.raises(RegoEvaluationError) as caught:
            found.evaluate("p/x", "a" * 40 + "b")
        killer.join()
        assert caught.value.code == "rego_engine_died"
        assert found.evaluate("p/y", "c") == "c"


def test_input_that_the_engine_refuses_leaves_no_answer_of_the_request_before(policy: RegopyPolicy) -> None:
    assert policy.evaluate("policy/who", {"who": "ana"}) == "ana"
    with pytest.raises(RegoInputError):
        policy.evaluate("policy/who", {"who": 2**64})
    assert policy.evaluate("policy/who", {}) is UNDEFINED
    assert policy.query("input") == []


def test_eight_threads_get_their_own_answers(policy: RegopyPolicy) -> None:
    wrong: list[tuple[int, object]] = []

    def ask(start: int) -> None:
        for number in range(start, start + 2000):
            expected = [f"{number} is odd"] if number % 2 else []
            found = policy.evaluate("policy/deny", {"n": number})
            if found != expected:
                wrong.append((number, found))

    threads = [threading.Thread(target=ask, args=(number * 10_000,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_policies_see_nothing_of_the_process() -> None:
    with pytest.raises(RegoCompileError) as caught:
        compiled("x := opa.runtime()\n")
    assert "opa.runtime" in caught.value.message


@pytest.mark.parametrize("text", ["", "policy//deny", "/policy", "a/b\n"])
def test_what_is_no_entrypoint_is_an_error(policy: RegopyPolicy, text: str) -> None:
    with pytest.raises(RegoEvaluationError) as caught:
        policy.evaluate(text, {})
    assert caught.value.code == "rego_entrypoint_invalid"


@pytest.mark.parametrize("text", ["data policy", 'policy"]', "policy.deny", "é\\"])
def test_an_entrypoint_is_a_path_and_never_code(policy: RegopyPolicy, text: str) -> None:
    assert policy.evaluate(text, {}) is UNDEFINED


def test_a_closed_policy_says_so() -> None:
    found = compiled("x := 1\n")
    found.close()
    found.close()
    with pytest.raises(RegoEvaluationError) as caught:
        found.evaluate("p/x", {})
    assert caught.value.code == "rego_policy_closed"


SCRIPT = """
import os, sys
from policy_engine.rego.engine import compile
policy = compile({"p.rego": "package p\\n\\nx := input\\n"}, {}, engine="regopy")
assert policy.evaluate("p/x", 1) == 1
pid = os.fork()
if pid == 0:
    ok = policy.evaluate("p/x", 2) == 2
    policy.close()
    os._exit(0 if ok else 1)
assert os.waitpid(pid, 0)[1] == 0
assert policy.evaluate("p/x", 3) == 3
print("done", flush=True)
"""


def test_a_fork_gets_workers_of_its_own_and_exit_leaves_none_behind() -> None:
    run = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", SCRIPT], capture_output=True, text=True, timeout=30
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "done\n", "")


def test_workers_die_with_a_parent_that_is_killed() -> None:
    script = (
        "import os, signal\nfrom policy_engine.rego.engine import compile\n"
        "policy = compile({'p.rego': 'package p\\n\\nx := 1\\n'}, {}, engine='regopy')\n"
        "print(*[w.pid for w in policy._pool._workers], flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    (pid,) = (int(word) for word in run.stdout.split())
    for _ in range(50):
        try:
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return  # ended; only its new parent hasn't looked yet
        except OSError:
            return
        time.sleep(0.1)
    pytest.fail("the worker outlived its parent")
