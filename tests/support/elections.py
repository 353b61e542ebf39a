"""Small elections for tests: contests of each kind, simulations with shared RSA keys, a plain count to compare with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple
from unittest.mock import patch

from secretballot.ballot.context import BallotContext
from secretballot.ballot.records import ChallengedBallot
from secretballot.ballot.voter import SealedBallot
from secretballot.board.board import Board
from secretballot.board.store import MemoryStore
from secretballot.crypto.blind_rsa import PrivateKey
from secretballot.crypto.group import ristretto255
from secretballot.crypto.merkle import Frontier, leaf_hash
from secretballot.crypto.note import NoteVerifier
from secretballot.crypto.signing import SigningKey, VerifyKey
from secretballot.manifest import (
    ApprovalContest,
    ChoiceContest,
    Contest,
    Election,
    Option,
    OutcomeRule,
    RatingContest,
    confidence_levels,
)
from secretballot.records import Record, parse_entry, sign_body, sign_record
from secretballot.tally import ElectionLog, Result
from secretballot.testing import Simulation
from secretballot.verify import Report, verify_entries

#: A contest's lines, each with its counts in order and its blanks.
Counts = dict[str, dict[str, tuple[tuple[int, ...], int]]]


# Contests.


def options(*ids: str) -> tuple[Option, ...]:
    return tuple(Option(id=one, labels={"en": one.upper()}) for one in ids)


def rule(rule_id: str, count_of: str, relation: str, threshold: str, base: str = "collected") -> OutcomeRule:
    text = json.dumps(
        {
            "id": rule_id,
            "labels": {"en": rule_id},
            "count_of": count_of,
            "relation": relation,
            "threshold": threshold,
            "base": base,
        }
    )
    return OutcomeRule.model_validate_json(text)


#: Resolution 96/2023/QH15, article 12, the most severe first.
RULES = (rule("dismissal", "low", ">=", "2/3"), rule("may-resign", "low", ">", "1/2"))


def rating(
    contest_id: str = "officials",
    people: Sequence[str] = ("an", "binh"),
    *,
    levels: Sequence[Option] | None = None,
    allow_blank: bool = True,
    rules: Sequence[OutcomeRule] = (),
) -> RatingContest:
    return RatingContest(
        id=contest_id,
        labels={"vi": "Lấy phiếu tín nhiệm", "en": "Confidence vote"},
        options=options(*people),
        base="collected",
        rules=tuple(rules),
        levels=tuple(levels or confidence_levels()),
        allow_blank=allow_blank,
    )


def choice(
    contest_id: str = "chair", of: Sequence[str] = ("chi", "dung", "em"), *, allow_blank: bool = True
) -> ChoiceContest:
    return ChoiceContest(
        id=contest_id,
        labels={"en": "Chair"},
        options=options(*of),
        base="collected",
        rules=(),
        allow_blank=allow_blank,
    )


def approval(
    contest_id: str = "committee",
    of: Sequence[str] = ("giang", "hoa", "khoa"),
    *,
    minimum: int = 1,
    maximum: int = 2,
    allow_blank: bool = True,
) -> ApprovalContest:
    return ApprovalContest(
        id=contest_id,
        labels={"en": "Committee"},
        options=options(*of),
        base="roll",
        rules=(),
        minimum=minimum,
        maximum=maximum,
        allow_blank=allow_blank,
    )


# Simulations.


_generate = PrivateKey.generate


@lru_cache(maxsize=8)
def issuing_key(place: int) -> PrivateKey:
    """An RSA key that tests share: making one takes up to a second."""
    return _generate()


@contextmanager
def shared_rsa_keys() -> Iterator[None]:
    """Within it, the n-th generated issuing key is the shared one of place n."""
    drawn = iter(range(8))
    with patch.object(PrivateKey, "generate", lambda: issuing_key(next(drawn))):
        yield


def simulate(contests: Sequence[Contest], *, roll_size: int = 5, **rest: Any) -> Simulation:
    """A simulation in its setup, with shared RSA keys."""
    with shared_rsa_keys():
        return Simulation(contests, roll_size=roll_size, **rest)


def voting(contests: Sequence[Contest], voters: int, **rest: Any) -> Simulation:
    """A simulation whose voting is open, with a credential for each of ``voters``."""
    simulation = simulate(contests, **rest)
    simulation.hold_ceremony()
    simulation.issue(voters)
    return simulation


class Finished(NamedTuple):
    """A finished election. Never changed by tests: they replay its entries."""

    simulation: Simulation
    entries: list[bytes]
    #: What the counting ballots chose.
    ballots: list[Mapping[str, Any]]

    def record(self, place: int) -> Record:
        return record_of(self.entries, place)

    def places(self, kind: str) -> list[int]:
        """Where entries of a kind stand."""
        return [i for i, raw in enumerate(self.entries) if parse_entry(raw).kind == kind]


CONTESTS: tuple[Contest, ...] = (rating(rules=RULES), choice(), approval())

_BALLOTS: list[Mapping[str, Any]] = [
    {"officials": {"an": "high", "binh": "low"}, "chair": "chi", "committee": ["giang"]},
    {"officials": {"an": "low", "binh": None}, "chair": None, "committee": []},
    {"officials": {"an": "low", "binh": "confidence"}, "chair": "em", "committee": {"giang", "khoa"}},
    {"officials": {"an": "low", "binh": None}, "chair": "em", "committee": ["hoa", "khoa"]},
]
_REVOTE: Mapping[str, Any] = {
    "officials": {"an": "low", "binh": "high"},
    "chair": "dung",
    "committee": ["hoa"],
}


def finish() -> Finished:
    """Every kind of contest and of entry: two challenges, a revote, one trustee of three absent; five credentials on a
    roll of six, four of them voting."""
    simulation = voting(CONTESTS, 5, roll_size=6)
    simulation.vote(_BALLOTS, challenge_every=2)
    simulation.receipts.append(simulation.board.submit(simulation.seal(0, _REVOTE).cast()))
    simulation.tally(absent=[1])
    return Finished(simulation, list(simulation.store.entries()), [_REVOTE, *_BALLOTS[1:]])


# Logs and records.


def record_of(entries: Sequence[bytes], place: int) -> Record:
    """The record of an entry, which is none of the phases."""
    signed = parse_entry(entries[place])
    return ElectionLog.records[signed.kind][0].from_body(signed.body)


def replay(entries: Sequence[bytes]) -> ElectionLog:
    """A log's state after these entries."""
    log = ElectionLog()
    for raw in entries:
        log.apply(log.read(raw))
    return log


