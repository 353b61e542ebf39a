"""Every role by its commands, over a board's directory; what they refuse, and that each can be run again."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from secretballot.board.store import FilesStore, SQLiteStore
from secretballot.board.store.postgres import PostgresStore
from secretballot.cli import main
from secretballot.credential.register.postgres import PostgresRegister

from ..support.postgres import PASSWORD, USER, Server
from ..support.roles import DRAFT, Run, enroll, hold_ceremony, prepare

pytestmark = pytest.mark.usefixtures("cheap_key_files")


def test_a_directory_of_a_role(run: Run, tmp_path: Path) -> None:
    run("trustee", "new", "mai", "--id", "mai", "--label", "en=Mai", "--label", "vi=Bà Mai")
    home = tmp_path / "mai"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "role.key").stat().st_mode) == 0o600
    public = json.loads((home / "public.json").read_bytes())
    assert (public["id"], public["labels"]) == ("mai", {"en": "Mai", "vi": "Bà Mai"})
    key = (home / "role.key").read_bytes()
    again = run("trustee", "new", "mai", "--id", "mai", code=1)
    assert "mai: there is a trustee already" in again.stderr
    assert (home / "role.key").read_bytes() == key
    assert "is the directory of no mixer" in run("mixer", "run", "mai", "--at", "x", code=1).stderr
    assert "is not empty" in run("mixer", "new", ".", "--id", "m", code=1).stderr
    assert "a label is LANGUAGE=TEXT" in run("mixer", "new", "m", "--id", "m", "--label", "x", code=2).stderr
    assert "is the directory of no trustee" in run("trustee", "join", "nowhere", code=1).stderr
    (home / "settings.json").write_bytes(b"[" * 10_000)
    assert "is damaged" in run("trustee", "join", "mai", code=3).stderr


def test_passphrases(run: Run, tmp_path: Path) -> None:
    typed = run("mixer", "new", "m", "--id", "m", given="one that is long\none that is long\n")
    assert "one that is long" not in typed.output
    wrong = run(
        "mixer", "run", "m", "--at", "https://example.org", "--election", "0" * 64, code=1, board=False
    )
    assert "another passphrase" in wrong.stderr
    (tmp_path / "pass").write_bytes(b"\nsecond line")
    assert "the passphrase or code is empty" in run("mixer", "new", "n", "--id", "n", code=1).stderr
    (tmp_path / "pass").write_bytes(b"\xff")
    assert "a text in UTF-8" in run("mixer", "new", "n", "--id", "n", code=1).stderr
    both = run("mixer", "new", "n", "--id", "n", "--passphrase-fd", "0", code=2)
    assert "from a file or from a descriptor" in both.stderr


def test_what_is_asked_for_once(run: Run) -> None:
    announced = prepare(run)
    assert "which board?" in run("trustee", "join", "mai", code=2).stderr
    assert "which election?" in run("trustee", "join", "mai", "--at", "board", code=2).stderr
    wrong = run("trustee", "join", "mai", "--at", "board", "--election", "00" * 32, code=1)
    assert "it is of the election" in wrong.stderr
    # What was wrong is not remembered, and what was right is for good.
    run("trustee", "join", "mai", "--election", announced)
    other = run("trustee", "join", "mai", "--election", "00" * 32, code=1)
    assert "this directory is of the election" in other.stderr
    run("trustee", "join", "nam", "--at", "board", "--election", announced)
    run("trustee", "join", "nam")


def test_the_ceremony_step_by_step(run: Run) -> None:
    announced = prepare(run)
    at = ("--at", "board", "--election", announced)
    assert "trustee mai has joined" in run("trustee", "join", "mai", *at).stdout
    assert "has not joined the ceremony" in run("trustee", "deal", "nam", *at, code=4).stderr
    early = run("trustee", "deal", "mai", code=4)
    assert "trustee nam, oanh has not joined yet" in early.stderr
    for name in ("nam", "oanh"):
        run("trustee", "join", name, *at)
    assert "this trustee has not dealt" in run("trustee", "confirm", "mai", code=4).stderr
    for _ in range(2):
        run("trustee", "deal", "mai")
    assert "trustee nam, oanh has not dealt yet" in run("trustee", "confirm", "mai", code=4).stderr
    for name in ("nam", "oanh"):
        run("trustee", "deal", name)
    early = run("election", "open", "official", "issuance", code=4)
    assert early.stderr.startswith("error: ")
    for name in ("mai", "nam", "oanh"):
        for _ in range(2):
            assert json.loads(run("trustee", "confirm", name, "--json").stdout) == {
                "id": name,
                "step": "confirm",
            }
    for _ in range(2):
        run("election", "open", "official", "issuance")
    status = json.loads(run("election", "status", "official", "--json").stdout)
    assert (status["phase"], status["entries"]) == ("issuance", 11)
    assert status["confirmed"] == {"done": 3, "needed": 3}
    assert "voting is not closed" in run("trustee", "decrypt", "mai", code=4).stderr
    assert "voting is not closed" in run("election", "publish", "official", code=4).stderr
    assert "voting is not open" in run("election", "close", "official", code=4).stderr


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (b"[]", "is no JSON object"),
        (b"\xff", "is not JSON"),
        (b"[" * 10_000, "is not JSON"),
        (b'{"a":' * 600 + b"1" + b"}" * 600, "is not JSON"),
        (b"{}", "draft.json"),
    ],
)
def test_drafts_that_are_none(run: Run, tmp_path: Path, change: bytes, says: str) -> None:
    run("board", "new", "board", "--origin", "example.org/chair")
    (tmp_path / "draft.json").write_bytes(change)
    made = run("election", "new", "official", "--draft", "draft.json", "--party", "board/public.json", code=1)
    assert says in made.stderr
    assert (
        "one board is needed, not 0"
        in run("election", "new", "official", "--draft", "draft.json", code=1).stderr
        or change != b"{}"
    )
    wrong = run("election", "new", "official", "--draft", "draft.json", "--party", "draft.json", code=1)
    assert wrong.stderr.startswith("error: ")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"quorumm": 2}, "draft.json: quorumm: there is no such member"),
        ({"quorum": None}, "draft.json: quorum: "),
        ({"contests": [{"kind": "raiting"}]}, "there is no kind raiting: there are 'rating', 'choice'"),
    ],
)
def test_what_is_wrong_with_a_draft_is_said_in_words(
    run: Run, tmp_path: Path, change: Any, says: str
) -> None:
    run("board", "new", "board", "--origin", "example.org/chair")
    run("trustee", "new", "mai", "--id", "mai")
    run("registrar", "new", "registrar", "--id", "registry")
    parties = [f"--party={name}/public.json" for name in ("board", "mai", "registrar")]
    (tmp_path / "draft.json").write_text(json.dumps({**DRAFT, **change}), encoding="utf-8")
    made = run("election", "new", "official", "--draft", "draft.json", *parties, code=1)
    assert says in made.stderr
    (tmp_path / "draft.json").write_text("{\n  nothing", encoding="utf-8")
    made = run("election", "new", "official", "--draft", "draft.json", *parties, code=1)
    assert "draft.json: line 2, column 3: is not JSON" in made.stderr


def test_a_draft_that_was_mended(run: Run, tmp_path: Path) -> None:
    """It is taken until the manifest was posted, and then never passed over in silence."""
    announced = prepare(run)
    draft = {**DRAFT, "labels": {"en": "Another"}}
    parties = [f"--party={name}/public.json" for name in ("board", "registrar", "mai", "nam", "oanh")]
    new = (
        "election",
        "new",
        "official",
        "--draft",
        "draft.json",
        "--board-passphrase-file",
        "pass",
        *parties,
    )
    settings = json.loads((tmp_path / "official" / "settings.json").read_bytes())
    assert settings.pop("posted") == "yes"
    (tmp_path / "draft.json").write_text(json.dumps(draft), encoding="utf-8")
    refused = run(*new, "--at", "board", code=1)
    assert "another election needs another directory" in refused.stderr
    (tmp_path / "draft.json").write_text(json.dumps(DRAFT), encoding="utf-8")
    assert "another election" in run(*new[:-1], "--at", "board", code=1).stderr
    assert announced in run(*new, "--at", "board").stdout
    # A board that has a manifest takes no other one.
    (tmp_path / "official" / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    (tmp_path / "draft.json").write_text(json.dumps(draft), encoding="utf-8")
    assert "has an election's manifest already" in run(*new, "--at", "board", code=1).stderr
    run("board", "new", "other", "--origin", "example.org/other")
    made = json.loads(
        run(*[one.replace("board/", "other/") for one in new], "--at", "other", "--json").stdout
    )
    assert made["election"] != announced
    status = json.loads(run("election", "status", "official", "--json").stdout)
    assert status["election"] == made["election"]


def test_fingerprints_are_what_two_people_compare(run: Run, tmp_path: Path) -> None:
    made = run("trustee", "new", "mai", "--id", "mai").stdout
    digest = hashlib.sha256((tmp_path / "mai" / "public.json").read_bytes()).hexdigest()
    printed = " ".join(digest[place : place + 4] for place in range(0, 64, 4))
    assert (
        made
        == f"trustee mai: give the authority mai/public.json, and read them its fingerprint:\n{printed}\n"
    )
    board = run("board", "new", "board", "--origin", "example.org/chair").stdout.splitlines()
    (tmp_path / "draft.json").write_text(json.dumps({**DRAFT, "quorum": 1}), encoding="utf-8")
    run("registrar", "new", "registrar", "--id", "registry")
    parties = [f"--party={name}/public.json" for name in ("board", "registrar", "mai")]
    told = run("election", "new", "official", "--draft", "draft.json", *parties).stdout.splitlines()
    assert f"{printed}  mai/public.json" in told
    assert f"{board[1]}  board/public.json" in told


def test_errors_for_programs(run: Run) -> None:
    prepare(run)
    refused = run("election", "open", "official", "voting", "--json", code=4)
    error = json.loads(refused.stderr)
    assert refused.stdout == ""
    assert error == {
        "error": "NotYetError",
        "message": "the phase is setup: voting cannot follow it",
        "item": None,
        "culprit": None,
    }
    for place in ("board:8000", "localhost:8000/x", "ftp://example.org/board"):
        refused = run("mixer", "new", "m", "--id", "m") if place == "board:8000" else refused
        wrong = run("mixer", "run", "m", "--at", place, "--election", "0" * 64, code=2)
        assert "a board's service is a URL with http:// or https://" in wrong.stderr


def test_no_terminal_to_ask_at(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "secretballot", "mixer", "new", str(tmp_path / "m"), "--id", "m"]
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True, timeout=60
    )
    assert ended.returncode == 2
    assert "there is no terminal to ask at: give --passphrase-file" in ended.stderr
    assert "Warning" not in ended.stderr


def test_a_port_that_is_taken(run: Run) -> None:
    run("board", "new", "board", "--origin", "example.org/chair")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run("serve", "board", "--port", str(port), code=1, board=False)
    assert refused.stderr.startswith(f"error: 127.0.0.1:{port}: cannot be listened at: ")


def test_stores_and_cosigners_of_a_board(run: Run) -> None:
    assert (
        "a store is sqlite" in run("board", "new", "b", "--origin", "x", "--store", "oracle", code=2).stderr
    )
    assert "error" in run("board", "new", "b", "--origin", "x", "--cosigner", "y", code=1).stderr
    assert "error" in run("board", "new", "b", "--origin", "no spaces", code=1).stderr


# From the roll to the record.

MIXED = {**DRAFT, "mixing_rounds": 2, "contests": [{**DRAFT["contests"][0], "tally": "both"}]}


def lose_memory(run: Run, home: str, *command: str) -> None:
    """Without its memory, a home does nothing that is done once, and makes none."""
    memory = Path(home, "memory")
    kept = memory.rename("kept")
    refused = run(*command, code=1)
    assert f"{home}/memory: the memory of what was done once is missing: restore it" in refused.stderr
    assert not memory.exists()
    kept.rename(memory)


def test_a_whole_election_in_directories(run: Run, tmp_path: Path) -> None:
    announced = prepare(run, MIXED)
    at = hold_ceremony(run, announced)
    codes = enroll(run, at)
    assert sorted(codes) == ["An", "Bình", "Chi"]
    assert stat.S_IMODE((tmp_path / "codes.csv").stat().st_mode) == 0o600
    assert "is on the roll already" in run("registrar", "roll", "registrar", "roll.txt", code=1).stderr
    assert (
        "not on the roll"
        in run(
            "registrar", "issue", "registrar", "Nobody", "an-requests/registry.request", "x", code=1
        ).stderr
    )
    assert (
        "signed for another voter"
        in run("registrar", "issue", "registrar", "Chi", "an-requests/registry.request", "x", code=1).stderr
    )
    early = run("voter", "cast", "an", "--choices", "chi.json", "--yes", code=4)
    assert "the phase is issuance, and not voting yet" in early.stderr
    for _ in range(2):
        registered = json.loads(run("registrar", "register", "registrar", "--json").stdout)
        assert registered == {"issued": 2, "voters": 3, "voted": 0}
    run("registrar", "close", "registrar")
    late = run("voter", "request", "chi", "--write", "chi-requests", *at)
    assert late.stdout
    closed = run("registrar", "issue", "registrar", "Chi", "chi-requests/registry.request", "x", code=1)
    assert "issuing is closed" in closed.stderr
    run("election", "open", "official", "voting")

    assert "no ballot was cast" in run("voter", "check", "an", code=4).stderr
    assert (
        "registry has not signed yet"
        in run("voter", "cast", "chi", "--choices", "chi.json", "--yes", code=1).stderr
    )
    for choices, says in (
        ('{"chair": "nobody"}', "contest chair"),
        ("{}", "contest chair: a selection is missing"),
        ("[]", "-: is no JSON object"),
        ("chair", "-: is not JSON"),
        ("[" * 10_000, "-: is not JSON"),
    ):
        refused = run("voter", "cast", "an", "--choices", "-", "--yes", code=1, given=choices, keys="pass")
        assert says in refused.stderr
        assert "nobody" not in refused.stderr
    opened = run("voter", "challenge", "an", "--choices", "dung.json")
    assert opened.stdout.startswith("opened, and does not count: ")
    Path("choices.json").write_text('{"chair": "chi"}', encoding="utf-8")
    cast = json.loads(run("voter", "cast", "an", "--choices", "choices.json", "--yes", "--json").stdout)
    assert json.loads(run("voter", "cast", "an", "--yes", "--json").stdout) == cast
    assert (
        "a ballot was cast before"
        in run("voter", "cast", "an", "--choices", "dung.json", "--yes", code=1).stderr
    )
    again = json.loads(
        run("voter", "cast", "an", "--again", "--yes", "--json", given="-\n", keys="pass").stdout
    )
    assert again["code"] != cast["code"]
    run("voter", "cast", "binh", "--choices", "dung.json", "--yes")
    checked = json.loads(run("voter", "check", "an", "--json").stdout)
    assert (checked["code"], checked["entry"]) == (again["code"], again["entry"])

    assert "voting is not closed" in run("mixer", "run", "phuc", *at, code=4).stderr
    lose_memory(run, "official", "election", "close", "official")
    shut = json.loads(run("election", "close", "official", "--json").stdout)
    assert json.loads(run("election", "close", "official", "--json").stdout) == shut
    assert shut["ballots"] == 2
    assert "0 of 2 rounds" in run("election", "publish", "official", code=4).stderr
    assert "0 of 2 rounds have been mixed" in run("trustee", "decrypt", "mai", code=4).stderr
    for name, said in (
        ("phuc", "has mixed"),
        ("quyen", "has mixed"),
        ("phuc", "has mixed"),
        ("sang", "is not needed"),
    ):
        assert said in run("mixer", "run", name, *at).stdout
    assert "0 of 2 trustees have decrypted" in run("election", "publish", "official", code=4).stderr
    lose_memory(run, "mai", "trustee", "decrypt", "mai")
    for name in ("mai", "oanh", "mai"):
        assert f"trustee {name} has decrypted" in run("trustee", "decrypt", name).stdout
    refused = run("election", "publish", "official", code=1)
    assert "publish it with --accept" in refused.stderr
    assert "Dung" in refused.stdout
    published = run("election", "publish", "official", "--accept")
    assert "Dung" in published.stdout
    assert "warning: all but one voted alike" in published.stderr
    assert json.loads(run("election", "publish", "official", "--json").stdout)["collected"] == 2
    status = json.loads(run("election", "status", "official", "--json").stdout)
    assert (status["phase"], status["sealed"]) == ("closed", True)
    assert [status[one] for one in ("rounds", "decrypted")] == [{"done": 2, "needed": 2}] * 2
    told = run("election", "status", "official").stdout
    assert re.search(r"^sealed +yes$", told, re.M)
    assert re.search(r"^rounds +2 of 2$", told, re.M)

    exported = run(
        "board", "export", "board", "record", "--election", announced, "--board-passphrase-file", "pass"
    )
    assert "record: " in exported.stdout
    verified = CliRunner().invoke(main, ["verify", "record", "--election", announced])
    assert verified.exit_code == 0, verified.output
    assert (
        "is not empty"
        in run(
            "board",
            "export",
            "board",
            "record",
            "--election",
            announced,
            "--board-passphrase-file",
            "pass",
            code=1,
        ).stderr
    )


def test_log_and_register_in_a_database(
    run: Run, tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"postgresql://{USER}@127.0.0.1:{postgres.port}/postgres"
    for wrong, says in (
        (f"postgresql://{USER}:hush-hush@127.0.0.1:{postgres.port}/postgres", "put it into ~/.pgpass"),
        (f"{address}?password=hush-hush", "put it into ~/.pgpass"),
        (f"{address}?hush-hush", "cannot be read"),
    ):
        for role in (("board", "--origin", "example.org/chair"), ("registrar", "--id", "registry")):
            refused = run(role[0], "new", "x", *role[1:], "--store", wrong, code=1)
            assert says in refused.stderr
            assert "hush-hush" not in refused.output
    assert "has a schema" in run("registrar", "new", "x", "--id", "x", "--schema", "y", code=1).stderr
    assert (
        "a store is sqlite, files" in run("board", "new", "x", "--origin", "x", "--store", "y", code=2).stderr
    )
    assert (
        "a store is sqlite, or"
        in run("registrar", "new", "x", "--id", "x", "--store", "files", code=2).stderr
    )
    assert not (tmp_path / "x").exists()

    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    log, register = postgres.schema(), postgres.schema()
    announced = prepare(
        run, store=("--store", address, "--schema", log), register=("--store", address, "--schema", register)
    )
    enroll(run, hold_ceremony(run, announced))
    registered = json.loads(run("registrar", "register", "registrar", "--json").stdout)
    assert registered == {"issued": 2, "voters": 3, "voted": 0}
    for home in ("board", "registrar"):
        assert PASSWORD not in "".join(path.read_text("latin-1") for path in (tmp_path / home).iterdir())
        assert not list((tmp_path / home).glob("*.sqlite"))
    with PostgresRegister(postgres.conninfo(), schema=register, create=False) as kept:
        assert kept.count() == 2
    with PostgresStore(postgres.conninfo(), schema=log, create=False) as store:
        assert store.size() == json.loads(run("election", "status", "official", "--json").stdout)["entries"]


def test_what_a_voter_is_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code is shown before the device knows whether the ballot is to be opened."""
    announced = prepare(run)
    at = hold_ceremony(run, announced)
    enroll(run, at)
    run("registrar", "register", "registrar")
    run("election", "open", "official", "voting")
    arguments = ["voter", "cast", "an", "--choices", "chi.json"]
    options = ["--passphrase-file", "pass", "--board-passphrase-file", "pass"]
    opened = CliRunner().invoke(main, [*arguments, *options], input="y\n")
    assert opened.exit_code == 0
    shown = opened.stderr.split("confirmation code: ")[1].split()[0]
    assert opened.stdout == f"opened, and does not count: {shown}\n"
    cast = CliRunner().invoke(main, [*arguments, *options], input="n\n")
    assert cast.exit_code == 0
    shown = cast.stderr.split("confirmation code: ")[1].split()[0]
    assert cast.stdout == f"cast: {shown}\n"


