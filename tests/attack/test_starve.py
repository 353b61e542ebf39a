"""Input that is meant to use up memory or time: oversized, deep, huge numbers, limits exceeded. All of it is answered
with a typed error, and costs no more than the input itself does."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from secretballot.ballot.checks import check_openings
from secretballot.ballot.contest_kinds import plan_contest
from secretballot.ballot.records import Ballot, ChallengedBallot, ContestOpening, parse_code
from secretballot.board import ElectionRecord, state
from secretballot.ceremony import (
    CeremonyCommitment,
    CeremonyComplaint,
    CeremonyConfirmation,
    CeremonyMessage,
)
from secretballot.ceremony import checks as ceremony_checks
from secretballot.crypto.discrete_log import MAX_RANGE, DiscreteLog, split_digits
from secretballot.crypto.group import ristretto255
from secretballot.crypto.note import (
    MAX_NOTE_SIZE,
    Checkpoint,
    NoteSigner,
    NoteVerifier,
    open_checkpoint,
    parse_note,
)
from secretballot.crypto.receipt import parse_receipt
from secretballot.crypto.signing import SigningKey
from secretballot.errors import (
    BallotError,
    DiscreteLogError,
    EncodingError,
    ManifestError,
    NoteError,
    SecretBallotError,
    TallyError,
)
from secretballot.manifest import MAX_REGISTRARS, Election
from secretballot.manifest.capacity import MAX_SUM_TERMS
from secretballot.records import MAX_ENTRY_SIZE, parse_entry, sign_body, sign_record
from secretballot.tally import log as tally_log
from secretballot.tally.records import Result
from secretballot.tally.result import count
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.verify import Report, Verdict, shard, verify_entries, verify_record
from secretballot.verify.findings import MAX_FINDINGS

from ..support import elections
from ..support.elections import canonical
from .accomplices import BALLOTS, CHALLENGE, SEAL, TALLY, Held, failed, named

MEGABYTE = 2**20

pytestmark = pytest.mark.usefixtures("remembered")


@contextmanager
def at_most(limit: int) -> Iterator[None]:
    """Python's memory grows by no more than ``limit`` bytes at any time within the block."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit, f"{peak / MEGABYTE:.1f} MB"


def manifest(held: Held) -> Any:
    return json.loads(parse_entry(held.entries[0]).body)


# Entries.


