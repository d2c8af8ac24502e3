"""The requests predicted for a line are the requests that the kubectl on this machine sends for it.

A fake API server (small, in memory, named as such) answers discovery and hands out made-up objects; it records
every request. Streaming upgrades are refused with 403, so exec, attach and port-forward show their first requests.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from policy_engine.documents.action import Action, KubernetesDetail, Operation
from policy_engine.parsers.kubernetes import builtin_resources, parse_kubectl
from policy_engine.parsers.kubernetes.request_info import RequestInfo, request_info

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl on PATH to compare with")

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c1, image: nginx}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: b}
"""

# Lines that succeed against the fake; {file} is the manifest above.
LINES = """\
kubectl get pods
kubectl get po web-0 -o name
kubectl get POD -A
kubectl get deploy,svc -n prod
kubectl get deploy/web svc/web -oname
kubectl get secrets.v1. -nprod -oyaml
kubectl get ingresses.networking.k8s.io
kubectl get cs
kubectl get ns prod
kubectl get -f {file}
kubectl get deploy web --subresource=scale
kubectl get po -l app=web --field-selector=status.phase=Running
kubectl get --raw /api/v1/namespaces/prod/secrets/x
kubectl get all -n prod
kubectl get po --as=admin --as-group=system:masters
kubectl describe pod web-0
kubectl describe deploy web -n prod
kubectl describe node n1
kubectl describe sa robot
kubectl describe svc web
kubectl describe pvc data
kubectl describe ns prod
kubectl describe secret x
kubectl describe ing web
kubectl describe job j1
kubectl describe ds d1
kubectl describe cm c1
kubectl logs web-0 -n prod
kubectl logs deploy/web
kubectl logs -l app=web
kubectl events -n prod
kubectl top node
kubectl top pod web-0
kubectl auth can-i delete pods
kubectl auth whoami
kubectl cluster-info
kubectl rollout history deploy/web
kubectl delete pod web-0 --wait=false
kubectl -n prod delete deploy/web svc/web
kubectl delete po -l app=web -n prod
kubectl delete pods --all -A --wait=false
kubectl delete -n pay -- pod x
kubectl delete -f {file} --wait=false -n shop
kubectl delete ns prod --force --grace-period=0
kubectl delete --raw /api/v1/namespaces/prod/pods
kubectl create ns team-a
kubectl create deployment web --image=nginx -n prod
kubectl create secret generic s1 --from-literal=a=b
kubectl create rolebinding rb --clusterrole=edit --user=joe -n prod
kubectl create clusterrole cr --verb=get --resource=pods
kubectl create job j1 --from=cronjob/backup -n prod
kubectl create token robot -n ci
kubectl create ingress i1 --rule=a.com/=svc:80
kubectl create ns x --dry-run=client
kubectl create ns x --dry-run=server
kubectl create -f {file} --validate=false -n shop
kubectl apply -f {file} --validate=false -n shop
kubectl apply -f {file} --validate=false --server-side -n shop
kubectl apply -f {file} --validate=false --dry-run=client -n shop
kubectl replace -f {file} --validate=false -n shop
kubectl replace --force -f {file} --validate=false -n shop
kubectl patch deploy web -p {"spec":{"replicas":0}}
kubectl patch deploy web --dry-run=client -p {"spec":{"replicas":0}}
kubectl scale deploy web --replicas=0 -n prod
kubectl scale sts/db --replicas=1 --current-replicas=3
kubectl scale deploy web --replicas=0 --dry-run=client
kubectl autoscale deploy web --max=5
kubectl expose deploy web --port=80
kubectl expose deploy web --port=80 --dry-run=client
kubectl run tmp --image=busybox -n prod
kubectl run tmp --image=busybox --expose --port=80
kubectl set image deploy/web c1=img:2
kubectl set env deploy/web A=B -n prod
kubectl set env deploy/web --from=secret/s1
kubectl set serviceaccount deploy web robot
kubectl set selector svc web app=x
kubectl label po web-0 a=b --overwrite
kubectl label po --all a=b -n prod
kubectl label po web-0 --list
kubectl annotate deploy/web a=b
kubectl taint nodes n1 k=v:NoSchedule
kubectl cordon n1
kubectl drain n1 --force --disable-eviction --ignore-daemonsets
kubectl drain n1 --dry-run=client --force --ignore-daemonsets
kubectl certificate approve csr1
kubectl rollout restart deploy/web -n prod
kubectl rollout restart ds -n prod
kubectl rollout pause deploy web
kubectl debug web-0 --image=busybox -n prod
kubectl debug node/n1 --image=busybox
kubectl debug web-0 --copy-to=dbg --image=busybox
kubectl exec web-0 -n prod -- id
kubectl exec deploy/web -- id
kubectl attach web-0
kubectl cp prod/web-0:/etc/passwd {out}
kubectl port-forward pod/web-0 0:80
kubectl port-forward svc/web 0:80
kubectl wait --for=condition=Ready pod/web-0 --timeout=1s
kubectl wait --for=condition=Ready pods --all -A --timeout=1s
kubectl -f {file} get
kubectl --force=true delete pod x
kubectl get -- pods
kubectl get pods,svc a b
kubectl get pods -n prod --namespace=
kubectl delete pod x --cascade orphan --wait=false
kubectl delete pods --all --dry-run=client
kubectl delete -f {file} --dry-run=client -n shop
kubectl describe deploy -A
kubectl exec deploy web -- id
kubectl set env deploy/web --list --resolve
kubectl label po -A --all a=b
kubectl scale rs,deploy -l app=web --replicas=0
kubectl patch -f {file} -p {"metadata":{"labels":{"x":"y"}}} -n shop
kubectl auth reconcile -f {file}
kubectl run tmp --image=busybox --dry-run=server
kubectl config view
kubectl version --client
kubectl options
"""

