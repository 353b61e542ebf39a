"""One contract for every register of a registrar, and what a registrar does with each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from secretballot.credential.register import IssuanceRegister, IssuedLine
from secretballot.credential.register import base as base_module
from secretballot.errors import ArgumentError, CredentialError, PhaseError, StoreError

from ..support import stores
from ..support.stores import OPENING, Place, run
from .test_store import together

#: With what a comparison that is not exact would take for another: case, accents, spaces, numbers.
ROLL = ["an", "An", "bình", "bính", "chi ", "chi", "1", "01", "'; DROP TABLE roll"]


@pytest.fixture(params=stores.REGISTERS)
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IssuanceRegister]:
    with stores.place(request.param, tmp_path, request, stores.REGISTERS).open() as made:
        made.add_voters(ROLL)
        yield made


@pytest.fixture(params=stores.DURABLE_REGISTERS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where there is no register yet."""
    return stores.place(request.param, tmp_path, request, stores.REGISTERS)


def line(serial: int) -> bytes:
    return b"line %d" % serial


def issue(register: IssuanceRegister, voter: str) -> IssuedLine:
    return register.issue(voter, b"request of " + voter.encode(), b"signature for " + voter.encode(), line)


def snapshot(register: IssuanceRegister) -> object:
    lines = [register.find(voter, b"request of " + voter.encode()) for voter in ("an", "chi")]
    codes = [register.access_code(voter) for voter in ROLL]
    return (
        list(register.entries()),
        register.count(),
        register.roll_size(),
        lines,
        codes,
        register.issuing_closed(),
    )


# The roll.


def test_who_is_on_the_roll(register: IssuanceRegister) -> None:
    assert register.roll_size() == len(ROLL)
    assert all(register.is_on_roll(voter) for voter in ROLL)
    for stranger in (
        "AN",
        "an ",
        "",
        "binh",
        # It looks as one that is there.
        "bi\u0300nh",
        "bi\u0300nh\u0300",
        "a\0n",
        "an\0",
        "\ud800",
        "x" * 2000,
        "%",
        "1.0",
    ):
        assert not register.is_on_roll(stranger)
        for call in (
            lambda who=stranger: register.access_code(who),
            lambda who=stranger: register.set_access_code(who, b"code"),
            lambda who=stranger: register.find(who, b"request"),
            lambda who=stranger: register.issue(who, b"request", b"signature", line),
        ):
            with pytest.raises(CredentialError, match=r"^not on the roll$"):
                call()
    assert (register.roll_size(), register.count()) == (len(ROLL), 0)


def test_a_roll_has_room_for_so_many(register: IssuanceRegister) -> None:
    before = snapshot(register)
    most = len(ROLL) + 1
    with pytest.raises(CredentialError, match=f"room for {most} voters, and these would make it {most + 1}"):
        register.add_voters(["new", "newer"], most=most)
    assert snapshot(register) == before
    register.add_voters(["new"], most=most)
    assert register.roll_size() == most
    with pytest.raises(CredentialError, match=f"room for {most} voters"):
        register.add_voters(["newer"], most=most)


def test_voters_are_added_all_or_none(register: IssuanceRegister) -> None:
    before = snapshot(register)
    for more in (["new", "an"], ["new", "new"], {"new": b"code", "chi": None}, iter(["x", "y", "x"])):
        with pytest.raises(CredentialError, match=r"^a name is given twice, or is on the roll already$"):
            register.add_voters(more)
    for wrong in ("", "a\0", "\ud800", "bi\u0300nh", "x" * (base_module.MAX_VOTER_SIZE + 1), "ô" * 501):
        with pytest.raises(CredentialError, match="a voter's name has 1 to 1000 bytes"):
            register.add_voters(["new", wrong])
    for code, message in ((b"", "not 0"), (b"c" * 257, "not 257")):
        with pytest.raises(CredentialError, match=message):
            register.add_voters({"new": code})
    assert snapshot(register) == before
    assert not register.is_on_roll("new")
    register.add_voters(["new", "x" * 1000, "ô" * 500])
    register.add_voters([])
    assert register.roll_size() == len(ROLL) + 3
    assert register.is_on_roll("ô" * 500)


