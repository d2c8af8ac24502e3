"""What a kubectl line acts on: TYPE NAME…, TYPE/NAME…, comma lists, categories, selectors, files.

These are the rules of kubectl's resource builder. A target that depends on the cluster or on a file that may not
be read stays unknown; where it is changed, that is a problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from policy_engine.documents.problems import ProblemCode
from policy_engine.parsers.kubernetes.body import BodyFacts, body_facts
from policy_engine.parsers.kubernetes.line import Line, is_remote
from policy_engine.parsers.kubernetes.manifests import load_objects
from policy_engine.parsers.kubernetes.plan import PlannedRequest
from policy_engine.parsers.kubernetes.resource_table import ResourceType, builtin_resources
from policy_engine.parsers.kubernetes.yaml_reader import UnreadableError

MAX_TARGETS = 5000  # types times names; more than that is no line that a person writes


@dataclass(frozen=True, slots=True)
class Target:
    """One object (`name` set), a chosen set or unknown object (`name` None), or a whole collection (`name` "")."""

    kind: ResourceType | None
    name: str | None
    typed: str | None = None
    namespace: str | None = None  # of the object itself, when it stands in a file
    facts: BodyFacts | None = None

    def request(self, line: Line, verb: str, subresource: str = "") -> PlannedRequest:
        """Return the request with `verb` on this target."""
        name = self.name
        found = line.request(verb, self.kind, name, typed=self.typed, subresource=subresource)
        if self.namespace is not None:
            found.namespace = self.namespace
        if verb in ("list", "watch") or (name is None and not line.from_file):
            found.selector = line.parsed.value("selector") or None
            found.field_selector = line.parsed.value("field-selector") or None
        if self.facts is not None and self.facts.privileged and verb in ("create", "update", "patch"):
            found.flags.add("privileged")
        return found


def resolve_targets(line: Line, arguments: Sequence[str], *, change: bool) -> list[Target]:
    """Return what `arguments` or -f/-k name. Problems are noted on the line; the list is empty when nothing is named."""
    change = change and line.dry_run != "client"
    if line.from_file:
        if arguments:
            line.refuse(
                "files and resource arguments stand on one line; kubectl refuses that, name one of them"
            )
        return _file_targets(line, change)
    targets = _argument_targets(line, arguments, change)
    if change and any(target.kind is None for target in targets):
        unknown = sorted({f"`{(target.typed or '')[:40]}`" for target in targets if target.kind is None})
        words = ", ".join(unknown[:5])
        line.problem(
            ProblemCode.UNKNOWN_RESOURCE,
            f"the resource type {words} is not known, so what would change isn't either; add it to the resource table",
        )
    if change and any(target.kind and target.kind.namespaced and target.name != "" for target in targets):
        check_namespace(line)
    _count(line, targets)
    return targets


def check_namespace(line: Line) -> None:
    """Note that a change would go to a namespace that is not known."""
    if line.namespace is None and not line.all_namespaces:
        line.problem(
            ProblemCode.UNKNOWN_TARGET,
            "another context or kubeconfig decides the namespace of what would change; name it with -n",
        )


def node_targets(line: Line, arguments: Sequence[str]) -> list[Target]:
    """Return the nodes that cordon, uncordon and drain name: NAME or node/NAME."""
    nodes = line.table.of_resource("", "nodes")
    targets = []
    for argument in arguments:
        typed, slash, name = argument.rpartition("/")
        if slash and line.table.find(typed) is not nodes:
            line.refuse(f"`{argument[:60]}` is no node; name nodes only")
        line.check_name(name)
        targets.append(Target(nodes, name))
    if not targets:
        if not line.chooses:
            line.refuse("no node is named; add its name or a selector")
        targets.append(Target(nodes, None))
    _count(line, targets)
    return targets


def _argument_targets(line: Line, arguments: Sequence[str], change: bool) -> list[Target]:
    if not arguments:
        return []
    if (arguments[0].count(",") + 1) * len(arguments) > MAX_TARGETS:
        line.problem(ProblemCode.TOO_MANY, f"the line names more than {MAX_TARGETS} objects; split it")
        return [Target(None, None)]
    if any("/" in argument for argument in arguments) or ("," in arguments[0] and len(arguments) > 1):
        return _pairs(line, arguments)
    targets: list[Target] = []
    names = arguments[1:]
    for name in names:
        line.check_name(name)
    if names and line.chooses:
        line.refuse("a name and a selector stand on one line; kubectl refuses that, use one of them")
    for word in arguments[0].split(","):
        members = line.table.category(word)
        if members and names:
            line.refuse(f"`{word}` is a category and can't be combined with names")
        if members:
            targets.extend(Target(kind, _unnamed(line)) for kind in members)
            line.flags.add("multi_resource")
            if change and line.table is builtin_resources():
                line.problem(
                    ProblemCode.UNKNOWN_RESOURCE,
                    f"the category `{word}` also holds the cluster's own types, which are not known; name the types, "
                    "or pass a resource table that holds them",
                )
            continue
        kind = line.table.find(word)
        if names:
            targets.extend(Target(kind, name, word) for name in names)
        else:
            targets.append(Target(kind, _unnamed(line), word))
    if names and line.all_namespaces:
        line.refuse("a name and -A stand on one line; kubectl can't get an object by name across namespaces")
    return targets


def _unnamed(line: Line) -> str | None:
    """A collection for reads, a set of unknown objects for changes; the handlers pick the verb by it."""
    return None if line.chooses else ""


def _pairs(line: Line, arguments: Sequence[str]) -> list[Target]:
    """TYPE/NAME…, or TYPE,TYPE NAME… which stands for every pair."""
    pairs: list[tuple[str, str]] = []
    if "/" in arguments[0] or "," not in arguments[0]:
        for argument in arguments:
            typed, slash, name = argument.partition("/")
            if not slash or not typed or not name or "/" in name or "," in typed:
                line.refuse(
                    f"`{argument[:60]}` is not TYPE/NAME, and the two forms can't be mixed; use one of them"
                )
                name = name.replace("/", "?") or "?"
            pairs.append((typed, name))
    else:
        pairs = [(typed, name) for typed in arguments[0].split(",") for name in arguments[1:]]
    targets = []
    for typed, name in pairs:
        line.check_name(name)
        targets.append(Target(line.table.find(typed), name, typed))
    if line.chooses:
        line.refuse("a name and a selector stand on one line; kubectl refuses that, use one of them")
    if line.all_namespaces:
        line.refuse("a name and -A stand on one line; kubectl can't get an object by name across namespaces")
    return targets


def _count(line: Line, targets: Sequence[Target]) -> None:
    types = {(target.kind.group, target.kind.resource) if target.kind else target.typed for target in targets}
    if len(types) > 1:
        line.flags.add("multi_resource")
    named = [target for target in targets if target.name]
    if len(named) > len({target.kind or target.typed for target in named}):
        line.flags.add("multi_name")


def _file_targets(line: Line, change: bool) -> list[Target]:
    """Return the objects of -f when the caller's loader may read them, else one unknown target."""
    objects: list[dict[str, Any]] = []
    reason = _why_unreadable(line)
    if reason is None and line.files is not None:
        for path in line.file_names():
            try:
                objects.extend(load_objects(line.files, path))
            except UnreadableError as error:
                reason = f"`{path[:80]}` can't be read: {error}"
                break
    if reason is None and not objects:
        reason = "the files hold no object"
    if reason is None:
        targets = [_object_target(line, item, change) for item in objects]
        _count(line, targets)
        return targets
    # reads as well: the file may name a Secret
    line.problem(ProblemCode.UNKNOWN_TARGET, f"the objects that the line names are not known: {reason}")
    return [Target(None, None)]


