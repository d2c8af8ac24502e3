"""One kubectl line while it is being understood: its options, namespace, flags, and what could not be understood."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.documents.vocabulary import Effect
from policy_engine.parsers.kubernetes.options import ParsedLine
from policy_engine.parsers.kubernetes.plan import PlannedRequest
from policy_engine.parsers.kubernetes.resource_table import ResourceTable, ResourceType

_NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\Z")
_OVERRIDES = {
    "context": "context_override",
    "cluster": "context_override",
    "user": "context_override",
    "kubeconfig": "kubeconfig_override",
    "server": "server_override",
    "token": "token_override",
    "username": "token_override",
    "password": "token_override",
    "client-certificate": "token_override",
    "client-key": "token_override",
}
# An option of the command that means the same wherever a command has it, and the flag it sets.
_SWITCH_FLAGS = {
    "all-namespaces": "all_namespaces",
    "all": "all",
    "force": "force",
    "force-conflicts": "force",
    "prune": "prune",
    "privileged": "privileged",
    "insecure-skip-tls-verify-backend": "insecure_skip_tls",
}
_EVERY_ADDRESS = frozenset(("", "0.0.0.0", "::", "[::]", "0", "[::0]", "::0"))  # noqa: S104


@dataclass(slots=True)
class Line:
    """The state of one line. Handlers read options, add flags and problems, and return requests."""

    parsed: ParsedLine
    table: ResourceTable
    files: Callable[[str], str] | None = None
    default_namespace: str = "default"
    flags: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    namespace: str | None = ""
    dry_run: str | None = None

    def problem(self, code: ProblemCode, message: str) -> None:
        """Note what could not be understood; the action becomes opaque."""
        if len(self.problems) < 100:
            self.problems.append(Problem(code=code, message=message))

    def refuse(self, message: str) -> None:
        """Note that kubectl or the server would refuse the line."""
        self.problem(ProblemCode.INVALID_REQUEST, message)

    @property
    def command(self) -> str:
        """The command's words, joined."""
        return " ".join(self.parsed.command)

    @property
    def all_namespaces(self) -> bool:
        """True with -A, which wins over -n."""
        return "all_namespaces" in self.flags

    @property
    def from_file(self) -> bool:
        """True when -f or -k names the objects."""
        return "from_file" in self.flags

    @property
    def chooses(self) -> bool:
        """True when objects are chosen by --all, by label or by field instead of by name."""
        return bool({"all", "selector", "field_selector"} & self.flags)

    def read_options(self) -> None:
        """Set namespace, dry run and the flags that options alone decide."""
        self._overrides()
        self._namespace()
        self._switches()
        self._sources()
        self._dry_run()

    def scope(self, kind: ResourceType | None) -> str | None:
        """Return the namespace of an object or collection of `kind` on this line; None when it is not known."""
        if kind is None:
            return None
        if not kind.namespaced or self.all_namespaces:
            return ""
        return self.namespace

    def check_name(self, name: str, what: str = "name") -> None:
        """Note a name that no API object can have."""
        if name in (".", "..") or not name or any(c in "/%?\\#" or c < "!" or c == "\x7f" for c in name):
            self.refuse(f"`{name[:60]!r}` can't be the {what} of an object; mend it")

    def _overrides(self) -> None:
        parsed = self.parsed
        for option, flag in _OVERRIDES.items():
            if parsed.value(option) and option not in parsed.own:
                self.flags.add(flag)
        for option in ("kuberc", "cache-dir"):
            if parsed.value(option):
                self.problem(
                    ProblemCode.AMBIGUOUS,
                    f"`--{option}` names a file that changes what words and options mean; leave it away",
                )
        if parsed.switch("insecure-skip-tls-verify") and "insecure-skip-tls-verify" not in parsed.own:
            self.flags.add("insecure_skip_tls")

    def _namespace(self) -> None:
        given = self.parsed.value("namespace") if "namespace" not in self.parsed.own else None
        if given:
            self.namespace = given
            if not _NAMESPACE.match(given):
                self.refuse(f"`{given[:60]!r}` can't be a namespace; `-A` means all of them")
        elif (
            self.parsed.value("context") and "context" not in self.parsed.own
        ) or "kubeconfig_override" in self.flags:
            self.namespace = None  # the context's own namespace, which stands in a file
        else:
            self.namespace = self.default_namespace

    def _switches(self) -> None:
        parsed = self.parsed
        for option, flag in _SWITCH_FLAGS.items():
            if parsed.switch(option):
                self.flags.add(flag)
        if parsed.switch("tty"):
            self.flags.add("interactive_tty")
        if parsed.value("grace-period") == "0":
            self.flags.add("grace_period_zero")
        if parsed.value("cascade") in ("orphan", "false"):
            self.flags.add("cascade_orphan")
        if parsed.has("address") and self.command in ("port-forward", "proxy"):
            addresses = {part.strip() for value in parsed.options["address"] for part in value.split(",")}
            if addresses & _EVERY_ADDRESS:
                self.flags.add("bind_all")
        if parsed.value("selector") and self.command not in ("create poddisruptionbudget", "expose"):
            self.flags.add("selector")
        if parsed.value("field-selector"):
            self.flags.add("field_selector")
        if parsed.has("raw") and self.command != "config view":
            self.flags.add("raw")
        if (parsed.switch("watch") and self.command != "rollout status") or parsed.switch("watch-only"):
            self.flags.add("watch")

    def _sources(self) -> None:
        parsed = self.parsed
        if parsed.has("filename"):
            self.flags.add("from_file")
            for name in self.file_names():
                if name == "-":
                    self.flags.add("stdin")
                elif is_remote(name):
                    self.flags.add("remote_file")
            if parsed.switch("recursive"):
                self.flags.add("recursive")
        kustomize = parsed.value("kustomize")
        if kustomize is not None:
            self.flags.update(("from_file", "kustomize"))
            if is_remote(kustomize):
                self.flags.add("remote_file")

    def file_names(self) -> list[str]:
        """Return the values of -f, comma lists split."""
        return [name for value in self.parsed.options.get("filename", ()) for name in value.split(",")]

    def _dry_run(self) -> None:
        value = self.parsed.value("dry-run")
        if value is None or value in ("none", "false"):
            return
        if value == "client":
            self.dry_run = "client"
            self.flags.add("dry_run_client")
        elif value == "server":
            self.dry_run = "All"
            self.flags.add("dry_run_server")
        else:
            self.refuse(
                f"`--dry-run={value[:20]}` means different things to different versions; write client or server"
            )

    def request(
        self,
        verb: str,
        kind: ResourceType | None,
        name: str | None,
        *,
        typed: str | None = None,
        subresource: str = "",
    ) -> PlannedRequest:
        """Return a request on one object, or on a collection when `name` is empty; unknown types stay unknown."""
        if kind is None:
            return PlannedRequest(
                verb, None, None, None, subresource, None, name, typed=typed, dry_run=self._dry_run_of(verb)
            )
        namespace = self.scope(kind)
        if kind.resource == "namespaces" and kind.group == "":
            namespace = name
        elif name is None and self.all_namespaces and kind.namespaced:
            namespace = None
        return PlannedRequest(
            verb,
            kind.group,
            kind.version,
            kind.resource,
            subresource,
            namespace,
            name,
            dry_run=self._dry_run_of(verb),
        )

    def core(self, verb: str, resource: str, name: str | None, *, subresource: str = "") -> PlannedRequest:
        """Return a request on a built-in resource of the core group."""
        return self.request(verb, self.table.of_resource("", resource), name, subresource=subresource)

    def _dry_run_of(self, verb: str) -> str | None:
        return self.dry_run if verb not in ("get", "list", "watch") else None


def is_remote(name: str) -> bool:
    """True when kubectl would fetch `name` from the network."""
    lowered = name.lower()
    return "://" in lowered or lowered.startswith(("github.com/", "git@", "gitlab.com/", "bitbucket.org/"))


def no_request(line: Line, *, effects: Iterable[Effect] = ()) -> list[PlannedRequest]:
    """Return the operation of a line that sends nothing to an API server."""
    line.flags.add("no_request")
    return [PlannedRequest("", None, None, "", "", None, None, effects=set(effects))]
