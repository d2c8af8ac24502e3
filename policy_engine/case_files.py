"""Case files: what a policy must answer, in YAML, for people who don't write Rego.

A file `*_cases.yaml` names a bundle, identities and cases; each case is one text by one identity with the verdict
it must get:

    bundle: bundle
    schema: schema.sql
    identities:
      ana: {subject: ana, groups: [dba]}
      ci: identities/ci.json
    cases:
      - name: a dba reads orders
        identity: ana
        sql: SELECT id FROM orders
        context: {environment: prod}
        expect: {verdict: allow, rules: [sod.coverage]}

`this` in `context.plan.action_digests` stands for the digest of the case's own action, and in a grant's
`bound_to` for the digest that an approval of exactly this request carries.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from policy_engine.bundle import is_case_name
from policy_engine.documents.action import Action
from policy_engine.documents.decision import Decision
from policy_engine.documents.errors import DocumentError, PolicyEngineError
from policy_engine.documents.explain import explain
from policy_engine.documents.identity import Identity, validate_identity
from policy_engine.documents.request import Context, Grant, HistoryFact
from policy_engine.documents.vocabulary import Verdict
from policy_engine.engine import PolicyEngine
from policy_engine.parsers.dispatch import KINDS, known_dialects, parse_text

THIS = "this"
# A case file is written by hand; anything near this size is something else.
MAX_BYTES = 16 * 1024 * 1024


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must come out: the verdict; and where given, exactly these rules, masked columns or paths, groups."""

    verdict: Verdict
    rules: tuple[str, ...] | None = None
    masks: tuple[str, ...] | None = None
    approvers: tuple[str, ...] | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One text by one identity. Exactly one of `sql`, `kubectl`, `kubernetes` and `shell` is given."""

    name: str
    identity: str
    expect: Expectation
    sql: str | None = None
    kubectl: str | None = None
    kubernetes: str | None = None
    shell: str | None = None
    dialect: str | None = None
    context: Context = Context()
    history: tuple[HistoryFact, ...] = ()
    grants: tuple[Grant, ...] = ()

    @property
    def kind(self) -> str:
        """Which kind of text the case holds."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def text(self) -> str:
        """The text itself."""
        text = getattr(self, self.kind)
        assert isinstance(text, str)  # noqa: S101 (narrowing for the type checker)
        return text


class CaseFile(msgspec.Struct, frozen=True, kw_only=True):
    """A case file with everything it names loaded: the bundle's path, identities by name, the SQL catalogue."""

    path: Path
    bundle: Path
    identities: dict[str, Identity]
    catalogue: Any
    cases: tuple[Case, ...]
    rows: tuple[int, ...]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a case came to; it passed when `differences` is empty."""

    case: Case
    identity: Identity
    action: Action
    decision: Decision
    differences: tuple[str, ...]


class _Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case file as it is written."""

    bundle: str
    identities: dict[str, Any]
    cases: tuple[Case, ...]
    schema: str | None = None


def is_case_file(path: Path) -> bool:
    """Tell by its name whether `path` is a case file."""
    return is_case_name(path.name)


def read_case_file(path: Path) -> CaseFile:
    """Read and check the case file at `path`; raise `DocumentError` with file, row and column."""
    from policy_engine.rego.errors import RegoError
    from policy_engine.rego.yaml_source import read_yaml

    try:
        value, places = read_yaml(_read_text(path), str(path))
    except RegoError as error:
        raise DocumentError(
            error.message, code=error.code, file=error.file, row=error.row, column=error.column
        ) from error

    def fail(where: tuple[str | int, ...], message: str) -> DocumentError:
        while where and where not in places:
            where = where[:-1]
        row, column = places.get(where, (1, 1))
        return DocumentError(message, code="case_file_invalid", file=str(path), row=row, column=column)

    try:
        written = msgspec.convert(value, _Written)
    except msgspec.ValidationError as error:
        message, where = explain(error, _Written)
        raise fail(where, message) from None
    if not written.cases:
        raise fail(("cases",), "the file holds no case; an empty run proves nothing")
    for index, case in enumerate(written.cases):
        problem = _problem_of(case, written)
        if problem:
            raise fail(("cases", index), f"case `{case.name}`: {problem}")
    names = [case.name for case in written.cases]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise fail(("cases", index), f"two cases are named `{name}`; give each a name of its own")
    identities = {}
    for name, item in written.identities.items():
        try:
            identities[name] = _identity(path, name, item)
        except msgspec.ValidationError as error:
            message, where = explain(error, Identity)
            raise fail(("identities", name, *where), f"identity `{name}`: {message}") from None
    return CaseFile(
        path=path,
        bundle=path.parent / written.bundle,
        identities=identities,
        catalogue=_catalogue(path.parent / written.schema) if written.schema else None,
        cases=written.cases,
        rows=tuple(places.get(("cases", index), (1, 1))[0] for index in range(len(written.cases))),
    )


