"""A tampered record: its files, what was done to it, and what a verifier has to say of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...board.attachments import FOLDER, digest_of
from ...board.record import CHECKPOINT, ENTRIES
from ...errors import RecordError, check_path
from ...verify import Verdict

#: A record's files by their path within its directory.
Files = Mapping[str, bytes]

#: How a verifier that is a command ends (``docs/spec/rules.md``, "How a program ends"). Without a verdict there was no
#: record to read.
EXIT_CODES: Mapping[Verdict | None, int] = {
    Verdict.VERIFIED: 0,
    Verdict.FAILED: 1,
    None: 3,
    Verdict.INCOMPLETE: 4,
}


@dataclass(frozen=True, slots=True)
class Case:
    """One record of the corpus.

    ``name`` is the same in every corpus and fit for a file; ``title`` says in a sentence who did what. ``rules`` are
    the ids of rules that must fail, each of them; others may fail besides, as a consequence. ``verdict`` is what a
    verifier must say, or None where it has to say that there is no record. ``source`` is where the attack was
    published, empty for a change that needs no idea.

    ``election_id``, ``checkpoint`` and ``cosigners`` are what the verifier is given from outside the record (rules M3,
    L6 and L7): an announced id of 32 bytes, a checkpoint as a note, and vkeys.
    """

    name: str
    title: str
    files: Files = field(repr=False)
    rules: tuple[str, ...]
    verdict: Verdict | None = Verdict.FAILED
    source: str = ""
    election_id: bytes | None = None
    checkpoint: str | None = None
    cosigners: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """How a verifier that is a command must end."""
        return EXIT_CODES[self.verdict]

    @property
    def given(self) -> dict[str, Any]:
        """What :func:`secretballot.verify.verify_record` is to be given beside the record, by name."""
        out: dict[str, Any] = {}
        if self.election_id is not None:
            out["election_id"] = self.election_id
        if self.checkpoint is not None:
            out["checkpoint"] = self.checkpoint
        if self.cosigners:
            out["cosigners"] = self.cosigners
        return out

    def write(self, directory: str | os.PathLike[str]) -> Path:
        """Writes the record into a new or empty directory, and gives its path. Raises RecordError where it holds
        something or cannot be written."""
        check_path(directory, "a directory")
        folder = Path(directory)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise RecordError("the directory is not empty", item=str(directory))
            for name, data in self.files.items():
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(data)
        except OSError as error:
            raise RecordError(f"cannot be written: {error.strerror}", item=str(directory)) from None
        return folder


def files_of(
    entries: Sequence[bytes], checkpoint: bytes, attachments: Iterable[bytes] = ()
) -> dict[str, bytes]:
    """The files of a record. Nothing is checked: an entry may be any bytes."""
    files = {f"{FOLDER}/{digest_of(data).hex()}": bytes(data) for data in attachments}
    return files | {ENTRIES: b"".join(raw + b"\n" for raw in entries), CHECKPOINT: checkpoint}
