"""The documents as a checkout has them: where their links lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

pytestmark = pytest.mark.skipif(
    not (DOCS / "spec").is_dir(), reason="the specification is not beside the tests"
)


def _links(page: Path) -> Iterator[tuple[Path, str]]:
    """Where the links of a page lead within the project: the file, and the anchor, which may be empty."""
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target and not target.startswith("mailto:"):
            name, _, anchor = target.partition("#")
            yield (page.parent / name).resolve() if name else page, anchor


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as MyST makes them."""
    headings = re.findall(r"^#{1,3} (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def _pages() -> list[Path]:
    pages = [page for page in DOCS.rglob("*.md") if "_build" not in page.parts]
    return sorted([*pages, *ROOT.glob("*.md"), ROOT / "tests" / "README.md"])


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_dead_in_a_checkout(page: Path) -> None:
    for path, anchor in _links(page):
        assert path.exists(), path
        if anchor and path.suffix == ".md":
            assert anchor in _anchors(path), f"{path.name}#{anchor}"


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One two\n[a](schemas/x.json) `[b](c)` [d](page.md#one-two)\n```\n[e](f)\n```\n[g](#h)\n"
    )
    assert list(_links(page)) == [(tmp_path / "schemas/x.json", ""), (page, "one-two"), (page, "h")]
    assert _anchors(page) == {"one-two"}
