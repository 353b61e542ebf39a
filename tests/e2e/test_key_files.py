"""Every role survives its process: saved, dropped and loaded, with the public log, between any two steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import secretballot as sb
from secretballot.testing import Simulation

from ..support import elections
from ..support.key_files import PASSPHRASE, survive

pytestmark = pytest.mark.usefixtures("cheap_key_files")


@pytest.fixture
def simulation() -> Simulation:
    return elections.simulate([elections.choice()], roll_size=3, registrars=2)


def new_board(simulation: Simulation, path: Path) -> sb.Board:
    return sb.Board(simulation.store, survive(simulation.board_keys, path), sb.ElectionLog())


def test_an_election_whose_roles_die_between_any_two_steps(simulation: Simulation, tmp_path: Path) -> None:
    """Nothing passes from step to step but key files, and the log."""
    store = simulation.store

    def log() -> sb.ElectionLog:
        return elections.replay(list(store.entries()))

    def submit(raw: bytes) -> None:
        new_board(simulation, tmp_path / "board").submit(raw)

    def authority() -> sb.AuthorityKeys:
        return sb.AuthorityKeys.load(tmp_path / "authority", passphrase=PASSPHRASE)

    def trustee(name: str) -> sb.TrusteeKeys:
        return sb.TrusteeKeys.load(tmp_path / name, passphrase=PASSPHRASE)

    def resumed(name: str) -> Any:
        return trustee(name).resume(tmp_path / f"{name}.ceremony", log().election, passphrase=PASSPHRASE)

    survive(simulation.authority, tmp_path / "authority")
    names = [keys.id for keys in simulation.trustees]
    for keys in simulation.trustees:
        survive(keys, tmp_path / keys.id)

    for name in names:
        committed, _ = trustee(name).join(log().election)
        committed.save(tmp_path / f"{name}.ceremony", passphrase=PASSPHRASE)
        submit(resumed(name).entry())
    for name in names:
        revealed, _ = resumed(name).reveal(log().commitments)
        revealed.save(tmp_path / f"{name}.ceremony", passphrase=PASSPHRASE, replace=True)
        submit(resumed(name).entry())
    for name in names:
        _, entry = resumed(name).confirm(log().messages)
        submit(entry)
        # Confirmed and dead: the same again is the same entry.
        assert resumed(name).confirm(log().messages)[1] == entry

    submit(authority().enter(log().election, "issuance"))
    # What a registrar has issued is in its memory alone: keys survive between elections and before the first voter.
    registrars = [
        sb.Registrar(survive(keys, tmp_path / keys.id), log().election, simulation.roll)
        for keys in simulation.registrar_keys
    ]
    for voter in simulation.roll:
        sb.Holder(log().election).save(tmp_path / voter, passphrase=PASSPHRASE)
        for registrar in registrars:
            holder = sb.Holder.load(tmp_path / voter, log().election, passphrase=PASSPHRASE)
            answer, entry = registrar.issue(voter, holder.request(registrar.id))
            submit(entry)
            holder = sb.Holder.load(tmp_path / voter, log().election, passphrase=PASSPHRASE)
            holder.accept(registrar.id, answer)
            holder.save(tmp_path / voter, passphrase=PASSPHRASE, replace=True)

    submit(authority().enter(log().election, "voting"))
    for voter, chosen in zip(simulation.roll, ("chi", "chi", None), strict=True):
        holder = sb.Holder.load(tmp_path / voter, log().election, passphrase=PASSPHRASE)
        device = sb.VoterDevice(log().context, holder.credential(), holder.signing_key)
        submit(device.seal({"chair": chosen}).cast())

    submit(authority().enter(log().election, "tally"))
    submit(authority().seal(log().election, log().closing_root))
    for name in names[1:]:
        key_holder = trustee(name).recover(log().election, log().messages, log().confirmations)
        submit(sb.DecryptingTrustee(key_holder).decrypt(log().tally))
    submit(authority().publish(log().compute_result()))
    report = elections.verify(simulation, list(store.entries()), election_id=log().election.id)
    assert report.verdict is sb.Verdict.VERIFIED
    assert report.ballots_counted == 3
    assert elections.counts_of(report.result) == elections.plain_count(
        (elections.choice(),), [{"chair": chosen} for chosen in ("chi", "chi", None)]
    )
