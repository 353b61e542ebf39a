"""The code that the README and the first tutorial show, run as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import secretballot
from secretballot import (
    Board,
    DecryptingTrustee,
    ElectionLog,
    ElectionRecord,
    MemoryStore,
    Option,
    RankingContest,
    Report,
    Verdict,
    errors,
    verify_record,
)
from secretballot.cli.terminal import ExitCode
from secretballot.testing import Simulation

from ..support.snippets import code as _blocks

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
TUTORIAL = ROOT / "docs" / "tutorials" / "first-election.md"
VERIFY_TUTORIAL = ROOT / "docs" / "tutorials" / "verify-a-record.md"
TALLY = ROOT / "docs" / "howto" / "choose-a-tally.md"
EMBED = ROOT / "docs" / "howto" / "embed.md"

pytestmark = pytest.mark.skipif(not README.is_file(), reason="the tests are not beside the README")

#: Installs ``secretballot`` from wherever the installer looks: what it is given is the name, no path and no URL.
INSTALLS_BY_NAME = re.compile(r"\b(?:install|add)\b[^\n`]*[ '\"]secretballot(?![\w./-])")

COUNTS = [((2, 1, 0), 0), ((0, 0, 2), 1)]


def _run(code: str, name: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, name, "exec"), names)  # noqa: S102 - the documentation's own code
    return names


def _check(names: dict[str, Any], printed: str, shown: str, folder: Path) -> None:
    """The code printed what the page says, and left a record that verifies with a challenge in it."""
    assert printed == shown
    report = names["report"]
    assert isinstance(report, Report)
    assert [(line.counts, line.blank) for line in report.result.contests[0].lines] == COUNTS
    again = verify_record(ElectionRecord(folder / "record"), election_id=names["election"].id)
    assert again == report
    assert again.verdict is Verdict.VERIFIED
    assert (again.ballots_counted, again.ballots_challenged, again.rule("T1").checked) == (3, 1, 2)
    assert (again.rule("K3").checked, again.rule("C1").checked) == (3, 3)


def _public_names_alone(code: str) -> None:
    """Everything imported from the package is one of its public names."""
    modules = set(re.findall(r"^\s*(?:from|import)\s+([\w.]+)", code, re.M))
    assert {module for module in modules if module.startswith("secretballot")} == {"secretballot"}
    for listed in re.findall(r"^from secretballot import (\([^)]*\)|.*)$", code, re.M):
        names = set(re.findall(r"\w+", listed))
        assert names <= set(secretballot.__all__)
    assert set(re.findall(r"\bsb\.(\w+)", code)) <= set(secretballot.__all__)


def test_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = _blocks(README, "python")
    (shown,) = _blocks(README, "text")
    _public_names_alone(code)
    monkeypatch.chdir(tmp_path)
    names = _run(code, "README.md")
    _check(names, capsys.readouterr().out, shown, tmp_path)


def test_first_tutorial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "".join(_blocks(TUTORIAL, "python"))
    shown = "".join(_blocks(TUTORIAL, "text"))
    _public_names_alone(code)
    monkeypatch.chdir(tmp_path)
    names = _run(code, "first-election.md")
    _check(names, capsys.readouterr().out, shown, tmp_path)


def test_second_tutorial_goes_on_from_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _run("".join(_blocks(TUTORIAL, "python")), "first-election.md")
    capsys.readouterr()
    code = "".join(_blocks(VERIFY_TUTORIAL, "python"))
    _public_names_alone(code)
    names = _run(code, "verify-a-record.md")
    printed = capsys.readouterr().out
    assert printed == "".join(_blocks(VERIFY_TUTORIAL, "text"))
    assert names["damaged"].verdict is Verdict.FAILED
    assert {rule.rule for rule in names["damaged"].rules if rule.findings} >= {"L4", "L5"}


def test_whole_election_that_is_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = _blocks(TALLY, "python")
    (shown,) = _blocks(TALLY, "text")
    _public_names_alone(code)
    monkeypatch.chdir(tmp_path)
    names = _run(code, "choose-a-tally.md")
    assert capsys.readouterr().out == shown
    again = verify_record(ElectionRecord(tmp_path / "record"), election_id=names["election"].id)
    assert again == names["report"]
    assert again.verdict is Verdict.VERIFIED
    assert [again.rule(rule).checked for rule in ("X1", "X2", "X3")] == [2, 2, 2]
    assert len(list((tmp_path / "record" / "attachments").iterdir())) == 4


def _voted() -> Simulation:
    """An election whose one contest is a ranking: two have voted, and voting is closed."""
    options = tuple(Option(id=name, labels={"en": name}) for name in ("a", "b", "c"))
    limits = {"minimum": 1, "maximum": 3, "allow_blank": True, "seats": 1}
    contest = RankingContest(id="rank", labels={"en": "Rank"}, options=options, methods=("irv",), **limits)
    simulation = Simulation([contest], roll_size=2)
    simulation.hold_ceremony()
    simulation.issue(2)
    simulation.vote([{"rank": ["b", "a"]}, {"rank": ["b"]}])
    simulation.close_voting()
    return simulation


def test_attachments_go_round_as_embedding_tells() -> None:
    """The code of the page: a board's endpoints, a log that follows, and a board that is made anew of it."""
    blocks = _blocks(EMBED, "")
    endpoints = "".join(block for block in blocks if "def post_" in block)
    (following,) = [block for block in blocks if "log.follow(entry)" in block]
    simulation = _voted()
    names = {**vars(errors), "board": simulation.board, "log": simulation.log}
    exec(compile(endpoints, "<embed.md>", "exec"), names)  # noqa: S102 - the documentation's own code

    first, second = (keys.join(simulation.election) for keys in simulation.mixer_keys)
    mixed = first.mix(simulation.log.mixing)
    assert names["post_attachment"](mixed.entry + b"\nof another size")[0] == 422
    assert names["post_attachment"](b"no entry\n" + mixed.attachments[0])[0] == 400
    status, message = names["post_entry"](mixed.entry)
    assert (status, json.loads(message)["message"][-12:]) == (424, ": is missing")
    for data in mixed.attachments:
        assert names["post_attachment"](mixed.entry + b"\n" + data)[0] == 201
    assert names["post_entry"](mixed.entry)[0] == 201
    simulation.send(second.mix(simulation.log.mixing))
    # Sent again when it is in the log.
    assert names["post_attachment"](mixed.entry + b"\n" + mixed.attachments[0])[0] == 201
    assert names["post_entry"](mixed.entry)[0] == 201
    for holder in simulation.key_holders[:2]:
        simulation.send(DecryptingTrustee(holder).decrypt_lines(simulation.log.mixing))
    simulation.board.submit(simulation.authority.publish(simulation.log.compute_result()))

    assert [names["get_attachment"](*one)[0] for one in simulation.log.attached()] == [200] * 4
    assert names["get_attachment"](bytes(32), 100)[0] == 404

    follower: dict[str, Any] = {"ElectionLog": ElectionLog, "announced_id": simulation.election.id}
    follower |= {"entries": list(simulation.store.entries()), "note": simulation.board.checkpoint()}

    def fetch(digest: bytes, size: int) -> bytes:
        status, data = names["get_attachment"](digest, size)
        assert status == 200
        return data

    follower["fetch"] = fetch
    exec(compile(following, "<embed.md>", "exec"), follower)  # noqa: S102 - the documentation's own code
    log = follower["log"]
    assert log.result == simulation.log.result
    assert log.result is not None

    anew = Board(MemoryStore(), simulation.board_keys, ElectionLog())
    for entry in follower["entries"]:
        for digest, size in anew.state.attachments_of(anew.state.read(entry)):
            anew.attach(entry, bytes(log.attachments.read(digest, size)))
        anew.submit(entry)
    log.check_checkpoint(anew.checkpoint())


