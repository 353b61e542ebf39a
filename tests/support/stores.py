"""Where a store or a register is, so that a test can open it again, and in other processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import secretballot
import secretballot.errors

from .postgres import Server

KINDS = {"memory": "MemoryStore", "files": "FilesStore", "sqlite": "SQLiteStore", "postgres": "PostgresStore"}
#: Those whose entries outlive their process.
DURABLE = [kind for kind in KINDS if kind != "memory"]
REGISTERS = {"memory": "MemoryRegister", "sqlite": "SQLiteRegister", "postgres": "PostgresRegister"}
DURABLE_REGISTERS = [kind for kind in REGISTERS if kind != "memory"]

SOURCE = Path(secretballot.errors.__file__).parents[1]

#: How a program that :func:`run` is given opens the store whose :class:`Place` is its first argument.
OPENING = """
import json, os, signal, sys
import secretballot
from secretballot.board.store import ConflictError
from secretballot.errors import DuplicateError, StoreError

def open_store():
    name, arguments, options = json.loads(sys.argv[1])
    return getattr(secretballot, name)(*arguments, **options)
"""


class Place(NamedTuple):
    """The name of a store's class, and what it is made with."""

    name: str
    arguments: tuple[str, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()

    def open(self, **options: Any) -> Any:
        """The store or register that is there. In memory, it is another each time."""
        return getattr(secretballot, self.name)(*self.arguments, **dict(self.options), **options)

    def told(self) -> str:
        """For :data:`OPENING`."""
        return json.dumps([self.name, self.arguments, dict(self.options)])


def place(kind: str, folder: Path, request: pytest.FixtureRequest, names: dict[str, str] = KINDS) -> Place:
    """A new place for a store of that kind, or for one of :data:`REGISTERS`. Its name is one that needs care."""
    match kind:
        case "memory":
            return Place(names[kind])
        case "files":
            return Place(names[kind], (str(folder / "board folder?#%41"),))
        case "sqlite":
            return Place(names[kind], (str(folder / "board file?#%41.sqlite"),))
        case "postgres":
            server: Server = request.getfixturevalue("postgres")
            return Place(names[kind], (server.conninfo(),), (("schema", server.schema()),))
    raise ValueError(kind)


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs a program in a process of its own, to its end."""
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
