"""The Python text of each kind of statement.

Every function here writes one statement into a `Writer` and returns whether execution goes on behind it. Operands
become locals or literals; what is known of a local (a constant, undefined) makes shorter code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from policy_engine.rego.codegen.calls import write_call, write_dynamic_call
from policy_engine.rego.codegen.comparisons import compared, literal_text
from policy_engine.rego.codegen.literals import fold
from policy_engine.rego.codegen.names import Names
from policy_engine.rego.codegen.nodes import Node
from policy_engine.rego.codegen.writer import PathLoad, Writer
from policy_engine.rego.plan import ir
from policy_engine.rego.value_model import key


class Statements:
    """Writes the statements of one function with the names of its module."""

    def __init__(self, writer: Writer, names: Names, *, is_function: bool) -> None:
        self.w = writer
        self.names = names
        self.is_function = is_function
        self.answer: int | None = None
        """The local whose only possible value is the function's answer."""

    def write(self, nodes: list[Node]) -> bool:
        """All statements of a block; whether its end can be reached."""
        index = 0
        while index < len(nodes):
            node = nodes[index]
            self.w.location = node.stmt.location
            if (skip := self._literal(nodes, index) or self._path(nodes, index)) > 0:
                index += skip
                continue
            if not _WRITERS[type(node.stmt)](self, node, node.stmt):
                return False
            index += 1
        return True

    # --- operands -----------------------------------------------------------------------------------------------

    def operand(self, operand: ir.Operand) -> str:
        """The text of an operand: a literal where its value is known to be a scalar constant."""
        if isinstance(operand, ir.Local):
            constant = self.w.known.constants.get(operand.value, ...)
            text = None if constant is ... else literal_text(constant)
            return self.w.local(operand.value) if text is None else text
        if isinstance(operand, ir.StringIndex):
            return repr(self.names.strings[operand.value])
        return repr(operand.value)

    def constant(self, operand: ir.Operand | int) -> Any:
        """The value of an operand where it is known, else undefined."""
        if isinstance(operand, ir.Local):
            operand = operand.value
        if type(operand) is int:
            return self.w.known.constants.get(operand, ...)
        if isinstance(operand, ir.StringIndex):
            return self.names.strings[operand.value]
        return operand.value if isinstance(operand, ir.Bool) else ...

    def stored(self, operand: ir.Operand) -> str:
        """What a value stands under in an object or set."""
        constant = self.constant(operand)
        if constant is not ...:
            stored = key(constant)
            return repr(stored) if type(stored) is str else self.names.constant(stored)
        text = self.operand(operand)
        return f"{text} if {text}.__class__ is str else key({text})"

    def assign(self, local: int, text: str, constant: Any = ...) -> None:
        """Assign, and keep what is known of the local."""
        self.w.known.forget((local,))
        if constant is not ...:
            self.w.known.constants[local] = constant
        self.w.put(f"{self.w.local(local)} = {text}")

    def assign_value(self, local: int, text: str) -> None:
        """Assign a value from elsewhere; if this function changes the local in place, it first makes it its own."""
        if local in self.w.body.changed:
            text = f"own({text}, {self.w.owned()})"
        self.assign(local, text)

    def assign_made(self, local: int, text: str) -> None:
        """Assign a value that this function just made and may change."""
        self.assign(local, text)
        if self.w.facts.borrows and local in self.w.body.changed:
            self.w.put(f"{self.w.owned()}[id({self.w.local(local)})] = {self.w.local(local)}")

    # --- constants and paths ------------------------------------------------------------------------------------

    def _literal(self, nodes: list[Node], index: int) -> int:
        """Write a literal that is built here and never changed as one constant; how many statements that covers."""
        if not isinstance(nodes[index].stmt, ir.MakeArrayStmt | ir.MakeObjectStmt | ir.MakeSetStmt):
            return 0
        literal = fold(nodes, index, self.constant, self.names, self.w.facts.unsure)
        if literal is None:
            return 0
        for local, value in literal.values.items():
            self.assign(local, literal_text(value) or self.names.constant(value), value)
        return literal.count

    def _path(self, nodes: list[Node], index: int) -> int:
        """Write look-ups of constant names below input or data as one; how many statements that covers."""
        steps: list[str] = []
        node = nodes[index]
        if not isinstance(node.stmt, ir.DotStmt) or not isinstance(node.stmt.source, ir.Local):
            return 0
        root = node.stmt.source.value
        if root not in {ir.INPUT, ir.DATA}:
            return 0
        last: ir.DotStmt | None = None
        for follower in nodes[index:]:
            stmt = follower.stmt
            if not isinstance(stmt, ir.DotStmt) or not isinstance(stmt.key, ir.StringIndex):
                break
            if last is not None and stmt.source != ir.Local(last.target):
                break
            steps.append(self.names.strings[stmt.key.value])
            last = stmt
            if stmt.target in self.w.facts.unsure:
                break
            if follower.users != nodes[index + len(steps) : index + len(steps) + 1] or follower.changes:
                break
        if last is None:
            return 0
        target = self.w.local(last.target)
        self.w.known.forget((last.target,))
        load = PathLoad(target, self.w.variable("M"), root, self.w.local(root), tuple(steps), self.w.leave())
        self.names.count_path(load)
        self.w.put_path(load)
        self.make_own(last.target)
        if root == ir.DATA:
            self.w.known.base.add(last.target)
        return len(steps)

    def make_own(self, target: int) -> None:
        if target in self.w.body.changed:
            name = self.w.local(target)
            self.w.put(f"{name} = own({name}, {self.w.owned()})")

    # --- look-ups, loops, blocks ----------------------------------------------------------------------------------

    def dot(self, _: Node, stmt: ir.DotStmt) -> bool:
        if not isinstance(stmt.source, ir.Local):
            self.w.put(self.w.leave())
            return False
        source, target = self.w.local(stmt.source.value), self.w.local(stmt.target)
        name = self.constant(stmt.key)
        base = stmt.source.value == ir.DATA or stmt.source.value in self.w.known.base
        if type(name) is str:
            text = f"{source}.get({name!r}, ...) if {source}.__class__ is dict else dot({source}, {name!r})"
        else:
            text = f"{'dot_base' if base else 'dot'}({source}, {self.operand(stmt.key)})"
        self.assign(stmt.target, text)
        if base:
            self.w.known.base.add(stmt.target)
        self.w.fail_if(f"{target} is ...")
        self.make_own(stmt.target)
        return True

    def length(self, _: Node, stmt: ir.LenStmt) -> bool:
        self.assign(stmt.target, f"length({self.operand(stmt.source)})")
        return True

    def scan(self, node: Node, stmt: ir.ScanStmt) -> bool:
        source, evaluation = self.w.local(stmt.source), self.w.variable("E")
        name, value = self.w.local(stmt.key), self.w.local(stmt.value)
        if stmt.key in self.w.body.live:
            head = f"for {name}, {value} in scan({evaluation}, {source}):"
        else:
            head = f"for {value} in scan_values({evaluation}, {source}):"
        self.w.known.forget((stmt.key, stmt.value))
        self.w.pass_on(self.w.block(node.blocks[0], self._write_round(stmt), head=head))
        return True

    def _write_round(self, stmt: ir.ScanStmt) -> Callable[[Writer, list[Node]], bool]:
        def write(_: Writer, nodes: list[Node]) -> bool:
            self.make_own(stmt.key)
            self.make_own(stmt.value)
            return self.write(nodes)

        return write

    def _write(self, _: Writer, nodes: list[Node]) -> bool:
        return self.write(nodes)

    def block(self, node: Node, _: ir.BlockStmt) -> bool:
        for nodes in node.blocks:
            first = nodes[0].stmt if nodes else None
            if isinstance(first, ir.BreakStmt):
                # A block that is left at once: the jump starts one block further out.
                if first.index == 0:
                    continue
                self.w.put(self.w.leave(first.index - 1))
                return False
            self.w.pass_on(self.w.block(nodes, self._write))
        return True

    def not_(self, node: Node, _: ir.NotStmt) -> bool:
        flag = self.w.fresh("n")
        self.w.put(f"{flag} = True")
        crossed = self.w.block(node.blocks[0], self._write, at_end=f"{flag} = False")
        self.w.pass_on(crossed)
        self.w.fail_if(f"not {flag}")
        return True

    def with_(self, node: Node, stmt: ir.WithStmt) -> bool:
        """The block runs over another frame when input or data change; both come back whatever happens."""
        local, frame, saved = self.w.local(stmt.local), self.w.variable("M"), self.w.fresh("s")
        flag = self.w.fresh("w")
        path = tuple(self.names.strings[index] for index in stmt.path)
        value = self.operand(stmt.value)
        changes_frame = stmt.local in {ir.INPUT, ir.DATA}
        self.w.put(f"{saved} = {local}, {frame}")
        self.w.known.forget((stmt.local,))
        self.w.put(f"{local} = {f'upsert({local}, {self.names.constant(path)}, {value})' if path else value}")
        if changes_frame:
            both = f"{self.w.local(ir.INPUT)}, {self.w.local(ir.DATA)}"
            self.w.put(f"{frame} = {self.w.variable('E')}.frame(TEMPLATE, {both})")
        self.w.put(f"{flag} = True")
        crossed = self.w.block(node.blocks[0], self._write, at_end=f"{flag} = False")
        self.w.put(f"{local}, {frame} = {saved}")
        self.w.known.forget((stmt.local,))
        self.w.pass_on(crossed)
        self.w.fail_if(flag)
        return True

    def break_(self, _: Node, stmt: ir.BreakStmt) -> bool:
        self.w.put(self.w.leave(stmt.index))
        return False

    def return_(self, _: Node, stmt: ir.ReturnLocalStmt) -> bool:
        if self.w.moved_out:
            raise ValueError("a return inside nested blocks")
        self.w.put(f"return {self.w.local(stmt.source)}")
        return False

    # --- assignments and tests ------------------------------------------------------------------------------------

    def assign_int(self, _: Node, stmt: ir.AssignIntStmt | ir.MakeNumberIntStmt) -> bool:
        self.assign(stmt.target, repr(stmt.value), stmt.value)
        return True

    def assign_var(self, _: Node, stmt: ir.AssignVarStmt) -> bool:
        if stmt.target not in self.w.body.live and stmt.target not in self.w.body.changed:
            return True
        constant = self.constant(stmt.source)
        if constant is not ... and stmt.target not in self.w.body.changed:
            self.assign(stmt.target, self.operand(stmt.source), constant)
        else:
            self.assign_value(stmt.target, self.operand(stmt.source))
        return True

    def assign_once(self, node: Node, stmt: ir.AssignVarOnceStmt) -> bool:
        if stmt.target == self.answer:
            self.w.put(f"return {self.operand(stmt.source)}")
            return False
        if stmt.target in self.w.known.undefined:
            return self.assign_var(node, ir.AssignVarStmt(source=stmt.source, target=stmt.target))
        target, source = self.w.local(stmt.target), self.operand(stmt.source)
        self.assign(stmt.target, f"assign_once({target}, {source}, {self.is_function})")
        return True

    def reset(self, _: Node, stmt: ir.ResetLocalStmt) -> bool:
        if stmt.target == self.answer:
            return True
        self.assign(stmt.target, "...")
        self.w.known.undefined.add(stmt.target)
        return True

    def make_null(self, _: Node, stmt: ir.MakeNullStmt) -> bool:
        self.assign(stmt.target, "None", None)
        return True

    def make_number(self, _: Node, stmt: ir.MakeNumberRefStmt) -> bool:
        number = self.names.number(stmt.index)
        self.assign(stmt.target, literal_text(number) or self.names.constant(number), number)
        return True

    def make_array(self, _: Node, stmt: ir.MakeArrayStmt) -> bool:
        self.assign_made(stmt.target, "[]")
        return True

    def make_object(self, _: Node, stmt: ir.MakeObjectStmt) -> bool:
        self.assign_made(stmt.target, "{}")
        return True

    def make_set(self, _: Node, stmt: ir.MakeSetStmt) -> bool:
        self.assign_made(stmt.target, "RegoSet()")
        return True

    def equal(self, _: Node, stmt: ir.EqualStmt) -> bool:
        test = self.difference(stmt.a, stmt.b)
        if test == "True":
            self.w.put(self.w.leave())
            return False
        if test != "False":
            self.w.fail_if(test)
        return True

    def not_equal(self, _: Node, stmt: ir.NotEqualStmt) -> bool:
        test = self.difference(stmt.a, stmt.b, same=True)
        if test == "True":
            self.w.put(self.w.leave())
            return False
        if test != "False":
            self.w.fail_if(test)
        return True

    def difference(self, a: ir.Operand, b: ir.Operand, *, same: bool = False) -> str:
        """The test whether two operands differ (or are the same)."""
        return compared([self.operand(a), self.operand(b)], [self.constant(a), self.constant(b)], same=same)

    def is_kind(self, _: Node, stmt: ir.IsArrayStmt | ir.IsObjectStmt | ir.IsSetStmt) -> bool:
        if not isinstance(stmt.source, ir.Local):
            self.w.put(self.w.leave())
            return False
        self.w.fail_if(f"{self.w.local(stmt.source.value)}.__class__ is not {_KIND_NAMES[type(stmt)]}")
        return True

    def is_defined(self, _: Node, stmt: ir.IsDefinedStmt) -> bool:
        if stmt.source == self.answer:
            self.w.put(self.w.leave())
            return False
        self.w.fail_if(f"{self.w.local(stmt.source)} is ...")
        return True

    def is_undefined(self, _: Node, stmt: ir.IsUndefinedStmt) -> bool:
        if stmt.source == self.answer:
            return True
        self.w.fail_if(f"{self.w.local(stmt.source)} is not ...")
        self.w.known.undefined.add(stmt.source)
        return True

    # --- building -------------------------------------------------------------------------------------------------

    def append(self, _: Node, stmt: ir.ArrayAppendStmt) -> bool:
        self.w.put(f"{self.w.local(stmt.array)}.append({self.operand(stmt.value)})")
        return True

    def insert(self, _: Node, stmt: ir.ObjectInsertStmt) -> bool:
        self.w.put(f"{self.w.local(stmt.object)}[{self.stored(stmt.key)}] = {self.operand(stmt.value)}")
        return True

    def insert_once(self, _: Node, stmt: ir.ObjectInsertOnceStmt) -> bool:
        target = self.w.local(stmt.object)
        self.w.put(f"insert_once({target}, {self.operand(stmt.key)}, {self.operand(stmt.value)})")
        return True

    def merge(self, _: Node, stmt: ir.ObjectMergeStmt) -> bool:
        self.assign_made(stmt.target, f"merge({self.w.local(stmt.a)}, {self.w.local(stmt.b)})")
        return True

    def set_add(self, _: Node, stmt: ir.SetAddStmt) -> bool:
        self.w.put(f"{self.w.local(stmt.set)}.items[{self.stored(stmt.value)}] = {self.operand(stmt.value)}")
        return True

    def nop(self, _: Node, __: ir.NopStmt) -> bool:
        return True

    def result(self, _: Node, stmt: ir.ResultSetAddStmt) -> bool:
        self.w.put(f"{self.w.variable('R')}.append({self.w.local(stmt.value)})")
        return True


