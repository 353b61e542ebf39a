"""The page on embedding voting in a front end: its terminal, and its portal, in a whole election over real services."""

from __future__ import annotations

import html
import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import Header, HTTPException

from secretballot import Holder, Registrar, SQLiteRegister
from secretballot.client import LocalBoard
from secretballot.client.remote import RemoteRegistrar, Service
from secretballot.client.votes import Votes
from secretballot.client.wire import UnreachableError
from secretballot.credential.codes import hash_code
from secretballot.errors import ArgumentError, CredentialError, KeyFileError, RefusedError
from secretballot.manifest import Option
from secretballot.records import parse_entry
from secretballot.service.deploy import board_app, issuance_app
from secretballot.testing import Simulation
from secretballot.verify import Verdict

from ..support import elections
from ..support.services import running
from ..support.snippets import DOCS

PAGE = DOCS / "howto" / "embed-front-end.md"
CODE = "0123-4567-89AB-CDEF"
PASSPHRASE = "a passphrase of my own"
CONTESTS = (elections.rating(), elections.choice())
#: What the voter marks; the names of these marks are to be found nowhere but in what is shown.
MARKED = {"officials/an": "low", "officials/binh": "", "chair/chair": "dung"}

pytestmark = [
    pytest.mark.skipif(not PAGE.is_file(), reason="the documentation is not beside the tests"),
    pytest.mark.usefixtures("cheap_key_files"),
]


def _compiled(code: str) -> CodeType:
    # Not under this module's __future__: FastAPI reads the annotations of functions within functions.
    return compile(code, PAGE.name, "exec", dont_inherit=True)


def read_code() -> dict[str, str]:
    """The page's blocks of code, by the heading that they stand under."""
    parts = re.split(r"^## (.*)\n", PAGE.read_text(encoding="utf-8"), flags=re.M)
    found = {
        title: "".join(re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S))
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    return {title: text for title, text in found.items() if text}


def define(code: Mapping[str, str]) -> dict[str, Any]:
    """What the page defines."""
    found: dict[str, Any] = {"__name__": "page"}
    titles = [title for title in code if title != "Run it"]
    assert len(titles) == 4
    for title in titles:
        exec(_compiled(code[title]), found)  # noqa: S102 - the documentation's own code
    return found


@pytest.fixture(scope="module")
def code() -> dict[str, str]:
    return read_code()


@pytest.fixture(scope="module")
def names(code: dict[str, str]) -> dict[str, Any]:
    return define(code)


class Browser:
    """Somebody at the terminal, who sees its page and presses its buttons."""

    def __init__(self, url: str) -> None:
        self.url = url
        #: The address that it shows.
        self.at = "/"
        self._client = httpx.Client(base_url=url, headers={"Origin": url})
        self.seen: list[httpx.Response] = []

    @property
    def page(self) -> str:
        return html.unescape(self.look().text)

    def look(self) -> httpx.Response:
        answer = self._client.get(self.at)
        self.seen.append(answer)
        if answer.status_code == 303:
            self.at = answer.headers["location"]
            return self.look()
        return answer

    def hidden(self) -> dict[str, str]:
        """What each of the page's forms sends beside what somebody enters."""
        return dict(re.findall(r'type="hidden" name="(\w+)" value="([\w-]+)"', self.look().text))

    def press(self, action: str, fields: Mapping[str, str] | None = None, **rest: Any) -> httpx.Response:
        if action in ("sign-in", "credential"):
            self.at = "/"
        data = {**self.hidden(), **(fields or {})}
        self.seen.append(self._client.post(f"{self.at}{action}", data=data, **rest))
        return self.seen[-1]

    def close(self) -> None:
        self._client.close()

    def go(self, action: str, fields: Mapping[str, str] | None = None) -> str:
        assert self.refusal(self.press(action, fields)) == ""
        return self.page

    def refuse(self, action: str, fields: Mapping[str, str] | None = None) -> str:
        """Presses what is refused, and gives the reason."""
        reason = self.refusal(self.press(action, fields))
        assert reason
        return reason

    def refusal(self, answer: httpx.Response) -> str:
        """The reason that is shown, once, after the answer to a form."""
        assert (answer.status_code, answer.text) == (303, "")
        self.at = answer.headers["location"]
        found = re.findall(r'role="alert">([^<]+)</p>', self.page)
        assert 'role="alert"' not in self.page
        return "".join(found)

    def cookie(self) -> str:
        (found,) = (one for one in self._client.cookies.jar if one.path == self.at)
        return found.value or ""

    def set_cookie(self, value: str) -> None:
        self._client.cookies.set("visit", value)

    def forge(self, action: str, **rest: Any) -> httpx.Response:
        return self._client.post(f"{self.at}{action}", **rest)


