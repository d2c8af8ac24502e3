"""Calls of builtins and of functions, also where `with` put something else in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from policy_engine.rego.plan import ir
from policy_engine.rego.plan.environment import FunctionMock, TermMock, ValueMock
from policy_engine.rego.plan.rule_tree import RuleGroup, function_path
from policy_engine.rego.syntax.tree import Call, Place, Ref, Var

if TYPE_CHECKING:
    from policy_engine.rego.plan.planner_frame import Frame

UNIFICATIONS: Final = frozenset({"eq", "assign"})
_WITHOUT_RESULT: Final = frozenset({"print", "internal.print", "internal.test_case"})
_SEVERAL_RESULTS: Final = frozenset({"walk"})


@dataclass(frozen=True, slots=True)
class _Target:
    """What a call comes down to: a function of the plan, a builtin, or a value that stands in its place."""

    arity: int
    name: str = ""
    context: tuple[ir.Operand, ...] = ()
    stand_in: TermMock | ValueMock | None = None


class CallPlanner:
    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._writer = frame.writer

    def expression(self, call: Call) -> None:
        """A call as an expression of a body: it must hold."""
        name = call.name
        args = call.args
        if name in UNIFICATIONS and len(args) == 2:
            self._frame.unifier.unify(*args)
        elif name in ("equal", "neq") and len(args) == 2 and self._frame.environment.mock(name) is None:
            left, right = self._frame.terms.values(args)
            self._writer.put(ir.EqualStmt if name == "equal" else ir.NotEqualStmt, a=left, b=right)
        else:
            self._function_expression(call)

    def _function_expression(self, call: Call) -> None:
        target = self._target(call.operator, call.place)
        if len(call.args) not in (target.arity, target.arity + 1):
            raise self._wrong_arity(call, target)
        operands = self._frame.terms.values(call.args[: target.arity])
        result = self._result(target, operands)
        if target.name in _SEVERAL_RESULTS:
            result = self._writer.open_scan(result)[1]
        if len(call.args) > target.arity:
            self._frame.unifier.match(result, call.args[-1])
        elif target.name not in _WITHOUT_RESULT:
            self._writer.put(ir.NotEqualStmt, a=result, b=ir.Bool(False))

    # --- what is called ---------------------------------------------------------------------------------------------

    def _target(self, operator: Ref, place: Place) -> _Target:
        mock = self._frame.environment.mock(operator.dotted)
        if mock is None:
            return self._original(operator, place)
        if not isinstance(mock, FunctionMock):
            return _Target(self._arity(operator, place), stand_in=mock)
        with self._frame.within(self._frame.environment.without_mocks()):
            return self._original(mock.function, place)

    def _original(self, operator: Ref, place: Place) -> _Target:
        group = self.function_group(operator)
        if group is not None:
            return _Target(group.arity, *self._frame.function(group))
        return _Target(self._arity(operator, place), operator.dotted)

    def _arity(self, operator: Ref, place: Place) -> int:
        group = self.function_group(operator)
        if group is not None:
            return group.arity
        arity = self._frame.program.builtin_arity(operator.dotted)
        if arity is None:
            message = f"undefined function `{operator.dotted}`: define it, or mend the name"
            raise self._frame.refused(message, place)
        return arity

    def function_group(self, operator: Ref) -> RuleGroup | None:
        """The rules of a function of the policy."""
        path = function_path(operator)
        node = self._frame.program.tree.find(path) if path is not None else None
        if node is None or node.group is None or not node.group.arity:
            return None
        return node.group

    def _result(self, target: _Target, operands: Sequence[ir.Operand]) -> ir.Operand:
        if isinstance(target.stand_in, TermMock):
            return self._frame.terms.value(target.stand_in.term)
        if isinstance(target.stand_in, ValueMock):
            return self._frame.terms.value(Var(target.stand_in.variable))
        if not target.context:
            self._writer.constants.builtins.add(target.name)
        result = self._writer.local()
        self._writer.put(ir.CallStmt, func=target.name, args=(*target.context, *operands), result=result)
        return ir.Local(result)

    def _wrong_arity(self, call: Call, target: _Target) -> Exception:
        wanted, given = target.arity, len(call.args)
        return self._frame.refused(f"function `{call.name}` takes {wanted} operands, not {given}", call.place)
