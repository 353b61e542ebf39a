"""``python -m tests.compat.make``: makes the golden records of this release. Run by hand, once, at the release.

It refuses where the release has its records already: they are never made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from secretballot import __version__
from secretballot.crypto.cosignature import CosignatureSigner, add_cosignatures
from secretballot.crypto.note import parse_note
from secretballot.crypto.signing import SigningKey
from secretballot.manifest.contests import RankingContest, WriteInContest
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation
from secretballot.verify import Verdict

from ..support import elections
from .golden import FOLDER, SUMS, Golden, sums

#: When the outsider signed: any time will do.
TIME = 1_800_000_000


def rating() -> Simulation:
    """Added up: two officials at three levels, blanks, outcome rules, a voter who votes again, a trustee away."""
    simulation = elections.voting([elections.rating(rules=elections.RULES)], 4, roll_size=5)
    marks = [("high", "low"), ("low", None), ("low", "confidence"), (None, None)]
    simulation.vote([{"officials": {"an": an, "binh": binh}} for an, binh in marks])
    simulation.board.submit(simulation.seal(0, {"officials": {"an": "low", "binh": "high"}}).cast())
    simulation.tally(absent=[1])
    return simulation


def mixed() -> Simulation:
    """Mixed line by line: a choice."""
    chair = elections.choice().model_copy(update={"tally": "mixnet"})
    simulation = elections.voting([chair], 4, roll_size=4)
    simulation.vote([{"chair": one} for one in ("chi", "em", None, "chi")])
    simulation.tally()
    return simulation


def twice() -> Simulation:
    """Added up and mixed: an approval. The first ballot of a credential counts."""
    committee = elections.approval().model_copy(update={"tally": "both"})
    simulation = elections.voting([committee], 3, roll_size=3, revoting="first", mixers=3, mixing_rounds=2)
    simulation.vote([{"committee": one} for one in (["giang"], [], ["hoa", "khoa"])])
    simulation.board.submit(simulation.seal(0, {"committee": ["hoa"]}).cast())
    simulation.tally()
    return simulation


def marks() -> Simulation:
    """Whole marks: a ranking by each method, and a text."""
    ranking = RankingContest(
        id="order",
        labels={"en": "Order"},
        options=elections.options("an", "binh", "chi"),
        methods=("borda", "irv", "stv", "schulze"),
        maximum=3,
        minimum=1,
        seats=2,
        allow_blank=True,
    )
    text = WriteInContest(id="name", labels={"en": "Name"}, max_bytes=24, allow_blank=True)
    simulation = elections.voting([ranking, text], 4, roll_size=4)
    ballots = [(["an", "chi"], "Bà Én"), (["binh"], "BÀ  ÉN"), (["chi", "an", "binh"], "Ông Tư"), ([], None)]
    simulation.vote([{"order": order, "name": name} for order, name in ballots])
    simulation.tally()
    return simulation


def challenged() -> Simulation:
    """Ballots that were opened, of each kind that is added up; two registrars; a group below the least."""
    contests = [elections.rating(), elections.choice(), elections.approval()]
    simulation = elections.voting(contests, 3, roll_size=6, registrars=2, minimum_group=5)
    ballots = [
        {"officials": {"an": "high", "binh": "low"}, "chair": "chi", "committee": ["giang"]},
        {"officials": {"an": "low", "binh": None}, "chair": None, "committee": []},
        {"officials": {"an": "low", "binh": "confidence"}, "chair": "em", "committee": ["giang", "khoa"]},
    ]
    simulation.vote(ballots, challenge_every=2)
    simulation.close_voting()
    for holder in simulation.key_holders[:2]:
        share = DecryptingTrustee(holder).decrypt(simulation.log.tally, accept_small_group=True)
        simulation.board.submit(share)
    simulation.board.submit(simulation.authority.publish(simulation.log.compute_result()))
    return simulation


KINDS: dict[str, Callable[[], Simulation]] = {
    "rating": rating,
    "mixed": mixed,
    "twice": twice,
    "marks": marks,
    "challenged": challenged,
}


def write(golden: Golden, simulation: Simulation) -> None:
    """The record with an outsider's line on its checkpoint, what it is held against, and the report."""
    record = simulation.export(str(golden.path / "record"))
    note = record.checkpoint().decode()
    outsider = CosignatureSigner("witness.example.org/w1", SigningKey.generate())
    line = outsider.cosign(parse_note(note)[0], TIME)
    (record.path / "checkpoint").write_text(add_cosignatures(note, [line]), encoding="utf-8")
    begun = elections.checkpoint(simulation, list(record.entries())[:10]).decode()
    given = {
        "election": simulation.election.id.hex(),
        "checkpoint": begun,
        "cosigners": [outsider.verifier.vkey()],
    }
    (golden.path / "given.json").write_text(json.dumps(given, indent=1, ensure_ascii=False) + "\n", "utf-8")
    report = golden.verify()
    if report.verdict is not Verdict.VERIFIED:
        raise SystemExit(f"{golden.name} is not verified")
    (golden.path / "report.json").write_bytes(report.to_body() + b"\n")


def main() -> None:
    release = FOLDER / __version__
    if release.exists():
        raise SystemExit(f"{__version__} has its golden records: they are never made again")
    for kind, hold in KINDS.items():
        write(Golden(release / kind), hold())
    SUMS.write_text(sums(), encoding="utf-8")


if __name__ == "__main__":
    main()
