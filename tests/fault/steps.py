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

_FILES = ("fsync", "ftruncate", "link", "mkdir", "replace", "write")


def count(tell: Callable[[int, str], object], dies_at: int | None) -> None:
    """Has each step told before it is done, by its number and name; or this process killed there."""
    numbers = itertools.count()

    def step(name: str) -> None:
        number = next(numbers)
        if number == dies_at:
            die()
        tell(number, name)

    for name in _FILES:
        _before(os, name, step)
    _before(tempfile, "mkstemp", step)
    send = httpx.Client.send

    def sent(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        if request.method == "GET":
            return send(self, request, **options)
        step(f"send {request.url.path}")
        response = send(self, request, **options)
        response.read()
        step(f"answered {request.url.path}")
        return response

    httpx.Client.send = sent  # type: ignore[method-assign]


def _before(module: Any, name: str, step: Callable[[str], None]) -> None:
    inner = getattr(module, name)

    def stepped(*arguments: Any, **options: Any) -> Any:
        step(name)
        return inner(*arguments, **options)

    setattr(module, name, stepped)
