"""Which resource types carry a pod spec, so that a change of them can make something privileged."""

from __future__ import annotations

from policy_engine.parsers.kubernetes.resource_table import builtin_resources

POD_SPECS = frozenset(
    (
        ("", "pods"),
        ("", "podtemplates"),
        ("", "replicationcontrollers"),
        ("apps", "deployments"),
        ("apps", "daemonsets"),
        ("apps", "statefulsets"),
        ("apps", "replicasets"),
        ("batch", "jobs"),
        ("batch", "cronjobs"),
    )
)


def has_pod_spec(group: str | None, resource: str | None) -> bool:
    """True for the built-in types that carry a pod spec."""
    return (group, resource) in POD_SPECS


def may_have_pod_spec(group: str | None, resource: str | None) -> bool:
    """True for those and for every type that is not built in: a custom resource may carry one anywhere."""
    known = builtin_resources().of_resource(group or "", resource or "") if resource else None
    return known is None or has_pod_spec(group, resource)


def is_spec_part(subresource: str | None) -> bool:
    """True when a request with this subresource can write the pod spec: the object itself, ephemeral containers."""
    return subresource in ("", None, "ephemeralcontainers")
