"""A folder as names and bytes, with the same limits as an archive."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from policy_engine.rego.errors import BundleReadError
from policy_engine.rego.file_limits import MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES


def read_folder(root: Path, wanted: Callable[[str], bool]) -> dict[str, bytes | None]:
    """Relative name (with `/`) -> content, sorted by name; `None` for a file that isn't wanted.

    Symbolic links that stay inside the folder are followed; one that leaves it, or goes in a circle, is refused.
    Raises `BundleReadError` for whatever can't be read: a file that is silently left out is a silent hole.
    """
    top = root.resolve()
    files: dict[str, bytes | None] = {}
    total = 0

    def fail(error: OSError) -> None:
        raise cannot_read(Path(error.filename or root), error)

    seen: set[Path] = set()
    for folder, names, leaves in os.walk(root, onerror=fail, followlinks=True):
        here = Path(folder).resolve()
        if not here.is_relative_to(top):
            raise BundleReadError("the link leaves the folder", code="bundle_link", file=folder)
        if here in seen:
            raise BundleReadError(
                "the folder contains itself through a link", code="bundle_link", file=folder
            )
        seen.add(here)
        names[:] = sorted(name for name in names if name != ".git")
        for leaf in sorted(leaves):
            path = Path(folder) / leaf
            name = path.relative_to(root).as_posix()
            if len(files) >= MAX_FILES:
                raise BundleReadError(f"more than {MAX_FILES} files", code="bundle_too_large", file=str(root))
            if not wanted(name):
                files[name] = None
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(top):
                raise BundleReadError("the link leaves the folder", code="bundle_link", file=str(path))
            content = read_file(path)
            total += len(content)
            if total > MAX_TOTAL_BYTES:
                raise BundleReadError(
                    f"more than {MAX_TOTAL_BYTES} bytes in all", code="bundle_too_large", file=str(root)
                )
            files[name] = content
    return dict(sorted(files.items()))


def read_file(path: Path) -> bytes:
    """The content of a regular file within the size limit. Raises `BundleReadError`."""
    try:
        if not path.is_file() and path.exists():
            raise BundleReadError("not a regular file", code="bundle_not_a_file", file=str(path))
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise cannot_read(path, error) from error
    if len(content) > MAX_FILE_BYTES:
        raise BundleReadError(f"more than {MAX_FILE_BYTES} bytes", code="bundle_too_large", file=str(path))
    return content


def cannot_read(path: Path, error: OSError) -> BundleReadError:
    """The error for a path that the system won't let us read, in words."""
    if isinstance(error, FileNotFoundError):
        return BundleReadError("there is no such file or folder", code="bundle_missing", file=str(path))
    if isinstance(error, PermissionError):
        return BundleReadError("permission denied", code="bundle_permission", file=str(path))
    return BundleReadError((error.strerror or str(error)).lower(), code="bundle_unreadable", file=str(path))


def text_of(content: bytes, file: str) -> str:
    """UTF-8 text. Raises `BundleReadError` with row and column for anything else, and for a byte order mark."""
    if content.startswith(b"\xef\xbb\xbf"):
        raise BundleReadError(
            "begins with a byte order mark: save it as UTF-8 without one",
            code="text_bom",
            file=file,
            row=1,
            column=1,
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        row = before.count(b"\n") + 1
        line = before[before.rfind(b"\n") + 1 :]
        raise BundleReadError(
            "not UTF-8 text",
            code="text_not_utf8",
            file=file,
            row=row,
            column=len(line.decode("utf-8", "replace")) + 1,
        ) from error
