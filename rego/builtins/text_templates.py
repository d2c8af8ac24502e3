"""`strings.render_template`: the part of Go's text/template that policies use.

Actions `{{ … }}` with trim marks and comments; `if`, `else if`, `else`, `with`, `range` (with `$i, $v :=`), `end`;
fields, `$variables`, literals, parentheses, pipelines, and the functions of `_FUNCTIONS`. Anything else is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from policy_engine.rego.builtins.go_text import rego_text
from policy_engine.rego.builtins.operands import rego_object, string
from policy_engine.rego.builtins.registry import BuiltinContext, BuiltinError, BuiltinLimit, builtin
from policy_engine.rego.builtins.sprintf import sprintf
from policy_engine.rego.value_model import compare, equal, is_number, number_text, to_json

_ACTION: Final = re.compile(r"\{\{(- )?(.*?)( -)?\}\}", re.DOTALL)
_COMMENT: Final = re.compile(r"\s*/\*.*\*/\s*", re.DOTALL)
_TOKEN: Final = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?P<number>[+-]?\d+(?:\.\d+)?)|(?P<field>\.\w+(?:\.\w+)*)'
    r"|(?P<variable>\$\w*(?:\.\w+)*)|(?P<name>[A-Za-z_]\w*)|(?P<mark>:=|[=|(),.]))"
)
_MAX_OUTPUT: Final = 16_000_000
_MAX_NESTING: Final = 100
_SPACE: Final = " \t\r\n"


@dataclass(slots=True)
class _Node:
    """Text, or an action with what it holds."""

    kind: str
    text: str = ""
    body: list[_Node] = field(default_factory=list)
    other: list[_Node] = field(default_factory=list)


@builtin("strings.render_template", arity=2, context=True)
def render_template(context: BuiltinContext, template: Any, variables: Any) -> str:
    """The template with its actions carried out on the variables; what isn't there is `<undefined>`."""
    nodes = _parse(string(template, 1))
    value = to_json(rego_object(variables, 2))
    output = _Renderer(context, value)
    output.render(nodes, value)
    return "".join(output.parts).replace("<no value>", "<undefined>")


def _parse(text: str) -> list[_Node]:
    root = _Node("root")
    stack: list[tuple[_Node, list[_Node]]] = [(root, root.body)]
    at, trim = 0, False
    for found in _ACTION.finditer(text):
        literal = text[at : found.start()]
        literal = literal.lstrip(_SPACE) if trim else literal
        stack[-1][1].append(_Node("text", literal.rstrip(_SPACE) if found[1] else literal))
        at, trim = found.end(), bool(found[3])
        if not _COMMENT.fullmatch(found[2]):
            _action(found[2].strip(), stack)
    if len(stack) != 1 or "{{" in text[at:]:
        raise BuiltinError("template: an action isn't closed, or `{{end}}` is missing")
    stack[-1][1].append(_Node("text", text[at:].lstrip(_SPACE) if trim else text[at:]))
    return root.body


def _action(source: str, stack: list[tuple[_Node, list[_Node]]]) -> None:
    word, _, rest = source.partition(" ")
    if word in ("if", "with", "range"):
        if len(stack) > _MAX_NESTING:
            raise BuiltinError(f"template: actions are nested deeper than {_MAX_NESTING} levels")
        node = _Node(word, rest)
        stack[-1][1].append(node)
        stack.append((node, node.body))
    elif word == "else":
        node = stack[-1][0]
        if node.kind == "root" or stack[-1][1] is node.other:
            raise BuiltinError("template: unexpected {{else}}")
        stack[-1] = (node, node.other)
        if rest:
            kind, _, condition = rest.strip().partition(" ")
            if kind != "if":
                raise BuiltinError(f"template: unexpected `{rest}` after else")
            inner = _Node("if", condition)
            node.other.append(inner)
            stack[-1] = (inner, inner.body)
    elif word == "end" and not rest:
        if len(stack) == 1:
            raise BuiltinError("template: unexpected {{end}}")
        stack.pop()
    elif word in ("define", "template", "block", "break", "continue"):
        raise BuiltinError(f"template: `{word}` is not supported")
    else:
        stack[-1][1].append(_Node("value", source))


