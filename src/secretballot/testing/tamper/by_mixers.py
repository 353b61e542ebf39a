"""What mixers may try."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...board.attachments import digest_of
from ...crypto import shuffling
from ...crypto.elgamal import EncryptionKey
from ...crypto.group import ristretto255
from ...crypto.shuffle import Shuffle
from ...records import sign_record
from ...tally.batches import Batch
from ...tally.mixer import MixerKeys
from ...tally.mixing import Mixing
from ...tally.records import BatchFile, MixRound, digest_file
from .accomplices import Accomplices, Shown
from .attacks import Attacks
from .elections import Elections
from .forgery import Bases, forge
from .sources import LENGTHS, RELATED, SHUFFLE, TRAPDOOR

ATTACKS = Attacks()
by = ATTACKS.by


#: Bytes of a ciphertext.
SIZE = 64


def _place(twice: Accomplices) -> int:
    """Where the first round stands."""
    return twice.place("mix-round")


def _round(twice: Accomplices) -> MixRound:
    record: MixRound = twice.record(_place(twice))
    return record


def _first_file(twice: Accomplices) -> bytes:
    """The first batch's attachment to the first round."""
    return attached(twice, _round(twice).batches[0].digest)


def attached(twice: Accomplices, digest: bytes) -> bytes:
    return next(data for data in twice.attachments if digest_of(data) == digest)


def _mixed(twice: Accomplices, data: bytes) -> Shown:
    """The first round with another attachment of its first batch, and everybody goes on with it."""
    batches = _round(twice).batches
    file = digest_file(batches[0].contest, batches[0].line, data)
    return twice.shown(_place(twice), twice.updated(_place(twice), batches=(file, *batches[1:])), also=[data])


Make = Callable[[EncryptionKey, bytes, Batch, bytes], tuple[Shuffle, bytes]]


def _made(twice: Accomplices, make: Make) -> Shown:
    """The first round with a first batch that ``make`` makes of key, session, batch and inputs."""
    mixing, mixer = _mixing(twice), _round(twice).mixer
    batch = mixing.batches[0]
    key = EncryptionKey(ristretto255, mixing.key)
    shuffle, proof = make(key, mixing.session(batch, 1, mixer), batch, bytes(mixing.rows(0)))
    return _mixed(twice, bytes(shuffle.outputs) + proof)


def _mixing(twice: Accomplices) -> Mixing:
    return twice.log(_place(twice)).mixing


# The order of rounds.


def _round_by(twice: Accomplices, mixing: Mixing, keys: MixerKeys, number: int) -> tuple[bytes, list[bytes]]:
    """A round whose proofs hold, under any number and by any mixer, and its attachments."""
    attachments, files = [], []
    for place, batch in enumerate(mixing.batches):
        key = EncryptionKey(ristretto255, mixing.key)
        shuffle, secret = shuffling.shuffle_rows(key, batch.width, bytes(mixing.rows(place)))
        proof = shuffling.prove(mixing.session(batch, number, keys.id), key, shuffle, secret)
        attachments.append(bytes(shuffle.outputs) + proof)
        files.append(digest_file(batch.contest, batch.line, attachments[-1]))
    record = _round(twice).model_copy(
        update={"mixer": keys.id, "round": number, "basis": mixing.basis, "batches": tuple(files)}
    )
    return sign_record(record, keys._signing), attachments


@by("X1 X2", "A mixer mixes again on top of its own round, and knows all that was to be hidden.", RELATED)
def mixer_twice(elections: Elections) -> Shown:
    twice = elections.twice
    second = twice.place("mix-round", 1)
    again, attachments = _round_by(twice, twice.log(second).mixing, twice.mixer(_round(twice).mixer), 2)
    return twice.shown(second, again, also=attachments)


@by("X1 X2 X3", "A round is left out.")
def round_missing(elections: Elections) -> Shown:
    twice = elections.twice
    return twice.show(twice.replaced(_place(twice)))


@by("X1", "A round is in the log twice.")
def round_again(elections: Elections) -> Shown:
    twice = elections.twice
    place = _place(twice)
    return twice.shown(place, twice.entries[place], twice.entries[place])


