"""The generated files are current, and real documents are valid by the schemas that are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from policy_engine.documents.action import Action
from policy_engine.documents.identity import Identity
from policy_engine.parsers.dispatch import parse_text
from policy_engine.schemas import DOCUMENTS, main, stale

DOCS = Path(__file__).parents[2] / "docs"
BUNDLE = Path(__file__).parents[2] / "examples" / "acme" / "bundle"


def validator(name: str) -> Any:
    schema = json.loads((DOCS / "schemas" / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_generated_files_are_current() -> None:
    assert stale(DOCS) == []


def test_a_missing_an_old_and_a_left_over_file_are_found(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 0
    assert main([str(tmp_path), "--check"]) == 0
    (tmp_path / "schemas" / "action.json").unlink()
    (tmp_path / "schemas" / "decision.json").write_text("{}")
    (tmp_path / "schemas" / "obsolete.json").write_text("{}")
    assert stale(tmp_path) == ["schemas/action.json", "schemas/decision.json", "schemas/obsolete.json"]
    assert main([str(tmp_path), "--check"]) == 1


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_schema_is_valid_json_schema(name: str) -> None:
    validator(name)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("sql", "WITH x AS (DELETE FROM t RETURNING *) SELECT a FROM x LIMIT 3"),
        ("sql", "not sql at all"),
        ("shell", "A=1 sudo rm -rf /tmp/x > /dev/null 2>&1"),
        ("kubectl", "kubectl delete pods --all -n shop --as=ana"),
        ("kubernetes", "DELETE /api/v1/namespaces/shop/pods"),
    ],
)
def test_actions_are_valid_by_their_schema(kind: str, text: str) -> None:
    action = parse_text(kind, text)
    encoded = msgspec.json.encode(action)
    validator("action").validate(json.loads(encoded))
    assert msgspec.json.decode(encoded, type=Action) == action


@pytest.mark.parametrize("name", ["duties", "conflicts", "masks", "approvals"])
def test_the_example_is_valid_by_the_schemas_for_editors(name: str) -> None:
    validator(name).validate(yaml.safe_load((BUNDLE / f"{name}.yaml").read_text()))


def test_a_schema_refuses_what_the_document_refuses() -> None:
    assert not validator("identity").is_valid({"subject": "ana", "gruops": []})
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"subject": "ana", "gruops": []}, Identity)
