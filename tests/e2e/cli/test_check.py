"""Receipts and confirmation codes are looked for in a record; and info."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from secretballot.ballot import format_code
from secretballot.ballot.records import code_of, confirmation_code
from secretballot.crypto.group import backend, ristretto255
from secretballot.crypto.signing import SigningKey
from secretballot.records import sign_body
from secretballot.testing import Simulation

from .shared import SOME_CODE, ballots, checks_nothing_is_cut, entries, run, small_contest


class TestCheckReceipt:
    @pytest.fixture
    def receipts(self, tmp_path: Path) -> Path:
        """A record, and in files beside it the receipts of its entries."""
        simulation = Simulation([small_contest()], roll_size=2)
        simulation.hold_ceremony()
        simulation.issue(2)
        entries = [
            simulation.seal(0, {"small": {"a": "high"}}).cast(),
            simulation.seal(1, {"small": {"a": "low"}}).challenge(),
        ]
        for place, entry in enumerate(entries):
            (tmp_path / f"{place}.txt").write_text(simulation.board.submit(entry))
        first = simulation.board.receipt(next(iter(simulation.store.entries())))
        (tmp_path / "first.txt").write_text(first)
        simulation.export(str(tmp_path / "record"))
        codes = [format_code(confirmation_code(entry)) for entry in entries]
        (tmp_path / "codes").write_text(" ".join(codes))
        return tmp_path

    def test_kept(self, receipts: Path) -> None:
        codes = (receipts / "codes").read_text().split()
        place = ballots(receipts / "record")[0][0]
        result = run("check-receipt", receipts / "record", receipts / "0.txt")
        assert result.exit_code == 0
        assert result.stdout == f"kept: entry {place}, of the kind ballot\n{codes[0]}\n"
        result = run("check-receipt", receipts / "record", receipts / "1.txt")
        assert result.stdout == f"kept: entry {place + 1}, of the kind challenged-ballot\n{codes[1]}\n"
        result = run("check-receipt", receipts / "record", receipts / "first.txt")
        assert result.stdout == "kept: entry 0, of the kind manifest\n"

    def test_not_kept(self, receipts: Path) -> None:
        entries = receipts / "record" / "entries.jsonl"
        lines = entries.read_bytes().splitlines(keepends=True)
        entries.write_bytes(b"".join(lines[:-2] + lines[-1:]))
        result = run("check-receipt", receipts / "record", receipts / "0.txt")
        assert result.exit_code == 1
        assert result.stdout.startswith("NOT KEPT: the record's first")
        assert result.stderr == ""

    @pytest.mark.parametrize(
        "data", [b"", b"garbage", b"\xff" * 100, b"c2sp.org/tlog-proof@v1\nindex \x1b[31m\n\n"]
    )
    def test_no_receipt(self, receipts: Path, data: bytes) -> None:
        (receipts / "none.txt").write_bytes(data)
        result = run("check-receipt", receipts / "record", receipts / "none.txt")
        assert result.exit_code == 1
        assert result.stdout.startswith("NOT KEPT: ")
        assert "\x1b" not in result.stdout
        assert result.stdout.count("\n") == 1

    def test_a_garbled_manifest_breaks_no_promise(self, receipts: Path) -> None:
        lines = (receipts / "record" / "entries.jsonl").read_bytes()
        (receipts / "record" / "entries.jsonl").write_bytes(lines.replace(b"manifest", b"manifesT", 1))
        result = run("check-receipt", receipts / "record", receipts / "0.txt")
        assert result.exit_code == 3
        assert result.stdout == ""
        assert "entry 0: has no readable manifest" in result.stderr

    def test_files_that_are_not_there(self, receipts: Path) -> None:
        assert run("check-receipt", receipts / "record", receipts / "absent.txt").exit_code == 2
        assert run("check-receipt", receipts / "absent", receipts / "0.txt").exit_code == 3
        (receipts / "record" / "entries.jsonl").write_bytes(b"")
        assert run("check-receipt", receipts / "record", receipts / "0.txt").exit_code == 3


class TestCheckCode:
    def test_cast_and_challenged(self, record: Path) -> None:
        place, body = ballots(record)[2]
        code = format_code(code_of(body))
        for typed in (code, code.lower(), code.replace("-", " ")):
            result = run("check-code", record, typed)
            assert result.exit_code == 0
            assert result.stdout.splitlines()[:2] == [code, f"cast, as entry {place}, and counted"]
            assert result.stdout.splitlines()[2].startswith("NOT VERIFIED: ")
        place, body = ballots(record, "challenged-ballot")[0]
        opened = json.loads(body)["ballot"].encode()
        result = run("check-code", record, format_code(code_of(opened)))
        assert result.exit_code == 0
        assert f"challenged: entry {place} opens this ballot" in result.stdout

    @pytest.mark.parametrize("revoting", ["last", "first"])
    def test_replaced(self, tmp_path: Path, revoting: str) -> None:
        simulation = Simulation([small_contest()], roll_size=1, revoting=revoting)
        simulation.hold_ceremony()
        simulation.issue(1)
        for level in ("high", "low", "low"):
            simulation.board.submit(simulation.seal(0, {"small": {"a": level}}).cast())
        simulation.export(str(tmp_path / "record"))
        cast = ballots(tmp_path / "record")
        counts = cast[-1] if revoting == "last" else cast[0]
        for place, body in cast:
            result = run("check-code", tmp_path / "record", format_code(code_of(body)))
            assert result.exit_code == 0
            if place != counts[0] and revoting == "last":
                fate = f", and replaced: the same credential's entry {counts[0]} counts"
            elif place != counts[0]:
                fate = f", but does not count: the same credential's entry {counts[0]} does"
            elif revoting == "last":
                fate = ", and counted so far: voting is open"
            else:
                fate = ", and to be counted: there is no result yet"
            assert result.stdout.splitlines()[1] == f"cast, as entry {place}{fate}"

    def test_not_counted_before_there_is_a_result(self, copy: Path) -> None:
        place, body = ballots(copy)[2]
        lines = entries(copy)
        for stop, fate in (
            (len(lines), "counted"),
            (len(lines) - 1, "to be counted: there is no result yet"),
            (place + 1, "counted so far: voting is open"),
        ):
            (copy / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines[:stop]))
            result = run("check-code", copy, format_code(code_of(body)))
            assert result.stdout.splitlines()[1] == f"cast, as entry {place}, and {fate}"

    @pytest.mark.parametrize("fault", ["election", "late", "early", "unsigned", "replaced"])
    def test_a_ballot_against_the_rules_is_not_called_counted(self, copy: Path, fault: str) -> None:
        def changed(member: bytes) -> bytes:
            """The body with the first letter of that member another one."""
            at = body.index(member) + len(member)
            return body[:at] + (b"B" if body[at : at + 1] == b"A" else b"A") + body[at + 1 :]

        lines, stranger = entries(copy), SigningKey.generate()
        place, body = ballots(copy)[2]
        code = format_code(code_of(body))
        neighbour = format_code(code_of(ballots(copy)[1][1]))
        match fault:
            case "election":
                code, says = format_code(code_of(changed(b'"election":"'))), "is not of this election"
                lines[place] = sign_body(changed(b'"election":"'), stranger)
            case "late":
                lines.append(lines.pop(place))
                place, says = len(lines) - 1, "was cast when voting was not open"
            case "early":
                lines.insert(1, lines.pop(place))
                place, says = 1, "was cast when voting was not open"
            case "unsigned":
                lines[place], says = sign_body(body, stranger), "is not signed by its ballot key"
            case _:
                lines.insert(place + 1, sign_body(changed(b'"proof":"'), stranger))
                says = "is not signed by its ballot key"
        (copy / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        result = run("check-code", copy, code)
        assert result.exit_code == 1
        assert result.stdout.splitlines()[1] == f"cast, as entry {place}; whether it counts is open"
        named = place + (fault == "replaced")
        said = " ".join(result.stdout.split())
        assert f"Warning: entry {named} {says}, so that the record does not verify" in said
        told = json.loads(run("check-code", copy, code, "--json").stdout)
        assert told["fate"] == "open"
        assert f"entry {named} {says}" in told["broken"]
        # Other credentials' ballots are not concerned.
        assert run("check-code", copy, neighbour).exit_code == 0

    def test_a_first_ballot_against_the_rules_replaces_nothing(self, tmp_path: Path) -> None:
        """The board puts one of its own making before the voter's."""
        simulation = Simulation([small_contest()], roll_size=1, revoting="first")
        simulation.hold_ceremony()
        simulation.issue(1)
        for level in ("high", "low"):
            simulation.board.submit(simulation.seal(0, {"small": {"a": level}}).cast())
        simulation.export(str(tmp_path / "record"))
        (place, first), (_, second) = ballots(tmp_path / "record")
        lines = entries(tmp_path / "record")
        lines[place] = sign_body(first, SigningKey.generate())
        (tmp_path / "record" / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        result = run("check-code", tmp_path / "record", format_code(code_of(second)))
        assert result.exit_code == 1
        assert f"Warning: entry {place} is not signed by its ballot key" in result.stdout
        assert "does not count" not in result.stdout

    @pytest.mark.parametrize("other", ["ballot", "challenged-ballot"])
    def test_there_twice(self, copy: Path, other: str) -> None:
        """A record that has one ballot twice does not verify; it is not said to be replaced by itself."""
        place, body = ballots(copy, other)[0]
        code = format_code(code_of(json.loads(body)["ballot"].encode() if other != "ballot" else body))
        lines = entries(copy)
        lines.insert(place + 1, lines[place])
        (copy / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        result = run("check-code", copy, code)
        assert result.exit_code == 0
        fate = f"cast, as entry {place}, and counted" if other == "ballot" else "challenged: "
        assert result.stdout.splitlines()[1].startswith(fate)
        assert f"Warning: entry {place + 1} is this ballot again" in result.stdout

    def test_not_found(self, record: Path) -> None:
        result = run("check-code", record, SOME_CODE)
        assert result.exit_code == 1
        assert "not found" in result.stdout

    def test_concludes_nothing_from_what_it_cannot_read(self, copy: Path) -> None:
        place, body = ballots(copy)[2]
        code = format_code(code_of(body))
        lines = entries(copy)
        lines.append(b"garbage")
        (copy / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        result = run("check-code", copy, code)
        assert result.exit_code == 0
        assert f"cast, as entry {place}" in result.stdout
        assert "Warning: 1 entry cannot be read" in result.stdout
        lines[place] = lines[place][:-1]
        (copy / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        result = run("check-code", copy, code)
        assert result.exit_code == 4
        assert "not found among the entries that can be read" in result.stdout
        assert "Warning: 2 entries cannot be read" in result.stdout

    @pytest.mark.parametrize("code", ["", "AAAA", SOME_CODE + "A", SOME_CODE.replace("A", "1"), "é" * 32])
    def test_no_code_at_all_is_usage(self, record: Path, code: str) -> None:
        result = run("check-code", record, code)
        assert result.exit_code == 2
        assert "confirmation code" in result.stderr


class TestInfo:
    def test_says_what_it_computes_with(self) -> None:
        result = run("info")
        assert result.exit_code == 0
        time = "constant" if ristretto255.constant_time else "variable"
        assert f"ristretto255, {backend.name} backend, {time} time" in result.stdout
        assert backend.reason in " ".join(result.stdout.split())
        checks_nothing_is_cut(result.stdout)

    def test_says_what_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = importlib.import_module("secretballot.cli.info")
        monkeypatch.setattr(module, "constant_time_backend", lambda: False)
        monkeypatch.setattr(module, "_LIBRARIES", ("secretballot-no-such-library",))
        result = run("info")
        assert "gmpy2 is missing" in result.stdout
        assert "pip install gmpy2\n" in result.stdout
        assert "not installed" in result.stdout

    def test_warns_of_variable_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = importlib.import_module("secretballot.cli.info")
        monkeypatch.setattr(type(module.ristretto255), "constant_time", False)
        assert "its time depends on secrets" in " ".join(run("info").stdout.split())

    def test_no_warning_without_cause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = importlib.import_module("secretballot.cli.info")
        monkeypatch.setattr(module, "constant_time_backend", lambda: True)
        monkeypatch.setattr(type(module.ristretto255), "constant_time", True)
        result = run("info")
        assert "constant time" in result.stdout
        assert "Warning" not in result.stdout

    def test_version_and_help(self) -> None:
        assert run("--version").stdout.startswith("secretballot, version ")
        listed = run("--help").stdout
        assert all(command in listed for command in ("check-code", "demo", "info", "show", "verify"))
