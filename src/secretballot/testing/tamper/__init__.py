"""Tampered records, for the authors of verifiers: what a verifier must refuse, and by which rule.

Three ways to have them::

    for case in tamper.mutations(record):  # every generic change of any record that verifies: needs no key
        ...
    for case in tamper.attacks():          # every known attack, on elections that are held for it
        ...
    tamper.corpus(directory)               # all of it written out, with a list in index.json

``python -m secretballot.testing.tamper DIRECTORY`` writes the corpus too. What is in it is told in
``docs/reference/tampered-records.md``. Never for an election that matters: one process holds every secret.
"""

from .attacks import Attack
from .case import EXIT_CODES, Case
from .elections import Elections, hold_elections
from .listing import ATTACKS, attacks, cases, corpus
from .mutations import mutations

__all__ = [
    "ATTACKS",
    "EXIT_CODES",
    "Attack",
    "Case",
    "Elections",
    "attacks",
    "cases",
    "corpus",
    "hold_elections",
    "mutations",
]
