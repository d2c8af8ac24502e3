"""Walking trees: rebuild a term from its parts, list what stands in it, find its variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from policy_engine.rego.syntax.tree import (
    Array,
    ArrayComprehension,
    Body,
    Call,
    Every,
    Expr,
    Object,
    ObjectComprehension,
    Ref,
    Rule,
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
ROOTS = frozenset({"data", "input"})


def rebuild(term: Term, change: Callable[[Term], Term]) -> Term:
    """The term with each of its direct parts changed; comprehensions and templates are the caller's business."""
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


def parts(node: Node, *, closures: bool = True) -> Iterator[Node]:
    """What stands directly in a node: operators of calls left out, and with `closures` False what closures contain."""
    match node:
        case Ref():
            if not (isinstance(node.head, Var) and node.head.name in ROOTS):
                yield node.head
            yield from node.path
        case Array() | Set():
            yield from node.items
        case Object():
            yield from (part for pair in node.pairs for part in pair)
        case Call():
            yield from node.args
        case Template():
            yield from node.parts
        case Expr():
            yield node.what
            yield from node.withs
        case With():
            yield from (node.target, node.value)
        case Every() | SomeIn() | Some():
            yield from _parts_of_declarations(node)
    if closures and isinstance(node, Closure):
        yield from closure_parts(node)


def _parts_of_declarations(node: Some | SomeIn | Every) -> Iterator[Node]:
    match node:
        case Some():
            yield from node.variables
        case SomeIn():
            if node.key is not None:
                yield node.key
            yield from (node.value, node.collection)
        case Every():
            yield node.domain


def closure_parts(node: Closure) -> Iterator[Node]:
    """What stands in a closure: it sees the variables around it, and what it binds is not seen outside."""
    match node:
        case ArrayComprehension() | SetComprehension():
            yield node.head
        case ObjectComprehension():
            yield from (node.key, node.value)
        case Every():
            if node.key is not None:
                yield node.key
            yield node.value
    yield from node.body


def everything(*nodes: Node) -> Iterator[Node]:
    """The nodes and all that stands in them, outer before inner, in the order of the text."""
    stack: list[Node] = list(reversed(nodes))
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(list(parts(node))))


def variables(*nodes: Node) -> set[str]:
    """All variables, also those of closures; `data` and `input` at the head of a ref are none."""
    return {node.name for node in everything(*nodes) if isinstance(node, Var)}


def open_variables(*nodes: Node) -> set[str]:
    """The variables outside of closures: what an expression itself needs or binds."""
    found: set[str] = set()
    stack: list[Node] = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, Var):
            found.add(node.name)
        else:
            stack.extend(parts(node, closures=False))
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
            stack.extend(parts(node, closures=False))
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


def operators(*nodes: Node) -> Iterator[Call]:
    """All calls, nested ones too."""
    return (node for node in everything(*nodes) if isinstance(node, Call))


def bodies(node: Node) -> Iterator[Body]:
    """The bodies of the closures in a node, each before those within it."""
    for inner in everything(node):
        if isinstance(inner, ArrayComprehension | SetComprehension | ObjectComprehension | Every):
            yield inner.body


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
