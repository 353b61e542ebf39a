"""What a voter's directory keeps, and what `voter check` makes of it and of the log."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from secretballot.board.board import Board
from secretballot.cli import main
from secretballot.errors import PhaseError, StoreError

from ..support.roles import DRAFT, Run, enroll, hold_ceremony, prepare

pytestmark = pytest.mark.usefixtures("cheap_key_files")

#: Before a ballot is sent.
CHI = ("--choices", "chi.json", "--yes")
DUNG = ("--choices", "dung.json", "--yes")


def open_voting(run: Run, revoting: str = "last") -> None:
    at = hold_ceremony(run, prepare(run, {**DRAFT, "revoting": revoting}))
    enroll(run, at)
    run("registrar", "register", "registrar")
    run("election", "open", "official", "voting")


def check(run: Run, code: int = 0, home: str = "an") -> tuple[dict[str, Any], str]:
    """What is printed, and the message of an error."""
    ended = run("voter", "check", home, "--json", code=code)
    return json.loads(ended.stdout), json.loads(ended.stderr)["message"] if code else ""


def cast(run: Run, *arguments: str, home: str = "an") -> dict[str, Any]:
    made: dict[str, Any] = json.loads(run("voter", "cast", home, *arguments, "--json").stdout)
    return made


class Withheld:
    """Ballots for which the board gave no receipt, and which it has all the same."""

    def __init__(self, patch: pytest.MonkeyPatch, error: Exception, posts: bool = False) -> None:
        self._patch = patch
        self._submit = Board.submit
        self._error = error
        self._posts = posts
        self.entries: list[bytes] = []

    def __enter__(self) -> Withheld:
        def refuse(board: Board, raw: bytes, *rest: Any) -> str:
            self.entries.append(raw)
            if self._posts:
                self._submit(board, raw, *rest)
            raise self._error

        self._patch.setattr(Board, "submit", refuse)
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.setattr(Board, "submit", self._submit)


def post(run: Run, entry: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The board posts what it has: by whichever command submits next."""
    submit = Board.submit

    def first(board: Board, raw: bytes, *rest: Any) -> str:
        submit(board, entry)
        return submit(board, raw, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Board, "submit", first)
        run("voter", "challenge", "binh", "--choices", "chi.json")


def test_every_ballot_and_opening_is_kept_sealed(run: Run, tmp_path: Path) -> None:
    open_voting(run)
    ended = run("voter", "check", "an", code=4)
    assert "no ballot is in the log" in ended.stdout
    assert "no ballot was cast from this directory" in ended.stderr
    opened = json.loads(run("voter", "challenge", "an", "--choices", "dung.json", "--json").stdout)
    assert "no ballot was cast from this directory" in run("voter", "check", "an", code=4).stderr
    first = cast(run, *CHI)
    second = cast(run, "--again", *DUNG)
    size = second["entry"] + 1
    told, _ = check(run)
    kept = {"sent": True, "receipt": True}
    assert told == {
        "code": second["code"],
        "entry": second["entry"],
        "size": size,
        "ballots": [
            {**opened, **kept, "opened": True, "counts": False},
            {**first, **kept, "opened": False, "counts": False},
            {**second, **kept, "opened": False, "counts": True},
        ],
    }
    assert run("voter", "check", "an").stdout.splitlines() == [
        f"in the log, as entry {opened['entry']} of {size}: {opened['code']} (opened, does not count)",
        f"in the log, as entry {first['entry']} of {size}: {first['code']} (does not count)",
        f"in the log, as entry {second['entry']} of {size}: {second['code']} (counts)",
    ]
    # Nothing in the directory ties the voter to the ballot key.
    assert stat.S_IMODE((tmp_path / "an" / "votes").stat().st_mode) == 0o600
    for path in (path for path in (tmp_path / "an").rglob("*") if path.is_file()):
        data = path.read_text("latin-1")
        assert "secretballot/1/ballot" not in data
        assert "tlog-proof" not in data
        for one in (opened, first, second):
            assert one["code"] not in data


def test_evidence_is_what_an_auditor_checks(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_voting(run)
    first = cast(run, *CHI)
    with Withheld(monkeypatch, StoreError("database is locked")):
        run("voter", "cast", "an", "--again", *DUNG, code=1)
    shown = json.loads(run("voter", "check", "an", "--evidence", "shown", "--json", code=4).stdout)
    second = shown["ballots"][1]["code"]
    names = sorted(path.name for path in (tmp_path / "shown").iterdir())
    assert names == sorted([f"{first['code']}.json", f"{first['code']}.receipt", f"{second}.json"])
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (tmp_path / "shown").iterdir())
    run(
        *("board", "export", "board", "record", "--election", shown_election(tmp_path)),
        *("--board-passphrase-file", "pass"),
    )
    receipt = str(tmp_path / "shown" / f"{first['code']}.receipt")
    ended = CliRunner().invoke(main, ["check-receipt", "record", receipt])
    assert ended.exit_code == 0, ended.output


def shown_election(folder: Path) -> str:
    return str(json.loads((folder / "an" / "settings.json").read_bytes())["election"])


def test_another_directorys_votes_are_refused(run: Run, tmp_path: Path) -> None:
    open_voting(run)
    cast(run, *CHI)
    cast(run, *CHI, home="binh")
    shutil.copy(tmp_path / "binh" / "votes", tmp_path / "an" / "votes")
    for arguments in (("check", "an"), ("cast", "an"), ("challenge", "an", "--choices", "chi.json")):
        refused = run("voter", *arguments, code=1)
        assert "a ballot under another ballot key than this directory's" in refused.stderr
    shutil.copy(tmp_path / "an" / "role.key", tmp_path / "an" / "votes")
    assert "a key file of the kind holder" in run("voter", "check", "an", code=1).stderr
    (tmp_path / "an" / "votes").write_bytes(b"garbage")
    assert "not a key file" in run("voter", "check", "an", code=1).stderr


