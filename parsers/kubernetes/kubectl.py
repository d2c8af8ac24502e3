"""A kubectl line -> the operations that stand for the API requests that kubectl would send, the principal one first.

The principal is the first request that changes something; for exec, attach, port-forward and cp the connection;
else the log, the watch or the first read. The others follow as its children. What depends on files, on the cluster
or on the user's kubeconfig is null, not guessed; where it is what would change, the action is opaque.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from policy_engine.documents.action import MAX_OPERATIONS, Action, make_action, refused_action
from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.documents.vocabulary import Effect, Protocol
from policy_engine.parsers.kubernetes import changing, creating, local, reading, streaming
from policy_engine.parsers.kubernetes.guards import (
    MAX_TEXT,
    MAX_WORDS,
    check_text,
    is_argument_list,
    printable,
)
from policy_engine.parsers.kubernetes.line import Line
from policy_engine.parsers.kubernetes.local_files import add_local_files
from policy_engine.parsers.kubernetes.options import option_table, parse_line
from policy_engine.parsers.kubernetes.plan import PlannedRequest, request_operation
from policy_engine.parsers.kubernetes.resource_table import ResourceTable, builtin_resources
from policy_engine.parsers.kubernetes.words import split_words

DIALECT = "kubectl"

Handler = Callable[[Line], list[PlannedRequest]]

HANDLERS: dict[tuple[str, ...], Handler] = {
    (): local.help_,
    ("annotate",): changing.label,
    ("api-resources",): reading.discovery,
    ("api-versions",): reading.discovery,
    ("apply",): changing.apply,
    ("apply", "edit-last-applied"): changing.edit,
    ("apply", "set-last-applied"): changing.set_last_applied,
    ("apply", "view-last-applied"): reading.view_last_applied,
    ("attach",): streaming.attach,
    ("auth", "can-i"): reading.can_i,
    ("auth", "reconcile"): changing.reconcile,
    ("auth", "whoami"): reading.whoami,
    ("autoscale",): creating.autoscale,
    ("certificate", "approve"): changing.certificate,
    ("certificate", "deny"): changing.certificate,
    ("cluster-info",): reading.cluster_info,
    ("cluster-info", "dump"): reading.cluster_info_dump,
    ("completion",): local.help_,
    ("cordon",): changing.cordon,
    ("cp",): streaming.copy,
    ("create",): creating.create,
    ("create", "token"): creating.token,
    ("debug",): streaming.debug,
    ("delete",): changing.delete,
    ("describe",): reading.describe,
    ("diff",): reading.diff,
    ("drain",): changing.drain,
    ("edit",): changing.edit,
    ("events",): reading.events,
    ("exec",): streaming.exec_,
    ("explain",): reading.explain,
    ("expose",): creating.expose,
    ("get",): reading.get,
    ("help",): local.help_,
    ("kustomize",): local.kustomize,
    ("label",): changing.label,
    ("logs",): reading.logs,
    ("options",): local.help_,
    ("patch",): changing.patch,
    ("plugin", "list"): local.help_,
    ("port-forward",): streaming.port_forward,
    ("proxy",): streaming.proxy,
    ("replace",): changing.replace,
    ("rollout", "history"): reading.rollout_history,
    ("rollout", "pause"): changing.rollout,
    ("rollout", "restart"): changing.rollout,
    ("rollout", "resume"): changing.rollout,
    ("rollout", "status"): reading.rollout_status,
    ("rollout", "undo"): changing.rollout_undo,
    ("run",): creating.run,
    ("scale",): changing.scale,
    ("set", "env"): changing.set_pairs,
    ("set", "image"): changing.set_pairs,
    ("set", "resources"): changing.set_all_arguments,
    ("set", "selector"): changing.set_last_argument,
    ("set", "serviceaccount"): changing.set_last_argument,
    ("set", "subject"): changing.set_all_arguments,
    ("taint",): changing.taint,
    ("top", "node"): reading.top_node,
    ("top", "pod"): reading.top_pod,
    ("uncordon",): changing.cordon,
    ("version",): reading.version,
    ("wait",): reading.wait,
}
# Commands whose -o prints the object that the server sent back: with a Secret, that shows its content.
_SHOWS_OBJECT = frozenset(
    (word,)
    for word in (
        "annotate", "apply", "edit", "label", "patch", "replace", "rollout", "scale", "set", "taint", "autoscale",
        "expose", "run",
    )
)  # fmt: skip
_QUIET_LEVELS = frozenset((None, *map(str, range(8))))  # from -v=8 on, the answers' bodies stand in the log

# Commands that oc takes over from kubectl unchanged; its expose, debug, run, new-app, adm, … do other things.
_SAME_IN_OC = frozenset(
    (
        "annotate", "api-resources", "api-versions", "apply", "attach", "auth", "autoscale", "cluster-info", "config",
        "cp", "create", "delete", "describe", "diff", "edit", "events", "exec", "explain", "get", "kustomize", "label",
        "logs", "patch", "port-forward", "proxy", "replace", "scale", "wait", "help", "options", "completion",
    )
)  # fmt: skip
_TEMPORARY = ("/tmp/", "/var/tmp/", "/dev/", "/proc/")  # noqa: S108 - refused, not used


def parse_kubectl(
    text: str | Sequence[str],
    *,
    files: Callable[[str], str] | None = None,
    default_namespace: str = "default",
    resources: ResourceTable | None = None,
) -> Action:
    """Return the action document of a kubectl line: a simple command as text, or an argument list.

    `files` reads a manifest by its path, when the caller allows that; `default_namespace` is the namespace of the
    current context; `resources` is a table that also knows the cluster's own types. Never raises for its input.
    """
    shown = _shown(text)
    try:
        words = _words(text)
        if isinstance(words, Problem):
            return refused_action(Protocol.KUBERNETES, DIALECT, shown, words)
        return _parse(words, shown, files, default_namespace, resources or builtin_resources())
    except Exception as error:  # a defect here must deny, not crash the caller
        problem = Problem(
            code=ProblemCode.PARSER_FAILED,
            message=f"the kubectl parser failed ({type(error).__name__}); please report this line",
        )
        return refused_action(Protocol.KUBERNETES, DIALECT, shown, problem)


def _shown(text: object) -> str:
    """Return the text that the digest binds; an argument list as a shell would quote it, which is unambiguous."""
    if is_argument_list(text):
        return shlex.join(printable(word) for word in text[:MAX_WORDS])
    return printable(text)


def _words(text: object) -> list[str] | Problem:
    if is_argument_list(text):
        if len(text) > MAX_WORDS:
            return Problem(
                code=ProblemCode.TOO_MANY, message=f"more than {MAX_WORDS} arguments; shorten the line"
            )
        total = 0
        for word in text:
            problem = check_text(word, "an argument")
            if problem is not None:
                return problem
            total += len(word)
        if total > MAX_TEXT:
            return Problem(
                code=ProblemCode.TOO_LARGE,
                message=f"the arguments have {total} characters, more than {MAX_TEXT}; shorten them",
            )
        words: list[str] | Problem = list(text)
    else:
        problem = check_text(text, "the line")
        if problem is not None:
            return problem
        words = split_words(str(text).strip(" \t\n"))
    if isinstance(words, Problem):
        return words
    if not words:
        return Problem(code=ProblemCode.EMPTY, message="there is nothing to run; give a kubectl line")
    if words[0].rpartition("/")[2] not in ("kubectl", "oc"):
        return Problem(
            code=ProblemCode.UNKNOWN_PROGRAM,
            message=f"`{words[0][:60]}` is not kubectl; parse it as shell",
        )
    return words


def _parse(
    words: list[str],
    shown: str,
    files: Callable[[str], str] | None,
    default_namespace: str,
    table: ResourceTable,
) -> Action:
    parsed = parse_line(words[1:])
    if isinstance(parsed, Problem):
        return refused_action(Protocol.KUBERNETES, DIALECT, shown, parsed)
    line = Line(parsed=parsed, table=table, files=files, default_namespace=default_namespace)
    if parsed.switch("help"):
        requests = local.help_(line)
    else:
        line.read_options()
        requests = _handle(line, words[0].rpartition("/")[2])
        add_local_files(line, requests[0])
    _check_program(line, words[0])
    impersonate = _impersonation(line)
    if len(requests) > MAX_OPERATIONS:
        problem = Problem(
            code=ProblemCode.TOO_MANY, message="the line stands for too many requests; split it"
        )
        return refused_action(Protocol.KUBERNETES, DIALECT, shown, problem)
    _shown_secrets(line, requests)
    requests[0].reasons.extend(problem.code for problem in line.problems)
    operations = [
        request_operation(
            request,
            impersonate=impersonate if "no_request" not in line.flags else None,
            flags=line.flags if index == 0 else (),
            parent=None if index == 0 else 0,
            span=(0, len(shown)),
        )
        for index, request in enumerate(requests)
    ]
    return make_action(Protocol.KUBERNETES, DIALECT, shown, operations, line.problems)


def _check_program(line: Line, word: str) -> None:
    """Note a kubectl that does not come from the search path or a folder of programs: it may be anything."""
    folder, slash, _ = word.rpartition("/")
    if slash and (not folder.startswith("/") or not folder.endswith("bin") or folder.startswith(_TEMPORARY)):
        line.problem(
            ProblemCode.UNKNOWN_PROGRAM,
            f"`{word[:80]}` need not be the kubectl that it is named after; call `kubectl` from the search path",
        )


def _handle(line: Line, program: str) -> list[PlannedRequest]:
    command = line.parsed.command
    if (program == "oc" and not _same_in_oc(command, line)) or command[:1] == ("alpha",):
        line.problem(
            ProblemCode.UNSUPPORTED,
            f"what `{program} {line.command}` does is not known to this version; use a command of kubectl's own",
        )
        return [PlannedRequest("", None, None, "", "", None, None, effects={Effect.UNKNOWN})]
    handler = HANDLERS.get(command)
    if handler is not None:
        return handler(line)
    if command[0] == "config":
        return local.config(line)
    if (
        command[0] == "create"
        and len(command) > 1
        and command[1] in creating.GENERATORS
        and command not in option_table().groups
    ):
        return creating.generate(line)
    if command in option_table().groups:  # `kubectl rollout`, `kubectl rollout xyz`: help or a complaint
        if line.parsed.arguments:
            line.refuse(
                f"`kubectl {line.command}` has no sub-command `{line.parsed.arguments[0][:40]}`; see its help"
            )
        return local.help_(line)
    return local.plugin(line, command[0])


def _same_in_oc(command: tuple[str, ...], line: Line) -> bool:
    """True when OpenShift's oc does with this command what kubectl does."""
    if command == ("create",):
        return line.from_file or not line.parsed.arguments
    return not command or command[0] in _SAME_IN_OC


