"""The rule index: of many bodies that each ask for one word, only those that ask for the given word are run.

A body that must find `input.action.verb == "delete"` before it does anything can only matter when the verb is that.
Such bodies become functions of their own behind a dictionary from the word to them. They still make their own tests,
so the index never decides anything; it only leaves out what would end at its guard.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from policy_engine.rego.codegen.nodes import Facts, Node, assigned_within
from policy_engine.rego.plan import ir

MIN_BODIES: Final = 4
"""Fewer bodies than this are as fast one after the other."""

Path = tuple[int, tuple[str, ...]]
_HARMLESS: Final = (
    ir.ResetLocalStmt,
    ir.AssignVarStmt,
    ir.AssignIntStmt,
    ir.MakeNullStmt,
    ir.MakeNumberIntStmt,
    ir.MakeNumberRefStmt,
    ir.MakeArrayStmt,
    ir.MakeObjectStmt,
    ir.MakeSetStmt,
    ir.DotStmt,
    ir.EqualStmt,
    ir.NotEqualStmt,
    ir.IsDefinedStmt,
    ir.IsUndefinedStmt,
)


@dataclass(frozen=True, slots=True)
class Index:
    """The path that is looked at, and the word that each body (by its place in the function) asks for."""

    path: Path
    words: dict[int, str]


def find_index(
    tree: list[list[Node]], facts: Facts, strings: tuple[str, ...], answer: int | None, built: int
) -> Index | None:
    """The index that leaves out most bodies of a function, if it is worth having.

    A body is fit for it when it gives nothing to the others but the function's only `answer`, or members of the set or
    object in the local `built`.
    """
    if len(tree) < MIN_BODIES or facts.borrows:
        return None
    guarded = {
        number: guards
        for number, nodes in enumerate(tree)
        if facts.bodies[number].foreign <= {built}
        and not (assigned_within(nodes, changed=False) - {answer}) & facts.shared
        and (guards := _guards(nodes, strings))
    }
    counts = Counter(path for guards in guarded.values() for path in guards)
    if not counts:
        return None
    path, count = counts.most_common(1)[0]
    if count < MIN_BODIES:
        return None
    return Index(path, {number: guards[path] for number, guards in guarded.items() if path in guards})


def _guards(nodes: list[Node], strings: tuple[str, ...]) -> dict[Path, str]:
    """Which paths below input must be which strings before the body does anything that could be noticed."""
    paths: dict[int, Path] = {ir.INPUT: (ir.INPUT, ())}
    found: dict[Path, str] = {}
    for node in nodes:
        stmt = node.stmt
        if not isinstance(stmt, _HARMLESS):
            break
        if isinstance(stmt, ir.EqualStmt):
            _note(stmt, paths, strings, found)
        elif isinstance(stmt, ir.DotStmt | ir.AssignVarStmt):
            _follow(stmt, paths, strings)
    return found


def _note(
    stmt: ir.EqualStmt, paths: dict[int, Path], strings: tuple[str, ...], found: dict[Path, str]
) -> None:
    for one, other in ((stmt.a, stmt.b), (stmt.b, stmt.a)):
        if (
            isinstance(one, ir.Local)
            and isinstance(other, ir.StringIndex)
            and paths.get(one.value, (0, ()))[1]
        ):
            found.setdefault(paths[one.value], strings[other.value])


def _follow(stmt: ir.DotStmt | ir.AssignVarStmt, paths: dict[int, Path], strings: tuple[str, ...]) -> None:
    source = paths.get(stmt.source.value) if isinstance(stmt.source, ir.Local) else None
    paths.pop(stmt.target, None)
    if source is None:
        return
    if isinstance(stmt, ir.AssignVarStmt):
        paths[stmt.target] = source
    elif isinstance(stmt.key, ir.StringIndex):
        paths[stmt.target] = (source[0], (*source[1], strings[stmt.key.value]))
