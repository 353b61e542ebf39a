"""What a cosigner remembers, on the disk: of each log the last checkpoint that it cosigned.

A text file of two lines, each ended by a line feed::

    secretballot/1/cosigner-memory <HMAC-SHA256 of the second line>
    {"cosigner":"<vkey>","logs":{"<vkey of a log>":"<the note, with its log's signature and the cosigner's>", …}}

The authentication code is under a key that follows from the cosigner's own: a file that is torn, edited or another
cosigner's is refused. One that is *older* is not, if nobody has it open: an older copy must never be put back.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..crypto.encoding import Tag, b64encode
from ..crypto.secret import Secret
from ..errors import CosignerMemoryError, check_path
from ..files import write_file

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: there, nothing keeps a second process out
    fcntl = None  # type: ignore[assignment]

_LOST = "a cosigner that does not know what it signed signs nothing: make new keys, with a new memory"


class CosignerMemory:
    """The memory of one cosigner, open in one process at a time. Raises CosignerMemoryError for a file that is missing,
    torn, another cosigner's, or open elsewhere."""

    def __init__(self, path: str | os.PathLike[str], cosigner: str, key: Secret[bytes]) -> None:
        """``cosigner`` is its vkey, ``key`` 32 bytes that nobody else has."""
        self._path = _place(path)
        self._cosigner = cosigner
        self._key = key
        self._process = os.getpid()
        self._lock: int | None = None
        with _typed_errors(self._path, "opened"):
            self._lock = _lock(self._path)
        try:
            self.read()
        except BaseException:
            self.close()
            raise

    @classmethod
    def start(cls, path: str | os.PathLike[str], cosigner: str, key: Secret[bytes]) -> None:
        """Writes a memory of nothing, with mode 0600. Raises CosignerMemoryError where there is a file already."""
        place = _place(path)
        with _typed_errors(place, "written"):
            write_file(place, _seal(cosigner, key, {}), replace=False)

    def read(self) -> dict[str, str]:
        """The note of each log, by the log's vkey. Raises CosignerMemoryError for a file that is none of this
        cosigner's."""
        self._check_open()
        try:
            with _typed_errors(self._path, "read"):
                data = self._path.read_bytes()
        except FileNotFoundError:
            raise self._error(f"is missing; {_LOST}") from None
        _, _, body = data.partition(b"\n")
        if not hmac.compare_digest(data, _header(self._key, body) + body):
            raise self._error(f"is torn, was changed, or is another cosigner's; {_LOST}")
        held = json.loads(body)
        if held["cosigner"] != self._cosigner:
            raise self._error("is that of the same key under another name")
        logs: dict[str, str] = held["logs"]
        return logs

    def write(self, logs: Mapping[str, str]) -> None:
        """Replaces what is remembered, in one step; it is on the disk on return. Raises CosignerMemoryError, and then
        it is not known which of the two is there."""
        self._check_open()
        with _typed_errors(self._path, "written"):
            write_file(self._path, _seal(self._cosigner, self._key, logs), replace=True)

    def close(self) -> None:
        """Lets another process open it; closing twice does no harm."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def went_back(self, origin: str) -> CosignerMemoryError:
        """The error for a memory that knows less of a log than it did."""
        return self._error(f"is older than it was: of {origin} it knew a later checkpoint; {_LOST}")

    def _check_open(self) -> None:
        if self._lock is None:
            raise self._error("is closed")
        if os.getpid() != self._process:
            raise self._error("was opened before a fork; open it in this process alone")

    def _error(self, message: str) -> CosignerMemoryError:
        return CosignerMemoryError(message, item=_name(self._path))


def _seal(cosigner: str, key: Secret[bytes], logs: Mapping[str, str]) -> bytes:
    body = json.dumps({"cosigner": cosigner, "logs": dict(logs)}, separators=(",", ":"), ensure_ascii=False)
    data = body.encode("utf-8") + b"\n"
    return _header(key, data) + data


def _header(key: Secret[bytes], body: bytes) -> bytes:
    code = b64encode(hmac.digest(key.reveal(), body, "sha256")).encode("ascii")
    return Tag.COSIGNER_MEMORY.label + b" " + code + b"\n"


def _place(path: str | os.PathLike[str]) -> Path:
    """Where a link points: the file there is the one that is replaced."""
    check_path(path, "the path of a cosigner's memory")
    with _typed_errors(Path(path), "found"):
        return Path(os.path.realpath(path))


def _name(path: Path) -> str:
    """The file's name, quoted: it may hold anything, a line end too."""
    return f"cosigner's memory {path.name!r}"


@contextlib.contextmanager
def _typed_errors(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise CosignerMemoryError("there is such a file already", item=_name(path)) from None
    except FileNotFoundError:
        if verb == "read":
            raise
        raise CosignerMemoryError(f"cannot be {verb}: there is no such folder", item=_name(path)) from None
    except OSError as error:
        raise CosignerMemoryError(f"cannot be {verb}: {error.strerror}", item=_name(path)) from None
    except ValueError:
        raise CosignerMemoryError(
            "no path has a lone surrogate or a null character", item=_name(path)
        ) from None


def _lock(path: Path) -> int:
    """Opens the file beside the memory that keeps a second process out; it is let go when its process ends."""
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    if fcntl is not None:  # pragma: no branch
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise CosignerMemoryError(
                "is open in another process, or twice in this one", item=_name(path)
            ) from None
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor
