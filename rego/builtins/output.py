"""`print`, `trace`, template strings, and what `opa test` uses: text for people.

`internal.print` and `internal.template_string` get each operand in a set (empty when it is undefined), or as it is.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from policy_engine.rego.builtins.go_text import plain_text
from policy_engine.rego.builtins.operands import array, string
from policy_engine.rego.builtins.registry import BuiltinContext, BuiltinHalt, builtin
from policy_engine.rego.value_model import RegoSet, type_name


def _choices(operand: Any) -> list[str]:
    """The texts that one operand can have."""
    if type(operand) is RegoSet:
        return [plain_text(item) for item in operand] or ["<undefined>"]
    if type(operand) in (list, dict):
        raise BuiltinHalt(f"illegal argument type: {type_name(operand)}", code="eval_internal_error")
    return [plain_text(operand)]


@builtin("internal.print", arity=1, context=True)
def internal_print(context: BuiltinContext, operands: Any) -> Any:
    """One line for each combination of the operands' values."""
    choices = [_choices(operand) for operand in array(operands, 1)]
    for texts in product(*choices):
        context.charge(1)
        context.printed.append(" ".join(texts))
    return True


@builtin("print", arity=1, context=True)
def plain_print(context: BuiltinContext, operands: Any) -> Any:
    """As `internal.print`; compilers rewrite `print` to that."""
    return internal_print(context, operands)


@builtin("internal.template_string", arity=1)
def template_string(parts: Any) -> str:
    """The parts of a template string, joined."""
    choices = [_choices(part) for part in array(parts, 1)]
    if any(len(texts) > 1 for texts in choices):
        raise BuiltinHalt("template-strings must not produce multiple outputs", code="eval_conflict_error")
    return "".join(texts[0] for texts in choices)


@builtin("trace", arity=1, context=True)
def trace(context: BuiltinContext, note: Any) -> bool:
    """Always true; the note is for those who watch the evaluation."""
    text = string(note, 1)
    notes = getattr(context, "notes", None)
    if notes is not None:
        notes.append(text)
    return True


@builtin("internal.test_case", arity=1)
def name_test_case(name: Any) -> bool:
    """Always true; names a case within a test."""
    return name is not ...
