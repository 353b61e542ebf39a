"""What a role may do once: whoever was started again must not do it otherwise than before.

A trustee that decrypts two tallies, or an authority that seals two logs, gives a voter's ballot away by the difference.
They remember what they did, here, before anybody sees it. Names and hashes of what they did are no secrets.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import threading
from pathlib import Path

from ..errors import RefusedError, StoreError, check_path, check_type
from ..files import NO_LINK, sync_folder

_LINE = re.compile(rb"([a-z0-9-]{1,64}) ([0-9a-f]{64})\n")
_FLAGS = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | NO_LINK


class Memory:
    """A memory in the file ``path``; without a path, of this object alone. Safe from several threads and processes of
    one machine.

    ``create`` makes the file, with mode 0600, where there is none: once, before the keys that it belongs to are made.
    Later a missing file is refused, since what it told may have been done. Raises StoreError where it cannot be made.

    The file has a line for each thing: its name, and the SHA-256 of what was done. A last line that a crash cut short
    was never answered for, and is written over. Nothing tells an older copy: keep the file with the keys.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, create: bool = False) -> None:
        if path is not None:
            check_path(path, "a memory's path")
        check_type(create, bool, "whether the file is to be made")
        self._path = None if path is None else Path(path)
        self._lock = threading.Lock()
        self._held: dict[str, str] = {}
        if create and self._path is not None:
            try:
                os.close(os.open(self._path, _FLAGS | os.O_CREAT, 0o600))
                sync_folder(self._path.parent)
            except OSError as error:
                raise _unusable(error, self._path) from None

    def claim(self, name: str, value: bytes) -> bool:
        """Whether ``name`` may be done with ``value``: it was not done before, or with the same. Remembered, and on
        the disk, when this returns. Raises RefusedError where the file is missing, and StoreError where it cannot be
        read or written, or is damaged."""
        check_type(name, str, "a name")
        check_type(value, bytes, "what is done as bytes")
        digest = hashlib.sha256(value).hexdigest()
        with self._lock:
            if self._path is None:
                return self._held.setdefault(name, digest) == digest
            try:
                return self._claim(self._path, name, digest)
            except FileNotFoundError:
                raise RefusedError(
                    "the memory of what was done once is missing: restore it; nothing is done without it",
                    item=str(self._path),
                ) from None
            except OSError as error:
                raise _unusable(error, self._path) from None

    def _claim(self, path: Path, name: str, digest: str) -> bool:
        file = os.open(path, _FLAGS)
        try:
            _lock(file)
            data = _read(file)
            whole = data[: data.rfind(b"\n") + 1]
            held = _parse(whole, path)
            if name not in held:
                os.lseek(file, len(whole), os.SEEK_SET)
                line = f"{name} {digest}\n".encode("ascii")
                if os.write(file, line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.ftruncate(file, os.lseek(file, 0, os.SEEK_CUR))
                held[name] = digest
            # Also for a line that was found: whoever wrote it, or made the file, may have died before this.
            os.fsync(file)
            sync_folder(path.parent)
        finally:
            os.close(file)
        return held[name] == digest

    def __repr__(self) -> str:
        return f"<Memory {self._path or 'of this process'}>"


def _unusable(error: OSError, path: Path) -> StoreError:
    return StoreError(error.strerror or "cannot be written", item=str(path))


def _lock(file: int) -> None:
    """Waits until no other process has the file. It is let go when the file is closed."""
    try:
        import fcntl
    except ImportError:  # Windows: one process at a time, for its operator to see to.
        return
    fcntl.flock(file, fcntl.LOCK_EX)


def _read(file: int) -> bytes:
    parts = []
    while part := os.read(file, 2**16):
        parts.append(part)
    return b"".join(parts)


def _parse(data: bytes, path: Path) -> dict[str, str]:
    held: dict[str, str] = {}
    at = 0
    while at < len(data):
        line = _LINE.match(data, at)
        if line is None or line[1].decode() in held:
            raise StoreError(
                "is damaged, or no memory: restore it; nothing is done without it", item=str(path)
            )
        held[line[1].decode()] = line[2].decode()
        at = line.end()
    return held
