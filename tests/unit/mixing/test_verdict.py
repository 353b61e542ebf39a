"""What a verifier says of rounds of mixing, and of the shares of what was mixed."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from secretballot.board.attachments import HeldAttachments
from secretballot.crypto import shuffling
from secretballot.crypto.elgamal import EncryptionKey
from secretballot.crypto.group import ristretto255
from secretballot.errors import (
    TallyError,
)
from secretballot.records import parse_entry, sign_record
from secretballot.tally import MixRound
from secretballot.tally.mixer import MixerKeys
from secretballot.tally.mixing import Mixing
from secretballot.tally.records import BatchFile, LineShare
from secretballot.testing import Simulation
from secretballot.verify import Report, Status, Verdict

from ...support import elections
from .shared import RULES, closed, finish, trustees


class Done:
    """A finished election, its entries, and its attachments to be changed."""

    def __init__(self, simulation: Simulation) -> None:
        finish(simulation)
        self.simulation = simulation
        self.entries = list(simulation.store.entries())
        self.attachments = HeldAttachments()
        for digest, size in simulation.log.attached():
            self.attachments.add(bytes(simulation.log.attachments.read(digest, size)))

    def place(self, kind: str, number: int = 0) -> int:
        return [i for i, raw in enumerate(self.entries) if parse_entry(raw).kind == kind][number]

    def verify(self, entries: Sequence[bytes]) -> Report:
        return elections.verify(self.simulation, entries, attachments=self.attachments)


@pytest.fixture(scope="module")
def done() -> Done:
    return Done(closed())


def test_a_good_record_is_verified(done: Done) -> None:
    report = done.verify(done.entries)
    assert report.verdict is Verdict.VERIFIED
    warning = "any 2 of the 3 mixers can tell whose a mixed line is, where the board lets in no others"
    assert warning in report.warnings
    checked = {rule: (report.rule(rule).status, report.rule(rule).checked) for rule in RULES}
    # Two rounds of three batches; three trustees' shares of each; two lines that are tallied twice.
    assert checked == {
        "X1": (Status.PASSED, 2),
        "X2": (Status.PASSED, 6),
        "X3": (Status.PASSED, 9),
        "T5": (Status.PASSED, 2),
    }


def test_a_record_on_disk(done: Done, tmp_path: Any) -> None:
    record = done.simulation.export(str(tmp_path / "record"))
    names = sorted(path.name for path in (tmp_path / "record" / "attachments").iterdir())
    assert names == sorted({digest.hex() for digest, _ in done.simulation.log.attached()})
    report = elections.verify(done.simulation, list(record.entries()), attachments=record.attachments)
    assert report.verdict is Verdict.VERIFIED
    for name in names:
        path = tmp_path / "record" / "attachments" / name
        data = path.read_bytes()
        for changed in (None, b"", data[:-1], data + b"\0", data[:-1] + bytes([data[-1] ^ 1])):
            path.unlink(missing_ok=True)
            if changed is not None:
                path.write_bytes(changed)
            report = elections.verify(done.simulation, list(record.entries()), attachments=record.attachments)
            assert report.verdict is Verdict.FAILED
            assert {rule.rule for rule in report.rules if rule.failed} <= {"X2", "X3", "T2", "T3", "T4", "T5"}
        path.write_bytes(data)


def _round(done: Done, number: int) -> tuple[MixRound, MixerKeys]:
    record = MixRound.from_body(parse_entry(done.entries[done.place("mix-round", number)]).body)
    return record, done.simulation.mixer_keys[number]


def _drop_round(done: Done, entries: list[bytes]) -> None:
    del entries[done.place("mix-round", 1)]


def _mix_twice(done: Done, entries: list[bytes]) -> None:
    """Honest shuffles, but both by one mixer."""
    record, _ = _round(done, 1)
    entries[done.place("mix-round", 1)] = sign_record(
        record.model_copy(update={"mixer": "mixer-1"}), done.simulation.mixer_keys[0]._signing
    )


def _swap_batches(done: Done, entries: list[bytes]) -> None:
    record, keys = _round(done, 0)
    one, two, three = record.batches
    files = (
        BatchFile(contest=one.contest, line=one.line, digest=two.digest, size=two.size),
        BatchFile(contest=two.contest, line=two.line, digest=one.digest, size=one.size),
        three,
    )
    entries[done.place("mix-round", 0)] = sign_record(
        record.model_copy(update={"batches": files}), keys._signing
    )


def _replace_share(done: Done, entries: list[bytes]) -> None:
    """One trustee's shares under another's name."""
    record = LineShare.from_body(parse_entry(entries[done.place("line-share", 1)]).body)
    entries[done.place("line-share", 0)] = sign_record(
        record.model_copy(update={"trustee": "trustee-1"}), done.simulation.key_holders[0].signing
    )


def _early_share(done: Done, entries: list[bytes]) -> None:
    entries.insert(done.place("mix-round", 1), entries.pop(done.place("line-share", 0)))


FAULTS: dict[str, tuple[Callable[[Done, list[bytes]], None], str]] = {
    "a round left out": (_drop_round, "X3"),
    "one mixer twice": (_mix_twice, "X1"),
    "batches swapped": (_swap_batches, "X2"),
    "another's share": (_replace_share, "X3"),
    "a share too early": (_early_share, "X3"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(done: Done, fault: str) -> None:
    change, rule = FAULTS[fault]
    entries = list(done.entries)
    change(done, entries)
    report = done.verify(entries)
    assert report.verdict is Verdict.FAILED
    assert report.rule(rule).status is Status.FAILED
    assert report.entries == len(entries)


def test_the_two_tallies_check_each_other(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a shuffle's proof proved nothing, a mixer could replace lines; the sums would still tell."""
    simulation = closed()
    honest = shuffling.shuffle_rows
    monkeypatch.setattr(shuffling, "prove", lambda *args: bytes(0))

    def replaced(key: EncryptionKey, width: int, inputs: Any) -> Any:
        shuffle, secret = honest(key, width, inputs)
        data = b"".join(
            key.encrypt(ristretto255.scalar(0), ristretto255.random_scalar()).encode(ristretto255)
            for _ in range(len(inputs) // 64)
        )
        return type(shuffle)(shuffle.group, key.element, width, inputs, data), secret

    monkeypatch.setattr(shuffling, "shuffle_rows", replaced)
    monkeypatch.setattr(Mixing, "round_size", Mixing.outputs_size)
    monkeypatch.setattr(Mixing, "check_shuffle", lambda self, record, place: None)
    simulation.mix()
    for trustee in trustees(simulation):
        simulation.board.submit(trustee.decrypt(simulation.log.tally))
        simulation.send(trustee.decrypt_lines(simulation.log.mixing))
    result = simulation.log.compute_result()
    with pytest.raises(
        TallyError, match="contest officials: the sums and the mixed lines give different counts"
    ):
        simulation.board.submit(simulation.authority.publish(result))
    monkeypatch.undo()
    assert done.verify(done.entries).rule("T5").status is Status.PASSED


def test_mixers_keep_their_secrets(voted: Simulation, tmp_path: Any) -> None:
    keys = voted.mixer_keys[0]
    mixer = keys.join(voted.election)
    assert (repr(keys), repr(mixer)) == ("<MixerKeys of mixer-1, redacted>", "<Mixer mixer-1, redacted>")
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(mixer)
    keys.save(tmp_path / "mixer.key", passphrase="a long passphrase")
    loaded = MixerKeys.load(tmp_path / "mixer.key", passphrase="a long passphrase")
    assert loaded.public() == keys.public()
    assert loaded.join(voted.election).id == "mixer-1"
