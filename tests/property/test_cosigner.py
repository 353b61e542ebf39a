"""A cosigner against a model: whatever a board asks in whatever order, it stays on one history, and forgets nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto.cosignature import open_cosigned
from secretballot.errors import ConsistencyError, CosignerError, ForkError, NoteError, SizeConflictError

from ..support.cosigners import ORIGIN, PlainLog, new_cosigner, numbered

LENGTH = 40

#: Which of the two histories is shown, at which size, and how far from what it knows the request begins.
requests = st.lists(
    st.tuples(st.booleans(), st.integers(0, LENGTH), st.sampled_from([0, 0, 0, 0, 0, -1, 1])), max_size=12
)


@settings(max_examples=60)
@given(common=st.integers(0, LENGTH - 1), asked=requests)
def test_one_history(common: int, asked: list[tuple[bool, int, int]]) -> None:
    left = PlainLog(numbered(LENGTH))
    right = left.fork(numbered(LENGTH, "forked", after=common))
    known, history = 0, left
    with tempfile.TemporaryDirectory() as folder:
        keys, cosigner = new_cosigner(Path(folder), left.verifier)
        with cosigner:
            for other, size, off in asked:
                log = right if other else left
                old = known + off
                note = log.note(size)
                proof = log.proof(old, size) if 0 < old <= size else []
                answer: str | CosignerError | NoteError
                try:
                    answer = cosigner.cosign(note, old, proof)
                except (CosignerError, NoteError) as error:
                    answer = error
                if old > size:
                    assert isinstance(answer, NoteError)
                elif off:
                    assert isinstance(answer, SizeConflictError)
                    assert answer.size == known
                elif log.tree.root(known) != history.tree.root(known):
                    assert isinstance(answer, ConsistencyError)
                    assert isinstance(answer, ForkError) == (size == known)
                    assert (answer.shown, answer.known) == (note, cosigner.latest(ORIGIN))
                else:
                    assert isinstance(answer, str)
                    known, history = size, log
                    opened = open_cosigned(note + answer, log.verifier, ORIGIN, [keys.verifier])
                    assert opened.checkpoint.size == size
                assert cosigner.known_size(ORIGIN) == known


@settings(max_examples=100)
@given(data=st.data(), old=st.integers(1, LENGTH), size=st.integers(1, LENGTH))
def test_every_spoilt_proof_is_refused(data: st.DataObject, old: int, size: int) -> None:
    old, size = sorted((old, size))
    log = PlainLog(numbered(LENGTH))
    good = log.proof(old, size)
    spoilt = list(good)
    match data.draw(st.sampled_from(["cut", "longer", "a bit", "swapped", "doubled"])):
        case "cut" if good:
            del spoilt[data.draw(st.integers(0, len(good) - 1))]
        case "a bit" if good:
            place, bit = data.draw(st.integers(0, len(good) - 1)), data.draw(st.integers(0, 255))
            value = bytearray(good[place])
            value[bit // 8] ^= 1 << bit % 8
            spoilt[place] = bytes(value)
        case "swapped" if len(good) > 1:
            spoilt[0], spoilt[-1] = spoilt[-1], spoilt[0]
        case "doubled" if good:
            spoilt.append(good[-1])
        case _:
            spoilt.append(bytes(32))
    with tempfile.TemporaryDirectory() as folder:
        _, cosigner = new_cosigner(Path(folder), log.verifier)
        with cosigner:
            cosigner.cosign(log.note(old), 0, [])
            with pytest.raises(ConsistencyError):
                cosigner.cosign(log.note(size), old, spoilt)
            assert cosigner.known_size(ORIGIN) == old
            cosigner.cosign(log.note(size), old, good)
            assert cosigner.known_size(ORIGIN) == size
