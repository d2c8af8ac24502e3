"""What every builtin answers is what OPA 1.22 answered (`cases/*.txt`): value, undefined, or the code of the error.

Operand errors are compared with their whole text, other errors by their code: Go's libraries have words of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from policy_engine.rego.builtins.go_text import rego_text
from policy_engine.rego.builtins.registry import BuiltinError
from policy_engine.rego.value_model import equal

Evaluate = Callable[[str], Any]


def cases_of(file: Path) -> Iterator[tuple[str, str]]:
    lines = [
        line for line in file.read_text(encoding="utf-8").split("\n") if line and not line.startswith("#")
    ]
    return zip(lines[::2], lines[1::2], strict=True)


def difference(evaluate: Evaluate, expression: str, expected: str) -> str | None:
    """What is found, if it isn't what is expected."""
    try:
        value = evaluate(expression)
    except BuiltinError as error:
        found = f"! {error.code}: {error.message}"
        same = (
            found == expected
            if error.code == "eval_type_error"
            else found.split(": ")[0] == expected.split(": ")[0]
        )
        return None if same else found
    if value is ...:
        return None if expected == "= undefined" else "= undefined"
    wanted = expected.startswith("= ") and expected != "= undefined"
    if wanted and equal(value, evaluate(expected[2:])):
        return None
    return f"= {rego_text(value)}"


def test_builtins_answer_as_opa_does(case_file: Path, evaluate: Evaluate) -> None:
    wrong = [
        f"{expression}\n  OPA:  {expected}\n  here: {found}"
        for expression, expected in cases_of(case_file)
        if (found := difference(evaluate, expression, expected)) is not None
    ]
    assert not wrong, "\n".join(wrong)
