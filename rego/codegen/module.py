"""A plan as one Python module: its source, compiled code, and where each line comes from."""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Any, Final

from policy_engine.rego.builtins.registry import BuiltinError
from policy_engine.rego.codegen import runtime
from policy_engine.rego.codegen.functions import write_function
from policy_engine.rego.codegen.names import Function, Names
from policy_engine.rego.codegen.writer import Line, PathLoad
from policy_engine.rego.errors import Issue, RegoCompileError
from policy_engine.rego.plan import ir
from policy_engine.rego.value_model import RegoSet, equal, key

FILE_NAME: Final = "<rego plan>"
_RUNTIME: Final[dict[str, Any]] = {
    "BuiltinError": BuiltinError,
    "NOT_YET": runtime.NOT_YET,
    "RegoSet": RegoSet,
    "assign_once": runtime.assign_once,
    "dot": runtime.dot,
    "dot_base": runtime.dot_base,
    "equal": equal,
    "insert_once": runtime.insert_once,
    "keep": runtime.keep,
    "key": key,
    "length": runtime.length,
    "merge": runtime.merge,
    "own": runtime.own,
    "scan": runtime.scan,
    "scan_values": runtime.scan_values,
    "upsert": runtime.upsert,
    "walk_path": runtime.walk_path,
}


@dataclass(frozen=True, slots=True)
class Module:
    """Compiled code of a plan, independent of data. `places[line]` tells where a line comes from."""

    source: str
    code: types.CodeType
    constants: dict[str, Any]
    places: list[ir.Location]
    files: tuple[str, ...]
    slots: int
    entrypoints: dict[str, str]
    functions: dict[str, tuple[tuple[str, ...], Function]]

    def namespace(self, data: Any) -> dict[str, Any]:
        """The functions over one data document: a fresh namespace, with the frame template in `TEMPLATE`."""
        template: list[Any] = [runtime.NOT_YET] * self.slots
        template[runtime.INPUT] = ...
        template[runtime.DATA] = data
        namespace: dict[str, Any] = {**_RUNTIME, **self.constants, "TEMPLATE": template}
        exec(self.code, namespace)  # noqa: S102 - our own text; what a plan names enters it as numbers and literals
        namespace["DYNAMIC"] = runtime.DynamicCalls(
            (path, namespace[function.name], function.slot)
            for path, function in self.functions.values()
            if path and not function.arguments
        )
        return namespace


def generate(policy: ir.Policy) -> Module:
    """Compile a plan. Raises `RegoCompileError`: builtins that don't exist, or a plan that can't be carried out."""
    try:
        names = Names(policy)
        lines: list[Line] = []
        functions: dict[str, tuple[tuple[str, ...], Function]] = {}
        for func in policy.funcs:
            function = names.function(func.name)
            assert function is not None  # noqa: S101 - `Names` knows all functions of the plan
            functions[func.name] = (func.path, function)
            lines += write_function(function.name, func, names)
        entrypoints = {plan.name: f"p{index}" for index, plan in enumerate(policy.plans)}
        for plan in policy.plans:
            lines += write_function(entrypoints[plan.name], plan, names)
    except ValueError as error:
        raise RegoCompileError([Issue("plan_invalid", f"the plan can't be carried out: {error}")]) from None
    except RecursionError:
        raise RegoCompileError([Issue("plan_invalid", "the plan is nested too deep")]) from None
    if names.missing:
        raise RegoCompileError(
            [
                Issue("rego_type_error", f"undefined function `{name}`: it is not among the builtins")
                for name in sorted(names.missing)
            ]
        )
    source, places = _render(lines, names)
    code = compile(source, FILE_NAME, "exec", dont_inherit=True)
    return Module(
        source, code, names.namespace, places, policy.static.files, names.slots, entrypoints, functions
    )


def _render(lines: list[Line], names: Names) -> tuple[str, list[ir.Location]]:
    """The text, and the place of each of its lines (counted from 1)."""
    texts: list[str] = []
    places: list[ir.Location] = [ir.NOWHERE]
    for indent, text, place in lines:
        for part in [text] if isinstance(text, str) else _path_text(text, names):
            texts.append(" " * indent + part)
            places.append(place)
    return "\n".join(texts) + "\n", places


def _path_text(load: PathLoad, names: Names) -> list[str]:
    slot = names.path_slot(load)
    missing = f"if {load.target} is ...: {load.leave}"
    if slot is not None:
        known = f"{load.frame}[{slot}]"
        steps = names.constant(load.steps)
        return [
            f"{load.target} = {known}",
            f"if {load.target} is NOT_YET: {load.target} = {known} = walk_path({load.source}, {steps})",
            missing,
        ]
    written: list[str] = []
    source = load.source
    for step in load.steps:
        written.append(
            f"{load.target} = {source}.get({step!r}, ...) if {source}.__class__ is dict else dot({source}, {step!r})"
        )
        written.append(missing)
        source = load.target
    return written
