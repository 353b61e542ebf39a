"""What mixers may try, and trustees who decrypt what was mixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...board.attachments import digest_of
from ...crypto import equality, shuffling
from ...crypto.elgamal import EncryptionKey
from ...crypto.equality import Equality
from ...crypto.group import ristretto255
from ...crypto.sharing import lagrange_at_zero
from ...crypto.shuffle import Shuffle
from ...records import sign_record
from ...tally.batches import Batch
from ...tally.lines import decrypt_rows
from ...tally.mixing import Mixing
from ...tally.records import LineShare, MixRound, digest_file
from ...tally.trustee import DecryptingTrustee
from .accomplices import Accomplices, Shown
from .attacks import Attacks
from .elections import Elections
from .forgery import Bases, forge
from .sources import EQUAL, LENGTHS, RELATED, SHUFFLE, TRAPDOOR

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
    return _attached(twice, _round(twice).batches[0].digest)


def _attached(twice: Accomplices, digest: bytes) -> bytes:
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


@by("X1 X2", "A mixer mixes again on top of its own round, and knows all that was to be hidden.", RELATED)
def mixer_twice(elections: Elections) -> Shown:
    twice = elections.twice
    second = twice.place("mix-round", 1)
    keys = twice.mixer(_round(twice).mixer)
    posting = keys.join(twice.election).mix(_mixing(twice))
    again = twice.record(second).model_copy(update={"mixer": keys.id})
    return twice.shown(second, sign_record(again, keys._signing), also=posting.attachments)


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
    return twice.shown(_place(twice), twice.updated(_place(twice), round=2))


@by("X1 X2", "A mixer mixes other ballots than those that were cast.")
def round_of_another_basis(elections: Elections) -> Shown:
    twice = elections.twice
    return twice.shown(_place(twice), twice.updated(_place(twice), basis=bytes(32)))


@by("X1 X2", "A round leaves a batch out.")
def batch_missing(elections: Elections) -> Shown:
    twice = elections.twice
    return twice.shown(_place(twice), twice.updated(_place(twice), batches=_round(twice).batches[:1]))


@by("X1 X2", "A round has its batches in another order.")
def batches_in_another_order(elections: Elections) -> Shown:
    twice = elections.twice
    return twice.shown(_place(twice), twice.updated(_place(twice), batches=_round(twice).batches[::-1]))


@by("X1", "One mixer more mixes than the manifest asks for.")
def round_too_many(elections: Elections) -> Shown:
    twice = elections.twice
    place = twice.place("mix-round", 1)
    third = twice.simulation.mixer_keys[2]
    record = twice.record(place).model_copy(update={"mixer": third.id, "round": 3})
    return twice.shown(place, twice.entries[place], sign_record(record, third._signing))


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
    return _mixed(elections.twice, _not_reduced(_first_file(elections.twice)))


def _not_reduced(data: bytes) -> bytes:
    raised = int.from_bytes(data[-32:], "little") + ristretto255.order
    return data[:-32] + raised.to_bytes(32, "little")


@by("X2", "The attachment of a round is not there.")
def round_without_its_attachment(elections: Elections) -> Shown:
    twice = elections.twice
    data = _first_file(twice)
    shown = twice.show(twice.entries)
    return Shown(shown.entries, [one for one in shown.attachments if one != data], shown.note)


# Shares of the lines.


def _share(twice: Accomplices, number: int = 0) -> tuple[int, LineShare, bytes]:
    """Where the first share stands, the share, and its attachment of a batch."""
    place = twice.place("line-share")
    record: LineShare = twice.record(place)
    return place, record, _attached(twice, record.batches[number].digest)


def _shared(twice: Accomplices, data: bytes, number: int = 0) -> Shown:
    """The first share with another attachment of a batch."""
    place, record, _ = _share(twice)
    batches = list(record.batches)
    batches[number] = digest_file(batches[number].contest, batches[number].line, data)
    return twice.shown(place, twice.updated(place, batches=tuple(batches)), also=[data])


@by(
    "X3 T2 T3",
    "A trustee turns a ranking into another by a false share, under the proof of the true one.",
    EQUAL,
)
def line_share_false(elections: Elections) -> Shown:
    # A line is B minus each share times its coefficient: the share is raised by what the first line has more than
    # another, so that it is read as that one.
    twice = elections.twice
    log = twice.log(len(twice.entries))
    rows = [row[0] for row in decrypt_rows(log.mixing, 1, log.line_shares)]
    other = next(row for row in rows[1:] if row != rows[0])
    data = _share(twice, 1)[2]
    coefficient = lagrange_at_zero(1, [1, 2], ristretto255.order)
    more = ristretto255.sum_of_products([pow(coefficient, -1, ristretto255.order)], [rows[0] - other])
    raised = ristretto255.decode_elements(data[:32])[0] + more
    return _shared(twice, raised.encode() + data[32:], 1)


@by("X3", "A trustee exchanges its shares of two lines, so that a mark is read as another.")
def line_shares_exchanged(elections: Elections) -> Shown:
    data = _share(elections.twice)[2]
    return _shared(elections.twice, data[32:64] + data[:32] + data[64:])


@by("X3", "A trustee decrypts with a share of its own making, and proves it against its own key.")
def line_share_of_another_key(elections: Elections) -> Shown:
    twice = elections.twice
    place, record, _ = _share(twice)
    mixing = twice.log(place).mixing
    secret = ristretto255.random_scalar()
    pads = mixing.pads(0)
    shares = equality.multiply(ristretto255, pads, secret)
    statement = Equality(ristretto255, ristretto255.multiply_generator(secret), pads, shares)
    session = mixing.share_session(mixing.batches[0], record.trustee)
    return _shared(twice, bytes(shares) + equality.prove(session, statement, secret))


@by("X3", "A trustee posts another trustee's share as its own.")
def line_share_copied(elections: Elections) -> Shown:
    twice = elections.twice
    first, second = twice.places("line-share")
    return twice.shown(first, twice.updated(first, batches=twice.record(second).batches))


@by("X3", "A trustee posts its share of the lines twice, each proven anew.")
def line_share_again(elections: Elections) -> Shown:
    twice = elections.twice
    place = twice.place("line-share")
    again = DecryptingTrustee(twice.simulation.key_holders[0]).decrypt_lines(twice.log(place).mixing)
    return twice.shown(place, twice.entries[place], again.entry, also=again.attachments)


@by("X3", "A trustee decrypts what one mixer has mixed, before the other.")
def line_share_before_the_last_round(elections: Elections) -> Shown:
    twice = elections.twice
    second = twice.place("mix-round", 1)
    mixing, holder = twice.log(second).mixing, twice.simulation.key_holders[0]
    attachments, files = [], []
    for place, batch in enumerate(mixing.batches):
        pads = mixing.pads(place)
        shares = equality.multiply(ristretto255, pads, holder.share.share)
        statement = Equality(ristretto255, holder.share.verification_key, pads, shares)
        proof = equality.prove(mixing.share_session(batch, holder.id), statement, holder.share.share)
        attachments.append(bytes(shares) + proof)
        files.append(digest_file(batch.contest, batch.line, attachments[-1]))
    made = _share(twice)[1].model_copy(update={"basis": mixing.basis, "batches": tuple(files)})
    early = sign_record(made, holder.signing)
    return twice.shown(second, early, twice.entries[second], also=attachments)


@by("X3", "A trustee's share says that it is of another round than it is.")
def line_share_of_another_basis(elections: Elections) -> Shown:
    twice = elections.twice
    place = twice.place("line-share")
    return twice.shown(place, twice.updated(place, basis=bytes(32)))


@by("X3", "The group's order is added to the response of the proof of a share of lines.")
def line_share_not_reduced(elections: Elections) -> Shown:
    return _shared(elections.twice, _not_reduced(_share(elections.twice)[2]))


@by("X3", "The attachment of a share is not there.")
def line_share_without_its_attachment(elections: Elections) -> Shown:
    twice = elections.twice
    data = _share(twice)[2]
    shown = twice.show(twice.entries)
    return Shown(shown.entries, [one for one in shown.attachments if one != data], shown.note)
