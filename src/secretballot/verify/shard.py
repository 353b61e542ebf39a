"""A shard: consecutive lines of the register, ballots and challenges, examined by themselves in any process.

A task goes out with the manifest, the election key and the entries' bytes, all of them public; what comes back are the
findings, each entry's facts, and the sum of the ballots' ciphertexts. Whatever needs the rest of the log is left to
:mod:`.engine`, which takes shards in the order of the log.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from ..ballot.context import BallotContext
from ..board.entry import Cast, Challenged, Entry, Facts
from ..board.examiner import Examiner
from ..crypto.batch import ParsedProof, find_invalid
from ..crypto.group import Element, ristretto255
from ..errors import SecretBallotError
from ..manifest import Election

#: The identity has no encoding in proofs; a sum may be it. RFC 9496, section 4.3.2, encodes it as zeros.
_IDENTITY = bytes(ristretto255.element_size)


class Task(NamedTuple):
    """What is to be examined: the entries from the place ``first`` of the log on. ``key`` is the encoded election key,
    or None where the ceremony gave none."""

    manifest: bytes
    key: bytes | None
    first: int
    entries: tuple[bytes, ...]


class Failure(NamedTuple):
    """A check that failed: its rule, the item, what is wrong, and whose fault it is where that is known."""

    rule: str
    item: str
    message: str
    culprit: str | None


class Outcome(NamedTuple):
    """What a task came to. ``facts`` are those of each entry, or None of one that cannot be read; ``passed`` counts by
    rule the checks that passed; ``summed`` is how many ballots can be added up; ``sums`` are the encoded column sums of
    their elements, and empty where there are none."""

    first: int
    facts: tuple[Facts | None, ...]
    passed: dict[str, int]
    failures: tuple[Failure, ...]
    summed: int
    sums: bytes


def failure(rule: str, item: str, error: Exception) -> Failure:
    """Whatever was raised, as a failure of the rule."""
    if isinstance(error, SecretBallotError):
        where = f"{item}, {error.item}" if error.item and error.item != item else item
        return Failure(rule, where, error.message, error.culprit)
    return Failure(rule, item, f"the check broke down: {type(error).__name__}", None)


def examine(task: Task) -> Outcome:
    """Examines a task's entries. Raises nothing that an entry could cause: a check that breaks down has failed."""
    return _Shard(_examiner(task.manifest, task.key)).examine(task)


@lru_cache(maxsize=4)
def _examiner(manifest: bytes, key: bytes | None) -> Examiner:
    election = Election(manifest)
    if key is None:
        return Examiner(election, None)
    (element,) = ristretto255.decode_elements(key)
    return Examiner(election, BallotContext(election, element))


class _Shard:
    def __init__(self, examiner: Examiner) -> None:
        self._examiner = examiner
        self._passed: Counter[str] = Counter()
        #: With the place of the entry, as the proofs.
        self._failures: list[tuple[int, Failure]] = []
        self._proofs: list[tuple[int, ParsedProof]] = []
        self._rows: list[list[Element]] = []

    def examine(self, task: Task) -> Outcome:
        facts = tuple(self._entry(task.first + place, raw) for place, raw in enumerate(task.entries))
        self._verify()
        sums = b""
        if self._rows:
            columns = ristretto255.sum_columns(self._rows)
            sums = b"".join(_IDENTITY if one.is_identity() else one.encode() for one in columns)
        failures = tuple(failed for _, failed in sorted(self._failures, key=lambda failed: failed[0]))
        return Outcome(task.first, facts, dict(self._passed), failures, len(self._rows), sums)

    def _entry(self, index: int, raw: bytes) -> Facts | None:
        item = f"entry {index}"
        try:
            entry = self._examiner.read(index, raw)
        except Exception as error:  # noqa: BLE001 - a check that breaks down has failed, whatever broke it
            self._failures.append((index, failure("L1", item, error)))
            return None
        self._passed["L1"] += 1
        for rule, check in self._examiner.checks(entry):
            try:
                check()
            except Exception as error:  # noqa: BLE001 - as above
                self._failures.append((index, failure(rule, item, error)))
            else:
                self._passed[rule] += 1
        facts = entry.facts
        if isinstance(facts, Cast | Challenged):
            self._prepare(entry)
        return self._add_up(entry, facts) if isinstance(facts, Cast) else facts

    def _add_up(self, entry: Entry, facts: Cast) -> Cast:
        try:
            facts, elements = self._examiner.add_up(entry, facts)
        except Exception as error:  # noqa: BLE001 - as above
            self._failures.append((entry.index, failure("B1", entry.name, error)))
            return facts._replace(ciphertexts=b"")
        if elements:
            self._rows.append(elements)
        return facts

    def _prepare(self, entry: Entry) -> None:
        try:
            self._proofs += [(entry.index, proof) for proof in self._examiner.proofs(entry)]
        except Exception as error:  # noqa: BLE001 - as above
            self._failures.append((entry.index, failure("B2", entry.name, error)))

    def _verify(self) -> None:
        """Verifies all proofs of the shard in one batch."""
        try:
            invalid = find_invalid(ristretto255, [proof for _, proof in self._proofs])
        except Exception as error:  # noqa: BLE001 - as above
            self._failures += [(index, failure("B2", proof.item, error)) for index, proof in self._proofs]
            return
        for place in invalid:
            index, proof = self._proofs[place]
            self._failures.append((index, Failure("B2", proof.item, "the proof does not verify", None)))
        self._passed["B2"] += len(self._proofs) - len(invalid)


def decode_sums(sums: bytes) -> list[Element]:
    """The elements of :attr:`Outcome.sums`; raises InvalidElementError for bytes that are none."""
    size = ristretto255.element_size
    pieces = [sums[at : at + size] for at in range(0, len(sums), size)]
    return [
        ristretto255.identity if piece == _IDENTITY else ristretto255.decode_elements(piece)[0]
        for piece in pieces
    ]
