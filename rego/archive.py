"""A `.tar.gz` bundle as names and bytes, without ever writing to disk.

An archive comes from somewhere else: names that leave the bundle, links, devices, names that stand twice, archives
that are cut off and archives that grow without end when unpacked are refused with the name of the entry.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from pathlib import Path
from typing import Final

from policy_engine.rego.errors import BundleReadError
from policy_engine.rego.file_limits import MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES

_CHUNK: Final = 1 << 20


def read_archive(path: Path) -> dict[str, bytes]:
    """File name (with `/`, relative) -> content of every regular file. Raises `BundleReadError`."""
    shown = str(path)
    content = _unpacked(path, shown)
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for count, entry in enumerate(archive):
                if count >= MAX_FILES:
                    raise BundleReadError(
                        f"more than {MAX_FILES} entries", code="bundle_too_large", file=shown
                    )
                if not entry.isdir():
                    name = _safe_name(entry, shown)
                    if name in files:
                        raise BundleReadError(
                            f"`{name}` stands twice in it", code="archive_duplicate", file=shown
                        )
                    files[name] = _content(archive, entry, shown)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise BundleReadError(
            f"not a tar archive, or cut off: {error}", code="archive_invalid", file=shown
        ) from error
    if not content.endswith(bytes(1024)):
        raise BundleReadError(
            "the archive is cut off: its end mark is missing", code="archive_invalid", file=shown
        )
    return files


def _unpacked(path: Path, shown: str) -> bytes:
    most = MAX_TOTAL_BYTES + MAX_FILES * 1024
    parts = bytearray()
    try:
        with gzip.open(path, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                parts += chunk
                if len(parts) > most:
                    raise BundleReadError(
                        f"unpacks to more than {most} bytes", code="bundle_too_large", file=shown
                    )
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BundleReadError(
            f"not a gzip file, or cut off: {error}", code="archive_invalid", file=shown
        ) from error
    return bytes(parts)


def _safe_name(entry: tarfile.TarInfo, shown: str) -> str:
    if not entry.isreg():
        raise BundleReadError(
            f"`{entry.name}` is a link or a device; a bundle holds plain files only",
            code="archive_entry",
            file=shown,
        )
    steps = [step for step in entry.name.split("/") if step not in ("", ".")]
    if entry.name.startswith("/") and ".." not in steps and "\\" not in entry.name:
        pass  # OPA writes names with a leading slash; they mean the root of the bundle
    elif ".." in steps or "\\" in entry.name:
        raise BundleReadError(f"`{entry.name}` leaves the bundle", code="archive_entry", file=shown)
    if not steps or "\0" in entry.name:
        raise BundleReadError(f"`{entry.name}` is not a file name", code="archive_entry", file=shown)
    return "/".join(steps)


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo, shown: str) -> bytes:
    if entry.size > MAX_FILE_BYTES:
        raise BundleReadError(
            f"`{entry.name}` has more than {MAX_FILE_BYTES} bytes", code="bundle_too_large", file=shown
        )
    stream = archive.extractfile(entry)
    content = stream.read(entry.size) if stream is not None else b""
    if len(content) != entry.size:
        raise BundleReadError(f"`{entry.name}` is cut off", code="archive_invalid", file=shown)
    return content
