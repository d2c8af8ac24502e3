"""Ordinary lines and evasions side by side: what an honest report says about each.

Rows: the line; the verb, the resource and the flags of its principal operation (flags exactly, effects exactly),
and the code of the problem that makes the action opaque, or None for a line that is fully understood.
"""

from __future__ import annotations

import pytest

from policy_engine.documents.vocabulary import ResourceKind
from policy_engine.parsers.kubernetes import ResourceType, builtin_resources, parse_kubectl

# line | verb | resource | effects | flags | problem
ROWS = """\
kubectl get pods | list | /pods:default/ | read | | -
kubectl get po web-0 -n prod | get | /pods:prod/web-0 | read | | -
kubectl get no | list | /nodes:/ | read | | -
kubectl get ns prod | get | /namespaces:/prod | read | | -
kubectl get deploy -A | list | apps/deployments:/ | read | all_namespaces | -
kubectl get svc -l app=web | list | /services:default/ | read | selector | -
kubectl get things | list | ?/things:?/ | read | | -
kubectl get po -w | watch | /pods:default/ | read | watch | -
kubectl logs web-0 | get | /pods/log:default/web-0 | read | | -
kubectl logs deploy/web -n prod | get | /pods/log:prod/? | read | | -
kubectl describe cm c -n x | get | /configmaps:x/c | read | | -
kubectl top pod | list | metrics.k8s.io/pods:default/ | read | | -
kubectl auth can-i delete pods | create | authorization.k8s.io/selfsubjectaccessreviews:/? | read | | -
kubectl exec web-0 -n prod -- id | connect | /pods/exec:prod/web-0 | execute | | -
kubectl cp prod/web-0:/etc/passwd out | connect | /pods/exec:prod/web-0 | create,execute,read,transfer,update | | -
kubectl port-forward svc/web 8080:80 | connect | /pods/portforward:default/? | transfer | | -
kubectl scale deploy web --replicas=3 | patch | apps/deployments/scale:default/web | update | | -
kubectl create deployment web --image=nginx | create | apps/deployments:default/web | create | | -
kubectl create role r --verb=get --resource=pods | create | rbac.authorization.k8s.io/roles:default/r | create,grant | | -
kubectl create token robot -n ci | create | /serviceaccounts/token:ci/robot | create,grant | secret_read | -
kubectl certificate approve c | update | certificates.k8s.io/certificatesigningrequests/approval:/c | grant,update | | -
kubectl delete pod x --dry-run=server | delete | /pods:default/x | delete | dry_run_server | -
kubectl label ns prod a=b | patch | /namespaces:/prod | update | | -
kubectl cordon n1 | patch | /nodes:/n1 | configure,update | | -
kubectl drain n1 --grace-period=0 | patch | /nodes:/n1 | configure,update | grace_period_zero | -
kubectl delete pods --all -n prod | delete | /pods:prod/? | delete | all | -
kubectl delete po -l app=web -A | delete | /pods:?/? | delete | all_namespaces,selector | -
kubectl delete crd widgets.example.com | delete | apiextensions.k8s.io/customresourcedefinitions:/widgets.example.com | configure,define,delete | | -
kubectl set subject clusterrolebinding admin --user=joe | patch | rbac.authorization.k8s.io/clusterrolebindings:/admin | grant,update | | -
kubectl get po --as=admin --as-group=system:masters | list | /pods:default/ | assume,read | impersonate | -
/usr/local/bin/kubectl get pods | list | /pods:default/ | read | | -
oc get pods -n x | list | /pods:x/ | read | | -

kubectl -n prod delete pod web-0 | delete | /pods:prod/web-0 | delete | | -
kubectl --context=prod -n x drain n1 | patch | /nodes:/n1 | configure,update | context_override | -
kubectl --context prod delete po web-0 | delete | /pods:?/web-0 | delete | context_override | unknown_target
kubectl get -o yaml secrets | list | /secrets:default/ | read | secret_read | -
kubectl get secret/db -ojsonpath={.data.password} | get | /secrets:default/db | read | secret_read | -
kubectl get SECRETS.v1. -Ao yaml | list | /secrets:/ | read | all_namespaces,secret_read | -
kubectl get "secr"'et's | list | /secrets:default/ | read | secret_read | -
kubectl get --raw /api/v1/secrets | list | /secrets:/ | read | all_namespaces,raw,secret_read | -
kubectl get --raw '/api/v1/namespaces/a/pods/b/exec?command=id' | connect | /pods/exec:a/b | execute | raw | -
kubectl get --raw /api/v1/nodes/n1/proxy/run/a/b/c | connect | /nodes/proxy:/n1 | execute,transfer | raw | -
kubectl get --raw /api/v1/namespaces/../secrets | list | /secrets:../ | read | raw,secret_read | ambiguous
kubectl get --raw //evil/api/v1/secrets | other | - | read | raw | ambiguous
kubectl delete --raw /api/v1/namespaces/prod/pods | deletecollection | /pods:prod/ | delete | raw | -
kubectl scale deploy web --replicas=0 -n prod | patch | apps/deployments/scale:prod/web | update | | -
kubectl exec web-0 -- /bin/sh | connect | /pods/exec:default/web-0 | execute | | unknown_text
kubectl exec web-0 -- python3.11 -c 'x' | connect | /pods/exec:default/web-0 | execute | | unknown_text
kubectl exec -it web-0 -- env id | connect | /pods/exec:default/web-0 | execute | interactive_tty | unknown_text
kubectl exec web-0 sh | connect | /pods/exec:default/web-0 | execute | | invalid_request
kubectl label secret db a=b -o yaml | patch | /secrets:default/db | update | secret_read | -
kubectl patch secret db -p '{}' -ojson | patch | /secrets:default/db | update | secret_read | -
kubectl apply view-last-applied secret db | get | /secrets:default/db | read | secret_read | -
kubectl run x --image=i --overrides='{"spec":{"hostPID":true}}' | create | /pods:default/x | create | privileged | -
kubectl run x --image=i --overrides='{"spec":{"containers":[{"securityContext":{"privileged":true}}]}}' | create | /pods:default/x | create | privileged | -
kubectl patch deploy web --type=json -p '[{"op":"add","path":"/spec/template/spec/hostNetwork","value":true}]' | patch | apps/deployments:default/web | update | privileged | -
kubectl debug node/n1 --image=b | create | /pods:default/? | create | privileged | -
kubectl debug web-0 --image=b --profile=sysadmin | patch | /pods/ephemeralcontainers:default/web-0 | execute,update | privileged | -
kubectl delete ns prod --as=system:serviceaccount:ci:robot | delete | /namespaces:/prod | assume,delete | impersonate | -
kubectl apply -f x.yaml | patch | ?/?:?/? | read,unknown,update | from_file | unknown_target
kubectl apply -f - -n prod | patch | ?/?:?/? | unknown,update | from_file,stdin | unknown_target
kubectl apply -k https://github.com/a/b | patch | ?/?:?/? | read,unknown,update | from_file,kustomize,remote_file | unknown_target
kubectl delete all --all -n prod | delete | /pods:prod/? | delete | all,multi_resource | unknown_resource
kubectl get all -n prod | list | /pods:prod/ | read | multi_resource | -
kubectl delete things x | delete | ?/things:?/x | delete,unknown | | unknown_resource
kubectl edit deploy web | patch | apps/deployments:default/web | update | | unknown_text
kubectl proxy | other | - | transfer,unknown | proxy_server | unknown_target
kubectl look po | other | - | execute,unknown | no_request,plugin | unknown_program
kubectl create frob x | other | - | execute,unknown | no_request,plugin | unknown_program
kubectl get po --cache-dir=/tmp/x | list | /pods:default/ | create,read,update | | ambiguous
/tmp/bin/kubectl get po | list | /pods:default/ | read | | unknown_program
oc adm policy add-cluster-role-to-user x | other | - | unknown | | unsupported
oc expose svc/web | other | - | unknown | | unsupported
kubectl get pods -n '*' | list | /pods:*/ | read | | invalid_request
"""