DEEP = 100_000
GARBAGE = {
    "nothing": b"",
    "a byte": b"{",
    "zeros": bytes(1000),
    "arrays": b"[" * DEEP,
    "objects": b'{"a":' * DEEP,
    "arrays that are closed": b"[" * DEEP + b"]" * DEEP,
    "an integer": b"9" * MEGABYTE,
    "a negative integer": b"-" + b"9" * MEGABYTE,
    "a float": b"1e" + b"9" * 1000,
    "a string": b'"' + b"a" * MEGABYTE + b'"',
    "escapes": b'"' + b"\\u0041" * 100_000 + b'"',
    "a string without an end": b'"' + b"a" * MEGABYTE,
    "members": b"{" + b",".join(b'"%d":0' % i for i in range(50_000)) + b"}",
    "one member often": b"{" + b",".join([b'"a":0'] * 50_000) + b"}",
    "items": b"[" + b",".join([b"0"] * 200_000) + b"]",
    "white space": b" " * MEGABYTE,
    "high bytes": b"\xff" * MEGABYTE,
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_anywhere(held: Held, data: bytes) -> None:
    """As an entry, as a body, as a member of a body, as a checkpoint and as a receipt."""
    body = parse_entry(held.entries[18]).body
    key = held.key(18)
    member = body.replace(b'{"id":"officials"', b'{"id":' + data, 1)
    start = b'{"record":"secretballot/1/ballot","election":' + data
    for raw in (
        data,
        sign_body(data, key),
        sign_body(member, key),
        sign_body(start + b"}", key),
        sign_body(start, key),
    ):
        with pytest.raises(SecretBallotError):
            held.board_at(18).submit(raw)
        report = held.verify(held.replaced(18, raw))
        assert report.verdict is Verdict.FAILED
        assert named(report, 18)
    first = manifest_with(held, data)
    with pytest.raises(ManifestError):
        Election(first)
    assert held.verify([sign_body(first, held.key(0))]).verdict is Verdict.FAILED
    with pytest.raises(NoteError):
        parse_note(data)
    with pytest.raises(NoteError):
        parse_receipt(data)
    assert failed(verify_entries(held.entries, data)) == {"L5"}


def manifest_with(held: Held, data: bytes) -> bytes:
    body = parse_entry(held.entries[0]).body
    return body.replace(b'"quorum":2', b'"quorum":' + data, 1)


@pytest.mark.parametrize("kind", sorted(elections.ElectionLog.records))
def test_a_megabyte_in_every_member_of_every_kind(held: Held, kind: str) -> None:
    """Each member that is text or bytes, as long as it gets: refused, named, and not looked at for long."""
    place = next((p for p, raw in enumerate(held.entries) if parse_entry(raw).kind == kind), None)
    if place is None:
        return
    for name, value in held.body(place).items():
        if name in ("record", "election") or isinstance(value, int):
            continue
        # Two megabytes of base64 are one and a half of bytes: some 49152 points.
        long = "A" * (2 * MEGABYTE) if isinstance(value, str) else [value] * 10_000

        def change(body: Any, name: str = name, long: Any = long) -> None:
            body[name] = long

        raw = held.rewritten(place, change)
        with pytest.raises(SecretBallotError):
            held.board_at(place).submit(raw)
        report = held.verify(held.replaced(place, raw))
        assert named(report, place), name


def test_an_entry_above_the_limit(held: Held) -> None:
    body = parse_entry(held.entries[18]).body
    raw = sign_body(body[:-1] + b" " * MAX_ENTRY_SIZE + b"}", held.key(18))
    with pytest.raises(EncodingError, match="at most"):
        parse_entry(raw)
    with pytest.raises(EncodingError, match="entry 18"):
        held.board_at(18).submit(raw)
    report = held.verify(held.replaced(18, raw))
    assert "L1" in failed(report)
    assert named(report, 18)


def test_a_file_without_line_ends(held: Held, tmp_path: Path) -> None:
    """A line is read up to the limit and no further, however long the file is."""
    (tmp_path / "checkpoint").write_bytes(held.checkpoint)
    with (tmp_path / "entries.jsonl").open("wb") as file:
        for raw in held.entries:
            file.write(raw + b"\n")
        for _ in range(64):
            file.write(b"x" * MEGABYTE)
    with at_most(40 * MEGABYTE):
        report = verify_record(ElectionRecord(tmp_path))
    assert report.verdict is Verdict.FAILED
    assert report.entries == len(held.entries) + 1
    assert named(report, len(held.entries))


def test_a_checkpoint_file_without_an_end(held: Held, tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(held.checkpoint + b"\n" * (32 * MEGABYTE))
    (tmp_path / "entries.jsonl").write_bytes(b"".join(raw + b"\n" for raw in held.entries))
    with at_most(20 * MEGABYTE):
        report = verify_record(ElectionRecord(tmp_path))
    assert failed(report) == {"L5"}


def test_many_bad_entries(held: Held) -> None:
    """A thousand times more findings than are listed: all are counted, few are kept."""
    count = 100 * MAX_FINDINGS

    def entries() -> Iterator[bytes]:
        yield held.entries[0]
        for number in range(count):
            yield b"garbage %d" % number

    with at_most(4 * MEGABYTE):
        report = verify_entries(entries(), held.checkpoint)
    assert report.rule("L1").failed == count
    assert len(report.rule("L1").findings) == MAX_FINDINGS
    assert report.entries == count + 1


# Work that is out of proportion to what asks for it.


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch, place: Any, name: str) -> Iterator[list[int]]:
    """How often a function is called within the block."""
    calls = [0]
    original = getattr(place, name)

    def counting(*arguments: Any, **rest: Any) -> Any:
        calls[0] += 1
        return original(*arguments, **rest)

    with monkeypatch.context() as patch:
        patch.setattr(place, name, counting)
        yield calls


@contextmanager
def decoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many points are decoded within the block."""
    points = [0]
    group: Any = type(ristretto255)
    original = group.decode_elements

    def decode(self: Any, data: bytes) -> Any:
        points[0] += len(data) // 32
        return original(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(group, "decode_elements", decode)
        yield points


def test_points_are_not_decoded_before_they_are_counted(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ballot or share of a megabyte of points, where a few are asked for."""
    points = ristretto255.generator.encode() * 30_000
    good = held.record(18)
    assert isinstance(good, Ballot)
    contests = good.contests
    ciphertexts = contests[0].model_copy(update={"ciphertexts": points})
    proof = contests[0].model_copy(update={"proof": points})
    share = held.updated(TALLY, shares=points)
    message = held.updated(4, message=points)
    for place, raw in (
        (18, held.updated(18, contests=(ciphertexts, contests[1]))),
        (18, held.updated(18, contests=(proof, contests[1]))),
        (18, held.updated(18, contests=contests * 1000)),
        (TALLY, share),
        (TALLY, held.updated(TALLY, proof=points)),
        (4, message),
        (7, held.updated(7, signature=points)),
    ):
        entries = held.replaced(place, raw)
        with decoded(monkeypatch) as points_read:
            report = held.verify(entries)
        assert named(report, place)
        assert points_read[0] < 1000
        board = held.board_at(place)
        with decoded(monkeypatch) as points_read, pytest.raises(SecretBallotError):
            board.submit(raw)
        assert points_read[0] < 100


def test_an_opening_of_a_million_choices(held: Held) -> None:
    record = held.record(CHALLENGE)
    assert isinstance(record, ChallengedBallot)
    ballot = Ballot.from_body(record.ballot.encode())
    context = held.log(CHALLENGE).context
    for update in (
        {"choices": (1,) * 1_000_000},
        {"choices": (2**53 - 1, 0)},
        {"choices": (10**4000, 0)},
        {"randomness": b"\x01" * MEGABYTE},
    ):
        opening = record.openings[0].model_copy(update=update)
        with pytest.raises(BallotError):
            check_openings(context, ballot, (opening, record.openings[1]))
    with pytest.raises(BallotError):
        check_openings(
            context, ballot, (ContestOpening(id="officials", choices=(), randomness=b""),) * 10_000
        )


def test_a_ceremony_message_repeated(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is computed from all messages once, not again for each copy that a board puts behind them."""
    copies = [held.entries[6]] * 200
    entries = [*held.entries[:7], *copies, *held.entries[7:]]
    with counted(monkeypatch, ceremony_checks.dkg, "verify_round1") as calls:
        report = held.verify(entries)
    assert report.rule("K2").failed == len(copies)
    assert calls[0] <= 2


def test_messages_of_strangers_to_the_ceremony(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each a few bytes, signed by nobody in particular: none has the election key and its tables made anew."""
    election = held.simulation.election.id
    strangers = []
    for number in range(20):
        name = f"stranger-{number}"
        for record in (
            CeremonyCommitment(election=election, trustee=name, commitment=bytes(32)),
            CeremonyMessage(election=election, trustee=name, message=b"x"),
            CeremonyConfirmation(election=election, trustee=name, signature=bytes(64)),
            CeremonyComplaint(election=election, trustee=name, accused="trustee-1", reason="none"),
        ):
            strangers.append(sign_record(record, SigningKey.generate()))
    with counted(monkeypatch, state, "BallotContext") as calls:
        report = held.verify([*held.entries[:10], *strangers, *held.entries[10:]])
    assert report.verdict is Verdict.FAILED
    assert calls[0] == 1
    # Nor do they stop the ceremony: whoever is no trustee complains of nobody.
    log = elections.ElectionLog()
    for raw in [*held.entries[:10], *strangers]:
        log.apply(log.read(raw))
    assert len(log.commitments) == len(log.messages) == len(log.confirmations) == 3
    assert log.complaints == {}


def test_results_over_a_tally_that_does_not_decrypt(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search for logarithms that are not there is made once, and not for each result that is sent."""
    good = held.record(BALLOTS[0])
    assert isinstance(good, Ballot)
    contest = good.contests[0]
    random = ristretto255.multiply_generator(ristretto255.random_scalar()).encode()
    wrong = contest.model_copy(update={"ciphertexts": contest.ciphertexts[:-32] + random})
    raw = held.updated(BALLOTS[0], contests=(wrong, *good.contests[1:]))
    entries = held.replaced(BALLOTS[0], raw)[:SEAL]
    # The ballot counts: the voter of this one votes again at the end of the log.
    entries = [entry for place, entry in enumerate(entries) if place != BALLOTS[-1]]
    log = elections.ElectionLog()
    for entry in entries:
        log.apply(log.read(entry))
    entries.append(held.seal(log))
    log.apply(log.read(entries[-1]))
    for holder in held.simulation.key_holders[:2]:
        entries.append(DecryptingTrustee(holder).decrypt(log.tally))
        log.apply(log.read(entries[-1]))
    with pytest.raises(TallyError):
        log.compute_result()
    with counted(monkeypatch, tally_log, "count") as calls:
        report = held.verify([*entries, *[held.entries[-1]] * 20])
    assert report.rule("T3").failed == 20
    assert calls[0] == 1


@pytest.mark.parametrize("kind", ["ballot", "challenged-ballot"])
def test_a_ballot_much_larger_than_any(held: Held, kind: str) -> None:
    """Anybody may send one, and it is refused before it is read."""
    place = BALLOTS[0] if kind == "ballot" else CHALLENGE
    raw = held.entries[place]
    padded = raw.replace(b'"election"', b'"padding":["","",""],' * (2 * len(raw) // 20) + b'"election"', 1)
    with pytest.raises(EncodingError, match=f"a {kind} of this election has at most .* not {len(padded)}"):
        held.board_at(place).submit(padded)
    report = held.shown(place, padded)
    assert any("of this election has at most" in finding.message for finding in report.rule("L1").findings)


def test_credentials_have_as_many_signatures_as_registrars_can_be(held: Held) -> None:
    ballot = held.record(BALLOTS[0])
    assert isinstance(ballot, Ballot)

    def body(count: int) -> bytes:
        credential = ballot.credential.model_copy(update={"signatures": (b"x",) * count})
        return ballot.model_copy(update={"credential": credential}).to_body()

    Ballot.from_body(body(MAX_REGISTRARS))
    with pytest.raises(EncodingError, match=f"at most {MAX_REGISTRARS} items"):
        Ballot.from_body(body(MAX_REGISTRARS + 1))


def test_ballots_again_and_again(held: Held) -> None:
    """One voter votes two hundred times: the log grows, the state does not, and one ballot counts."""
    board = held.board_at(BALLOTS[-1] + 1)
    device = held.device(2)
    for _ in range(20):
        board.submit(device.seal({"officials": {"an": "low", "binh": "low"}, "committee": set()}).cast())
    log = board.state
    assert isinstance(log, elections.ElectionLog)
    assert log.running is not None
    assert log.running.ballots == 3
    assert len(log.credentials) == 3


# Manifests.


def options(count: int) -> list[dict[str, Any]]:
    return [{"id": f"o{i}", "labels": {"en": "x"}} for i in range(count)]


def with_contest(place: int, **members: Any) -> Callable[[Any], None]:
    return lambda m: m["contests"][place].update(members)


LIMITS: dict[str, Callable[[Any], None]] = {
    "a roll of all numbers": lambda m: m.update(roll_size=2**53 - 1, capacity=2**53 - 1),
    "a capacity just above what can be counted": lambda m: m.update(capacity=MAX_RANGE),
    "a capacity of a thousand digits": lambda m: m.update(capacity=10**1000),
    "a capacity of four thousand digits": lambda m: m.update(capacity=10**4200),
    "a quorum of a thousand digits": lambda m: m.update(quorum=10**1000),
    "a minimum of a thousand digits": lambda m: m["contests"][1].update(minimum=10**1000, maximum=10**1000),
    "a roll of a thousand digits": lambda m: m.update(roll_size=10**1000),
    "too many trustees": lambda m: m.update(trustees=[m["trustees"][0]] * 256),
    "too many registrars": lambda m: m.update(registrars=[m["registrars"][0]] * 256),
    "too many options": with_contest(1, options=options(1001)),
    "too many levels": with_contest(0, levels=options(9), rules=[]),
    "a ballot too large": lambda m: (
        m.update(capacity=MAX_RANGE - 1),
        with_contest(0, options=options(1000), levels=options(8), rules=[])(m),
    ),
    "a sum of too many terms": with_contest(1, options=options(1000), minimum=0, maximum=1000),
    "too many contests": lambda m: m.update(
        contests=[{**m["contests"][1], "id": f"c{i}", "options": options(100)} for i in range(200)]
    ),
    "a label too long": lambda m: m["labels"].update(en="x" * 1001),
    "too many languages": lambda m: m.update(
        labels={f"l{chr(97 + i // 26)}{chr(97 + i % 26)}": "x" for i in range(65)}
    ),
    "a nonce too long": lambda m: m.update(nonce="A" * MEGABYTE),
    "an origin too long": lambda m: m["board"].update(origin="a" * 201),
    "an issuing key of a megabyte": lambda m: m["registrars"][0].update(key="A" * MEGABYTE),
}


@pytest.mark.parametrize("name", LIMITS)
def test_manifests_beyond_a_limit(held: Held, name: str) -> None:
    body = manifest(held)
    LIMITS[name](body)
    with at_most(64 * MEGABYTE), pytest.raises(ManifestError):
        Election(canonical(body))
    raw = sign_body(canonical(body), held.key(0))
    assert "M1" in failed(held.verify([raw, *held.entries[1:]]))


def test_a_sum_just_within_its_limit() -> None:
    """256 options of which any number up to 255 may be approved: a plan of bounded size, where 1000 had none."""
    contest = elections.approval(
        "c", [f"o{i}" for i in range(256)], minimum=0, maximum=255, allow_blank=False
    )
    assert len(contest.options) * 256 == MAX_SUM_TERMS
    with at_most(64 * MEGABYTE):
        plan = plan_contest(contest, 100)
    assert len(plan.sum_shapes()) == 256


def test_a_result_of_many_lines(held: Held) -> None:
    place = len(held.entries) - 1
    result: Any = held.record(place)
    lines = result.contests[0].lines * 20_000
    for contests in ((result.contests[0].model_copy(update={"lines": lines}),), result.contests * 10_000):
        raw = held.updated(place, contests=contests)
        # Before it is read, and before anybody is shown megabytes of it.
        with pytest.raises(EncodingError, match="a result of this election has at most"):
            held.board_at(place).submit(raw)
        assert "L1" in failed(held.verify(held.replaced(place, raw)))
    within = held.updated(place, contests=(result.contests[0], *result.contests))
    with pytest.raises(TallyError):
        held.board_at(place).submit(within)
    assert "T3" in failed(held.verify(held.replaced(place, within)))


# Numbers and notes.


@pytest.mark.parametrize(
    "number", ["9" * 20, "9" * 5000, "1" + "0" * MEGABYTE, "18446744073709551616", "-1", "1e9", "\u0661"]
)
def test_numbers_in_checkpoints_and_receipts(held: Held, number: str) -> None:
    """Signed by the board itself."""
    keys = held.simulation.board_keys
    root = held.checkpoint.decode().split("\n")[2]
    text = f"{keys.origin}\n{number}\n{root}\n"
    signer = NoteSigner(keys.origin, keys._key)
    note = text + "\n" + signer.signature_line(text)
    assert failed(verify_entries(held.entries, note.encode())) == {"L5"}
    with pytest.raises(NoteError):
        open_checkpoint(note, *held.board)
    with pytest.raises(NoteError):
        parse_receipt(held.receipts[15].replace("\nindex 15\n", f"\nindex {number}\n", 1))


def test_notes_that_are_large(held: Held) -> None:
    verifier, origin = held.board
    text = held.checkpoint.decode()
    line = text.splitlines(keepends=True)[-1]
    hashes = "A" * 43 + "=\n"
    for note in (
        text + line * 100_000,
        "x" * (MAX_NOTE_SIZE + 1),
        "\n" * MAX_NOTE_SIZE,
        text.replace("\n\n", "\n" + "extension\n" * 50_000 + "\n", 1),
        text.replace(origin, origin * 1000, 1),
    ):
        with pytest.raises(SecretBallotError):
            open_checkpoint(note, verifier, origin)
    with pytest.raises(NoteError):
        parse_receipt(held.receipts[15].replace("\n\n", "\n" + hashes * 10_000 + "\n", 1))
    with pytest.raises(NoteError):
        Checkpoint(origin, 2**64, bytes(32))
    with pytest.raises(NoteError):
        NoteVerifier.from_vkey("+" * MEGABYTE)


@pytest.mark.parametrize("data", [b"[" * DEEP, b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP, b"9" * MEGABYTE])
def test_json_that_is_deep_or_long(data: bytes) -> None:
    with pytest.raises(EncodingError):
        Result.from_body(data)


def test_logarithms_that_are_too_large() -> None:
    with pytest.raises(DiscreteLogError):
        DiscreteLog(ristretto255, MAX_RANGE + 1)
    with pytest.raises(DiscreteLogError):
        DiscreteLog(ristretto255, 10**1000)
    solver = DiscreteLog(ristretto255, 100)
    for value in (100, 101, 10**6, ristretto255.order - 1):
        with pytest.raises(DiscreteLogError):
            solver.solve(ristretto255.sum_of_products([value], [ristretto255.generator]))
    with pytest.raises(DiscreteLogError):
        split_digits(10**1000, 10, 3)


def test_ballots_that_add_up_to_no_count(held: Held) -> None:
    """A board takes a ballot whose marks are beyond all digits, and trustees decrypt it: an error, not an endless
    search."""
    log = held.log(TALLY)
    tally = log.tally
    generator = ristretto255.generator
    first = tally.ciphertexts[0]
    tally = tally._replace(
        ciphertexts=(
            first._replace(data=first.data + ristretto255.sum_of_products([10**40], [generator])),
            *tally.ciphertexts[1:],
        )
    )
    shares = {i: held.log(TALLY + 2).shares[i] for i in (1, 2)}
    with pytest.raises(TallyError, match="does not decrypt to counts"):
        count(held.simulation.election, log.context.plans, tally, shares)


def test_a_code_of_a_megabyte() -> None:
    with pytest.raises(BallotError):
        parse_code("A-" * MEGABYTE)


def test_shards_are_bounded_by_their_bytes(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by the number of ballots: one on five hundred persons is as large as a thousand small ones."""
    monkeypatch.setattr("secretballot.verify.engine.SHARD_SIZE", len(held.entries[BALLOTS[0]]))
    with counted(monkeypatch, shard, "examine") as calls:
        report: Report = held.verify(held.entries)
    assert report.verdict is Verdict.VERIFIED
    # A shard for the lines of the register, and one for each ballot but the challenged one, which goes with the next.
    assert len(BALLOTS) <= calls[0] <= len(BALLOTS) + 2