def _no_value(value: Any) -> bool:
    return value is ... or value is None


def _truth(value: Any) -> bool:
    return not (
        _no_value(value) or value is False or value in ("", [], {}) or (is_number(value) and value == 0)
    )


def _shown(value: Any) -> str:
    """A value as Go's fmt prints it."""
    if _no_value(value):
        return "<no value>"
    if type(value) is str:
        return value
    if type(value) is list:
        return "[" + " ".join(_inner(item) for item in value) + "]"
    if type(value) is dict:
        return "map[" + " ".join(f"{name}:{_inner(value[name])}" for name in sorted(value)) + "]"
    return number_text(value) if is_number(value) else rego_text(value)


def _inner(value: Any) -> str:
    return "<nil>" if _no_value(value) else _shown(value)


class _Renderer:
    """Carries out nodes, charging for loops and output."""

    def __init__(self, context: BuiltinContext, root: Any) -> None:
        self.context, self.parts, self.size = context, [], 0
        self.variables: dict[str, Any] = {"$": root}

    parts: list[str]

    def put(self, text: str) -> None:
        self.size += len(text)
        if self.size > _MAX_OUTPUT:
            raise BuiltinLimit(f"the text would be longer than {_MAX_OUTPUT} characters")
        self.parts.append(text)

    def render(self, nodes: list[_Node], dot: Any) -> None:
        for node in nodes:
            self.context.charge(1)
            if node.kind == "text":
                self.put(node.text)
            elif node.kind == "value":
                names, value = self.evaluate(node.text, dot)
                if not names:
                    self.put(_shown(value))
            else:
                self.control(node, dot)

    def control(self, node: _Node, dot: Any) -> None:
        outer = dict(self.variables)
        names, value = self.evaluate(node.text, dot, loop=node.kind == "range")
        if node.kind == "range":
            self.loop(node, names, value, dot)
        elif _truth(value):
            self.render(node.body, value if node.kind == "with" else dot)
        else:
            self.render(node.other, dot)
        self.variables = outer

    def loop(self, node: _Node, names: list[str], value: Any, dot: Any) -> None:
        if type(value) is list:
            entries: list[tuple[Any, Any]] = list(enumerate(value))
        elif type(value) is dict:
            entries = sorted(value.items())
        elif _no_value(value):
            entries = []
        else:
            raise BuiltinError(f"template: range can't iterate over {_shown(value)}")
        for key, item in entries:
            if names:
                self.variables[names[-1]] = item
            if len(names) == 2:
                self.variables[names[0]] = key
            self.render(node.body, item)
        if not entries:
            self.render(node.other, dot)

    def evaluate(self, source: str, dot: Any, *, loop: bool = False) -> tuple[list[str], Any]:
        """The value of a pipeline, and the variables that it is given to."""
        return _Pipeline(self, source, dot).run(loop)


