"""The whole corpus: attacks and mutations, listed in the order in which it is written."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import RecordError, check_path
from ...verify import Verdict
from . import (
    by_authority,
    by_board,
    by_devices,
    by_mixers,
    by_readers,
    by_registrars,
    by_tellers,
    by_trustees,
    by_voters,
)
from .accomplices import Accomplices
from .attacks import Attack
from .case import Case, files_of
from .elections import Elections, hold_elections
from .mutations import mutations

#: The list of a corpus.
INDEX = "index.json"
#: Where each record of a corpus is, and the files that go with it.
RECORD, PINNED = "record", "pinned-checkpoint"

#: Every attack, in the order of the corpus.
ATTACKS: tuple[Attack, ...] = (
    *by_authority.ATTACKS,
    *by_board.ATTACKS,
    *by_trustees.ATTACKS,
    *by_registrars.ATTACKS,
    *by_voters.ATTACKS,
    *by_devices.ATTACKS,
    *by_mixers.ATTACKS,
    *by_readers.ATTACKS,
    *by_tellers.ATTACKS,
)


def attacks(elections: Elections | None = None) -> Iterator[Case]:
    """Every attack that needs a key, on elections that are held for it, and these elections untouched (``good-…``).

    ``elections`` are those to attack; where none are given, they are held anew, which takes a few seconds.
    """
    elections = elections or hold_elections()
    for name, election in _good(elections).items():
        title = f"The election {name} as it is: no attack, and verified."
        files = files_of(election.entries, election.sign(election.entries), election.attachments)
        yield Case(f"good-{name}", title, files, (), Verdict.VERIFIED, election_id=election.election.id)
    for attack in ATTACKS:
        yield attack.case(elections)


def _good(elections: Elections) -> dict[str, Accomplices]:
    return {"sums": elections.sums, "twice": elections.twice}


def cases(elections: Elections | None = None) -> Iterator[Case]:
    """Every case of the corpus: the attacks, and the mutations of each good record under its name."""
    elections = elections or hold_elections()
    yield from attacks(elections)
    for name, election in _good(elections).items():
        with tempfile.TemporaryDirectory() as folder:
            files = files_of(election.entries, election.sign(election.entries), election.attachments)
            record = Case(name, "", files, ()).write(Path(folder) / name)
            for case in mutations(record):
                yield replace(case, name=f"{name}-{case.name}")


def corpus(directory: str | os.PathLike[str], of: Iterable[Case] | None = None) -> int:
    """Writes cases into a new or empty directory, each in one of its own, and ``index.json``, which lists them; gives
    their number. They are all of :func:`cases` unless others are given.

    Names, titles and rules are the same each time; the records are of elections held anew. Raises RecordError where the
    directory holds something or cannot be written.
    """
    check_path(directory, "a directory")
    folder = Path(directory)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise RecordError("the directory is not empty", item=str(directory))
        index = []
        for case in cases() if of is None else of:
            case.write(folder / case.name / RECORD)
            if case.checkpoint is not None:
                (folder / case.name / PINNED).write_text(case.checkpoint, encoding="utf-8")
            index.append(_listed(case))
        text = json.dumps(
            {"corpus": "secretballot/1/tampered-records", "cases": index}, indent=1, ensure_ascii=False
        )
        (folder / INDEX).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise RecordError(f"cannot be written: {error.strerror}", item=str(directory)) from None
    return len(index)


def _listed(case: Case) -> dict[str, Any]:
    return {
        "name": case.name,
        "title": case.title,
        "source": case.source,
        "record": f"{case.name}/{RECORD}",
        "verdict": case.verdict,
        "exit_code": case.exit_code,
        "rules": list(case.rules),
        "election": case.election_id.hex() if case.election_id else None,
        "checkpoint": f"{case.name}/{PINNED}" if case.checkpoint is not None else None,
        "cosigners": list(case.cosigners),
    }
