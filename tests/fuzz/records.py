"""A whole record with one edit: by whoever copied it, by the board, or by whoever signed the entry and the board.

The verifier reports and never raises, and says "verified" of no changed bytes. What one who holds a key may say
otherwise in honesty is left out: see ``tests/attack/test_every_field.py``, which has every such case and its reason.
"""

from __future__ import annotations

from secretballot.records import parse_entry, sign_body
from secretballot.verify import verify_entries

from ..attack.accomplices import PLACES
from . import seeds
from .edits import edit, judge

#: What a signer may say otherwise, so that the record is another honest one, which a fuzzer cannot tell.
_OWN_WORDS = ("manifest", "ballot", "challenged-ballot", "issuance", "phase", "result")


def record(data: bytes) -> None:
    """The first byte says who edits, the second which entry (or the checkpoint), then come an offset of two bytes, how
    many bytes are taken out, and what is put in."""
    held = seeds.held()
    head, put = data[:5].ljust(5, b"\0"), data[5:]
    strength, place, offset, taken = head[0] % 3, head[1] % (len(PLACES) + 1), head[2] << 8 | head[3], head[4]
    if place == len(PLACES):
        changed = edit(held.checkpoint, offset, taken, put)
        judge(verify_entries(held.entries, changed), changed == held.checkpoint)
        return
    raw = held.entries[place]
    if strength == 2:
        edited = sign_body(edit(parse_entry(raw).body, offset, taken, put), held.key(place))
    else:
        edited = edit(raw, offset, taken, put)
    entries = held.replaced(place, edited)
    report = verify_entries(entries, held.checkpoint if strength == 0 else held.sign(entries))
    judge(report, edited == raw or (strength == 2 and PLACES[place] in _OWN_WORDS))


def record_seeds() -> list[bytes]:
    """An edit of each entry, by each."""
    return [
        bytes([strength, place, 1, 7, 1]) + b"A" for strength in range(3) for place in range(len(PLACES) + 1)
    ]
