"""What teams write in YAML: duties, conflicts, masks and approvals, checked before any decision is made.

The Rego library `rego/library/sod` reads these as `data.sod.duties`, `data.sod.conflicts`, `data.sod.masks` and
`data.sod.approvals`; each is a mapping from a name to one of the structs below. A word that can never occur, a
duty that nobody named, a mask of nothing are errors with file, row and column when the bundle loads: a rule that
silently never matches is a hole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec

from policy_engine.documents.decision import Approvers
from policy_engine.documents.errors import BundleError
from policy_engine.documents.explain import explain, hint
from policy_engine.documents.vocabulary import ALL_FLAGS, ALL_VERBS, FLAGS, VERBS, Effect, Protocol

Names = tuple[Annotated[str, msgspec.Meta(min_length=1)], ...]
SomeNames = Annotated[Names, msgspec.Meta(min_length=1)]

# More entries would make the search for distinct approvers long; two or three are usual.
MAX_APPROVER_ENTRIES = 6


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which operations are meant. What is left out matches anything; `resources` are globs on names.

    A resource glob matches the name (`public.orders`, `/pods:prod/*`, `/var/log/*`) or `kind:name`
    (`file:/etc/*`). `environments` are compared with the request's `context.environment`.
    """

    protocols: tuple[Protocol, ...] = ()
    effects: tuple[Effect, ...] = ()
    verbs: Names = ()
    resources: Names = ()
    environments: Names = ()
    flags: Names = ()


