"""How far a command has come, on stderr: bars on a terminal, elsewhere a line for each stage that has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from .terminal import Terminal


class Stages:
    """The stages of a command, one after the other. ``seconds`` holds how long each took."""

    def __init__(self) -> None:
        self._console = Terminal(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description:<24}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._step: Callable[[], None] = lambda: None
        self.seconds: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
        if self._console.is_terminal:
            self._console.print()

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Callable[[], None]]:
        """Runs a stage of ``total`` steps, or of one wait; what it gives is called after each, as :meth:`step` does."""
        start = time.perf_counter()
        task = self._bars.add_task(name, total=total)
        self._step = lambda: self._bars.advance(task)
        yield self._step
        self._step = lambda: None
        self.seconds[name] = time.perf_counter() - start
        if not self._console.is_terminal:
            self._console.print(Text(f"{name:<24} {total or '':>6}  {self.seconds[name]:7.1f} s"))

    def step(self) -> None:
        """One more step of the present stage."""
        self._step()
