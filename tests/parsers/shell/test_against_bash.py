"""The real bash is the judge: what it runs is reported or the action is opaque; what we accept, it accepts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy_engine.documents.action import ShellDetail
from policy_engine.parsers.shell import parse_shell

# More examples, chosen anew each time: SHELL_FUZZ_EXAMPLES=20000 pytest tests/parsers/shell
EXAMPLES = int(os.environ.get("SHELL_FUZZ_EXAMPLES", "150"))
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == 150,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

WORDS = st.sampled_from(
    ["a", "x", "'q r'", '"s t"', r"\e", "$'\\x41'", "{p,q}", "{1..3}", "x{a,b}y", '"$v"', "$v", "${v:-d}", "$(a 1)", '"$(b 2)"',
     "`c 3`", "$((1+2))", "''", '"x${v}y"', "-n", "k=v", "*", "[ab]", "~", "#no", "x#y", "<(c)", "a\\\nb", "${v:+$(id)}", "!", "{", "}", "=", "@"]
)  # fmt: skip
PROGRAMS = st.sampled_from(
    [
        "a",
        "b",
        "c",
        r"\a",
        "'b'",
        '"c"',
        "$p",
        "r''m",
        "{a,b}",
        "ls",
        "git",
        "command a",
        "eval b",
        "v=1 c",
        "! a",
    ]
)
REDIRECTIONS = st.sampled_from(
    [
        "",
        "",
        "",
        " >o",
        " 2>&1",
        " <<<x",
        " >>o",
        " </dev/null",
        " &>o",
        " 3>o",
        " >$v",
        " >o b",
        " <<E\n$(id)\nE\n",
        " <<'E'\n$(id)\nE\n",
    ]
)
SIMPLE = st.builds(
    lambda program, words, redirection: " ".join([program, *words]) + redirection,
    PROGRAMS,
    st.lists(WORDS, max_size=3),
    REDIRECTIONS,
)
ASSIGNMENTS = st.sampled_from(
    [
        "v=a",
        "v='x y'",
        "p=b",
        "v=$(a)",
        "v+=z",
        "p=ls",
        "v=",
        "w=(1 2)",
        "v=$v$v",
        "unset p",
        "readonly p=c",
        "p=$v",
    ]
)
LEAVES = st.one_of(SIMPLE, SIMPLE, SIMPLE, ASSIGNMENTS)


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(
            lambda x, y, j: f"{x}{j}{y}",
            inner,
            inner,
            st.sampled_from(["\n", "\n", " ; ", " && ", " || ", " | ", " & "]),
        ),
        st.builds(lambda x: f"( {x}\n)", inner),
        st.builds(lambda x: f"{{ {x}\n}}", inner),
        st.builds(lambda x, y, z: f"if {x}\nthen {y}\nelse {z}\nfi", inner, inner, inner),
        st.builds(lambda x, w: f"for v in {w} 2\ndo {x}\ndone", inner, WORDS),
        st.builds(lambda x: f"for p in a b; do {x}\n$p; done", inner),
        st.builds(lambda x, w: f"case {w} in x) {x}\n;; *) a\n;; esac", inner, WORDS),
        st.builds(lambda x: f"f() {{ {x}\n}}\nf", inner),
        st.builds(lambda x: f"while b && false; do {x}\ndone", inner),
        st.builds(lambda x: f"[[ -n $v && a == {{ ]] || {x}\n", inner),
        st.builds(lambda x: f"trap 'c trapped' EXIT\n{x}", inner),
    )


PROGRAM_TEXTS = st.recursive(LEAVES, _compound, max_leaves=6)
TOKENS = st.sampled_from(
    ["a", "b", " ", " ", "\n", ";", "&", "|", "&&", "||", "(", ")", "{ ", " }", "if ", "then ", "fi", "else ", "for ", "in ", "do ",
     "done", "while ", "case ", "esac", ";;", "$(", ")", "`", '"', "'", "$", "${", "}", "$((", "))", "[[ ", " ]]", "<", ">", ">>", "<<E\n",
     "E\n", "<<<", "<(", "\\", "\\\n", "#", "!", "=", "x=", "x=(", "1", "-f ", "==", "=~", "function ", "time ", "coproc ", "*", "?", "[", "]", ":-", "2>", "{v}>"]
)  # fmt: skip


@BOUNDED
@given(PROGRAM_TEXTS)
def test_every_command_that_bash_runs_is_reported_or_the_action_is_opaque(
    executed: Callable[[str], list[list[str]] | None],
    covers: Callable[[tuple[str | None, ...], list[str]], bool],
    text: str,
) -> None:
    real = executed(text)
    if real is None:
        return
    action = parse_shell(text)
    if action.opaque:
        return
    reported = [item.detail.argv for item in action.operations if isinstance(item.detail, ShellDetail)]
    for argv in real:
        assert any(covers(candidate, argv) for candidate in reported), (text, argv, reported)


@BOUNDED
@given(st.lists(TOKENS, min_size=1, max_size=12).map("".join))
def test_what_the_parser_accepts_bash_accepts_too(bash: str, text: str) -> None:
    action = parse_shell(text)
    if "parse_error" in action.flags or not action.operations[0].detail:
        return
    checked = subprocess.run([bash, "-n", "-c", "--", text], capture_output=True, check=False, timeout=10)
    assert checked.returncode == 0, (text, checked.stderr)


@BOUNDED
@given(PROGRAM_TEXTS)
def test_most_valid_texts_are_accepted(bash: str, text: str) -> None:
    checked = subprocess.run([bash, "-n", "-c", "--", text], capture_output=True, check=False, timeout=10)
    if checked.returncode == 0 and not checked.stderr:
        assert "parse_error" not in parse_shell(text).flags, (text, parse_shell(text).problems)


FOLDERS = ("/usr/bin", "/etc/init.d")


@pytest.mark.parametrize("folder", FOLDERS)
def test_scripts_of_the_system_parse_or_are_refused_with_a_position(folder: str) -> None:
    root = Path(folder)
    if not root.is_dir():
        pytest.skip(f"{folder} doesn't exist here")
    seen = refused = 0
    for path in sorted(root.iterdir()):
        if not path.is_file() or path.stat().st_size > 60_000:
            continue
        with path.open("rb") as file:
            head = file.read(60)
            if (
                not head.startswith(b"#!")
                or b"sh" not in head.split(b"\n")[0]
                or b"python" in head
                or b"perl" in head
            ):
                continue
            data = head + file.read()
        try:
            text = data.decode()
        except UnicodeDecodeError:
            continue
        action = parse_shell(text)
        seen += 1
        if "parse_error" in action.flags:
            refused += 1
            assert any(problem.line and problem.column for problem in action.problems), path
        assert not any(problem.code == "parser_failed" for problem in action.problems), (
            path,
            action.problems,
        )
        if seen >= 60:
            break
    if not seen:
        pytest.skip(f"{folder} holds no shell scripts")
    assert refused <= max(1, seen * 3 // 100), f"{refused} of {seen} refused"
