"""The action document `sod.action/v1`: what somebody wants to do, normalized across protocols.

A parser turns text or a request into one `Action` with an ordered list of `Operation`s. An operation names its
verb, its effects, the resources it touches and flags, all from closed vocabularies; `opaque` says that a part
can't be known statically. Use `make_action` to build one: it derives the unions, checks the vocabularies and
computes the digests. Documents are frozen; JSON is snake_case with every field present.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

import msgspec

from policy_engine.documents.canonical import digest, digest_text
from policy_engine.documents.errors import DocumentError
from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.documents.vocabulary import (
    ALL_FLAGS,
    ALL_VERBS,
    FLAGS,
    VERBS,
    Access,
    Effect,
    Protocol,
    ResourceKind,
)

VerbWord = Annotated[str, msgspec.Meta(extra_json_schema={"enum": sorted(ALL_VERBS)})]
FlagWord = Annotated[str, msgspec.Meta(extra_json_schema={"enum": sorted(ALL_FLAGS)})]

# What a requester's text may grow to inside one document; parsers have tighter limits of their own.
MAX_OPERATIONS = 10_000


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """Something an operation touches. `columns` only where the parser knows them (SQL)."""

    kind: ResourceKind
    name: str
    access: Access
    columns: tuple[str, ...] | None = None


class ColumnOut(msgspec.Struct, frozen=True, kw_only=True):
    """One output column and the base columns it is computed from, as `schema.table.column` as far as known.

    `exact` is false when the sources may be incomplete: a policy must then treat the column as sensitive.
    A star that can't be expanded is one entry named `*` with sources like `orders.*`, not exact.
    """

    name: str
    sources: tuple[str, ...] = ()
    exact: bool = True


class SqlParameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of the statement (`$1`, `?`, `:name`) with its bound value when the caller has it."""

    name: str
    value: Any = None


class SqlDetail(msgspec.Struct, frozen=True, kw_only=True, tag_field="protocol", tag="sql"):
    """What only SQL has. `columns_out` is empty for statements that return no rows."""

    columns_out: tuple[ColumnOut, ...] = ()
    predicate_columns: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    parameters: tuple[SqlParameter, ...] = ()
    limit: int | None = None


class Redirection(msgspec.Struct, frozen=True, kw_only=True):
    """A redirection of a shell command; `path` is null when it isn't statically known (or duplicates a descriptor)."""

    fd: int | None
    mode: str
    path: str | None


class ShellDetail(msgspec.Struct, frozen=True, kw_only=True, tag_field="protocol", tag="shell"):
    """What only a shell command has. A null in `argv` stands for one or more words not statically known."""

    argv: tuple[str | None, ...] = ()
    env: dict[str, str | None] = {}
    redirections: tuple[Redirection, ...] = ()
    wrapper: str | None = None
    user: str | None = None
    cwd: str | None = None


class KubernetesDetail(msgspec.Struct, frozen=True, kw_only=True, tag_field="protocol", tag="kubernetes"):
    """A Kubernetes request as the API server's RequestInfo names it; null means not statically known."""

    verb: str
    group: str | None = None
    version: str | None = None
    resource: str | None = None
    subresource: str | None = None
    namespace: str | None = None
    name: str | None = None
    selector: str | None = None
    field_selector: str | None = None
    dry_run: str | None = None
    impersonate: dict[str, list[str]] | None = None
    path: str | None = None


