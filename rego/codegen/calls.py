"""The Python text of calls: of planned functions, of builtins, and of what a path leads to at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policy_engine.rego.codegen.comparisons import compared
from policy_engine.rego.codegen.shortcuts import shortcut
from policy_engine.rego.plan import ir

if TYPE_CHECKING:
    from policy_engine.rego.codegen.nodes import Node
    from policy_engine.rego.codegen.statements import Statements

VOID: Final = frozenset({"print", "internal.print"})
"""Builtins without a result: nothing is undefined after them."""

_COMPARISONS: Final = {"equal": True, "neq": False}


def write_call(s: Statements, _: Node, stmt: ir.CallStmt) -> bool:
    result = s.w.local(stmt.result)
    function = s.names.function(stmt.func)
    if function is not None:
        s.w.known.forget((stmt.result,))
        frame = s.w.variable("M")
        if stmt.args[:2] != (ir.Local(ir.INPUT), ir.Local(ir.DATA)):
            raise ValueError(f"the call of `{stmt.func}` doesn't pass input and data first")
        if function.slot is not None:
            known = f"{frame}[{function.slot}]"
            s.w.put(f"{result} = {known}")
            asked = f"{known} = {function.name}({frame})"
            if function.of_data:
                asked = f"keep({frame}, TEMPLATE, {function.slot}, {function.name})"
            s.w.put(f"if {result} is NOT_YET: {result} = {asked}")
        else:
            arguments = [s.operand(item) for item in stmt.args[2 : 2 + function.arguments]]
            arguments += ["..."] * (function.arguments - len(arguments))
            s.w.put(f"{result} = {function.name}({', '.join([frame, *arguments])})")
        s.w.fail_if(f"{result} is ...")
        s.make_own(stmt.result)
        return True
    return _write_builtin(s, stmt, result)


def _write_builtin(s: Statements, stmt: ir.CallStmt, result: str) -> bool:
    arguments = [s.operand(item) for item in stmt.args]
    if stmt.func in _COMPARISONS and len(arguments) == 2:
        constants = [s.constant(item) for item in stmt.args]
        s.assign(stmt.result, compared(arguments, constants, same=_COMPARISONS[stmt.func]))
        return True
    builtin, name = s.names.builtin(stmt.func)
    if len(arguments) != builtin.arity and stmt.func not in s.names.missing:
        raise ValueError(f"`{stmt.func}` takes {builtin.arity} operands, not {len(arguments)}")
    evaluation, texts = s.w.variable("E"), list(arguments)
    if builtin.context:
        arguments.insert(0, evaluation)
    s.w.known.forget((stmt.result,))
    s.w.put("try:")
    asked = f"{name}({', '.join(arguments)})"
    short = shortcut(stmt.func, texts, [s.constant(item) for item in stmt.args])
    s.w.put_deeper(f"{result} = {asked if short is None else f'{short[1]} if {short[0]} else {asked}'}")
    s.w.put("except BuiltinError as error:")
    s.w.put_deeper(f"{result} = {evaluation}.builtin_failed({stmt.func!r}, error)")
    if stmt.func not in VOID:
        s.w.fail_if(f"{result} is ...")
    s.make_own(stmt.result)
    return True


def write_dynamic_call(s: Statements, _: Node, stmt: ir.CallDynamicStmt) -> bool:
    """Without a function the block ends, and data is looked at; an undefined function ends four blocks."""
    result = s.w.local(stmt.result)
    path = ", ".join(s.operand(item) for item in stmt.path)
    s.w.known.forget((stmt.result,))
    s.w.put(f"{result} = DYNAMIC.call({s.w.variable('M')}, ({path},))")
    s.w.fail_if(f"{result} is NOT_YET")
    s.w.put(f"if {result} is ...: {s.w.leave(3)}")
    s.make_own(stmt.result)
    return True
