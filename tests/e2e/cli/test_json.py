"""What commands print for programs, of records and of errors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from secretballot import __version__, write_record
from secretballot.ballot import format_code
from secretballot.ballot.records import confirmation_code
from secretballot.cli import main, terminal
from secretballot.crypto.signing import SigningKey
from secretballot.testing import Simulation

from ...support import elections


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> tuple[Simulation, Path]:
    """An election of three ballots, of which the second replaces the first and the third was opened; and its record,
    with the receipts beside it."""
    folder = tmp_path_factory.mktemp("json")
    simulation = elections.voting([elections.choice()], 2)
    for name, entry in (
        ("first", simulation.seal(0, {"chair": "chi"}).cast()),
        ("second", simulation.seal(0, {"chair": "em"}).cast()),
        ("opened", simulation.seal(1, {"chair": "em"}).challenge()),
    ):
        (folder / f"{name}.receipt").write_text(simulation.board.submit(entry), encoding="utf-8")
        (folder / f"{name}.code").write_text(format_code(confirmation_code(entry)), encoding="utf-8")
    simulation.export(str(folder / "record"))
    return simulation, folder


def run(*arguments: object, code: int = 0) -> Any:
    result = CliRunner().invoke(main, [*map(str, arguments), "--json"])
    assert result.exit_code == code, result.output
    if code and not result.stdout:
        return json.loads(result.stderr)
    assert result.stderr == ""
    return json.loads(result.stdout)


def test_show(simulation: tuple[Simulation, Path]) -> None:
    made, folder = simulation
    shown = run("show", folder / "record")
    assert shown["election"] == made.election.id.hex()
    assert shown["manifest"] == json.loads(made.election.body)
    assert (shown["phase"], shown["entries"], shown["unreadable"]) == ("voting", made.log.size, 0)
    assert (shown["kinds"]["ballot"], shown["kinds"]["challenged-ballot"]) == (2, 1)
    assert shown["checkpoint"] == {"size": made.log.size, "root": made.log.frontier.root().hex()}
    assert (shown["result"], shown["problems"], shown["checkpoint_problem"]) == (None, [], None)


def test_json_steers_no_terminal(
    finished: elections.Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program has the very bytes; a person the same JSON, in which no text of a false result moves anything."""
    hostile = "\x9b2J\u202e\U000e0001\x7fTý"
    texts = [{"text": hostile, "count": 1}]
    added = {"kind": "write_in", "id": "w", "valid": 1, "blank": 0, "invalid": 0, "invalid_lines": []}
    result = elections.rewrite(
        finished.entries[-1],
        SigningKey.generate(),
        lambda body: body["contests"].append(added | {"texts": texts, "others": 0}),
    )
    entries = [*finished.entries[:-1], result]
    note = elections.checkpoint(finished.simulation, entries).decode()
    record = write_record(tmp_path / "record", entries, note).path
    for command, code in (("show", 0), ("verify", 1)):
        printed = []
        for answer in (False, True):
            monkeypatch.setattr(terminal, "is_terminal", lambda answer=answer: answer)
            ended = CliRunner().invoke(main, [command, str(record), "--json"])
            assert ended.exit_code == code, ended.output
            printed.append(ended.stdout)
        plain, shown = printed
        assert json.loads(plain) == json.loads(shown)
        assert hostile in plain
        assert "Tý" in shown
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\U000e0001]", shown)


def test_check_code(simulation: tuple[Simulation, Path]) -> None:
    made, folder = simulation
    places = [made.log.size - 3, made.log.size - 2, made.log.size - 1]
    for name, fate, place, challenged, instead in (
        ("first", "replaced", places[0], False, places[1]),
        ("second", "counted so far", places[1], False, None),
        ("opened", "challenged", places[2], True, None),
    ):
        code = (folder / f"{name}.code").read_text(encoding="utf-8")
        assert run("check-code", folder / "record", code) == {
            "code": code,
            "fate": fate,
            "found": {"entry": place, "challenged": challenged, "counts_instead": instead, "again": None},
            "unreadable": 0,
            "broken": [],
        }
    absent = "-".join(["AAAA"] * 8)
    missing = run("check-code", folder / "record", absent, code=1)
    assert missing == {"code": absent, "fate": "absent", "found": None, "unreadable": 0, "broken": []}


def test_check_receipt(simulation: tuple[Simulation, Path], tmp_path: Path) -> None:
    made, folder = simulation
    kept = run("check-receipt", folder / "record", folder / "second.receipt")
    code = (folder / "second.code").read_text(encoding="utf-8")
    assert kept == {"kept": True, "entry": made.log.size - 2, "kind": "ballot", "code": code}
    (tmp_path / "none").write_bytes(b"garbage")
    broken = run("check-receipt", folder / "record", tmp_path / "none", code=1)
    assert (broken["kept"], broken["error"]) == (False, "NoteError")


def test_info() -> None:
    told = run("info")
    assert told["secretballot"] == __version__
    assert isinstance(told["warnings"], list)


@pytest.mark.parametrize("command", ["show", "verify", "diff"])
def test_a_record_that_is_none(simulation: tuple[Simulation, Path], command: str, tmp_path: Path) -> None:
    _, folder = simulation
    others = [folder / "record"] if command == "diff" else []
    error = run(command, tmp_path / "absent", *others, code=3)
    assert error["error"] == "RecordError"
    assert set(error) == {"error", "message", "item", "culprit"}
