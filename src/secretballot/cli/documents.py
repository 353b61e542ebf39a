"""The files that ``secretballot verify`` writes beside what it prints: a page for readers, JUnit's XML for machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from errno import ELOOP
from functools import wraps
from os import W_OK, access, strerror
from pathlib import Path
from typing import Any

import click

from .. import __version__
from ..board import ElectionRecord
from ..board.attachments import FOLDER
from ..board.record import CHECKPOINT, ENTRIES
from ..crypto.group import backend
from ..files import file_of, write_file
from ..report.chronicle import ChronicledRecord
from ..report.junit import junit_report
from ..report.page import LANGUAGES, Language, LanguageName, Subject, Verifier, render_page
from ..verify import Pins, Report

#: Everybody may read a report.
_MODE = 0o644
DEFAULT: LanguageName = "en"


@dataclass(frozen=True)
class Documents:
    """Which files are wanted, and in which language the page."""

    html: Path | None
    language: LanguageName | None
    junit: Path | None

    def follow(self, record: ElectionRecord, pinned: Path | None = None) -> ElectionRecord:
        """The record to be verified, read along where a page is to be written. Before the long work begins it is an
        error of usage where a file cannot be written, or would take the place of one of the record's, or of the file
        ``pinned`` that it is held against."""
        if self.language is not None and self.html is None:
            raise click.UsageError("--lang is the language of the page: give --html too")
        named = [("--html", self.html), ("--junit", self.junit)]
        wanted = [(path, f"'{option}'") for option, path in named if path is not None]
        for path, option in wanted:
            _check(path, record, pinned, option)
        if len({_place(path) for path, _ in wanted}) < len(wanted):
            raise click.UsageError("--html and --junit are two files")
        return ChronicledRecord(record.path) if self.html is not None else record

    def write(self, report: Report, record: ElectionRecord, pins: Pins, announced: bytes | None) -> None:
        """Writes each file that is wanted, whatever the verdict, and whatever becomes of the other; each is there whole
        or not at all. Raises OSError."""
        try:
            if self.html is not None:
                subject = Subject(
                    report,
                    Language(self.language or DEFAULT),
                    Verifier(__version__, backend.name),
                    chronicle=record.chronicle if isinstance(record, ChronicledRecord) else None,
                    pins=pins,
                    announced=announced,
                    made=datetime.now(UTC),
                )
                write_file(_place(self.html), render_page(subject), mode=_MODE)
        finally:
            if self.junit is not None:
                write_file(_place(self.junit), junit_report(report), mode=_MODE)


def document_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options, which come to the command as ``documents``."""

    @click.option(
        "--html",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the report as a page of HTML to this file.",
    )
    @click.option(
        "--lang",
        "language",
        type=click.Choice(LANGUAGES),
        help=f"The language of the page.  [default: {DEFAULT}]",
    )
    @click.option(
        "--junit",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the report as JUnit XML to this file.",
    )
    @wraps(command)
    def with_documents(
        *arguments: Any, html: Path | None, language: LanguageName | None, junit: Path | None, **options: Any
    ) -> Any:
        return command(*arguments, documents=Documents(html, language, junit), **options)

    return with_documents


def _place(path: Path) -> Path:
    """Where a file of that name is put: in the place of a link, and never in that of what the link stands for. Raises
    OSError where a directory's links lead nowhere."""
    try:
        return path.parent.resolve() / path.name
    except RuntimeError:  # Python before 3.13, where links go in a circle.
        raise OSError(ELOOP, strerror(ELOOP), str(path)) from None


def _check(path: Path, record: ElectionRecord, pinned: Path | None, option: str) -> None:
    name = click.format_filename(path)
    try:
        path = _place(path)
        if path.is_symlink():
            raise click.BadParameter(f"{name} is a link: name the file itself", param_hint=option)
        if path.exists() and not path.is_file():
            raise click.BadParameter(f"{name} is no file that can be replaced", param_hint=option)
        if not path.parent.is_dir() or not access(path.parent, W_OK):
            raise click.BadParameter(
                f"{name} cannot be written: its directory is not there, or not yours", param_hint=option
            )
    except OSError as error:
        raise click.BadParameter(f"{name} cannot be written: {error.strerror}", param_hint=option) from None
    if path.is_relative_to(record.path.resolve()):
        raise click.BadParameter(f"{name} is within the record, which stays as it is", param_hint=option)
    # The files of a record may be links to where they are kept.
    kept = (record.path / ENTRIES, record.path / CHECKPOINT, *(record.path / FOLDER).glob("*"))
    if (there := file_of(path)) and there in map(file_of, kept):
        raise click.BadParameter(f"{name} is a file of the record, which stays as it is", param_hint=option)
    if there and pinned is not None and there == file_of(pinned):
        raise click.BadParameter(f"{name} is the pinned checkpoint", param_hint=option)
