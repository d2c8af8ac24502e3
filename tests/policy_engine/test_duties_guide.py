"""The worked examples of docs/duties.md decide as the guide says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from policy_engine import Action, Identity, PolicyEngine
from policy_engine.documents.identity import ChainLink
from policy_engine.documents.request import Context
from policy_engine.parsers import parse_sql
from policy_engine.parsers.dispatch import parse_text
from policy_engine.parsers.sql import load_catalogue

GUIDE = (Path(__file__).parents[2] / "docs" / "duties.md").read_text("utf-8")
_ROW = re.compile(r"^\| ([^|]+) \| `([^`]+)` \| (allow|mask|approve|deny) \|", re.M)
_REQUEST = re.compile(r"(GET|DELETE|POST|PUT|PATCH) /")


def section(title: str) -> str:
    """Return what stands under a heading of the guide."""
    return GUIDE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


SHOP, HOSTS = section("An example"), section("Hosts and clusters")
SHOP_ROWS, HOST_ROWS = _ROW.findall(SHOP), _ROW.findall(HOSTS)


def load(text: str, folder: Path) -> PolicyEngine:
    """Return an engine of the YAML files that a section shows."""
    for name, content in re.findall(r"```yaml\n# (\w+\.yaml)\n(.*?)```", text, re.S):
        (folder / name).write_text(content, "utf-8")
    return PolicyEngine.load(folder)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PolicyEngine]:
    with load(SHOP, tmp_path_factory.mktemp("shop")) as engine:
        yield engine


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PolicyEngine]:
    with load(HOSTS, tmp_path_factory.mktemp("hosts")) as engine:
        yield engine


def parse(text: str) -> Action:
    """Return the action of a shell text, kubectl line or API request."""
    if text.startswith("kubectl "):
        return parse_text("kubectl", text)
    return parse_text("kubernetes" if _REQUEST.match(text) else "shell", text)


def test_the_guide_has_its_examples() -> None:
    assert (len(SHOP_ROWS), len(HOST_ROWS)) == (9, 16)
    for rows in (SHOP_ROWS, HOST_ROWS):
        assert {verdict for _, _, verdict in rows} == {"allow", "mask", "approve", "deny"}


@pytest.mark.parametrize(("who", "text", "verdict"), SHOP_ROWS)
def test_a_row_of_the_shop(shop: PolicyEngine, who: str, text: str, verdict: str) -> None:
    groups, _, actor = who.partition(" through ")
    chain = (ChainLink(sub="ana"), ChainLink(sub=actor.strip("`"), kind="agent")) if actor else ()
    identity = Identity(subject="ana", groups=tuple(groups.split(" and ")), chain=chain)
    answer = shop.decide(identity, parse_sql(text, dialect="postgres"), Context(environment="prod"))
    assert answer.verdict == verdict, answer.reasons


@pytest.mark.parametrize(("who", "text", "verdict"), HOST_ROWS)
def test_a_row_of_hosts_and_clusters(hosts: PolicyEngine, who: str, text: str, verdict: str) -> None:
    answer = hosts.decide(Identity(subject="ana", groups=(who,)), parse(text))
    assert answer.verdict == verdict, answer.reasons


def test_a_program_that_names_no_file_needs_read(tmp_path: Path) -> None:
    verdicts = {}
    for effect in ("read", "execute"):
        duties = (
            f'd: {{covers: [{{effects: [{effect}], resources: ["program:ls"]}}], holders: {{groups: [g]}}}}\n'
        )
        (tmp_path / "duties.yaml").write_text(duties, "utf-8")
        with PolicyEngine.load(tmp_path) as engine:
            verdicts[effect] = engine.decide(Identity(subject="a", groups=("g",)), parse("ls")).verdict
    assert verdicts == {"read": "allow", "execute": "deny"}


def test_a_star_shows_every_column_unless_the_catalogue_is_given(tmp_path: Path) -> None:
    (tmp_path / "duties.yaml").write_text(
        "d: {covers: [{effects: [read]}], holders: {groups: [g]}}\n", "utf-8"
    )
    (tmp_path / "masks.yaml").write_text('m: {columns: ["*.*.ssn"], method: "null"}\n', "utf-8")
    catalogue = load_catalogue(
        "CREATE TABLE public.t (id int); CREATE TABLE public.people (id int, ssn text)"
    )
    who, star = Identity(subject="a", groups=("g",)), "SELECT * FROM public.t"
    with PolicyEngine.load(tmp_path) as engine:
        assert engine.decide(who, parse_sql(star)).verdict == "mask"
        assert engine.decide(who, parse_sql(star, schema=catalogue)).verdict == "allow"
        people = parse_sql("SELECT * FROM public.people", schema=catalogue)
        assert engine.decide(who, people).verdict == "mask"


def test_the_proxys_search_path_qualifies_names() -> None:
    (resource,) = parse_sql("SELECT id FROM orders", search_path=("app",)).resources
    assert resource.name == "app.orders"


def test_the_guide_lists_the_librarys_risky_flags() -> None:
    library = (Path(__file__).parents[2] / "rego/library/sod/coverage.rego").read_text("utf-8")
    listed = GUIDE.split("refused unless listed:", 1)[1].split(".", 1)[0]
    risky = re.findall(r'"(\w+)"', library.split("risky := {", 1)[1].split("}", 1)[0])
    assert sorted(risky) == sorted(word.strip() for word in listed.split(","))


def test_the_guides_tar_command_makes_the_same_bundle(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / ".manifest").write_text('{"revision": "r-1"}', "utf-8")
    with load(SHOP, tmp_path / "bundle"):
        pass
    (command,) = re.findall(r"`(tar czf [^`]+)`", GUIDE)
    subprocess.run(command.split(), cwd=tmp_path, check=True)
    who = Identity(subject="ana", groups=("clerk",))
    with PolicyEngine.load(tmp_path / "b.tar.gz") as engine:
        answer = engine.decide(who, parse_sql("SELECT id FROM public.orders"))
    assert (answer.verdict, answer.policy.revision) == ("allow", "r-1")
