"""A small bounded pool of workers that all hold the same policy.

One evaluation has one worker to itself, so threads run in parallel and never see each other's input. Workers start
when they are needed. Whatever goes wrong during a request, its worker is thrown away and the next request gets
another one. After a fork the child starts with an empty pool; at exit every worker is stopped.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import Final

from policy_engine.rego.engine import Limits
from policy_engine.rego.errors import RegoEvaluationError, RegoTimeout
from policy_engine.rego.regopy.process import WorkerProcess

_MOST_WORKERS: Final = 8
_pools: weakref.WeakSet[WorkerPool] = weakref.WeakSet()


class WorkerPool:
    """Workers loaded with `load_payload`, handed out one request at a time."""

    def __init__(self, load_payload: str, limits: Limits) -> None:
        self._load_payload = load_payload
        self._limits = limits
        self._most = limits.workers or min(_MOST_WORKERS, os.cpu_count() or 1)
        self._reset()
        self._finalizer = weakref.finalize(self, _stop, self._workers)
        _pools.add(self)

    def _reset(self) -> None:
        self._condition = threading.Condition()
        self._idle: list[WorkerProcess] = []
        self._workers: set[WorkerProcess] = set()
        self._starting = 0
        self._closed = False

    def start_one(self) -> None:
        """Load one worker now, so that errors in the policy show and the first evaluation is quick."""
        worker = self._take(self._limits.compile_seconds)
        self._give_back(worker)

    def ask(self, query: str, input_text: str | None, seconds: float) -> str:
        """regopy's output text for `query`. Raises `WorkerFailure`, `RegoTimeout` or `RegoEvaluationError`."""
        worker = self._take(seconds)
        try:
            answer = worker.ask(
                {"op": "query", "query": query, "input": input_text is not None}, input_text or "", seconds
            )
        except BaseException:  # also Ctrl-C: a worker in the middle of a request would answer the next one
            self._discard(worker)
            raise
        self._give_back(worker)
        return answer

    def _take(self, seconds: float) -> WorkerProcess:
        deadline = time.monotonic() + seconds
        with self._condition:
            while True:
                if self._closed:
                    raise RegoEvaluationError("the policy is closed", code="rego_policy_closed")
                if self._idle:
                    return self._idle.pop()
                if len(self._workers) + self._starting < self._most:
                    self._starting += 1
                    break
                remaining = deadline - time.monotonic()
                if remaining <= 0 or not self._condition.wait(remaining):
                    raise RegoTimeout(f"no Rego worker was free for {seconds:g} s")
        return self._start()

    def _start(self) -> WorkerProcess:
        worker = None
        try:
            worker = WorkerProcess(self._limits.memory_bytes, self._limits.output_bytes)
            worker.ask({"op": "load"}, self._load_payload, self._limits.compile_seconds)
        except BaseException:
            if worker is not None:
                worker.kill()
            with self._condition:
                self._starting -= 1
                self._condition.notify()
            raise
        with self._condition:
            self._starting -= 1
            self._workers.add(worker)
        return worker

    def _give_back(self, worker: WorkerProcess) -> None:
        with self._condition:
            if not self._closed:
                self._idle.append(worker)
                self._condition.notify()
                return
        self._discard(worker)

    def _discard(self, worker: WorkerProcess) -> None:
        with self._condition:
            self._workers.discard(worker)
            self._condition.notify()
        worker.kill()

    def close(self) -> None:
        """Stop the idle workers now and the busy ones when they have answered."""
        with self._condition:
            self._closed = True
            idle, self._idle = self._idle, []
            self._workers.difference_update(idle)
            self._condition.notify_all()
        for worker in idle:
            worker.kill()

    def _after_fork(self) -> None:
        """In the child: the workers are the parent's; let go of the pipes and start anew."""
        closed = self._closed
        for worker in self._workers:
            worker.forget()
        self._finalizer.detach()
        self._reset()
        self._closed = closed
        self._finalizer = weakref.finalize(self, _stop, self._workers)


def _stop(workers: set[WorkerProcess]) -> None:
    for worker in list(workers):
        worker.kill()


def _reset_all_after_fork() -> None:
    for pool in list(_pools):
        pool._after_fork()


os.register_at_fork(after_in_child=_reset_all_after_fork)
