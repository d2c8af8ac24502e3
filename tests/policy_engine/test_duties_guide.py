"""The worked example of docs/duties.md decides as the guide says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from policy_engine import Identity, PolicyEngine
from policy_engine.documents.identity import ChainLink
from policy_engine.documents.request import Context
from policy_engine.parsers import parse_sql

GUIDE = (Path(__file__).parents[2] / "docs" / "duties.md").read_text("utf-8")
ROWS = re.findall(r"^\| ([^|]+) \| `([^`]+)` \| (allow|mask|approve|deny) \|", GUIDE, re.M)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PolicyEngine]:
    folder = tmp_path_factory.mktemp("bundle")
    for name, text in re.findall(r"```yaml\n# (\w+\.yaml)\n(.*?)```", GUIDE, re.S):
        (folder / name).write_text(text, "utf-8")
    with PolicyEngine.load(folder) as loaded:
        yield loaded


def test_the_guide_has_its_example() -> None:
    assert len(ROWS) == 9
    assert {verdict for _, _, verdict in ROWS} == {"allow", "mask", "approve", "deny"}


@pytest.mark.parametrize(("who", "text", "verdict"), ROWS)
def test_a_row_of_the_guide(engine: PolicyEngine, who: str, text: str, verdict: str) -> None:
    groups, _, actor = who.partition(" through ")
    chain = (ChainLink(sub="ana"), ChainLink(sub=actor.strip("`"), kind="agent")) if actor else ()
    identity = Identity(subject="ana", groups=tuple(groups.split(" and ")), chain=chain)
    answer = engine.decide(identity, parse_sql(text, dialect="postgres"), Context(environment="prod"))
    assert answer.verdict == verdict, answer.reasons


def test_the_guide_lists_the_librarys_risky_flags() -> None:
    library = (Path(__file__).parents[2] / "rego/library/sod/coverage.rego").read_text("utf-8")
    listed = GUIDE.split("refused unless listed:", 1)[1].split(".", 1)[0]
    risky = re.findall(r'"(\w+)"', library.split("risky := {", 1)[1].split("}", 1)[0])
    assert sorted(risky) == sorted(word.strip() for word in listed.split(","))