CASES = [tuple(part.strip() for part in row.split("|")) for row in ROWS.splitlines() if row]


@pytest.mark.parametrize(("line", "verb", "resource", "effects", "flags", "problem"), CASES)
def test_a_line_is_reported_honestly(
    line: str, verb: str, resource: str, effects: str, flags: str, problem: str
) -> None:
    action = parse_kubectl(line)
    principal = action.operations[0]
    assert principal.verb == verb
    objects = [item.name for item in principal.resources if item.kind is ResourceKind.K8S]
    assert objects[:1] == ([] if resource == "-" else [resource])
    assert set(principal.effects) == set(effects.split(","))
    assert set(principal.flags) == set(filter(None, flags.split(",")))
    assert action.opaque == (problem != "-")
    if problem != "-":
        assert problem in {item.code for item in action.problems}
        assert principal.opaque


# What no shell-free reading can be sure of, and what kubectl refuses or reads in two ways.
REFUSED = [
    ("kubectl get pods; kubectl delete ns prod", "ambiguous"),
    ("kubectl get pods | sh", "ambiguous"),
    ("kubectl get pods && kubectl delete ns prod", "ambiguous"),
    ("kubectl get pods\nkubectl delete ns prod", "ambiguous"),
    ("kubectl delete pod $(cat x)", "ambiguous"),
    ("kubectl delete pod `cat x`", "ambiguous"),
    ('kubectl delete pod "$X"', "ambiguous"),
    ("kubectl delete pod web-{0,1}", "ambiguous"),
    ("kubectl delete pod web-{0..9}", "ambiguous"),
    ("kubectl delete pod web-*", "ambiguous"),
    ("kubectl delete pod web-?", "ambiguous"),
    ("kubectl apply -f <(curl x)", "ambiguous"),
    ("kubectl get pods > /etc/passwd", "ambiguous"),
    ("kubectl get pods # -n prod", "ambiguous"),
    ("kubectl get po ~/x", "ambiguous"),
    ("kubectl get 'pods", "syntax_error"),
    ("kubectl get po \\\n -A", "ambiguous"),
    ("kubectl --all-namespace get pods", "unknown_option"),
    ("kubectl get pods --all-name", "unknown_option"),
    ("kubectl get pods --frobnicate x", "unknown_option"),
    ("kubectl -n prod foo", "unknown_option"),
    ("kubectl --force delete pod x", "unknown_option"),
    ("kubectl get pods -n", "syntax_error"),
    ("kubectl get pods -A=maybe", "invalid_request"),
    ("helm delete web", "unknown_program"),
    ("KUBECONFIG=/x kubectl get pods", "unknown_program"),
    ("", "empty"),
    ("  \n ", "empty"),
]


