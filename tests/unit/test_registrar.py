"""A registrar over each register: made anew, beside others, after a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from secretballot.credential.holder import Holder
from secretballot.credential.register import IssuanceRegister, IssuedLine, MemoryRegister, SQLiteRegister
from secretballot.credential.registrar import Registrar
from secretballot.errors import CredentialError, StoreError
from secretballot.records import parse_entry
from secretballot.testing import Simulation

from ..support import elections, stores


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return elections.simulate([elections.choice()], roll_size=3)


def registrar(simulation: Simulation, register: IssuanceRegister) -> Registrar:
    return Registrar(simulation.registrar_keys[0], simulation.election, register)


def opened(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> IssuanceRegister:
    made: IssuanceRegister = stores.place(kind, tmp_path, request, stores.REGISTERS).open()
    made.add_voters(["an", "binh", "chi"])
    return made


@pytest.mark.parametrize("kind", stores.REGISTERS)
def test_a_registrar_on_each(
    kind: str, simulation: Simulation, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Made anew in the midst of it, it goes on; two of them are one."""
    with opened(kind, tmp_path, request) as register:
        first, second = registrar(simulation, register), registrar(simulation, register)
        holder = Holder(simulation.election)
        answer = first.issue("an", holder.request("registrar-1"))
        assert second.issue("an", holder.request("registrar-1")) == answer
        holder.accept("registrar-1", answer[0])
        assert holder.credential()
        _, entry = second.issue("binh", Holder(simulation.election).request("registrar-1"))
        assert first.issued == second.issued == 2
        assert (first.id, first.election) == ("registrar-1", simulation.election)
        assert list(first.entries()) == [answer[1], entry]
        assert list(second.entries(2)) == [entry]
        with pytest.raises(StoreError, match="there are none from 4 on"):
            first.entries(4)
        with pytest.raises(CredentialError, match="not on the roll"):
            first.issue("dung", holder.request("registrar-1"))
        first.close()
        third = registrar(simulation, register)
        with pytest.raises(CredentialError, match="issuing is closed"):
            third.issue("chi", Holder(simulation.election).request("registrar-1"))
        assert third.issue("an", holder.request("registrar-1")) == answer
        with pytest.raises(CredentialError, match="another election or another registrar"):
            register.bind(simulation.election.id, "registrar-2")


def test_lines_that_did_not_reach_the_log(tmp_path: Path) -> None:
    """A registrar died after it signed: whoever is made anew over its register posts them."""
    simulation = elections.simulate([elections.choice()], roll_size=3, trustees=1, quorum=1)
    simulation.hold_ceremony()
    with SQLiteRegister(tmp_path / "register") as register:
        register.add_voters(simulation.roll)
        before = registrar(simulation, register)
        holders = [Holder(simulation.election) for _ in range(3)]
        for voter, holder in zip(simulation.roll, holders, strict=True):
            signature, entry = before.issue(voter, holder.request("registrar-1"))
            if voter == simulation.roll[0]:
                simulation.board.submit(entry)
    with SQLiteRegister(tmp_path / "register", create=False) as register:
        anew = registrar(simulation, register)
        for entry in anew.entries(simulation.log.issued["registrar-1"] + 1):
            simulation.board.submit(entry)
        assert simulation.log.issued == {"registrar-1": 3}
        assert [parse_entry(entry).kind for entry in anew.entries()] == ["issuance"] * 3
        assert signature == anew.issue(simulation.roll[2], holders[2].request("registrar-1"))[0]


def test_an_old_copy_is_told_by_the_log(tmp_path: Path, simulation: Simulation) -> None:
    """It would sign for a voter who has a credential, under a serial that is taken."""
    with SQLiteRegister(tmp_path / "old") as register:
        register.add_voters(["an"])
        with pytest.raises(StoreError, match="the register has 0 lines; there are none from 2 on"):
            registrar(simulation, register).entries(2)


def test_no_more_lines_than_the_manifest_has_voters(simulation: Simulation) -> None:
    register = MemoryRegister(["an", "binh", "chi"])
    one = registrar(simulation, register)
    register.add_voters(["dung"])
    with pytest.raises(CredentialError, match=r"^the roll has 4 names, the manifest's has 3$"):
        registrar(simulation, register)
    for voter in ("an", "binh", "chi"):
        one.issue(voter, Holder(simulation.election).request("registrar-1"))
    with pytest.raises(CredentialError, match="more credentials than voters on the manifest's roll"):
        one.issue("dung", Holder(simulation.election).request("registrar-1"))
    assert one.issued == 3


def test_nothing_leaves_that_is_not_written_down(simulation: Simulation, tmp_path: Path) -> None:
    with SQLiteRegister(tmp_path / "register") as register:
        register.add_voters(["an", "binh"])
        one = registrar(simulation, register)
        register._connection.execute("PRAGMA query_only = ON")
        request = Holder(simulation.election).request("registrar-1")
        with pytest.raises(StoreError, match="readonly"):
            one.issue("an", request)
        register._connection.execute("PRAGMA query_only = OFF")
        assert one.issued == 0
        _, entry = one.issue("an", request)
        assert list(one.entries()) == [entry]


def test_two_answers_to_one_request_at_once(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both were asked before either was written down: they are the same."""
    register = MemoryRegister(["an"])
    one, two = registrar(simulation, register), registrar(simulation, register)
    request = Holder(simulation.election).request("registrar-1")
    answers: list[object] = []
    find = register.find

    def slower(voter: str, blinded: bytes) -> IssuedLine | None:
        found = find(voter, blinded)
        if not answers:
            answers.append(None)
            answers[0] = two.issue("an", request)
        return found

    monkeypatch.setattr(register, "find", slower)
    assert one.issue("an", request) == answers[0]
    assert one.issued == 1