class Hall:
    """An election whose voting is open, in which one voter votes at a terminal."""

    def __init__(self, simulation: Simulation, names: dict[str, Any], home: Path, board: Any) -> None:
        self.simulation = simulation
        self.home = home
        registrar = object()
        self.terminal = names["Terminal"](home, simulation.election.id, board, {"registrar-1": registrar})
        self.app = names["create_app"](self.terminal)
        self.browser: Browser

    @contextmanager
    def open(self) -> Iterator[Browser]:
        with running(self.app) as url, closing(Browser(url)) as self.browser:
            yield self.browser

    def sign_in(self) -> None:
        holder = self.simulation.holders[0]
        if not (self.home / "role.key").exists():
            holder.save(self.home / "role.key", passphrase=PASSPHRASE)
        assert "Encrypt" in self.browser.go("sign-in", {"passphrase": PASSPHRASE})


@pytest.fixture
def hall(names: dict[str, Any], tmp_path: Path) -> Iterator[Hall]:
    simulation = elections.voting(CONTESTS, 2)
    found = Hall(simulation, names, tmp_path / "home", LocalBoard(simulation.board))
    with found.open():
        yield found


# The whole way.


def test_the_whole_way(
    code: dict[str, str],
    names: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """From the access code to the verified result, over the services, with the page's way to run it."""
    caplog.set_level(logging.DEBUG)
    simulation = elections.simulate(CONTESTS)
    simulation.hold_ceremony()
    election, voter = simulation.election, simulation.roll[0]
    register = SQLiteRegister(tmp_path / "register.sqlite")
    register.add_voters({voter: hash_code(election.id, voter, CODE)})
    registrar = Registrar(simulation.registrar_keys[0], election, register)
    issuance, publisher = issuance_app(registrar, register, LocalBoard(simulation.board))
    seen: list[httpx.Response] = []

    class Served:
        """In the place of uvicorn's server: the voter comes, and leaves."""

        def __init__(self, config: uvicorn.Config) -> None:
            assert (config.host, config.port, config.access_log) == ("127.0.0.1", 8080, False)
            self._app = config.app

        def run(self) -> None:
            # A second program would write its ballots over those of this one.
            with pytest.raises(RefusedError, match="another program"), names["alone_in"](tmp_path / "home"):
                pass
            with running(self._app) as url, closing(Browser(url)) as browser:
                self._visit(browser)
                seen.extend(browser.seen)

        def _visit(self, browser: Browser) -> None:
            asked = {"name": voter, "passphrase": PASSPHRASE, "again": PASSPHRASE}
            assert "wrong" in browser.refuse("credential", {**asked, "code/registrar-1": CODE[::-1]})
            assert "not the same" in browser.refuse("credential", {**asked, "again": "x"})
            browser.go("credential", {**asked, "code/registrar-1": CODE.lower()})
            publisher.publish()
            registrar.close()
            # Voting is not open yet.
            assert "Encrypt" in browser.go("sign-in", {"passphrase": PASSPHRASE})
            assert "not voting yet" in browser.refuse("seal", MARKED)
            simulation.board.submit(simulation.authority.enter(election, "voting"))
            vote_at(browser)

    monkeypatch.setattr(uvicorn, "Server", Served)
    monkeypatch.setattr("resource.setrlimit", lambda *limits: None)
    with running(board_app(LocalBoard(simulation.board))) as board, running(issuance) as issuing:
        given = {"home": tmp_path / "home", "election_id": election.id}
        given |= {"board_url": board, "registrar_url": issuing}
        run = code["Run it"].replace('"registry"', '"registrar-1"')
        scope = {**names, **given}
        exec(_compiled(run), scope)  # noqa: S102 - the documentation's own code
    # A service that is silent keeps the voter for less than a minute, and not for six.
    for access in (scope["board"], scope["registrar"]):
        service = access._service
        assert service._attempts * service._timeout < 60
    register.close()
    with names["alone_in"](tmp_path / "home"):
        pass

    result = simulation.tally()
    counts = elections.counts_of(result)
    assert counts["officials"] == {"an": ((0, 0, 1), 0), "binh": ((0, 0, 0), 1)}
    assert counts["chair"] == {"chair": ((0, 1, 0), 0)}
    report = elections.verify(simulation, list(simulation.store.entries()), election_id=election.id)
    assert (report.verdict, report.ballots_counted, report.ballots_challenged) == (Verdict.VERIFIED, 1, 1)

    # Nothing that was marked, and no secret, is in what was written down, or in an address.
    written = "".join((caplog.text, *capfd.readouterr()))
    addresses = [f"{answer.request.url}{answer.headers.get('location', '')}" for answer in seen]
    for secret in ("officials", "low", "dung", PASSPHRASE, "passphrase", CODE, voter):
        assert not tells(written, secret), secret
        assert not any(tells(address, secret) for address in addresses), secret
    assert "/v1/entries" in written
    on_disk = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert not tells(on_disk.decode("latin-1"), "low")
    assert not tells(on_disk.decode("latin-1"), "officials")


def tells(text: str, word: str) -> bool:
    """Whether the word stands there by itself: what is sealed or random may have the letters of a short one."""
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def vote_at(browser: Browser) -> None:
    """Marks, has the ballot opened, marks again, and casts."""
    missing = browser.refuse("seal", {**MARKED} | {"chair/chair": "nobody"})
    assert "no such choice" in missing
    assert "nobody" not in missing
    page = browser.go("seal", MARKED)
    (code,) = re.findall(r"go on: <b>([^<]+)</b>", page)
    # What is opened is under the key that the cast ballot is under.
    assert "Never open the marks that you mean to cast" in page
    for line, mark in (("AN", "tín nhiệm thấp"), ("BINH", "blank"), ("Chair", "DUNG")):
        assert f"<dt>{line}</dt><dd>{mark}</dd>" in page
    assert f"Opened, and not counted: <b>{code}</b>" in browser.go("challenge")
    page = browser.go("seal", MARKED)
    (other,) = re.findall(r"go on: <b>([^<]+)</b>", page)
    assert other != code
    page = browser.go("cast")
    assert f"Your ballot is cast: <b>{other}</b>" in page
    assert "c2sp.org/tlog-proof@v1" in page
    assert "Sign in" in browser.go("leave")
    for answer in browser.seen:
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


# What is kept, and for how long.


def test_after_casting_the_choices_are_gone_and_nothing_is_cast_twice(hall: Hall) -> None:
    hall.sign_in()
    hall.browser.go("seal", MARKED)
    visit = hall.terminal.visit
    assert visit.choices["chair"] == "dung"
    hall.browser.go("cast")
    assert (visit.holder, visit.votes, visit.choices, visit.sealed) == (None, None, None, None)
    size = hall.simulation.log.size
    assert "Your ballot is cast" in hall.browser.go("cast")
    hall.browser.go("seal", MARKED)
    assert hall.simulation.log.size == size
    # What was sent is kept, sealed.
    holder = hall.simulation.holders[0]
    (vote,) = Votes(hall.home / "votes", holder, passphrase=PASSPHRASE).sent
    assert vote.receipt == visit.sent.receipt


def test_a_line_is_marked_once_and_no_other_is(hall: Hall) -> None:
    hall.sign_in()
    for more in (["chair/chair=em"], ["token=x"], ["officials/nobody=low"], ["more="]):
        fields = [f"{name}={mark}" for name, mark in {**hall.browser.hidden(), **MARKED}.items()]
        answer = hall.browser.forge("seal", content="&".join([*fields, *more]))
        assert hall.browser.refusal(answer), more
        assert hall.terminal.visit.sealed is None
    hall.browser.go("seal", MARKED)


def test_of_who_leaves_nothing_is_left(hall: Hall) -> None:
    """Not in what waits for the voter's time to be over either."""
    for end in (
        lambda: hall.browser.go("leave"),
        hall.sign_in,
        lambda: hall.terminal._timer.function(*hall.terminal._timer.args),
    ):
        hall.sign_in()
        hall.browser.go("seal", MARKED)
        visit = hall.terminal.visit
        with pytest.raises(KeyFileError):
            hall.terminal.sign_in("another")
        assert visit.choices is not None
        end()
        assert (visit.holder, visit.votes, visit.choices, visit.sealed) == (None, None, None, None)
        assert hall.terminal.visit is not visit


def test_every_registrar_is_asked(names: dict[str, Any], tmp_path: Path) -> None:
    simulation = elections.voting(CONTESTS, 1)
    board = LocalBoard(simulation.board)
    for number, ids in enumerate(([], ["registrar-2"], ["registrar-1", "registrar-2"])):
        with pytest.raises(ArgumentError, match="every registrar"):
            names["Terminal"](tmp_path / str(number), simulation.election.id, board, dict.fromkeys(ids))


@pytest.mark.parametrize("step", ["cast", "challenge"])
def test_the_page_of_another_ballot_casts_and_opens_none(hall: Hall, step: str) -> None:
    """Two tabs, or the page before: what the voter looked at is not what is sealed now."""
    hall.sign_in()
    hall.browser.go("seal", MARKED)
    shown = hall.browser.hidden()
    hall.browser.go("change")
    hall.browser.go("seal", {**MARKED, "chair/chair": "em"})
    size = hall.simulation.log.size
    for code in ({"code": shown["code"]}, {"code": ""}):
        assert "another ballot" in hall.browser.refuse(step, code)
        assert "EM" in hall.browser.page
    assert hall.simulation.log.size == size
    assert hall.terminal.visit.choices["chair"] == "em"
    hall.browser.go(step)
    assert hall.simulation.log.size == size + 1


def test_a_line_that_is_not_marked_is_no_blank(hall: Hall) -> None:
    hall.sign_in()
    for name in MARKED:
        others = {key: mark for key, mark in MARKED.items() if key != name}
        assert "mark every line" in hall.browser.refuse("seal", others)
    assert hall.terminal.visit.sealed is None
    assert 'value="" required> blank' in hall.browser.page
    hall.browser.go("seal", MARKED)
    assert hall.terminal.visit.sealed is not None
    assert "Encrypt" in hall.browser.go("change")
    assert hall.terminal.visit.choices is None


def test_a_lost_answer_is_asked_for_again_and_no_other_ballot_is_made(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = hall.terminal._board
    submit, sent = board.submit, []

    def lose(entry: bytes) -> str:
        sent.append(submit(entry))
        raise UnreachableError("does not answer")

    hall.sign_in()
    hall.browser.go("seal", MARKED)
    monkeypatch.setattr(board, "submit", lose)
    assert "does not answer" in hall.browser.refuse("cast")
    assert "Send it again" in hall.browser.page
    assert hall.terminal.visit.sealed is None
    monkeypatch.setattr(board, "submit", submit)
    # Another program, later: the ballot is on the disk.
    hall.terminal.leave()
    assert "Send it again" in hall.browser.go("sign-in", {"passphrase": PASSPHRASE})
    assert "Send it again" in hall.browser.go("seal", MARKED)
    assert hall.terminal.visit.sealed is None
    assert "Your ballot is cast" in hall.browser.go("send")
    kinds = [parse_entry(raw).kind for raw in hall.simulation.store.entries()]
    assert kinds.count("ballot") == len(sent) == 1


def test_a_receipt_of_another_entry_is_none(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    other = hall.simulation.board.receipt(next(hall.simulation.store.entries()))
    hall.sign_in()
    hall.browser.go("seal", MARKED)
    monkeypatch.setattr(hall.terminal._board, "submit", lambda entry: other)
    assert hall.browser.refuse("cast")
    assert "Send it again" in hall.browser.page


def test_a_registrar_whose_answer_is_lost_is_asked_for_the_same(hall: Hall) -> None:
    asked: list[bytes] = []

    class Lost:
        def issue(self, name: str, code: str, request: bytes) -> bytes:
            # The key that it is for is on the disk by now.
            holder = Holder.load(hall.home / "role.key", hall.simulation.election, passphrase=PASSPHRASE)
            assert holder.request("registrar-1") == request
            asked.append(request)
            raise UnreachableError("does not answer")

    hall.terminal.registrars["registrar-1"] = Lost()
    fields = {"name": "voter-2", "code/registrar-1": CODE, "passphrase": PASSPHRASE, "again": PASSPHRASE}
    assert "when a credential was first asked for" not in hall.browser.page
    for _ in range(2):
        assert "does not answer" in hall.browser.refuse("credential", fields)
        # Whoever tries again with another passphrase would find no way on.
        assert "when a credential was first asked for" in hall.browser.page
    assert len(asked) == 2
    assert asked[0] == asked[1]


def test_a_first_ballot_is_not_replaced(names: dict[str, Any], tmp_path: Path) -> None:
    for rule, reason in (("first", "you have voted, and a first ballot cannot be replaced"), ("last", "")):
        simulation = elections.voting(CONTESTS, 1, revoting=rule)
        hall = Hall(simulation, names, tmp_path / rule, LocalBoard(simulation.board))
        with hall.open() as browser:
            hall.sign_in()
            browser.go("seal", MARKED)
            browser.go("cast")
            assert "You have voted" in browser.go("sign-in", {"passphrase": PASSPHRASE})
            assert browser.refusal(browser.press("seal", MARKED)) == reason


def test_who_does_nothing_is_signed_out(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: list[Any] = []

    class Timer(threading.Timer):
        def start(self) -> None:
            waiting.append(self)

    monkeypatch.setattr(threading, "Timer", Timer)
    hall.sign_in()
    hall.browser.go("seal", MARKED)
    # The browser's page goes as well, and not before.
    assert hall.browser.look().headers["refresh"] == "301"
    early, late = waiting
    assert early.finished.is_set()
    assert (late.interval, late.daemon) == (300.0, True)
    # That of an earlier visit does nothing to this one.
    early.function(object())
    assert hall.terminal.visit is not None
    hidden = hall.browser.hidden()
    # What the screen shows is not left on it.
    assert hall.browser.look().headers["refresh"] == "301"
    late.function(*late.args)
    assert hall.terminal.visit is None
    late_again = hall.browser.forge("cast", data=hidden)
    assert "sign in first" in hall.browser.refusal(late_again)
    assert hall.browser.at == "/"
    assert "refresh" not in hall.browser.look().headers


# Who else can reach the terminal.


def forged(hall: Hall) -> Iterator[tuple[int, httpx.Response]]:
    """Requests to cast that are not the voter's, each with the status that is due."""
    browser = hall.browser
    hidden = browser.hidden()
    good = {"data": hidden}
    for origin in ("https://example.org", "null", "http://127.0.0.1:1", browser.url.replace("http", "https")):
        yield 403, browser.forge("cast", headers={"Origin": origin}, **good)
    for token in ("0" * 64, ""):
        yield 303, browser.forge("cast", data={**hidden, "token": token})
    yield 303, browser.forge("cast", data={})
    yield 303, browser.forge("cast", content=b"\xff")
    yield 303, browser.forge("cast", data={**hidden, "code": ""})
    yield 303, browser.forge("cast", data={**hidden, "token": [hidden["token"]] * 2})
    yield 400, browser.forge("cast", headers={"Host": "terminal.example.org"}, **good)
    yield 413, browser.forge("cast", data={**hidden, "more": "x" * 2**18})
    yield 400, browser.forge("cast", content=iter([b"code="]))
    # Somebody who has the path or the cookie, and not the other.
    for at, cookie in ((browser.at, "x"), (f"{browser.at[:-2]}x/", browser.cookie())):
        with closing(Browser(browser.url)) as other:
            other.at = at
            other.set_cookie(cookie)
            yield 303, other.forge("cast", data=hidden)
            assert "DUNG" not in other.page
            assert other.at == "/"


def test_nobody_else_casts(hall: Hall) -> None:
    hall.sign_in()
    hall.browser.go("seal", MARKED)
    size = hall.simulation.log.size
    for status, answer in forged(hall):
        assert answer.status_code == status, answer.text
    assert hall.simulation.log.size == size
    assert 'role="alert"' not in hall.browser.page
    hall.browser.go("cast")
    assert hall.simulation.log.size == size + 1


def test_a_cookie_from_before_is_not_the_voters(hall: Hall) -> None:
    hall.sign_in()
    before, place = hall.browser.cookie(), hall.browser.at
    answer = hall.browser.press("sign-in", {"passphrase": PASSPHRASE})
    assert answer.headers["location"] != place
    with closing(Browser(hall.browser.url)) as stranger:
        stranger.at = answer.headers["location"]
        stranger.set_cookie(before)
        assert "Encrypt" not in stranger.page
    assert {"HttpOnly", "SameSite=strict", f"Path={answer.headers['location']}"} <= set(
        answer.headers["set-cookie"].split("; ")
    )
    assert "passphrase" in hall.browser.refuse("sign-in", {"passphrase": "another"})


def test_labels_are_shown_as_text(names: dict[str, Any], tmp_path: Path) -> None:
    hostile = elections.choice().model_copy(update={"labels": {"en": "<script>alert(1)</script>\x1b[2J"}})
    simulation = elections.voting([hostile], 1)
    hall = Hall(simulation, names, tmp_path, LocalBoard(simulation.board))
    with hall.open() as browser:
        hall.sign_in()
        shown = browser.look().text
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "\x1b" not in shown


def test_people_of_the_same_name_are_told_apart(names: dict[str, Any], tmp_path: Path) -> None:
    """And a contest is called as the hidden fields are."""
    people, chair = elections.rating("code"), elections.choice("token")
    contests = [
        one.model_copy(update={"options": tuple(Option(id=o.id, labels={"vi": "Mai"}) for o in one.options)})
        for one in (people, chair)
    ]
    simulation = elections.voting(contests, 1)
    hall = Hall(simulation, names, tmp_path, LocalBoard(simulation.board))
    with hall.open() as browser:
        hall.sign_in()
        page = browser.page
        for one in (*people.options, *chair.options):
            assert f"Mai [{one.id}]" in page
        page = browser.go("seal", {"code/an": "low", "code/binh": "high", "token/token": "dung"})
        for line, mark in (
            ("Mai [an]", "tín nhiệm thấp"),
            ("Mai [binh]", "tín nhiệm cao"),
            ("Chair", "Mai [dung]"),
        ):
            assert f"<dt>{line}</dt><dd>{mark}</dd>" in page
        assert "Your ballot is cast" in browser.go("cast")


def test_officials_who_stand_in_two_contests_are_read_under_their_titles(names: dict[str, Any]) -> None:
    contests = [elections.rating("party"), elections.choice("chair", ["an", "binh"])]
    chosen = names["in_words"](contests, {"party": {"an": "low", "binh": "high"}, "chair": None})
    assert [(title, [mark for _, mark in marked]) for title, marked in chosen] == [
        ("Lấy phiếu tín nhiệm", ["tín nhiệm thấp", "tín nhiệm cao"]),
        ("Chair", ["blank"]),
    ]


# The portal.


def test_the_portal_is_a_program_of_its_own(code: dict[str, str]) -> None:
    found: dict[str, Any] = {"__name__": "portal"}
    exec(_compiled(code["Mount the registrar in an application of yours"]), found)  # noqa: S102 - as above
    tickets = found["Tickets"]()
    tickets.check("an", tickets.new("an"))


def test_the_portal(names: dict[str, Any], tmp_path: Path) -> None:
    """A member's session gives a ticket, and the ticket a credential; nobody else's does."""
    simulation = elections.simulate(CONTESTS)
    simulation.hold_ceremony()
    election, (voter, other, *_) = simulation.election, simulation.roll

    def signed_in(session: str = Header()) -> str:
        if session not in (voter, other):
            raise HTTPException(401)
        return session

    with SQLiteRegister(tmp_path / "register.sqlite") as register:
        register.add_voters(simulation.roll)
        registrar = Registrar(simulation.registrar_keys[0], election, register)
        portal = names["create_portal"](registrar, register, LocalBoard(simulation.board), signed_in)
        holder = Holder(election)
        request = holder.request("registrar-1")

        with running(portal) as url, RemoteRegistrar(Service(f"{url}/registrar", attempts=1)) as remote:
            assert httpx.post(f"{url}/ticket", headers={"session": "nobody"}).status_code == 401
            answer = httpx.post(f"{url}/ticket", headers={"session": voter})
            assert answer.headers["cache-control"] == "no-store"
            ticket = answer.text
            for name, code in ((other, ticket), (voter, ""), (voter, "x" * 43), ("nobody", ticket)):
                with pytest.raises(CredentialError, match="the name or the ticket is wrong"):
                    remote.issue(name, code, request)
            first = remote.issue(voter, ticket, request)
            assert remote.issue(voter, ticket, request) == first
            holder.accept("registrar-1", first)

        # The publisher has posted what there was before the portal ended.
        assert simulation.log.issued == {"registrar-1": 1}
    assert holder.credential()


def test_a_ticket_ends(names: dict[str, Any]) -> None:
    now = [0.0]
    tickets = names["Tickets"](60.0, lambda: now[0])
    old = tickets.new("an")
    ticket = tickets.new("an")
    tickets.check("an", ticket)
    now[0] = 59.9
    tickets.check("an", ticket)
    for name, code in (("an", old), ("binh", ticket), ("an", "")):
        with pytest.raises(CredentialError):
            tickets.check(name, code)
    now[0] = 60.0
    with pytest.raises(CredentialError):
        tickets.check("an", ticket)
