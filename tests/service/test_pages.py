"""The pages on the HTTP API and on deploying: their code runs, and their tables say what the services have."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from secretballot.board.store import SQLiteStore
from secretballot.client import LocalBoard
from secretballot.client.remote import RemoteBoard, RemoteRegistrar, Service
from secretballot.credential.holder import Holder
from secretballot.credential.register import SQLiteRegister
from secretballot.errors import CredentialError
from secretballot.service.deploy import board_app
from secretballot.service.documents import documents
from secretballot.service.openapi import errors
from secretballot.service.serve import config_of
from secretballot.service.settings import Rate, Settings

from ..support import elections, stages
from ..support.services import running
from ..support.snippets import code as blocks
from .test_openapi import operations

DOCS = Path(__file__).resolve().parents[2] / "docs"
API, DEPLOY, EMBED = (DOCS / name for name in ("reference/http-api.md", "howto/deploy.md", "howto/embed.md"))
#: What any operation can answer with, and the pages tell once.
ALWAYS = set(errors())

pytestmark = pytest.mark.skipif(not API.is_file(), reason="the documentation is not beside the tests")


def run(code: str, page: Path, **names: Any) -> dict[str, Any]:
    exec(compile(code, page.name, "exec"), names)  # noqa: S102 - the documentation's own code
    return names


# The HTTP API.


def test_the_documents_are_written_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _ = blocks(API, "python")
    monkeypatch.chdir(tmp_path)
    run(code, API)
    written = {path.name: json.loads(path.read_bytes()) for path in tmp_path.iterdir()}
    assert written == documents()


def test_the_page_tells_of_every_operation_and_status() -> None:
    told: dict[str, set[int]] = {}
    text = API.read_text(encoding="utf-8").split("\n## Errors\n")[0]
    for section in re.split(r"^### ", text, flags=re.M)[1:]:
        label, rest = re.match(r"`([^`]+)`\n(.*)", section, re.S).groups()  # type: ignore[union-attr]
        refused = rest.partition("Refused:")[2]
        told[label] = {int(status) for status in re.findall(r"\b[45]\d\d\b", refused)} - ALWAYS
    documented = {
        label: {int(status) for status in operation["responses"] if int(status) >= 400} - ALWAYS
        for document in documents().values()
        for label, operation in operations(document)
    }
    assert told == documented
    assert {429, 500, 503} == ALWAYS


def test_the_page_tells_what_to_do_about_every_status() -> None:
    table = API.read_text(encoding="utf-8").split("\n## Errors\n")[1].split("\n## ")[0]
    told = {int(status) for status in re.findall(r"^\| (\d{3}) \|", table, re.M)}
    documented = {
        int(status)
        for document in documents().values()
        for _, operation in operations(document)
        for status in operation["responses"]
        if int(status) >= 400
    }
    # The method that a path has none of is no operation's.
    assert told == documented | {405}
    (example,) = blocks(API, "json")
    schema = documents()["openapi-board.json"]["components"]["schemas"]["ErrorAnswer"]
    assert set(json.loads(example)) == set(schema["required"])


def test_the_page_tells_the_bounds() -> None:
    table = API.read_text(encoding="utf-8").split("\n| bound,")[1].split("\n\n")[0]
    numbers = [
        [int(number.replace(" ", "")) for number in re.findall(r"\d+(?: \d{3})*", row.split("|")[2])]
        for row in table.splitlines()[2:]
    ]
    settings = Settings()
    assert numbers == [
        [settings.max_entry],
        [settings.max_attachment],
        [settings.max_body],
        [settings.max_range],
        [settings.body_seconds, 1, settings.body_rate],
        list(settings.posts),
        list(settings.reads),
        [settings.codes.burst, 1 / settings.codes.per_second],
        [settings.casts.burst, 1 / settings.casts.per_second],
        [settings.at_once],
        [settings.attachments_sent_at_once],
        [settings.attachments_asked_at_once],
        [settings.connections, settings.connections_of_address],
        [settings.head_seconds],
        [settings.idle_seconds],
        [settings.body_seconds, 1, settings.body_rate, settings.unread_seconds],
    ]


def test_a_log_is_followed_as_the_page_says(finished: elections.Finished, tmp_path: Path) -> None:
    _, code = blocks(API, "python")
    with running(board_app(LocalBoard(elections.store_board(finished)))) as url:
        names = run(code, API, url=url, election_id=finished.simulation.election.id, home=tmp_path)
    assert names["log"].result == finished.simulation.log.result
    assert (tmp_path / "seen").is_file()


def test_a_board_is_mounted_as_embedding_tells() -> None:
    (code,) = (block for block in blocks(EMBED, "") if "app.mount" in block)
    simulation = stages.voting()
    app = FastAPI()
    run(code, EMBED, app=app, board=simulation.board)
    with running(app) as url, RemoteBoard(f"{url}/board") as board:
        ballot = simulation.seal(1, {"chair": "em"}).cast()
        assert board.submit(ballot) == board.receipt(ballot)
        assert list(board.entries(0, simulation.store.size())) == list(simulation.store.entries())
        refused = httpx.put(f"{url}/board/v1/entries")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")


# Deploying.


def _serve(monkeypatch: pytest.MonkeyPatch, visit: Callable[[str], None]) -> None:
    """Whoever serves from now on does so on some port, as long as ``visit`` takes with the URL."""

    class Served:
        def __init__(self, config: uvicorn.Config) -> None:
            assert (config.host, config.port, config.access_log) == ("127.0.0.1", 8000, False)
            # Behind the page's proxy: each client has a rate of its own, and all have the proxy's address.
            assert config.proxy_headers
            bounds = config.http.settings  # type: ignore[union-attr]
            assert bounds.connections_of_address == bounds.connections
            self._app = config.app

        def run(self) -> None:
            with running(self._app) as url:
                visit(url)

    monkeypatch.setattr(uvicorn, "Server", Served)


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """The services' logger; what is changed of it is changed back."""
    logger = logging.getLogger("secretballot.service")
    handlers, level = list(logger.handlers), logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.mark.usefixtures("cheap_key_files", "logger")
