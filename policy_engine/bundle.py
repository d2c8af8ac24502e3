"""A policy bundle with the duty library: read, checked, compiled.

A bundle is an OPA bundle (folder or `.tar.gz`). Four more files may stand at its root: `duties.yaml`,
`conflicts.yaml`, `masks.yaml` and `approvals.yaml` are mounted at `data.sod.<name>` and drive the Rego library
`sod`, which every bundle is compiled with. Rego of the team's own adds to `package policy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from policy_engine.documents.errors import BundleError
from policy_engine.duty_model import SECTIONS, DataPath, Place, check_sections

if TYPE_CHECKING:
    from policy_engine.rego.bundle import Bundle as RegoBundle
    from policy_engine.rego.engine import Policy

# The package that decides, as OPA writes an entrypoint.
ENTRYPOINT = "policy"

# Files at the root of a bundle, and where their content stands below `data`.
SOD_MOUNTS: dict[str, tuple[str, ...]] = {f"{section}.yaml": ("sod", section) for section in SECTIONS}

_LIBRARY = "library/"


class PolicyBundle(msgspec.Struct, frozen=True, kw_only=True):
    """A compiled bundle: the policy, the revision that every decision names, and where it came from."""

    policy: Any
    revision: str
    source: str


def load_bundle(path: str | Path) -> PolicyBundle:
    """Read, check and compile the bundle at `path`.

    Raises `BundleError` with code, file, row and column for whatever is wrong with it.
    """
    from policy_engine.rego.bundle import read_bundle
    from policy_engine.rego.errors import RegoError

    try:
        bundle = read_bundle(Path(path), mounts=SOD_MOUNTS)
        _check(bundle)
        policy = _compile(bundle.modules, bundle.data)
    except RegoError as error:
        raise BundleError(
            error.message, code=error.code, file=error.file, row=error.row, column=error.column
        ) from error
    return PolicyBundle(policy=policy, revision=bundle.revision, source=str(path))


def library_modules() -> dict[str, str]:
    """Return the Rego library `sod` without its tests: file name -> text."""
    from importlib.resources import files

    root = files("policy_engine.rego") / "library" / "sod"
    return {
        f"{_LIBRARY}sod/{entry.name}": entry.read_text("utf-8")
        for entry in sorted(root.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".rego") and not entry.name.endswith("_test.rego")
    }


def _check(bundle: RegoBundle) -> None:
    """Refuse data that the library could not use, with the place where it stands."""
    if not bundle.modules and not bundle.data.get("sod"):
        raise BundleError(
            f"`{bundle.source}` holds no policy: add `duties.yaml` or a module with `package policy`",
            code="bundle_empty",
            file=bundle.source,
        )
    sod = bundle.data.get("sod", {})
    if not isinstance(sod, Mapping):
        raise BundleError("`data.sod` must be a mapping", code="bundle_invalid", file=bundle.source)

    def place(path: DataPath) -> Place:
        found = bundle.place(path)
        return (found.file, found.row, found.column) if found else (bundle.source, None, None)

    check_sections(sod, place)


def _compile(modules: Mapping[str, str], data: Mapping[str, Any]) -> Policy:
    from policy_engine.rego.engine import compile as compile_rego

    complete = {**data, "sod": {**{section: {} for section in SECTIONS}, **data.get("sod", {})}}
    return compile_rego({**library_modules(), **modules}, complete)
