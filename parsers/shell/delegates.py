"""The seam to other parsers: texts that a command hands to a database or a cluster.

`HANDLERS` maps a program to the function that will turn its arguments into child operations. Until the SQL and
kubectl parsers are called here, such commands are reported with their argv and are opaque, unless the tables
know them to be harmless.
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
_READ_ONLY_KUBECTL = frozenset(
    ["get", "describe", "logs", "top", "explain", "version", "cluster-info", "api-resources"]
)


def hand_over(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    """Call the handler of a program, if it has one."""
    handler = HANDLERS.get(name)
    if handler is not None:
        handler(runner, name, args, draft)


def _kubectl(runner: Runner, name: str, args: list[Arg], draft: Draft) -> None:
    """kubectl: the plain reads are known, everything else is left to its parser."""
    literal = [arg for arg in args if isinstance(arg, str)]
    special = any(arg.startswith(("--raw", "--kubeconfig", "--profile", "--cache")) for arg in literal)
    if len(literal) == len(args) > 1 and args[1] in _READ_ONLY_KUBECTL and not special:
        draft.usual = {Effect.READ}
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
