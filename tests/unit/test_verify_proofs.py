"""Proofs of mixing that workers look at: the same report, whatever becomes of what they were given."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from secretballot.board.attachments import Attachments, HeldAttachments
from secretballot.crypto.encoding import frame, unframe
from secretballot.errors import OutcomeError
from secretballot.tally import mixing
from secretballot.tally import proofs as batch_proofs
from secretballot.verify import Report, Status, Verdict, local_workers, proofs
from secretballot.verify.proofs import ProofWork

from ..support import elections

#: Two rounds of three batches, and two trustees' shares of each.
BATCHES = 12


class Mixed:
    """A finished election whose ballots were mixed, and its attachments."""

    def __init__(self) -> None:
        contests = [
            one.model_copy(update={"tally": "mixnet"}) for one in (elections.rating(), elections.choice())
        ]
        self.simulation = elections.voting(contests, 2, mixers=2)
        self.simulation.vote(
            [
                {"officials": {"an": "high", "binh": "low"}, "chair": "chi"},
                {"officials": {"an": "low", "binh": None}, "chair": None},
            ]
        )
        self.simulation.tally(absent=[2])
        self.entries = list(self.simulation.store.entries())
        log = self.simulation.log
        self.held = {digest: bytes(log.attachments.read(digest, size)) for digest, size in log.attached()}

    def verify(self, executor: Executor | None = None, attachments: Attachments | None = None) -> Report:
        return elections.verify(
            self.simulation,
            self.entries,
            executor=executor,
            attachments=attachments or self.holding(lambda place, data: data),
        )

    def holding(self, change: Callable[[int, bytes], bytes | None]) -> Attachments:
        """The attachments, each as ``change`` makes it; without those of which it makes nothing."""
        attachments = HeldAttachments()
        for place, (digest, data) in enumerate(self.held.items()):
            changed = change(place, data)
            if changed is not None:
                attachments._held[digest] = changed
        return attachments


@pytest.fixture(scope="module")
def mixed() -> Mixed:
    return Mixed()


@pytest.fixture(autouse=True)
def all_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "WORTH_SENDING", 0)


class Answering(Executor):
    """Answers at once, for proofs with what ``answer`` makes of their bytes. An exception that it returns is raised
    where the answer is waited for."""

    _max_workers = 1

    def __init__(self, answer: Callable[[bytes], Any] = ProofWork.function) -> None:
        self._answer = answer
        self.given: list[bytes] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        answer = fn(*args)
        if fn is ProofWork.function:
            self.given += args
            answer = self._answer(*args)
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future


def test_every_batch_goes_out_once(mixed: Mixed, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is verified here again."""
    alone = mixed.verify()
    assert alone.verdict is Verdict.VERIFIED
    assert (alone.rule("X2").checked, alone.rule("X3").checked) == (6, 6)
    here: list[object] = []

    def refusal(proof: batch_proofs.BatchProof) -> str:
        here.append(proof)
        return batch_proofs.refusal(proof)

    monkeypatch.setattr(mixing, "refusal", refusal)
    executor = Answering()
    assert mixed.verify(executor) == alone
    assert len(executor.given) == len(set(executor.given)) == BATCHES
    assert here == []


def test_threads_and_processes(mixed: Mixed) -> None:
    alone = mixed.verify()
    with ThreadPoolExecutor(3) as threads, local_workers(1) as workers:
        assert mixed.verify(threads) == alone
        assert mixed.verify(workers) == alone


def test_faults_are_found_and_said_alike(mixed: Mixed) -> None:
    """In any attachment: missing, cut, or another. Those are what the hash tells."""
    for change in (lambda data: None, lambda data: data[:-1], lambda data: data[:-1] + b"\0"):
        for number in (0, 4, 7, BATCHES - 1):
            attachments = mixed.holding(
                lambda place, data, n=number, c=change: c(data) if place == n else data
            )
            alone = mixed.verify(attachments=attachments)
            assert alone.verdict is Verdict.FAILED
            assert mixed.verify(Answering(), attachments) == alone


def test_a_proof_that_does_not_hold(mixed: Mixed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another session, all of them: the worker finds that out, and the check says so under its rule."""
    monkeypatch.setattr(mixing.Mixing, "session", lambda *args: bytes(32))
    monkeypatch.setattr(mixing.Mixing, "share_session", lambda *args: bytes(32))
    alone = mixed.verify()
    assert alone.rule("X2").status is alone.rule("X3").status is Status.FAILED
    executor = Answering()
    assert mixed.verify(executor) == alone
    assert len(executor.given) == BATCHES


def test_what_a_worker_loses_is_verified_here(mixed: Mixed) -> None:
    executor = Answering(lambda data: OSError("gone"))
    assert mixed.verify(executor) == mixed.verify()
    assert len(executor.given) == BATCHES


def test_what_breaks_down_fails_its_check(mixed: Mixed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here and there alike, and never is it taken for a proof that holds."""

    def broken(proof: object) -> str:
        raise RuntimeError

    monkeypatch.setattr(mixing, "refusal", broken)
    monkeypatch.setattr(proofs, "refusal", broken)
    report = mixed.verify(Answering(lambda data: OSError("gone")))
    assert report == mixed.verify()
    assert (report.rule("X2").failed, report.rule("X3").failed) == (6, 6)


@pytest.mark.parametrize(
    ("limit", "value", "given"),
    [
        ("WORTH_SENDING", 10**6, 0),
        ("MOST_SENT", 100, 0),
        ("MOST_HELD", 1, BATCHES),
        ("MOST_SENT", 10**6, BATCHES),
    ],
)
def test_limits(mixed: Mixed, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, given: int) -> None:
    """What is too large, or too small, is looked at here; and no more is out at once than may be held."""
    monkeypatch.setattr(proofs, limit, value)
    executor = Answering()
    assert mixed.verify(executor).verdict is Verdict.VERIFIED
    assert len(executor.given) == given


def again(answers: list[bytes], data: bytes) -> bytes:
    answers.append(ProofWork.function(data))
    return answers[0]


def of_another(data: bytes) -> bytes:
    fields = unframe(data, 6)
    fields[1] = bytes(32)
    return ProofWork.function(frame(*fields))


WRONG: dict[str, Callable[[], Callable[[bytes], Any]]] = {
    "none": lambda: lambda data: None,
    "a text": lambda: lambda data: "",
    "a pass without a name": lambda: lambda data: frame(b"", ""),
    "cut": lambda: lambda data: ProofWork.function(data)[:-1],
    "no text": lambda: lambda data: frame(unframe(ProofWork.function(data), 2)[0], b"\xff"),
    "one for all": lambda: partial(again, []),
    "of another session": lambda: of_another,
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_answer_ends_the_verification(mixed: Mixed, wrong: str) -> None:
    with pytest.raises(OutcomeError):
        mixed.verify(Answering(WRONG[wrong]()))