def test_a_board_is_deployed_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what it logs looks like the page's example."""
    home = tmp_path / "board"
    home.mkdir()
    visited = []
    with SQLiteStore(home / "board.sqlite") as store:
        simulation = elections.voting([elections.choice()], 1, store=store)
        simulation.board_keys.save(home / "role.key", passphrase="a passphrase")
        _, late = simulation.trustees[0].join(simulation.election)

        def visit(url: str) -> None:
            visited.append(httpx.post(f"{url}/v1/entries", content=late).status_code)

        _serve(monkeypatch, visit)
        code, _ = blocks(DEPLOY, "python")
        code = code.replace("/srv", str(tmp_path))
        names = run(code, DEPLOY, passphrase="a passphrase", cosigners=[])
    assert visited == [409]
    default = Settings()
    assert names["settings"].posts.burst > default.posts.burst
    assert names["settings"].reads.burst > default.reads.burst
    (line,) = capsys.readouterr().err.splitlines()
    (example,) = blocks(DEPLOY, "json")
    written, shown = json.loads(line), json.loads(example)
    assert list(written) == list(shown)
    assert written | {"seconds": 0} == shown | {"seconds": 0}
    table = DEPLOY.read_text(encoding="utf-8").split("## What is logged")[1].split("## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.M) == list(shown)


@pytest.mark.usefixtures("cheap_key_files")
def test_a_registrar_is_deployed_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = elections.simulate([elections.choice()])
    simulation.hold_ceremony()
    election, voter = simulation.election, simulation.roll[0]
    home = tmp_path / "registrar"
    home.mkdir()
    simulation.registrar_keys[0].save(home / "role.key", passphrase="a passphrase")
    with SQLiteRegister(home / "register.sqlite") as register:
        register.add_voters(simulation.roll)
    holder = Holder(election)

    def visit(url: str) -> None:
        with RemoteRegistrar(Service(url, attempts=1)) as registrar:
            with pytest.raises(CredentialError, match="the name or the code is wrong"):
                registrar.issue(voter, "another's session", holder.request("registrar-1"))
            holder.accept("registrar-1", registrar.issue(voter, "a session", holder.request("registrar-1")))

    _serve(monkeypatch, visit)
    _, code = blocks(DEPLOY, "python")
    with running(board_app(LocalBoard(simulation.board))) as url:
        given = {"passphrase": "a passphrase", "election": election, "url": url}
        given |= {"uvicorn": uvicorn, "config_of": config_of}
        given["is_session_of"] = lambda name, code: (name, code) == (voter, "a session")
        run(code.replace("/srv", str(tmp_path)), DEPLOY, **given)
    assert holder.credential()
    assert simulation.log.issued == {"registrar-1": 1}


def test_the_proxy_lets_everything_through() -> None:
    text = DEPLOY.read_text(encoding="utf-8")
    size = re.search(r"client_max_body_size (\d+)m; .* (\d+)k before a registrar", text)
    assert size is not None
    settings = Settings()
    assert settings.max_attachment < int(size[1]) * 2**20 < settings.max_attachment + 2**20
    assert int(size[2]) * 2**10 == settings.max_body


@pytest.mark.parametrize(
    ("behind_proxy", "expected"), [(True, [200, 200, 429, 200, 429]), (False, [200, 429, 429, 429, 429])]
)
def test_a_proxy_of_this_machine_tells_the_address(behind_proxy: bool, expected: list[int]) -> None:
    """Each address that it tells has a rate of its own; without one all share one, whatever they say."""
    settings = Settings(reads=Rate(burst=1, per_second=0.001))
    with (
        running(board_app(LocalBoard(stages.empty()), settings), behind_proxy=behind_proxy) as url,
        httpx.Client(base_url=url) as client,
    ):

        def ask(address: str | None) -> int:
            headers = {} if address is None else {"X-Forwarded-For": address}
            return client.get("/health", headers=headers).status_code

        asked = [ask(one) for one in ("192.0.2.1", "192.0.2.2", "192.0.2.1", None, None)]
    assert asked == expected


def test_the_defaults_told_on_deploying_are_the_defaults() -> None:
    text = DEPLOY.read_text(encoding="utf-8").split("## Rates")[1].split("## ")[0]
    settings = Settings()
    posts, reads, codes = settings.posts, settings.reads, settings.codes
    assert f"({posts.burst} posts at once and {posts.per_second} a\nsecond;" in text
    assert f"{reads.burst} reads and {reads.per_second})" in text
    assert f"{codes.burst}, and then one in {1 / codes.per_second:.0f} seconds" in text