OLDEST_COMPLETE = 31  # the first version that knows every line above
READS = {"get", "list", "watch"}
CONNECTIONS = {"exec", "attach", "portforward", "proxy"}


class FakeApiServer:
    """Answers like an API server that has every object one asks for; `requests` holds (client, method, target)."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(size)
                client, target = "", self.path  # --raw leaves the prefix away, so the target itself must tell
                if target.startswith("/client-"):
                    _, client, target = self.path.split("/", 2)
                    target = "/" + target
                fake.requests.append((client, self.command, target))
                status, answer = fake.answer(client, self.command, target, bool(self.headers.get("Upgrade")))
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        self.deleted: set[tuple[str, str]] = set()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(timeout=5)

    def answer(self, client: str, method: str, target: str, upgrade: bool) -> tuple[int, Any]:
        path = urlsplit(target).path
        discovered = _discovery(path)
        if discovered is not None:
            return 200, discovered
        info = request_info(method, target)
        if upgrade or info.subresource in CONNECTIONS:
            return 403, _status(403, "streaming is not faked")
        if info.subresource == "log":
            return 200, b""
        if method == "DELETE":
            self.deleted.add((client, path))
            return 200, _status(200, "deleted")
        if not info.is_resource or (method == "GET" and (client, path) in self.deleted):
            return 404, _status(404, "not found")
        if info.verb == "watch":
            return 200, b""
        if info.verb == "list":
            return 200, _list(info)
        return (201 if method == "POST" else 200), _object(info, info.name or "new")


def _status(code: int, message: str) -> dict[str, Any]:
    ok = code < 400
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success" if ok else "Failure",
        "code": code, "message": message, "reason": "" if ok else {403: "Forbidden", 404: "NotFound"}[code],
    }  # fmt: skip


def _discovery(path: str) -> dict[str, Any] | None:
    groups = {(item.group, item.version) for item in builtin_resources()}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        listed = []
        for group, version in sorted(groups - {("", "v1")}):
            entry = {"groupVersion": f"{group}/{version}", "version": version}
            listed.append({"name": group, "versions": [entry], "preferredVersion": entry})
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
    for group, version in groups:
        if path == (f"/apis/{group}/{version}" if group else "/api/v1"):
            return {"kind": "APIResourceList", "groupVersion": f"{group}/{version}".lstrip("/"),
                    "resources": list(_api_resources(group))}  # fmt: skip
    if path.startswith("/version"):
        return {"major": "1", "minor": "32", "gitVersion": "v1.32.0"}
    return None


def _api_resources(group: str) -> Iterator[dict[str, Any]]:
    for item in builtin_resources():
        if item.group == group:
            verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
            row = {"name": item.resource, "singularName": item.kind.lower(), "kind": item.kind,
                   "namespaced": item.namespaced, "shortNames": list(item.short_names),
                   "categories": list(item.categories), "verbs": verbs}  # fmt: skip
            yield row
            for sub, kind, of in _SUBRESOURCES.get((group, item.resource), ()):
                extra = {"group": of[0], "version": of[1]} if of else {}
                yield {
                    **row,
                    "name": f"{item.resource}/{sub}",
                    "kind": kind,
                    "shortNames": [],
                    "categories": [],
                    **extra,
                }


_SCALE = (("scale", "Scale", ("autoscaling", "v1")),)
_SUBRESOURCES: dict[tuple[str, str], tuple[tuple[str, str, tuple[str, str] | None], ...]] = {
    ("", "pods"): (("ephemeralcontainers", "Pod", None), ("eviction", "Eviction", ("policy", "v1"))),
    ("apps", "deployments"): _SCALE,
    ("apps", "statefulsets"): _SCALE,
    ("apps", "replicasets"): _SCALE,
}


def _object(info: RequestInfo, name: str) -> dict[str, Any]:
    kind = builtin_resources().of_resource(info.group, info.resource)
    api_version = f"{info.group}/{info.version}".lstrip("/")
    metadata = {"name": name, "uid": "00000000-0000-0000-0000-000000000001", "resourceVersion": "42"}
    if info.namespace and info.resource != "namespaces":
        metadata["namespace"] = info.namespace
    if info.subresource == "scale":
        return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": {"replicas": 3},
                "status": {"replicas": 3}}  # fmt: skip
    if info.subresource == "token":
        return {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": metadata,
                "status": {"token": "t", "expirationTimestamp": "2030-01-01T00:00:00Z"}}  # fmt: skip
    containers = [{"name": "c1", "image": "nginx"}]
    found: dict[str, Any] = {
        "kind": kind.kind if kind else "Unknown",
        "apiVersion": api_version,
        "metadata": metadata,
    }
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    if info.resource == "pods" and info.group == "":
        metadata["labels"] = {"app": "web"}  # type: ignore[assignment]
        found["spec"] = {"containers": containers, "nodeName": "n1"}
        condition = {"type": "Ready", "status": "True"}
        found["status"] = {"phase": "Running", "conditions": [condition]}
    elif info.group == "apps":
        metadata["generation"] = 1  # type: ignore[assignment]
        found["spec"] = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template}
        found["status"] = {"observedGeneration": 1, "replicas": 3}
    elif info.resource == "services":
        found["spec"] = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 80}]}
    elif info.resource == "jobs":
        found["spec"] = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    elif info.resource == "cronjobs":
        found["spec"] = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}
    elif info.resource == "secrets":
        found["data"] = {"KEY": "dmFsdWU="}
    elif info.resource == "ingresses":
        backend = {"service": {"name": "web", "port": {"number": 80}}}
        found["spec"] = {"defaultBackend": backend}
    elif info.group == "metrics.k8s.io":
        usage = {"cpu": "1", "memory": "1Mi"}
        found.update({"timestamp": "2030-01-01T00:00:00Z", "window": "1s", "usage": usage})
        found["containers"] = [{"name": "c1", "usage": usage}]
    elif info.resource == "certificatesigningrequests":
        found["spec"] = {"signerName": "x", "request": "", "usages": []}
    elif info.resource == "selfsubjectaccessreviews":
        found["status"] = {"allowed": True}
    return found


def _list(info: RequestInfo) -> dict[str, Any]:
    kind = builtin_resources().of_resource(info.group, info.resource)
    name = info.name or "obj1"
    item = _object(
        info._replace(namespace=info.namespace or ("default" if kind and kind.namespaced else "")), name
    )
    return {"kind": f"{item['kind']}List", "apiVersion": item["apiVersion"], "metadata": {"resourceVersion": "42"},
            "items": [] if info.resource == "events" else [item]}  # fmt: skip


@pytest.fixture(scope="module")
def recorded(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, tuple[int, list[tuple[str, str]]]]]:
    """Every line with kubectl's exit status and the requests that reached the fake."""
    home = tmp_path_factory.mktemp("kubectl-home")
    (home / "manifest.yaml").write_text(MANIFEST, encoding="utf-8")
    server = FakeApiServer()
    lines = LINES.splitlines()
    try:
        _run(home, server, "client-warm-up", "kubectl get pods")  # fills the discovery cache
        with ThreadPoolExecutor(max_workers=2) as pool:
            codes = list(
                pool.map(lambda item: _run(home, server, f"client-{item[0]}", item[1]), enumerate(lines))
            )
        by_client: dict[str, list[tuple[str, str]]] = {}
        for client, method, target in server.requests:
            by_client.setdefault(client or target, []).append((method, target))
        yield {
            line: (code, by_client.get(f"client-{index}", []) + by_client.get(line.rpartition(" ")[2], []))
            for index, (line, code) in enumerate(zip(lines, codes, strict=True))
        }
    finally:
        server.close()


