"""Every status that OpenAPI tells of is one that a service answers with, in the form that it tells."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from schemathesis.checks import not_a_server_error

from secretballot.board.board import Board
from secretballot.client import LocalBoard
from secretballot.client.wire import ErrorAnswer
from secretballot.credential.holder import Holder
from secretballot.crypto.encoding import b64encode
from secretballot.crypto.merkle import leaf_hash
from secretballot.errors import RefusedError, StoreError
from secretballot.service.app import create_app
from secretballot.service.deploy import board_app
from secretballot.service.issuance_routes import issuance_routes
from secretballot.service.settings import Rate, Settings
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation

from ..support import elections, stages
from ..support.cosigners import new_cosigner
from .test_openapi import load, operations

NEVER = Rate(burst=0, per_second=0.01)
NO_TRIES = Settings(posts=NEVER, reads=NEVER, codes=NEVER)
ONE_BYTE = Settings(max_entry=1, max_attachment=1, max_body=1)
NO_TIME = Settings(body_seconds=0)
#: In the form of every operation's body, and a digest of nothing.
BODY, NOWHERE = b'{"voter":"a","code":"b","request":"Yw"}', "0" * 64

ENTRIES, ONE_RECEIPT = "/v1/entries", "GET /v1/receipts/{leaf}"
ATTACHMENTS, ONE_ATTACHMENT = "/v1/attachments", "GET /v1/attachments/{digest}"


class Asking:
    """A client that holds every answer against its service's document, and notes that there was one."""

    def __init__(self, app: FastAPI, answered: set[tuple[str, int]]) -> None:
        self.app = app
        self._schema = load(app)
        self._answered = answered

    def __call__(
        self,
        label: str,
        status: int,
        error: str | None = None,
        *,
        body: bytes | None = None,
        query: dict[str, Any] | None = None,
        **places: str,
    ) -> bytes:
        operation = self._schema.find_operation_by_label(label)
        given: dict[str, Any] = {}
        if body is not None:
            (media_type,) = operation.definition.raw["requestBody"]["content"]
            given = {"body": body, "media_type": media_type}
        case = operation.Case(path_parameters=places, query=query or {}, **given)
        response = case.call()
        assert response.status_code == status, response.content
        if error is not None:
            assert ErrorAnswer.model_validate_json(response.content).error == error
        # A service that breaks does so on purpose here.
        case.validate_response(response, excluded_checks=[not_a_server_error] if status >= 500 else [])
        self._answered.add((label, status))
        return bytes(response.content)

    def everything(self, status: int, error: str, posts: bool = False) -> None:
        """Every operation, or those that take a body, is answered alike."""
        for label, operation in operations(self.app.openapi()):
            if posts and not label.startswith("POST"):
                continue
            names = {where: _names(operation, where) for where in ("query", "path")}
            body = BODY if label.startswith("POST") else None
            query = dict.fromkeys(names["query"], 0)
            self(label, status, error, body=body, query=query, **dict.fromkeys(names["path"], NOWHERE))

    def too_slow(self) -> None:
        """A body that never comes."""
        for label, _ in operations(self.app.openapi()):
            if label.startswith("POST"):
                assert asyncio.run(_silent(self.app, label.removeprefix("POST "))) == (408, "TooSlowError")
                self._answered.add((label, 408))

    def missing(self) -> set[tuple[str, int]]:
        """What the document tells of, and was not answered."""
        told = {
            (label, int(status))
            for label, operation in operations(self.app.openapi())
            for status in operation["responses"]
        }
        return told - self._answered


def _names(operation: dict[str, Any], where: str) -> list[str]:
    return [one["name"] for one in operation.get("parameters", ()) if one["in"] == where]


async def _silent(app: FastAPI, path: str) -> tuple[int, str]:
    """What is answered to somebody who sends nothing."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
    await app(scope, receive, send)
    return sent[0]["status"], ErrorAnswer.model_validate_json(sent[1]["body"]).error


class Failing:
    """In place of a board or a desk, and of all that it has: whatever is called raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Failing:
        return self

    def __call__(self, *arguments: object) -> Any:
        raise self._error


