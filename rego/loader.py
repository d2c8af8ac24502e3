"""Loading files the way `opa eval -d` and `opa test` do: everything under the paths, merged.

Every `.rego` file is a module (tests too), every `.json`, `.yaml` and `.yml` file is data below the path of its
folder, relative to the path that was given. A prefix `a.b:path` puts the data of a path below `data.a.b`.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from policy_engine.rego.bundle import merge_data, read_bundle
from policy_engine.rego.errors import BundleReadError
from policy_engine.rego.folder import cannot_read, read_file, read_folder, text_of
from policy_engine.rego.json_source import read_json
from policy_engine.rego.yaml_source import read_yaml

_DATA_SUFFIXES: Final = (".json", ".yaml", ".yml")


@dataclass(slots=True)
class Loaded:
    """What was found: file name -> Rego text, and the merged data."""

    modules: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)


def load(
    paths: Iterable[str],
    *,
    bundles: Iterable[str] = (),
    ignore: Iterable[str] = (),
    mounts: Mapping[str, tuple[str, ...]] | None = None,
    bundle_mounts: Mapping[str, tuple[str, ...]] | None = None,
    skip: Callable[[str], bool] | None = None,
) -> Loaded:
    """Load `paths`, then `bundles` (with their tests).

    `ignore` are file and folder name patterns. `mounts` maps file names at the root of a folder to data paths
    (`bundle_mounts` those of bundles, when they differ); `skip` tells of files that are not data. Raises
    `BundleReadError`.
    """
    loaded = Loaded()
    patterns = tuple(ignore)
    seen: set[tuple[Path, tuple[str, ...]]] = set()
    for given in paths:
        prefix, path = _split(given)
        if not path.is_dir():
            if (path.resolve(), prefix) not in seen:
                seen.add((path.resolve(), prefix))
                _take(loaded, str(path), prefix, read_file(path))
            continue

        def wanted(name: str) -> bool:
            steps = name.split("/")
            if any(fnmatch.fnmatchcase(step, pattern) for step in steps for pattern in patterns):
                return False
            return name.endswith((".rego", *_DATA_SUFFIXES)) and not (skip is not None and skip(name))

        for name, content in read_folder(path, wanted).items():
            key = ((path / name).resolve(), prefix)
            if content is None or key in seen:
                continue
            seen.add(key)
            mount = (mounts or {}).get(name)
            folder = tuple(name.split("/")[:-1])
            _take(loaded, str(path / name), mount or (*prefix, *folder), content)
    for given in bundles:
        bundle = read_bundle(
            _local(given), mounts=mounts if bundle_mounts is None else bundle_mounts, keep=skip
        )
        loaded.modules.update(bundle.modules)
        loaded.modules.update(bundle.tests)
        merge_data(loaded.data, (), bundle.data, given)
    return loaded


def _split(given: str) -> tuple[tuple[str, ...], Path]:
    if given.startswith("file://"):
        return (), _local(given)
    prefix, colon, path = given.partition(":")
    if colon and not Path(given).exists():
        return tuple(prefix.split(".")), _local(path)
    return (), Path(given)


def _local(given: str) -> Path:
    return Path(given.removeprefix("file://"))


def _take(loaded: Loaded, shown: str, prefix: tuple[str, ...], content: bytes) -> None:
    text = text_of(content, shown)
    if shown.endswith(".rego"):
        loaded.modules[shown] = text
        return
    if not shown.endswith(_DATA_SUFFIXES):
        raise BundleReadError(
            "not a policy or data file: its name has to end in .rego, .json, .yaml or .yml",
            code="file_unknown",
            file=shown,
        )
    value = read_data(text, shown)
    if value is None and not text.strip():
        return
    if not prefix and not isinstance(value, dict):
        raise BundleReadError("document must be of type object", code="data_invalid", file=shown)
    merge_data(loaded.data, prefix, value, shown)


def read_data(text: str, shown: str) -> Any:
    """The value of a JSON or YAML text, by the name of its file."""
    return read_json(text, shown) if shown.endswith(".json") else read_yaml(text, shown)[0]


def read_input(path: str) -> Any:
    """An input document: JSON or YAML, whatever its name. Raises `BundleReadError`."""
    local = _local(path)
    try:
        if local.is_dir():
            raise BundleReadError("is a folder, not an input document", code="bundle_not_a_file", file=path)
    except OSError as error:
        raise cannot_read(local, error) from error
    text = text_of(read_file(local), path)
    return read_json(text, path) if path.endswith(".json") else read_yaml(text, path)[0]
