"""All other dialects through sqlglot."""

from __future__ import annotations

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Effect
from policy_engine.parsers.sql.catalogue import Catalogue
from policy_engine.parsers.sql.drafts import Report


def read(
    report: Report, _catalogue: Catalogue | None, _search_path: tuple[str, ...], _parameters: object
) -> None:
    """Refuse for now."""
    draft = report.open("other", None, (0, len(report.text)))
    draft.effects.add(Effect.UNKNOWN)
    report.problem(draft, ProblemCode.UNSUPPORTED, "not yet")
