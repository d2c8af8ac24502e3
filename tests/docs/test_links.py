"""The documentation's index names every page, and no link of the documentation leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def links(page: Path) -> list[str]:
    """Return the links of a page to files of the repository and to headings."""
    return [link for link in _LINK.findall(page.read_text("utf-8")) if "://" not in link]


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in found}


def test_the_index_names_every_page() -> None:
    named = {link.split("#")[0] for link in links(DOCS / "README.md")}
    pages = {str(page.relative_to(DOCS)) for page in PAGES} - {"README.md"}
    assert pages <= named, "add a line to docs/README.md"


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES], ids=lambda page: page.name
)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name} links to `{link}`, which isn't there"
        assert not anchor or anchor in headings(target), (
            f"{page.name} links to a heading that isn't there: `{link}`"
        )