def _impersonation(line: Line) -> dict[str, list[str]] | None:
    """Return whom the line acts as, keyed like the impersonation headers."""
    parsed = line.parsed
    found: dict[str, list[str]] = {}
    user = parsed.value("as")
    if user:
        found["user"] = [user]
    groups = [group for group in parsed.options.get("as-group", ()) if group]
    if groups:
        found["group"] = groups
    uid = parsed.value("as-uid")
    if uid:
        found["uid"] = [uid]
    for extra in parsed.options.get("as-user-extra", ()):
        key, _, value = extra.partition("=")
        found.setdefault(f"extra-{key.lower()}", []).append(value)
    if found:
        line.flags.add("impersonate")
        if "user" not in found:
            line.refuse("--as-group, --as-uid and --as-user-extra need --as; add it")
    return found or None


def _shown_secrets(line: Line, requests: list[PlannedRequest]) -> None:
    """Flag changes of Secrets whose answer is printed: by -o, or by a log level that prints whole answers."""
    output = line.parsed.value("output")
    printed = output not in (None, "", "name") and line.parsed.command[:1] in _SHOWS_OBJECT
    if not printed and not _logs_answers(line):
        return
    for request in requests:
        if request.group == "" and request.resource == "secrets":
            request.flags.add("secret_read")


def _logs_answers(line: Line) -> bool:
    return line.parsed.value("v") not in _QUIET_LEVELS or bool(line.parsed.value("vmodule"))
