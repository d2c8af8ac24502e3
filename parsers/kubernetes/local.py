"""Commands that send no API request: help, config, kustomize, completion, plugins."""

from __future__ import annotations

from policy_engine.documents.action import Resource
from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind
from policy_engine.parsers.kubernetes.line import Line, is_remote, no_request
from policy_engine.parsers.kubernetes.local_files import add_file, file_read, file_written
from policy_engine.parsers.kubernetes.plan import PlannedRequest

_READING = frozenset(("current-context", "get-clusters", "get-contexts", "get-users", "view"))
_RUNS_PROGRAMS = ("enable-helm", "enable-alpha-plugins", "network")


def help_(line: Line) -> list[PlannedRequest]:
    """Help, options, completion, version --client, plugin list: text only."""
    return no_request(line)


def config(line: Line) -> list[PlannedRequest]:
    """`config …`: the kubeconfig file is read or changed; a program named in it runs at the next request."""
    sub = line.parsed.command[1] if len(line.parsed.command) > 1 else "view"
    effect = Effect.READ if sub in _READING else Effect.CONFIGURE
    requests = no_request(line, effects=(effect,))
    if sub == "view" and (line.parsed.switch("raw") or line.parsed.switch("flatten")):
        line.flags.add("secret_read")  # tokens, passwords and keys are printed instead of being left out
    kubeconfig = line.parsed.value("kubeconfig")
    if kubeconfig and effect is Effect.CONFIGURE:
        add_file(requests[0], file_written(kubeconfig))
    if line.parsed.has("exec-command"):
        requests[0].effects.add(Effect.EXECUTE)
        name = line.parsed.value("exec-command") or ""
        requests[0].resources.append(Resource(kind=ResourceKind.PROGRAM, name=name, access=Access.EXECUTE))
    return requests


def kustomize(line: Line) -> list[PlannedRequest]:
    """`kustomize DIR`: a build on this machine; remote bases are fetched, some options run programs."""
    requests = no_request(line, effects=(Effect.READ,))
    for folder in line.parsed.arguments or (".",):
        add_file(requests[0], file_read(folder))
        if is_remote(folder):
            line.flags.add("remote_file")
    if (
        line.parsed.has("load-restrictor")
        and line.parsed.value("load-restrictor") != "LoadRestrictionsRootOnly"
    ):
        line.problem(
            ProblemCode.UNKNOWN_TARGET,
            "without load restrictions the kustomization may read any file, which is not known; leave the option away",
        )
    if line.parsed.has("mount") or any(line.parsed.switch(option) for option in _RUNS_PROGRAMS):
        line.problem(
            ProblemCode.UNKNOWN_PROGRAM,
            "the kustomization may run programs of its own with these options; leave them away",
        )
        requests[0].effects.add(Effect.EXECUTE)
    return requests


def plugin(line: Line, word: str) -> list[PlannedRequest]:
    """A word that is no command: a program `kubectl-WORD` on the path, or an alias from the user's kuberc file."""
    line.flags.update(("plugin", "no_request"))
    program = f"kubectl-{word}"
    line.problem(
        ProblemCode.UNKNOWN_PROGRAM,
        f"`{word[:60]}` is no kubectl command, so a plugin or alias of that name runs, which is not known; "
        "use kubectl's own commands",
    )
    request = PlannedRequest("", None, None, "", "", None, None, effects={Effect.EXECUTE, Effect.UNKNOWN})
    request.resources.append(Resource(kind=ResourceKind.PROGRAM, name=program, access=Access.EXECUTE))
    return [request]
