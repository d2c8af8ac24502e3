"""Resource types: what a word such as `deploy`, `POD`, `pods.v1.` or `ingresses.networking.k8s.io` names.

kubectl asks the cluster's discovery API; a parser has no cluster, so the built-in types are a table
(`resources.toml`) and the types of custom resource definitions come from the caller. What the table doesn't
know stays unknown: `find` returns None.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One resource type as the discovery API describes it. `resource` is the plural in lower case."""

    group: str
    version: str
    resource: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    singular: str = ""

    def names(self) -> tuple[str, ...]:
        """Plural and singular, which kubectl matches without regard to case."""
        return self.resource, self.singular or self.kind.lower()


class ResourceTable:
    """The types a parser knows, in discovery order. Immutable; `extended` returns a larger one."""

    def __init__(self, types: Iterable[ResourceType]) -> None:
        self._types = tuple(types)
        self._by_name: dict[str, list[ResourceType]] = {}
        self._by_short: dict[str, list[ResourceType]] = {}
        self._by_kind: dict[str, list[ResourceType]] = {}
        self._by_category: dict[str, list[ResourceType]] = {}
        for item in self._types:
            for name in dict.fromkeys(item.names()):
                self._by_name.setdefault(name, []).append(item)
            for short in item.short_names:
                self._by_short.setdefault(short, []).append(item)
            for category in item.categories:
                self._by_category.setdefault(category, []).append(item)
            self._by_kind.setdefault(item.kind, []).append(item)

    def __iter__(self) -> Iterable[ResourceType]:
        return iter(self._types)

    def extended(self, types: Iterable[ResourceType]) -> ResourceTable:
        """Return a table with `types` after the ones known so far."""
        return ResourceTable((*self._types, *types))

    def find(self, word: str) -> ResourceType | None:
        """Return the type that kubectl takes `word` for (TYPE, TYPE.GROUP, TYPE.VERSION.GROUP), or None."""
        head, dot, rest = word.partition(".")
        candidates = self._named(head)
        if not dot or not candidates:
            return candidates[0] if candidates else None
        version, second_dot, group = rest.partition(".")
        if second_dot:
            for item in candidates:
                if item.group == group.lower() and item.version == version.lower():
                    return item
        wanted = rest.lower()
        if not wanted:
            return candidates[0]
        exact = [item for item in candidates if item.group == wanted]
        by_prefix = [item for item in candidates if item.group.startswith(wanted)]
        return next(iter(exact or by_prefix), None)

    def category(self, word: str) -> tuple[ResourceType, ...]:
        """Return the types in category `word` (such as `all`), empty when it is no category."""
        return tuple(self._by_category.get(word, ()))

    def of_kind(self, api_version: str, kind: str) -> ResourceType | None:
        """Return the type of an object by its `apiVersion` and `kind`; any version of the group will do."""
        group = api_version.rpartition("/")[0]
        for item in self._by_kind.get(kind, ()):
            if item.group == group:
                return item
        return None

    def of_resource(self, group: str, resource: str) -> ResourceType | None:
        """Return the type by group and plural, exactly."""
        for item in self._by_name.get(resource, ()):
            if item.group == group and item.resource == resource:
                return item
        return None

    def _named(self, head: str) -> list[ResourceType]:
        return self._by_name.get(head.lower()) or self._by_short.get(head) or self._by_kind.get(head) or []


@lru_cache(maxsize=1)
def builtin_resources() -> ResourceTable:
    """Return the table of the types that an API server serves itself; read once, on first use."""
    text = files(__package__).joinpath("resources.toml").read_text(encoding="utf-8")
    return ResourceTable(
        ResourceType(
            group=group["group"],
            version=group["version"],
            resource=plural,
            kind=kind,
            namespaced=scope == "namespaced",
            short_names=tuple(short.split()),
            categories=tuple(categories.split()),
        )
        for group in tomllib.loads(text)["groups"]
        for plural, kind, short, scope, categories in group["types"]
    )