def store_of(entries: Sequence[bytes]) -> MemoryStore:
    """A store that holds these entries."""
    store, log = MemoryStore(), ElectionLog()
    for place, raw in enumerate(entries):
        entry = log.read(raw)
        store.append(raw, log.unique_keys(entry), place)
        log.apply(entry)
    return store


def store_board(finished: Finished) -> Board:
    """A board of its own over a finished election's entries."""
    return Board(store_of(finished.entries), finished.simulation.board_keys, ElectionLog())


def checkpoint(simulation: Simulation, entries: Sequence[bytes]) -> bytes:
    """The board's signed checkpoint over these entries, whatever they are."""
    frontier = Frontier()
    for raw in entries:
        frontier.append(leaf_hash(raw))
    return simulation.board_keys.sign(frontier.size, frontier.root()).encode()


def verify(simulation: Simulation, entries: Sequence[bytes], **rest: Any) -> Report:
    """The report on these entries under a good checkpoint."""
    return verify_entries(entries, checkpoint(simulation, entries), **rest)


def rewrite(raw: bytes, key: SigningKey, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The entry with its body changed, and signed again with ``key``."""
    body = json.loads(parse_entry(raw).body)
    change(body)
    return sign_body(canonical(body), key)


def canonical(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def ballot_context(election: Election) -> BallotContext:
    """A context under a key of nobody's: for what needs no ceremony."""
    return BallotContext(election, ristretto255.multiply_generator(ristretto255.random_scalar()))


def verifier(simulation: Simulation) -> NoteVerifier:
    """The board's key, as the manifest has it."""
    board = simulation.manifest.board
    return NoteVerifier(board.origin, VerifyKey(board.key))


def both_ends(sealed: SealedBallot, simulation: Simulation) -> tuple[bytes, bytes]:
    """What a device that does not keep to the rules makes of one ballot: cast, and challenged."""
    openings = sealed._openings
    assert openings is not None
    record = ChallengedBallot(
        election=simulation.election.id, ballot=sealed._body.decode(), openings=openings.reveal()
    )
    return sealed.cast(), sign_record(record, sealed._key)


# Counting in the open.


def plain_count(contests: Sequence[Contest], ballots: Sequence[Mapping[str, Any]]) -> Counts:
    """What a teller who sees the ballots counts."""
    return {
        contest.id: _plain_lines(contest, [ballot[contest.id] for ballot in ballots]) for contest in contests
    }


def _plain_lines(contest: Contest, chosen: Sequence[Any]) -> dict[str, tuple[tuple[int, ...], int]]:
    ids = [option.id for option in contest.options]
    match contest:
        case RatingContest():
            levels = [level.id for level in contest.levels]
            marks = {one: [given.get(one) for given in chosen] for one in ids}
            return {
                one: (tuple(given.count(level) for level in levels), given.count(None))
                for one, given in marks.items()
            }
        case ChoiceContest():
            return {contest.id: (tuple(list(chosen).count(one) for one in ids), list(chosen).count(None))}
        case ApprovalContest():
            votes = {one: sum(one in given for given in chosen) for one in ids}
            return {one: ((count,), len(chosen) - count) for one, count in votes.items()}


def counts_of(result: Result) -> Counts:
    """A result in the form of :func:`plain_count`."""
    return {c.id: {line.id: (line.counts, line.blank) for line in c.lines} for c in result.contests}
