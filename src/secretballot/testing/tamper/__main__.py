"""``python -m secretballot.testing.tamper DIRECTORY``: writes the corpus of tampered records."""

from __future__ import annotations

import sys

import click

from ...errors import SecretBallotError
from .listing import INDEX, corpus


@click.command()
@click.argument("directory", type=click.Path())
def main(directory: str) -> None:
    """Write every tampered record into DIRECTORY, which must be new or empty, and list them in index.json."""
    try:
        written = corpus(directory)
    except SecretBallotError as error:
        click.echo(str(error), err=True)
        sys.exit(3)
    click.echo(f"{written} records, listed in {INDEX}")


if __name__ == "__main__":
    main(prog_name="python -m secretballot.testing.tamper")
