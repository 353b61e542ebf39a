"""A log of plain entries with its board's signature, and cosigners that watch it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from secretballot.board.cosigner import Cosigner, CosignerKeys
from secretballot.crypto.merkle import MemoryTree, leaf_hash
from secretballot.crypto.note import Checkpoint, NoteSigner, NoteVerifier, sign_checkpoint
from secretballot.crypto.signing import SigningKey

ORIGIN = "board.example/votes"
NAME = "witness.example/w1"
#: When a cosigner's clock stands still.
NOW = 1_700_000_000
Made = tuple[CosignerKeys, Cosigner]


class PlainLog:
    """A log that signs checkpoints over any of its sizes, as often as it is asked."""

    def __init__(self, entries: Iterable[bytes], signer: NoteSigner | None = None) -> None:
        self.signer = signer or NoteSigner(ORIGIN, SigningKey.generate())
        self.tree = MemoryTree()
        for entry in entries:
            self.tree.append(leaf_hash(entry))

    def fork(self, entries: Iterable[bytes]) -> PlainLog:
        """Another log under the same key."""
        return PlainLog(entries, self.signer)

    @property
    def verifier(self) -> NoteVerifier:
        return self.signer.verifier

    def note(self, size: int) -> str:
        checkpoint = Checkpoint(self.verifier.name, size, self.tree.root(size))
        return sign_checkpoint(checkpoint, self.signer)

    def proof(self, old_size: int, size: int) -> list[bytes]:
        return self.tree.consistency(old_size, size) if old_size else []


def numbered(count: int, mark: str = "entry", after: int = 0) -> list[bytes]:
    """So many entries; those after the first ``after`` have the mark."""
    return [f"{'entry' if place < after else mark} {place}".encode() for place in range(count)]


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.time: float = NOW

    def __call__(self) -> float:
        return self.time


def new_cosigner(folder: Path, *logs: NoteVerifier, name: str = NAME, clock: Clock | None = None) -> Made:
    """A cosigner that has signed nothing, with its memory in the file ``memory`` of the folder."""
    keys = CosignerKeys.generate(name)
    keys.start_memory(folder / "memory")
    return keys, Cosigner(keys, folder / "memory", logs, clock=clock or Clock())
