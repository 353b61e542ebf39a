"""Disks that are small enough to be filled."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

PAGE = 4096


class Disk:
    """A small file system."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """Leaves no room at all."""
        with self._ballast.open("ab", buffering=0) as file:
            for piece in (bytes(2**16), bytes(1)):
                with suppress(OSError):
                    while file.write(piece):
                        pass
        assert shutil.disk_usage(self.path).free == 0

    def give(self, pages: int) -> None:
        """Makes room for some pages."""
        os.truncate(self._ballast, max(0, self._ballast.stat().st_size - pages * PAGE))

    def empty(self) -> None:
        self._ballast.unlink()

    def remount(self, how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.path)], check=True)


@contextmanager
def mounted(kibibytes: int) -> Iterator[Disk]:
    """A disk of that size, in memory, or a skipped test where none can be had."""
    # Not below the tests' own directory, which a server's user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k,mode=1777", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        folder.chmod(0o1777)
        try:
            yield Disk(folder)
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    finally:
        folder.rmdir()
