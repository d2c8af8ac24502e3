"""One worker process, seen from the parent: start, ask with a deadline, kill.

A worker that fails in any way is never asked again: an interpreter after an error may still hold the input of the
request before. The clock of the parent counts; the worker's own alarm is the second line, for a parent that dies.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from policy_engine.rego.errors import RegoEvaluationError, RegoTimeout

_SCRIPT: Final = Path(__file__).with_name("worker.py")
_GRACE_SECONDS: Final = 1.0
"""The worker's own alarm comes this much later than the parent's deadline, so that the parent names the reason."""

_WATCH_SECONDS: Final = 0.02
"""How often the memory of a busy worker is looked at."""
_PAGE_BYTES: Final = resource.getpagesize()


class WorkerFailure(Exception):  # noqa: N818 - a failed request, not an error of ours
    """The worker answered that it couldn't: `kind` is parse, build, evaluate, input or internal."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class WorkerProcess:
    """A child that runs `worker.py`. Not thread-safe: the pool hands it to one thread at a time."""

    def __init__(self, memory_bytes: int, output_bytes: int) -> None:
        if not sys.executable:
            raise RegoEvaluationError("there is no Python executable to start the Rego worker with")
        self._memory_bytes = memory_bytes
        self._output_bytes = output_bytes
        self._ids = itertools.count(1)
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own script
            [sys.executable, "-I", "-S", str(_SCRIPT), str(memory_bytes), _library_folder()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={"LANG": "C.UTF-8"},  # opa.runtime() shows the environment to policies
            cwd="/",
        )
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018
        self._requests = self._process.stdin
        self._answers = self._process.stdout
        os.set_blocking(self._requests.fileno(), False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, header: dict[str, Any], payload: str, seconds: float) -> str:
        """The payload of the answer to one request.

        Raises `WorkerFailure` for an answer that is a failure, `RegoTimeout`, or `RegoEvaluationError` when the
        process died; after any of them the worker has to be thrown away.
        """
        number = next(self._ids)
        header = {**header, "id": number, "seconds": seconds + _GRACE_SECONDS}
        body = json.dumps(header).encode("ascii") + b"\n" + payload.encode("utf-8")
        deadline = time.monotonic() + seconds
        try:
            self._write(struct.pack(">I", len(body)) + body, deadline, seconds)
            (length,) = struct.unpack(">I", self._read(4, deadline, seconds))
            if length > self._output_bytes:
                raise RegoEvaluationError(
                    f"the policy's answer has {length} bytes, more than the limit of {self._output_bytes}",
                    code="rego_output_too_large",
                )
            line, _, text = self._read(length, deadline, seconds).partition(b"\n")
        except OSError as error:
            raise self._died() from error
        answer = json.loads(line)
        if answer.get("id") != number:
            raise RegoEvaluationError("the Rego worker answered another request", code="rego_engine_confused")
        if not answer["ok"]:
            raise WorkerFailure(answer["kind"], answer["message"])
        return text.decode("utf-8")

    def _write(self, data: bytes, deadline: float, seconds: float) -> None:
        view = memoryview(data)
        descriptor = self._requests.fileno()
        while view:
            try:
                view = view[os.write(descriptor, view) :]
            except BlockingIOError:
                self._wait(descriptor, select.POLLOUT, deadline, seconds)

    def _read(self, count: int, deadline: float, seconds: float) -> bytes:
        descriptor = self._answers.fileno()
        parts = []
        while count:
            self._wait(descriptor, select.POLLIN, deadline, seconds)
            part = os.read(descriptor, min(count, 1 << 20))
            if not part:
                raise self._died()
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _wait(self, descriptor: int, event: int, deadline: float, seconds: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise RegoTimeout(f"the policy took longer than {seconds:g} s and was stopped")
            if poll.poll(min(remaining, _WATCH_SECONDS) * 1000):
                return
            self._check_memory()

    def _check_memory(self) -> None:
        """regopy's allocator has its own address space, which no resource limit reaches; Linux tells its size."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return
        if pages * _PAGE_BYTES > self._memory_bytes:
            raise RegoEvaluationError(
                f"the policy took more than {self._memory_bytes // 2**20} MiB of memory and was stopped",
                code="rego_memory_limit",
            )

    def _died(self) -> RegoEvaluationError:
        self.kill()
        status = self._process.returncode
        if status == -signal.SIGALRM:
            return RegoTimeout("the policy took too long and was stopped")
        reason = f"signal {-status}" if status is not None and status < 0 else f"exit status {status}"
        return RegoEvaluationError(
            f"the Rego engine died ({reason}): the policy needs more memory than allowed or hits a defect of "
            "regopy; see docs/decisions/002-regopy-guards.md",
            code="rego_engine_died",
        )

    def kill(self) -> None:
        """Stop the process at once and collect it. Safe to call twice."""
        for stream in (self._requests, self._answers):
            stream.close()
        # A process that is closing down by itself keeps its status, so that the reason can be told.
        try:
            self._process.wait(0.05)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def forget(self) -> None:
        """Let go of a worker that belongs to the process we were forked from, without touching it."""
        for stream in (self._requests, self._answers):
            stream.close()
        self._process.returncode = 0


def _library_folder() -> str:
    """The folder that holds the regopy distribution (`import regopy` inside this package means that one too)."""
    found = importlib.util.find_spec("regopy")
    if found is None or found.origin is None:
        raise RegoEvaluationError("regopy is not installed: `pip install regopy`", code="rego_engine_missing")
    return str(Path(found.origin).parent.parent)