@by("X1 X2", "A round has the number of the one after it.")
def round_of_another_number(elections: Elections) -> Shown:
    twice = elections.twice
    raw, attachments = _round_by(twice, _mixing(twice), twice.mixer(_round(twice).mixer), 2)
    return twice.shown(_place(twice), raw, also=attachments)


@by("X1 X2", "A mixer mixes other ballots than those that were cast.")
def round_of_another_basis(elections: Elections) -> Shown:
    twice = elections.twice
    return twice.shown(_place(twice), twice.updated(_place(twice), basis=bytes(32)))


@by("X1 X2", "A round leaves a batch out.")
def batch_missing(elections: Elections) -> Shown:
    twice = elections.twice
    return twice.shown(_place(twice), twice.updated(_place(twice), batches=_round(twice).batches[:1]))


@by("X1 X2", "A round has a batch more than the election, behind the others.")
def batch_behind(elections: Elections) -> Shown:
    twice = elections.twice
    batches = _round(twice).batches
    return twice.shown(_place(twice), twice.updated(_place(twice), batches=(*batches, batches[0])))


@by("X1 X2", "A round has its batches in another order.")
def batches_in_another_order(elections: Elections) -> Shown:
    twice = elections.twice
    return twice.shown(_place(twice), twice.updated(_place(twice), batches=_round(twice).batches[::-1]))


def called(files: Sequence[BatchFile], **names: str) -> tuple[BatchFile, ...]:
    """Attachments of which the first is said to be of something else."""
    return (files[0].model_copy(update=names), *files[1:])


@by("X1 X2", "A round says of a batch that it is of another line.")
def batch_of_another_line(elections: Elections) -> Shown:
    twice = elections.twice
    files = called(_round(twice).batches, line="others")
    return twice.shown(_place(twice), twice.updated(_place(twice), batches=files))


@by("X1 X2", "A round says of a batch that it is of another contest.")
def batch_of_another_contest(elections: Elections) -> Shown:
    twice = elections.twice
    files = called(_round(twice).batches, contest="others")
    return twice.shown(_place(twice), twice.updated(_place(twice), batches=files))


@by("X1", "One mixer more mixes than the manifest asks for.")
def round_too_many(elections: Elections) -> Shown:
    twice = elections.twice
    place = twice.place("mix-round", 1)
    third = twice.simulation.mixer_keys[2]
    raw, attachments = _round_by(twice, twice.log(place + 1).mixing, third, 3)
    return twice.shown(place, twice.entries[place], raw, also=attachments)


@by("L4", "A round is by a mixer whom the manifest does not name.")
def mixer_unknown(elections: Elections) -> Shown:
    twice = elections.twice
    return twice.shown(_place(twice), twice.updated(_place(twice), mixer="mixer-9"))


# Shuffles that are none.


@by(
    "X2 T5",
    "A mixer turns votes of 5 and 9 into 2.5 and 11.5; the proof's last equation alone does not hold.",
    LENGTHS,
)
def shuffle_of_halves(elections: Elections) -> Shown:
    return _made(elections.twice, lambda key, session, batch, rows: forge(key, session, batch.width, rows))


@by(
    "X2",
    "The same with the last link of the proof's chain left out, for a verifier that counts what it is given.",
    LENGTHS,
)
def shuffle_of_halves_cut(elections: Elections) -> Shown:
    def cut(key: EncryptionKey, session: bytes, batch: Batch, rows: bytes) -> tuple[Shuffle, bytes]:
        shuffle, proof = forge(key, session, batch.width, rows)
        at = 3 * shuffle.rows * 32
        return shuffle, proof[: at - 32] + proof[at:]

    return _made(elections.twice, cut)


@by(
    "X2 T5",
    "The same over generators whose logarithms the mixer knows: all equations hold, for these.",
    TRAPDOOR,
)
def shuffle_over_own_generators(elections: Elections) -> Shown:
    def chosen(key: EncryptionKey, session: bytes, batch: Batch, rows: bytes) -> tuple[Shuffle, bytes]:
        count = len(rows) // batch.row_size
        return forge(key, session, batch.width, rows, Bases.chosen(ristretto255, count))

    return _made(elections.twice, chosen)


