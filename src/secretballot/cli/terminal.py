"""What every command shares: consoles, exit codes, and the boundary that no traceback passes."""

from __future__ import annotations

import os
import sys
from enum import IntEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.text import Text

from ..board import ElectionRecord
from ..client.wire import TooManyError, UnreachableError, error_body
from ..errors import RecordError, RefusedError, SecretBallotError, WorkerError
from ..report import Words
from ..report.words import steerless


class ExitCode(IntEnum):
    """What a command ends with."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREADABLE = 3
    INCOMPLETE = 4
    INTERRUPTED = 130
    #: As if by the signal that a closed pipe sends.
    CLOSED_PIPE = 141


#: Above or beneath what a record says where nobody has looked whether it is true.
NOT_VERIFIED = Text(
    "NOT VERIFIED: this is what the record says. `secretballot verify` checks it.", style="bold yellow"
)

#: Whether a program reads what a command prints.
_JSON = f"{__name__}.json"


class NotYetError(RefusedError):
    """A step for which others have to do theirs first: the command is to be run again later."""


class Terminal(Console):
    """A console that shows text as it is (a record's text is no markup) and leaves a closed pipe to the boundary."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)

    @property
    def words(self) -> Words:
        """Words for what the output's encoding can show."""
        return Words(unicode=self.encoding.lower().startswith("utf"))

    def show(self, *renderables: RenderableType) -> None:
        """Prints each. Where this is no terminal, lines end without the spaces that tables pad them with."""
        for renderable in renderables:
            if self.is_terminal:
                self.print(renderable)
                continue
            with self.capture() as capture:
                self.print(renderable)
            lines = capture.get().splitlines()
            self.print("\n".join(line.rstrip() for line in lines), soft_wrap=True)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class SafeGroup(click.Group):
    """A group whose commands end in an exit code and at most one line of error, whatever happens."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            # A letter that the output cannot show is replaced; it is no reason to stop.
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            _end(ctx, "interrupted", ExitCode.INTERRUPTED)
        except BrokenPipeError:
            _end(ctx, "", ExitCode.CLOSED_PIPE)
        except RecordError as error:
            _end(ctx, error, ExitCode.UNREADABLE)
        except (NotYetError, TooManyError, UnreachableError, WorkerError) as error:
            _end(ctx, error, ExitCode.INCOMPLETE)
        except SecretBallotError as error:
            _end(ctx, error, ExitCode.FAILED)
        except OSError as error:
            where = os.fsdecode(error.filename) if error.filename else None
            _end(ctx, SecretBallotError(error.strerror or type(error).__name__, item=where), ExitCode.FAILED)
        except Exception as error:  # noqa: BLE001 - the last resort: a user is shown no traceback
            _end(ctx, f"internal error: {type(error).__name__}; please report it", ExitCode.FAILED)


def _end(ctx: click.Context, error: SecretBallotError | str, code: ExitCode) -> None:
    """Ends with a line on stderr: with --json an object, as a service answers with."""
    if isinstance(error, str):
        error = SecretBallotError(error)
    try:
        if error.message and ctx.meta.get(_JSON):
            click.echo(error_body(error).model_dump_json(), err=True)
        elif error.message:
            click.echo(f"error: {Words().clean(str(error))}", err=True)
    except OSError:
        pass  # Nobody reads stderr; the exit code says it.
    for stream in (sys.stdout, sys.stderr):
        _let_go(stream)
    ctx.exit(code)


def _let_go(stream: Any) -> None:
    """Points a stream that cannot be written any more at nothing, so that Python's last flush does not complain. One
    that was closed before Python began is None."""
    if stream is None:
        return
    try:
        stream.flush()
    except OSError:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)


def print_json(body: bytes) -> None:
    """Prints JSON in UTF-8, byte for byte, for a program; on a terminal with what would steer it escaped, which is the
    same JSON."""
    click.echo(steerless(body.decode("utf-8")) if is_terminal() else body)


def is_terminal() -> bool:
    """Whether a person reads what is printed."""
    return sys.stdout is not None and sys.stdout.isatty()


def open_record(path: Path) -> ElectionRecord:
    """The record in a directory; raises RecordError where there is none to be read."""
    try:
        return ElectionRecord(path)
    except OSError as error:
        raise RecordError(f"cannot be read: {error.strerror}", item=str(path)) from None


class ElectionId(click.ParamType[bytes]):
    """An election's id in hexadecimal."""

    name = "hex"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        try:
            election_id = bytes.fromhex(value)
        except ValueError:
            election_id = b""
        if len(election_id) != 32 or len(value) != 64:
            self.fail("an election's id is 64 hexadecimal digits", param, ctx)
        return election_id


#: Whether it can be read is for the record to say: a record that cannot be is no error of usage.
record_argument = click.argument("record", type=click.Path(readable=False, path_type=Path))