class _Pipeline:
    """Reads and evaluates one pipeline."""

    def __init__(self, renderer: _Renderer, source: str, dot: Any) -> None:
        self.renderer, self.dot, self.at = renderer, dot, 0
        self.tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(source.rstrip()):
            found = _TOKEN.match(source, place)
            if found is None:
                raise BuiltinError(f"template: unexpected `{source[place:].strip()[:20]}`")
            self.tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
            place = found.end()

    def run(self, loop: bool) -> tuple[list[str], Any]:
        marks = [at for at, token in enumerate(self.tokens) if token in (("mark", ":="), ("mark", "="))]
        names: list[str] = []
        if marks:
            names = [text for kind, text in self.tokens[: marks[0]] if kind == "variable"]
            self.at = marks[0] + 1
            if not names or len(names) > 1 + loop:
                raise BuiltinError("template: a declaration needs a variable")
        value = self.pipeline()
        if self.at != len(self.tokens):
            raise BuiltinError("template: unexpected text in an action")
        if names and not loop:
            self.renderer.variables[names[0]] = value
        return names, value

    def pipeline(self) -> Any:
        value = self.command([])
        while self.peek() == ("mark", "|"):
            self.at += 1
            value = self.command([value])
        return value

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def command(self, piped: list[Any]) -> Any:
        kind, text = self.peek()
        if kind == "name" and text not in ("true", "false", "nil"):
            self.at += 1
            arguments: list[Any] = []
            while self.peek()[0] != "end" and self.peek() not in (("mark", "|"), ("mark", ")")):
                arguments.append(self.operand())
            function = _FUNCTIONS.get(text)
            if function is None:
                raise BuiltinError(f'template: function "{text}" not defined')
            return function([*arguments, *piped])
        if piped:
            raise BuiltinError("template: only a function can take what is piped")
        return self.operand()

    def operand(self) -> Any:
        kind, text = self.peek()
        self.at += 1
        if kind == "text":
            return text[1:-1] if text[0] == "`" else json.loads(text)
        if kind == "number":
            return json.loads(text)
        if kind == "field":
            return _field(self.dot, text[1:].split("."))
        if kind == "variable":
            name, *steps = text.split(".")
            if name not in self.renderer.variables:
                raise BuiltinError(f'template: undefined variable "{name}"')
            return _field(self.renderer.variables[name], steps)
        if (kind, text) == ("mark", "."):
            return self.dot
        if (kind, text) == ("mark", "("):
            value = self.pipeline()
            if self.peek() != ("mark", ")"):
                raise BuiltinError("template: a parenthesis isn't closed")
            self.at += 1
            return value
        if kind == "name" and text in ("true", "false", "nil"):
            return {"true": True, "false": False, "nil": None}[text]
        raise BuiltinError(f"template: unexpected `{text}` in an operand")


def _field(value: Any, steps: list[str]) -> Any:
    for step in steps:
        if _no_value(value):
            raise BuiltinError(f"template: nil data; no entry for key {step}")
        if type(value) is not dict:
            raise BuiltinError(f"template: can't evaluate field {step}")
        value = value.get(step, ...)
    return value


def _index(arguments: list[Any]) -> Any:
    value, *steps = arguments
    for step in steps:
        if type(value) is list and type(step) is int and 0 <= step < len(value):
            value = value[step]
        elif type(value) is dict and type(step) is str:
            value = value.get(step, ...)
        else:
            raise BuiltinError("template: error calling index")
    return value


def _length(arguments: list[Any]) -> int:
    if len(arguments) != 1 or type(arguments[0]) not in (str, list, dict):
        raise BuiltinError("template: error calling len")
    return len(arguments[0])


def _logic(stop: bool) -> Callable[[list[Any]], Any]:
    def first(arguments: list[Any]) -> Any:
        for value in arguments:
            if _truth(value) is stop:
                return value
        return arguments[-1] if arguments else None

    return first


def _ordered(test: Callable[[int], bool]) -> Callable[[list[Any]], bool]:
    def compared(arguments: list[Any]) -> bool:
        if len(arguments) != 2 or type(arguments[0]) is not type(arguments[1]):
            raise BuiltinError("template: incompatible types for comparison")
        return test(compare(arguments[0], arguments[1]))

    return compared


def _print(arguments: list[Any]) -> str:
    """As Go's Sprint: a space between two operands when neither is a string."""
    parts: list[str] = []
    for at, value in enumerate(arguments):
        if at and type(value) is not str and type(arguments[at - 1]) is not str:
            parts.append(" ")
        parts.append(_shown(value))
    return "".join(parts)


_FUNCTIONS: Final[dict[str, Callable[[list[Any]], Any]]] = {
    "and": _logic(False),
    "or": _logic(True),
    "not": lambda arguments: not _truth(arguments[0] if arguments else None),
    "len": _length,
    "index": _index,
    "print": _print,
    "println": lambda arguments: " ".join(map(_shown, arguments)) + "\n",
    "printf": lambda arguments: sprintf(arguments[0] if arguments else "", arguments[1:]),
    "eq": lambda arguments: any(equal(arguments[0], other) for other in arguments[1:]),
    "ne": lambda arguments: len(arguments) == 2 and not equal(arguments[0], arguments[1]),
    "lt": _ordered(lambda order: order < 0),
    "le": _ordered(lambda order: order <= 0),
    "gt": _ordered(lambda order: order > 0),
    "ge": _ordered(lambda order: order >= 0),
}
