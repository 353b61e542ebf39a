"""What trustees may try who decrypt what was mixed."""

from __future__ import annotations

from ...crypto import equality
from ...crypto.equality import Equality
from ...crypto.group import ristretto255
from ...crypto.sharing import lagrange_at_zero
from ...records import sign_record
from ...tally.lines import decrypt_rows
from ...tally.records import LineShare, digest_file
from ...tally.trustee import DecryptingTrustee
from .accomplices import Accomplices, Shown
from .attacks import Attacks
from .by_mixers import attached, called, not_reduced
from .elections import Elections
from .sources import EQUAL

ATTACKS = Attacks()
by = ATTACKS.by


def _share(twice: Accomplices, number: int = 0) -> tuple[int, LineShare, bytes]:
    """Where the first share stands, the share, and its attachment of a batch."""
    place = twice.place("line-share")
    record: LineShare = twice.record(place)
    return place, record, attached(twice, record.batches[number].digest)


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


@by("X3", "A trustee's share says of a batch that it is of another line.")
def line_share_of_another_line(elections: Elections) -> Shown:
    twice = elections.twice
    place, record, _ = _share(twice)
    return twice.shown(place, twice.updated(place, batches=called(record.batches, line="others")))


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
    return _shared(elections.twice, not_reduced(_share(elections.twice)[2]))


@by("X3", "The attachment of a share is not there.")
def line_share_without_its_attachment(elections: Elections) -> Shown:
    twice = elections.twice
    data = _share(twice)[2]
    shown = twice.show(twice.entries)
    return Shown(shown.entries, [one for one in shown.attachments if one != data], shown.note)
