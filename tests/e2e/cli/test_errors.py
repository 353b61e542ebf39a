"""Commands on garbage, on what is not theirs, and as processes that are cut short."""

from __future__ import annotations

import importlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from secretballot.cli import main
from secretballot.cli.progress import Stages
from secretballot.cli.terminal import Terminal, _let_go
from secretballot.errors import BoardError, TallyError
from secretballot.testing import Simulation
from secretballot.verify import Report

from .shared import SOME_CODE, run, small_contest

#: Every command that reads a record.
READERS = ("verify", "show", "check-code")


def read(command: str, record: Path) -> Result:
    return run(command, record, *([SOME_CODE] if command == "check-code" else []))


def _line(data: bytes) -> Callable[[Path], None]:
    return lambda path: (path / "entries.jsonl").write_bytes(data) and None


#: What may stand in a record's place: how it is made, and the exit codes of verify and show.
GARBAGE: dict[str, tuple[Callable[[Path], object], int, int]] = {
    "random bytes": (_line(bytes(range(256)) * 50), 1, 3),
    "invalid UTF-8": (_line(b'{"body":{"record":"secretballot/1/manifest","x":"\xff\xfe"}}\n' * 3), 1, 3),
    "a huge line": (_line(b"x" * (9 * 2**20)), 1, 3),
    "empty lines": (_line(b"\n" * 100), 1, 3),
    "no entries": (_line(b""), 1, 3),
    "deep nesting": (_line(b'{"body":' * 100_000 + b"\n"), 1, 3),
    "a control character": (_line(b"\x1b]0;x\x07\n"), 1, 3),
    "a garbage checkpoint": (lambda path: (path / "checkpoint").write_bytes(b"\xff\x00" * 99), 1, 0),
    "an empty checkpoint": (lambda path: (path / "checkpoint").write_bytes(b""), 1, 0),
    "a huge checkpoint": (lambda path: (path / "checkpoint").write_bytes(b"x" * 2_000_000), 1, 0),
}


class TestGarbage:
    @pytest.mark.parametrize("name", GARBAGE)
    def test_contents(self, copy: Path, name: str) -> None:
        make, verified, shown = GARBAGE[name]
        make(copy)
        verify = run("verify", copy)
        assert verify.exit_code == verified, verify.output
        assert Report.from_body(run("verify", copy, "--json").stdout.strip().encode())
        show = run("show", copy)
        assert show.exit_code == shown, show.output
        garbled = name != "no entries" and "checkpoint" not in name
        assert read("check-code", copy).exit_code == (4 if garbled else 1)
        for result in (verify, show):
            assert "\x1b" not in result.output
            assert "\x07" not in result.output

    @pytest.mark.parametrize("command", READERS)
    @pytest.mark.parametrize(
        "place", ["missing", "empty", "file", "no checkpoint", "directory as entries", "\udcff"]
    )
    def test_no_record(self, copy: Path, command: str, place: str) -> None:
        folder = copy / place
        if place == "empty":
            folder.mkdir()
        elif place == "file":
            folder.write_bytes(b"x")
        elif place == "no checkpoint":
            folder = copy
            (copy / "checkpoint").unlink()
        elif place == "directory as entries":
            folder = copy
            (copy / "entries.jsonl").unlink()
            (copy / "entries.jsonl").mkdir()
        result = read(command, folder)
        assert result.exit_code == 3, result.output
        assert result.stderr.startswith("error: ")
        assert len(result.stderr.splitlines()) == 1
        assert not result.stdout

    def test_a_place_that_may_not_be_read(self, monkeypatch: pytest.MonkeyPatch, record: Path) -> None:
        def forbidden(self: Path) -> bool:
            raise PermissionError(13, "Permission denied", str(self))

        monkeypatch.setattr(Path, "is_file", forbidden)
        result = run("verify", record)
        assert result.exit_code == 3
        assert "Permission denied" in result.stderr

    def test_labels_cannot_move_the_cursor(self, tmp_path: Path) -> None:
        simulation = Simulation(
            [small_contest()], roll_size=1, labels={"vi": "bầu \x1b[2J\u202ecử\nVERIFIED [red]x"}
        )
        simulation.export(str(tmp_path / "record"))
        for command in ("show", "verify"):
            output = run(command, tmp_path / "record").stdout
            assert "bầu �[2J�cử�VERIFIED [red]x" in output


