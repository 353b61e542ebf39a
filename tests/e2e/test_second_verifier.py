"""A verifier that shares no code with this one, and was written from the specification, agrees with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from secretballot.board.keys import BoardKeys
from secretballot.board.record import ElectionRecord
from secretballot.cli import main
from secretballot.crypto.cosignature import CosignatureSigner, CosignatureVerifier
from secretballot.crypto.merkle import EMPTY_ROOT
from secretballot.crypto.note import NoteVerifier, format_vkey, parse_note
from secretballot.crypto.signing import SigningKey
from secretballot.manifest import Contest
from secretballot.manifest.contests import RankingContest, WriteInContest
from secretballot.records import parse_entry
from secretballot.testing import Simulation
from secretballot.verify import Report, verify_record

from ..compat.golden import Golden, records
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


def other_bases() -> Simulation:
    """Every share says that it is of another log or round; the proofs are honest."""
    simulation = both()
    keys = {one.id: one._signing for one in simulation.trustees}
    entries = []
    for raw in simulation.store.entries():
        if parse_entry(raw).kind in ("decryption-share", "line-share"):
            key = keys[json.loads(parse_entry(raw).body)["trustee"]]
            raw = elections.rewrite(raw, key, lambda body: body.update(basis="A" * 43))
        entries.append(raw)
    simulation.board = _Forged(simulation, entries)
    return simulation


def foreign_challenge() -> Simulation:
    """A voter challenges a ballot that says that it is of another election."""
    simulation = held([elections.choice()], [{"chair": "chi"}], challenge_every=1)
    entries = list(simulation.store.entries())
    place = next(at for at, raw in enumerate(entries) if parse_entry(raw).kind == "challenged-ballot")

    def foreign(body: dict[str, Any]) -> None:
        own = json.loads(body["ballot"])
        body["ballot"] = elections.canonical({**own, "election": "A" * 43}).decode()

    entries[place] = elections.rewrite(entries[place], simulation.holders[0].signing_key, foreign)
    simulation.board = _Forged(simulation, entries)
    return simulation


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
    "other_bases": (other_bases, "failed"),
    "foreign_challenge": (foreign_challenge, "failed"),
}


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


@pytest.mark.parametrize("golden", records(), ids=lambda golden: golden.name)
def test_golden_records(second: SecondVerifier, golden: Golden, tmp_path: Path) -> None:
    """It says of them what their release said, for the same pins. Later releases may have more rules."""
    given = golden.given
    pins = options(tmp_path, **{**given, "checkpoint": given["checkpoint"].encode()})
    code, (said,), _ = second(*pins, golden.path / "record")
    then = of_report(Report.from_body(golden.report))
    assert (code, said.verdict) == (0, then.verdict)
    assert {rule: said.rules[rule] for rule in then.rules} == then.rules


# What is held against a record.

#: Seconds since the Epoch.
TIME = 1_700_000_000


@pytest.fixture(scope="module")
def cosigned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Simulation, list[CosignatureSigner]]:
    """A record whose checkpoint two of three cosigners signed, one of them twice."""
    simulation = voting()
    folder = tmp_path_factory.mktemp("cosigned") / "record"
    simulation.export(str(folder))
    cosigners = [CosignatureSigner(f"w{place}.example", SigningKey.generate()) for place in range(3)]
    note = (folder / "checkpoint").read_text(encoding="utf-8")
    text, _ = parse_note(note)
    lines = [cosigners[place].cosign(text, TIME + place).line() for place in (0, 1, 1)]
    (folder / "checkpoint").write_text(note + "".join(lines), encoding="utf-8")
    return folder, simulation, cosigners


def test_what_is_held_against_a_record(
    second: SecondVerifier, cosigned: tuple[Path, Simulation, list[CosignatureSigner]], tmp_path: Path
) -> None:
    folder, simulation, cosigners = cosigned
    vkeys = [cosigner.verifier.vkey() for cosigner in cosigners]
    board = NoteVerifier(simulation.board_keys.origin, simulation.board_keys.public().verifier().key)
    entries = list(simulation.store.entries())
    earlier = elections.checkpoint(simulation, entries[:7])
    other = elections.checkpoint(simulation, entries[1:8])
    longer = elections.checkpoint(simulation, [*entries, b"more"])
    foreign = BoardKeys.generate(simulation.board_keys.origin).sign(7, bytes(32)).encode()
    election = simulation.election.id
    renamed = CosignatureVerifier("w0.example", cosigners[1].verifier.key)
    boards = CosignatureVerifier("w.example", board.key)
    # Each of the three kinds, right and wrong.
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"election_id": election, "checkpoint": earlier, "cosigners": vkeys[:2]}, set()),
        ({"election_id": bytes(32), "checkpoint": other, "cosigners": vkeys}, {"M3", "L6", "L7"}),
        ({"checkpoint": longer, "cosigners": vkeys, "cosigners_needed": 2}, {"L6"}),
        ({"checkpoint": foreign, "cosigners": vkeys[1:], "cosigners_needed": 1}, {"L6"}),
        ({"election_id": election, "cosigners": [renamed.vkey()]}, {"L7"}),
        ({"checkpoint": earlier, "cosigners": [boards.vkey()]}, {"L7"}),
    ]
    for pinned, fails in cases:
        code, (said,), _ = second(*options(tmp_path, **pinned), folder)
        assert said == of_report(verify_record(folder, **pinned)), pinned
        assert (said.failed, code) == (fails, 1 if fails else 4), pinned


def options(
    folder: Path,
    election_id: bytes | None = None,
    checkpoint: bytes | None = None,
    cosigners: Sequence[str] = (),
    cosigners_needed: int | None = None,
) -> list[str]:
    out = [word for vkey in cosigners for word in ("--cosigner", vkey)]
    if election_id is not None:
        out += ["--election", election_id.hex()]
    if checkpoint is not None:
        (folder / "pinned").write_bytes(checkpoint)
        out += ["--checkpoint", str(folder / "pinned")]
    if cosigners_needed is not None:
        out += ["--cosigners-needed", str(cosigners_needed)]
    return out


def test_a_line_of_a_pinned_cosigner_must_verify(
    second: SecondVerifier, cosigned: tuple[Path, Simulation, list[CosignatureSigner]], tmp_path: Path
) -> None:
    folder, _, cosigners = cosigned
    note = (folder / "checkpoint").read_text(encoding="utf-8")
    text, lines = parse_note(note)
    line = lines[-1]
    changed = {
        "signature": line.signature[:-1] + bytes([line.signature[-1] ^ 1]),
        "time": bytes([0]) * 7 + line.signature[7:],
        "late": bytes([128]) + line.signature[1:],
        "long": line.signature + b"x",
        "short": line.signature[:-1],
    }
    for name, signature in changed.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "entries.jsonl").write_bytes((folder / "entries.jsonl").read_bytes())
        whole = text + "\n" + "".join(one.line() for one in (*lines[:-1], replace(line, signature=signature)))
        (tmp_path / name / "checkpoint").write_text(whole, encoding="utf-8")
    vkeys = [cosigner.verifier.vkey() for cosigner in cosigners]
    for place, fails in ((0, set()), (1, {"L7"})):
        _, said, _ = second("--cosigner", vkeys[place], *(tmp_path / name for name in changed))
        assert [one.failed for one in said] == [fails] * len(changed)
        for name, one in zip(changed, said, strict=True):
            assert one == of_report(verify_record(tmp_path / name, cosigners=[vkeys[place]]))


def test_used_wrongly(
    second: SecondVerifier, cosigned: tuple[Path, Simulation, list[CosignatureSigner]], tmp_path: Path
) -> None:
    folder, simulation, cosigners = cosigned
    vkey = cosigners[0].verifier.vkey()
    # A name that no line of a note can have, with its own key id.
    control = format_vkey("a\x1f", b"\x04", cosigners[0].verifier.key)
    empty = simulation.board_keys.sign(0, EMPTY_ROOT).encode()
    for arguments in (
        [],
        ["--unknown", str(folder)],
        ["--election", "00", str(folder)],
        ["--election", "x" * 64, str(folder)],
        [*options(tmp_path, checkpoint=b"none"), str(folder)],
        [*options(tmp_path, checkpoint=empty), str(folder)],
        ["--checkpoint", str(tmp_path / "missing"), str(folder)],
        ["--cosigner", vkey[:-1], str(folder)],
        ["--cosigner", control, str(folder)],
        ["--cosigner", vkey, "--cosigner", vkey, str(folder)],
        ["--cosigner", vkey, "--cosigners-needed", "2", str(folder)],
        ["--cosigner", vkey, "--cosigners-needed", "0", str(folder)],
        ["--cosigners-needed", "1", str(folder)],
    ):
        code, said, errors = second(*arguments)
        assert (code, said) == (2, []), arguments
        assert errors.splitlines()[-1].startswith("usage: "), arguments
        assert CliRunner().invoke(main, ["verify", *arguments]).exit_code == 2, arguments


def test_no_record_and_the_first_code(second: SecondVerifier, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "entries.jsonl").write_bytes(b"")
    code, (said,), errors = second(tmp_path)
    assert (code, said, "checkpoint" in errors) == (3, Judgement(None, {}), True)
    for names, expected in (
        (["sums"], 0),
        (["sums", "voting", "undecrypted"], 4),
        (["undecrypted", "voting"], 1),
    ):
        assert second(*(folder / name for name in names))[0] == expected


def test_what_the_forged_ones_break(said: dict[str, Judgement]) -> None:
    assert {"T1", "X3", "T2"} <= said["other_bases"].failed
    assert {"L4", "C2", "B2", "H1"} <= said["foreign_challenge"].failed
    assert {"X1", "X2", "X3", "T1", "T2", "T3", "T4", "T5"} <= said["unsealed"].failed
    assert said["nobody_unsealed"].failed == {"T2", "T3"}
