"""Which variable a name means: the scopes of a rule, and the names that the checks make up."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Occurrence(Enum):
    """How a name came into a scope; the value is what is said about a second declaration."""

    ARGUMENT = "arg {} redeclared"
    SEEN = "var {} referenced above"
    ASSIGNED = "var {} assigned above"
    DECLARED = "var {} declared above"


class Names:
    """Makes variables that occur nowhere: `__local0__`, `__local1__`, …"""

    def __init__(self, taken: Iterable[str], suffix: str = "") -> None:
        self._taken = frozenset(taken)
        self._suffix = suffix
        self._next = 0
        self.sources: dict[str, str] = {}
        """Generated variable to the name in the source that it stands for."""

    def new(self, source: str | None = None) -> str:
        """A variable that occurs nowhere."""
        while True:
            name = f"__local{self._suffix}{self._next}__"
            self._next += 1
            if name not in self._taken:
                if source is not None and not source.startswith("$"):
                    self.sources[name] = source
                return name


class Scopes:
    """The scopes around a place, the innermost last."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._stack: list[dict[str, tuple[str, Occurrence]]] = [{}]

    def push(self) -> None:
        self._stack.append({})

    def pop(self) -> None:
        self._stack.pop()

    def copy(self) -> Scopes:
        """The same scopes, to go on from here a second time."""
        scopes = Scopes(self.names)
        scopes._stack = [dict(scope) for scope in self._stack]
        return scopes

    def variable(self, name: str) -> str | None:
        """The variable that the name means here."""
        for scope in reversed(self._stack):
            if name in scope:
                return scope[name][0]
        return None

    def is_declared(self, name: str) -> bool:
        """Whether the name was declared, and not only used, in the nearest scope that knows it."""
        for scope in reversed(self._stack):
            if name in scope:
                return scope[name][1] is not Occurrence.SEEN
        return False

    def see(self, name: str) -> str:
        """Use a name; one that no scope knows means itself."""
        known = self.variable(name)
        if known is None:
            self._stack[-1][name] = (name, Occurrence.SEEN)
        return known or name

    def declare(self, name: str, occurrence: Occurrence) -> tuple[str, str | None]:
        """A new variable for the name in the innermost scope; and why the name can't be declared here, if so."""
        known = self._stack[-1].get(name)
        if known is not None:
            return known[0], known[1].value.format(name)
        variable = self.names.new(name)
        self._stack[-1][name] = (variable, occurrence)
        return variable, None

    def insert(self, name: str, occurrence: Occurrence) -> str:
        """A new variable for the name, or the one that it has in the innermost scope."""
        known = self._stack[-1].get(name)
        return known[0] if known is not None else self.declare(name, occurrence)[0]

    def declared_here(self) -> dict[str, str]:
        """What `some` and `every` declared in the innermost scope: name to variable."""
        return {
            name: variable
            for name, (variable, occurrence) in self._stack[-1].items()
            if occurrence is Occurrence.DECLARED
        }