_KIND_NAMES: Final[dict[type[ir.Stmt], str]] = {
    ir.IsArrayStmt: "list",
    ir.IsObjectStmt: "dict",
    ir.IsSetStmt: "RegoSet",
}
_WRITERS: Final[dict[type[ir.Stmt], Callable[[Statements, Node, Any], bool]]] = {
    ir.ReturnLocalStmt: Statements.return_,
    ir.CallStmt: write_call,
    ir.CallDynamicStmt: write_dynamic_call,
    ir.BlockStmt: Statements.block,
    ir.BreakStmt: Statements.break_,
    ir.DotStmt: Statements.dot,
    ir.LenStmt: Statements.length,
    ir.ScanStmt: Statements.scan,
    ir.NotStmt: Statements.not_,
    ir.AssignIntStmt: Statements.assign_int,
    ir.AssignVarStmt: Statements.assign_var,
    ir.AssignVarOnceStmt: Statements.assign_once,
    ir.ResetLocalStmt: Statements.reset,
    ir.MakeNullStmt: Statements.make_null,
    ir.MakeNumberIntStmt: Statements.assign_int,
    ir.MakeNumberRefStmt: Statements.make_number,
    ir.MakeArrayStmt: Statements.make_array,
    ir.MakeObjectStmt: Statements.make_object,
    ir.MakeSetStmt: Statements.make_set,
    ir.EqualStmt: Statements.equal,
    ir.NotEqualStmt: Statements.not_equal,
    ir.IsArrayStmt: Statements.is_kind,
    ir.IsObjectStmt: Statements.is_kind,
    ir.IsSetStmt: Statements.is_kind,
    ir.IsDefinedStmt: Statements.is_defined,
    ir.IsUndefinedStmt: Statements.is_undefined,
    ir.ArrayAppendStmt: Statements.append,
    ir.ObjectInsertStmt: Statements.insert,
    ir.ObjectInsertOnceStmt: Statements.insert_once,
    ir.ObjectMergeStmt: Statements.merge,
    ir.SetAddStmt: Statements.set_add,
    ir.WithStmt: Statements.with_,
    ir.NopStmt: Statements.nop,
    ir.ResultSetAddStmt: Statements.result,
}
