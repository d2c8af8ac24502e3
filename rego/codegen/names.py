"""The names that the functions of one plan share: constants, functions with their memo slots, builtins, paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from policy_engine.rego.builtins.registry import Builtin, lookup
from policy_engine.rego.codegen.purity import rules_of_data
from policy_engine.rego.codegen.runtime import FIRST_SLOT
from policy_engine.rego.codegen.writer import PathLoad
from policy_engine.rego.plan import ir
from policy_engine.rego.value_model import key, parse_number


@dataclass(frozen=True, slots=True)
class Function:
    """A planned function: its Python name, arguments beside input and data, and memo slot."""

    name: str
    arguments: int
    slot: int | None
    of_data: bool = False
    """Whether its value depends on nothing but data."""


class Names:
    """Collects what the generated module needs in its namespace."""

    def __init__(self, policy: ir.Policy) -> None:
        self.strings = policy.static.strings
        self.namespace: dict[str, Any] = {}
        self.slots = FIRST_SLOT
        self.missing: set[str] = set()
        self._constants: dict[Hashable, str] = {}
        self._builtins: dict[str, tuple[Builtin, str]] = {}
        self._functions: dict[str, Function] = {}
        self._paths: Counter[tuple[int, tuple[str, ...]]] = Counter()
        self._path_slots: dict[tuple[int, tuple[str, ...]], int] = {}
        of_data = rules_of_data(policy)
        for index, func in enumerate(policy.funcs):
            if func.params[:2] != (ir.INPUT, ir.DATA):
                raise ValueError(f"the function `{func.name}` doesn't take input and data first")
            memoised = len(func.params) == 2
            slot = self._new_slot() if memoised else None
            self._functions[func.name] = Function(
                f"f{index}", len(func.params) - 2, slot, func.name in of_data
            )

    def _new_slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    def constant(self, value: Any) -> str:
        """The name of a constant; equal ones share it. A tuple is a path or what a value stands under."""
        identity: Hashable = ("tuple", value) if isinstance(value, tuple) else ("value", key(value))
        name = self._constants.get(identity)
        if name is None:
            name = self._constants[identity] = f"K{len(self._constants)}"
            self.namespace[name] = value
        return name

    def number(self, index: int) -> Any:
        return parse_number(self.strings[index])

    def function(self, name: str) -> Function | None:
        return self._functions.get(name)

    def builtin(self, name: str) -> tuple[Builtin, str]:
        """A builtin and the name under which the module finds it; what doesn't exist is noted in `missing`."""
        known = self._builtins.get(name)
        if known is None:
            found = lookup(name)
            if found is None:
                self.missing.add(name)
                found = Builtin(name, 0, _never_called)
            known = self._builtins[name] = (found, f"b{len(self._builtins)}")
            self.namespace[known[1]] = found.function
        return known

    def count_path(self, load: PathLoad) -> None:
        self._paths[load.root, load.steps] += 1

    def path_slot(self, load: PathLoad) -> int | None:
        """Where a frame keeps the value of a path that is looked up in several places."""
        path = (load.root, load.steps)
        if self._paths[path] < 2:
            return None
        if path not in self._path_slots:
            self._path_slots[path] = self._new_slot()
        return self._path_slots[path]


def _never_called(*_: Any) -> Any:
    raise AssertionError("a plan with missing builtins is refused before it runs")
