"""OPA's conformance cases, from their modules through the project's own front end to answers.

    python tests/rego/conformance.py [--category NAME] [--failures] [--every N] [--page FILE]

A case has modules, data, an input and a query; it wants bindings or an error. It goes through the parser, the checks,
the planner and the code generator. The table says how many cases of each category pass.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from policy_engine.rego.builtins.registry import builtin, lookup, names
from policy_engine.rego.checks import CheckedModules, CheckedQuery, compile_modules, compile_query
from policy_engine.rego.codegen.program import Program
from policy_engine.rego.errors import RegoError
from policy_engine.rego.plan.planner import plan
from policy_engine.rego.syntax.parser import parse_module, parse_query
from policy_engine.rego.syntax.tree import Module
from policy_engine.rego.value_model import compare, equal, from_json, to_json

CASES = Path(__file__).parents[2].parent / "shared/data/rego-conformance/cases.jsonl.gz"
PASSED = "passed"
WITHOUT_IO = {"http.send": 1, "net.lookup_ip_addr": 1, "opa.runtime": 0}
"""Builtins that need the network or the process: cases replace them by `with`."""


@builtin("test.sleep", arity=1)
def _sleep(_: Any) -> None:
    """OPA's tests bring this builtin along; no case needs it to take time."""


class WrongAnswerError(Exception):
    """A case got an answer that isn't the one it wants."""


def cases() -> Iterator[dict[str, Any]]:
    with gzip.open(CASES, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def arities() -> dict[str, int]:
    found = {name: known.arity for name in names() if (known := lookup(name)) is not None}
    return {**WITHOUT_IO, "eq": 2, "assign": 2, "print": -1, **found}


def outcome(case: dict[str, Any]) -> str:
    """`passed`, or what went wrong in one line."""
    wants_error = "want_error" in case or "want_error_code" in case
    try:
        answers = answer(case)
        if wants_error:
            raise WrongAnswerError(
                f"no error, wanted {case.get('want_error_code')}: {case.get('want_error')}"
            )
        compare_answers(answers, case)
    except RegoError as error:
        return failure_of_error(case, error) if wants_error else f"{error.code}: {first_line(error)}"
    except WrongAnswerError as error:
        return f"wrong: {error}"
    except Exception as error:  # the table must be finished, whatever a case does
        return f"crash: {type(error).__name__}: {first_line(error)}"
    return PASSED


def first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines)[:200] if lines else ""


def failure_of_error(case: dict[str, Any], error: RegoError) -> str:
    code, text = case.get("want_error_code", error.code), case.get("want_error", "")
    if error.code != code:
        return f"wrong: error {error.code} ({first_line(error)}), wanted {code}"
    place, _, message = text.partition(f"{code}: ")
    wanted = message or place
    return PASSED if wanted in str(error) else f"wrong: message {first_line(error)!r}, wanted {wanted!r}"


def answer(case: dict[str, Any]) -> list[dict[str, Any]]:
    checked = compile_modules(parsed_modules(case), arities())
    policy = plan(checked, queries={"eval": parsed_query(checked, case["query"])})
    program = Program(policy, case.get("data"), strict_builtin_errors=bool(case.get("strict_error")))
    return program.results("eval", input_value(case))


def parsed_modules(case: dict[str, Any]) -> list[Module]:
    modules = []
    for number, text in enumerate(case.get("modules") or ()):
        module, issues = parse_module(text, f"test-{number}.rego")
        if module is None or issues:
            raise WrongAnswerError(f"module doesn't parse: {issues[0].message}")
        modules.append(module)
    return modules


def parsed_query(checked: CheckedModules, text: str) -> CheckedQuery:
    body, issues = parse_query(text)
    if body is None or issues:
        raise WrongAnswerError(f"query doesn't parse: {issues[0].message}")
    return compile_query(checked, body)


def input_value(case: dict[str, Any]) -> Any:
    if "input" in case:
        return from_json(case["input"])
    if "input_term" not in case:
        return ...
    checked = compile_modules((), arities())
    policy = plan(checked, queries={"eval": parsed_query(checked, f"x = {case['input_term']}")})
    return Program(policy).results("eval", ...)[0]["x"]