BROKEN = [
    (500, "BoardError", ZeroDivisionError("broken")),
    (503, "StoreError", StoreError("No space left on device")),
]


# The board.


def _with_another_signature(body: dict[str, Any]) -> None:
    first, *rest = body["credential"]["signatures"]
    body["credential"]["signatures"] = [first[:-8] + "AAAAAAAA", *rest]


def _while_voting(ask: Asking, simulation: Simulation, entries: list[bytes]) -> None:
    ask("GET /health", 200)
    ask("GET /v1/status", 200)
    ask("GET /v1/checkpoint", 200)
    assert ask("GET /v1/manifest", 200) == entries[0]
    assert ask("GET " + ENTRIES, 200) == b"".join(entry + b"\n" for entry in entries)
    ask("GET /v1/consistency", 200, query={"old": 3, "new": len(entries)})
    ask(ONE_RECEIPT, 200, leaf=leaf_hash(entries[3]).hex())

    ask("GET " + ENTRIES, 400, "EncodingError", query={"start": "x"})
    ask("GET /v1/consistency", 400, "EncodingError", query={"old": 1})
    ask(ONE_RECEIPT, 400, "EncodingError", leaf="zz")
    ask(ONE_ATTACHMENT, 400, "EncodingError", digest=NOWHERE)
    ask("POST " + ENTRIES, 400, "EncodingError", body=b"garbage")
    ask("POST " + ATTACHMENTS, 400, "EncodingError", body=b"garbage\n")
    ask("POST /v1/cosignatures", 400, "EncodingError", body=b"\xff")

    ask("GET /v1/result", 404, "NotThereError")
    ask("GET " + ENTRIES, 404, "NotThereError", query={"start": len(entries) + 1})
    ask("GET /v1/consistency", 404, "NotThereError", query={"old": 0, "new": len(entries) + 1})
    ask(ONE_RECEIPT, 404, "NotThereError", leaf=NOWHERE)
    ask(ONE_ATTACHMENT, 404, "NotThereError", digest=NOWHERE, query={"size": 1})

    ask("GET /v1/consistency", 422, "RefusedError", query={"old": 2, "new": 1})
    ask("POST /v1/cosignatures", 422, "NoteError", body=simulation.board.checkpoint().encode())

    cast, challenged = elections.both_ends(simulation.seal(1, {"chair": "em"}), simulation)
    key = simulation.holders[1].signing_key
    forged = elections.rewrite(cast, key, _with_another_signature)
    ask("POST " + ENTRIES, 422, "InvalidSignatureError", body=cast[:-6] + b'AAAA"}')
    ask("POST " + ENTRIES, 403, "CredentialError", body=forged)
    receipt = ask("POST " + ENTRIES, 201, body=cast)
    assert ask("POST " + ENTRIES, 201, body=cast) == receipt
    ask("POST " + ENTRIES, 409, "DuplicateError", body=challenged)
    _, late = simulation.trustees[0].join(simulation.election)
    ask("POST " + ENTRIES, 409, "PhaseError", body=late)
    ask("POST " + ATTACHMENTS, 422, "RefusedError", body=cast + b"\nsomething")


def _while_mixing(ask: Asking, stage: stages.Mixing) -> None:
    (second,) = stage.second.attachments
    with_entry = stage.second.entry + b"\n" + second
    ask("POST " + ENTRIES, 424, "BoardError", body=stage.second.entry)
    ask("POST " + ATTACHMENTS, 422, "RefusedError", body=with_entry[:-1])
    digest = ask("POST " + ATTACHMENTS, 201, body=with_entry).decode()
    assert ask("POST " + ATTACHMENTS, 201, body=with_entry).decode() == digest
    assert ask(ONE_ATTACHMENT, 200, digest=digest, query={"size": len(second)}) == second
    ask("POST " + ENTRIES, 201, body=stage.second.entry)


