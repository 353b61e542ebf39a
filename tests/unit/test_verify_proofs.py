"""Proofs of mixing by workers: the same report as without, whatever a worker loses or answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from secretballot.board.attachments import HeldAttachments
from secretballot.crypto.encoding import b64encode, frame, unframe
from secretballot.errors import OutcomeError
from secretballot.records import parse_entry
from secretballot.tally import mixing
from secretballot.verify import Report, Verdict, local_workers, proofs
from secretballot.verify.proofs import ProofWork

from ..support import elections

CONTEST = elections.rating(people=("an", "binh", "chi")).model_copy(update={"tally": "mixnet"})


class Mixed:
    """A mixed election: its entries, and its attachments in the order of the log."""

    def __init__(self) -> None:
        self.simulation = elections.voting([CONTEST], 3)
        votes = [("high", "low", None), ("low", "low", "high"), ("confidence", None, "low")]
        self.simulation.vote(
            [{"officials": dict(zip(("an", "binh", "chi"), vote, strict=True))} for vote in votes]
        )
        self.simulation.tally()
        self.entries = list(self.simulation.store.entries())
        log = self.simulation.log
        self.files = [bytes(log.attachments.read(*one)) for one in log.attached()]

    def place(self, kind: str) -> int:
        return next(i for i, raw in enumerate(self.entries) if parse_entry(raw).kind == kind)

    def spoilt(self, kind: str) -> tuple[list[bytes], list[bytes]]:
        """Entries and attachments in which the last byte but some of the first proof of a kind is another, and its
        sender signed that."""
        place = self.place(kind)
        entries, files = list(self.entries), list(self.files)

        def change(body: dict[str, Any]) -> None:
            digest = body["batches"][1]["digest"]
            at = next(i for i, data in enumerate(files) if b64encode(mixing_digest(data)) == digest)
            data = bytearray(files[at])
            data[-32] ^= 1
            files[at] = bytes(data)
            body["batches"][1]["digest"] = b64encode(mixing_digest(files[at]))

        keys = self.simulation.mixer_keys[0] if kind == "mix-round" else self.simulation.trustees[0]
        entries[place] = elections.rewrite(entries[place], keys._signing, change)
        return entries, files

    def verify(self, entries: Sequence[bytes], files: Sequence[bytes], **options: Any) -> Report:
        attachments = HeldAttachments()
        for data in files:
            attachments.add(data)
        return elections.verify(self.simulation, entries, attachments=attachments, **options)


def mixing_digest(data: bytes) -> bytes:
    return HeldAttachments().add(data)


@pytest.fixture(scope="module")
def mixed() -> Mixed:
    return Mixed()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """However small, proofs are sent."""
    monkeypatch.setattr(proofs, "WORTH_SENDING", 0)


@pytest.fixture
def nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proof is verified by the checks themselves."""

    def fail(proof: object) -> str:
        raise AssertionError("a proof is verified here")

    monkeypatch.setattr(mixing, "refusal", fail)


class Answering(Executor):
    """Answers proofs with what ``answer`` makes of them, and everything else as it should be."""

    _max_workers = 2

    def __init__(self, answer: Callable[[bytes], Any]) -> None:
        self._answer = answer
        self.proofs = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if fn is not ProofWork.function:
            future.set_result(fn(*args))
            return future
        self.proofs += 1
        try:
            future.set_result(self._answer(*args))
        except OSError as error:
            future.set_exception(error)
        return future


@pytest.mark.usefixtures("nothing_here")
def test_workers_verify_every_proof(mixed: Mixed) -> None:
    executor = Answering(ProofWork.function)
    assert mixed.verify(mixed.entries, mixed.files, executor=executor).verdict is Verdict.VERIFIED
    assert executor.proofs == len(mixed.files) == 2 * 3 + 3 * 3


@pytest.mark.parametrize(("kind", "rule"), [("mix-round", "X2"), ("line-share", "X3")])
def test_a_proof_that_does_not_hold(mixed: Mixed, kind: str, rule: str) -> None:
    entries, files = mixed.spoilt(kind)
    alone = mixed.verify(entries, files)
    assert alone.rule(rule).failed
    with ThreadPoolExecutor(2) as threads:
        assert mixed.verify(entries, files, executor=threads) == alone


def test_processes_give_the_same_report(mixed: Mixed) -> None:
    with local_workers(2) as workers:
        for entries, files in ((mixed.entries, mixed.files), mixed.spoilt("mix-round")):
            assert mixed.verify(entries, files, executor=workers) == mixed.verify(entries, files)


