"""Refs into `data`, where rules and base documents stand side by side.

Down a path of constants there is one answer: the rule that stands there, or the base document. Two things need more:

- a ref that ends above rules is the whole extent: an object of all rules below, merged with the base document;
- a step that isn't a constant (`data.roles[input.role].allow`, `data[x].deny`) may lead to each of several children,
  so each gets a block (a *way*), with the base document as the last. If a way has one answer at most, the first way
  that leads somewhere is taken. If ways may have several, they put their answers into an array first, which is then
  scanned: so what follows is planned once, however many ways there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from policy_engine.rego.plan import ir
from policy_engine.rego.plan.blocks import Draft
from policy_engine.rego.plan.rule_tree import Node, RuleGroup
from policy_engine.rego.syntax.tree import Scalar, String, Term

if TYPE_CHECKING:
    from policy_engine.rego.plan.planner_frame import Frame

Keys: TypeAlias = tuple[ir.Operand, ...]
"""The way from `data` down to a base document."""


@dataclass(slots=True)
class _Way:
    block: Draft
    end: Draft
    answers: list[ir.Operand]


class DataPlanner:
    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._writer = frame.writer

    def ref(self, path: Sequence[Term]) -> ir.Operand:
        """The value of `data` with this path."""
        root: Node | None = self._frame.program.tree
        if () in self._frame.environment.hidden:
            root = None
        return self._walk(root, (), path)

    def _walk(self, node: Node | None, keys: Keys, path: Sequence[Term]) -> ir.Operand:
        for index, step in enumerate(path):
            if node is None:
                return self._base(keys, path[index:])
            if node.group is not None:
                return self._rules(node.group, path[index:])
            if isinstance(step, String):
                node = self._frame.environment.child(node, step.value)
                keys = (*keys, self._writer.string(step.value))
            elif isinstance(step, Scalar):
                return self._base(keys, path[index:])
            else:
                return self._dynamic(node, keys, step, path[index + 1 :])
        if node is None:
            return self._base(keys, ())
        return self._rules(node.group, ()) if node.group is not None else self._extent(node, keys)

    def _base(self, keys: Keys, path: Sequence[Term]) -> ir.Operand:
        return self._frame.terms.steps(self._base_value(keys), path)

    def _base_value(self, keys: Keys) -> ir.Local:
        value = ir.Local(ir.DATA)
        for key in keys:
            value = self._writer.make(ir.DotStmt, source=value, key=key)
            self._frame.documents.add(value.value)
        return value

    def _rules(self, group: RuleGroup, path: Sequence[Term]) -> ir.Operand:
        if group.arity:
            self._frame.unifier.never(*path)  # a function is no document
            return ir.Local(self._writer.local())
        return self._frame.terms.steps(self._call(group), path)

    def _call(self, group: RuleGroup) -> ir.Operand:
        name, context = self._frame.function(group)
        result = self._writer.local()
        self._writer.put(ir.CallStmt, func=name, args=context, result=result)
        return ir.Local(result)

    # --- the whole extent -------------------------------------------------------------------------------------------

    def _extent(self, node: Node, keys: Keys) -> ir.Operand:
        rules = self._rules_below(node)
        result = self._writer.local()
        base, alone = Draft(), Draft()
        with self._writer.nested(base):
            document = self._writer.as_local(self._base_value(keys))
            self._writer.put(ir.ObjectMergeStmt, a=document, b=rules.value, target=result)
            self._writer.taken()
        with self._writer.nested(alone):
            self._writer.put(ir.AssignVarStmt, source=rules, target=result)
            self._writer.taken()
        self._writer.choose([base, alone])
        return ir.Local(result)

    def _rules_below(self, node: Node) -> ir.Local:
        target = self._writer.make(ir.MakeObjectStmt)
        for step, child in self._frame.environment.children(node):
            key = self._writer.string(step)
            if child.group is None:
                value: ir.Operand = self._rules_below(child)
                self._writer.put(ir.ObjectInsertStmt, key=key, value=value, object=target.value)
            elif not child.group.arity:
                with self._writer.nested() as block:
                    value = self._call(child.group)
                    self._writer.put(ir.ObjectInsertStmt, key=key, value=value, object=target.value)
                self._writer.nest(ir.BlockStmt, block)
        return target

    # --- steps that aren't constant ---------------------------------------------------------------------------------

    def _dynamic(self, node: Node, keys: Keys, step: Term, rest: Sequence[Term]) -> ir.Operand:
        children = self._frame.environment.children(node)
        if not children:
            return self._base(keys, (step, *rest))
        terms = self._frame.terms
        unknown = list(dict.fromkeys(name for part in (step, *rest) for name in terms.unknown(part)))
        chosen = None if terms.is_pattern(step) else terms.value(step)

        def rules_way(name: str, child: Node) -> Callable[[], ir.Operand]:
            def plan() -> ir.Operand:
                key = self._writer.string(name)
                if chosen is not None:
                    self._writer.put(ir.EqualStmt, a=chosen, b=key)
                else:
                    self._frame.unifier.match(key, step)
                return self._walk(child, (*keys, key), rest)

            return plan

        def base_way() -> ir.Operand:
            base = self._base_value(keys)
            if chosen is None:
                key, value = self._writer.open_scan(base)
                self._frame.unifier.match(key, step)
                self._unless_child(key, children)
            else:
                self._unless_child(chosen, children)
                value = self._writer.make(ir.DotStmt, source=base, key=chosen)
            return terms.steps(value, rest)

        rules_ways = [rules_way(name, child) for name, child in children]
        # Enumerated, base documents come first, as in OPA.
        return self._ways([base_way, *rules_ways] if chosen is None else [*rules_ways, base_way], unknown)

    def _unless_child(self, key: ir.Operand, children: Sequence[tuple[str, Node]]) -> None:
        """Go on unless the key is that of a child, which has had its way already."""
        for name, _ in children:
            self._writer.put(ir.NotEqualStmt, a=key, b=self._writer.string(name))

    def _ways(self, plans: Sequence[Callable[[], ir.Operand]], unknown: Sequence[str]) -> ir.Operand:
        """Go each of several ways; each answers a value and binds the unknown variables."""
        ways = [self._way(plan, unknown) for plan in plans]
        if not unknown and all(way.end is way.block for way in ways):
            return self._first_of(ways)
        return self._all_of(ways, unknown)

    def _way(self, plan: Callable[[], ir.Operand], unknown: Sequence[str]) -> _Way:
        with self._frame.scope() as bound, self._writer.nested() as block:
            value = plan()
            return _Way(block, self._writer.cursor, [value, *(bound[name] for name in unknown)])

    def _first_of(self, ways: Sequence[_Way]) -> ir.Operand:
        target = self._writer.local()
        for way in ways:
            with self._writer.nested(way.end):
                self._writer.put(ir.AssignVarStmt, source=way.answers[0], target=target)
                self._writer.taken()
        self._writer.choose([way.block for way in ways])
        return ir.Local(target)

    def _all_of(self, ways: Sequence[_Way], unknown: Sequence[str]) -> ir.Operand:
        gathered = self._writer.make(ir.MakeArrayStmt)
        for way in ways:
            with self._writer.nested(way.end):
                row = self.row(way.answers)
                self._writer.put(ir.ArrayAppendStmt, value=row, array=gathered.value)
        self._writer.nest(ir.BlockStmt, *(way.block for way in ways))
        _, row = self._writer.open_scan(gathered)
        value, *others = self.read_row(row, 1 + len(unknown))
        for name, operand in zip(unknown, others, strict=True):
            self._frame.bind(name, operand)
        return value

    def row(self, answers: Sequence[ir.Operand]) -> ir.Operand:
        """Several values as one; a single one stays as it is."""
        if len(answers) == 1:
            return answers[0]
        row = self._writer.make(ir.MakeArrayStmt, capacity=len(answers))
        for answer in answers:
            self._writer.put(ir.ArrayAppendStmt, value=answer, array=row.value)
        return row

    def read_row(self, row: ir.Operand, length: int) -> list[ir.Operand]:
        if length == 1:
            return [row]
        keys = [self._writer.make(ir.MakeNumberIntStmt, value=index) for index in range(length)]
        return [self._writer.make(ir.DotStmt, source=row, key=key) for key in keys]
