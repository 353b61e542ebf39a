"""The example of C2SP tlog-cosignature, as far as it is complete, and checkpoints that a public witness cosigned."""

from __future__ import annotations

import pytest

from secretballot.crypto.cosignature import CosignatureVerifier, cosigned_message, open_cosignatures
from secretballot.crypto.note import Checkpoint, parse_note
from secretballot.errors import InvalidSignatureError, NoteError

EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URY"
    "N7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZC"
    "B9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)

#: A witness of the public network, and two checkpoints of different logs with its line of type 0x04.
WITNESS = "witness.navigli.sunlight.geomys.org+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G"
LINE = "\u2014 witness.navigli.sunlight.geomys.org "
OBSERVED = {
    1791066002: (
        "markovianprotocol.com/log\n9266\nQnwPzJywq5AyOk9k1zLqfryh6Ktw1CnaaKplELApoxw=\n\n"
        f"{LINE}o+AP4gAAAABqwX+So8evhUsltetL+QnwUxEYMNrD25pJYOTFHwDCopbgQMl2AEh583AxfFNMDZzE73rdjK62"
        "tUN8oUBfd9p6usq+BA==\n"
    ),
    1785704691: (
        "coachandhorses2026h1.staging.certificate.transparency.goog\n185550722\n"
        "YXAM0VmnrfvLaBCOOYSJhCaE5F10oGBOo+hkbDa1kng=\n\n"
        f"{LINE}o+AP4gAAAABqb7DzNrGFRJnQ9vrJ8xpnwZytnr/ZYczDIsvwvouiSjwOjn7a72ccxBk+lKnZ7dKqkYKER1s/"
        "KxLTaVwQD7lJZTC/CQ==\n"
    ),
}


def test_the_example_has_the_form() -> None:
    # Its keys are not published: what can be compared is the time, and the message that the text shows beside it.
    text, (_, line) = parse_note(EXAMPLE)
    assert (line.name, line.key_id.hex(), len(line.signature)) == ("witness.example.com/w1", "8d66cf3f", 72)
    time = int.from_bytes(line.signature[:8], "big")
    assert cosigned_message(text, time).decode() == (
        "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    assert line.line() == EXAMPLE.splitlines(keepends=True)[-1]


@pytest.mark.parametrize("time", OBSERVED)
def test_what_a_public_witness_cosigned_verifies(time: int) -> None:
    verifier = CosignatureVerifier.from_vkey(WITNESS)
    assert verifier.vkey() == WITNESS
    opened = open_cosignatures(OBSERVED[time], [verifier])
    assert [one.timestamp for one in opened.cosignatures] == [time]
    assert opened.checkpoint == Checkpoint.parse(OBSERVED[time].partition("\n\n")[0] + "\n")


def test_no_neighbour_of_what_it_cosigned_verifies() -> None:
    verifier = CosignatureVerifier.from_vkey(WITNESS)
    first, second = OBSERVED.values()
    data = first.encode()
    name = data.index(LINE.encode())
    refused = 0
    for place in range(len(data)):
        for bit in (0x01, 0x20, 0x80):
            changed = data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]
            try:
                opened = open_cosignatures(changed, [verifier])
            except (NoteError, InvalidSignatureError):
                refused += 1
            else:
                # Another name, or another key ID, is a line of somebody unknown.
                assert opened.cosignatures == ()
                assert name <= place < name + len(LINE.encode()) + 6
    assert refused >= 3 * (len(data) - len(LINE.encode()) - 6)
    # The line under another log's checkpoint.
    with pytest.raises(InvalidSignatureError):
        open_cosignatures(first.partition("\n\n")[0] + "\n\n" + second.partition("\n\n")[2], [verifier])
