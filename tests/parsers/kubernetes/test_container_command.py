"""The program that exec starts: plain programs are known by their name, whatever runs other code is not."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from policy_engine.documents.vocabulary import ResourceKind
from policy_engine.parsers.kubernetes import parse_kubectl, parse_kubernetes_request

PLAIN = [
    "ls -la /", "cat /etc/hosts", "printenv", "ps aux", "date", "df -h", "id", "whoami", "hostname",
    "tail -n 5 /var/log/x", "head /x", "grep -r x /etc", "/bin/ls", "env", "/usr/bin/env", "nice", "rm -rf /",
]  # fmt: skip
HIDING = [
    "sh", "sh -c id", "/bin/bash", "bash5.2 -c x", "busybox ls", "env id", "env A=b id", "env -i sh", "nice id",
    "nohup", "xargs", "sudo ls", "timeout 5 ls", "find / -exec id ;", "python3", "python3.11 x.py", "awk 1 /x",
    "sed e", "vi /x", "psql", "less /x", "ssh h", "tar cf x /", "time",
]  # fmt: skip


@pytest.mark.parametrize("command", PLAIN)
def test_a_plain_program_is_named_and_not_opaque(command: str) -> None:
    argv = command.split(" ")
    action = parse_kubectl(["kubectl", "exec", "web-1", "-c", "app", "--", *argv])
    assert not action.opaque, action.problems
    assert action.effects == ("execute",)
    assert [item.name for item in action.resources if item.kind is ResourceKind.PROGRAM] == argv[:1]


@pytest.mark.parametrize("command", HIDING)
def test_a_program_that_runs_other_code_is_opaque(command: str) -> None:
    argv = command.split(" ")
    action = parse_kubectl(["kubectl", "exec", "web-1", "-c", "app", "--", *argv])
    assert [item.code for item in action.problems] == ["unknown_text"]
    assert [item.name for item in action.resources if item.kind is ResourceKind.PROGRAM] == argv[:1]


@pytest.mark.parametrize(("commands", "opaque"), [(PLAIN, False), (HIDING, True)])
def test_a_request_says_the_same_of_a_command_as_a_line(commands: list[str], opaque: bool) -> None:
    for command in commands:
        query = urlencode([("command", word) for word in command.split(" ")])
        action = parse_kubernetes_request("POST", f"/api/v1/namespaces/a/pods/p/exec?{query}")
        assert action.opaque == opaque, command