Detail = SqlDetail | ShellDetail | KubernetesDetail


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that would happen.

    `effects` and `flags` are sorted; `parent` is the index of the operation that this one is nested in;
    `span` is [start, end) in characters of the text. An opaque operation names the codes of the problems that
    make it so in `opaque_reasons`; the sentences stand in the action's `problems`.
    """

    verb: VerbWord
    effects: tuple[Effect, ...] = ()
    resources: tuple[Resource, ...] = ()
    flags: tuple[FlagWord, ...] = ()
    opaque: bool = False
    opaque_reasons: tuple[ProblemCode, ...] = ()
    parent: int | None = None
    span: tuple[int, int] | None = None
    detail: Detail | None = None


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """The whole action. `text_digest` binds it to the exact text, which is not part of the document itself."""

    schema: Literal["sod.action/v1"] = "sod.action/v1"
    protocol: Protocol
    dialect: str
    operations: tuple[Operation, ...]
    effects: tuple[Effect, ...]
    resources: tuple[Resource, ...]
    flags: tuple[FlagWord, ...]
    opaque: bool
    problems: tuple[Problem, ...]
    text_digest: str
    digest: str


def operation(
    verb: str,
    *,
    effects: Iterable[Effect] = (),
    resources: Iterable[Resource] = (),
    flags: Iterable[str] = (),
    opaque_reasons: Iterable[ProblemCode] = (),
    parent: int | None = None,
    span: tuple[int, int] | None = None,
    detail: Detail | None = None,
) -> Operation:
    """Return an `Operation` with sorted, distinct effects and flags; it is opaque exactly when it says why."""
    reasons = tuple(dict.fromkeys(opaque_reasons))
    return Operation(
        verb=verb,
        effects=tuple(sorted(set(effects))),
        resources=tuple(dict.fromkeys(resources)),
        flags=tuple(sorted(set(flags))),
        opaque=bool(reasons),
        opaque_reasons=reasons,
        parent=parent,
        span=span,
        detail=detail,
    )


def make_action(
    protocol: Protocol,
    dialect: str,
    text: str,
    operations: Sequence[Operation],
    problems: Sequence[Problem] = (),
    *,
    flags: Iterable[str] = (),
) -> Action:
    """Return the `Action` for `text`: unions derived, vocabularies checked, digests computed.

    `flags` adds those that belong to the text as a whole (`multi_statement`). An action without operations, or
    with any problem, is opaque; an opaque operation needs a problem. Raises `DocumentError` for a word outside the closed vocabularies: a defect of
    the parser, never of the requester.
    """
    known_verbs, known_flags = VERBS[protocol], FLAGS[protocol]
    effects: set[Effect] = set()
    all_flags: set[str] = set(flags)
    resources: dict[Resource, None] = {}
    opaque = bool(problems) or not operations
    for index, item in enumerate(operations):
        if item.verb not in known_verbs:
            raise DocumentError(f"`{item.verb}` is no verb of protocol {protocol}", code="unknown_verb")
        if item.parent is not None and not 0 <= item.parent < index:
            raise DocumentError(
                f"operation {index} names parent {item.parent}, which doesn't stand before it"
            )
        effects.update(item.effects)
        all_flags.update(item.flags)
        resources.update(dict.fromkeys(item.resources))
        if item.opaque and not problems:
            raise DocumentError(f"operation {index} is opaque, but no problem says why")
    if not all_flags <= known_flags:
        unknown = ", ".join(sorted(all_flags - known_flags))
        raise DocumentError(f"no flag of protocol {protocol}: `{unknown}`", code="unknown_flag")
    body = {
        "schema": "sod.action/v1",
        "protocol": protocol,
        "dialect": dialect,
        "operations": tuple(operations),
        "effects": tuple(sorted(effects)),
        "resources": tuple(sorted(resources, key=_resource_order)),
        "flags": tuple(sorted(all_flags)),
        "opaque": opaque,
        "problems": tuple(problems),
        "text_digest": digest_text(text),
    }
    return Action(**body, digest=digest(body))  # type: ignore[arg-type]


def refused_action(
    protocol: Protocol, dialect: str, text: str, problem: Problem, *, flags: Iterable[str] = ()
) -> Action:
    """Return the opaque `Action` of a text that could not be read at all: one operation `other`, effect unknown."""
    refused = operation(
        "other", effects=(Effect.UNKNOWN,), flags=flags, opaque_reasons=(problem.code,), span=(0, len(text))
    )
    return make_action(protocol, dialect, text, (refused,), (problem,))


def _resource_order(resource: Resource) -> tuple[str, str, str, tuple[str, ...]]:
    return (resource.kind, resource.name, resource.access, resource.columns or ())


__all__ = [
    "MAX_OPERATIONS",
    "Action",
    "ColumnOut",
    "Detail",
    "KubernetesDetail",
    "Operation",
    "Problem",
    "ProblemCode",
    "Redirection",
    "Resource",
    "ShellDetail",
    "SqlDetail",
    "SqlParameter",
    "make_action",
    "operation",
    "refused_action",
]
