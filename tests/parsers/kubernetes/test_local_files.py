"""Files on the caller's machine that a kubectl line reads or writes, beside look-alikes that touch none.

Rows: the line; its files and addresses with their access; the flags; opaque or not.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from policy_engine.documents.vocabulary import Access, Effect, ResourceKind
from policy_engine.parsers.kubernetes import parse_kubectl
from policy_engine.parsers.kubernetes.options import Takes, option_table

# line | files | flags | opaque
ROWS = """\
kubectl get pods -o go-template-file=/etc/shadow | read /etc/shadow | | no
kubectl get pods -ojsonpath-file=/etc/shadow | read /etc/shadow | | no
kubectl get pods -o custom-columns-file=/etc/shadow | read /etc/shadow | | no
kubectl get pods -o templatefile=/etc/shadow | read /etc/shadow | | no
kubectl get pods --template=/etc/shadow -o go-template-file | read /etc/shadow | | no
kubectl create ns x -o jsonpath-file --template /etc/shadow | read /etc/shadow | | no
kubectl config view -o jsonpath-file=/etc/shadow | read /etc/shadow | no_request | no
kubectl get pods -o jsonpath=/etc/shadow | | | no
kubectl get pods -o custom-columns=A:.b | | | no
kubectl get pods -o go-template --template=/etc/shadow | | | no
kubectl get pods -o yaml | | | no

kubectl get pods --profile=cpu --profile-output=/etc/cron.d/x | write /etc/cron.d/x | | no
kubectl get pods --profile=heap | write profile.pprof | | no
kubectl get pods --profile=none | | | no
kubectl debug web-0 --image=i --profile=general | | | no

kubectl --kubeconfig F get pods -n x | read F | kubeconfig_override | no
kubectl --certificate-authority=A --client-key=K --client-certificate=C get pods | read A, read C, read K | token_override | no
kubectl --token=t get pods | | token_override | no
kubectl --kubeconfig=F config use-context x | read F, write F | kubeconfig_override,no_request | no
kubectl config set-cluster c --certificate-authority=A --embed-certs | read A | no_request | no
kubectl config set-credentials u --client-key=K --client-certificate=C | read C, read K | no_request | no
kubectl config set-credentials u --username=x | | no_request | no

kubectl config view --raw | | no_request,secret_read | no
kubectl config view --flatten | | no_request,secret_read | no
kubectl config view --raw=false | | no_request | no
kubectl config view --minify | | no_request | no
kubectl config get-contexts | | no_request | no
kubectl delete secret s -v=9 | | secret_read | no
kubectl delete secret s --vmodule=round_trippers=9 | | secret_read | no
kubectl delete secret s -v=2 | | | no

kubectl create secret generic s --from-file=/etc/shadow | read /etc/shadow | | no
kubectl create secret generic s --from-file=k=/a,/b --from-env-file=/c | read /a, read /b, read /c | | no
kubectl create configmap c --from-env-file /etc/environment | read /etc/environment | | no
kubectl create secret docker-registry s --from-file=.dockerconfigjson=/d | read /d | | no
kubectl create secret tls s --cert=/a --key=/b | read /a, read /b | | no
kubectl create cm c --from-literal=path=/etc/shadow | | | no
kubectl create secret generic s '--from-file="/a,b"' | read "/a, read b" | | yes
kubectl set env deploy/web --from=secret/s | | secret_read | no

kubectl cp web-0:/etc/passwd out | read web-0:/etc/passwd, write out | | no
kubectl cp in prod/web-0:/etc/passwd | read in, write prod/web-0:/etc/passwd | | no
kubectl cluster-info dump --output-directory=/etc | write /etc | | no
kubectl cluster-info dump --output-directory=- | | | no
kubectl kustomize /etc | read /etc | no_request | no
kubectl kustomize | read . | no_request | no
kubectl kustomize base -o /etc/x | read base, write /etc/x | no_request | no
kubectl kustomize https://github.com/a/b | read https://github.com/a/b | no_request,remote_file | no
kubectl kustomize base --load-restrictor=LoadRestrictionsNone | read base | no_request | yes
kubectl kustomize base --load-restrictor=LoadRestrictionsRootOnly | read base | no_request | no

