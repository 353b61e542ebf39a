"""Where a command's passphrase comes from."""

from __future__ import annotations

import getpass
import os
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ..errors import EncodingError


class Passphrase:
    """Where a passphrase comes from: a file, a descriptor, or the terminal. It is asked for once."""

    def __init__(self, file: Path | None, descriptor: int | None, what: str = "Passphrase") -> None:
        if file is not None and descriptor is not None:
            raise click.UsageError("a passphrase comes from a file or from a descriptor, not from both")
        self._file = file
        self._descriptor = descriptor
        self._what = what
        self._text: str | None = None

    def ask(self, *, new: bool = False) -> str:
        """The passphrase; a new one is typed twice."""
        if self._text is None:
            if self._file is not None:
                self._text = first_line(self._file.read_bytes())
            elif self._descriptor is not None:
                with os.fdopen(os.dup(self._descriptor), "rb") as file:
                    self._text = first_line(file.read(4096))
            else:
                self._text = _typed(self._what, new)
        return self._text

    def __repr__(self) -> str:
        return "<Passphrase, redacted>"


def _typed(what: str, new: bool) -> str:
    with warnings.catch_warnings():
        # Without a terminal it would be shown as it is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return str(click.prompt(what, hide_input=True, confirmation_prompt=new, err=True))
        except getpass.GetPassWarning:
            raise click.UsageError("there is no terminal to ask at: give --passphrase-file") from None


def first_line(data: bytes) -> str:
    """The first line of a file that holds a secret; raises EncodingError where there is none."""
    try:
        text = data.decode("utf-8").split("\n")[0].removesuffix("\r")
    except UnicodeDecodeError:
        raise EncodingError("a passphrase or code is a text in UTF-8") from None
    if not text:
        raise EncodingError("the passphrase or code is empty")
    return text


def passphrase_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--passphrase-file`` and ``--passphrase-fd``; the command gets ``passphrase``."""

    @click.option(
        "--passphrase-file",
        type=click.Path(exists=True, dir_okay=False, allow_dash=False, path_type=Path),
        help="The file whose first line is the passphrase. [default: it is asked for]",
    )
    @click.option("--passphrase-fd", type=int, help="The descriptor to read it from.")
    @wraps(command)
    def with_passphrase(
        *args: Any, passphrase_file: Path | None, passphrase_fd: int | None, **rest: Any
    ) -> Any:
        return command(*args, passphrase=Passphrase(passphrase_file, passphrase_fd), **rest)

    return with_passphrase
