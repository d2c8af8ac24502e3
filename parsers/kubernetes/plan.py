"""A planned API request, and how it becomes an operation of the action document.

Both front ends end here: the API request that was received, and the requests that a kubectl line would send.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from policy_engine.documents.action import KubernetesDetail, Operation, Resource, operation
from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, KubernetesVerb, ResourceKind
from policy_engine.parsers.kubernetes.effects import (
    access_of,
    is_connect,
    reads_secret,
    request_effects,
    resource_name,
)

_VERBS = frozenset(KubernetesVerb)


@dataclass(slots=True)
class PlannedRequest:
    """One request as RequestInfo names it. None is unknown, "" is RequestInfo's own empty value.

    `object_name` is the name of the object where RequestInfo has none (a create names it in the body only);
    `typed` is the resource type as it was typed when the table doesn't know it.
    """

    verb: str
    group: str | None = ""
    version: str | None = ""
    resource: str | None = ""
    subresource: str | None = ""
    namespace: str | None = ""
    name: str | None = ""
    object_name: str | None = None
    typed: str | None = None
    selector: str | None = None
    field_selector: str | None = None
    dry_run: str | None = None
    path: str | None = None
    flags: set[str] = field(default_factory=set)
    effects: set[Effect] = field(default_factory=set)
    resources: list[Resource] = field(default_factory=list)
    reasons: list[ProblemCode] = field(default_factory=list)

    @property
    def is_resource(self) -> bool:
        """False for a non-resource URL and for lines that send no request."""
        return self.resource != ""


def request_operation(
    request: PlannedRequest,
    *,
    impersonate: dict[str, list[str]] | None = None,
    flags: Iterable[str] = (),
    parent: int | None = None,
    span: tuple[int, int] | None = None,
) -> Operation:
    """Return the operation that stands for `request`."""
    all_flags = {*request.flags, *flags}
    if request.is_resource:
        verb, effects, resources = _of_resource(request, all_flags)
    else:
        verb, effects, resources = "other", set(request.effects), list(request.resources)
        if request.path is not None:
            reads = request.verb in ("get", "head", "options")
            access = Access.READ if reads else Access.WRITE
            resources.insert(0, Resource(kind=ResourceKind.PATH, name=request.path, access=access))
            effects.add(Effect.READ if reads else Effect.UNKNOWN)
    if impersonate is not None:
        effects.add(Effect.ASSUME)
        all_flags.add("impersonate")
        resources.extend(
            Resource(kind=ResourceKind.USER, name=user, access=Access.EXECUTE)
            for user in impersonate.get("user", ())
        )
    return operation(
        verb,
        effects=effects,
        resources=resources,
        flags=all_flags,
        opaque_reasons=request.reasons,
        parent=parent,
        span=span,
        detail=_detail(request, impersonate),
    )


def _of_resource(request: PlannedRequest, flags: set[str]) -> tuple[str, set[Effect], list[Resource]]:
    group, resource, subresource = request.group, request.resource, request.subresource
    if request.verb == "proxy":  # /api/v1/proxy/nodes/n, the old form of /api/v1/nodes/n/proxy
        subresource = "proxy"
    if is_connect(group, resource, subresource) or request.verb == "proxy":
        verb = "connect"
    else:
        verb = request.verb if request.verb in _VERBS else "other"
    effects = {*request_effects(verb, group, resource, subresource), *request.effects}
    if reads_secret(verb, group, resource, subresource):
        flags.add("secret_read")
    name = request.name
    if not name and request.object_name is not None:
        name = request.object_name
    elif name == "" and verb == "create":
        name = None  # the object that comes into being has a name; it just isn't in the request line
    label = resource_name(
        group, resource if resource is not None else request.typed, subresource, request.namespace, name
    )
    touched = Resource(kind=ResourceKind.K8S, name=label, access=access_of(verb))
    return verb, effects, [touched, *request.resources]


def _detail(request: PlannedRequest, impersonate: dict[str, list[str]] | None) -> KubernetesDetail:
    return KubernetesDetail(
        verb=request.verb,
        group=request.group,
        version=request.version,
        resource=request.resource,
        subresource=request.subresource,
        namespace=request.namespace,
        name=request.name,
        selector=request.selector,
        field_selector=request.field_selector,
        dry_run=request.dry_run,
        impersonate=impersonate,
        path=request.path,
    )
