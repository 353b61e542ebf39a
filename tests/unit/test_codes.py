"""Access codes: random, read however they were typed, hashed at rest. And the names that they are for."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretballot.cli.registrar import _names as roll_names
from secretballot.credential.codes import check_code, hash_code, new_code, read_code
from secretballot.errors import ArgumentError, CredentialError

ELECTION = bytes([1]) * 32
CODE = "0123-4567-89AB-CDEF"


def test_a_code_is_four_groups_of_four() -> None:
    codes = {new_code() for _ in range(100)}
    assert len(codes) == 100
    for code in codes:
        assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}", code)
        assert read_code(code) == code.replace("-", "")


def test_a_code_however_it_is_typed() -> None:
    for typed in ("0123456789abcdef", " 0123 4567 89ab cdef ", "o1z3-4567-89ab-cdef", "OI23-4567-89AB-CDEF"):
        assert len(read_code(typed)) == 16
    assert read_code("oil3-4567-89ab-cdef") == "0113456789ABCDEF"
    check_code(ELECTION, "An", "0l23 4567 89ab cdef", hash_code(ELECTION, "An", "0123456789ABCDEF"))


@pytest.mark.parametrize("wrong", ["", "x", CODE[:-1], CODE + "0", "U" * 16, "!" * 16, "0" * 101, "é" * 16])
def test_what_is_no_code(wrong: str) -> None:
    with pytest.raises(CredentialError, match="an access code has 16 letters and digits"):
        read_code(wrong)
    with pytest.raises(CredentialError, match=r"^the name or the access code is wrong$"):
        check_code(ELECTION, "An", wrong, hash_code(ELECTION, "An", CODE))


def test_a_hash_is_of_election_voter_and_code() -> None:
    kept = hash_code(ELECTION, "An", CODE)
    assert len(kept) == 32
    assert CODE.encode() not in kept
    check_code(ELECTION, "An", CODE, kept)
    for election, voter, code, held in (
        (bytes(32), "An", CODE, kept),
        (ELECTION, "Binh", CODE, kept),
        (ELECTION, "An", CODE[:-1] + "G", kept),
        (ELECTION, "An", CODE, kept[:-1] + bytes([kept[-1] ^ 1])),
        (ELECTION, "An", CODE, bytes(32)),
        (ELECTION, "An", CODE, b""),
        (ELECTION, "An", CODE, None),
    ):
        with pytest.raises(CredentialError, match=r"^the name or the access code is wrong$"):
            check_code(election, voter, code, held)
    with pytest.raises(ArgumentError):
        read_code(7)  # type: ignore[arg-type]


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        code = read_code(text)
    except CredentialError:
        return
    assert read_code(code) == code


def test_a_roll_however_it_was_saved(tmp_path: Path) -> None:
    """The mark that spreadsheets begin a file with is of no name; and a name is one in either composition."""
    file = tmp_path / "roll.txt"
    names = ["Nguyễn Ánh", "An"]
    for form in ("NFC", "NFD"):
        for start in ("", "\ufeff"):
            file.write_text(start + unicodedata.normalize(form, " \r\n".join(names)), encoding="utf-8")
            assert roll_names(file) == names
    file.write_text(
        "\n".join(unicodedata.normalize(form, names[0]) for form in ("NFC", "NFD")), encoding="utf-8"
    )
    with pytest.raises(CredentialError, match="a name stands there twice"):
        roll_names(file)
