"""A process that has everything imported, and forks others: boards that serve, and commands that run, each of which may
be killed. :class:`Nursery` is what a test has of it; the rest of the file is what it runs.

A child tells what it has to tell over a connection of its own, a JSON object a line; the connection ends when it dies.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from secretballot.board.board import Board
from secretballot.board.keys import BoardKeys
from secretballot.board.store import MemoryStore
from secretballot.cli import main as command_line
from secretballot.client import LocalBoard
from secretballot.service.deploy import board_app
from secretballot.service.serve import Server, config_of
from secretballot.service.settings import Rate, Settings
from secretballot.tally import ElectionLog

from ..support.key_files import PASSPHRASE, make_cheap
from ..support.stores import SOURCE, Place
from . import points, steps

ROOT = Path(__file__).resolve().parents[2]
#: Seconds for anything that is waited for: only a test that fails waits so long.
PATIENCE = 120.0

Say = Callable[..., None]


class Child:
    """A forked process, until it was waited for."""

    def __init__(self, nursery: Nursery, connection: socket.socket) -> None:
        self._nursery = nursery
        self._connection = connection
        self._lines = connection.makefile("r", encoding="utf-8")
        told = self.hear()
        if told is None:
            raise AssertionError("the child did not begin")
        self.pid: int = told["pid"]

    def hear(self) -> Any:
        """What it tells next; None where it died."""
        line = self._lines.readline()
        return json.loads(line) if line else None

    def arm(self) -> None:
        """Its fuse counts from now on."""
        os.kill(self.pid, signal.SIGUSR1)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, once it has ended; that of a signal is negative."""
        while self.hear() is not None:
            pass
        self._lines.close()
        self._connection.close()
        return self._nursery.reap(self.pid)


class Nursery:
    """The process that forks. Used by one thread."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="nursery-")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.settimeout(PATIENCE)
        address = str(Path(self._folder.name) / "address")
        self._listener.bind(address)
        self._listener.listen()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, address],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def board(
        self,
        kind: str,
        place: Place,
        key: Path,
        *,
        point: str | None = None,
        passes: int = 0,
        armed: bool = False,
    ) -> Child:
        """A board that serves what is at a place, and dies at a point. It tells its URL."""
        return self._fork(
            do="board", kind=kind, place=place.told(), key=str(key), point=point, passes=passes, armed=armed
        )

    def command(self, arguments: Sequence[object], output: Path, *, dies_at: int | None = None) -> Child:
        """The command line, whose output goes to a file; killed at its step of that number, counted from 0. It tells
        its steps."""
        return self._fork(
            do="command", arguments=[str(one) for one in arguments], output=str(output), dies_at=dies_at
        )

    def _fork(self, **task: Any) -> Child:
        self._tell(task)
        connection, _ = self._listener.accept()
        connection.settimeout(PATIENCE)
        return Child(self, connection)

    def reap(self, pid: int) -> int:
        self._tell({"do": "reap", "pid": pid})
        if self._process.stdout is None:
            raise AssertionError
        status: int = json.loads(self._process.stdout.readline())
        return status

    def _tell(self, task: Mapping[str, Any]) -> None:
        if self._process.stdin is None:
            raise AssertionError
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=PATIENCE)
        self._listener.close()
        self._folder.cleanup()


# Within the process.


def main(address: str) -> None:
    """Forks as told on standard input, until that ends."""
    # A thousand connections at once have a descriptor each.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    _warm_up()
    children: set[int] = set()
    for line in sys.stdin:
        task = json.loads(line)
        if task["do"] == "reap":
            children.remove(task["pid"])
            _, status = os.waitpid(task["pid"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        child = os.fork()
        if not child:
            _live(address, task)
        children.add(child)
    for child in children:
        os.kill(child, signal.SIGKILL)


def _warm_up() -> None:
    """Has everything imported that is imported only when it is needed, without a thread."""
    for name in ("anyio._backends._asyncio", "psycopg", "secretballot.client.remote"):
        importlib.import_module(name)
    board = Board(MemoryStore(), BoardKeys.generate("nobody's"), ElectionLog())
    config_of(board_app(LocalBoard(board))).load()


def _live(address: str, task: dict[str, Any]) -> None:
    code: object = 1
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(address)

        def say(**told: object) -> None:
            connection.sendall(json.dumps(told).encode() + b"\n")

        say(pid=os.getpid())
        {"board": _serve, "command": _command}[task["do"]](task, say)
        code = 0
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001 - it goes no further: this is the child's end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


def _serve(task: dict[str, Any], say: Say) -> None:
    fuse = points.Fuse(task["point"] or "", task["passes"], task["armed"])
    points.lay(task["kind"], fuse)
    name, arguments, options = json.loads(task["place"])
    store = Place(name, tuple(arguments), tuple(options.items())).open(create=False)
    keys = BoardKeys.load(task["key"], passphrase=PASSPHRASE)
    board = Board(store, keys, ElectionLog())
    # All clients have one address here.
    often = Rate(burst=10**6, per_second=10**6)
    app = board_app(LocalBoard(board), Settings(posts=often, reads=often))
    Server(config_of(points.cut_answers(app, fuse)), lambda url: say(url=url)).run()


def _command(task: dict[str, Any], say: Say) -> None:
    make_cheap(pytest.MonkeyPatch())
    output = os.open(task["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    steps.count(lambda number, name: say(step=number, name=name), task["dies_at"])
    command_line(task["arguments"], prog_name="secretballot")


if __name__ == "__main__":
    main(sys.argv[1])