def _why_unreadable(line: Line) -> str | None:
    if "kustomize" in line.flags:
        return "they come from a kustomization; build it and hand over the result"
    names = line.file_names()
    if any('"' in name for name in names):
        return "a quote in a file name is read in more than one way; name the file plainly"
    if "-" in names:
        return "they come from standard input; use a file"
    if any(is_remote(name) for name in names):
        return "they are fetched from an address; download the file and check it first"
    if line.files is None:
        return "they stand in a file that may not be read here; pass a loader"
    return None


def _object_target(line: Line, item: dict[str, Any], change: bool) -> Target:
    try:
        facts = body_facts(item)
    except UnreadableError as error:
        line.problem(ProblemCode.TOO_MANY, f"an object in a file can't be read: {error}")
        return Target(None, None)
    label = f"{facts.api_version}/{facts.kind}"
    kind = line.table.of_kind(facts.api_version or "", facts.kind or "")
    if kind is None and change:
        line.problem(
            ProblemCode.UNKNOWN_RESOURCE,
            f"the resource type `{label[:80]}` of an object in a file is not known; add it to the resource table",
        )
    if facts.name is None and change and line.command != "create":
        line.problem(ProblemCode.UNKNOWN_TARGET, f"an object `{label[:80]}` in a file has no name; name it")
    namespace = None
    if kind is not None and kind.namespaced:
        namespace = facts.namespace
        explicit = line.parsed.value("namespace")
        if namespace and explicit and namespace != explicit:
            line.refuse(
                f"the file says namespace `{namespace[:60]}` and the line `{explicit[:60]}`; make them agree"
            )
        if namespace is None and change:
            check_namespace(line)
    if facts.name is not None:
        line.check_name(facts.name)
    return Target(kind, facts.name, label, namespace, facts)
