"""The exported JSON Schemas fit what an election really publishes, and refuse what differs from it."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest

from secretballot import (
    ApprovalContest,
    ChoiceContest,
    Option,
    OutcomeRule,
    RankingContest,
    RatingContest,
    WriteInContest,
    compare_records,
    confidence_levels,
    verify_record,
    write_record,
)
from secretballot.ceremony import CeremonyComplaint
from secretballot.records import parse_entry
from secretballot.report.schemas import DIALECT, MODELS, schemas
from secretballot.testing import Simulation

from ..support import snippets

SCHEMAS = schemas()
PAGE = Path(__file__).resolve().parents[2] / "docs" / "spec" / "index.md"

needs_docs = pytest.mark.skipif(not PAGE.is_file(), reason="the documentation is not beside the tests")


def _options(*ids: str) -> tuple[Option, ...]:
    return tuple(Option(id=one, labels={"en": one}) for one in ids)


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Every body of a small election by its kind, and the report on it."""
    rule = {"id": "half", "labels": {"vi": "quá nửa"}, "count_of": "low", "relation": ">", "base": "roll"}
    contests = [
        RatingContest(
            id="people",
            labels={"en": "People", "vi": "Người"},
            options=_options("an", "binh"),
            base="collected",
            rules=(OutcomeRule.model_validate(rule | {"threshold": "1/2"}),),
            levels=confidence_levels(),
            allow_blank=True,
        ),
        ChoiceContest(
            id="place",
            labels={"en": "Place"},
            options=_options("north", "south"),
            base="roll",
            rules=(),
            allow_blank=False,
        ),
        ApprovalContest(
            id="days",
            labels={"en": "Days"},
            options=_options("a", "b", "c"),
            base="roll",
            rules=(),
            minimum=1,
            maximum=2,
            allow_blank=True,
            tally="both",
        ),
        RankingContest(
            id="order",
            labels={"en": "Order"},
            options=_options("x", "y", "z"),
            minimum=1,
            maximum=3,
            allow_blank=True,
            methods=("borda", "irv", "stv", "schulze"),
            seats=2,
        ),
        WriteInContest(id="text", labels={"en": "Text"}, max_bytes=20, allow_blank=True),
    ]
    simulation = Simulation(contests, roll_size=2, capacity=20_000)
    simulation.hold_ceremony()
    simulation.issue(2)
    ballot = {"people": {"an": "low", "binh": None}, "place": "south", "days": ["a"]}
    ballot |= {"order": ["x", "z"], "text": "Người"}
    simulation.vote([ballot, ballot], challenge_every=2)
    simulation.tally(absent=[0])
    out: dict[str, list[dict[str, Any]]] = {}
    for raw in simulation.store.entries():
        entry = parse_entry(raw)
        out.setdefault(entry.kind, []).append(json.loads(entry.body))
    # A ceremony that ends well has no complaint.
    complaint = CeremonyComplaint(
        election=simulation.election.id, trustee="trustee-1", accused="trustee-2", reason="no share"
    )
    out["ceremony-complaint"] = [json.loads(complaint.to_body())]
    record = simulation.export(str(tmp_path_factory.mktemp("schemas") / "record"))
    out["report"] = [json.loads(verify_record(record).to_body())]
    entries = list(record.entries())
    other = write_record(tmp_path_factory.mktemp("schemas") / "other", [*entries[:-1], b"x"], "garbage")
    out["comparison"] = [json.loads(compare_records(record, other).to_body())]
    return out


def _validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(SCHEMAS[f"{name}.schema.json"])


def test_schemas_are_schemas() -> None:
    for name, schema in SCHEMAS.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == DIALECT
        assert schema["$id"] == name
        assert schema["title"]
        assert schema["description"]
        assert schema["additionalProperties"] is False


def test_every_kind_has_a_schema(bodies: dict[str, list[dict[str, Any]]]) -> None:
    assert set(bodies) == set(MODELS)
    assert {f"{name}.schema.json" for name in MODELS} == set(SCHEMAS)


@pytest.mark.parametrize("name", MODELS)
def test_published_bodies_validate(name: str, bodies: dict[str, list[dict[str, Any]]]) -> None:
    for body in bodies[name]:
        _validator(name).validate(body)


@pytest.mark.parametrize("name", MODELS)
def test_changed_bodies_do_not(name: str, bodies: dict[str, list[dict[str, Any]]]) -> None:
    validator = _validator(name)
    body = bodies[name][0]
    changed = list(_mutations(body))
    assert len(changed) > 2 * len(body)
    for where, mutated in changed:
        assert not validator.is_valid(mutated), where


@pytest.mark.parametrize("name", MODELS)
def test_another_kinds_body_does_not(name: str, bodies: dict[str, list[dict[str, Any]]]) -> None:
    for other in MODELS:
        assert _validator(name).is_valid(bodies[other][0]) is (other == name)


def test_values_beyond_their_limits(bodies: dict[str, list[dict[str, Any]]]) -> None:
    manifest = bodies["manifest"][0]
    validator = _validator("manifest")
    for change in (
        {"roll_size": 0},
        {"revoting": "both"},
        {"contests": []},
        {"labels": {}},
        {"labels": {"no language": "x"}},
        {"labels": {"en": ""}},
        {"labels": {"en": "x" * 1001}},
        {"board": manifest["board"] | {"origin": "a+b"}},
        {"board": manifest["board"] | {"key": "A" * 42}},
        {"authority": manifest["authority"] | {"id": "Authority"}},
    ):
        assert not validator.is_valid(manifest | change), change
    issuance = bodies["issuance"][0]
    for serial in (-1, 2**53, 1.5, "1", True):
        assert not _validator("issuance").is_valid(issuance | {"serial": serial}), serial


@needs_docs
def test_the_specification_lists_every_schema() -> None:
    listed = re.findall(r"^\| `([a-z-]+\.schema\.json)` \|", PAGE.read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == sorted(SCHEMAS)


@needs_docs
def test_the_specification_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines of Python write what building the documentation writes."""
    (code,) = snippets.code(PAGE, "python")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, PAGE.name, "exec"), {})  # noqa: S102 - the documentation's own code
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(written) == set(SCHEMAS)
    runpy.run_path(str(PAGE.parents[1] / "conf.py"))["write_schemas"](
        SimpleNamespace(outdir=tmp_path / "_build")
    )
    built = tmp_path / "_build" / "spec" / "schemas"
    assert {path.name: path.read_bytes() for path in built.iterdir()} == written


def _mutations(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """The value with one member left out, added, or given a value of another type, at every depth."""
    if isinstance(value, dict):
        is_labels = where.endswith("labels")
        yield f"{where} + unknown", value | {"un-known!": "x"}
        for name, inner in value.items():
            if not is_labels:
                yield f"{where} - {name}", {key: item for key, item in value.items() if key != name}
            yield f"{where}.{name} = another type", value | {name: 0.5}
            for place, mutated in _mutations(inner, f"{where}.{name}"):
                yield place, value | {name: mutated}
    elif isinstance(value, list) and value:
        for place, mutated in _mutations(value[0], f"{where}[0]"):
            yield place, [mutated, *value[1:]]
    elif isinstance(value, str):
        yield f"{where} = a list", [value]
