"""The page on embedding voting, its terminal in a real browser: what it relies on is what a browser does.

Where there is no Chromium these tests skip; ``.ci/run`` installs one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from secretballot.client import LocalBoard
from secretballot.client.votes import Votes
from secretballot.records import parse_entry

from ..support import chromium, elections
from ..support.services import running
from .test_embed_page import CONTESTS, MARKED, PAGE, PASSPHRASE, Hall, define, read_code

pytestmark = [
    pytest.mark.skipif(not PAGE.is_file(), reason="the documentation is not beside the tests"),
    pytest.mark.usefixtures("cheap_key_files"),
]

_TEXT = "document.body.innerText"


@pytest.fixture(scope="module")
def browser() -> Iterator[chromium.Browser]:
    with chromium.running() as one:
        yield one


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    """A voter has a credential, and voting is open."""
    simulation = elections.voting(CONTESTS, 1)
    found = Hall(simulation, define(read_code()), tmp_path / "home", LocalBoard(simulation.board))
    simulation.holders[0].save(tmp_path / "home" / "role.key", passphrase=PASSPHRASE)
    return found


def submit(action: str) -> str:
    return f"document.querySelector('form[action$=\"/{action}\"] button').click()"


def sign_in(page: chromium.Page) -> None:
    page.evaluate(
        f"document.querySelector('form[action=\"/sign-in\"] [name=passphrase]').value = '{PASSPHRASE}'"
    )
    page.press(submit("sign-in"))
    assert "Encrypt" in page.evaluate(_TEXT)


def seal(page: chromium.Page) -> None:
    for name, value in MARKED.items():
        page.evaluate(f'document.querySelector(\'[name="{name}"][value="{value}"]\').click()')
    page.press(submit("seal"))
    assert "Write down its code" in page.evaluate(_TEXT)


def kinds(hall: Hall) -> list[str]:
    return [parse_entry(raw).kind for raw in hall.simulation.store.entries()]


@contextmanager
def somebody_elses(target: str) -> Iterator[str]:
    """The URL of a page at another port of this machine, of the same site, with a form that casts at the terminal. Of
    its visitors it shows the cookies."""
    app = FastAPI()

    @app.get("/")
    def page(request: Request) -> HTMLResponse:
        form = f'<form method="post" action="{target}cast"><button>Win a prize</button></form>'
        return HTMLResponse(f"{form}<pre>{request.cookies}</pre>")

    with running(app) as url:
        yield url


def test_a_voter_votes_in_a_browser(hall: Hall, browser: chromium.Browser) -> None:
    """It sends `Origin` and keeps the cookie, under the page's own headers; nothing marked is in an address."""
    with running(hall.app) as url:
        page = browser.open(url)
        # Nor does it keep what was sent where that is refused.
        page.press(submit("sign-in").replace(".click()", ".form.submit()"))
        assert "a passphrase is needed" in page.evaluate(_TEXT)
        assert page.evaluate("location.pathname") == "/"
        sign_in(page)
        # A browser sends no form in which a line is not marked.
        assert page.evaluate("document.querySelector('form[action$=\"/seal\"]').checkValidity()") is False
        seal(page)
        page.press(submit("challenge"))
        assert "Opened, and not counted" in page.evaluate(_TEXT)
        seal(page)
        page.press(submit("cast"))
        assert "Your ballot is cast" in page.evaluate(_TEXT)
        # Loaded again, nothing is sent again.
        page.press("location.reload()")
        assert "Your ballot is cast" in page.evaluate(_TEXT)
        assert page.evaluate("document.cookie") == ""
        # But for advice on forms, which differs from release to release: nothing breaks the policy.
        assert [one for one in page.complaints if not one.startswith("[DOM]")] == []
        place = hall.terminal.visit.place
        actions = {"", "sign-in", *(f"{place}/{action}" for action in ("", "seal", "challenge", "cast"))}
        # Any browser asks for an icon by itself.
        assert {*page.requests} - {f"{url}/favicon.ico"} == {f"{url}/{action}" for action in actions}
    assert [kinds(hall).count(kind) for kind in ("challenged-ballot", "ballot")] == [1, 1]
    votes = Votes(hall.home / "votes", hall.simulation.holders[0], passphrase=PASSPHRASE)
    assert all(vote.receipt for vote in votes.sent)


def test_a_page_of_somebody_else_casts_nothing(hall: Hall, browser: chromium.Browser) -> None:
    """Of the same site, so that the browser sends the voter's cookies along; but not that of the visit, with which
    whoever serves that page could look at what was marked."""
    with running(hall.app) as url:
        page = browser.open(url)
        sign_in(page)
        seal(page)
        with somebody_elses(page.evaluate("location.href")) as other:
            stranger = browser.open(other)
            shown = stranger.evaluate(_TEXT)
            assert "terminal" in shown
            assert hall.terminal.visit.id not in shown
            stranger.press("document.querySelector('button').click()")
        assert stranger.evaluate(_TEXT) == "from another page"
        assert "ballot" not in kinds(hall)
        assert hall.terminal.visit.sealed is not None
        page.press(submit("cast"))
        assert "Your ballot is cast" in page.evaluate(_TEXT)
    assert kinds(hall).count("ballot") == 1


def test_what_the_screen_shows_goes_with_the_visit(
    hall: Hall, browser: chromium.Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody touches the terminal any more, which would sign the voter out: the browser does not show the marks on."""
    with running(hall.app) as url:
        page = browser.open(url)
        sign_in(page)
        monkeypatch.setattr(hall.terminal, "idle", 0.0)
        monkeypatch.setattr(hall.terminal, "touch", lambda: None)
        seal(page)
        assert "DUNG" in page.evaluate(_TEXT)
        hall.terminal.leave()
        page.press("0")
        assert "DUNG" not in page.evaluate(_TEXT)
        assert "Sign in" in page.evaluate(_TEXT)
        assert page.evaluate("location.pathname") == "/"
