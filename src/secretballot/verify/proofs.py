"""The proofs of rounds of mixing and of shares of their lines (X2, X3), by workers: a batch is a piece of work.

A worker may be anywhere, and has no access to the record: rows and proof are sent along, some 300 bytes a ballot and
batch. What is too large to be sent is looked at here, by the check that asks for it, and so is what is lost: a proof
that nobody has looked at is never taken for one that holds.
"""

from __future__ import annotations

from typing import Literal, cast

from ..board.entry import Entry
from ..crypto.encoding import Tag, frame, tagged_hash, unframe
from ..crypto.group import ristretto255
from ..errors import EncodingError, OutcomeError
from ..tally.log import ElectionLog
from ..tally.proofs import BatchProof, refusal
from ..version import VERSION
from .ahead import Ahead, Workers
from .work import Work

#: Bytes of the proofs of an entry from which on sending them saves more than it costs.
WORTH_SENDING = 2**20
#: Bytes of the largest batch that is sent: some two hundred thousand rows.
MOST_SENT = 2**26
#: Bytes that are held for all batches that are out at once, beside their encodings.
MOST_HELD = 2**28


class ProofWork(Work[tuple[str, ...]]):
    """A proof to be looked at. The result is why it is refused, empty where it holds; there is none where looking at it
    broke down, and its check is to break down in its place."""

    def __init__(self, proof: BatchProof, size: int) -> None:
        self.proof = proof
        self.size = size
        self._name = b""

    @staticmethod
    def function(data: bytes) -> bytes:
        """What a worker does: the name of what it was given, and the result."""
        kind, session, key, width, inputs, attachment = unframe(data, 6)
        (element,) = ristretto255.decode_elements(key)
        proof = BatchProof(
            cast(Literal["shuffle", "share"], kind.decode("ascii")),
            session,
            b"",
            b"",
            element,
            int.from_bytes(width, "big"),
            inputs,
            attachment,
        )
        return frame(_name(data), refusal(proof))

    def data(self) -> bytes:
        proof = self.proof
        key = proof.key.encode()
        out = frame(proof.kind, proof.session, key, proof.width, bytes(proof.inputs), bytes(proof.attachment))
        self._name = _name(out)
        return out

    def here(self) -> tuple[str, ...]:
        try:
            return (refusal(self.proof),)
        except Exception:  # noqa: BLE001 - the check that asks for it breaks down likewise, and is told of
            return ()

    def read(self, answer: object) -> tuple[str, ...]:
        if not isinstance(answer, bytes):
            raise OutcomeError(f"a worker answered {type(answer).__name__}, and no outcome")
        try:
            name, why = unframe(answer, 2)
            text = why.decode("utf-8")
        except (EncodingError, UnicodeDecodeError):
            raise OutcomeError("a worker's outcome is garbled, or was cut") from None
        if name != self._name:
            raise OutcomeError(
                "a worker's outcome is of another proof, or of another version of secretballot"
            )
        return (text,)


def _name(data: bytes) -> bytes:
    return tagged_hash(Tag.VERIFICATION_TASK, VERSION, "proof", data)


def look_ahead(log: ElectionLog, entry: Entry, workers: Workers) -> None:
    """Has workers look at the proofs of the next entry, where it has several, and tells the log what came of them."""
    proofs = [one for one in log.batch_proofs(entry) if one[0] <= MOST_SENT] if workers.executor else []
    if len(proofs) < 2 or sum(size for size, _ in proofs) < WORTH_SENDING:
        return
    ahead: Ahead[ProofWork, tuple[str, ...]] = Ahead(workers)
    held = 0

    def take() -> int:
        work, whys, _ = ahead.take()
        for why in whys:
            log.mixing.remember(work.proof, why)
        return work.size

    for size, make_ready in proofs:
        while len(ahead) and (ahead.is_full or held + size > MOST_HELD):
            held -= take()
        try:
            proof = make_ready()
        except Exception:  # noqa: BLE001, S112 - its check raises the same, and says what is wrong
            continue
        ahead.put(ProofWork(proof, size))
        held += size
    while len(ahead):
        take()
