"""The files of a :class:`~secretballot.board.store.files.FilesStore`: their names, the lines in them, and how they
are written so that they stay written.

A line that the store reads again ends in a check, the beginning of its SHA-256, so that a line that was changed or cut
is told from a good one. The check is against accidents: who can write the files can also make it fit.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ...crypto.merkle import HASH_SIZE
from ...errors import StoreError
from ...files import sync_folder

try:
    import fcntl
except ImportError:  # pragma: no cover - a system without flock(2)
    fcntl = None  # type: ignore[assignment]

ABOUT = "about"
ENTRIES = "entries.jsonl"
INDEX = "index"
ACKNOWLEDGED = "acknowledged"
CHECKPOINT = "checkpoint"
NEW_CHECKPOINT = "checkpoint.new"
CHECKPOINT_SIZE = "checkpoint.size"
ATTACHMENTS = "attachments"
LOCK = "lock"

#: What may be in a directory whose making was cut off.
BEGUN = frozenset({LOCK, ENTRIES, INDEX, ACKNOWLEDGED, ATTACHMENTS, f".{ABOUT}"})

VERSION = 1
_TITLE = "secretballot files store "
#: What the file ``about`` holds. Its first line marks the directory and goes up with every change of the files.
TEXT = f"""{_TITLE}{VERSION}

entries.jsonl     the log's entries in order, a line feed after each
index             a line for each entry: its number, where it begins, its length, its hash, its keys, a check
acknowledged      how many entries are acknowledged, where index and entries.jsonl end with them, a check: the last
                  time and the time before, in the one line or the other
checkpoint        the newest signed checkpoint; checkpoint.size is of how many entries, with its hash
attachments       what entries name, each under its SHA-256
lock              whoever writes holds it; to copy the directory while it is in use: flock lock cp -a . ELSEWHERE
"""

#: Hexadecimal digits of a line's check.
_CHECK_SIZE = 16
#: Bytes of a line of the file ``acknowledged``, filled up with spaces: it is written over in place.
MARK_SIZE = 96
#: Seconds between two looks at a lock that somebody holds.
_PAUSES = (0.001, 0.05)


class Mark(NamedTuple):
    """What is acknowledged: the entries, and the bytes of ``index`` and ``entries.jsonl`` with them."""

    size: int
    index_end: int
    entries_end: int

    def encode(self) -> bytes:
        """A line of the file ``acknowledged``."""
        return _with_check(" ".join(map(str, self)).ljust(MARK_SIZE - _CHECK_SIZE - 2))

    @classmethod
    def parse(cls, data: bytes) -> Mark | None:
        """What :meth:`encode` made, or None for other bytes."""
        text = _checked(data)
        try:
            return None if text is None else cls(*map(int, text.split()))
        except (TypeError, ValueError):
            return None


class Line(NamedTuple):
    """A line of the file ``index``: an entry's number and place, the hash of its leaf, and its keys."""

    number: int
    start: int
    length: int
    leaf: bytes
    keys: tuple[bytes, ...]

    def encode(self) -> bytes:
        """The line, with its line feed."""
        keys = ",".join(key.hex() for key in self.keys) or "-"
        return _with_check(f"{self.number} {self.start} {self.length} {self.leaf.hex()} {keys}")

    @classmethod
    def parse(cls, data: bytes) -> Line | None:
        """What :meth:`encode` made, or None for other bytes."""
        text = _checked(data)
        try:
            if text is None:
                return None
            number, start, length, leaf, keys = text.split(" ")
            line = cls(
                int(number),
                int(start),
                int(length),
                bytes.fromhex(leaf),
                () if keys == "-" else tuple(map(bytes.fromhex, keys.split(","))),
            )
        except ValueError:
            return None
        whole = len(line.leaf) == HASH_SIZE and all(line.keys) and line.encode() == data
        return line if whole else None


def _check(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:_CHECK_SIZE]


def _with_check(text: str) -> bytes:
    return f"{text} {_check(text)}\n".encode("ascii")


def _checked(data: bytes) -> str | None:
    """A line's text without its check, or None where it is no whole line, or the check another."""
    if not data.endswith(b"\n") or not data.isascii():
        return None
    text, _, check = data[:-1].decode("ascii").rpartition(" ")
    return text if check == _check(text) else None


def is_about(data: bytes) -> bool:
    """Whether ``about`` marks a store of this version. Raises StoreError for one of another version."""
    title, _, _ = data.partition(b"\n")
    if title == f"{_TITLE}{VERSION}".encode():
        return True
    if title.startswith(_TITLE.encode()):
        version = title.removeprefix(_TITLE.encode())[:20].decode("ascii", "replace")
        raise StoreError(f"the store has version {version!r} of its files, not '{VERSION}'")
    return False


# Files.


def read_at(file: int, size: int, offset: int) -> bytes:
    """That many bytes of an open file, fewer only where it ends before."""
    parts: list[bytes] = []
    while size and (part := os.pread(file, size, offset)):
        parts.append(part)
        size -= len(part)
        offset += len(part)
    return b"".join(parts)


def read_marks(file: int) -> tuple[Mark, int] | None:
    """The newest mark, and on which of the two lines it stands, 0 or 1; None where neither is whole."""
    both = read_at(file, 2 * MARK_SIZE, 0)
    found = [(Mark.parse(both[:MARK_SIZE]), 0), (Mark.parse(both[MARK_SIZE:]), 1)]
    return max(((mark, place) for mark, place in found if mark is not None), default=None)


def write_at(file: int, data: bytes, offset: int) -> None:
    """Writes all of it. Nothing is on the disk until the file is synced."""
    rest = memoryview(data)
    while rest:
        written = os.pwrite(file, rest, offset)
        rest = rest[written:]
        offset += written


def put_file(path: Path, data: bytes) -> None:
    """A file that appears whole under its name, in the place of an older one, and is then on the disk. Its writer
    holds the store's lock: what is half written has one name, and is written over by the next."""
    half = path.with_name(f".{path.name}")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        write_at(descriptor, data, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    half.replace(path)
    sync_folder(path.parent)


def find_file(path: Path) -> bytes | None:
    """A file's bytes, or None where there is none."""
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return None


def check_locks() -> None:
    """Returns nothing where files can be locked; raises StoreError otherwise."""
    if fcntl is None:
        raise StoreError("this system has no flock, which a store of files needs: use SQLite")


@contextmanager
def locked(file: int, timeout: float) -> Iterator[None]:
    """Holds the lock of an open file; no other process has it meanwhile, nor who opened the file apart. Raises
    StoreError after ``timeout`` seconds in vain."""
    deadline = time.monotonic() + timeout
    pause, longest = _PAUSES
    try:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise StoreError("the store is locked: another process is writing") from None
            time.sleep(pause)
            pause = min(2 * pause, longest)
        yield
    finally:
        # Also where it was not got: a signal's exception may have come just after.
        fcntl.flock(file, fcntl.LOCK_UN)