@pytest.mark.parametrize("page", [README, ROOT / "docs" / "howto" / "verify-a-record.md"])
def test_the_exit_codes_of_verify_are_told(page: Path) -> None:
    codes = re.findall(r"^\| (\d) \| (\w+)", page.read_text(encoding="utf-8"), re.M)
    assert [int(code) for code, _ in codes] == [code for code in ExitCode if code < ExitCode.INTERRUPTED]
    assert [said for _, said in codes][:2] == [Verdict.VERIFIED, Verdict.FAILED]
    assert codes[-1][1] == Verdict.INCOMPLETE


def test_nobody_is_sent_to_an_index_for_the_package() -> None:
    """Whoever takes the name there could give them anything to install."""
    pages = [
        *ROOT.glob("*.md"),
        ROOT / "Makefile",
        ROOT / "pyproject.toml",
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("benchmarks/**/*.py"),
        *ROOT.glob("src/**/*.py"),
    ]
    assert len(pages) > 100
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    assert [page for page, text in texts.items() if INSTALLS_BY_NAME.search(text)] == []
    for command in ("pip install secretballot", "pip install -U 'secretballot[gmp]'", "uv add secretballot"):
        assert INSTALLS_BY_NAME.search(command)
    for command in ("pip install .", "pip install ./secretballot", "pip install gmpy2\nsecretballot verify"):
        assert not INSTALLS_BY_NAME.search(command)


def test_every_public_name_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    listed = re.findall(r"^### (\w+)$", page, re.M)
    assert sorted(listed) == sorted(secretballot.__all__)


def test_every_error_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+)` \|", page, re.M))
    assert listed == set(_tree(secretballot.SecretBallotError))


def _tree(root: type[Exception]) -> list[str]:
    """The names of the errors of ``secretballot.errors``, the root's and those below it."""
    own = [root.__name__] if root.__module__ == "secretballot.errors" else []
    return own + [name for child in root.__subclasses__() for name in _tree(child)]
