"""The steps of a command: whatever it does to a file, and whatever it sends. Between two of them a kill changes
nothing.

Only for a process that was forked for the command, and may be killed.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable
from typing import Any

import httpx

from .points import die

#: A sync is none: what was written stays, whatever becomes of the process.
_FILES = ((os, "ftruncate"), (os, "link"), (os, "mkdir"), (os, "replace"), (tempfile, "mkstemp"))


def count(tell: Callable[[int, str], object], dies_at: int | None) -> None:
    """Has each step told before it is done, by its number and name; or this process killed there."""
    numbers = itertools.count()

    def step(name: str, last: Callable[[], object] = lambda: None) -> None:
        number = next(numbers)
        if number == dies_at:
            last()
            die()
        tell(number, name)

    for module, name in _FILES:
        _before(module, name, step)
    write, send = os.write, httpx.Client.send

    def wrote(file: int, data: bytes) -> int:
        step("write")
        step("half a write", lambda: write(file, data[: len(data) // 2]))
        return write(file, data)

    def sent(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        if request.method == "GET":
            return send(self, request, **options)
        step(f"send {request.url.path}")
        response = send(self, request, **options)
        step(f"answered {request.url.path}")
        return response

    os.write = wrote
    httpx.Client.send = sent  # type: ignore[method-assign]


def _before(module: Any, name: str, step: Callable[[str], None]) -> None:
    inner = getattr(module, name)

    def stepped(*arguments: Any, **options: Any) -> Any:
        step(name)
        return inner(*arguments, **options)

    setattr(module, name, stepped)
