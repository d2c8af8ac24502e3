"""`sod-policy test`: run the tests of policies, with the flags and the output of `opa test`.

Exit status: 0 every test passed, 2 a test failed (or was skipped, without -z), 1 anything else, an empty run too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policy_engine.cli.durations import Duration
from policy_engine.cli.unavailable import all_unavailable

if TYPE_CHECKING:
    from policy_engine.rego.loader import Loaded
    from policy_engine.rego.test_runner import TestResult

_RULE = "-" * 80


def _regex(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        try:
            re.compile(value)
        except re.error as error:
            raise click.BadParameter(f"`{value}` is not a regular expression: {error}") from error
    return value


@click.command("test", short_help="Run the tests of policies.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("-v", "--verbose", is_flag=True, help="Show every test, and the source of those that failed.")
@click.option("-r", "--run", callback=_regex, metavar="REGEX", help="Run only tests whose name matches.")
@click.option(
    "-f", "--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True
)
@click.option("-b", "--bundle", "as_bundles", is_flag=True, help="Load the paths as bundles.")
@click.option("--ignore", multiple=True, metavar="PATTERN", help="File and folder names to leave out.")
@click.option(
    "--timeout", type=Duration(), default=5.0, metavar="DURATION", help="For each test (default 5s)."
)
@click.option("-z", "--exit-zero-on-skipped", is_flag=True, help="Skipped tests don't fail the run.")
@click.option("--fail-on-empty", is_flag=True, help="Always on: a run without tests is an error.")
@click.option("--library/--no-library", default=True, help="Load the duty library `sod` as well (default).")
@all_unavailable(
    ("-c", "--coverage", "flag"),
    ("--coverage-runs",),
    ("--threshold",),
    ("--bench", "flag"),
    ("--benchmem", "flag"),
    ("-w", "--watch", "flag"),
    ("-p", "--parallel"),
    ("--count",),
    ("--explain",),
    ("--var-values", "flag"),
    ("-s", "--schema"),
    ("--capabilities",),
    ("-t", "--target"),
    ("-m", "--max-errors"),
    ("--sort",),
    ("--v0-compatible", "flag"),
)
def test_command(
    paths: tuple[str, ...],
    verbose: bool,
    run: str | None,
    form: str,
    as_bundles: bool,
    ignore: tuple[str, ...],
    timeout: float,
    exit_zero_on_skipped: bool,
    fail_on_empty: bool,
    library: bool,
) -> None:
    """Run the `test_` rules and the case files under the PATHs (default: the current folder).

    Every .rego, .json and .yaml file is loaded; `duties.yaml`, `conflicts.yaml`, `masks.yaml` and `approvals.yaml`
    at the root of a PATH, or of a bundle that a case file names, are mounted at `data.sod`.
    """
    from policy_engine.rego.errors import RegoError
    from policy_engine.rego.test_runner import Status

    del fail_on_empty  # what it asks for is what always happens
    report = _Report(form, verbose)
    try:
        for unit in _units(paths or (".",), as_bundles, ignore):
            _run_rego(unit, run, timeout, library, report)
    except RegoError as error:
        click.echo(f"error during loading: {error}", err=True)
        raise click.exceptions.Exit(1) from error
    _run_case_files(paths or (".",), ignore, run, report)
    report.finish()
    if not report.total:
        click.echo("error: no tests were run: an empty run proves nothing", err=True)
        raise click.exceptions.Exit(1)
    if report.count(Status.ERROR):
        raise click.exceptions.Exit(1)
    if report.count(Status.FAIL) or (report.count(Status.SKIPPED) and not exit_zero_on_skipped):
        raise click.exceptions.Exit(2)


@dataclass(slots=True)
class _Unit:
    """What is compiled together."""

    loaded: Loaded
    root: str


def _units(paths: tuple[str, ...], as_bundles: bool, ignore: tuple[str, ...]) -> list[_Unit]:
    """The paths as one unit, as OPA does; a path with case files as one unit for each bundle that they name."""
    from policy_engine.bundle import SOD_MOUNTS, is_case_name
    from policy_engine.rego.loader import load

    plain: list[str] = []
    units: list[_Unit] = []
    for path in paths:
        bundles = _bundles_named(Path(path), ignore)
        if not bundles:
            plain.append(path)
            continue
        inside = [bundle.resolve() for bundle in bundles]
        units += [
            _Unit(load((), bundles=[str(bundle)], mounts=SOD_MOUNTS, skip=is_case_name), str(bundle))
            for bundle in bundles
        ]
        rest = load([path], ignore=(".*", *ignore), skip=lambda name: not name.endswith(".rego"))
        rest.modules = {
            file: text
            for file, text in rest.modules.items()
            if not any(Path(file).resolve().is_relative_to(bundle) for bundle in inside)
        }
        if rest.modules:
            units.append(_Unit(rest, path))
    if plain and as_bundles:
        loaded = load((), bundles=plain, mounts=SOD_MOUNTS, skip=is_case_name)
        units.insert(0, _Unit(loaded, plain[0]))
    elif plain:
        loaded = load(plain, ignore=(".*", *ignore), mounts=SOD_MOUNTS, skip=is_case_name)
        units.insert(0, _Unit(loaded, plain[0]))
    return units


def _case_files(path: Path, ignore: tuple[str, ...]) -> list[Path]:
    from fnmatch import fnmatchcase

    from policy_engine.bundle import is_case_name

    if path.is_file():
        return [path] if is_case_name(path.name) else []
    return [
        found
        for found in sorted(path.rglob("*.y*ml"))
        if is_case_name(found.name)
        and not any(fnmatchcase(step, pattern) for step in found.parts for pattern in ignore)
    ]


def _bundles_named(path: Path, ignore: tuple[str, ...]) -> list[Path]:
    from policy_engine.case_files import read_case_file

    found: list[Path] = []
    for file in _case_files(path, ignore):
        bundle = read_case_file(file).bundle
        if bundle not in found:
            found.append(bundle)
    return found


def _run_rego(unit: _Unit, run: str | None, timeout: float, library: bool, report: _Report) -> None:
    from policy_engine.rego.test_runner import find_tests, run_tests

    modules, data = dict(unit.loaded.modules), dict(unit.loaded.data)
    cases = find_tests(modules, run)
    if library:
        from policy_engine.bundle import library_modules
        from policy_engine.duty_model import SECTIONS

        if not any(_defines_library(text) for text in modules.values()):
            modules = {**library_modules(), **modules}
        # The library reads all sections; one that isn't there is empty.
        sod = data.get("sod", {})
        if isinstance(sod, dict):
            data["sod"] = {**{section: {} for section in SECTIONS}, **sod}
    if not modules:
        return
    for result in run_tests(modules, data, cases, seconds=timeout or 5.0):
        report.add(result)


_SOD_PACKAGE = re.compile(r"^\s*package\s+sod\b", re.MULTILINE)


def _defines_library(text: str) -> bool:
    found = _SOD_PACKAGE.search(text)
    return found is not None and "_test" not in text[found.start() :].split("\n", 2)[0]


def _run_case_files(
    paths: tuple[str, ...], ignore: tuple[str, ...], run: str | None, report: _Report
) -> None:
    from policy_engine.case_files import read_case_file, run_case
    from policy_engine.engine import PolicyEngine

    wanted = re.compile(run) if run else None
    engines: dict[Path, PolicyEngine] = {}
    for path in paths:
        for file_path in _case_files(Path(path), ignore):
            file = read_case_file(file_path)
            for case, row in zip(file.cases, file.rows, strict=True):
                if wanted is not None and not wanted.search(case.name):
                    continue
                if file.bundle not in engines:
                    engines[file.bundle] = PolicyEngine.load(file.bundle)
                outcome = run_case(engines[file.bundle], file, case)
                report.add_case(file_path, case.name, row, outcome.differences)


@dataclass(slots=True)
class _Report:
    """Collects results and prints them in one of the formats."""

    form: str
    verbose: bool
    results: list[TestResult] = field(default_factory=list)
    differences: dict[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many tests there were, skipped ones included."""
        return len(self.results)

    def count(self, status: Any) -> int:
        """How many tests ended this way."""
        return sum(result.status is status for result in self.results)

    def add(self, result: TestResult) -> None:
        """Take the result of a Rego test."""
        self.results.append(result)

    def add_case(self, file: Path, name: str, row: int, differences: tuple[str, ...]) -> None:
        """Take the outcome of one case of a case file."""
        from policy_engine.rego.test_runner import Status, TestCase, TestResult

        case = TestCase((), name, name, str(file), row, (), skipped=False, has_sub_cases=False)
        status = Status.FAIL if differences else Status.PASS
        self.differences[len(self.results)] = differences
        self.results.append(TestResult(case, status, 0.0))

    def finish(self) -> None:
        """Print everything."""
        from policy_engine.rego.query_output import to_json
        from policy_engine.rego.test_runner import Status

        if self.form == "json":
            click.echo(to_json([self._json(number) for number in range(self.total)]))
            return
        if not self.results:
            return
        shown_file_row = ""
        for number, result in enumerate(self.results):
            if self.verbose or result.status is not Status.PASS:
                place = f"{result.case.file}:{result.case.row}:"
                if place != shown_file_row:
                    click.echo(place)
                    shown_file_row = place
                self._show(number)
        if self.verbose or self.count(Status.PASS) != self.total:
            click.echo(_RULE)
        for status in Status:
            if count := self.count(status):
                click.echo(f"{status.value}: {count}/{self.total}")

    def _json(self, number: int) -> dict[str, Any]:
        shown = self.results[number].to_opa()
        if number in self.differences:
            shown["package"] = ""
            if self.differences[number]:
                shown["differences"] = list(self.differences[number])
        return shown

    def _show(self, number: int) -> None:
        from policy_engine.rego.test_runner import Status

        result = self.results[number]
        name = result.case.name if number in self.differences else result.case.id
        timing = (
            ""
            if result.status is Status.SKIPPED or number in self.differences
            else f" ({_shown(result.seconds)})"
        )
        click.echo(f"{name}: {result.status.value}{timing}")
        for difference in self.differences.get(number, ()):
            click.echo(f"  {difference}")
        if result.error is not None:
            click.echo(f"  {result.error}")
        if result.status is Status.FAIL:
            for offset, line in enumerate(result.case.lines):
                click.echo(f"  {result.case.row + offset:>4} | {line}")


def _shown(seconds: float) -> str:
    return f"{seconds * 1e3:.3f}ms" if seconds < 1 else f"{seconds:.3f}s"
