"""Boards and a registrar as they stand at the stages of an election, for tests of their services."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import FastAPI

from secretballot.board.attachments import Posting
from secretballot.board.board import Board, BoardKeys
from secretballot.board.store import MemoryStore
from secretballot.errors import CredentialError
from secretballot.service.app import create_app
from secretballot.service.issuance import IssuanceDesk
from secretballot.service.issuance_routes import issuance_routes
from secretballot.service.rates import Rates
from secretballot.service.settings import Settings
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation

from . import elections

#: What authenticates every voter at :func:`registrar`.
CODE = "the code"
#: A choice that is mixed.
CONTEST = elections.choice().model_copy(update={"tally": "mixnet"})


def empty() -> Board:
    """A board whose log has no entry."""
    return Board(MemoryStore(), BoardKeys.generate("example.org/votes/1"), ElectionLog())


def voting() -> Simulation:
    """Voting is open: one of three voters has challenged a ballot and cast another, the others did nothing."""
    simulation = elections.voting([CONTEST], 3)
    simulation.vote([{"chair": "chi"}], challenge_every=1)
    return simulation


class Mixing(NamedTuple):
    """Ballots are mixed: the first round is there, the second is still to be posted."""

    simulation: Simulation
    first: Posting
    second: Posting


def mixing() -> Mixing:
    simulation = elections.voting([CONTEST], 3)
    simulation.vote([{"chair": "chi"}, {"chair": "em"}])
    simulation.close_voting()
    one, other = (keys.join(simulation.election) for keys in simulation.mixer_keys)
    first = one.mix(simulation.log.mixing)
    simulation.send(first)
    return Mixing(simulation, first, other.mix(simulation.log.mixing))


def registrar(settings: Settings | None = None) -> tuple[Simulation, FastAPI]:
    """A registrar's service: whoever is on the roll and gives :data:`CODE` gets a signature."""
    simulation = elections.simulate([elections.choice()])
    settings = settings or Settings()

    def authenticate(voter: str, code: str) -> None:
        if code != CODE or voter not in simulation.roll:
            raise CredentialError("the name or the code is not right")

    codes = Rates(settings.codes, settings.remembered)
    desk = IssuanceDesk(simulation.registrars[0], authenticate, codes, lambda: None)
    return simulation, create_app("issuance", issuance_routes(desk, settings), lambda: None, settings)