def test_access_codes(register: IssuanceRegister) -> None:
    register.add_voters({"with": b"\x00\xff" * 16, "without": None, "longest": b"c" * 256})
    assert [register.access_code(voter) for voter in ("with", "without", "longest", "an")] == [
        b"\x00\xff" * 16,
        None,
        b"c" * 256,
        None,
    ]
    register.set_access_code("with", None)
    register.set_access_code("an", b"new")
    for wrong in (b"", b"c" * 257):
        with pytest.raises(CredentialError, match="1 to 256 bytes are kept"):
            register.set_access_code("an", wrong)
    assert [register.access_code(voter) for voter in ("with", "an", "An")] == [None, b"new", None]


def test_arguments_of_another_type(register: IssuanceRegister) -> None:
    wrong: Any = 5
    calls: list[Callable[[], object]] = [
        lambda: register.add_voters(wrong),
        lambda: register.add_voters([b"an"]),  # type: ignore[list-item]
        lambda: register.add_voters({"new": "code"}),  # type: ignore[dict-item]
        lambda: register.is_on_roll(wrong),
        lambda: register.access_code(wrong),
        lambda: register.set_access_code(wrong, None),
        lambda: register.set_access_code("an", wrong),
        lambda: register.find(wrong, b""),
        lambda: register.find("an", wrong),
        lambda: register.issue(wrong, b"", b"", line),
        lambda: register.issue("an", wrong, b"", line),
        lambda: register.issue("an", b"", wrong, line),
        lambda: register.issue("an", b"", b"", wrong),
        lambda: register.entry("1"),  # type: ignore[arg-type]
        lambda: register.entries("1"),  # type: ignore[arg-type]
        lambda: register.bind(wrong, "clerk"),
        lambda: register.bind(b"", wrong),
    ]
    before = snapshot(register)
    for call in calls:
        with pytest.raises(ArgumentError):
            call()
    assert snapshot(register) == before


# What is issued.


def test_lines_are_numbered_from_one(register: IssuanceRegister) -> None:
    assert (register.count(), list(register.entries())) == (0, [])
    for number, voter in enumerate(ROLL, 1):
        assert register.find(voter, b"request of " + voter.encode()) is None
        issued = issue(register, voter)
        assert (issued.serial, issued.voter, issued.entry) == (number, voter, b"line %d" % number)
        assert register.find(voter, b"request of " + voter.encode()) == issued
        assert register.count() == number
    assert list(register.entries()) == [b"line %d" % number for number in range(1, 10)]
    assert list(register.entries(8)) == [b"line 8", b"line 9"]
    assert list(register.entries(10)) == []
    assert register.entry(9) == b"line 9"


def test_no_lines_of_which_nobody_knows(register: IssuanceRegister) -> None:
    issue(register, "an")
    for start in (0, -1, 3, 2**40, 2**100):
        # At the call: whoever saw a line that is not here has seen another register.
        with pytest.raises(StoreError, match=r"^the register has 1 lines; there are none from -?\d+ on$"):
            register.entries(start)
    for serial in (0, -1, 2, 2**40, 2**100):
        with pytest.raises(StoreError, match=r"^the register has 1 lines and none -?\d+$"):
            register.entry(serial)


def test_entries_are_those_of_the_call(register: IssuanceRegister) -> None:
    issue(register, "an")
    entries = register.entries()
    issue(register, "chi")
    assert list(entries) == [b"line 1"]


def test_the_same_request_is_the_same_line_and_another_none(register: IssuanceRegister) -> None:
    first = issue(register, "an")
    issue(register, "chi")
    # Another signature, which an honest registrar does not make: the one that left is kept.
    assert (
        register.issue("an", first.request, b"another", line) == first == register.find("an", first.request)
    )
    before = snapshot(register)
    for call in (
        lambda: register.issue("an", b"another", b"", line),
        lambda: register.find("an", b"another"),
        lambda: register.find("an", b"request of chi"),
    ):
        with pytest.raises(
            CredentialError, match=r"^this voter has a credential already, for another request$"
        ):
            call()
    for call in (
        lambda: register.issue("An", first.request, b"", line),
        lambda: register.find("An", first.request),
    ):
        with pytest.raises(CredentialError, match=r"^this request was signed for another voter$"):
            call()
    assert snapshot(register) == before
    assert issue(register, "An").serial == 3


