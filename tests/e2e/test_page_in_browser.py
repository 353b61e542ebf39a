"""The page in a real browser: nothing is fetched or complained of, nothing overflows, and it prints.

Where there is no Chromium these tests skip; ``.ci/run`` installs one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from secretballot.manifest import Option, RatingContest, WriteInContest
from secretballot.report.page import LanguageName, render_page

from ..support import elections
from ..support.chromium import Browser, pages_of, running
from ..support.pages import subject_of

#: What fits the page as a whole: tables scroll by themselves.
_OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
#: Elements that reach beyond the right edge, but for those that their own container scrolls.
_BEYOND = """[...document.body.querySelectorAll('*')].filter(one => !one.closest('.scroll, svg')
    && one.getBoundingClientRect().right > window.innerWidth + 0.5).map(one => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running() as one:
        yield one


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, finished: elections.Finished) -> dict[str, Path]:
    """Pages of a verified record in both languages, of a failed one, and of one whose every text is hostile."""
    folder = tmp_path_factory.mktemp("pages")
    entries = finished.entries
    checkpoint = elections.checkpoint(finished.simulation, entries)
    places = finished.places("ballot")
    broken = [*entries]
    broken[places[0]] = entries[places[0]][:-88] + entries[places[1]][-88:]
    long = "<img src=x onerror=alert(1)>\u202e" + "W" * 900
    options = tuple(Option(id=one, labels={"en": long}) for one in ("a", "b", "c"))
    hostile = elections.simulate(
        [
            RatingContest(
                id="r",
                labels={"en": long},
                options=options,
                base="roll",
                rules=(),
                levels=options,
                allow_blank=True,
            ),
            WriteInContest(id="w", labels={"en": long}, max_bytes=100, allow_blank=True),
        ],
        labels={"en": long, "vi": long[::-1]},
    )
    hostile.hold_ceremony()
    hostile.issue(2)
    voted = {"r": {"a": "a", "b": "b", "c": "c"}, "w": "<script>alert(1)</script>" + "M" * 60}
    hostile.vote([voted, voted])
    hostile.tally()
    lines = list(hostile.store.entries())
    made: list[tuple[str, list[bytes], bytes, LanguageName]] = [
        ("verified-en", entries, checkpoint, "en"),
        ("verified-vi", entries, checkpoint, "vi"),
        ("failed-en", broken, checkpoint, "en"),
        ("hostile-vi", lines, elections.checkpoint(hostile, lines), "vi"),
    ]
    paths = {}
    for name, listed, note, language in made:
        subject = subject_of(listed, note, language, attachments=hostile.log.attachments)
        paths[name] = folder / f"{name}.html"
        paths[name].write_bytes(render_page(subject))
    return paths


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("verified-en", "Verified"),
        ("verified-vi", "Đã kiểm chứng"),
        ("failed-en", "Failed"),
        ("hostile-vi", "Đã kiểm chứng"),
    ],
)
def test_a_page(browser: Browser, pages: dict[str, Path], name: str, verdict: str) -> None:
    page = browser.open(pages[name])
    assert page.evaluate("document.getElementById('verdict-title').innerText.trim()") == verdict
    assert page.evaluate("document.querySelectorAll('script, img').length") == 0
    # The style sheet is applied: the policy knows its hash.
    assert page.evaluate("document.styleSheets.length") == 1
    assert page.evaluate("getComputedStyle(document.body).maxWidth") != "none"
    for width, mobile in ((1200, False), (360, True)):
        page.resize(width, mobile=mobile)
        assert page.evaluate("window.innerWidth") == width
        assert page.evaluate(_OVERFLOW) <= 0, (name, width)
        assert page.evaluate(_BEYOND) == [], (name, width)
    assert page.screenshot().startswith(b"\x89PNG")
    pdf = page.pdf()
    assert pdf.startswith(b"%PDF")
    assert pages_of(pdf) > 2
    assert page.complaints == []
    assert page.requests == [pages[name].resolve().as_uri()]


def test_the_browser_does_complain(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """A page that runs, fetches or styles something: each is stopped by the policy and seen here. The browser of these
    tests is not blind."""
    bad = tmp_path / "bad.html"
    text = pages["verified-en"].read_text(encoding="utf-8")
    more = '<script>document.title = "run"</script><img src="https://example.org/x.png"><p style="width: 2000px">x</p>'
    bad.write_text(text.replace("</body>", f"{more}</body>"), encoding="utf-8")
    page = browser.open(bad)
    assert page.evaluate("document.title") != "run"
    assert len(page.complaints) >= 3
    assert all("Content Security Policy" in one for one in page.complaints)
    # And a style sheet with one more letter is not applied.
    bad.write_text(text.replace("</style>", " </style>"), encoding="utf-8")
    page = browser.open(bad)
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "none"
