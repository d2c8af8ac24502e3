"""Redirections from and to files, descriptors and sockets: what the shell itself opens for a command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policy_engine.documents.action import Redirection
from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, ShellFlag
from policy_engine.parsers.shell.expand import Arg, Unknown
from policy_engine.parsers.shell.state import Draft
from policy_engine.parsers.shell.syntax import Proc, Redir

if TYPE_CHECKING:
    from policy_engine.parsers.shell.walk import Walker

MODES = {
    "<": "read", ">": "write", ">|": "write", ">>": "append", "<>": "read_write", "&>": "write", "&>>": "append",
    ">&": "write", "<<": "here_document", "<<-": "here_document", "<<<": "here_string",
}  # fmt: skip
_DUPLICATE = re.compile(r"[0-9]+-?|-")
_SOCKET = re.compile(r"/dev/(?:tcp|udp)/([^/]+)/(.+)")
_STREAMS = frozenset(
    ["/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/zero", "/dev/full"]
)


def open_file(walker: Walker, redir: Redir, draft: Draft, index: int) -> Arg | None:
    """A redirection from or to a file or descriptor."""
    state = walker.state
    target = redir.target
    assert target is not None  # noqa: S101 - the grammar gives every other redirection one
    fields = state.words(target)
    walker.visit(target.parts, index)
    reads = redir.op in ("<", "<>", "<&")
    default = 0 if reads else 1
    fd = redir.fd if isinstance(redir.fd, int) else None if redir.fd else default
    name = fields[0] if len(fields) == 1 else Unknown(single=False)
    if redir.op in ("<&", ">&") and isinstance(name, str) and _DUPLICATE.fullmatch(name):
        draft.redirections.append(Redirection(fd=fd, mode="close" if name == "-" else "duplicate", path=None))
        return Unknown() if fd == 0 else None
    process = len(target.parts) == 1 and isinstance(target.parts[0], Proc)
    path = name if isinstance(name, str) else None
    draft.redirections.append(Redirection(fd=fd, mode=MODES.get(redir.op, "read"), path=path))
    socket = _SOCKET.fullmatch(path) if path else None
    if socket:
        draft.flags.add(ShellFlag.NETWORK)
        draft.effects.add(Effect.TRANSFER)
        state.resource(draft, ResourceKind.HOST, f"{socket[1]}:{socket[2]}", Access.WRITE)
    elif isinstance(name, Unknown) and name.single and (name.shown or "").startswith("~"):
        draft.effects.add(Effect.READ if redir.op == "<" else Effect.UPDATE)
        state.file(draft, name, Access.READ if redir.op == "<" else Access.WRITE)
    elif path is None and not process:
        state.opaque(
            draft,
            ProblemCode.UNKNOWN_TARGET,
            "the file of a redirection isn't known: write its path literally",
        )
    elif path is not None and not path.startswith("/dev/fd/") and path not in _STREAMS:
        if redir.op != "<":
            draft.effects.add(Effect.UPDATE)
            state.file(draft, path, Access.WRITE)
            walker.runner.written(draft, path)
        if reads:
            draft.effects.add(Effect.READ)
            state.file(draft, path, Access.READ)
    if not reads or fd != 0:
        return None
    return "" if path == "/dev/null" else Unknown(fetched=isinstance(name, Unknown) and name.fetched)
