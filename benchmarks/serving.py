"""A board's service in a process of its own: ``python -m benchmarks.serving``, with a task as a line of JSON on
standard input. The first line of its output is the URL; when its input ends, it ends, and tells what it took.

Not for people: :mod:`.casting` starts it.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from pathlib import Path

from secretballot.board.board import Board
from secretballot.board.keys import BoardKeys
from secretballot.client import LocalBoard
from secretballot.service.deploy import board_app
from secretballot.service.serve import Server, config_of
from secretballot.service.settings import Rate, Settings
from secretballot.tally import ElectionLog

from .polls import KEY, PASSPHRASE, Place, begin, check
from .verifying import peak_mb

#: All voters here have one address.
OFTEN = Rate(burst=1e9, per_second=1e9)


def main() -> None:
    """Serves until standard input ends."""
    task = json.loads(sys.stdin.readline())
    folder = Path(task["path"])
    with Place(*task["place"]).opened() as store:
        begin(store, folder)
        board = Board(store, BoardKeys.load(folder / KEY, passphrase=PASSPHRASE), ElectionLog())
        settings = Settings(posts=OFTEN, reads=OFTEN)
        server = Server(config_of(board_app(LocalBoard(board), settings)), _say)

        def await_end() -> None:
            sys.stdin.read()
            server.should_exit = True

        threading.Thread(target=await_end, daemon=True).start()
        before, idle = _cpu(), peak_mb(resource.RUSAGE_SELF)
        server.run()
        figures = {"cpu": _cpu() - before, "idle_mb": idle, "peak_mb": peak_mb(resource.RUSAGE_SELF)}
        check(board, folder)
    _say(json.dumps(figures))


def _say(line: str) -> None:
    print(line, flush=True)


def _cpu() -> float:
    """Processor seconds of all threads."""
    times = os.times()
    return times.user + times.system


if __name__ == "__main__":
    main()
