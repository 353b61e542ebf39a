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
from .ahead import Workers
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
    workers: int | None = None,
) -> Report:
    """Runs every rule over a record, or the record in a directory, and reports; a broken rule is a finding, no error.

    ``election_id`` (32 bytes) is the announced id, for rule M3. ``checkpoint`` is one of this log that was kept from
    elsewhere, for L6; ``cosigners`` are the vkeys of those of whom ``cosigners_needed`` (by default all) must have
    signed the record's own, for L7. ``progress`` is called with the number of entries checked.

    ``executor`` shares the work, such as the processes of :func:`~secretballot.verify.workers.local_workers`, or a
    cluster: any :class:`concurrent.futures.Executor` will do, whose workers have secretballot of this version, and are
    trusted as this process is. ``workers`` is how many pieces it works on at once; where it is not given, the executor
    is asked, and where that does not say, it is taken for the number of this machine's cores. What a worker loses is
    done here. The report is the same, whoever did the work.

    Raises RecordError where the record cannot be read at all, ArgumentError for an id that is none, and NoteError or
    ArgumentError for what cannot be pinned (:class:`~secretballot.verify.pins.Pins`). Raises StoreError where this
    machine has no room for a temporary file, and OutcomeError where a worker answers with anything but the whole
    outcome of what it was given: then nothing is known.
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
        workers=workers,
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
    workers: int | None = None,
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
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise ArgumentError("an executor has a function submit, as those of concurrent.futures")
    if attachments is not None:
        check_type(attachments, Attachments, "attachments")
    if pins is not None:
        check_type(pins, Pins, "pins")
    verification = Verification(election_id, Workers(executor, workers), progress, pins)
    if attachments is not None:
        verification.log.attachments = attachments
    for raw in entries:
        check_type(raw, bytes, "an entry as bytes")
        verification.entry(raw)
    verification.checkpoint(checkpoint)
    return verification.report()
