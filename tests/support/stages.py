"""Boards and a registrar as they stand at the stages of an election, for tests of their services."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import FastAPI

from secretballot.board.attachments import Posting
from secretballot.board.board import Board
from secretballot.board.keys import BoardKeys
from secretballot.board.store import MemoryStore
from secretballot.client import LocalBoard
from secretballot.credential.codes import hash_code
from secretballot.credential.register import MemoryRegister
from secretballot.credential.registrar import Registrar
from secretballot.service.deploy import issuance_app
from secretballot.service.settings import Settings
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation

from . import elections

#: Every voter's access code at :func:`registrar`.
CODE = "0123-4567-89AB-CDEF"
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
    election = simulation.election
    register = MemoryRegister({voter: hash_code(election.id, voter, CODE) for voter in simulation.roll})
    registrar = Registrar(simulation.registrar_keys[0], election, register)
    app, _ = issuance_app(registrar, register, LocalBoard(simulation.board), settings)
    return simulation, app