def test_every_status_of_the_board(finished: elections.Finished, tmp_path: Path) -> None:
    answered: set[tuple[str, int]] = set()

    def asking(board: LocalBoard, settings: Settings | None = None) -> Asking:
        return Asking(board_app(board, settings), answered)

    empty = asking(LocalBoard(stages.empty()))
    empty("GET /v1/manifest", 404, "NotThereError")
    empty("GET /v1/checkpoint", 404, "NotThereError")

    simulation = stages.voting()
    keys, cosigner = new_cosigner(tmp_path, elections.verifier(simulation))
    ask = asking(LocalBoard(simulation.board, [keys.vkey()]))
    _while_voting(ask, simulation, list(simulation.store.entries()))
    note = simulation.board.checkpoint()
    with cosigner:
        cosigned = note + cosigner.cosign(note, 0, [])
    assert ask("POST /v1/cosignatures", 200, body=cosigned.encode()).decode() == cosigned
    assert ask("GET /v1/checkpoint", 200).decode() == cosigned

    stage = stages.mixing()
    entries = list(stage.simulation.store.entries())
    _while_mixing(asking(LocalBoard(stage.simulation.board)), stage)
    # A round that comes while there is still voting.
    early = Board(elections.store_of(entries[:-3]), stage.simulation.board_keys, ElectionLog())
    too_early = stage.first.entry + b"\n" + stage.first.attachments[0]
    asking(LocalBoard(early))("POST " + ATTACHMENTS, 409, "PhaseError", body=too_early)

    closed = asking(LocalBoard(elections.store_board(finished)))
    assert closed("GET /v1/result", 200) == finished.entries[-1]

    asking(LocalBoard(simulation.board), NO_TRIES).everything(429, "TooManyError")
    asking(LocalBoard(simulation.board), ONE_BYTE).everything(413, "TooLargeError", posts=True)
    asking(LocalBoard(simulation.board), NO_TIME).too_slow()
    for status, error, raised in BROKEN:
        asking(Failing(raised)).everything(status, error)  # type: ignore[arg-type]
    assert not ask.missing()


# The registrar.


def test_every_status_of_the_registrar() -> None:
    answered: set[tuple[str, int]] = set()
    simulation, app = stages.registrar()
    ask = Asking(app, answered)
    label, (voter, other) = "POST /v1/issuance", simulation.roll[:2]

    def asked(name: str, code: str, request: bytes) -> bytes:
        return json.dumps({"voter": name, "code": code, "request": b64encode(request)}).encode()

    request = Holder(simulation.election).request("registrar-1")
    ask("GET /health", 200)
    for body in (
        b"",
        b"garbage",
        b"[]",
        b"{}",
        asked(voter, stages.CODE, b""),
        asked(voter, stages.CODE, b"x"),
    ):
        ask(label, 400, "EncodingError", body=body)
    ask(label, 403, "CredentialError", body=asked(voter, "another code", request))
    ask(label, 403, "CredentialError", body=asked("nobody", stages.CODE, request))
    signature = ask(label, 200, body=asked(voter, stages.CODE, request))
    assert ask(label, 200, body=asked(voter, stages.CODE, request)) == signature
    ask(label, 403, "CredentialError", body=asked(other, stages.CODE, request))

    Asking(stages.registrar(NO_TRIES)[1], answered).everything(429, "TooManyError")
    Asking(stages.registrar(ONE_BYTE)[1], answered).everything(413, "TooLargeError", posts=True)
    Asking(stages.registrar(NO_TIME)[1], answered).too_slow()
    desk: Any = Failing(RefusedError("issuing is stopped"))
    stopped = create_app("issuance", issuance_routes(desk, Settings()), lambda: None)
    Asking(stopped, answered)(label, 422, "RefusedError", body=asked(voter, stages.CODE, request))
    for status, error, raised in BROKEN:
        desk = Failing(raised)
        broken = create_app("issuance", issuance_routes(desk, Settings()), desk)
        Asking(broken, answered).everything(status, error)
    assert not ask.missing()


def test_too_many_tries_at_one_name() -> None:
    simulation, app = stages.registrar(Settings(codes=Rate(burst=2, per_second=0.01)))
    ask, label = Asking(app, set()), "POST /v1/issuance"
    for name in simulation.roll[:2]:
        body = json.dumps({"voter": name, "code": "guess", "request": "Yw"}).encode()
        for _ in range(2):
            ask(label, 403, "CredentialError", body=body)
        ask(label, 429, "TooManyError", body=body)
