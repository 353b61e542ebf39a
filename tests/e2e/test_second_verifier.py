"""A verifier that shares no code with this one, and was written from the specification, agrees with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from secretballot.board.record import ElectionRecord
from secretballot.cli import main
from secretballot.manifest import Contest
from secretballot.manifest.contests import RankingContest, WriteInContest
from secretballot.records import parse_entry
from secretballot.testing import Simulation
from secretballot.verify import verify_record

from ..support import elections
from ..support.second import Judgement, SecondVerifier, of_report

PEOPLE = ("an", "binh", "chi", "dung")


def ranking(**changed: Any) -> RankingContest:
    members = {
        "id": "board",
        "labels": {"en": "Board"},
        "options": elections.options(*PEOPLE),
        "minimum": 1,
        "maximum": 3,
        "allow_blank": True,
        "methods": ("borda", "irv", "stv", "schulze"),
        "seats": 2,
    }
    return RankingContest(**{**members, **changed})


def write_in() -> WriteInContest:
    return WriteInContest(id="motto", labels={"en": "Motto"}, max_bytes=70, allow_blank=True)


def tallied(contest: Contest, way: str) -> Contest:
    return contest.model_copy(update={"tally": way})


# Records.


def held(
    contests: Sequence[Contest],
    ballots: Sequence[Mapping[str, Any]],
    challenge_every: int = 0,
    absent: Sequence[int] = (),
    **rest: Any,
) -> Simulation:
    simulation = elections.voting(contests, len(ballots), roll_size=len(ballots) + 1, **rest)
    simulation.vote(ballots, challenge_every=challenge_every)
    simulation.tally(absent=absent)
    return simulation


def sums() -> Simulation:
    """Every kind of contest of lines, challenges, a revote, an absent trustee."""
    return elections.finish().simulation


def wide() -> Simulation:
    """Several ciphertexts a line, and two registrars; the first ballot of each credential counts."""
    contests = [elections.rating(people=("an",), rules=elections.RULES, allow_blank=False)]
    members = {"capacity": 10_000, "registrars": 2, "revoting": "first"}
    simulation = elections.voting(contests, 3, roll_size=3, **members)
    for level in ("high", "low"):
        simulation.vote([{"officials": {"an": level}}] * 3)
    simulation.tally()
    return simulation


def both() -> Simulation:
    contests = [
        tallied(elections.rating(rules=elections.RULES), "both"),
        tallied(elections.approval(minimum=0), "mixnet"),
        elections.choice(),
    ]
    ballots = [
        {"officials": {"an": "high", "binh": None}, "committee": ["hoa"], "chair": "em"},
        {"officials": {"an": "low", "binh": "low"}, "committee": [], "chair": None},
    ]
    return held(contests, ballots, challenge_every=2)


def rankings() -> Simulation:
    """Three seats, so that surpluses are passed on; ties, one of which the lot decides."""
    contests = [ranking(seats=3), ranking(id="chair", methods=("irv", "schulze"), seats=1, minimum=2)]
    ranked = ["an chi", "an chi dung", "an", "binh chi", "chi", "", "dung binh", "an binh", "binh an dung"]
    ballots = [
        {"board": one.split(), "chair": list(PEOPLE[place % 3 :][:2])} for place, one in enumerate(ranked)
    ]
    return held(contests, ballots, challenge_every=4)


def texts() -> Simulation:
    words = ["Ăn quả nhớ kẻ", "ĂN  quả nhớ kẻ ", "Straße", "STRASSE", None, "ﬁn", "a" * 70]
    return held([write_in()], [{"motto": word} for word in words], challenge_every=3)


def nobody() -> Simulation:
    """Nobody voted, though one ballot was challenged."""
    simulation = elections.voting([elections.choice(), ranking()], 1)
    simulation.board.submit(simulation.seal(0, {"chair": "chi", "board": ["an"]}).challenge())
    simulation.tally()
    return simulation


def in_setup() -> Simulation:
    simulation = elections.simulate([elections.choice()])
    _, commitment = simulation.trustees[0].join(simulation.election)
    simulation.board.submit(commitment)
    return simulation


def voting() -> Simulation:
    simulation = elections.voting([elections.choice(), write_in()], 2)
    simulation.vote([{"chair": "chi", "motto": "x"}], challenge_every=1)
    return simulation


def unsealed() -> Simulation:
    """A result that follows from no seal: a board of this project would not take it."""
    contest = tallied(elections.rating(rules=elections.RULES), "both")
    return without(held([contest], [{"officials": {"an": "low", "binh": None}}]), "seal")


def nobody_unsealed() -> Simulation:
    return without(nobody(), "seal")


def undecrypted() -> Simulation:
    return without(held([elections.choice()], [{"chair": "chi"}]), "decryption-share")


def without(simulation: Simulation, kind: str) -> Simulation:
    entries = [raw for raw in simulation.store.entries() if parse_entry(raw).kind != kind]
    simulation.board = _Forged(simulation, entries)
    return simulation


class _Forged:
    """A board that signs what it likes."""

    def __init__(self, simulation: Simulation, entries: list[bytes]) -> None:
        self._honest, self._simulation, self._entries = simulation.board, simulation, entries

    def export(self, path: str) -> ElectionRecord:
        record = self._honest.export(path)
        (Path(path) / "entries.jsonl").write_bytes(b"".join(raw + b"\n" for raw in self._entries))
        (Path(path) / "checkpoint").write_bytes(elections.checkpoint(self._simulation, self._entries))
        return record


RECORDS: dict[str, tuple[Callable[[], Simulation], str]] = {
    "sums": (sums, "verified"),
    "wide": (wide, "verified"),
    "both": (both, "verified"),
    "rankings": (rankings, "verified"),
    "texts": (texts, "verified"),
    "nobody": (nobody, "verified"),
    "in_setup": (in_setup, "incomplete"),
    "voting": (voting, "incomplete"),
    "unsealed": (unsealed, "failed"),
    "nobody_unsealed": (nobody_unsealed, "failed"),
    "undecrypted": (undecrypted, "failed"),
}


@pytest.fixture(scope="module")
def second() -> SecondVerifier:
    return SecondVerifier()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All the records."""
    folder = tmp_path_factory.mktemp("records")
    for name, (make, _) in RECORDS.items():
        make().export(str(folder / name))
    done = CliRunner().invoke(main, ["demo", "--voters", "4", "--out", str(folder / "demo")])
    assert done.exit_code == 0
    return folder


@pytest.fixture(scope="module")
def said(second: SecondVerifier, folder: Path) -> dict[str, Judgement]:
    """What the second verifier says of each, in one run."""
    names = [*RECORDS, "demo"]
    _, judgements, errors = second(*(folder / name for name in names))
    assert not errors
    return dict(zip(names, judgements, strict=True))


@pytest.mark.parametrize("name", [*RECORDS, "demo"])
def test_both_say_the_same(folder: Path, said: dict[str, Judgement], name: str) -> None:
    """Verdict, every status, and how many items were checked and failed."""
    assert said[name] == of_report(verify_record(folder / name))
    assert said[name].verdict == (RECORDS[name][1] if name in RECORDS else "verified")