def test_a_ballot_without_receipt_is_sent_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the board has it or not; and one that has its receipt keeps that one."""
    open_voting(run)
    for posts in (False, True):
        arguments = CHI if not posts else ("--again", *CHI)
        with Withheld(monkeypatch, StoreError("database is locked"), posts) as held:
            run("voter", "cast", "an", *arguments, code=1)
        told, message = check(run, code=4)
        assert "receipt for" in message
        assert "run `secretballot voter cast` again" in message
        (mine,) = [one for one in told["ballots"] if not one["receipt"]]
        assert (mine["entry"] is not None) is posts
        assert mine["sent"]
        shown = run("voter", "check", "an", code=4).stdout
        assert f"{mine['code']} ({'counts' if posts else 'does not count'}; no receipt)" in shown
        assert ("not in the log: " in shown) is not posts
        sent = cast(run)
        assert sent["code"] == mine["code"]
        assert check(run)[0]["code"] == mine["code"]
        with Withheld(monkeypatch, StoreError("is not asked again")) as again:
            assert cast(run) == sent
        assert (len(held.entries), again.entries) == (1, [])


def test_a_ballot_that_was_held_back_and_posted_late(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    open_voting(run)
    with Withheld(monkeypatch, StoreError("database is locked")) as held:
        run("voter", "cast", "an", *CHI, code=1)
    newest = cast(run, "--again", *DUNG)
    assert check(run)[0]["code"] == newest["code"]
    post(run, held.entries[0], monkeypatch)
    told, message = check(run, code=1)
    assert told["code"] != newest["code"]
    assert f"the board posted {told['code']} late, and it counts instead of {newest['code']}" in message
    # As it says, while voting is open.
    latest = cast(run, "--again", *DUNG)
    assert check(run)[0]["code"] == latest["code"]


def test_a_ballot_that_was_posted_before_the_newest_does_no_harm(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_voting(run)
    with Withheld(monkeypatch, StoreError("database is locked"), posts=True):
        run("voter", "cast", "an", *CHI, code=1)
    newest = cast(run, "--again", *DUNG)
    told, _ = check(run)
    assert told["code"] == newest["code"]
    assert [one["receipt"] for one in told["ballots"]] == [False, True]


@pytest.mark.parametrize("is_over", [True, False], ids=["voting is closed", "the board merely says so"])
def test_a_newer_ballot_that_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch, is_over: bool) -> None:
    """The older one and its receipt are as good as before; after voting, that is the end of it."""
    open_voting(run)
    older = cast(run, *CHI)
    if is_over:
        run("election", "close", "official")
        run("voter", "cast", "an", "--again", *DUNG, code=4)
    else:
        with Withheld(monkeypatch, PhaseError("a ballot is not taken in the phase tally")):
            run("voter", "cast", "an", "--again", *DUNG, code=4)
    told, message = check(run, code=0 if is_over else 4)
    assert (told["code"], told["entry"]) == (older["code"], older["entry"])
    assert [(one["entry"], one["receipt"]) for one in told["ballots"]] == [
        (older["entry"], True),
        (None, False),
    ]
    assert is_over or "is missing: run `secretballot voter cast` again" in message
    if is_over:
        run("voter", "cast", "an", code=4)
    else:
        assert cast(run)["code"] == told["ballots"][1]["code"]


def test_no_ballot_came_in_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    open_voting(run)
    run("election", "close", "official")
    run("voter", "cast", "an", *CHI, code=4)
    told, message = check(run, code=1)
    assert (told["code"], told["entry"]) == (None, None)
    assert "voting is closed, and no ballot of this directory is in the log" in message


def test_where_the_first_counts_none_may_follow(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    open_voting(run, "first")
    with Withheld(monkeypatch, StoreError("database is locked")) as held:
        run("voter", "cast", "an", *CHI, code=1)
        for choices in (DUNG, ("--choices", "nobody.json", "--yes")):
            refused = run("voter", "cast", "an", "--again", *choices, code=1)
            assert "of a voter's ballots the first counts: none may follow it" in refused.stderr
    assert len(held.entries) == 1
    run("voter", "challenge", "an", "--choices", "dung.json")
    first = cast(run)
    run("voter", "cast", "an", "--again", *DUNG, code=1)
    assert check(run)[0]["code"] == first["code"]
    # With --again, but no ballot before.
    assert cast(run, "--again", *CHI, home="binh")["code"] == check(run, home="binh")[0]["code"]


@pytest.mark.parametrize("opens", [False, True])
def test_another_device_with_the_key(run: Run, tmp_path: Path, opens: bool) -> None:
    open_voting(run)
    shutil.copytree(tmp_path / "an", tmp_path / "thief")
    mine = cast(run, *CHI)
    if opens:
        run("voter", "challenge", "thief", "--choices", "chi.json")
    else:
        cast(run, *DUNG, home="thief")
    told, message = check(run, code=1)
    assert "another device sent" in message
    assert [one["sent"] for one in told["ballots"]] == [True, False]
    assert (told["code"] == mine["code"]) is opens
    assert "not sent from here" in run("voter", "check", "an", code=1).stdout
    # Also where nothing was sent from here.
    (tmp_path / "an" / "votes").unlink()
    assert "another device sent" in check(run, code=1)[1]
    assert check(run, home="binh", code=4)[0]["ballots"] == []
