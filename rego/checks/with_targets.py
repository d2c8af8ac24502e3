"""What `with` may replace: documents below `input` and `data`, and functions by functions or values."""

from __future__ import annotations

from collections.abc import Mapping

from policy_engine.rego.checks.problems import COMPILE, TYPE, Problems
from policy_engine.rego.checks.rule_tree import Node
from policy_engine.rego.checks.walk import show
from policy_engine.rego.syntax.tree import Ref, Scalar, Term, Var, With


class WithTargets:
    def __init__(self, rules: Node, arities: Mapping[str, int], problems: Problems) -> None:
        self._rules = rules
        self._arities = arities
        self._problems = problems

    def replaces_function(self, modifier: With, file: str) -> bool:
        """Whether the value of the modifier is a function (or rule) that is named, not a value to evaluate."""
        target = modifier.target
        root = target.head.name if isinstance(target.head, Var) else ""
        if root == "input":
            self._check_ground(modifier, file)
            return False
        if root == "data":
            self._check_ground(modifier, file)
            return self._data(modifier, file)
        if self._is_builtin(target):
            message = self._objection(target)
            if message:
                self._problems.add(COMPILE, message, file, target.place)
            return self._names_function(modifier.value)
        message = "with keyword target must reference existing input, data, or a function"
        self._problems.add(TYPE, message, file, target.place)
        return False

    def _check_ground(self, modifier: With, file: str) -> None:
        if not all(isinstance(step, Scalar) for step in modifier.target.path):
            message = "with keyword target must not contain variables: name the document to replace"
            self._problems.add(COMPILE, message, file, modifier.target.place)

    def _data(self, modifier: With, file: str) -> bool:
        path = modifier.target.path
        for end in range(1, len(path)):
            node = self._rules.find(path[:end])
            if node is not None and node.rules:
                message = "with keyword cannot partially replace virtual document(s)"
                self._problems.add(COMPILE, message, file, modifier.target.place)
                return False
        target = self._rules.find(path)
        if target is not None and any(placed.rule.is_function for placed in target.rules):
            return self._names_function(modifier.value)
        value = modifier.value
        named = (
            self._rules.find(value.path)
            if isinstance(value, Ref) and value.dotted.startswith("data")
            else None
        )
        if named is not None and any(placed.rule.is_function for placed in named.rules):
            message = (
                f"function {show(value)} used as reference, not called: only a function can be replaced by it"
            )
            self._problems.add(TYPE, message, file, value.place)
        return False

    def _names_function(self, value: Term) -> bool:
        """Whether the value is the name of a rule, a function or a builtin."""
        if isinstance(value, Var):
            return value.name in self._arities
        if not isinstance(value, Ref):
            return False
        if isinstance(value.head, Var) and value.head.name == "data":
            return self._rules.find(value.path) is not None
        return self._is_builtin(value)

    def _is_builtin(self, ref: Ref) -> bool:
        return ref.is_ground and ref.dotted in self._arities

    def _objection(self, target: Ref) -> str:
        name = target.dotted
        start = "with keyword replacing built-in function:"
        if name in ("eq", "rego.metadata.chain", "rego.metadata.rule"):
            return f'{start} replacement of "{name}" invalid'
        if name.startswith("internal."):
            return f'{start} replacement of internal function "{name}" invalid'
        if name == "walk":
            return f"{start} target must not be a relation"
        return f"{start} target must not be a void function" if name == "print" else ""