kubectl apply -f a.yaml,b.yaml -f - | read a.yaml, read b.yaml | from_file,stdin | yes
kubectl apply -f https://x/y.yaml | read https://x/y.yaml | from_file,remote_file | yes
kubectl apply -k overlays/prod | read overlays/prod | from_file,kustomize | yes
kubectl get -f a.yaml | read a.yaml | from_file | yes
kubectl patch deploy web --patch-file=p.yaml | read p.yaml | | yes
kubectl debug web-0 --image=i --custom=c.yaml | read c.yaml | | yes
kubectl proxy --www=/etc --unix-socket=/run/x | read /etc, write /run/x | proxy_server | yes
kubectl get pods --help --kubeconfig=F | | no_request | no
"""

CASES = [tuple(part.strip() for part in row.split("|")) for row in ROWS.splitlines() if row]
_LOCAL = (ResourceKind.FILE, ResourceKind.URL)


@pytest.mark.parametrize(("line", "files", "flags", "opaque"), CASES)
def test_local_files_are_resources_with_their_access(line: str, files: str, flags: str, opaque: str) -> None:
    action = parse_kubectl(line)
    principal = action.operations[0]
    found = sorted(f"{item.access} {item.name}" for item in principal.resources if item.kind in _LOCAL)
    assert found == list(filter(None, files.split(", ")))
    assert set(action.flags) == set(filter(None, flags.split(",")))
    assert action.opaque == (opaque == "yes")


@pytest.mark.parametrize(("line", "files", "flags", "opaque"), CASES)
def test_an_operation_has_the_effects_of_the_files_it_touches(
    line: str, files: str, flags: str, opaque: str
) -> None:
    del files, flags, opaque
    for item in parse_kubectl(line).operations:
        accesses = {resource.access for resource in item.resources if resource.kind in _LOCAL}
        if Access.READ in accesses:
            assert Effect.READ in item.effects
        if Access.WRITE in accesses:
            assert {Effect.CREATE, Effect.UPDATE} <= set(item.effects)


_OPTION = re.compile(r"^    (?:-\w, )?--([a-z0-9-]+)=.*:$")
_SPEAKS_OF_FILES = re.compile(r"file|path|director|folder|socket", re.IGNORECASE)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl on PATH whose help could be read")
def test_the_table_says_of_every_option_whose_help_speaks_of_files_what_happens_to_them() -> None:
    table = option_table()
    known = {(): table.root, **table.commands}
    with ThreadPoolExecutor(2) as pool:
        helps = list(pool.map(_help, known))
    silent = []
    spoken = 0
    for command, options in zip(known, helps, strict=True):
        for name, text in options.items():
            if (
                not _SPEAKS_OF_FILES.search(f"{name} {text}")
                or known[command].long.get(name) is Takes.NOTHING
            ):
                continue
            spoken += 1
            if name not in known[command].paths and name not in table.paths_by_value | table.no_paths:
                silent.append((*command, name))
    assert silent == []
    assert spoken > 100  # the help was read at all


def _help(command: tuple[str, ...]) -> dict[str, str]:
    """Return the options of a command with the line that explains each, as the real kubectl prints them."""
    words = ["kubectl", *command, "--help"] if command else ["kubectl", "options"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    lines = done.stdout.splitlines()
    return {
        found.group(1): "".join(lines[index + 1 : index + 2])
        for index, line in enumerate(lines)
        if (found := _OPTION.match(line))
    }


def test_every_operation_of_a_line_spans_the_whole_line() -> None:
    line = "kubectl drain n1 --disable-eviction"
    action = parse_kubectl(line)
    assert {item.span for item in action.operations} == {(0, len(line))}