def test_a_line_that_cannot_be_made_uses_nothing_up(register: IssuanceRegister) -> None:
    def refuse(serial: int) -> bytes:
        raise PhaseError(f"no line {serial}")

    issue(register, "an")
    before = snapshot(register)
    for _ in range(2):
        with pytest.raises(PhaseError, match="no line 2"):
            register.issue("chi", b"request", b"signature", refuse)
    assert snapshot(register) == before
    assert issue(register, "chi").serial == 2


def test_closed_for_who_comes_new(register: IssuanceRegister) -> None:
    first = issue(register, "an")
    assert not register.issuing_closed()
    register.close_issuing()
    register.close_issuing()
    assert register.issuing_closed()
    assert issue(register, "an") == first == register.find("an", first.request)
    for call in (lambda: issue(register, "chi"), lambda: register.find("chi", b"request of chi")):
        with pytest.raises(CredentialError, match=r"^issuing is closed$"):
            call()
    with pytest.raises(CredentialError, match="for another request"):
        register.issue("an", b"another", b"", line)
    assert list(register.entries()) == [b"line 1"]


def test_one_registrar_of_one_election(register: IssuanceRegister) -> None:
    register.bind(bytes(32), "clerk")
    register.bind(bytes(32), "clerk")
    for election, registrar in ((bytes(31) + b"\1", "clerk"), (bytes(32), "clerk-2"), (b"", "")):
        with pytest.raises(CredentialError, match="the register is of another election or another registrar"):
            register.bind(election, registrar)
    register.bind(bytes(32), "clerk")


def test_nothing_is_shown(register: IssuanceRegister) -> None:
    shown = repr(register) + repr(issue(register, "chi")) + str(issue(register, "chi"))
    assert "chi" not in shown
    assert "signature" not in shown


def test_released(register: IssuanceRegister) -> None:
    issue(register, "an")
    entries = register.entries()
    register.close()
    register.close()
    calls: list[Callable[[], object]] = [
        lambda: register.add_voters(["new"]),
        lambda: register.is_on_roll("an"),
        lambda: register.access_code("an"),
        lambda: register.set_access_code("an", None),
        lambda: register.find("an", b""),
        lambda: issue(register, "chi"),
        lambda: register.bind(bytes(32), "clerk"),
        lambda: register.entry(1),
        lambda: next(entries),
        register.roll_size,
        register.count,
        register.entries,
        register.close_issuing,
        register.issuing_closed,
    ]
    for call in calls:
        with pytest.raises(StoreError, match="is closed"):
            call()


def test_threads_issue_at_once(register: IssuanceRegister) -> None:
    """Each voter is asked for by several, and one request is everybody's."""

    def work(place: int) -> Callable[[], None]:
        def ask() -> None:
            for voter in ROLL[place:] + ROLL[:place]:
                try:
                    register.issue(voter, b"of everybody", b"", line)
                except CredentialError:
                    assert issue(register, voter).voter == voter

        return ask

    failures = together(*(work(place) for place in range(4)))
    assert all(isinstance(failure, CredentialError) for failure in failures)
    assert list(register.entries()) == [b"line %d" % number for number in range(1, len(ROLL) + 1)]


# What outlives its process.


def test_reopened(place: Place) -> None:
    with place.open() as register:
        register.add_voters({voter: voter.encode() for voter in ROLL})
        register.bind(bytes(32), "clerk")
        for voter in ("an", "chi"):
            issue(register, voter)
        before = snapshot(register)
    with place.open(create=False) as register:
        assert snapshot(register) == before
        with pytest.raises(CredentialError, match="another election"):
            register.bind(bytes(32), "other")
        with pytest.raises(CredentialError, match="a name is given twice"):
            register.add_voters(["an"])
        assert issue(register, "bình").serial == 3
        register.close_issuing()
    with place.open(create=False) as register:
        assert register.issuing_closed()
        assert issue(register, "bình").serial == 3
        with pytest.raises(CredentialError, match="issuing is closed"):
            issue(register, "An")


def test_two_registers_of_one_place(place: Place) -> None:
    with place.open() as one, place.open() as two:
        one.add_voters(ROLL)
        for serial, (register, voter) in enumerate(zip([one, two, one, two], ROLL[:4], strict=True), 1):
            assert issue(register, voter).serial == serial
        assert list(one.entries()) == list(two.entries())
        two.close_issuing()
        with pytest.raises(CredentialError, match="issuing is closed"):
            issue(one, ROLL[5])


