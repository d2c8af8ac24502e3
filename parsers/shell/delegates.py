"""The seam to other parsers: texts that a command hands to a database or a cluster.

`HANDLERS` maps a program to the function that reads its arguments. Until the SQL and kubectl parsers make child
operations here, such commands are reported with their argv and are opaque, unless they are known to be harmless: for
kubectl its own parser is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Effect
from policy_engine.parsers.shell.expand import Arg
from policy_engine.parsers.shell.state import Draft

if TYPE_CHECKING:
    from policy_engine.parsers.shell.run import Runner

Handler = Callable[["Runner", str, list[Arg], Draft], None]

_HARMLESS = frozenset(["--version", "-V", "--help", "-?"])


def unread(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    """Report a text that another parser would have to read."""
    if len(args) == 2 and args[1] in _HARMLESS:
        return
    draft.effects.update((Effect.EXECUTE, Effect.UNKNOWN))
    runner.state.opaque(
        draft,
        ProblemCode.UNKNOWN_TEXT,
        f"what `{name}` is asked to do isn't read inside a shell text yet: send it to its own parser",
    )


HANDLERS: dict[str, Handler] = dict.fromkeys(
    [
        "psql",
        "mysql",
        "mariadb",
        "sqlite3",
        "sqlite",
        "mongo",
        "mongosh",
        "redis-cli",
        "cqlsh",
        "clickhouse-client",
        "sqlcmd",
        "bq",
        "snowsql",
        "sqlplus",
        "oc",
        "helm",
        "kubectl",
    ],
    unread,
)
# What a kubectl line may do and still be a plain read here; its own parser has words for the rest.
_PLAIN_KUBECTL_FLAGS = frozenset(
    ["all_namespaces", "selector", "field_selector", "watch", "multi_resource", "multi_name", "no_request"]
)


def hand_over(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    """Call the handler of a program, if it has one."""
    handler = HANDLERS.get(name)
    if handler is not None:
        handler(runner, name, args, draft)


def _kubectl(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    """kubectl: what its own parser knows to be a plain read is one, with the objects read; the rest is opaque."""
    literal = [arg for arg in args[1:] if isinstance(arg, str)]
    if len(literal) == len(args) - 1 and literal:
        from policy_engine.parsers.kubernetes import parse_kubectl

        action = parse_kubectl(["kubectl", *literal])
        if (
            not action.opaque
            and {*action.effects} <= {Effect.READ}
            and {*action.flags} <= _PLAIN_KUBECTL_FLAGS
        ):
            draft.usual = {Effect.READ}
            draft.resources.update(dict.fromkeys(action.resources))
            return
    if len(args) > 1 and args[1] == "exec" and "--" in args:
        runner.child(args[args.index("--") + 1 :], draft, name)
    unread(runner, name, args, draft)


_READ_ONLY_HELM = frozenset(["list", "ls", "status", "history", "version", "env"])
_HELM_OPTION = re.compile(
    r"-[aAdqr]+|--(?:all|all-namespaces|failed|deployed|pending|short|reverse|date|superseded)"
    r"|-[nofm](?:=?[\w.-]+)?|--(?:namespace|output|filter|max|revision|offset)(?:=[\w.-]+)?|[\w.-]+"
)


def _helm(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    """helm: asking what is installed; charts, plugins and post-renderers may run anything."""
    plain = all(isinstance(arg, str) and _HELM_OPTION.fullmatch(arg) for arg in args[1:])
    if plain and len(args) > 1 and args[1] in _READ_ONLY_HELM:
        draft.usual = {Effect.READ}
    else:
        unread(runner, name, args, draft)


HANDLERS["kubectl"] = _kubectl
HANDLERS["helm"] = _helm