def test_a_board_that_goes_back(run: Run, tmp_path: Path) -> None:
    """The board does not go on from an older copy of its log; and a trustee that has seen more is not shown it."""
    announced = prepare(run)
    at = ("--at", "board", "--election", announced)
    before = (tmp_path / "board" / "board.sqlite").read_bytes()
    for name in ("mai", "nam", "mai"):
        run("trustee", "join", name, *at)
    (tmp_path / "board" / "board.sqlite").write_bytes(before)
    for name in ("board.sqlite-wal", "board.sqlite-shm"):
        (tmp_path / "board" / name).unlink(missing_ok=True)
    refused = run("trustee", "join", "mai", code=1)
    assert "the store is an older copy, or another one: the store has lost entries" in refused.stderr
    (tmp_path / "board" / "signed").unlink()
    refused = run("trustee", "join", "mai", code=1)
    assert refused.stderr.startswith("error: ")
    assert "older copy" not in refused.stderr


@pytest.mark.parametrize("store", ["sqlite", "files"])
def test_a_board_without_its_log_is_no_new_board(run: Run, tmp_path: Path, store: str) -> None:
    announced = prepare(run, store=("--store", store))
    at = ("--at", "board", "--election", announced)
    name = {"sqlite": "board.sqlite", "files": "store"}[store]
    (tmp_path / "board" / name).rename(tmp_path / "gone")
    for command in (("trustee", "join", "mai", *at), ("serve", "board", "--port", "0")):
        refused = run(*command, code=1, board=command[0] == "trustee")
        assert f"board/{name}: is missing, and no board goes on without it" in refused.stderr
    assert not (tmp_path / "board" / name).exists()
    # Nor from an empty one in its place.
    with (SQLiteStore if store == "sqlite" else FilesStore)(tmp_path / "board" / name):
        pass
    refused = run("trustee", "join", "mai", *at, code=1)
    assert "the store is an older copy, or another one" in refused.stderr
    for extra in tmp_path.glob(f"board/{name}*"):
        shutil.rmtree(extra) if extra.is_dir() else extra.unlink()
    (tmp_path / "gone").rename(tmp_path / "board" / name)
    run("trustee", "join", "mai", *at)
    (tmp_path / "registrar" / "register.sqlite").unlink()
    refused = run("registrar", "register", "registrar", *at, code=1)
    assert "register.sqlite: is missing, and no registrar goes on without it" in refused.stderr