def test_a_request_is_looked_for_at_one_moment(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process issues it between two questions: it is not then taken for another voter's."""
    with place.open() as register, place.open() as other:
        register.add_voters(ROLL)
        select = register._select

        def late(statement: str, values: Any) -> Any:
            rows = select(statement, values)
            if "WHERE voter = :voter" in statement and "issued" in statement:
                issue(other, "an")
            return rows

        with monkeypatch.context() as patch:
            patch.setattr(register, "_select", late)
            assert register.find("an", b"request of an") is None
        assert other.count() == 1
        assert issue(register, "an").serial == 1


ISSUING = (
    OPENING
    + """
from secretballot.errors import CredentialError

with open_store() as register:
    for number in range(40):
        voter = f"voter {number}"
        mine = f"{voter} by {sys.argv[2]}".encode()
        try:
            # With a request of its own; but of every fourth voter all have the same.
            register.issue(
                voter, b"%d" % number if number % 4 == 0 else mine, mine, lambda serial: b"%d %s" % (serial, mine)
            )
        except CredentialError:
            pass
    if sys.argv[2] == "a":
        register.close_issuing()
"""
)


ADDING = (
    OPENING
    + """
from secretballot.errors import CredentialError

with open_store() as register:
    for number in range(20):
        try:
            register.add_voters([f"{number} of {sys.argv[2]}"], most=30)
        except CredentialError:
            pass
"""
)


def test_processes_fill_the_roll_at_once(place: Place) -> None:
    """No further than it goes."""
    with place.open() as register:
        with ThreadPoolExecutor(3) as pool:
            done = list(pool.map(lambda name: run(ADDING, place.told(), name), "abc"))
        assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
        assert register.roll_size() == 30


def test_processes_issue_at_once(place: Place) -> None:
    with place.open() as register:
        register.add_voters([f"voter {number}" for number in range(40)])
        told = place.told()
        with ThreadPoolExecutor(3) as pool:
            done = list(pool.map(lambda name: run(ISSUING, told, name), "abc"))
        assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
        entries = list(register.entries())
        assert len(entries) == register.count() == 40
        assert [int(entry.split()[0]) for entry in entries] == list(range(1, 41))
        assert sorted(int(entry.split()[2]) for entry in entries) == list(range(40))
        assert register.issuing_closed()


KILLED = (
    OPENING
    + """
name, arguments, options = json.loads(sys.argv[1])

def child(step):
    at = {**options, "schema": f"{options['schema']}_{step}"} if options else {}
    register = getattr(secretballot, name)(arguments[0] + ("" if options else f"-{step}"), **at)
    register.add_voters(["an", "chi"])
    register.issue("an", b"request of an", b"signature for an", lambda serial: b"line %d" % serial)
    left = step

    def count():
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(method):
        do = getattr(register, method)
        def call(*arguments):
            count()
            return do(*arguments)
        setattr(register, method, call)

    for method in ("_select", "_change"):
        watched(method)
    # The statements that begin and end a transaction.
    if options:
        watched("_execute")
    else:
        ends = ("BEGIN", "COMMIT")
        register._connection.set_trace_callback(lambda text: count() if text.startswith(ends) else None)
    register.issue("chi", b"request of chi", b"signature for chi", lambda serial: b"line %d" % serial)
    os._exit(0)

step, code = 0, -signal.SIGKILL
while code == -signal.SIGKILL:
    process = os.fork()
    if not process:
        child(step)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    step += 1
print(step, code)
"""
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_killed_while_it_issues(place: Place) -> None:
    """Before each statement: the voter has no line; asked again, it is given with the serial that it would have had."""
    killed = run(KILLED, place.told())
    # To begin; roll, voter's line, register, request's line, count, line; to commit. And one that lives.
    assert killed.stdout == "9 0\n", killed.stderr
    for step in range(9):
        if place.options:
            at = place._replace(options=(("schema", f"{dict(place.options)['schema']}_{step}"),))
        else:
            at = place._replace(arguments=(f"{place.arguments[0]}-{step}",))
        with at.open(create=False) as register:
            assert register.count() == (2 if step == 8 else 1)
            assert issue(register, "chi").serial == 2
            assert list(register.entries()) == [b"line 1", b"line 2"]
