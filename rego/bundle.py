"""Reading a policy bundle as OPA lays it out: a folder or a `.tar.gz`.

`.rego` files anywhere are modules (`*_test.rego` are kept apart as tests), `data.json`, `data.yaml` and `data.yml` at
any depth are data below the path of their folder, `.manifest` names the revision and the roots. Further files of the
root folder can be mounted below a data path. A JSON or YAML file that nothing reads is an error, because a misspelt
file name would be a rule that silently isn't there.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from policy_engine.rego.archive import read_archive
from policy_engine.rego.errors import BundleReadError
from policy_engine.rego.folder import cannot_read, read_folder, text_of
from policy_engine.rego.json_source import read_json
from policy_engine.rego.yaml_source import read_yaml

DATA_NAMES: Final = frozenset({"data.json", "data.yaml", "data.yml"})
_DATA_SUFFIXES: Final = (".json", ".yaml", ".yml")
_OWN_FILES: Final = frozenset({".signatures.json"})
_PLAIN_SUFFIXES: Final = frozenset({".md", ".txt", ".rst", ".wasm"})


class Place(NamedTuple):
    """Where something is written; row and column count from 1."""

    file: str
    row: int
    column: int


@dataclass(slots=True)
class DataPlaces:
    """Where each part of `data` is written. Texts are read for places only when somebody asks."""

    _sources: list[tuple[tuple[str, ...], str, str]] = field(default_factory=list)
    _read: dict[str, dict[tuple[str | int, ...], tuple[int, int]]] = field(default_factory=dict)

    def add(self, prefix: tuple[str, ...], file: str, text: str) -> None:
        self._sources.append((prefix, file, text))

    def find(self, path: tuple[str | int, ...]) -> Place | None:
        """File, row and column (from 1) of the value at `path`, or of the nearest part around it."""
        best: tuple[int, Place] | None = None
        for prefix, file, text in self._sources:
            if path[: len(prefix)] != prefix:
                continue
            places = self._places(file, text)
            inner = path[len(prefix) :]
            while inner and inner not in places:
                inner = inner[:-1]
            row, column = places.get(inner, (1, 1))
            if best is None or len(prefix) + len(inner) > best[0]:
                best = (len(prefix) + len(inner), Place(file, row, column))
        return None if best is None else best[1]

    def _places(self, file: str, text: str) -> dict[tuple[str | int, ...], tuple[int, int]]:
        if file not in self._read:
            try:
                self._read[file] = read_yaml(text, file)[1]
            except BundleReadError:  # JSON that YAML reads otherwise, such as tabs between tokens
                self._read[file] = {}
        return self._read[file]


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle says."""

    modules: dict[str, str]
    """Shown file name -> Rego text, without tests."""
    tests: dict[str, str]
    data: dict[str, Any]
    data_places: DataPlaces
    revision: str
    roots: tuple[tuple[str, ...], ...]
    files: tuple[str, ...]
    """Every file that was read, relative to the bundle."""
    manifest: dict[str, Any]
    source: str
    """The path that was read."""

    def place(self, path: tuple[str | int, ...]) -> Place | None:
        """Where the data at `path` (keys and indexes), or the nearest part around it, is written."""
        return self.data_places.find(path)


def read_bundle(
    path: str | Path,
    *,
    mounts: Mapping[str, tuple[str, ...]] | None = None,
    keep: Callable[[str], bool] | None = None,
) -> Bundle:
    """Read the bundle at `path`.

    `mounts` maps names in the root folder (`duties.yaml`) to data paths (`("sod", "duties")`). `keep` tells of a
    further file that somebody else reads, so that it is no unread file. Raises `BundleReadError`.
    """
    path = Path(path)
    mounts = mounts or {}
    contents = _contents(path)
    files = {name: content for name, content in contents.items() if content is not None}
    prefix = f"{path}/" if path.is_dir() else f"{path}:"
    reader = _Reader(prefix, mounts, keep or _nothing)
    for name, content in files.items():
        reader.take(name, content)
    if not reader.modules and not reader.tests and not reader.places._sources:
        raise BundleReadError(
            "the bundle is empty: it has no .rego and no data file", code="bundle_empty", file=str(path)
        )
    roots = reader.roots()
    return Bundle(
        modules=reader.modules,
        tests=reader.tests,
        data=reader.data,
        data_places=reader.places,
        revision=reader.revision() or _digest(files),
        roots=roots,
        files=tuple(sorted(files)),
        manifest=reader.manifest,
        source=str(path),
    )


def _nothing(_name: str) -> bool:
    return False


def _contents(path: Path) -> Mapping[str, bytes | None]:
    try:
        if path.is_dir():
            return read_folder(path, _is_read)
        if not path.exists():
            raise FileNotFoundError(2, "No such file or directory", str(path))
        if path.name.endswith((".tar.gz", ".tgz")):
            return {name: content for name, content in sorted(read_archive(path).items()) if _is_read(name)}
    except OSError as error:
        raise cannot_read(path, error) from error
    raise BundleReadError(
        "a bundle is a folder or a .tar.gz archive; this is a single file",
        code="bundle_not_a_folder",
        file=str(path),
    )