def test_a_register_that_is_an_older_copy(run: Run, tmp_path: Path) -> None:
    """It would sign for a voter who has a credential: nothing is issued from it, and the audit says why."""
    announced = prepare(run)
    at = hold_ceremony(run, announced)
    before = tmp_path / "before"
    run("registrar", "register", "registrar", *at)
    shutil.copytree(tmp_path / "registrar", before)
    enroll(run, at)
    run("registrar", "register", "registrar")
    shutil.rmtree(tmp_path / "registrar")
    shutil.copytree(before, tmp_path / "registrar")
    Path("more.txt").write_text("Dao\n", encoding="utf-8")
    for command in (
        ("register", "registrar"),
        ("close", "registrar"),
        ("issue", "registrar", "Chi", "an-requests/registry.request", "answer"),
        ("roll", "registrar", "more.txt"),
    ):
        refused = run("registrar", *command, code=1)
        assert "it is an older copy, or another's" in refused.stderr
    assert not Path("answer").exists()


def test_a_trustee_whose_state_is_lost(run: Run, tmp_path: Path) -> None:
    announced = prepare(run)
    run("trustee", "join", "mai", "--at", "board", "--election", announced)
    (tmp_path / "mai" / "ceremony.key").unlink()
    assert "what it is of is lost" in run("trustee", "join", "mai", code=1).stderr
    assert not (tmp_path / "mai" / "ceremony.key").exists()