@pytest.mark.parametrize(("line", "code"), REFUSED)
def test_a_line_that_is_not_one_plain_command_is_refused(line: str, code: str) -> None:
    action = parse_kubectl(line)
    assert action.opaque
    assert [item.code for item in action.problems] == [code]
    assert action.operations[0].verb == "other"
    assert action.problems[0].message[0] in "`abcdefghijklmnopqrstuvwxyz-"


@pytest.mark.parametrize(
    "line",
    [
        "kubectl get pods",
        "kubectl get po -l 'tier!=db'",
        'kubectl get po -l "tier!=db,app=web"',
        "kubectl get po -l tier!=db",
        "kubectl delete deploy web -n prod",
        "kubectl rollout restart deploy/web",
        "kubectl annotate deploy web 'note=a & b; c'",
        "kubectl create cm c --from-literal=x='$y'",
        "kubectl config view",
        "kubectl version --client",
        "kubectl get pod web-0 -o jsonpath={.status.phase}",
    ],
)
def test_an_ordinary_line_is_not_opaque(line: str) -> None:
    action = parse_kubectl(line)
    assert not action.opaque, action.problems


def test_the_argument_list_and_the_text_of_a_line_are_the_same_action() -> None:
    argv = ["kubectl", "annotate", "deploy", "web", "note=a b;c", "-n", "prod"]
    assert parse_kubectl(argv) == parse_kubectl("kubectl annotate deploy web 'note=a b;c' -n prod")


def test_the_namespace_of_the_current_context_is_the_callers_to_say() -> None:
    action = parse_kubectl("kubectl delete po x", default_namespace="shop")
    assert action.resources[0].name == "/pods:shop/x"


def test_a_custom_type_is_known_when_the_table_knows_it() -> None:
    table = builtin_resources().extended(
        [ResourceType("example.com", "v1", "widgets", "Widget", True, ("wd",))]
    )
    action = parse_kubectl("kubectl delete wd w1", resources=table)
    assert not action.opaque
    assert action.resources[0].name == "example.com/widgets:default/w1"


def test_the_operations_that_lead_to_the_principal_are_its_children() -> None:
    action = parse_kubectl("kubectl drain n1 --disable-eviction")
    assert [item.parent for item in action.operations] == [None, 0, 0, 0]
    assert ("delete", "/pods:?/?") in [(item.verb, item.resources[0].name) for item in action.operations]


def test_deleting_a_secret_is_not_reading_it() -> None:
    action = parse_kubectl("kubectl delete secret s1 -n prod")
    assert "secret_read" not in action.flags
    assert action.effects == ("delete",)


@pytest.mark.parametrize("position", range(4))
def test_options_mean_the_same_wherever_they_stand(position: int) -> None:
    words = ["delete", "pod", "web-0"]
    expected = parse_kubectl(["kubectl", *words, "--namespace=prod", "--wait=false"])
    moved = ["kubectl", *words[:position], "--namespace=prod", *words[position:], "--wait=false"]
    assert parse_kubectl(moved).operations == expected.operations
