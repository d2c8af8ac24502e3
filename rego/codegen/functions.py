"""The lines of one planned function: its blocks one after the other, or behind the rule index."""

from __future__ import annotations

from policy_engine.rego.codegen.early import single_answer
from policy_engine.rego.codegen.index import Index, find_index
from policy_engine.rego.codegen.names import Names
from policy_engine.rego.codegen.nodes import Facts, Node, build
from policy_engine.rego.codegen.statements import Statements
from policy_engine.rego.codegen.writer import Line, PathLoad, Writer
from policy_engine.rego.plan import ir


def write_function(name: str, body: ir.Func | ir.Plan, names: Names) -> list[Line]:
    """The Python function for a planned function or entrypoint, with those that it needs before it.

    Raises `ValueError` for a plan that can't be carried out.
    """
    assigned = (ir.INPUT, ir.DATA) if isinstance(body, ir.Plan) else body.params
    tree, facts = build(body.blocks, assigned)
    if {ir.INPUT, ir.DATA} & _plainly_assigned(tree):
        raise ValueError("input and data can only be replaced by `with`")
    return _Function(name, body, assigned, tree, facts, names).lines()


class _Function:
    def __init__(
        self,
        name: str,
        body: ir.Func | ir.Plan,
        assigned: tuple[int, ...],
        tree: list[list[Node]],
        facts: Facts,
        names: Names,
    ) -> None:
        self.name = name
        self.tree = tree
        self.facts = facts
        self.names = names
        self.is_plan = isinstance(body, ir.Plan)
        self.parameters = [f"l{param}" for param in assigned[2:]]
        self.unsure = facts.unsure - set(assigned)
        self.answer: int | None = None
        self.built = -1
        if isinstance(body, ir.Func) and not Writer(name, facts).framed:
            self.answer = single_answer(body, tree)
            self.built = body.return_

    def lines(self) -> list[Line]:
        index = None
        if self.built >= 0:
            index = find_index(self.tree, self.facts, self.names.strings, self.answer, self.built)
        before = [] if index is None else self._indexed(index)
        writer = Writer(self.name, self.facts)
        statements = self._statements(writer)
        if self.parameters and not self.is_plan:
            # Rules are remembered within a frame; calls aren't, and could double at each step.
            evaluation = writer.variable("E")
            writer.put(f"{evaluation}.left -= 1")
            writer.put(f"if {evaluation}.left < 0: {evaluation}.refill()")
        skipped = {} if index is None else index.words
        dispatched = False
        for number, nodes in enumerate(self.tree):
            if number not in skipped:
                self._block(writer, statements, number, nodes)
            elif index is not None and not dispatched:
                self._dispatch(writer, index)
                dispatched = True
        end = f"return {writer.variable('R')}" if self.is_plan else "return ..."
        return [*before, *self._assemble(writer, self.name, self.parameters, self.unsure, end)]

    def _statements(self, writer: Writer) -> Statements:
        statements = Statements(writer, self.names, is_function=bool(self.parameters))
        statements.answer = self.answer
        writer.known.undefined |= self.unsure
        return statements

    def _block(self, writer: Writer, statements: Statements, number: int, nodes: list[Node]) -> None:
        writer.body = self.facts.bodies[number]
        writer.pass_on(writer.block(nodes, lambda _, inner: statements.write(inner)))

    def _indexed(self, index: Index) -> list[Line]:
        """The bodies behind the index as functions, and the dictionary that leads to them."""
        lines: list[Line] = []
        table: dict[str, list[str]] = {}
        for number, word in index.words.items():
            name = f"{self.name}_r{number}"
            writer = Writer(name, self.facts)
            statements = self._statements(writer)
            writer.known.undefined.discard(self.built)
            self._block(writer, statements, number, self.tree[number])
            unsure = self.unsure & self.facts.bodies[number].live - {self.built}
            lines += self._assemble(writer, name, self._index_parameters(), unsure, "return ...")
            table.setdefault(word, []).append(name)
        entries = ", ".join(f"{word!r}: ({', '.join(found)},)" for word, found in table.items())
        return [*lines, (0, f"{self.name}_I = {{{entries}}}", ir.NOWHERE)]

    def _index_parameters(self) -> list[str]:
        return [*self.parameters, f"l{self.built}"]

    def _dispatch(self, writer: Writer, index: Index) -> None:
        word, rule, found = (writer.fresh(letter) for letter in "xrv")
        root, steps = index.path
        load = PathLoad(word, writer.variable("M"), root, writer.local(root), steps, "pass")
        # Twice, because the bodies look the path up again: it is worth a place in the frame.
        self.names.count_path(load)
        self.names.count_path(load)
        writer.put_path(load)
        writer.put(f"if {word}.__class__ is str:")
        writer.put_deeper(f"for {rule} in {self.name}_I.get({word}, ()):")
        arguments = ", ".join([writer.variable("M"), *self._index_parameters()])
        writer.put_deeper(f" {found} = {rule}({arguments})")
        if self.answer is not None:
            writer.put_deeper(f" if {found} is not ...: return {found}")

    def _assemble(
        self, writer: Writer, name: str, parameters: list[str], unsure: set[int], end: str
    ) -> list[Line]:
        head = _head(writer, parameters, unsure, is_plan=self.is_plan)
        outlined = [line for function in writer.outlined for line in function]
        define = f"def {name}({', '.join(['M', *parameters])}):"
        return [
            *outlined,
            (0, define, writer.location),
            *head,
            *writer.lines,
            (1, end, writer.location),
        ]


def _plainly_assigned(tree: list[list[Node]]) -> set[int]:
    """Locals that any statement but `with` assigns."""
    found: set[int] = set()
    stack = [node for nodes in tree for node in nodes]
    while stack:
        node = stack.pop()
        if not isinstance(node.stmt, ir.WithStmt):
            found.update(
                getattr(node.stmt, name) for name in ("target", "result") if hasattr(node.stmt, name)
            )
        if isinstance(node.stmt, ir.ScanStmt):
            found |= {node.stmt.key, node.stmt.value}
        stack.extend(inner for nodes in node.blocks for inner in nodes)
    return found


def _head(writer: Writer, parameters: list[str], unsure: set[int], *, is_plan: bool) -> list[Line]:
    """What a function does before its first block: give its variables their first values."""
    lines: list[str] = []
    used = set(writer.used)
    first = {"l0": "M[0]", "l1": "M[1]", "E": "M[2]", "owned": "{}", "B": "0"}
    if is_plan:
        first["R"] = "[]"
        used.add("R")
    if writer.framed:
        first |= {"M": "M"} | {name: name for name in parameters}
        used |= first.keys() - {"owned"}
        assigned = [(writer.variable(name), first[name]) for name in sorted(used) if name in first]
        lines.append(f"F = [...] * {len(writer.variables)}")
        lines += [f"{name} = {value}" for name, value in assigned]
    else:
        lines += [f"{name} = {first[name]}" for name in sorted(used) if name in first]
        if unsure:
            lines.append(" = ".join([*(f"l{local}" for local in sorted(unsure)), "..."]))
    return [(1, text, writer.location) for text in lines]
