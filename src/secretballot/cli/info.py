"""``secretballot info``: what this installation computes with, and what it lacks."""

from __future__ import annotations

import json
import platform
import sqlite3
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import click
from rich.table import Table
from rich.text import Text

from .. import __version__
from ..crypto.blind_rsa import constant_time_backend
from ..crypto.group import backend, ristretto255
from .home import json_option
from .terminal import Terminal

_LIBRARIES = ("cryptography", "pynacl", "gmpy2", "pydantic", "click", "rich")


@click.command()
@json_option
def info(as_json: bool) -> None:
    """Show versions, the backend in use, and what is missing."""
    if as_json:
        click.echo(json.dumps({**dict(_facts()), "warnings": list(_warnings())}))
        return
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    for name, value in _facts():
        facts.add_row(name, value)
    out = Terminal()
    out.show(facts)
    for warning in _warnings():
        out.show("", Text(f"Warning: {warning}", style="yellow"))


def _facts() -> Iterator[tuple[str, str]]:
    yield "secretballot", __version__
    yield "Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield "group", f"{ristretto255.name}, {_backend()}"
    yield "because", backend.reason
    yield "issuing keys", _issuing()
    for library in _LIBRARIES:
        yield library, _version(library)
    yield "SQLite", sqlite3.sqlite_version
    yield "text output", Terminal().encoding


def _backend() -> str:
    return f"{backend.name} backend, {'constant' if ristretto255.constant_time else 'variable'} time"


def _issuing() -> str:
    return "gmpy2, constant time" if constant_time_backend() else "plain integers, variable time, blinded"


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "not installed"


def _warnings() -> Iterator[str]:
    if not ristretto255.constant_time:
        yield (
            "the reference backend, in pure Python, is in use. It verifies as well as any, only slower; but its time "
            "depends on secrets: run trustees, registrars and voters' devices on machines of their own."
        )
    if not constant_time_backend():
        yield (
            "gmpy2 is missing: a registrar's private operation is blinded but takes variable time, and is eight times "
            "slower. pip install gmpy2"
        )
