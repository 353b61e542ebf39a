"""What is read from a board's service: as the log has it, and in the one form in which it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from secretballot.board.board import Board
from secretballot.board.keys import BoardKeys
from secretballot.board.store import MemoryStore
from secretballot.client import LocalBoard
from secretballot.service.deploy import board_app
from secretballot.tally import ElectionLog

from ..support import elections
from ..support.services import running


@pytest.fixture(scope="module")
def empty() -> Iterator[httpx.Client]:
    """A board whose log has no entry."""
    board = Board(MemoryStore(), BoardKeys.generate("example.org/votes/1"), ElectionLog())
    with running(board_app(LocalBoard(board))) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture(scope="module")
def closed(finished: elections.Finished) -> Iterator[httpx.Client]:
    """A board of an election that is over."""
    board = elections.store_board(finished)
    with running(board_app(LocalBoard(board))) as url, httpx.Client(base_url=url) as client:
        yield client


def absent(response: httpx.Response, message: str) -> None:
    assert response.status_code == 404, response.text
    assert response.json() == {"error": "NotThereError", "message": message, "item": None, "culprit": None}


def test_an_empty_log(empty: httpx.Client) -> None:
    assert empty.get("/v1/status").json() == {
        "size": 0,
        "phase": "setup",
        "election": None,
        "issued": {},
        "cast": 0,
        "challenged": 0,
    }
    absent(empty.get("/v1/manifest"), "the log is empty")
    absent(empty.get("/v1/checkpoint"), "the log is empty")
    absent(empty.get("/v1/result"), "there is no result yet")
    assert empty.get("/v1/entries").content == b""
    assert empty.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize(
    "number", ["+1", " 1", "1 ", "1.0", "1_0", "01", "-0", "１", "0x1", "1e0", "", "1" * 17]
)
def test_a_number_has_one_form(closed: httpx.Client, number: str) -> None:
    for path, name in (
        ("/v1/entries?stop=2", "start"),
        ("/v1/entries?start=0", "stop"),
        ("/v1/consistency?new=20", "old"),
        ("/v1/consistency?old=0", "new"),
        (f"/v1/attachments/{'0' * 64}?", "size"),
    ):
        url = httpx.URL(path).copy_merge_params({name: number})
        answer = closed.get(url)
        assert answer.status_code == 400, (path, answer.text)
        assert answer.json()["message"] == f"malformed: {name}"
        good = closed.get(url.copy_set_param(name, "1"))
        assert good.status_code in (200, 404), good.text


def test_an_election_that_is_over(closed: httpx.Client, finished: elections.Finished) -> None:
    simulation, entries = finished.simulation, finished.entries
    assert closed.get("/v1/status").json() == {
        "size": len(entries),
        "phase": "closed",
        "election": simulation.election.id.hex(),
        "issued": {"registrar-1": 5},
        "cast": len(finished.places("ballot")),
        "challenged": len(finished.places("challenged-ballot")),
    }
    for path, entry in (("/v1/manifest", entries[0]), ("/v1/result", entries[-1])):
        answer = closed.get(path)
        assert (answer.status_code, answer.content) == (200, entry)
        assert answer.headers["content-type"] == "application/json"
    assert json.loads(entries[-1])["body"]["record"] == "secretballot/1/result"


def test_a_result_is_there_once_it_is_posted(finished: elections.Finished) -> None:
    keys = finished.simulation.board_keys
    board = Board(elections.store_of(finished.entries[:-1]), keys, ElectionLog())
    with running(board_app(LocalBoard(board))) as url, httpx.Client(base_url=url) as client:
        absent(client.get("/v1/result"), "there is no result yet")
        assert client.post("/v1/entries", content=finished.entries[-1]).status_code == 201
        assert client.get("/v1/result").content == finished.entries[-1]