def compare_answers(answers: list[dict[str, Any]], case: dict[str, Any]) -> None:
    sort_bindings = bool(case.get("sort_bindings"))
    found = sorted_rows([from_json(to_json(row)) for row in answers], sort_bindings)
    wanted = sorted_rows([from_json(row) for row in case.get("want_result") or ()], sort_bindings)
    if not equal(found, wanted):
        shown, asked = json.dumps(to_json(found)), json.dumps(to_json(wanted))
        raise WrongAnswerError(f"{shown[:150]}, wanted {asked[:150]}")


def sorted_rows(rows: list[dict[str, Any]], sort_bindings: bool) -> list[dict[str, Any]]:
    if sort_bindings:
        rows = [{name: in_order(value) for name, value in row.items()} for row in rows]
    return in_order(rows)


def in_order(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    ordered: list[Any] = []
    for item in value:
        at = next((index for index, other in enumerate(ordered) if compare(item, other) < 0), len(ordered))
        ordered.insert(at, item)
    return ordered


def main() -> int:
    parser = argparse.ArgumentParser(description="run OPA's conformance cases")
    parser.add_argument("--category", help="only this category")
    parser.add_argument("--note", help="only cases with this text in their note")
    parser.add_argument("--failures", action="store_true", help="list what failed and why")
    parser.add_argument("--every", type=int, default=1, help="only every Nth case")
    parser.add_argument("--page", type=Path, help="write the page of what doesn't pass to this file")
    options = parser.parse_args()
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    failed: dict[str, str] = {}
    for number, case in enumerate(cases()):
        wrong_category = options.category not in (None, case["category"])
        if wrong_category or number % options.every or (options.note and options.note not in case["note"]):
            continue
        result = outcome(case)
        counts[case["category"]][0] += result == PASSED
        counts[case["category"]][1] += 1
        if result != PASSED:
            failed[case["note"]] = result
        if options.failures and result != PASSED:
            print(f"{case['note']}: {result}")
    for category, (passed, total) in sorted(counts.items()):
        print(f"{category:32} {passed:5} of {total:5}{'' if passed == total else '   <-'}")
    passed, total = (sum(column) for column in zip(*counts.values(), strict=True))
    print(f"{'all':32} {passed:5} of {total:5}   {passed / total:.1%}")
    if options.page is not None:
        options.page.write_text(page(failed, passed, total), "utf-8")
    return 0 if passed == total else 1


REASONS = {
    "refused on purpose: policies don't reach the network or the environment": ("builtin_refused",),
    "annotations are not evaluated yet": ("annotations are not evaluated",),
    "`rego.parse_module` is not written yet": ("rego.parse_module",),
    "the error has the right code, but other words than OPA's libraries": ("wrong: message",),
    "paths of a cyclic graph: the case expects other answers than OPA 1.22 gives": ("cycle_1022_3",),
    "a number keeps its value, not the way it was written": ("float too big",),
}


def reason(note: str, result: str) -> str:
    """Why a case doesn't pass, from what it came to."""
    for text, marks in REASONS.items():
        if any(mark in result or mark in note for mark in marks):
            return text
    return "not understood yet"


def page(failed: dict[str, str], passed: int, total: int) -> str:
    """`docs/conformance.md`: what doesn't pass, by reason."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for note, result in failed.items():
        by_reason[reason(note, result)].append(note)
    lines = [
        "# Conformance",
        "",
        "Written by `python tests/rego/conformance.py --page docs/conformance.md`; `make conformance` prints the table by",
        "category. The cases are OPA's own, from their modules through our parser, checks, planner and code generator.",
        "",
        f"{passed} of {total} cases pass ({passed / total:.1%}). No language case gives a wrong answer. What doesn't pass:",
        "",
    ]
    for text, notes in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        lines += [f"## {len(notes)}: {text}", "", *(f"- `{note}`" for note in sorted(notes)), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
