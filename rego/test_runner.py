"""Finding and running the tests of policies: rules whose name begins with `test_`.

A test passes when its rule has a value other than false, as in OPA; `todo_test_…` rules are skipped and counted. A
test that can't be answered is an error, not a failure: nothing was found out about the policy. Rules that report
sub-cases (`test_x[name]`) are errors too for now.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from policy_engine.rego.engine import Policy
from policy_engine.rego.engine import compile as compile_rego
from policy_engine.rego.errors import RegoError
from policy_engine.rego.syntax.scan import Rule, scan
from policy_engine.rego.syntax.tokens import Source
from policy_engine.rego.values import UNDEFINED


class Status(Enum):
    """What came of a test."""

    PASS = "PASS"  # noqa: S105 - not a password
    FAIL = "FAIL"
    ERROR = "ERROR"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class TestCase:
    """One test rule; `lines` are the source lines of the rule."""

    __test__ = False  # pytest would collect it

    package: tuple[str, ...]
    name: str
    rule: str
    file: str
    row: int
    lines: tuple[str, ...]
    skipped: bool
    has_sub_cases: bool

    @property
    def entrypoint(self) -> str:
        """The rule as an entrypoint."""
        return "/".join((*self.package, self.rule))

    @property
    def id(self) -> str:
        """`data.<package>.<name>`, as OPA shows it; unique within a run."""
        return ".".join(("data", *self.package, self.name))


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of one test, and how long it took."""

    __test__ = False

    case: TestCase
    status: Status
    seconds: float
    error: RegoError | None = None

    def to_opa(self) -> dict[str, Any]:
        """The shape of `opa test --format json`."""
        shown: dict[str, Any] = {
            "location": {"file": self.case.file, "row": self.case.row, "col": 1},
            "package": ".".join(("data", *self.case.package)),
            "name": self.case.name,
        }
        if self.status is Status.FAIL:
            shown["fail"] = True
        elif self.status is Status.SKIPPED:
            shown["skip"] = True
        elif self.error is not None:
            shown["error"] = {"code": self.error.code, "message": self.error.message}
        shown["duration"] = int(self.seconds * 1e9)
        return shown


def find_tests(modules: Mapping[str, str], run: str | None = None) -> list[TestCase]:
    """The tests of `modules` by file and row; only those whose id the regular expression `run` is found in."""
    wanted = re.compile(run) if run else None
    cases: list[TestCase] = []
    seen: dict[tuple[tuple[str, ...], str], int] = {}
    for file in sorted(modules):
        source = Source(file, modules[file])
        module, _ = scan(source)
        for rule in module.rules:
            skipped = rule.name.startswith("todo_test_")
            if rule.is_default or rule.is_function or not (skipped or rule.name.startswith("test_")):
                continue
            count = seen.get((module.package, rule.name), 0)
            seen[module.package, rule.name] = count + 1
            case = TestCase(
                package=module.package,
                name=rule.name if not count else f"{rule.name}#{count:02}",
                rule=rule.name,
                file=file,
                row=rule.row,
                lines=tuple(source.line(row) for row in range(rule.row, rule.last_row + 1)),
                skipped=skipped,
                has_sub_cases=_has_sub_cases(rule),
            )
            if wanted is None or wanted.search(case.id):
                cases.append(case)
    return cases


def _has_sub_cases(rule: Rule) -> bool:
    after = rule.tokens[1] if len(rule.tokens) > 1 else None
    return after is not None and after.text in ("[", ".", "contains")


def run_tests(
    modules: Mapping[str, str], data: Mapping[str, Any], cases: Sequence[TestCase], *, seconds: float = 5.0
) -> Iterator[TestResult]:
    """Compile everything once and run `cases` in order. Raises `RegoCompileError`, also when there is no case."""
    asked = dict.fromkeys(case.entrypoint for case in cases if not (case.skipped or case.has_sub_cases))
    with compile_rego(modules, data, entrypoints=tuple(asked)) as policy:
        for case in cases:
            yield _run(policy, case, seconds)


def _run(policy: Policy, case: TestCase, seconds: float) -> TestResult:
    if case.skipped:
        return TestResult(case, Status.SKIPPED, 0.0)
    if case.has_sub_cases:
        message = "sub-cases are not reported yet: write one rule for each case"
        return TestResult(case, Status.ERROR, 0.0, RegoError(message, code="test_sub_cases"))
    started = time.perf_counter()
    try:
        value = policy.evaluate(case.entrypoint, UNDEFINED, seconds=seconds)
    except RegoError as error:
        return TestResult(case, Status.ERROR, time.perf_counter() - started, error)
    status = Status.FAIL if value is UNDEFINED or value is False else Status.PASS
    return TestResult(case, status, time.perf_counter() - started)
