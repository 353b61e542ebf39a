"""What a developer gets wrong first: an argument of another type is one typed line, and nothing was done."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import secretballot as sb
from secretballot.credential import registrar as registrar_module
from secretballot.errors import ArgumentError, ManifestError, RecordError, SelectionError, check_type
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.verify import verify_entries

from ..support import elections

Call = Callable[[elections.Finished, Any], object]


def registrar(held: elections.Finished, roll: Any) -> object:
    simulation = held.simulation
    return registrar_module.Registrar(simulation.registrars[0]._keys, simulation.election, roll)


CALLS: dict[str, tuple[Call, str]] = {
    "submit": (lambda held, wrong: held.simulation.board.submit(wrong), "an entry as bytes is needed"),
    "receipt": (lambda held, wrong: held.simulation.board.receipt(wrong), "an entry as bytes is needed"),
    "issue": (
        lambda held, wrong: held.simulation.registrars[0].issue("voter 0", wrong),
        "a blinded request as bytes is needed",
    ),
    "accept": (
        lambda held, wrong: held.simulation.holders[0].accept("registrar-1", wrong),
        "a blind signature as bytes is needed",
    ),
    "holder": (lambda held, wrong: sb.Holder(wrong), "an election is needed"),
    "join": (lambda held, wrong: held.simulation.trustees[0].join(wrong), "an election is needed"),
    "trustee": (lambda held, wrong: DecryptingTrustee(wrong), "a trustee after the ceremony"),
    "device": (lambda held, wrong: sb.VoterDevice(wrong, wrong, wrong), "a log's context is needed"),
    "from_manifest": (lambda held, wrong: sb.Election.from_manifest(wrong), "a manifest is needed"),
    "election": (lambda held, wrong: sb.Election(wrong), "a manifest's body as bytes is needed"),
    "verify": (lambda held, wrong: sb.verify_record(wrong), "a record's directory is needed"),
    "write": (lambda held, wrong: sb.write_record("x", [], wrong), "a checkpoint as text is needed"),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("wrong", [None, 7, ["do-not-tell"], {"do-not-tell": 1}])
def test_another_type(finished: elections.Finished, name: str, wrong: Any) -> None:
    call, message = CALLS[name]
    with pytest.raises(ArgumentError, match=re.escape(message)) as caught:
        call(finished, wrong)
    assert isinstance(caught.value, TypeError)
    assert "do-not-tell" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_text_is_no_entry(finished: elections.Finished) -> None:
    with pytest.raises(ArgumentError, match="an entry as bytes is needed, not str"):
        finished.simulation.board.submit("abc")  # type: ignore[arg-type]


@pytest.mark.parametrize("roll", ["abcde", b"abcde", None, 5, [1, 2], ["an", None]])
def test_a_roll_is_a_collection_of_names(finished: elections.Finished, roll: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^a roll is a collection of voters' names, each a str$"):
        registrar(finished, roll)
    assert registrar(finished, ["an", "binh"])
    assert registrar(finished, {"an": 1, "binh": 2}.keys())


@pytest.mark.parametrize("selections", [None, 7, "abc", ["officials"]])
def test_selections_are_a_mapping(finished: elections.Finished, selections: Any) -> None:
    simulation = finished.simulation
    holder = simulation.holders[0]
    device = sb.VoterDevice(simulation.log.context, holder.credential(), holder.signing_key)
    with pytest.raises(
        SelectionError, match=r"^a selection for each contest is needed, by the contest's id$"
    ):
        device.seal(selections)


def test_an_announced_id_is_bytes_of_one_length(finished: elections.Finished) -> None:
    """Its hexadecimal would never be equal: that must be an error, and no finding against the record."""
    checkpoint = finished.simulation.board.checkpoint().encode()
    right = finished.simulation.election.id
    assert verify_entries(finished.entries, checkpoint, election_id=right).rule("M3").status == "passed"
    with pytest.raises(ArgumentError, match=r"an election's id as bytes .* is needed, not str"):
        verify_entries(finished.entries, checkpoint, election_id=right.hex())  # type: ignore[arg-type]
    for wrong in (b"", right[:-1], right + b"\0"):
        with pytest.raises(ArgumentError, match=f"an election's id has 32 bytes, not {len(wrong)}"):
            verify_entries(finished.entries, checkpoint, election_id=wrong)


def test_a_record_may_be_named_by_its_directory(finished: elections.Finished, tmp_path: Path) -> None:
    record = sb.write_record(tmp_path / "r", finished.entries, finished.simulation.board.checkpoint())
    for name in (record, tmp_path / "r", str(tmp_path / "r")):
        assert sb.verify_record(name).verdict is sb.Verdict.VERIFIED
    with pytest.raises(RecordError, match="not an election record"):
        sb.verify_record(tmp_path)


def test_an_argument_is_what_it_must_be() -> None:
    check_type(True, (int, str), "a number")
    check_type("x", str, "a text")
    with pytest.raises(ArgumentError, match=r"^a text is needed, not NoneType$"):
        check_type(None, str, "a text")
    with pytest.raises(ManifestError):
        sb.Option(id="An", labels={"en": "An"})
