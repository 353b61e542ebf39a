"""The pages on backing up keys and on losing a trustee: their commands are run, and answer what the pages show."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from secretballot.board.keys import BoardKeys
from secretballot.cli import main
from secretballot.cli.home import Home
from secretballot.cli.stores import open_board
from secretballot.errors import KeyFileError
from secretballot.service.deploy import board_app

from ..support import elections
from ..support.roles import DRAFT
from ..support.services import running
from ..support.snippets import DOCS, code
from .test_snippets import _check_output, _commands

BACK_UP = DOCS / "howto" / "back-up-keys.md"
LOSE = DOCS / "howto" / "lose-a-trustee.md"
TRUSTEES = ("mai", "nam", "oanh")
EXIT_CODE = '; echo "exit code $?"'

pytestmark = [
    pytest.mark.skipif(not LOSE.is_file(), reason="the documentation is not beside the tests"),
    pytest.mark.usefixtures("cheap_key_files"),
]


def section(page: Path, title: str) -> str:
    """The console blocks under a heading."""
    text = page.read_text(encoding="utf-8")
    (found,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return "".join(re.findall(r"^```console\n(.*?)^```$", found, re.M | re.S))


class Desk:
    """A directory in which commands are given: those of the project in this process, the others by a shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names = {"P": "--passphrase-file passphrase"}

    def run(self, command: str) -> tuple[int, str]:
        command = re.sub(r"\$(\w+)", lambda name: self.names.get(name[1], name[0]), command)
        program, *words = shlex.split(command)
        if program != "secretballot":
            ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
            return ended.returncode, ended.stdout + ended.stderr
        ended_here = CliRunner().invoke(main, words)
        return ended_here.exit_code, ended_here.output

    def do(self, *commands: str) -> None:
        for command in commands:
            status, output = self.run(command)
            assert status == 0, (command, output)

    def follow(self, console: str) -> None:
        """Every command of a page, held against what the page shows."""
        assert console
        for command, shown in _commands(console):
            plain = command.removesuffix(EXIT_CODE)
            status, output = self.run(plain)
            if plain != command:
                output += f"exit code {status}\n"
            else:
                assert status == 0, (command, output)
            if shown:
                _check_output(shown, output, command)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An election whose manifest is on a board that is served: everybody has keys."""
    monkeypatch.chdir(tmp_path)
    Path("passphrase").write_text("a long passphrase\n", encoding="utf-8")
    Path("draft.json").write_text(json.dumps(DRAFT), encoding="utf-8")
    found = Desk(tmp_path)
    with elections.shared_rsa_keys():
        found.do(
            "secretballot board new board --origin example.org/chair $P",
            "secretballot registrar new registrar --id registry $P",
            "secretballot cosigner new watcher --name watcher.example.org/w1 $P",
            *(f"secretballot trustee new {name} --id {name} $P" for name in TRUSTEES),
        )
        with serving(Home(Path("board"), "board")) as found.names["BOARD"]:
            parties = " ".join(f"--party {name}/public.json" for name in ("board", "registrar", *TRUSTEES))
            status, output = found.run(
                f"secretballot election new official --draft draft.json --at $BOARD {parties} --json $P"
            )
            assert status == 0, output
            found.names["ELECTION"] = json.loads(output)["election"]
            yield found


@contextmanager
def serving(home: Home) -> Iterator[str]:
    with closing(open_board(home, "a long passphrase")) as board, running(board_app(board)) as url:
        yield url


def ceremony(desk: Desk, *steps: str) -> None:
    at = "--at $BOARD --election $ELECTION"
    for step in steps:
        desk.do(*(f"secretballot trustee {step} {name} {at} $P" for name in TRUSTEES))


@pytest.fixture
def closed(desk: Desk) -> Desk:
    """Two have voted, and voting is closed."""
    ceremony(desk, "join", "deal", "confirm")
    at = "--at $BOARD --election $ELECTION $P"
    Path("roll.txt").write_text("An\nBình\n", encoding="utf-8")
    Path("chi.json").write_text('{"chair": "chi"}', encoding="utf-8")
    desk.do(
        "secretballot election open official issuance $P",
        f"secretballot registrar roll registrar roll.txt --codes codes.csv {at}",
    )
    for home, name in (("an", "An"), ("binh", "Bình")):
        desk.do(
            f"secretballot voter request {home} --write {home}-asks {at}",
            f"secretballot registrar issue registrar {name} {home}-asks/registry.request {home}.answer $P",
            f"secretballot voter request {home} --answer registry={home}.answer $P",
        )
    desk.do("secretballot registrar close registrar $P", "secretballot election open official voting $P")
    desk.do(
        *(f"secretballot voter cast {home} --choices chi.json --yes $P" for home in ("an", "binh")),
        "secretballot election close official $P",
    )
    return desk


def test_keys_are_backed_up_as_the_page_tells(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.follow(section(BACK_UP, "Take a copy"))
    assert Path("backup").stat().st_mode & 0o077 == 0
    assert Path("backup/mai").stat().st_mode & 0o077 == 0
    (python,) = code(BACK_UP, "python")
    exec(compile(python, BACK_UP.name, "exec"), {})  # noqa: S102 - the documentation's own code
    assert capsys.readouterr().out == "".join(code(BACK_UP, "text"))
    for wrong in ("backup/mai/role.key", "registrar/role.key"):
        with pytest.raises(KeyFileError):
            BoardKeys.load(wrong, passphrase="a long passphrase")
    desk.follow(section(BACK_UP, "Put it back"))
    desk.follow(section(BACK_UP, "What is never put back"))
    # What is said there of the first copy: the share follows from the keys, once all have confirmed.
    ceremony(desk, "deal", "confirm")
    Path("mai/ceremony.key").unlink()
    desk.do("secretballot election open official issuance $P", "secretballot trustee confirm mai $P")


def test_every_block_is_under_a_heading_that_is_followed() -> None:
    for page, titles in (
        (BACK_UP, ("Take a copy", "Put it back", "What is never put back")),
        (
            LOSE,
            ("One of three, at the tally", "Two of three, at the tally", "In the ceremony", "Begin anew"),
        ),
    ):
        assert "".join(section(page, title) for title in titles) == "".join(code(page, "console"))


def test_one_of_three(closed: Desk) -> None:
    Path("mai/ceremony.key").unlink()
    closed.follow(section(LOSE, "One of three, at the tally"))


def test_two_of_three(closed: Desk) -> None:
    Path("lost").mkdir()
    closed.follow(section(LOSE, "Two of three, at the tally"))


def test_lost_in_the_ceremony_and_begun_anew(desk: Desk) -> None:
    ceremony(desk, "join")
    desk.follow(section(LOSE, "In the ceremony"))
    desk.follow(section(LOSE, "Begin anew"))
    assert os.path.isfile("official-2/role.key")
