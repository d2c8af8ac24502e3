"""The project's own engine behind the `Policy` interface.

    modules -> syntax trees -> checks -> plan (OPA's IR) -> Python functions

Modules are parsed and checked once, when the policy is compiled. What is asked, an entrypoint or a query, is planned and
turned into functions when it is first asked, and kept (a bounded number of them). Evaluation runs in the caller's
thread, keeps its state in its own frame, and ends at its budget of steps and time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self

from policy_engine.rego.builtins.refused import REFUSED
from policy_engine.rego.builtins.registry import lookup, names
from policy_engine.rego.checks import CheckedModules, CheckedQuery, compile_modules, compile_query
from policy_engine.rego.checks.walk import closure_parts, parts, rebuild
from policy_engine.rego.codegen.program import Program
from policy_engine.rego.engine import Expression, Limits, Result
from policy_engine.rego.errors import Issue, RegoCompileError, RegoError, RegoEvaluationError
from policy_engine.rego.plan import ir
from policy_engine.rego.plan.planner import plan
from policy_engine.rego.syntax.checks import collisions_with_data
from policy_engine.rego.syntax.parser import parse_module, parse_query
from policy_engine.rego.syntax.scan import scan
from policy_engine.rego.syntax.tokens import Source
from policy_engine.rego.syntax.tree import (
    Body,
    Call,
    Every,
    Expr,
    Import,
    Module,
    Ref,
    Some,
    SomeIn,
    Template,
    Term,
    Var,
)
from policy_engine.rego.value_model import from_json, to_json
from policy_engine.rego.values import UNDEFINED

_MOST_PROGRAMS: Final = 64
_QUERY: Final = "query"
_CAPTURE: Final = "value{}_of_query"
_HIDDEN: Final = "wildcard{}_of_query"
_WITHOUT_VALUE: Final = frozenset({"eq", "assign", "print"})


def compile_policy(
    modules: Mapping[str, str],
    data: Mapping[str, Any],
    limits: Limits,
    *,
    entrypoints: Sequence[str] = (),
    strict_builtin_errors: bool = True,
) -> NativePolicy:
    """See `policy_engine.rego.engine.compile`."""
    with _defects_told():
        checked, issues = check_modules(modules, data)
        if checked is None:
            raise RegoCompileError(issues)
        policy = NativePolicy(checked, data, limits, strict_builtin_errors)
        if entrypoints:
            policy.prepare(entrypoints)
    return policy


@contextmanager
def _defects_told() -> Iterator[None]:
    """Turn whatever compiling may raise by a defect, or for want of stack, into an error of the policy."""
    try:
        yield
    except RegoError:
        raise
    except RecursionError:
        message = "the policy nests deeper than it may: move parts into rules of their own"
        raise RegoCompileError([Issue("rego_too_deep", message)]) from None
    except Exception as error:
        message = f"the policy can't be compiled ({type(error).__name__}: {error!s:.200}); please report it as a defect"
        raise RegoCompileError([Issue("rego_internal_error", message)]) from error


def check_modules(
    modules: Mapping[str, str], data: Mapping[str, Any]
) -> tuple[CheckedModules | None, list[Issue]]:
    """The modules, checked, or None with everything that is wrong with them."""
    parsed: list[Module] = []
    issues: list[Issue] = []
    for file, text in modules.items():
        module, found = parse_module(text, file)
        issues += found
        if module is not None:
            parsed.append(module)
    if issues:
        return None, issues
    try:
        checked = compile_modules(parsed, arities(), modules)
    except RegoCompileError as error:
        return None, error.issues
    issues = list(collisions_with_data([scan(Source(file, text))[0] for file, text in modules.items()], data))
    return (None, issues) if issues else (checked, [])


def arities() -> dict[str, int]:
    """Each builtin that policies may call, with its number of operands."""
    return {name: known.arity for name in names() if (known := lookup(name)) is not None}


class NativePolicy:
    """A checked policy over its data. Thread-safe: what threads share is code, constants and data."""

    def __init__(
        self, checked: CheckedModules, data: Mapping[str, Any], limits: Limits, strict_builtin_errors: bool
    ) -> None:
        self._checked = checked
        self._data = dict(data)
        self._limits = limits
        self._strict = strict_builtin_errors
        self._prepared: dict[Hashable, Program] = {}
        self._programs: OrderedDict[Hashable, Program] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False

    def prepare(self, entrypoints: Sequence[str]) -> None:
        """Make the functions for these entrypoints now, all in one program; it stays as long as the policy."""
        planned = self._planned(entrypoints=tuple(entrypoints))
        program = Program(planned, self._data, strict_builtin_errors=self._strict)
        with self._lock:
            self._prepared.update(dict.fromkeys(entrypoints, program))

    def evaluate(self, entrypoint: str, input: Any, *, seconds: float | None = None) -> Any:  # noqa: A002
        """See `Policy.evaluate`."""
        program = self._program(entrypoint, lambda: self._planned(entrypoints=(entrypoint,)))
        return program.evaluate(entrypoint, input, seconds=self._seconds(seconds))

    def query(
        self,
        query: str,
        input: Any = UNDEFINED,  # noqa: A002
        *,
        package: Sequence[str] = (),
        imports: Sequence[str] = (),
        seconds: float | None = None,
    ) -> list[Result]:
        """See `Policy.query`."""
        body = _query_body(query)
        where, known = tuple(package), _imports(imports)
        with _defects_told():
            # Without our own variables first: errors are about what was asked.
            compile_query(self._checked, body, where, known)
            captured = tuple(self._captured(_told_apart(expr), number) for number, expr in enumerate(body))
            checked = compile_query(self._checked, captured, where, known)
            program = self._program(
                (query, *package, None, *imports), lambda: self._planned(queries={_QUERY: checked})
            )
        given = ... if input is UNDEFINED else from_json(input)
        rows = program.results(_QUERY, given, seconds=self._seconds(seconds))
        return _results(query, body, checked, rows)

    def close(self) -> None:
        """See `Policy.close`."""
        with self._lock:
            self._closed = True
            self._prepared.clear()
            self._programs.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _planned(self, **wanted: Any) -> ir.Policy:
        """The plan for entrypoints or queries, unless it calls what policies may not call."""
        planned = plan(self._checked, **wanted)
        refused = [function.name for function in planned.static.builtin_funcs if function.name in REFUSED]
        if refused:
            raise RegoCompileError(
                [
                    Issue(
                        "rego_type_error",
                        f"`{name}` is not allowed: policies don't reach out of the process; give them what they "
                        "need as input or data",
                    )
                    for name in refused
                ]
            )
        return planned

    def _captured(self, expr: Expr, number: int) -> Expr:
        """The expression with its value bound to a variable of ours, false ones too."""
        what = expr.what
        if not _has_value(expr) or (isinstance(what, Call) and self._names_its_result(what)):
            return expr
        variable = Var(_CAPTURE.format(number), expr.place)
        return replace(expr, what=Call(Ref(Var("eq"), ()), (variable, what), expr.place))  # type: ignore[arg-type]

    def _names_its_result(self, call: Call) -> bool:
        """Whether a call has one operand more than its function: `walk(x, [path, value])` is just true."""
        arity = self._checked.arity(call.operator)
        return arity is not None and arity >= 0 and len(call.args) == arity + 1

    def _seconds(self, seconds: float | None) -> float:
        return self._limits.evaluate_seconds if seconds is None else seconds

    def _program(self, name: Hashable, planned: Callable[[], Any]) -> Program:
        with self._lock:
            if self._closed:
                raise RegoEvaluationError("the policy is closed", code="rego_policy_closed")
            if name in self._prepared:
                return self._prepared[name]
            program = self._programs.get(name)
            if program is not None:
                self._programs.move_to_end(name)
                return program
            with _defects_told():
                program = Program(planned(), self._data, strict_builtin_errors=self._strict)
            self._programs[name] = program
            if len(self._programs) > _MOST_PROGRAMS:
                self._programs.popitem(last=False)
            return program


def _query_body(query: str) -> Body:
    body, issues = parse_query(query)
    if body is None or issues:
        raise RegoCompileError(issues)
    return body


def _imports(texts: Sequence[str]) -> list[Import]:
    """Imports as they stand in a module: `data.a.b`, `data.a as b`, `input.x`."""
    lines = "".join(f"import {text}\n" for text in texts)
    module, issues = parse_module(f"package imports\n{lines}")
    if module is None:
        raise RegoCompileError(issues)
    return list(module.imports)


def _has_value(expr: Expr) -> bool:
    """Whether an expression of a query has a value of its own to show; `x := 1`, `some x` and `not …` are just true."""
    if expr.negated or isinstance(expr.what, Some | SomeIn | Every):
        return False
    return not (isinstance(expr.what, Call) and expr.what.name in _WITHOUT_VALUE)


def _told_apart(expr: Expr) -> Expr:
    """The expression with its wildcards named: like OPA we give a row for each way in which a query is true."""
    if expr.negated or isinstance(expr.what, Some | SomeIn | Every):
        return expr

    def name(term: Term) -> Term:
        if isinstance(term, Var):
            return Var(_HIDDEN.format(term.name[1:]), term.place) if term.is_wildcard else term
        return term if closure_parts(term) or isinstance(term, Template) else rebuild(term, name)

    return replace(expr, what=name(expr.what))


def _iterates(body: Body) -> bool:
    """Whether a ref outside of closures has a variable in its path, or `walk` is called: then false is no answer."""
    stack: list[Any] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, Ref) and any(isinstance(step, Var) for step in node.path):
            return True
        if isinstance(node, Call) and node.name == "walk":
            return True
        stack.extend(parts(node))
    return False


def _results(query: str, body: Body, checked: CheckedQuery, rows: list[dict[str, Any]]) -> list[Result]:
    """Rows of bindings as results in OPA's form."""
    texts = _texts(query, body)
    shown = [number for number, expr in enumerate(body) if not isinstance(expr.what, Some)]
    # OPA shows a false value only when it is all that was asked.
    only_true = len(shown) > 1 or _iterates(body)
    own = [name for name in checked.outputs if not name.endswith("_of_query")]
    found = []
    for row in rows:
        values = {name: to_json(value) for name, value in row.items()}
        expressions = [
            Expression(values.get(_CAPTURE.format(number), True), texts[number], *body[number].place)
            for number in shown
        ]
        if only_true and any(expression.value is False for expression in expressions):
            continue
        found.append(Result(tuple(expressions), {name: values[name] for name in own if name in values}))
    return found


def _texts(query: str, body: Body) -> list[str]:
    """The source text of each expression: from its place to the next one's, without what separates them."""
    lines = query.splitlines(keepends=True)
    starts = [sum(map(len, lines[: expr.place.row - 1])) + expr.place.column - 1 for expr in body]
    ends = [*starts[1:], len(query)]
    return [
        query[start:end].strip().removesuffix(";").strip() for start, end in zip(starts, ends, strict=True)
    ]