def run_case(engine: PolicyEngine, file: CaseFile, case: Case) -> Outcome:
    """Let `engine` decide the case and compare the decision with what the case expects."""
    identity = file.identities[case.identity]
    catalogue = file.catalogue if case.kind == "sql" and case.dialect in (None, "postgres") else None
    action = parse_text(case.kind, case.text, dialect=case.dialect, schema=catalogue)
    context = case.context
    if context.plan is not None:
        digests = tuple(action.digest if item == THIS else item for item in context.plan.action_digests)
        context = msgspec.structs.replace(
            context, plan=msgspec.structs.replace(context.plan, action_digests=digests)
        )
    binding = engine.binding(identity, action, context)
    grants = tuple(
        msgspec.structs.replace(grant, bound_to=binding) if grant.bound_to == THIS else grant
        for grant in case.grants
    )
    decision = engine.decide(identity, action, context, history=case.history, grants=grants)
    return Outcome(
        case=case,
        identity=identity,
        action=action,
        decision=decision,
        differences=tuple(_differences(case.expect, decision)),
    )


def _differences(expect: Expectation, decision: Decision) -> list[str]:
    """Return a sentence for each part of the expectation that the decision doesn't meet."""
    found: dict[str, tuple[Any, Any]] = {"verdict": (expect.verdict.value, decision.verdict.value)}
    if expect.rules is not None:
        found["rules"] = (set(expect.rules), {reason.rule for reason in decision.reasons})
    if expect.masks is not None:
        shown = {mask.column or mask.path or mask.resource for mask in decision.masks}
        found["masks"] = (set(expect.masks), shown)
    if expect.approvers is not None:
        entries = decision.approval.approvers if decision.approval else ()
        found["approvers"] = (set(expect.approvers), {group for entry in entries for group in entry.groups})
    differences = [
        f"{name}: expected {_listed(wanted)}, got {_listed(got)}"
        for name, (wanted, got) in found.items()
        if wanted != got
    ]
    if differences:
        differences += [f"because {reason.message} [{reason.rule}]" for reason in decision.reasons]
    return differences


def _listed(value: Any) -> str:
    if isinstance(value, set):
        return ", ".join(f"`{item}`" for item in sorted(value, key=str)) or "none"
    return f"`{value}`"


def _problem_of(case: Case, written: _Written) -> str | None:
    """Return what is wrong with a case that is well-formed, if anything."""
    given = [kind for kind in KINDS if getattr(case, kind) is not None]
    if len(given) != 1:
        return f"give exactly one of `sql`, `kubectl`, `kubernetes`, `shell`; it gives {len(given)}"
    if case.identity not in written.identities:
        return f"`{case.identity}` is none of the identities: {', '.join(sorted(written.identities))}"
    if case.dialect is not None and case.dialect not in known_dialects(given[0]):
        return f"`{case.dialect}` is no dialect of {given[0]}; known: {', '.join(known_dialects(given[0]))}"
    return None


def _identity(path: Path, name: str, item: Any) -> Identity:
    """Return an identity written in place, or read from the JSON file that is named."""
    if isinstance(item, str):
        file = path.parent / item
        try:
            identity = msgspec.json.decode(_read_text(file), type=Identity)
        except msgspec.MsgspecError as error:
            message = (
                explain(error, Identity)[0] if isinstance(error, msgspec.ValidationError) else str(error)
            )
            raise DocumentError(
                f"identity `{name}`: {message}", code="identity_invalid", file=str(file)
            ) from None
    else:
        identity = msgspec.convert(item, Identity)
    try:
        validate_identity(identity)
    except DocumentError as error:
        error.file = error.file or str(path)
        raise
    return identity


def _catalogue(path: Path) -> Any:
    from policy_engine.parsers.sql import load_catalogue

    try:
        return load_catalogue(_read_text(path))
    except PolicyEngineError as error:
        error.file = error.file or str(path)
        raise


def _read_text(path: Path) -> str:
    """Return the file's text; raise `DocumentError` for what can't be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"`{path}` can't be read: {error.strerror}", code="file_unreadable") from None
    if len(data) > MAX_BYTES:
        raise DocumentError(f"it is larger than {MAX_BYTES} bytes", code="file_too_large", file=str(path))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(f"it is not UTF-8: {error}", code="invalid_encoding", file=str(path)) from None
