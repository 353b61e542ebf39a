"""Both verifiers say the same of lines that are no marks, and of the reasons that a result gives for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from secretballot.board.attachments import digest_of
from secretballot.testing.tamper.accomplices import Accomplices

from ..property.marks.shared import FEW, embedded
from ..property.marks.test_hostile import GOOD, HOSTILE, seal_rows
from ..support import elections
from ..support.second import Judgement, SecondVerifier, agreed
from .test_second_verifier import ranking

#: The bytes of the longest reason: each of its characters is escaped.
MOST_REASON = 6 * 1000


def judged(
    second: SecondVerifier, folder: Path, election: Accomplices, results: dict[str, bytes]
) -> dict[str, Judgement]:
    """What both say of the election, with each of these entries for its result."""
    place = election.place("result")
    logs = {name: election.replaced(place, raw) for name, raw in results.items()}
    records = {name: (lines(entries), election.sign(entries)) for name, entries in logs.items()}
    files = {digest_of(data).hex(): data for data in election.attachments}
    return agreed(second, folder, records, dict.fromkeys(records, files))


def lines(entries: Sequence[bytes]) -> bytes:
    return b"".join(raw + b"\n" for raw in entries)


def test_lines_that_are_no_marks(
    second: SecondVerifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    voters = len(GOOD) + len(HOSTILE)
    simulation = elections.voting(FEW, voters, roll_size=voters)
    simulation.vote(GOOD)
    for voter, (contest, _, row) in enumerate(HOSTILE, len(GOOD)):
        seal_rows(simulation, monkeypatch, voter, {contest: row()})
    simulation.tally()
    election = Accomplices.of(simulation)
    place = election.place("result")
    results = {"as it is": election.entries[place]}
    for contest in (0, 2):

        def dropped(body: Any, contest: int = contest) -> None:
            body["contests"][contest]["invalid_lines"].pop()

        results[f"a line less of contest {contest}"] = election.rewritten(place, dropped)
    said = judged(second, tmp_path, election, results)
    assert [one.failed for one in said.values()] == [set(), {"T3"}, {"T3"}]


def test_reasons(second: SecondVerifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They may be anything, as long as the result has at most twice the bytes that are reckoned for one."""
    voters = 8
    contest = ranking(
        options=elections.options("an", "binh"), maximum=1, seats=1, methods=("borda",), id="board"
    )
    simulation = elections.voting([contest], voters, roll_size=voters)
    for voter in range(voters):
        seal_rows(simulation, monkeypatch, voter, {"board": embedded("board", b"\xff")}, {"board": None})
    simulation.tally()
    election = Accomplices.of(simulation)
    place = election.place("result")

    def explained(size: int) -> bytes:
        """A result of so many bytes."""

        def explain(body: Any, size: int = 0) -> None:
            for one in body["contests"][0]["invalid_lines"]:
                own = min(size, MOST_REASON)
                one["reason"] = "\x01" * (own // 6) + "x" * (own % 6)
                size -= own

        least = len(election.rewritten(place, explain))
        return election.rewritten(place, lambda body: explain(body, size - least))

    most = 2 * 21_531
    results = {name: explained(size) for name, size in (("most", most), ("more", most + 1))}
    assert [len(raw) for raw in results.values()] == [most, most + 1]
    said = judged(second, tmp_path, election, results)
    assert (said["most"].verdict, said["most"].failed) == ("verified", set())
    assert said["more"].failed == {"L1"}


def test_many_rows(second: SecondVerifier) -> None:
    """More than a call of that language has arguments. Four times as many can be mixed."""
    ballots = f"Array.from({{ length: {2**18} }}, () => [new Uint8Array(64)])"
    assert second.evaluate("tally", f"module.rowsOf({ballots}, 0, 0, 1).length") == 64 * 2**18
