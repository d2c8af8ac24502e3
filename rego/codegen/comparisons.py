"""Text of literals and of comparisons: plain Python where Python and Rego agree, the exact `equal` elsewhere."""

from __future__ import annotations

from typing import Any

from policy_engine.rego.value_model import equal


def literal_text(value: Any) -> str | None:
    """Python text of a scalar constant, if it has one."""
    if value is None or isinstance(value, bool | str | float):
        return repr(value)
    if isinstance(value, int):
        return repr(value) if value >= 0 else f"({value!r})"
    return None


def compared(texts: list[str], constants: list[Any], *, same: bool) -> str:
    """The test whether two operands are the same, or differ; constants are undefined where they aren't known."""
    if constants[0] is not ... and constants[1] is not ...:
        return repr(equal(constants[0], constants[1]) is same)
    if constants[0] is not ...:
        texts, constants = texts[::-1], constants[::-1]
    (one, other), constant = texts, constants[1]
    if type(constant) is str:
        return f"{one} {'==' if same else '!='} {other}"
    if type(constant) is bool or constant is None:
        return f"{one} {'is' if same else 'is not'} {other}"
    if type(constant) is int:
        # Python takes True for 1.
        if constant not in {0, 1}:
            return f"{one} {'==' if same else '!='} {other}"
        kind = f"{one}.__class__ is bool"
        return f"{one} == {other} and not {kind}" if same else f"{one} != {other} or {kind}"
    return f"equal({one}, {other})" if same else f"not equal({one}, {other})"