@pytest.fixture(scope="module")
def kubectl_minor() -> int:
    """The minor version of the kubectl on this machine."""
    done = subprocess.run(["kubectl", "version", "--client", "-o", "json"], capture_output=True, timeout=20)
    return int("".join(filter(str.isdigit, json.loads(done.stdout)["clientVersion"]["minor"])))


def _argv(line: str, home: Path) -> list[str]:
    named = line.replace("{file}", str(home / "manifest.yaml")).replace("{out}", str(home / "out"))
    return named.split(" ")


def _run(home: Path, server: FakeApiServer, client: str, line: str) -> int:
    host, port = server.server.server_address[:2]
    config = home / f"{client}.kubeconfig"
    cluster = {"name": "lab", "cluster": {"server": f"http://{host!s}:{port}/{client}"}}
    context = {"name": "lab", "context": {"cluster": "lab", "user": "u"}}
    config.write_text(json.dumps({
        "kind": "Config", "apiVersion": "v1", "clusters": [cluster], "contexts": [context],
        "users": [{"name": "u", "user": {}}], "current-context": "lab",
    }), encoding="utf-8")  # fmt: skip
    environment = {"HOME": str(home), "KUBECONFIG": str(config), "KUBERC": "off", "PATH": os.environ["PATH"]}
    try:
        done = subprocess.run(
            _argv(line, home),
            env=environment,
            cwd=home,
            capture_output=True,
            timeout=20,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return -1
    return done.returncode


@pytest.mark.parametrize("line", LINES.splitlines())
def test_the_predicted_requests_are_the_received_ones(
    line: str, recorded: dict[str, tuple[int, list[tuple[str, str]]]], kubectl_minor: int, tmp_path: Path
) -> None:
    code, requests = recorded[line]
    (tmp_path / "manifest.yaml").write_text(MANIFEST, encoding="utf-8")
    action = parse_kubectl(_argv(line, tmp_path), files=lambda path: Path(path).read_text(encoding="utf-8"))
    received = [request_info(method, target) for method, target in requests if not _is_discovery(target)]
    if code != 0 and not received and kubectl_minor < OLDEST_COMPLETE:
        pytest.skip(f"this kubectl (1.{kubectl_minor}) does not know the line")
    uncovered = [info for info in received if not _covered(info, action)]
    assert uncovered == []
    principal = action.operations[0]
    if principal.verb == "other":
        assert all(info.verb in READS for info in received)
    else:
        assert any(_agrees(principal, info) for info in received), (code, principal.detail, received)
    assert {"no_request"} & set(action.flags) == (
        set() if received or "raw" in action.flags else {"no_request"}
    )


def _is_discovery(target: str) -> bool:
    path = urlsplit(target).path
    return path.startswith(("/openapi", "/version")) or _discovery(path) is not None


def _agrees(operation: Operation, info: RequestInfo) -> bool:
    detail = operation.detail
    assert isinstance(detail, KubernetesDetail)
    if not info.is_resource:
        return detail.path == info.path and detail.verb == info.verb
    verb = "connect" if info.subresource in CONNECTIONS else info.verb
    pairs = (
        (detail.group, info.group),
        (detail.resource, info.resource),
        (detail.subresource, info.subresource),
        (detail.namespace, info.namespace),
        (detail.name, info.name),
    )
    return operation.verb == verb and all(mine in (None, theirs) for mine, theirs in pairs)


def _covered(info: RequestInfo, action: Action) -> bool:
    if any(_agrees(operation, info) for operation in action.operations):
        return True
    return info.verb in READS and any(_same_object(operation, info) for operation in action.operations)


def _same_object(operation: Operation, info: RequestInfo) -> bool:
    """kubectl looks at what it changes, before and after; such reads stand for no operation of their own."""
    detail = operation.detail
    assert isinstance(detail, KubernetesDetail)
    return (
        operation.verb not in READS
        and detail.group in (None, info.group)
        and detail.resource in (None, info.resource)
        and detail.namespace in (None, info.namespace, info.name)
        and (detail.name in (None, info.name) or info.name == "")
    )