class TestBoundary:
    @pytest.mark.parametrize(
        ("error", "code", "says"),
        [
            (ValueError("secret detail"), 1, "error: internal error: ValueError; please report it\n"),
            (MemoryError(), 1, "error: internal error: MemoryError; please report it\n"),
            (KeyboardInterrupt(), 130, "error: interrupted\n"),
            (OSError(28, "No space left on device", "disk"), 1, "error: disk: No space left on device\n"),
            (OSError("odd"), 1, "error: OSError\n"),
            (BrokenPipeError(), 141, ""),
            (BoardError("a\nb\x1b", item="entry 3"), 1, "error: entry 3: a�b�\n"),
            (TallyError("wrong", culprit="trustee 2"), 1, "error: wrong (fault of trustee 2)\n"),
        ],
    )
    def test_one_line_each(
        self, monkeypatch: pytest.MonkeyPatch, record: Path, error: BaseException, code: int, says: str
    ) -> None:
        def fails(*_: object) -> None:
            raise error

        monkeypatch.setattr(importlib.import_module("secretballot.cli.show"), "read_contents", fails)
        result = run("show", record)
        assert (result.exit_code, result.stdout) == (code, "")
        assert result.stderr == says

    def test_nobody_reads_stderr(self, monkeypatch: pytest.MonkeyPatch, record: Path) -> None:
        def closed(*_: object, **__: object) -> None:
            raise BrokenPipeError

        monkeypatch.setattr("click.echo", closed)
        assert run("show", record / "missing").exit_code == 3

    def test_a_closed_pipe_is_let_go(self) -> None:
        with pytest.raises(BrokenPipeError):
            Terminal().on_broken_pipe()
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as stream:
            stream.write("never read")
            _let_go(stream)
            stream.write("nor this")

    def test_streams_of_other_kinds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdout", io.StringIO())
        main(["info"], standalone_mode=False)
        assert "Python" in sys.stdout.getvalue()  # type: ignore[attr-defined]

    def test_bars_on_a_terminal(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
        with Stages() as stages:
            with stages.stage("counting", 2) as step:
                step()
                stages.step()
            stages.step()
        Terminal().show("done")
        captured = capsys.readouterr()
        assert "counting" in captured.err
        assert "2/2" in captured.err
        assert captured.out == "done\n"
        assert set(stages.seconds) == {"counting"}

    def test_without_unicode(self, record: Path) -> None:
        for arguments in (["verify", str(record)], ["demo", "--voters", "1"]):
            result = CliRunner(charset="ascii").invoke(main, arguments)
            assert result.exit_code == 0
            assert "high confidence" in " ".join(result.stdout.split())
            assert "nguyen-hong-linh" in result.stdout
            assert result.stdout.isascii()


def test_an_interrupt_while_commands_are_imported() -> None:
    script = """
import sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "secretballot.cli.demo":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
import secretballot.cli
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n")


@pytest.fixture
def process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from secretballot.cli import main; main()", *map(str, arguments)]
        environment = {**os.environ, "PYTHONUTF8": "1"}
        environment.pop("FORCE_COLOR", None)
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        started.append(subprocess.Popen(command, text=True, encoding="utf-8", env=environment, **options))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


class TestProcess:
    def test_an_unknown_backend_is_usage(
        self, process: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch, record: Path
    ) -> None:
        monkeypatch.setenv("SECRETBALLOT_BACKEND", "fastest")
        for arguments in (["info"], ["verify", record]):
            one = process(*arguments)
            out, err = one.communicate(timeout=60)
            assert (one.returncode, out) == (2, "")
            assert err == "error: SECRETBALLOT_BACKEND is auto, native or reference, not 'fastest'\n"

    def test_the_same_as_in_process(
        self, process: Callable[..., subprocess.Popen[str]], record: Path
    ) -> None:
        one = process("show", record)
        out, err = one.communicate(timeout=60)
        assert (one.returncode, err) == (0, "")
        assert out == run("show", record).stdout

    def test_a_closed_pipe_is_no_traceback(
        self, process: Callable[..., subprocess.Popen[str]], record: Path
    ) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        one = process("show", record, stdout=writing)
        os.close(writing)
        _, err = one.communicate(timeout=60)
        assert (one.returncode, err) == (141, "")

    def test_no_standard_output_at_all(self, record: Path) -> None:
        for arguments in (["verify", str(record), "--json"], ["info"]):
            command = [sys.executable, "-m", "secretballot", *arguments]
            ended = subprocess.run(
                ["sh", "-c", 'exec "$@" >&-', "sh", *command],
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
                check=False,
            )
            assert ended.returncode == 0
            assert "Error" not in ended.stderr

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
    def test_a_full_disk_is_no_traceback(
        self, process: Callable[..., subprocess.Popen[str]], record: Path
    ) -> None:
        with Path("/dev/full").open("w") as full:
            one = process("show", record, stdout=full)
            _, err = one.communicate(timeout=60)
        assert one.returncode == 1
        assert err == "error: No space left on device\n"
