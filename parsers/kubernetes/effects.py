"""What a Kubernetes request does, from what RequestInfo calls it: effects, access, the resource's name.

The table of effects, most specific first:

| request                                                        | effects                |
|----------------------------------------------------------------|------------------------|
| connect `*/exec`, `*/attach`, `*/console`, `*/vnc`             | execute                |
| connect `nodes/proxy` (the kubelet runs commands)              | execute, transfer      |
| connect `*/portforward`, `*/proxy`                             | transfer               |
| create of an access, rules, token or subject review            | read                   |
| create `pods/eviction`                                         | delete                 |
| create `serviceaccounts/token`                                 | create, grant          |
| change of `certificatesigningrequests/approval`                | update, grant          |
| change of roles, cluster roles and their bindings              | as the verb, and grant |
| change of `pods/ephemeralcontainers`                           | update, execute        |
| change of nodes and cluster settings (webhooks, classes, …)    | as the verb, configure |
| change of custom resource definitions                          | as the verb, configure, define |
| get, list, watch                                               | read                   |
| create / update, patch / delete, deletecollection              | create / update / delete |
| anything else                                                  | unknown                |

Impersonation adds assume to each.
"""

from __future__ import annotations

from policy_engine.documents.vocabulary import Access, Effect

READ_VERBS = frozenset(("get", "list", "watch"))
CONNECT_SUBRESOURCES = {
    ("pods", "exec"): frozenset((Effect.EXECUTE,)),
    ("pods", "attach"): frozenset((Effect.EXECUTE,)),
    ("pods", "portforward"): frozenset((Effect.TRANSFER,)),
    ("pods", "proxy"): frozenset((Effect.TRANSFER,)),
    ("services", "proxy"): frozenset((Effect.TRANSFER,)),
    ("nodes", "proxy"): frozenset((Effect.EXECUTE, Effect.TRANSFER)),
}
# Subresources of aggregated APIs (virtual machines and the like) that are connections whatever their verb says.
_AGGREGATED_CONNECTIONS = {
    "exec": frozenset((Effect.EXECUTE,)),
    "attach": frozenset((Effect.EXECUTE,)),
    "console": frozenset((Effect.EXECUTE,)),
    "vnc": frozenset((Effect.EXECUTE,)),
    "portforward": frozenset((Effect.TRANSFER,)),
    "proxy": frozenset((Effect.TRANSFER,)),
}
RBAC_GROUP = "rbac.authorization.k8s.io"

_OF_VERB = {
    "get": Effect.READ,
    "list": Effect.READ,
    "watch": Effect.READ,
    "create": Effect.CREATE,
    "update": Effect.UPDATE,
    "patch": Effect.UPDATE,
    "delete": Effect.DELETE,
    "deletecollection": Effect.DELETE,
}
_REVIEWS = frozenset(
    (
        "selfsubjectaccessreviews",
        "selfsubjectrulesreviews",
        "subjectaccessreviews",
        "localsubjectaccessreviews",
        "tokenreviews",
        "selfsubjectreviews",
    )
)
_REVIEW_GROUPS = frozenset(("authorization.k8s.io", "authentication.k8s.io"))
_SETTINGS = frozenset(
    (
        ("", "nodes"),
        ("apiregistration.k8s.io", "apiservices"),
        ("apiextensions.k8s.io", "customresourcedefinitions"),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
        ("admissionregistration.k8s.io", "mutatingadmissionpolicies"),
        ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
        ("scheduling.k8s.io", "priorityclasses"),
        ("flowcontrol.apiserver.k8s.io", "flowschemas"),
        ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"),
        ("node.k8s.io", "runtimeclasses"),
        ("storage.k8s.io", "storageclasses"),
        ("storage.k8s.io", "csidrivers"),
        ("networking.k8s.io", "ingressclasses"),
    )
)
_EXACT: dict[tuple[str, str, str, str], frozenset[Effect]] = {
    ("create", "", "pods", "eviction"): frozenset((Effect.DELETE,)),
    ("create", "", "serviceaccounts", "token"): frozenset((Effect.CREATE, Effect.GRANT)),
}


def request_effects(
    verb: str, group: str | None, resource: str | None, subresource: str | None
) -> frozenset[Effect]:
    """Return the effects of a resource request; `verb` is the operation's verb. Null parts are unknown."""
    if verb == "connect":
        if group == "" and (resource or "", subresource or "") in CONNECT_SUBRESOURCES:
            return CONNECT_SUBRESOURCES[resource or "", subresource or ""]
        return _AGGREGATED_CONNECTIONS.get(subresource or "", frozenset((Effect.TRANSFER,)))
    base = _OF_VERB.get(verb)
    if base is None:
        return frozenset((Effect.UNKNOWN,))
    if base is Effect.READ:
        return frozenset((base,))
    if group is None or resource is None:
        return frozenset((base, Effect.UNKNOWN))
    exact = _EXACT.get((verb, group, resource, subresource or ""))
    if exact is not None:
        return exact
    if group in _REVIEW_GROUPS and resource in _REVIEWS:
        return frozenset((Effect.READ,))
    found = {base}
    if group == RBAC_GROUP or (resource == "certificatesigningrequests" and subresource == "approval"):
        found.add(Effect.GRANT)
    if (group, resource) in _SETTINGS:
        found.add(Effect.CONFIGURE)
    if resource == "customresourcedefinitions":
        found.add(Effect.DEFINE)
    if resource == "pods" and subresource == "ephemeralcontainers":
        found.add(Effect.EXECUTE)
    return frozenset(found)


def access_of(verb: str) -> Access:
    """Return how a request with this operation verb touches its resource."""
    if verb in READ_VERBS:
        return Access.READ
    return Access.EXECUTE if verb == "connect" else Access.WRITE


def is_connect(group: str | None, resource: str | None, subresource: str | None) -> bool:
    """True for exec, attach, portforward and proxy: a connection, whatever the method."""
    if group == "":
        return (resource or "", subresource or "") in CONNECT_SUBRESOURCES
    return group is not None and subresource in _AGGREGATED_CONNECTIONS


def reads_secret(verb: str, group: str | None, resource: str | None, subresource: str | None) -> bool:
    """True when the content of Secrets is read, or a token is made."""
    if group != "":
        return False
    if resource == "secrets":
        return verb in READ_VERBS
    return resource == "serviceaccounts" and subresource == "token" and verb == "create"


def resource_name(
    group: str | None, resource: str | None, subresource: str | None, namespace: str | None, name: str | None
) -> str:
    """Return `group/resource[/subresource]:namespace/name`; an unknown part is `?`.

    The core group and cluster scope are empty, a collection has an empty name. A Namespace stands in cluster scope
    although RequestInfo repeats its name as its namespace.
    """
    if group == "" and resource == "namespaces":
        namespace = ""
    path = f"{_part(group)}/{_part(resource)}"
    if subresource:
        path = f"{path}/{subresource}"
    return f"{path}:{_part(namespace)}/{_part(name)}"


def _part(value: str | None) -> str:
    return "?" if value is None else value
