"""``secretballot verify --html --junit``: the files, whatever the verdict; and the exit code, whatever the files."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from click.testing import CliRunner, Result

from secretballot import verify_record, write_record
from secretballot.board import ElectionRecord
from secretballot.cli import documents, main
from secretballot.report.schemas import schemas

from ..support import elections
from ..support.pages import Structure

Finished = elections.Finished


@pytest.fixture(scope="module")
def record(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return elections.store_board(finished).export(str(tmp_path_factory.mktemp("documents") / "record")).path


def verify(record: Path, *options: object, code: int) -> Result:
    result = CliRunner().invoke(main, ["verify", str(record), *map(str, options)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def changed(record: Path, folder: Path, lines: list[bytes]) -> Path:
    return write_record(folder, lines, ElectionRecord(record).checkpoint().decode()).path


def test_both_files_beside_the_text(record: Path, tmp_path: Path, finished: Finished) -> None:
    page, junit = tmp_path / "report.html", tmp_path / "report.xml"
    announced = finished.simulation.election.id.hex()
    result = verify(record, "--html", page, "--junit", junit, "--election", announced, code=0)
    assert "VERIFIED" in result.stdout
    shown = Structure(page.read_bytes())
    assert shown.text_of("verdict-title") == "Verified"
    assert f"the election id {announced}, as announced" in shown.text_of("subject")
    assert "Trustee 1" in shown.text_of("parties")
    assert ElementTree.parse(junit).getroot().attrib["failures"] == "0"  # noqa: S314 - our own
    assert stat.S_IMODE(page.stat().st_mode) == stat.S_IMODE(junit.stat().st_mode) == 0o644
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.xml"]


@pytest.mark.parametrize(("language", "verdict"), [("en", "Failed"), ("vi", "Không đạt")])
def test_a_failed_record_has_its_page(record: Path, tmp_path: Path, language: str, verdict: str) -> None:
    """It replaces the page of a good one, and the text is printed as without it."""
    page, junit = tmp_path / "report.html", tmp_path / "report.xml"
    verify(record, "--html", page, code=0)
    lines = list(ElectionRecord(record).entries())
    bad = changed(
        record, tmp_path / "bad", [*lines[:-1], lines[-1].replace(b'"collected":4', b'"collected":5')]
    )
    result = verify(bad, "--html", page, "--lang", language, "--junit", junit, code=1)
    assert Structure(page.read_bytes()).text_of("verdict-title") == verdict
    assert int(ElementTree.parse(junit).getroot().attrib["failures"]) > 0  # noqa: S314 - our own
    assert result.stdout == verify(bad, code=1).stdout


def test_an_open_election_and_garbage(record: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    garbage = write_record(tmp_path / "garbage", [b"x"], "y").path
    verify(garbage, "--html", page, code=1)
    assert Structure(page.read_bytes()).text_of("verdict-title") == "Failed"
    page.unlink()
    verify(tmp_path, "--html", page, code=3)
    assert not page.exists()


def test_every_verdict_fits_the_published_schema(record: Path, tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schemas()["report.schema.json"])
    lines = list(ElectionRecord(record).entries())
    forged = changed(record, tmp_path / "forged", [*lines[:-1], lines[-1].replace(b"4", b"5")])
    garbage = write_record(tmp_path / "garbage", [b"x"], "y").path
    for folder, code in ((record, 0), (forged, 1), (garbage, 1)):
        report = json.loads(verify(folder, "--json", code=code).stdout)
        validator.validate(report)
        assert not validator.is_valid(report | {"verdict": "fine"})


def test_json_is_printed_beside_the_files(record: Path, tmp_path: Path) -> None:
    result = verify(record, "--json", "--html", tmp_path / "report.html", code=0)
    assert result.stdout.encode() == verify_record(record).to_body() + b"\n"


def test_what_cannot_be_written_is_said_before_the_work(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: Any, **options: Any) -> None:
        raise AssertionError("the record was verified")

    command = importlib.import_module("secretballot.cli.verify")  # The package's name is the command's.
    monkeypatch.setattr(command, "verify_with_progress", never)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, target in (("link", record / "checkpoint"), ("away", "victim"), ("loop", "loop")):
        (tmp_path / name).symlink_to(target)
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "pin").write_bytes((record / "checkpoint").read_bytes())
    page = tmp_path / "page.html"
    for options in (
        ("--html", tmp_path / "folder"),
        ("--html", tmp_path / "pipe"),
        ("--junit", tmp_path / "none" / "report.xml"),
        ("--html", record / "entries.jsonl"),
        ("--html", record / "report.html"),
        ("--junit", tmp_path / "link"),
        ("--html", page, "--junit", page),
        ("--html", page, "--lang", "fr"),
        ("--junit", page, "--lang", "vi"),
        ("--lang", "en"),
        ("--html", tmp_path / "away"),
        ("--html", tmp_path / "loop"),
        ("--html", tmp_path / "loop" / "page.html"),
        ("--html", tmp_path / ("a" * 300)),
        ("--html", tmp_path / "folder" / ".." / "pin", "--checkpoint", tmp_path / "pin"),
    ):
        result = verify(record, *options, code=2)
        assert len(result.stderr.splitlines()) < 8
    names = ["away", "folder", "link", "loop", "pin", "pipe", "victim"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert (tmp_path / "victim").read_text() == "precious"


def test_a_record_whose_files_are_links(record: Path, tmp_path: Path) -> None:
    """They are kept elsewhere, as stores that know files by their digests do it: there too they stay as they are."""
    kept, linked = tmp_path / "kept", tmp_path / "linked"
    shutil.copytree(record, kept)
    linked.mkdir()
    (kept / "attachments").mkdir()
    (kept / "attachments" / "a").write_text("x")
    for path in kept.iterdir():
        (linked / path.name).symlink_to(path)
    before = {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()}
    for path in before:
        for option in ("--html", "--junit"):
            assert "is a file of the record" in verify(linked, option, path, code=2).stderr
    assert {path: path.read_bytes() for path in before} == before
    verify(linked, "--html", kept / "report.html", code=0)


def test_the_other_file_is_written_where_one_cannot_be(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device", "report.html")

    monkeypatch.setattr(documents, "render_page", fail)
    verify(record, "--html", tmp_path / "report.html", "--junit", tmp_path / "report.xml", code=1)
    assert [path.name for path in tmp_path.iterdir()] == ["report.xml"]


def test_the_report_is_printed_where_the_disk_fails(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device", "report.html")

    monkeypatch.setattr(documents, "write_file", full)
    result = verify(record, "--html", tmp_path / "report.html", code=1)
    assert "VERIFIED" in result.stdout
    assert result.stderr.splitlines()[-1] == "error: report.html: No space left on device"
    assert not list(tmp_path.iterdir())