class Cover(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a duty allows: all effects of an operation must be listed, and each of its resources must match.

    `flags` lists the risky flags (see docs/duties.md) that an operation may carry; `opaque` admits operations
    that can't be known statically. Both are empty and false unless somebody decides otherwise.
    """

    effects: Annotated[tuple[Effect, ...], msgspec.Meta(min_length=1)]
    protocols: tuple[Protocol, ...] = ()
    verbs: Names = ()
    resources: Names = ()
    environments: Names = ()
    flags: Names = ()
    opaque: bool = False


class Holders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who holds a duty: subjects by name or group.

    Somebody acting for the subject (a delegation) holds it only when the current actor is one of `agents`
    (globs) and the chain has at most `max_depth` delegations.
    """

    groups: Names = ()
    subjects: Names = ()
    agents: Names = ()
    max_depth: Annotated[int, msgspec.Meta(ge=0, le=32)] = 1


class Duty(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A duty: what it covers and who holds it."""

    covers: Annotated[tuple[Cover, ...], msgspec.Meta(min_length=1)]
    holders: Holders
    description: str = ""


class Conflict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Duties that one person must not combine.

    `role`: whoever holds more than one of `duties` may use none of them. `requester`: actions under `duties`
    need a plan (`context.plan`) requested by somebody else than anyone in the executor's conflict set.
    """

    kind: Literal["role", "requester"]
    duties: SomeNames
    description: str = ""


class MaskRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must not be shown: SQL source columns, or a JSON path in Kubernetes resources.

    `columns` are globs part by part, `schema.table.column` or `table.column`; `resources` with `path` mask a part
    of what the API returns.
    Holders of one of `except_duties` see the value.
    """

    method: Literal["null", "fixed", "partial", "hash"]
    columns: Names = ()
    resources: Names = ()
    path: str | None = None
    args: dict[str, Any] = {}
    except_duties: Names = ()
    description: str = ""


class ApprovalRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which operations need somebody else's approval: every entry of `approvers`, by distinct persons."""

    when: Scope
    approvers: Annotated[tuple[Approvers, ...], msgspec.Meta(min_length=1, max_length=MAX_APPROVER_ENTRIES)]
    expires_in: Annotated[int, msgspec.Meta(ge=1, le=7 * 86_400)] = 3_600
    max_uses: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1
    description: str = ""


SECTIONS: dict[str, type[msgspec.Struct]] = {
    "duties": Duty,
    "conflicts": Conflict,
    "masks": MaskRule,
    "approvals": ApprovalRule,
}
DataPath = tuple[str | int, ...]
Place = tuple[str | None, int | None, int | None]
_CLASS = re.compile(r"\[!?[^\[\]\\!^]+\]")


def check_sections(sod: Mapping[str, Any], place: Callable[[DataPath], Place]) -> None:
    """Check `data.sod` and raise the first `BundleError`, with the file, row and column that `place` knows.

    `place` maps a path below `data`, such as ("sod", "duties", "read-orders"), to (file, row, column).
    """

    def fail(path: DataPath, message: str, code: str) -> BundleError:
        file, row, column = place(("sod", *path))
        return BundleError(message, code=code, file=file, row=row, column=column)

    for section in sod:
        if section not in SECTIONS:
            raise fail((section,), _unknown("section of `data.sod`", section, SECTIONS), "unknown_section")
    parsed: dict[str, dict[str, Any]] = {}
    for section, struct in SECTIONS.items():
        entries = {} if sod.get(section) is None else sod[section]
        if not isinstance(entries, Mapping):
            raise fail(
                (section,), f"`{section}` must be a mapping from names to entries", "section_not_mapping"
            )
        parsed[section] = {}
        for name, entry in entries.items():
            try:
                parsed[section][name] = msgspec.convert(entry, struct)
            except msgspec.ValidationError as error:
                message, path = explain(error, struct)
                raise fail((section, name, *path), f"`{name}`: {message}", f"{section}_invalid") from None
    for path, message, code in _contradictions(parsed):
        raise fail(path, message, code)


def _contradictions(parsed: dict[str, dict[str, Any]]) -> Iterable[tuple[DataPath, str, str]]:
    """Yield (path, message, code) for whatever is well-formed but can never be what its author meant."""
    duties = parsed["duties"]
    for name, duty in duties.items():
        for index, cover in enumerate(duty.covers):
            yield from _unknown_words(("duties", name, "covers", index), cover)
            yield from _broken_globs(("duties", name, "covers", index, "resources"), cover.resources)
        holders = duty.holders
        yield from _broken_globs(("duties", name, "holders", "agents"), holders.agents)
        if not (holders.groups or holders.subjects):
            yield (
                ("duties", name, "holders"),
                f"nobody can hold duty `{name}`: name `groups` or `subjects`",
                "duty_without_holder",
            )
    for name, conflict in parsed["conflicts"].items():
        yield from _unknown_duties(("conflicts", name, "duties"), conflict.duties, duties)
        if conflict.kind == "role" and len(set(conflict.duties)) < 2:
            yield (
                ("conflicts", name, "duties"),
                f"conflict `{name}` needs two different duties to keep apart",
                "conflict_of_one",
            )
    for name, mask in parsed["masks"].items():
        yield from _unknown_duties(("masks", name, "except_duties"), mask.except_duties, duties)
        if bool(mask.columns) == bool(mask.resources):
            yield (
                ("masks", name),
                f"mask `{name}` must name either `columns` or `resources`",
                "mask_of_nothing",
            )
        yield from _unclear_columns(("masks", name, "columns"), mask.columns)
        yield from _broken_globs(("masks", name, "resources"), mask.resources)
        if mask.resources and not mask.path:
            yield (
                ("masks", name),
                f"mask `{name}` must say which `path` of the resources to mask, such as `data`",
                "mask_of_nothing",
            )
    for name, approval in parsed["approvals"].items():
        yield from _unknown_words(("approvals", name, "when"), approval.when)
        yield from _broken_globs(("approvals", name, "when", "resources"), approval.when.resources)
        for index, entry in enumerate(approval.approvers):
            if not entry.groups or entry.count < 1:
                yield (
                    ("approvals", name, "approvers", index),
                    f"approval `{name}` needs at least one group and a count of at least 1",
                    "approval_by_nobody",
                )
            if any(set(entry.groups) == set(other.groups) for other in approval.approvers[:index]):
                yield (
                    ("approvals", name, "approvers", index),
                    f"approval `{name}` names the same groups twice; write one entry with a higher `count`",
                    "approval_entry_repeated",
                )


def _unknown_words(path: DataPath, scope: Cover | Scope) -> Iterable[tuple[DataPath, str, str]]:
    """Yield the verbs and flags that can't occur in the protocols named."""
    known_verbs = set().union(*(VERBS[p] for p in scope.protocols)) if scope.protocols else ALL_VERBS
    known_flags = set().union(*(FLAGS[p] for p in scope.protocols)) if scope.protocols else ALL_FLAGS
    within = f" of {', '.join(scope.protocols)}" if scope.protocols else ""
    for index, verb in enumerate(scope.verbs):
        if verb not in known_verbs:
            yield (*path, "verbs", index), _unknown(f"verb{within}", verb, known_verbs), "unknown_verb"
    for index, flag in enumerate(scope.flags):
        if flag not in known_flags:
            yield (*path, "flags", index), _unknown(f"flag{within}", flag, known_flags), "unknown_flag"


def _broken_globs(path: DataPath, patterns: Iterable[str]) -> Iterable[tuple[DataPath, str, str]]:
    """Yield the patterns that are no globs: the policy would find them undefined, so they would never match."""
    for index, pattern in enumerate(patterns):
        if not _is_glob(pattern):
            yield (
                (*path, index),
                f"`{pattern}` is no glob: close every `[` and `{{`, and use no backslash",
                "invalid_glob",
            )


def _unclear_columns(path: DataPath, patterns: Iterable[str]) -> Iterable[tuple[DataPath, str, str]]:
    """Yield the patterns that don't say what is schema, table and column. A `*` stands for one part of a name."""
    for index, pattern in enumerate(patterns):
        parts = pattern.split(".")
        if not all(part and _is_glob(part) for part in parts):
            yield (
                (*path, index),
                f"`{pattern}` is no column: write `schema.table.column`, each part a glob by itself",
                "invalid_glob",
            )
        elif len(parts) < 2 or (len(parts) == 2 and parts[1] == "*"):
            yield (
                (*path, index),
                f"`{pattern}` may be a schema, a table or a column: write `schema.table.column`, with `*` for any",
                "column_pattern_unclear",
            )


def _is_glob(pattern: str) -> bool:
    """Tell whether every engine reads `pattern` as the same glob."""
    plain = _CLASS.sub("", pattern)
    depth = 0
    for character in plain:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth not in (0, 1) or character in "[]\\":
            return False
    return depth == 0


def _unknown_duties(
    path: DataPath, named: Iterable[str], duties: Mapping[str, Any]
) -> Iterable[tuple[DataPath, str, str]]:
    for index, name in enumerate(named):
        if name not in duties:
            yield (*path, index), _unknown("duty", name, duties), "unknown_duty"


def _unknown(what: str, word: str, known: Iterable[str]) -> str:
    """Say that `word` is no `what`, with the nearest known word or all of them."""
    return f"`{word}` is no {what}; {hint(word, known)}"
