"""`rego.metadata.*`: compilers replace these calls by what annotations say; called at run time they are an error."""

from __future__ import annotations

from typing import NoReturn

from policy_engine.rego.builtins.registry import BuiltinError, builtin


def _within_rules(name: str) -> None:
    @builtin(name, arity=0)
    def metadata() -> NoReturn:
        raise BuiltinError(f"the {name} function must only be called within the scope of a rule")


for _name in ("rego.metadata.chain", "rego.metadata.rule"):
    _within_rules(_name)
