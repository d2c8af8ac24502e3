"""Walking trees: rebuild a term from its parts, list what stands in it, find its variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from policy_engine.rego.syntax.tree import (
    Array,
    ArrayComprehension,
    Call,
    Every,
    Expr,
    Object,
    ObjectComprehension,
    Ref,
    Rule,
    Scalar,
    Set,
    SetComprehension,
    Some,
    SomeIn,
    String,
    Template,
    Term,
    Var,
    With,
)

Node: TypeAlias = Term | Expr | Some | SomeIn | Every | With
Closure: TypeAlias = ArrayComprehension | SetComprehension | ObjectComprehension | Every
LEAVES: Final[frozenset[type]] = frozenset(Scalar)
ROOTS: Final = frozenset({"data", "input"})


def rebuild(term: Term, change: Callable[[Term], Term]) -> Term:
    """The term with each of its direct parts changed; comprehensions and templates are the caller's business."""
    if type(term) in LEAVES:
        return term
    match term:
        case Ref():
            return Ref(change_head(term.head, change), tuple(map(change, term.path)), term.place)
        case Array():
            return Array(tuple(map(change, term.items)), term.place)
        case Set():
            return Set(tuple(map(change, term.items)), term.place)
        case Object():
            return Object(tuple((change(key), change(value)) for key, value in term.pairs), term.place)
        case Call():
            return Call(term.operator, tuple(map(change, term.args)), term.place)
    return term


def change_head(head: Term, change: Callable[[Term], Term]) -> Term:
    """`data` and `input` at the head of a ref are no variables."""
    return head if isinstance(head, Var) and head.name in ROOTS else change(head)


_NONE: tuple[Node, ...] = ()


def _ref_parts(node: Ref) -> Sequence[Node]:
    if type(node.head) is Var and node.head.name in ROOTS:
        return node.path
    return (node.head, *node.path)


def _optional(node: Node | None) -> tuple[Node, ...]:
    return _NONE if node is None else (node,)


_PARTS: Final[Mapping[type, Callable[[Any], Sequence[Node]]]] = {
    Ref: _ref_parts,
    Array: lambda node: node.items,
    Set: lambda node: node.items,
    Object: lambda node: tuple(part for pair in node.pairs for part in pair),
    Call: lambda node: node.args,
    Template: lambda node: node.parts,
    Expr: lambda node: (node.what, *node.withs) if node.withs else (node.what,),
    With: lambda node: (node.target, node.value),
    Some: lambda node: node.variables,
    SomeIn: lambda node: (*_optional(node.key), node.value, node.collection),
    Every: lambda node: (node.domain,),
}
"""What stands directly in a node. Operators of calls don't count, nor what closures contain; scalars have no parts."""

_CLOSURE_PARTS: Final[Mapping[type, Callable[[Any], Sequence[Node]]]] = {
    ArrayComprehension: lambda node: (node.head, *node.body),
    SetComprehension: lambda node: (node.head, *node.body),
    ObjectComprehension: lambda node: (node.key, node.value, *node.body),
    Every: lambda node: (*_optional(node.key), node.value, *node.body),
}
"""What stands in a closure: it sees the variables around it, and what it binds is not seen outside."""


def parts(node: Node) -> Sequence[Node]:
    """What stands directly in a node, outside of closures."""
    get = _PARTS.get(type(node))
    return _NONE if get is None else get(node)


def closure_parts(node: Node) -> Sequence[Node]:
    """What stands in a closure; nothing for any other node."""
    get = _CLOSURE_PARTS.get(type(node))
    return _NONE if get is None else get(node)


def everything(*nodes: Node) -> Iterator[Node]:
    """The nodes and all that stands in them, outer before inner."""
    stack: list[Node] = list(reversed(nodes))
    push = stack.extend
    while stack:
        node = stack.pop()
        yield node
        kind = type(node)
        if kind in _CLOSURE_PARTS:
            push(reversed(_CLOSURE_PARTS[kind](node)))
        if kind in _PARTS:
            push(reversed(_PARTS[kind](node)))


def variables(*nodes: Node) -> set[str]:
    """All variables, also those of closures; `data` and `input` at the head of a ref are none."""
    return {node.name for node in everything(*nodes) if type(node) is Var}


def open_variables(*nodes: Node) -> set[str]:
    """The variables outside of closures: what an expression itself needs or binds."""
    found: set[str] = set()
    stack: list[Node] = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, Var):
            found.add(node.name)
        else:
            stack.extend(parts(node))
    return found


def pattern_variables(*nodes: Node) -> set[str]:
    """The variables that matching a pattern binds: not those of closures, sets, keys of objects, or heads of refs."""
    found: set[str] = set()
    stack: list[Node] = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, Var):
            found.add(node.name)
        elif isinstance(node, Ref):
            stack.extend(node.path)
        elif isinstance(node, Object):
            stack.extend(value for _, value in node.pairs)
        elif not isinstance(node, Set):
            stack.extend(parts(node))
    return found


def needs_evaluation(term: Term) -> bool:
    """Whether the term has a ref, a call or a comprehension in it."""
    kinds = (Ref, Call, ArrayComprehension, SetComprehension, ObjectComprehension, Template)
    return any(isinstance(node, kinds) for node in everything(term))


def rule_nodes(rule: Rule) -> list[Node]:
    """The nodes of a rule without its else rules: body first, then the head."""
    head = rule.head
    given = (*head.ref.path, *head.args, *(term for term in (head.key, head.value) if term is not None))
    return [*rule.body, *given]


def show(term: Term) -> str:
    """A ref or a variable as a message has it: `data.a.p[x]`."""
    if isinstance(term, Var):
        return "_" if term.is_wildcard else term.name
    if not isinstance(term, Ref):
        return type(term).__name__.lower()
    steps = [
        f".{step.value}" if isinstance(step, String) and step.value.isidentifier() else f"[{_step(step)}]"
        for step in term.path
    ]
    return show(term.head) + "".join(steps)


def _step(step: Term) -> str:
    match step:
        case String():
            return f'"{step.value}"'
        case Ref() | Var():
            return show(step)
    return str(getattr(step, "text", getattr(step, "value", type(step).__name__.lower())))
