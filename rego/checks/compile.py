"""The stages of the checks, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policy_engine.rego.checks.checked import CheckedModules, CheckedQuery
from policy_engine.rego.syntax.tree import Body, Import, Module


def compile_modules(modules: Sequence[Module], arities: Mapping[str, int]) -> CheckedModules:
    """Check and rewrite modules; raises `RegoCompileError` with everything that is wrong."""
    raise NotImplementedError


def compile_query(
    checked: CheckedModules, body: Body, package: tuple[str, ...] = (), imports: Sequence[Import] = ()
) -> CheckedQuery:
    """Check and rewrite a query against checked modules; raises `RegoCompileError`."""
    raise NotImplementedError
