"""The duty library gives the same answers in the project's engine and in OPA: the example's requests, and mutations."""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from policy_engine.bundle import SOD_MOUNTS, library_modules
from policy_engine.case_files import read_case_file
from policy_engine.documents.request import Request
from policy_engine.duty_model import SECTIONS
from policy_engine.parsers.dispatch import parse_text
from policy_engine.rego.bundle import read_bundle
from policy_engine.rego.engine import compile as compile_rego

ACME = Path(__file__).parents[2] / "examples" / "acme"
MUTATIONS = 250
STRANGE = ["Émile", 'a"b\\c\n', "*", "?", "public.customers.email", True, False, None, 0, "/etc/../x", ""]


def example_requests() -> list[dict[str, Any]]:
    file = read_case_file(ACME / "acme_cases.yaml")
    requests = []
    for case in file.cases:
        schema = file.catalogue if case.kind == "sql" and case.dialect is None else None
        action = parse_text(case.kind, case.text, dialect=case.dialect, schema=schema)
        request = Request(
            identity=file.identities[case.identity], action=action, context=case.context, grants=case.grants
        )
        requests.append(json.loads(json.dumps(request.as_input())))
    return requests


def mutated(request: dict[str, Any], words: list[Any], chance: random.Random) -> dict[str, Any]:
    """Return a copy with a few leaves replaced by words from elsewhere, or list items repeated."""
    result = copy.deepcopy(request)
    for _ in range(chance.randint(1, 6)):
        node: Any = result
        while node:
            step = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
            if isinstance(node[step], dict | list):
                if isinstance(node, list) and chance.random() < 0.2:
                    node.append(copy.deepcopy(node[step]))
                    break
                node = node[step]
                continue
            word = chance.choice(words)
            node[step] = word if isinstance(word, str) or not isinstance(node[step], str) else "other"
            break
    return result


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def in_order(document: dict[str, list[Any]]) -> dict[str, list[str]]:
    return {
        name: sorted(json.dumps(m, sort_keys=True) for m in members) for name, members in document.items()
    }


def test_every_request_gets_opas_answer(tmp_path: Path) -> None:
    opa = shutil.which("opa", path=f"{os.environ['PATH']}:{Path.home() / 'go/bin'}")
    if opa is None:
        pytest.skip("opa is neither on PATH nor in ~/go/bin")
    chance = random.Random(20261120)
    requests = example_requests()
    words = [leaf for request in requests for leaf in leaves(request)] + STRANGE
    requests += [mutated(chance.choice(requests), words, chance) for _ in range(MUTATIONS)]
    bundle = read_bundle(ACME / "bundle", mounts=SOD_MOUNTS)
    data = {"sod": {**{section: {} for section in SECTIONS}, **bundle.data["sod"]}}
    modules = {**library_modules(), **bundle.modules}
    for number, text in enumerate(modules.values()):
        (tmp_path / f"m{number}.rego").write_text(text)
    (tmp_path / "data.json").write_text(json.dumps({**data, "requests": requests}))
    query = "; ".join(f"x{n} := data.policy with input as data.requests[{n}]" for n in range(len(requests)))
    command = [opa, "eval", "--strict-builtin-errors", "-d", str(tmp_path), "--stdin"]
    theirs = json.loads(subprocess.run(command, input=query, capture_output=True, text=True).stdout)
    answers = theirs["result"][0]["bindings"]
    with compile_rego(modules, data, entrypoints=("policy",)) as policy:
        for number, request in enumerate(requests):
            assert in_order(policy.evaluate("policy", request)) == in_order(answers[f"x{number}"]), request
