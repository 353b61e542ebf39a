"""The election record: a directory that an auditor can copy.

It holds two files, and nothing secret: ``entries.jsonl``, the log's entries in order, each on a line of its own that
ends with a line feed; and ``checkpoint``, the board's signed checkpoint over all of them. Where ballots were mixed, a
directory ``attachments`` has what the entries name (:mod:`.attachments`), each in a file of its own.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..crypto.note import MAX_NOTE_SIZE
from ..errors import RecordError, check_path, check_type
from ..records import CUT_OFF, MAX_ENTRY_SIZE
from .attachments import FOLDER, Attachments, RecordAttachments, digest_of

ENTRIES = "entries.jsonl"
CHECKPOINT = "checkpoint"


class ElectionRecord:
    """A record on disk, read as a stream."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises RecordError where the directory or one of its two files is not there."""
        check_path(path, "a record's directory")
        self.path = Path(path)
        for name in (ENTRIES, CHECKPOINT):
            if not (self.path / name).is_file():
                raise RecordError(f"not an election record: there is no file {name}", item=str(path))
        self.attachments: Attachments = RecordAttachments(self.path)

    def entries(self) -> Iterator[bytes]:
        """The entries in order, without their line ends, one in memory at a time.

        A line that is too long is cut at the limit (and then refused by whoever parses it). A last line without its
        line feed is given with a byte behind it that no entry can end in, so that it is refused.
        """
        try:
            with (self.path / ENTRIES).open("rb") as file:
                while line := file.readline(MAX_ENTRY_SIZE + 2):
                    if line.endswith(b"\n"):
                        yield line[:-1]
                    else:
                        yield line + CUT_OFF
                        while line and not line.endswith(b"\n"):
                            line = file.readline(MAX_ENTRY_SIZE)
        except OSError as error:
            raise RecordError(f"cannot be read: {error.strerror}", item=ENTRIES) from None

    def checkpoint(self) -> bytes:
        """The checkpoint's bytes. Raises RecordError for a file that cannot be one."""
        try:
            with (self.path / CHECKPOINT).open("rb") as file:
                data = file.read(MAX_NOTE_SIZE + 1)
        except OSError as error:
            raise RecordError(f"cannot be read: {error.strerror}", item=CHECKPOINT) from None
        return data


def write_record(
    path: str | os.PathLike[str],
    entries: Iterable[bytes],
    checkpoint: str,
    attachments: Iterable[bytes | memoryview] = (),
) -> ElectionRecord:
    """Writes a record into a new or empty directory; each file appears whole or not at all, the checkpoint last.

    Raises RecordError where the directory holds something or cannot be written, and for a checkpoint that is no
    Unicode; ArgumentError for an entry that is no bytes.
    """
    check_path(path, "a directory")
    check_type(entries, Iterable, "an iterable of entries as bytes")
    check_type(checkpoint, str, "a checkpoint as text")
    folder = Path(path)
    try:
        note = checkpoint.encode("utf-8")
    except UnicodeEncodeError:
        raise RecordError("the checkpoint has a lone surrogate") from None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        empty = not any(folder.iterdir())
    except ValueError:
        raise RecordError("no directory's path has a null character or a lone surrogate") from None
    except OSError as error:
        raise RecordError(f"cannot be written: {error.strerror}", item=str(path)) from None
    if not empty:
        raise RecordError("the directory is not empty", item=str(path))
    try:
        for data in attachments:
            (folder / FOLDER).mkdir(exist_ok=True)
            _write(folder / FOLDER / digest_of(data).hex(), [data])
        _write(folder / ENTRIES, _lines(entries))
        _write(folder / CHECKPOINT, [note])
    except OSError as error:
        raise RecordError(f"cannot be written: {error.strerror}", item=str(path)) from None
    return ElectionRecord(folder)


def _lines(entries: Iterable[bytes]) -> Iterator[bytes]:
    for entry in entries:
        check_type(entry, bytes, "an entry as bytes")
        yield entry + b"\n"


def _write(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
