"""Commands in this process, and what records they are given."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from secretballot import Option, RatingContest, confidence_levels
from secretballot.board import ElectionRecord
from secretballot.cli import main
from secretballot.records import parse_entry

VOTERS = 5
SOME_CODE = "-".join(["AAAA"] * 8)


def run(*arguments: object) -> Result:
    """A command in this process; no exception but SystemExit may come out of it."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.stdout + result.stderr
    return result


def small_contest() -> RatingContest:
    return RatingContest(
        id="small",
        labels={"en": "Small"},
        options=(Option(id="a", labels={"vi": "Ất"}),),
        base="collected",
        rules=(),
        levels=confidence_levels(),
        allow_blank=False,
    )


def entries(folder: Path) -> list[bytes]:
    return list(ElectionRecord(folder).entries())


def ballots(folder: Path, kind: str = "ballot") -> list[tuple[int, bytes]]:
    """The place and the body of each ballot."""
    parsed = [(place, parse_entry(entry)) for place, entry in enumerate(entries(folder))]
    return [(place, entry.body) for place, entry in parsed if entry.kind == kind]


def flip_a_ballot(folder: Path) -> int:
    """Changes one character within the last ballot's first ciphertext; gives the ballot's place."""
    lines = entries(folder)
    place = ballots(folder)[-1][0]
    at = lines[place].index(b'"ciphertexts":"') + 40
    other = b"A" if lines[place][at : at + 1] != b"A" else b"B"
    lines[place] = lines[place][:at] + other + lines[place][at + 1 :]
    (folder / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    return place


def checks_nothing_is_cut(text: str) -> None:
    for line in text.splitlines():
        assert len(line) <= 80, line
        assert line == line.rstrip()
        assert "…" not in line
    assert "\x1b" not in text
