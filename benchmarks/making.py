"""Making an election's record, with the time of each stage: issue, seal, submit, tally.

Voters are taken in parts, one after another or in several processes; a stage's figure is the median over the parts, so
that a part that the machine disturbed does not count for more than itself.
"""

from __future__ import annotations

import itertools
import multiprocessing
import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from secretballot.ballot.voter import VoterDevice
from secretballot.credential.holder import Holder
from secretballot.credential.register import MemoryRegister
from secretballot.credential.registrar import Registrar
from secretballot.testing import Simulation

from .floor import Floor, Gauge, middle
from .shapes import Shape

#: Voters of a part where several processes take parts: small, so that they end together.
PART = 250


class Part(NamedTuple):
    """What came of some voters: their entries in order, and the seconds that all of them took together."""

    issuances: list[bytes]
    ballots: list[bytes]
    issue: float
    seal: float
    #: Processor seconds of the same work as ``seal``.
    seal_cpu: float


class Made(NamedTuple):
    """Seconds a ballot for each stage; ``tally`` without the sums, which are kept while ballots come in."""

    #: Credential: asking, signing blindly, accepting, and the board's entry.
    issue: float
    #: The device: encrypting, proving and signing a ballot.
    seal: float
    #: Processor seconds of ``seal``.
    seal_cpu: float
    #: The board: every check of a ballot before it is appended.
    submit: float
    #: And with all mixers' rounds, where the lines are mixed.
    tally: float
    #: Bytes of a ballot's entry.
    ballot_bytes: float
    #: Bytes of the whole record over ballots: the entries of issuance and ceremony are in it.
    record_bytes: float
    floor: Floor


def make_record(shape: Shape, path: Path, *, parts: int = 3, processes: int = 1) -> Made:
    """Holds an election in which everyone votes at random, and writes its record into a new directory."""
    simulation = Simulation([shape.contest], roll_size=shape.voters)
    simulation.hold_ceremony()
    gauge = Gauge()
    done, floors = vote(simulation, shape, gauge, parts, processes)

    issue, seal, seal_cpu, submit = [], [], [], []
    for part in done:
        issue.append((part.issue + _submit(simulation, part.issuances)) / len(part.issuances))
        seal.append(part.seal / len(part.ballots))
        seal_cpu.append(part.seal_cpu / len(part.ballots))
    simulation.board.submit(simulation.authority.enter(simulation.election, "voting"))
    for part in done:
        submit.append(_submit(simulation, part.ballots) / len(part.ballots))
    start = time.perf_counter()
    simulation.tally(absent=[2])
    tally = (time.perf_counter() - start) / shape.voters
    record = simulation.export(str(path))
    size = sum(file.stat().st_size for file in record.path.rglob("*") if file.is_file())
    ballot_bytes = sum(len(entry) for part in done for entry in part.ballots) / shape.voters
    return Made(
        median(issue),
        median(seal),
        median(seal_cpu),
        median(submit),
        tally,
        ballot_bytes,
        size / shape.voters,
        middle(floors),
    )


def vote(
    simulation: Simulation, shape: Shape, gauge: Gauge | None, parts: int, processes: int
) -> tuple[list[Part], list[Floor]]:
    """Every voter's credential and ballot, not on the board yet; and the floor before, between and after, if there is a
    gauge."""
    floors = _measure(gauge)
    if processes == 1:
        done = []
        for voters in slices(shape.voters, parts):
            done.append(_take_part(simulation, shape, voters))
            floors += _measure(gauge)
            _progress("credentials and ballots", voters.stop, shape.voters)
        return done, floors
    done = []
    for part in _fork(simulation, shape, processes):
        done.append(part)
        _progress("credentials and ballots", sum(len(p.ballots) for p in done), shape.voters)
    floors += _measure(gauge)
    return done, floors


def _measure(gauge: Gauge | None) -> list[Floor]:
    return [] if gauge is None else [gauge.measure()]


def _take_part(simulation: Simulation, shape: Shape, voters: range) -> Part:
    registrar, names = simulation.registrars[0], shape.contest.count_names()
    selections = [{o.id: secrets.choice(names) for o in shape.contest.options} for _ in voters]
    issuances, ballots, holders = [], [], []
    start = time.perf_counter()
    for voter in voters:
        holder = Holder(simulation.election)
        signature, entry = registrar.issue(simulation.roll[voter], holder.request(registrar.id))
        holder.accept(registrar.id, signature)
        issuances.append(entry)
        holders.append(holder)
    between, cpu = time.perf_counter(), time.process_time()
    for holder, selection in zip(holders, selections, strict=True):
        device = VoterDevice(simulation.log.context, holder.credential(), holder.signing_key)
        ballots.append(device.seal({shape.contest.id: selection}).cast())
    seal, seal_cpu = time.perf_counter() - between, time.process_time() - cpu
    return Part(issuances, ballots, between - start, seal, seal_cpu)


def _submit(simulation: Simulation, entries: Iterable[bytes]) -> float:
    start = time.perf_counter()
    for entry in entries:
        simulation.board.submit(entry)
    return time.perf_counter() - start


# Several processes. Secrets are never pickled: the children inherit the simulation by fork.

_inherited: tuple[Simulation, Shape] | None = None


def _fork(simulation: Simulation, shape: Shape, processes: int) -> Iterator[Part]:
    global _inherited
    _inherited = simulation, shape
    try:
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            yield from pool.imap(_take_inherited_part, slices(shape.voters, -(-shape.voters // PART)))
    finally:
        _inherited = None


def _take_inherited_part(voters: range) -> Part:
    if _inherited is None:
        raise RuntimeError("the process did not inherit an election")
    simulation, shape = _inherited
    # The register's serial numbers go on from the voters of the parts before, whom this process did not serve.
    register = MemoryRegister(simulation.roll)
    for voter in simulation.roll[: voters.start]:
        register.issue(voter, voter.encode(), b"", lambda serial: b"")
    simulation.registrars[0] = Registrar(simulation.registrar_keys[0], simulation.election, register)
    return _take_part(simulation, shape, voters)


def slices(count: int, parts: int) -> list[range]:
    """The places below ``count`` in at most ``parts`` runs of nearly equal length, none of them empty."""
    parts = max(1, min(parts, count))
    ends = [count * i // parts for i in range(parts + 1)]
    return [range(start, end) for start, end in itertools.pairwise(ends)]


def _progress(what: str, done: int, total: int) -> None:
    print(f"  {what}: {done} of {total}", file=sys.stderr, flush=True)
