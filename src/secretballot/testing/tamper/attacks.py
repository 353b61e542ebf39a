"""What an attack is, and how it becomes a case.

An attack is a function of the elections that gives what the board then shows. Those of each party are in a file of
their own (``by_board`` and so on), in the order of the corpus.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...verify import Verdict
from .accomplices import Shown
from .case import Case, files_of
from .elections import Elections

Run = Callable[[Elections], Shown]


@dataclass(frozen=True)
class Attack:
    """See :class:`~.case.Case` for its members; ``run`` makes the record."""

    name: str
    title: str
    rules: tuple[str, ...]
    verdict: Verdict
    source: str
    run: Run

    def case(self, elections: Elections) -> Case:
        """The record after the attack."""
        shown = self.run(elections)
        return Case(
            self.name,
            self.title,
            files_of(shown.entries, shown.note, shown.attachments),
            self.rules,
            self.verdict,
            self.source,
            shown.election_id,
            shown.checkpoint,
            shown.cosigners,
        )


class Attacks(list[Attack]):
    """The attacks of one party: a decorator lists each, under the function's name."""

    def by(
        self, rules: str, title: str, source: str = "", *, verdict: Verdict = Verdict.FAILED
    ) -> Callable[[Run], Run]:
        """Lists a function as an attack that breaks these rules, whose ids stand with spaces between them."""

        def record(run: Run) -> Run:
            name = run.__name__.replace("_", "-")
            self.append(Attack(name, title, tuple(rules.split()), verdict, source, run))
            return run

        return record
