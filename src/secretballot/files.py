"""Files that appear whole or not at all, and are on the disk when the call returns."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

#: How the names begin that files have before they are whole.
_TEMPORARY = ".secretballot-"
#: A flag of :func:`os.open`, for a file in whose place somebody may have put a link. Not every system has it.
NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def is_temporary(path: Path) -> bool:
    """Whether it is what a process that was killed left of a file that it did not finish."""
    return path.name.startswith(_TEMPORARY)


def write_file(path: Path, data: bytes, *, replace: bool = True, mode: int = 0o600) -> None:
    """Writes a file, by default with mode 0600. Raises FileExistsError where there is one and it is not to be
    replaced, and OSError where it cannot be written."""
    # mkstemp's files have the mode 0600.
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_TEMPORARY)
    except OSError as error:
        error.filename = str(path)  # The one that was asked for.
        raise
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode != 0o600:
            temporary.chmod(mode)
        if replace:
            temporary.replace(path)
        else:
            _place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def _place(temporary: Path, path: Path) -> None:
    """Gives the file its name, if that is free."""
    try:
        os.link(temporary, path)
    except OSError:
        # The name is taken; or the file system has no links, as on many memory sticks. Take the name, if it is free,
        # and replace what it stands for.
        path.open("xb").close()
        try:
            temporary.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def sync_folder(folder: Path) -> None:
    """Puts the names in a folder on the disk too, where the system lets a folder be synced. Raises OSError where the
    disk fails."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def file_of(path: Path) -> tuple[int, int] | None:
    """Device and number of the file that has this name now; None where there is none, or it cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
