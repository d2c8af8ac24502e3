"""The child process that runs regopy: one interpreter, one thread, one request at a time.

Run as a script with `-I -S` and an empty environment; it imports the standard library and regopy, nothing else of
the project. Frames on both pipes: a 4-byte big-endian length, then one line of JSON (the header), then the payload.

    load   {"id", "op": "load", "seconds"}              payload {"modules": [[name, text]], "data": JSON text}
    query  {"id", "op": "query", "query", "seconds", "input": bool}   payload: the input as JSON text
    answer {"id", "ok": true}                           payload: regopy's output text, or "undefined"
           {"id", "ok": false, "kind", "message"}       kind: parse, build, evaluate, input, internal

The alarm of a request kills the process (default action of SIGALRM), because nothing else stops C++ code.
"""

import json
import os
import resource
import signal
import struct
import sys
from pathlib import Path
from typing import Any

QUERY_CACHE = 64


def read_exactly(descriptor: int, count: int) -> bytes:
    parts = []
    while count:
        part = os.read(descriptor, min(count, 1 << 20))
        if not part:
            os._exit(0)  # the parent is gone
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def read_frame(descriptor: int) -> tuple[dict[str, Any], str]:
    (length,) = struct.unpack(">I", read_exactly(descriptor, 4))
    header, _, payload = read_exactly(descriptor, length).partition(b"\n")
    return json.loads(header), payload.decode("utf-8")


def write_frame(descriptor: int, header: dict[str, Any], payload: str = "") -> None:
    body = json.dumps(header).encode("ascii") + b"\n" + payload.encode("utf-8")
    view = memoryview(struct.pack(">I", len(body)) + body)
    while view:
        view = view[os.write(descriptor, view) :]


class RequestError(Exception):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def error_text(root: Any) -> str:
    """What regopy says about a failed query; its string form is only `<error>`."""
    from regopy import NodeKind, rego_shared

    found: list[str] = []
    stack = [root]
    while stack and len(found) < 10:
        node = stack.pop()
        kind = rego_shared.rego_node_type(node)
        if kind in (NodeKind.ErrorMessage, NodeKind.ErrorCode):
            found.append(str(rego_shared.rego_node_value(node)))
        elif kind in (NodeKind.ErrorSeq, NodeKind.Error):
            count = rego_shared.rego_node_size(node)
            stack.extend(rego_shared.rego_node_get(node, index) for index in reversed(range(count)))
    return ": ".join(text for text in found if text) or "no message"


class Engine:
    """The interpreter with its loaded policy, and the queries built so far."""

    def __init__(self) -> None:
        self.modules: list[tuple[str, str]] = []
        self.data: str | None = None
        self.fresh()

    def fresh(self) -> None:
        from regopy import Interpreter

        self.built: dict[str, Any] = {}
        self.had_input = False
        self.interpreter = Interpreter()
        # Otherwise a missing or failing builtin is undefined, and `not missing(…)` true.
        self.interpreter.strict_built_in_errors = True

    def load(self, request: dict[str, Any]) -> None:
        self.modules = request["modules"]
        self.data = request["data"]
        self.feed(report_all=True)
        # Any build compiles every rule, so that errors show now, not at the first request.
        if self.modules:
            for query in request["build"]:
                self.build(query)

    def feed(self, *, report_all: bool = False) -> None:
        problems = []
        for name, text in self.modules:
            try:
                self.interpreter.add_module(name, text)
            except Exception as error:
                if not report_all:
                    raise RequestError("parse", str(error)) from error
                problems.append(str(error))
                self.fresh()
        if problems:
            raise RequestError("parse", "\n".join(problems))
        if self.data is not None:
            self.interpreter.add_data_json(self.data)

    def build(self, query: str) -> Any:
        bundle = self.built.get(query)
        if bundle is None:
            try:
                bundle = self.interpreter.build(query)
            except Exception as error:
                raise RequestError("build", str(error)) from error
            if not bundle.ok():
                raise RequestError("build", "the policy could not be compiled")
            if len(self.built) >= QUERY_CACHE:
                self.built.clear()
            self.built[query] = bundle
        return bundle

    def query(self, request: dict[str, Any], text: str) -> str:
        if request["input"]:
            try:
                self.interpreter.set_input_term(text)
            except Exception as error:
                raise RequestError("input", str(error)) from error
            self.had_input = True
        elif self.had_input:
            # An input can't be taken back: without a new interpreter the last one would stay in force.
            self.fresh()
            self.feed()
        return self.answer(self.build(request["query"]))

    def answer(self, bundle: Any) -> str:
        """The output's text, taken without regopy's own wrapper, which hides what went wrong in a parse error."""
        from regopy import rego_shared

        output = rego_shared.rego_bundle_query(self.interpreter._impl, bundle._impl)
        try:
            text: str = rego_shared.rego_output_string(output)
            if not rego_shared.rego_output_ok(output):
                raise RequestError("evaluate", error_text(rego_shared.rego_output_node(output)))
        finally:
            rego_shared.rego_free_output(output)
        # An error inside a value is reported as a value.
        if not text.startswith(("{", "[", "undefined")):
            raise RequestError("evaluate", text)
        return text


def limit_address_space(memory: int) -> None:
    """Allow `memory` bytes more than now: regopy's allocator reserves 256 GiB of addresses when it starts.

    What it takes out of its own reserve is not counted here; the parent watches the resident size as well.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return
    most = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    memory, library = int(sys.argv[1]), sys.argv[2]
    sys.path.append(library)
    # The pipes move to descriptors that nobody prints to: regopy writes diagnostics to standard output.
    requests, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    engine = Engine()
    limit_address_space(memory)
    while True:
        request, payload = read_frame(requests)
        signal.setitimer(signal.ITIMER_REAL, request["seconds"])
        try:
            if request["op"] == "load":
                engine.load(json.loads(payload))
                answer = ""
            else:
                answer = engine.query(request, payload)
        except RequestError as failure:
            write_frame(
                answers, {"id": request["id"], "ok": False, "kind": failure.kind, "message": failure.message}
            )
        except Exception as error:
            write_frame(
                answers, {"id": request["id"], "ok": False, "kind": "internal", "message": repr(error)}
            )
        else:
            write_frame(answers, {"id": request["id"], "ok": True}, answer)
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