def test_an_attachment_that_is_missing(mixed: Mixed) -> None:
    files = mixed.files[1:]
    alone = mixed.verify(mixed.entries, files)
    assert alone.verdict is Verdict.FAILED
    executor = Answering(ProofWork.function)
    assert mixed.verify(mixed.entries, files, executor=executor) == alone


def _lost(data: bytes) -> Any:
    raise OSError("gone")


def test_a_proof_that_is_lost_is_verified_here(mixed: Mixed) -> None:
    for entries, files in ((mixed.entries, mixed.files), mixed.spoilt("line-share")):
        executor = Answering(_lost)
        assert mixed.verify(entries, files, executor=executor) == mixed.verify(entries, files)
        assert executor.proofs


def test_a_proof_that_breaks_down_fails_its_check(mixed: Mixed, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(proof: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(mixing, "refusal", broken)
    monkeypatch.setattr(proofs, "refusal", broken)
    report = mixed.verify(mixed.entries, mixed.files, executor=Answering(_lost))
    assert report.rule("X2").failed == 6


def _again() -> Callable[[bytes], bytes]:
    """The first answer, whatever was asked."""
    first: list[bytes] = []

    def answer(data: bytes) -> bytes:
        first.append(ProofWork.function(data))
        return first[0]

    return answer


def _renamed(data: bytes) -> bytes:
    name, why = unframe(ProofWork.function(data), 2)
    return frame(bytes([name[0] ^ 1]) + name[1:], why)


@pytest.mark.parametrize(
    "answer",
    [
        _again(),
        _renamed,
        lambda data: None,
        lambda data: "",
        lambda data: b"",
        lambda data: ProofWork.function(data)[:-1],
        lambda data: ProofWork.function(data) + b"\0",
        lambda data: frame(unframe(ProofWork.function(data), 2)[0], b"\xff"),
    ],
)
def test_no_answer_to_this_is_an_error(mixed: Mixed, answer: Callable[[bytes], Any]) -> None:
    with pytest.raises(OutcomeError, match="worker"):
        mixed.verify(mixed.entries, mixed.files, executor=Answering(answer))


@pytest.mark.parametrize(
    ("bound", "value", "sent"), [("WORTH_SENDING", 2**40, 0), ("MOST_SENT", 10, 0), ("MOST_HELD", 1, 15)]
)
def test_bounds(mixed: Mixed, bound: str, value: int, sent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small ones are not worth it, large ones not sent, and few are held at once."""
    monkeypatch.setattr(proofs, bound, value)
    executor = Answering(ProofWork.function)
    assert mixed.verify(mixed.entries, mixed.files, executor=executor).verdict is Verdict.VERIFIED
    assert executor.proofs == sent


def test_no_more_is_held_than_may_be(mixed: Mixed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proofs that are out, or wait: before one that would be too much is made ready, the oldest is taken in."""
    held: list[int] = []
    most = 0
    # Of the three batches of a round no more than two.
    bound = 5 * max(map(len, mixed.files)) // 2
    monkeypatch.setattr(proofs, "MOST_HELD", bound)

    class Counted(ProofWork):
        def __init__(self, proof: Any, size: int) -> None:
            nonlocal most
            super().__init__(proof, size)
            held.append(size)
            most = max(most, sum(held))

        def read(self, answer: object) -> tuple[str, ...]:
            held.remove(self.size)
            return super().read(answer)

    monkeypatch.setattr(proofs, "ProofWork", Counted)
    executor = Answering(ProofWork.function)
    assert mixed.verify(mixed.entries, mixed.files, executor=executor).verdict is Verdict.VERIFIED
    assert held == []
    assert 0 < most <= bound


def test_a_proof_needs_nothing_of_the_log(mixed: Mixed) -> None:
    """What a worker is given is all that is verified: each byte of it changed is another name, or another result."""
    given: list[bytes] = []

    def keep(data: bytes) -> bytes:
        given.append(data)
        return ProofWork.function(data)

    mixed.verify(mixed.entries, mixed.files, executor=Answering(keep))
    name, why = unframe(ProofWork.function(given[0]), 2)
    assert why == b""
    fields = unframe(given[0], 6)
    for place in (1, 4, 5):
        changed = [*fields]
        changed[place] = fields[place][:-1] + bytes([fields[place][-1] ^ 1])
        other, why = unframe(ProofWork.function(frame(*changed)), 2)
        assert other != name
        assert why
