"""Bundles: what is read, and what is refused with file, row and column."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from policy_engine.rego.bundle import read_bundle
from policy_engine.rego.errors import BundleReadError

MOUNTS = {"duties.yaml": ("sod", "duties")}
GOOD = {
    "p.rego": b"package p\n",
    "a/b/data.yaml": b"x: [1, {y: 2}]\nday: 2024-01-01\n",
    "duties.yaml": b"- {name: one}\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    def write(files: dict[str, bytes]) -> Path:
        root = tmp_path / "bundle"
        root.mkdir()
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return root

    return write


@pytest.fixture
def archive(tmp_path: Path) -> Callable[[list[tuple[str, bytes | None]]], Path]:
    def write(entries: list[tuple[str, bytes | None]]) -> Path:
        path = tmp_path / "bundle.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            for name, content in entries:
                entry = tarfile.TarInfo(name)
                if content is None:
                    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
                    tar.addfile(entry)
                else:
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content))
        return path

    return write


def test_a_folder_gives_modules_data_mounts_and_places(folder: Callable[[dict[str, bytes]], Path]) -> None:
    root = folder(
        {**GOOD, "p_test.rego": b"package p_test\n", "README.md": b"\xff", ".manifest": b'{"revision": "r1"}'}
    )
    bundle = read_bundle(root, mounts=MOUNTS)
    assert list(bundle.modules) == [f"{root}/p.rego"]
    assert list(bundle.tests) == [f"{root}/p_test.rego"]
    assert bundle.data == {
        "a": {"b": {"x": [1, {"y": 2}], "day": "2024-01-01"}},
        "sod": {"duties": [{"name": "one"}]},
    }
    assert bundle.revision == "r1"
    assert bundle.place(("a", "b", "x", 1, "y")) == (f"{root}/a/b/data.yaml", 1, 9)
    assert bundle.place(("sod", "duties", 0, "name", "deeper")) == (f"{root}/duties.yaml", 1, 4)
    assert bundle.place(("nowhere",)) is None


def test_an_archive_reads_like_the_folder_and_has_its_revision(
    folder: Callable[[dict[str, bytes]], Path], archive: Callable[[list[tuple[str, bytes | None]]], Path]
) -> None:
    one = read_bundle(folder(GOOD), mounts=MOUNTS)
    two = read_bundle(archive([(f"/{name}", content) for name, content in GOOD.items()]), mounts=MOUNTS)
    assert one.data == two.data
    assert one.revision == two.revision
    assert one.revision.startswith("sha256:")


@pytest.mark.parametrize(
    ("files", "code", "place"),
    [
        ({}, "bundle_empty", None),
        ({"README.md": b"x"}, "bundle_empty", None),
        ({**GOOD, "dutys.yaml": b"a: 1"}, "bundle_unread_file", None),
        ({"data.yaml": b"a: 1\nb: [\n"}, "yaml_invalid", (3, 1)),
        ({"data.json": b'{"a": 1,\n "b" 2}'}, "json_invalid", (2, 6)),
        ({"data.json": b'{"a": 1,\n "a": 2}'}, "duplicate_key", (2, 2)),
        ({"data.yaml": b"a: 1\nb:\n  c: 1\n  c: 2\n"}, "duplicate_key", (4, 3)),
        ({"data.yaml": b"a: 1\nb: n\xff\n"}, "text_not_utf8", (2, 5)),
        ({"p.rego": b"\xef\xbb\xbfpackage p"}, "text_bom", (1, 1)),
        ({"data.yaml": b"1: a\n"}, "yaml_key_not_string", (1, 1)),
        ({"data.yaml": b"? [a]\n: b\n"}, "yaml_key_not_string", (1, 3)),
        ({"data.yaml": b"a: no\n"}, "yaml_ambiguous", (1, 4)),
        ({"data.yaml": b"a: 010\n"}, "yaml_ambiguous", (1, 4)),
        ({"data.yaml": b"a: 12:30\n"}, "yaml_ambiguous", (1, 4)),
        ({"data.yaml": b"a: .nan\n"}, "yaml_ambiguous", (1, 4)),
        ({"data.yaml": b"a: 99999999999999999999\n"}, "number_not_exact", (1, 4)),
        ({"data.yaml": b"a: !!python/object:os.system x\n"}, "yaml_tag", (1, 4)),
        ({"data.yaml": b"a: 1\n---\nb: 2\n"}, "yaml_documents", (2, 1)),
        ({"data.yaml": b"- 1\n"}, "data_invalid", None),
        ({"data.json": b'{"a": NaN}'}, "json_invalid", None),
        ({"data.json": b"[" * 100_000}, "json_too_deep", None),
        ({"data.yaml": b"[" * 1000}, "yaml_too_deep", (1, 251)),
        ({"data.yaml": b"a: {b: 1}", "a/data.json": b'{"b": 2}'}, "data_overlap", None),
        ({"p.rego": b"package p", ".manifest": b'{"roots": ["a", "a/b"]}'}, "manifest_invalid", None),
        (
            {"p.rego": b"package p", ".manifest": b'{"roots": ["a"]}', "data.yaml": b"b: 1"},
            "manifest_invalid",
            None,
        ),
        ({"p.rego": b"package p", ".manifest": b'{"revision": 5}'}, "manifest_invalid", None),
    ],
)
def test_what_can_not_be_right_is_refused_where_it_stands(
    folder: Callable[[dict[str, bytes]], Path],
    files: dict[str, bytes],
    code: str,
    place: tuple[int, int] | None,
) -> None:
    with pytest.raises(BundleReadError) as caught:
        read_bundle(folder(files), mounts=MOUNTS)
    assert caught.value.code == code
    assert caught.value.file
    if place is not None:
        assert (caught.value.row, caught.value.column) == place


def test_a_misspelt_file_name_gets_a_suggestion(folder: Callable[[dict[str, bytes]], Path]) -> None:
    with pytest.raises(BundleReadError, match=r"did you mean `duties\.yaml`"):
        read_bundle(folder({**GOOD, "dutys.yaml": b"a: 1"}), mounts=MOUNTS)


def test_aliases_that_expand_without_end_are_refused(folder: Callable[[dict[str, bytes]], Path]) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(BundleReadError) as caught:
        read_bundle(folder({"data.yaml": "\n".join(lines).encode()}))
    assert caught.value.code == "yaml_alias_bomb"


def test_an_alias_is_a_copy(folder: Callable[[dict[str, bytes]], Path]) -> None:
    root = folder({"data.yaml": b"a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\n", "a/data.yaml": b"z: 3\n"})
    assert read_bundle(root).data == {"a": {"x": 1, "z": 3}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([("../p.rego", b"package p")], "archive_entry"),
        ([("a/../../p.rego", b"package p")], "archive_entry"),
        ([("p.rego", None)], "archive_entry"),
        ([("p.rego", b"package p"), ("./p.rego", b"package q")], "archive_duplicate"),
        ([("p.rego", b" " * (33 * 2**20))], "bundle_too_large"),
    ],
)
def test_a_hostile_archive_is_refused(
    archive: Callable[[list[tuple[str, bytes | None]]], Path],
    entries: list[tuple[str, bytes | None]],
    code: str,
) -> None:
    with pytest.raises(BundleReadError) as caught:
        read_bundle(archive(entries))
    assert caught.value.code == code


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_a_truncated_archive_is_refused(
    archive: Callable[[list[tuple[str, bytes | None]]], Path], keep: float
) -> None:
    path = archive([("p.rego", b"package p\n"), ("data.json", os.urandom(500).hex().join('""').encode())])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(BundleReadError) as caught:
        read_bundle(path)
    assert caught.value.code == "archive_invalid"


def test_a_missing_path_and_a_single_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BundleReadError) as missing:
        read_bundle(tmp_path / "no")
    (tmp_path / "p.rego").write_text("package p\n")
    with pytest.raises(BundleReadError) as single:
        read_bundle(tmp_path / "p.rego")
    assert (missing.value.code, single.value.code) == ("bundle_missing", "bundle_not_a_folder")


def test_a_link_that_leaves_the_folder_is_refused(
    folder: Callable[[dict[str, bytes]], Path], tmp_path: Path
) -> None:
    (tmp_path / "outside.rego").write_text("package p\n")
    root = folder(GOOD)
    (root / "link.rego").symlink_to(tmp_path / "outside.rego")
    with pytest.raises(BundleReadError) as caught:
        read_bundle(root, mounts=MOUNTS)
    assert caught.value.code == "bundle_link"
