"""The plan as data: OPA's intermediate representation (IR), version 1, as frozen structs.

A plan is imperative: functions (one per rule path) and entrypoints are lists of blocks, a block is a list of
statements over numbered locals. A statement is defined or undefined; an undefined one ends its block, and execution
goes on behind it. Local 0 is `input`, local 1 is `data`.

The names are those of OPA's `plan.json` (https://www.openpolicyagent.org/docs/ir), so that `plan_json` can read and
write it field by field.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec

INPUT: Final = 0
DATA: Final = 1


class Local(msgspec.Struct, frozen=True):
    """A local variable as an operand."""

    value: int


class StringIndex(msgspec.Struct, frozen=True):
    """A constant string as an operand: its place in `Static.strings`."""

    value: int


class Bool(msgspec.Struct, frozen=True):
    """A constant boolean as an operand."""

    value: bool


Operand: TypeAlias = Local | StringIndex | Bool


class Location(msgspec.Struct, frozen=True):
    """Where a statement comes from: `file` is an index into `Static.files`; rows and columns count from 1."""

    file: int = 0
    row: int = 0
    col: int = 0
    end_row: int = 0
    end_col: int = 0


NOWHERE: Final = Location()


class Stmt(msgspec.Struct, frozen=True, kw_only=True):
    """A statement; what each one does stands with its class."""

    location: Location = NOWHERE


class Block(msgspec.Struct, frozen=True):
    """Statements up to the first undefined one."""

    stmts: tuple[Stmt, ...] = ()


class ReturnLocalStmt(Stmt, frozen=True, kw_only=True):
    """Leave the function with this local as its value."""

    source: int


class CallStmt(Stmt, frozen=True, kw_only=True):
    """Call a planned function or a builtin; undefined when the result is."""

    func: str
    args: tuple[Operand, ...]
    result: int


class CallDynamicStmt(Stmt, frozen=True, kw_only=True):
    """Call the planned function whose path the operands spell; undefined when there is none."""

    args: tuple[int, ...]
    result: int
    path: tuple[Operand, ...]


class BlockStmt(Stmt, frozen=True, kw_only=True):
    """Run blocks one after the other, whatever becomes of each."""

    blocks: tuple[Block, ...]


class BreakStmt(Stmt, frozen=True, kw_only=True):
    """Leave as many blocks more than the current one as `index` says."""

    index: int


class DotStmt(Stmt, frozen=True, kw_only=True):
    """Look up a member; undefined when there is none."""

    source: Operand
    key: Operand
    target: int


class LenStmt(Stmt, frozen=True, kw_only=True):
    """The number of members."""

    source: Operand
    target: int


class ScanStmt(Stmt, frozen=True, kw_only=True):
    """Run the block for each member."""

    source: int
    key: int
    value: int
    block: Block


class NotStmt(Stmt, frozen=True, kw_only=True):
    """Undefined when the block runs to its end."""

    block: Block


class AssignIntStmt(Stmt, frozen=True, kw_only=True):
    value: int
    target: int


class AssignVarStmt(Stmt, frozen=True, kw_only=True):
    source: Operand
    target: int


class AssignVarOnceStmt(Stmt, frozen=True, kw_only=True):
    """Assign; a conflict error when the target already has another value."""

    source: Operand
    target: int


class ResetLocalStmt(Stmt, frozen=True, kw_only=True):
    """Make a local undefined."""

    target: int


class MakeNullStmt(Stmt, frozen=True, kw_only=True):
    target: int


class MakeNumberIntStmt(Stmt, frozen=True, kw_only=True):
    value: int
    target: int


class MakeNumberRefStmt(Stmt, frozen=True, kw_only=True):
    """A number whose digits stand in `Static.strings`."""

    index: int
    target: int


class MakeArrayStmt(Stmt, frozen=True, kw_only=True):
    capacity: int = 0
    target: int


class MakeObjectStmt(Stmt, frozen=True, kw_only=True):
    target: int


class MakeSetStmt(Stmt, frozen=True, kw_only=True):
    target: int


class EqualStmt(Stmt, frozen=True, kw_only=True):
    """Undefined unless both are equal."""

    a: Operand
    b: Operand


class NotEqualStmt(Stmt, frozen=True, kw_only=True):
    """Undefined when both are equal."""

    a: Operand
    b: Operand


class IsArrayStmt(Stmt, frozen=True, kw_only=True):
    source: Operand


class IsObjectStmt(Stmt, frozen=True, kw_only=True):
    source: Operand


class IsSetStmt(Stmt, frozen=True, kw_only=True):
    source: Operand


class IsDefinedStmt(Stmt, frozen=True, kw_only=True):
    source: int


class IsUndefinedStmt(Stmt, frozen=True, kw_only=True):
    source: int


class ArrayAppendStmt(Stmt, frozen=True, kw_only=True):
    value: Operand
    array: int


class ObjectInsertStmt(Stmt, frozen=True, kw_only=True):
    key: Operand
    value: Operand
    object: int


class ObjectInsertOnceStmt(Stmt, frozen=True, kw_only=True):
    """Insert; a conflict error when the key already has another value."""

    key: Operand
    value: Operand
    object: int


class ObjectMergeStmt(Stmt, frozen=True, kw_only=True):
    """Merge two objects with all their levels; `a` has the word where both say something else."""

    a: int
    b: int
    target: int


class SetAddStmt(Stmt, frozen=True, kw_only=True):
    value: Operand
    set: int


class WithStmt(Stmt, frozen=True, kw_only=True):
    """Run the block with another value in a local, or below `path` (indexes of strings) in it; then put it back."""

    local: int
    path: tuple[int, ...] = ()
    value: Operand
    block: Block


class NopStmt(Stmt, frozen=True, kw_only=True):
    pass


class ResultSetAddStmt(Stmt, frozen=True, kw_only=True):
    """Add one answer to the result set of an entrypoint."""

    value: int


class Func(msgspec.Struct, frozen=True):
    """A planned function. `params` are input, data, and the arguments; `path` is how a dynamic call finds it."""

    name: str
    params: tuple[int, ...]
    return_: int
    blocks: tuple[Block, ...]
    path: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """An entrypoint."""

    name: str
    blocks: tuple[Block, ...]


class BuiltinFunc(msgspec.Struct, frozen=True):
    """A builtin that the plan calls; `decl` is its type as OPA writes it, or None."""

    name: str
    decl: Any = None


class Static(msgspec.Struct, frozen=True):
    """Constants: strings (also the digits of numbers), files, and the builtins in use."""

    strings: tuple[str, ...] = ()
    builtin_funcs: tuple[BuiltinFunc, ...] = ()
    files: tuple[str, ...] = ()


class Policy(msgspec.Struct, frozen=True):
    """A whole plan."""

    static: Static
    plans: tuple[Plan, ...]
    funcs: tuple[Func, ...] = ()
