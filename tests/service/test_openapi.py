"""What OpenAPI says of the services, held against what they do: by Schemathesis, which makes requests up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple

import jsonschema
import jsonschema_rs
import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis.engine import events, from_schema

from secretballot import __version__
from secretballot.board.board import Board
from secretballot.client import LocalBoard
from secretballot.service.deploy import board_app
from secretballot.service.documents import documents
from secretballot.service.settings import Rate, Settings

from ..support import elections, stages

#: Nobody is told that made-up requests come too often.
OFTEN = Rate(burst=1e9, per_second=1e9)
SETTINGS = Settings(posts=OFTEN, reads=OFTEN, codes=OFTEN)

CONFIG = {
    "seed": 1,
    "cache": {"enabled": False},
    "continue-on-failure": True,
    "warnings": False,
    "analysis": {"constants": {"enabled": False}},
    "generation": {"mode": "all", "max-examples": 8, "deterministic": True, "database": "none"},
    "operations": [
        {
            # What a signature is worth, and who is on a roll, no schema can say. That right ones are taken,
            # test_statuses shows.
            "include-operation-id": ["submit", "add_cosignature", "issue"],
            "checks": {"positive_data_acceptance": {"enabled": False}},
        },
        {
            # Likewise; and no bytes are wrong by their schema.
            "include-operation-id": "attach",
            "checks": {"positive_data_acceptance": {"enabled": False}},
            "generation": {"mode": "positive"},
        },
        {
            # Two sizes may each be right, and the old one the larger.
            "include-operation-id": "consistency",
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "422"]}},
        },
    ],
}


def _board(board: Board) -> FastAPI:
    return board_app(LocalBoard(board), SETTINGS)


STAGES: dict[str, Callable[[elections.Finished], FastAPI]] = {
    "empty": lambda finished: _board(stages.empty()),
    "voting": lambda finished: _board(stages.voting().board),
    "mixing": lambda finished: _board(stages.mixing().simulation.board),
    "closed": lambda finished: _board(elections.store_board(finished)),
    "issuance": lambda finished: stages.registrar(SETTINGS)[1],
}


def load(app: FastAPI) -> Any:
    """The service's document, for requests within this process."""
    config = schemathesis.Config.from_dict(CONFIG)
    schema = schemathesis.openapi.from_dict(deepcopy(app.openapi()), config=config)
    schema.app = app
    return schema


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation by its label, as Schemathesis writes it."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


# Requests that are made up.


class Explored(NamedTuple):
    """The statuses that each operation answered with, and what was wrong."""

    answered: dict[str, set[int]]
    failures: list[str]


def explore(app: FastAPI, **which: Any) -> Explored:
    """``which`` chooses operations, or else all are."""
    schema = load(app)
    if which:
        schema = schema.include(**which)

    @schema.hook
    def map_body(context: Any, body: Any) -> Any:
        """An entry comes without white space, or nobody would look into it."""
        if context.operation.label == "POST /v1/entries" and isinstance(body, dict):
            return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        return body

    found = Explored({}, [])
    for event in from_schema(schema).execute():
        match event:
            case events.NonFatalError():
                found.failures.append(f"{event.label}: {event.value!r}")
            case events.FatalError():
                found.failures.append(repr(event.exception))
            case events.ScenarioFinished():
                recorded = event.recorder
                for interaction in recorded.interactions.values():
                    assert interaction.response is not None
                    statuses = found.answered.setdefault(recorded.label, set())
                    statuses.add(interaction.response.status_code)
                for failed in (check.failure_info for checks in recorded.checks.values() for check in checks):
                    if failed is not None:
                        found.failures.append(f"{failed.failure}\n{failed.code_sample}")
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_requests_that_are_made_up(stage: str, finished: elections.Finished) -> None:
    """None is answered as the document does not say, none breaks the service, and no operation is left out."""
    app = STAGES[stage](finished)
    answered, failures = explore(app)
    assert not failures, "\n".join(failures)
    assert set(answered) == {label for label, _ in operations(app.openapi())}
    assert not {500, 503} & set.union(*answered.values()), answered


def test_a_service_that_does_otherwise_is_seen() -> None:
    class Broken(LocalBoard):
        def checkpoint(self) -> str:
            raise ZeroDivisionError

        def consistency(self, old_size: int, new_size: int) -> list[bytes]:
            return [b"short"]

    app = board_app(Broken(stages.voting().board), SETTINGS)
    failures = explore(app, operation_id=["checkpoint", "consistency", "status"]).failures
    for path in ("/v1/checkpoint", "/v1/consistency"):
        assert any("Server error" in failure and path in failure for failure in failures), failures
    assert not any("/v1/status" in failure for failure in failures)


# The documents.


@pytest.fixture(scope="module", params=documents())
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    return documents()[request.param]


def test_it_is_published() -> None:
    for app, name in (
        (board_app(LocalBoard(stages.empty())), "openapi-board.json"),
        (stages.registrar()[1], "openapi-issuance.json"),
    ):
        schema = schemathesis.openapi.from_asgi("/openapi.json", app)
        assert schema.raw_schema == app.openapi() == documents()[name]


def test_it_is_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == __version__
    schemathesis.openapi.from_dict(document).validate()
    for change in ({"info": {}}, {"paths": {"v1": {}}}, {"unknown": 1}):
        with pytest.raises(jsonschema_rs.ValidationError):
            schemathesis.openapi.from_dict(document | change).validate()
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(names)) == len(names)
    assert {tag for _, one in operations(document) for tag in one["tags"]} == {
        tag["name"] for tag in document["tags"]
    }
    for label, operation in operations(document):
        assert operation["summary"], label
        assert operation["description"], label
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], label
            bounds = parameter["schema"]
            assert "pattern" in bounds or {"minimum", "maximum"} <= set(bounds), label
        body = operation.get("requestBody")
        assert (body is None) is label.startswith("GET"), label
        if body is not None:
            assert body["required"], label
            assert body["description"], label
            assert len(body["content"]) == 1, label
        for status, answer in operation["responses"].items():
            assert answer["description"] != "Successful Response", label
            (media_type,) = answer["content"]
            if int(status) >= 400:
                schema = answer["content"][media_type]["schema"]
                assert (media_type, schema) == (
                    "application/json",
                    {"$ref": "#/components/schemas/ErrorAnswer"},
                )
        assert set(operation["responses"]) >= {"429", "500", "503"}, label
        assert operation["responses"]["429"]["headers"]["Retry-After"]["required"]
    assert "HTTPValidationError" not in json.dumps(document)


def test_entries_are_what_the_document_says(finished: elections.Finished) -> None:
    schema = documents()["openapi-board.json"]["components"]["schemas"]["Entry"]
    validator = jsonschema.Draft202012Validator(schema)
    for raw in finished.entries:
        entry = json.loads(raw)
        validator.validate(entry)
        for change in (
            {"signature": entry["signature"][1:]},
            {"body": {}},
            {"body": {"record": "secretballot/2/ballot"}},
            {"more": 1},
        ):
            assert not validator.is_valid(entry | change)
