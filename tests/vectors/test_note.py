"""The example of C2SP signed-note, and the examples of its neighbours as far as they are complete."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from secretballot.crypto.note import Checkpoint, NoteVerifier, open_note, parse_note
from secretballot.errors import InvalidSignatureError, NoteError


@pytest.fixture(scope="module")
def example(vectors: Path) -> dict[str, str]:
    loaded: dict[str, str] = json.loads((vectors / "c2sp_signed_note.json").read_text(encoding="utf-8"))
    return loaded


def test_the_example_opens(example: dict[str, str]) -> None:
    verifier = NoteVerifier.from_vkey(example["vkey"])
    assert (verifier.name, verifier.key_id.hex()) == ("example.com/foo", "530d903a")
    assert verifier.vkey() == example["vkey"]
    for data in (example["note"], example["note"].encode()):
        note = open_note(data, [verifier])
        assert note.text == example["text"]
        assert [signature.name for signature in note.verified] == ["example.com/foo"]
        assert note.unverified == ()


def test_no_neighbour_of_the_example_opens(example: dict[str, str]) -> None:
    verifier = NoteVerifier.from_vkey(example["vkey"])
    data = example["note"].encode()
    for place in range(len(data)):
        for bit in (0x01, 0x20, 0x80):
            changed = data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]
            with pytest.raises((NoteError, InvalidSignatureError)):
                open_note(changed, [verifier])
        with pytest.raises((NoteError, InvalidSignatureError)):
            open_note(data[:place] + data[place + 1 :], [verifier])
        with pytest.raises((NoteError, InvalidSignatureError)):
            open_note(data[:place], [verifier])


def test_no_neighbour_of_the_vkey_parses(example: dict[str, str]) -> None:
    vkey = example["vkey"]
    for place in range(len(vkey)):
        for changed in (
            vkey[:place] + chr(ord(vkey[place]) ^ 1) + vkey[place + 1 :],
            vkey[:place] + vkey[place + 1 :],
            vkey[:place],
            vkey[:place] + "+" + vkey[place:],
        ):
            with pytest.raises(NoteError):
                NoteVerifier.from_vkey(changed)


def test_the_example_of_a_checkpoint_parses() -> None:
    # From C2SP tlog-checkpoint; its key is not published, so only its form is tested.
    text, signatures = parse_note(
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URY"
        "N7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    )
    checkpoint = Checkpoint.parse(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.root.hex().startswith("0ac5186a91863e8e")
    assert checkpoint.to_text() == text
    assert [(signature.name, signature.key_id.hex()) for signature in signatures] == [
        ("example.com/behind-the-sofa", "033de0ae")
    ]
