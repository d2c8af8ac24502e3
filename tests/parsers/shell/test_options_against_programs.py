"""The programs themselves are the judges of the tables: a file that `PROG -X FILE` touches is reported.

A table that gives a flag a value hides the file behind it. So each program that is installed here is run with each
short option while the kernel (inotify) tells what happens to the file; whatever was read or written must be in the
report, unless that is opaque.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import string
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from policy_engine.documents.vocabulary import Access
from policy_engine.parsers.shell import parse_shell

PROGRAMS = [
    "cat", "tac", "nl", "od", "rev", "strings", "fold", "fmt", "expand", "unexpand", "pr", "tsort", "sum",
    "md5sum", "sha256sum", "b2sum", "cksum", "paste", "column", "zcat", "xzcat", "bzcat", "zstdcat", "file",
    "wc", "head", "tail", "cut", "sort", "uniq", "grep", "zgrep", "diff", "cmp", "sdiff", "comm", "join",
    "hexdump", "xxd", "base64", "iconv", "truncate", "tee", "gzip", "xz", "bzip2", "zstd", "shred", "unlink",
    "cp", "mv", "last", "who", "date", "jq", "more", "split", "csplit", "patch", "awk", "sed",
]  # fmt: skip
READ, WRITTEN, DELETED = (
    0x1,
    0x2 | 0x8,
    0x400 | 0x800,
)  # IN_ACCESS; IN_MODIFY, IN_CLOSE_WRITE; IN_DELETE_SELF, IN_MOVE_SELF
_EVENT = struct.Struct("iIII")


def events(descriptor: int) -> int:
    """The kinds of all events that wait, as one mask."""
    found = 0
    while True:
        try:
            data = os.read(descriptor, 65536)
        except BlockingIOError:
            return found
        position = 0
        while position < len(data):
            _, mask, _, size = _EVENT.unpack_from(data, position)
            position += _EVENT.size + size
            found |= mask


def touched(argv: list[str], folder: Path) -> int:
    """Run a program and tell what it did to the file `mark`."""
    for name in folder.iterdir():
        name.unlink() if not name.is_dir() else shutil.rmtree(name)
    (folder / "mark").write_text("MARK aaa bbb\n1 2 3\n")
    (folder / "other").write_text("1 2\n")
    library = ctypes.CDLL(None)
    descriptor = library.inotify_init1(os.O_NONBLOCK)
    if descriptor < 0:
        pytest.skip("the kernel gives no inotify descriptor: the comparison needs it")
    try:
        library.inotify_add_watch(descriptor, bytes(folder / "mark"), READ | WRITTEN | DELETED)
        with contextlib.suppress(subprocess.TimeoutExpired, OSError):
            subprocess.run(
                argv,
                cwd=folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=0.15,
                check=False,
            )
        return events(descriptor)
    finally:
        os.close(descriptor)


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is a part of Linux")
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_short_option_leaves_the_file_reported(program: str, tmp_path: Path) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"`{program}` isn't installed here")
    wrong = []
    for letter in string.ascii_letters:
        argv = [
            program,
            f"-{letter}",
            "mark",
            *(["other"] if program in ("cp", "mv", "comm", "join", "cmp", "sdiff") else []),
        ]
        action = parse_shell(" ".join(argv))
        if action.opaque:
            continue
        happened = touched(argv, tmp_path)
        reported = {item.access for item in action.resources if item.name in ("mark", ".")}
        if happened & READ and not reported:
            wrong.append(f"{argv} reads")
        if happened & (WRITTEN | DELETED) and Access.WRITE not in reported:
            wrong.append(f"{argv} writes")
    assert wrong == []
