"""Read and write plans as OPA's `plan.json` (`opa build -t plan`).

Reading checks everything that running relies on: known statements, indexes within their tables, locals within
reason. What is wrong is a `RegoCompileError` that names the place; a plan is never run half-understood.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from policy_engine.rego.errors import Issue, RegoCompileError
from policy_engine.rego.plan import ir

MAX_LOCAL: Final = 1_000_000
MAX_NESTING: Final = 120


class _BadPlanError(Exception):
    """What is wrong with a plan."""


def read_plan(document: str | bytes | dict[str, Any]) -> ir.Policy:
    """The plan in a `plan.json`, as text or already loaded. Raises `RegoCompileError` (code `plan_invalid`)."""
    try:
        loaded = json.loads(document) if isinstance(document, str | bytes) else document
        return _Reader(loaded).policy()
    except _BadPlanError as error:
        message = f"the plan can't be used: {error}; build it again with `opa build -t plan`"
    except ValueError as error:
        message = f"the plan is not JSON: {error}"
    except RecursionError:
        message = "the plan is nested deeper than anything that is a plan"
    raise RegoCompileError([Issue("plan_invalid", message)])


class _Reader:
    def __init__(self, document: Any) -> None:
        self._document = _object(document, "plan")
        static = _object(self._document.get("static") or {}, "static")
        self._strings = _texts(static, "strings")
        self._files = _texts(static, "files")
        self._builtins = tuple(
            ir.BuiltinFunc(_text(_object(item, "builtin").get("name"), "name"), item.get("decl"))
            for item in _list(static.get("builtin_funcs"), "builtin_funcs")
        )
        self._depth = 0

    def policy(self) -> ir.Policy:
        plans = _object(self._document.get("plans") or {}, "plans")
        funcs = _object(self._document.get("funcs") or {}, "funcs")
        return ir.Policy(
            static=ir.Static(strings=self._strings, builtin_funcs=self._builtins, files=self._files),
            plans=tuple(self._plan(_object(item, "plan")) for item in _list(plans.get("plans"), "plans")),
            funcs=tuple(self._func(_object(item, "func")) for item in _list(funcs.get("funcs"), "funcs")),
        )

    def _plan(self, item: dict[str, Any]) -> ir.Plan:
        return ir.Plan(_text(item.get("name"), "name"), self.blocks(item.get("blocks")))

    def _func(self, item: dict[str, Any]) -> ir.Func:
        return ir.Func(
            name=_text(item.get("name"), "name"),
            params=tuple(_local(param) for param in _list(item.get("params"), "params")),
            return_=_local(item.get("return")),
            blocks=self.blocks(item.get("blocks")),
            path=tuple(_text(step, "path") for step in _list(item.get("path"), "path")),
        )

    def blocks(self, items: Any) -> tuple[ir.Block, ...]:
        return tuple(self.block(item) for item in _list(items, "blocks"))

    def block(self, item: Any) -> ir.Block:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise _BadPlanError(f"blocks are nested deeper than {MAX_NESTING} levels")
        stmts = tuple(self.stmt(stmt) for stmt in _list(_object(item, "block").get("stmts"), "stmts"))
        self._depth -= 1
        return ir.Block(stmts)

    def stmt(self, item: Any) -> ir.Stmt:
        name = _object(item, "statement").get("type")
        kind = _KINDS.get(name) if isinstance(name, str) else None
        if kind is None:
            raise _BadPlanError(f"the statement `{name!s:.60}` is unknown")
        body = _object(item.get("stmt"), str(name))
        if kind is ir.MakeNumberRefStmt and "index" not in body:
            body = {**body, "index": body.get("Index")}
        fields = {
            field: _SORTS[sort][0](self, body.get(field), f"{name}.{field}")
            for field, sort in _SHAPES[kind].items()
        }
        return kind(location=self._location(body), **fields)

    def _location(self, body: dict[str, Any]) -> ir.Location:
        numbers = {name: body.get(name, 0) for name in ir.Location.__struct_fields__}
        if any(type(number) is not int for number in numbers.values()):
            raise _BadPlanError("a place of a statement is not a number")
        return ir.Location(**numbers)

    def operand(self, item: Any, what: str) -> ir.Operand:
        kind, value = _object(item, what).get("type"), item.get("value")
        if kind == "local":
            return ir.Local(_local(value))
        if kind == "string_index":
            return ir.StringIndex(self.string(value, what))
        if kind == "bool" and isinstance(value, bool):
            return ir.Bool(value)
        raise _BadPlanError(f"the operand `{what}` is neither local, string_index nor bool")

    def string(self, value: Any, what: str) -> int:
        index = _integer(value, what)
        if not 0 <= index < len(self._strings):
            raise _BadPlanError(f"`{what}` names a string that doesn't exist")
        return index


_Read = Callable[[_Reader, Any, str], Any]
_Write = Callable[[Any], Any]


def _write_operand(operand: ir.Operand) -> dict[str, Any]:
    kinds: dict[type, str] = {ir.Local: "local", ir.StringIndex: "string_index", ir.Bool: "bool"}
    return {"type": kinds[type(operand)], "value": operand.value}


def _write_block(block: ir.Block) -> dict[str, Any]:
    return {"stmts": [_write_stmt(stmt) for stmt in block.stmts]}


def _plain(value: Any) -> Any:
    return value


def _read_locals(_: _Reader, value: Any, what: str) -> tuple[int, ...]:
    return tuple(_local(item, what) for item in _list(value, what))


# What stands in a field, by its sort: how to read it, and how to write it.
_SORTS: Final[dict[str, tuple[_Read, _Write]]] = {
    "local": (lambda _, value, what: _local(value, what), _plain),
    "integer": (lambda _, value, what: _integer(value, what), _plain),
    "count": (lambda _, value, what: _count(value, what), _plain),
    "string": (_Reader.string, _plain),
    "text": (lambda _, value, what: _text(value, what), _plain),
    "operand": (_Reader.operand, _write_operand),
    "block": (lambda reader, value, _: reader.block(value), _write_block),
    "blocks": (lambda reader, value, _: reader.blocks(value), lambda blocks: list(map(_write_block, blocks))),
    "locals": (_read_locals, list),
    "strings": (
        lambda reader, value, what: tuple(reader.string(item, what) for item in _list(value, what)),
        list,
    ),
    "operands": (
        lambda reader, value, what: tuple(reader.operand(item, what) for item in _list(value, what)),
        lambda operands: list(map(_write_operand, operands)),
    ),
}

_SHAPES: Final[dict[type[ir.Stmt], dict[str, str]]] = {
    ir.ReturnLocalStmt: {"source": "local"},
    ir.CallStmt: {"func": "text", "args": "operands", "result": "local"},
    ir.CallDynamicStmt: {"args": "locals", "result": "local", "path": "operands"},
    ir.BlockStmt: {"blocks": "blocks"},
    ir.BreakStmt: {"index": "count"},
    ir.DotStmt: {"source": "operand", "key": "operand", "target": "local"},
    ir.LenStmt: {"source": "operand", "target": "local"},
    ir.ScanStmt: {"source": "local", "key": "local", "value": "local", "block": "block"},
    ir.NotStmt: {"block": "block"},
    ir.AssignIntStmt: {"value": "integer", "target": "local"},
    ir.AssignVarStmt: {"source": "operand", "target": "local"},
    ir.AssignVarOnceStmt: {"source": "operand", "target": "local"},
    ir.ResetLocalStmt: {"target": "local"},
    ir.MakeNullStmt: {"target": "local"},
    ir.MakeNumberIntStmt: {"value": "integer", "target": "local"},
    ir.MakeNumberRefStmt: {"index": "string", "target": "local"},
    ir.MakeArrayStmt: {"capacity": "count", "target": "local"},
    ir.MakeObjectStmt: {"target": "local"},
    ir.MakeSetStmt: {"target": "local"},
    ir.EqualStmt: {"a": "operand", "b": "operand"},
    ir.NotEqualStmt: {"a": "operand", "b": "operand"},
    ir.IsArrayStmt: {"source": "operand"},
    ir.IsObjectStmt: {"source": "operand"},
    ir.IsSetStmt: {"source": "operand"},
    ir.IsDefinedStmt: {"source": "local"},
    ir.IsUndefinedStmt: {"source": "local"},
    ir.ArrayAppendStmt: {"value": "operand", "array": "local"},
    ir.ObjectInsertStmt: {"key": "operand", "value": "operand", "object": "local"},
    ir.ObjectInsertOnceStmt: {"key": "operand", "value": "operand", "object": "local"},
    ir.ObjectMergeStmt: {"a": "local", "b": "local", "target": "local"},
    ir.SetAddStmt: {"value": "operand", "set": "local"},
    ir.WithStmt: {"local": "local", "path": "strings", "value": "operand", "block": "block"},
    ir.NopStmt: {},
    ir.ResultSetAddStmt: {"value": "local"},
}
_KINDS: Final = {kind.__name__: kind for kind in _SHAPES}


def write_plan(policy: ir.Policy) -> dict[str, Any]:
    """The plan as the object that stands in a `plan.json`."""
    static: dict[str, Any] = {}
    if policy.static.strings:
        static["strings"] = [{"value": text} for text in policy.static.strings]
    if policy.static.builtin_funcs:
        static["builtin_funcs"] = [
            {"name": func.name, "decl": func.decl} for func in policy.static.builtin_funcs
        ]
    if policy.static.files:
        static["files"] = [{"value": text} for text in policy.static.files]
    plans = [{"name": plan.name, "blocks": list(map(_write_block, plan.blocks))} for plan in policy.plans]
    funcs = {"funcs": [_write_func(func) for func in policy.funcs]} if policy.funcs else {}
    return {"static": static, "plans": {"plans": plans}, "funcs": funcs}


def _write_func(func: ir.Func) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": func.name,
        "params": list(func.params),
        "return": func.return_,
        "blocks": list(map(_write_block, func.blocks)),
    }
    return {**written, "path": list(func.path)} if func.path else written


def _write_stmt(stmt: ir.Stmt) -> dict[str, Any]:
    kind = type(stmt)
    body = {name: _SORTS[sort][1](getattr(stmt, name)) for name, sort in _SHAPES[kind].items()}
    if kind is ir.MakeNumberRefStmt:
        body["Index"] = body["index"]  # the older spelling, which other readers of plans still expect
    place = stmt.location
    body |= {"file": place.file, "col": place.col, "row": place.row}
    if place.end_row:
        body |= {"end_col": place.end_col, "end_row": place.end_row}
    return {"type": kind.__name__, "stmt": body}


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _BadPlanError(f"`{what}` is not an object")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _BadPlanError(f"`{what}` is not an array")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise _BadPlanError(f"`{what}` is not a string")
    return value


def _integer(value: Any, what: str) -> int:
    if type(value) is not int:
        raise _BadPlanError(f"`{what}` is not an integer")
    return value


def _count(value: Any, what: str) -> int:
    count = 0 if value is None else _integer(value, what)
    if count < 0:
        raise _BadPlanError(f"`{what}` is negative")
    return count


def _local(value: Any, what: str = "local") -> int:
    local = _integer(value, what)
    if not 0 <= local <= MAX_LOCAL:
        raise _BadPlanError(f"the local {local} is out of bounds")
    return local


def _texts(static: dict[str, Any], name: str) -> tuple[str, ...]:
    return tuple(
        _text(_object(item, name).get("value"), f"{name}.value") for item in _list(static.get(name), name)
    )