def _is_read(name: str) -> bool:
    leaf = name.rsplit("/", 1)[-1]
    return leaf == ".manifest" or leaf.endswith((".rego", *_DATA_SUFFIXES))


def _digest(files: Mapping[str, bytes]) -> str:
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{len(name.encode())} {name} {len(files[name])} ".encode())
        total.update(files[name])
    return f"sha256:{total.hexdigest()}"


class _Reader:
    """Takes the files one by one and puts them where they belong."""

    def __init__(
        self, prefix: str, mounts: Mapping[str, tuple[str, ...]], keep: Callable[[str], bool]
    ) -> None:
        self.prefix = prefix
        self.mounts = mounts
        self.keep = keep
        self.modules: dict[str, str] = {}
        self.tests: dict[str, str] = {}
        self.data: dict[str, Any] = {}
        self.places = DataPlaces()
        self.manifest: dict[str, Any] = {}

    def take(self, name: str, content: bytes) -> None:
        shown = self.prefix + name
        folder, _, leaf = name.rpartition("/")
        if leaf.endswith(".rego"):
            target = self.tests if leaf.endswith("_test.rego") else self.modules
            target[shown] = text_of(content, shown)
        elif name == ".manifest":
            self.manifest = _manifest(text_of(content, shown), shown)
        elif name in self.mounts:
            self.mount(self.mounts[name], text_of(content, shown), shown)
        elif leaf in DATA_NAMES:
            self.mount(tuple(folder.split("/")) if folder else (), text_of(content, shown), shown)
        elif leaf.endswith(_DATA_SUFFIXES) and name not in _OWN_FILES and not self.keep(name):
            near = difflib.get_close_matches(leaf, [*self.mounts, *DATA_NAMES], n=1, cutoff=0.5)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            raise BundleReadError(
                f"nothing reads this file{hint} (data files are data.json, data.yaml, data.yml"
                f"{''.join(', ' + mount for mount in self.mounts)})",
                code="bundle_unread_file",
                file=shown,
            )

    def mount(self, path: tuple[str, ...], text: str, shown: str) -> None:
        value = read_json(text, shown) if shown.endswith(".json") else read_yaml(text, shown)[0]
        if not path and not isinstance(value, dict):
            raise BundleReadError(
                "a data file at the root has to hold an object", code="data_invalid", file=shown
            )
        self.places.add(path, shown, text)
        merge_data(self.data, path, value, shown)

    def revision(self) -> str | None:
        revision = self.manifest.get("revision")
        return revision if isinstance(revision, str) and revision else None

    def roots(self) -> tuple[tuple[str, ...], ...]:
        roots = tuple(
            tuple(step for step in root.split("/") if step) for root in self.manifest.get("roots", [""])
        )
        shown = f"{self.prefix}.manifest"
        for number, root in enumerate(roots):
            for other in roots[number + 1 :]:
                if root[: len(other)] == other or other[: len(root)] == root:
                    raise BundleReadError("roots overlap", code="manifest_invalid", file=shown)
        self._check_data(self.data, (), roots, shown)
        return roots

    def _check_data(
        self, value: Any, path: tuple[str, ...], roots: tuple[tuple[str, ...], ...], shown: str
    ) -> None:
        if any(path[: len(root)] == root for root in roots):
            return
        if not isinstance(value, dict) or (path and not any(root[: len(path)] == path for root in roots)):
            raise BundleReadError(
                f"data at `{'/'.join(path)}` is outside the roots of the manifest",
                code="manifest_invalid",
                file=shown,
            )
        for key, child in value.items():
            self._check_data(child, (*path, key), roots, shown)


def merge_data(data: dict[str, Any], path: tuple[str, ...], value: Any, shown: str) -> None:
    """Put `value` at `path` into `data`; objects merge, anything that stands there already is an error."""
    for step in reversed(path):
        value = {step: value}
    stack: list[tuple[dict[str, Any], Any, tuple[str, ...]]] = [(data, value, ())]
    while stack:
        target, source, where = stack.pop()
        for key, child in source.items():
            here = (*where, key)
            if key not in target:
                target[key] = child
            elif isinstance(target[key], dict) and isinstance(child, dict):
                stack.append((target[key], child, here))
            else:
                raise BundleReadError(
                    f"`data.{'.'.join(here)}` is given by another file too", code="data_overlap", file=shown
                )


def _manifest(text: str, shown: str) -> dict[str, Any]:
    value = read_json(text, shown)
    if not isinstance(value, dict):
        raise BundleReadError("the manifest has to be an object", code="manifest_invalid", file=shown)
    if not isinstance(value.get("revision", ""), str):
        raise BundleReadError("`revision` has to be a string", code="manifest_invalid", file=shown)
    roots = value.get("roots", [""])
    if not isinstance(roots, list) or not all(isinstance(root, str) for root in roots):
        raise BundleReadError("`roots` has to be a list of strings", code="manifest_invalid", file=shown)
    return value
