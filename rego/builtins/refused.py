"""Builtins that reach out of the process: network and environment. They are known, but an evaluation ends at them.

A policy that asks the network gives answers that nobody can repeat or explain, and a hostile one leaks what it reads.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

from policy_engine.rego.builtins.registry import BuiltinHalt, builtin

REFUSED: Final = {"http.send": 1, "net.lookup_ip_addr": 1, "opa.runtime": 0}
"""Names, with the numbers of operands."""


def _refuse(name: str, arity: int) -> None:
    @builtin(name, arity=arity, deterministic=False)
    def refused(*_operands: Any) -> NoReturn:
        raise BuiltinHalt(
            f"`{name}` is refused: policies don't reach out of the process; give them what they need as input or data",
            code="builtin_refused",
        )


for _name, _arity in REFUSED.items():
    _refuse(_name, _arity)
