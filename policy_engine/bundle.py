"""A policy bundle with the duty library: read, checked, compiled.

A bundle is an OPA bundle (folder or `.tar.gz`). Four more files may stand at its root: `duties.yaml`,
`conflicts.yaml`, `masks.yaml` and `approvals.yaml` are mounted at `data.sod.<name>` and drive the Rego library
`sod`, which every bundle is compiled with. Rego of the team's own adds to `package policy`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from policy_engine.documents.errors import BundleError
from policy_engine.duty_model import SECTIONS, DataPath, Place, check_sections

if TYPE_CHECKING:
    from policy_engine.rego.bundle import Bundle as RegoBundle
    from policy_engine.rego.engine import EngineName, Policy
    from policy_engine.rego.errors import RegoError

# The package that decides, as OPA writes an entrypoint.
ENTRYPOINT = "policy"

# The sets of that package which the engine reads.
SETS = frozenset({"deny", "approve", "mask", "allow", "hint"})

# Files at the root of a bundle, and where their content stands below `data`.
SOD_MOUNTS: dict[str, tuple[str, ...]] = {f"{section}.yaml": ("sod", section) for section in SECTIONS}

# Files of cases, which may stand beside the policy.
CASE_SUFFIXES = ("_cases.yaml", "_cases.yml")

_ENTRYPOINT_PACKAGE = re.compile(rf"^[ \t]*package[ \t]+{ENTRYPOINT}\b", re.MULTILINE)

_LIBRARY = "library/"


class PolicyBundle(msgspec.Struct, frozen=True, kw_only=True):
    """A compiled bundle: the policy, the revision that every decision names, and where it came from."""

    policy: Any
    revision: str
    source: str


def load_bundle(path: str | Path, *, engine: EngineName = "native") -> PolicyBundle:
    """Read, check and compile the bundle at `path`.

    Raises `BundleError` with code, file, row and column for whatever is wrong with it.
    """
    from policy_engine.rego.bundle import read_bundle
    from policy_engine.rego.errors import RegoError

    try:
        bundle = read_bundle(path, mounts=SOD_MOUNTS, keep=is_case_name)
        _check(bundle, str(path))
        _check_sets(bundle.modules)
        policy = _compile(bundle.modules, bundle.data, engine)
        # Asked last, so that a module that isn't even Rego is told as such.
        if not any(bundle.data.get("sod", {}).values()) and not _adds_to_entrypoint(bundle.modules):
            policy.close()
            raise _decides_nothing(str(path))
    except RegoError as error:
        raise _as_bundle_error(error) from error
    return PolicyBundle(policy=policy, revision=bundle.revision, source=str(path))


def is_case_name(name: str) -> bool:
    """Tell a case file by its name; it may stand beside the policy, and the test runner reads it."""
    return name.endswith(CASE_SUFFIXES)


def library_modules() -> dict[str, str]:
    """Return the Rego library `sod` without its tests: file name -> text."""
    from importlib.resources import files

    root = files("policy_engine.rego") / "library" / "sod"
    return {
        f"{_LIBRARY}sod/{entry.name}": entry.read_text("utf-8")
        for entry in sorted(root.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".rego") and not entry.name.endswith("_test.rego")
    }


def _check(bundle: RegoBundle, source: str) -> None:
    """Refuse data that the library could not use, with the place where it stands."""
    sod = bundle.data.get("sod", {})
    if not isinstance(sod, Mapping):
        raise BundleError("`data.sod` must be a mapping", file=source)
    if not bundle.modules and not any(sod.values()):
        raise _decides_nothing(source)

    def place(path: DataPath) -> Place:
        return bundle.data_places.find(path) or (source, None, None)

    check_sections(sod, place)


def _compile(modules: Mapping[str, str], data: Mapping[str, Any], engine: EngineName) -> Policy:
    from policy_engine.rego.engine import compile as compile_rego

    # A section that is left out, or a file that holds nothing but comments, is an empty one.
    complete = {**data, "sod": {section: data.get("sod", {}).get(section) or {} for section in SECTIONS}}
    return compile_rego({**library_modules(), **modules}, complete, entrypoints=(ENTRYPOINT,), engine=engine)


def _check_sets(modules: Mapping[str, str]) -> None:
    """Refuse `allow := true` and the like: what decides are sets, which the library and the team both add to.

    A module that doesn't parse is left to the compiler, which tells all that is wrong with it.
    """
    from policy_engine.rego.syntax.parser import parse_module

    for file, text in modules.items():
        module = parse_module(text, file)[0] if _ENTRYPOINT_PACKAGE.search(text) else None
        if module is None or module.package.path != (ENTRYPOINT,):
            continue
        for rule in module.rules:
            if rule.head.name in SETS and rule.head.key is None:
                name = rule.head.name
                raise BundleError(
                    f'`{name}` must be a set here: write `{name} contains {{"rule": …, "message": …}} if …`',
                    code="policy_not_a_set",
                    file=file,
                    row=rule.place.row,
                    column=rule.place.column,
                )


def _adds_to_entrypoint(modules: Mapping[str, str]) -> bool:
    """Tell whether a module belongs to the entrypoint; a string that looks so makes the check milder, not wrong."""
    return any(_ENTRYPOINT_PACKAGE.search(text) for text in modules.values())


def _decides_nothing(source: str) -> BundleError:
    return BundleError(
        "the bundle decides nothing: add `duties.yaml` or a module with `package policy`",
        code="bundle_empty",
        file=source,
    )


def _as_bundle_error(error: RegoError) -> BundleError:
    """Translate an error of the Rego package; of several compile errors the first gives code and place."""
    from policy_engine.rego.errors import RegoCompileError

    message = error.message
    if isinstance(error, RegoCompileError):
        first, *others = error.issues
        snippet = str(first).split("\n", 1)[1:]
        message = "\n".join([message, *snippet, *(str(issue) for issue in others)])
    return BundleError(message, code=error.code, file=error.file, row=error.row, column=error.column)
