"""Verifies a record, or entries from elsewhere.

The caller must compare the election's id with the one announced (or pass it, for rule M3). Whether others were shown
the same log, only what is held from elsewhere tells: a checkpoint, or cosigners whom the caller trusts (L6, L7).
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from os import PathLike

from ..board.attachments import Attachments
from ..board.record import ElectionRecord
from ..crypto.cosignature import CosignatureVerifier
from ..crypto.note import Checkpoint
from ..errors import ArgumentError, check_type
from ..records import DIGEST_SIZE
from .engine import Progress, Verification
from .findings import Report
from .pins import Pins


def verify_record(
    record: ElectionRecord | str | PathLike[str],
    *,
    election_id: bytes | None = None,
    checkpoint: str | bytes | Checkpoint | None = None,
    cosigners: Iterable[str | CosignatureVerifier] = (),
    cosigners_needed: int | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Report:
    """Runs every rule over a record, or the record in a directory, and reports; a broken rule is a finding, no error.

    ``election_id`` (32 bytes) is the announced id, for rule M3. ``checkpoint`` is one of this log that was kept from
    elsewhere, for L6; ``cosigners`` are the vkeys of those of whom ``cosigners_needed`` (by default all) must have
    signed the record's own, for L7. ``progress`` is called with the number of entries checked. ``executor`` shares the
    work, such as the processes of :func:`~secretballot.verify.workers.local_workers`; its workers are trusted as this
    process is. Raises RecordError where the record cannot be read at all, ArgumentError for an id that is none,
    NoteError or ArgumentError for what cannot be pinned (:class:`~secretballot.verify.pins.Pins`), and StoreError where
    this machine has no room for a temporary file: then nothing is known.
    """
    pins = Pins(checkpoint, cosigners, cosigners_needed)
    if not isinstance(record, ElectionRecord):
        record = ElectionRecord(record)
    return verify_entries(
        record.entries(),
        record.checkpoint(),
        election_id=election_id,
        progress=progress,
        executor=executor,
        attachments=record.attachments,
        pins=pins,
    )


def verify_entries(
    entries: Iterable[bytes],
    checkpoint: bytes,
    *,
    election_id: bytes | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    attachments: Attachments | None = None,
    pins: Pins | None = None,
) -> Report:
    """As :func:`verify_record`, for entries and attachments from elsewhere. Raises ArgumentError for what is none."""
    check_type(entries, Iterable, "an iterable of entries as bytes")
    check_type(checkpoint, (bytes, str), "a checkpoint")
    if progress is not None and not callable(progress):
        raise ArgumentError("progress is a function of the number of entries read")
    if election_id is not None:
        check_type(
            election_id, bytes, "an election's id as bytes (bytes.fromhex makes them of its hexadecimal)"
        )
        if len(election_id) != DIGEST_SIZE:
            raise ArgumentError(f"an election's id has {DIGEST_SIZE} bytes, not {len(election_id)}")
    if attachments is not None:
        check_type(attachments, Attachments, "attachments")
    if pins is not None:
        check_type(pins, Pins, "pins")
    verification = Verification(election_id, executor, progress, pins)
    if attachments is not None:
        verification.log.attachments = attachments
    for raw in entries:
        check_type(raw, bytes, "an entry as bytes")
        verification.entry(raw)
    verification.checkpoint(checkpoint)
    return verification.report()