def _outputs_of(change: Callable[[EncryptionKey, list[bytes]], Sequence[bytes]]) -> Make:
    """An honest shuffle, and its proof for outputs that were changed behind it."""

    def make(key: EncryptionKey, session: bytes, batch: Batch, rows: bytes) -> tuple[Shuffle, bytes]:
        shuffle, secret = shuffling.shuffle_rows(key, batch.width, rows)
        proof = shuffling.prove(session, key, shuffle, secret)
        size = shuffle.row_size
        made = [bytes(shuffle.outputs[at : at + size]) for at in range(0, len(rows), size)]
        return Shuffle(key.group, key.element, batch.width, rows, b"".join(change(key, made))), proof

    return make


@by("X2 T5", "A mixer replaces all rows with votes of its own.", SHUFFLE)
def rows_replaced(elections: Elections) -> Shown:
    def replace(key: EncryptionKey, rows: list[bytes]) -> list[bytes]:
        one = ristretto255.scalar(1)
        return [key.encrypt(one, ristretto255.random_scalar()).encode(ristretto255) for _ in rows]

    return _made(elections.twice, _outputs_of(replace))


@by("X2", "A mixer puts one row in the place of another.", SHUFFLE)
def row_doubled(elections: Elections) -> Shown:
    return _made(elections.twice, _outputs_of(lambda _, rows: [rows[0], rows[0], *rows[2:]]))


@by("X2", "A mixer sends rows on in another order than it proves.", SHUFFLE)
def rows_exchanged(elections: Elections) -> Shown:
    return _made(elections.twice, _outputs_of(lambda _, rows: [rows[1], rows[0], *rows[2:]]))


@by("X2", "A mixer doubles a ciphertext, to know its row again once it is decrypted.", RELATED)
def row_marked(elections: Elections) -> Shown:
    def mark(_: EncryptionKey, rows: list[bytes]) -> list[bytes]:
        twofold = [element + element for element in ristretto255.decode_elements(rows[0])]
        return [ristretto255.encode_elements(twofold), *rows[1:]]

    return _made(elections.twice, _outputs_of(mark))


@by("X1 X2", "A mixer leaves a row out.", SHUFFLE)
def row_missing(elections: Elections) -> Shown:
    twice = elections.twice
    return _mixed(twice, _first_file(twice)[SIZE:])


@by("X2", "A mixer shows the proof of its shuffle for the other round.", SHUFFLE)
def proof_of_another_round(elections: Elections) -> Shown:
    twice = elections.twice
    mixing, mixer = _mixing(twice), _round(twice).mixer

    def moved(key: EncryptionKey, _: bytes, batch: Batch, rows: bytes) -> tuple[Shuffle, bytes]:
        shuffle, secret = shuffling.shuffle_rows(key, batch.width, rows)
        return shuffle, shuffling.prove(mixing.session(batch, 2, mixer), key, shuffle, secret)

    return _made(twice, moved)


@by("X2", "A mixer posts another mixer's round as its own.", SHUFFLE)
def round_copied(elections: Elections) -> Shown:
    twice = elections.twice
    third = twice.simulation.mixer_keys[2]
    copied = _round(twice).model_copy(update={"mixer": third.id})
    return twice.shown(_place(twice), sign_record(copied, third._signing))


@by("X2", "A response of a shuffle's proof is changed by one bit.")
def shuffle_proof_changed(elections: Elections) -> Shown:
    data = _first_file(elections.twice)
    return _mixed(elections.twice, data[:-32] + bytes([data[-32] ^ 1]) + data[-31:])


@by("X2", "The group's order is added to a response of a shuffle's proof.")
def shuffle_proof_not_reduced(elections: Elections) -> Shown:
    return _mixed(elections.twice, not_reduced(_first_file(elections.twice)))


def not_reduced(data: bytes) -> bytes:
    raised = int.from_bytes(data[-32:], "little") + ristretto255.order
    return data[:-32] + raised.to_bytes(32, "little")


@by("X2", "The attachment of a round is not there.")
def round_without_its_attachment(elections: Elections) -> Shown:
    twice = elections.twice
    data = _first_file(twice)
    shown = twice.show(twice.entries)
    return Shown(shown.entries, [one for one in shown.attachments if one != data], shown.note)
