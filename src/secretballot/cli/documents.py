"""The files that ``secretballot verify`` writes beside what it prints: a page for readers, JUnit's XML for machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from os import W_OK, access
from pathlib import Path
from typing import Any

import click

from .. import __version__
from ..board import ElectionRecord
from ..crypto.group import backend
from ..files import write_file
from ..report.chronicle import ChronicledRecord
from ..report.junit import junit_report
from ..report.page import LANGUAGES, Language, LanguageName, Subject, Verifier, render_page
from ..verify import Pins, Report

#: Everybody may read a report.
_MODE = 0o644


@dataclass(frozen=True)
class Documents:
    """Which files are wanted, and in which language the page."""

    html: Path | None
    language: LanguageName
    junit: Path | None

    def follow(self, record: ElectionRecord) -> ElectionRecord:
        """The record to be verified, read along where a page is to be written. Before the long work begins it is an
        error of usage where a file cannot be written, or would be written into the record."""
        named = [("--html", self.html), ("--junit", self.junit)]
        wanted = [(option, path.resolve()) for option, path in named if path is not None]
        for option, path in wanted:
            _check(path, record, f"'{option}'")
        if len({path for _, path in wanted}) < len(wanted):
            raise click.UsageError("--html and --junit are two files")
        return ChronicledRecord(record.path) if self.html is not None else record

    def write(self, report: Report, record: ElectionRecord, pins: Pins, announced: bytes | None) -> None:
        """Writes each file that is wanted, whatever the verdict; each is there whole or not at all. Raises OSError."""
        if self.html is not None:
            subject = Subject(
                report,
                Language(self.language),
                Verifier(__version__, backend.name),
                chronicle=record.chronicle if isinstance(record, ChronicledRecord) else None,
                pins=pins,
                announced=announced,
                made=datetime.now(UTC),
            )
            write_file(self.html.resolve(), render_page(subject), mode=_MODE)
        if self.junit is not None:
            write_file(self.junit.resolve(), junit_report(report), mode=_MODE)


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
        default="en",
        show_default=True,
        help="The language of the page.",
    )
    @click.option(
        "--junit",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the report as JUnit XML to this file.",
    )
    @wraps(command)
    def with_documents(
        *arguments: Any, html: Path | None, language: LanguageName, junit: Path | None, **options: Any
    ) -> Any:
        return command(*arguments, documents=Documents(html, language, junit), **options)

    return with_documents


def _check(path: Path, record: ElectionRecord, option: str) -> None:
    name = click.format_filename(path)
    if path.exists() and not path.is_file():
        raise click.BadParameter(f"{name} is no file that can be replaced", param_hint=option)
    if not path.parent.is_dir() or not access(path.parent, W_OK):
        raise click.BadParameter(
            f"{name} cannot be written: its directory is not there, or not yours", param_hint=option
        )
    if path.is_relative_to(record.path.resolve()):
        raise click.BadParameter(f"{name} is within the record, which stays as it is", param_hint=option)
