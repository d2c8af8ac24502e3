"""Graphs as objects from a node to its neighbours, and `walk` over the tree of a value."""

from __future__ import annotations

from typing import Any

from policy_engine.rego.builtins.operands import elements, rego_object, wrong_type
from policy_engine.rego.builtins.registry import BuiltinContext, builtin
from policy_engine.rego.value_model import RegoSet, sorted_keys, unkey
from policy_engine.rego.value_model import key as key_of

_Graph = dict[Any, Any]


def _start(value: Any) -> list[Any]:
    found = elements(value)
    if found is None:
        raise wrong_type(2, value, "{array, set}")
    return list(found)


def _neighbours(graph: _Graph, node: Any) -> list[Any] | None:
    """None when the node isn't in the graph."""
    edges = graph.get(key_of(node), ...)
    return None if edges is ... else list(elements(edges) or ())


@builtin("graph.reachable", arity=2, context=True)
def reachable(context: BuiltinContext, graph: Any, initial: Any) -> RegoSet:
    """The nodes of the graph that can be reached from the initial ones, these included."""
    nodes, waiting = rego_object(graph, 1), _start(initial)
    reached = RegoSet()
    while waiting:
        node = waiting.pop()
        if node in reached:
            continue
        edges = _neighbours(nodes, node)
        if edges is not None:
            context.charge(len(edges) + 1)
            reached.add(node)
            waiting.extend(edges)
    return reached


@builtin("graph.reachable_paths", arity=2, context=True)
def reachable_paths(context: BuiltinContext, graph: Any, initial: Any) -> RegoSet:
    """The paths from the initial nodes to where they end, or close a circle."""
    nodes = rego_object(graph, 1)
    paths = RegoSet()
    for node in _start(initial):
        edges = _neighbours(nodes, node)
        if edges is None:
            continue
        if not edges:
            paths.add([node])
        for neighbour in edges:
            _extend(context, nodes, [node], neighbour, paths)
    return paths


def _extend(context: BuiltinContext, graph: _Graph, start: list[Any], first: Any, found: RegoSet) -> None:
    """Depth first, without recursion; a path is charged by its length."""
    waiting: list[tuple[list[Any], Any]] = [(start, first)]
    while waiting:
        path, node = waiting.pop()
        context.charge(len(path))
        edges = _neighbours(graph, node)
        if edges is None:
            found.add(path)
            continue
        path = [*path, node]
        if not edges:
            found.add(path)
            continue
        seen = RegoSet(path)
        for neighbour in edges:
            if neighbour in seen:
                found.add(path)
            else:
                waiting.append((path, neighbour))


@builtin("walk", arity=1, context=True)
def walk(context: BuiltinContext, value: Any) -> list[Any]:
    """Every `[path, value]` in the tree of a value, itself first. OPA calls it a relation: the caller loops over it."""
    result: list[Any] = []
    waiting: list[tuple[list[Any], Any]] = [([], value)]
    while waiting:
        path, item = waiting.pop()
        result.append([path, item])
        kind = type(item)
        if kind is dict:
            context.charge(len(item) * (len(path) + 1))
            waiting.extend(([*path, unkey(name)], item[name]) for name in reversed(sorted_keys(item)))
        elif kind is list:
            context.charge(len(item) * (len(path) + 1))
            waiting.extend(([*path, at], item[at]) for at in range(len(item) - 1, -1, -1))
        elif kind is RegoSet:
            context.charge(len(item) * (len(path) + 1))
            waiting.extend(([*path, member], member) for member in reversed(item.sorted()))
    return result
