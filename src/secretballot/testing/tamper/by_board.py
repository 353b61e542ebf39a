"""What the board may try, alone or with the authority: other entries, another order, another log for each reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...board.records import PhaseChange
from ...crypto.cosignature import CosignatureSigner, add_cosignatures
from ...crypto.encoding import b64encode
from ...crypto.merkle import leaf_hash
from ...crypto.note import Checkpoint, NoteSigner, parse_note, sign_note
from ...crypto.signing import SigningKey
from ...records import parse_entry, sign_body, sign_record
from ...verify import Verdict
from .accomplices import Accomplices, Shown, canonical
from .attacks import Attacks
from .elections import FIRST, LAST, Elections, chair, officials
from .sources import FORK, MALLEABLE, NOTE, PARSERS, SPARE_BITS, WITNESS

ATTACKS = Attacks()
by = ATTACKS.by


# Single entries.


@by("L1", "An entry is garbage.")
def entry_of_garbage(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ballot")
    return sums.collude([*sums.entries[:place], b"garbage", *sums.entries[place : sums.opening("tally") + 1]])


@by("L1", "A record of a kind that the specification does not know, well signed.")
def entry_of_an_unknown_kind(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ballot", -2)
    return sums.shown(place, sums.rewritten(place, lambda body: body.update(record="secretballot/1/ballots")))


@by("L1", "A voter signs a ballot of a version of the protocol that is not this one.")
def entry_of_another_version(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ballot", -2)
    return sums.shown(place, sums.rewritten(place, lambda body: body.update(record="secretballot/2/ballot")))


def _reformed(sums: Accomplices, old: bytes, new: bytes) -> Shown:
    """A line of the register in another form, well signed."""
    place = sums.place("issuance", 1)
    body = parse_entry(sums.entries[place]).body
    changed = body.replace(old, new, 1)
    return sums.shown(place, sign_body(changed, sums.key(place)))


@by("L1", "A signed body has a space between its members.", PARSERS)
def body_with_a_space(elections: Elections) -> Shown:
    return _reformed(elections.sums, b",", b", ")


@by("L1", "A signed body has one member twice, of which a reader may take either.", PARSERS)
def body_with_a_member_twice(elections: Elections) -> Shown:
    return _reformed(elections.sums, b'"serial":2', b'"serial":9,"serial":2')


@by("L1", "A signed body has a member that the specification does not know.", PARSERS)
def body_with_an_unknown_member(elections: Elections) -> Shown:
    return _reformed(elections.sums, b'"serial":2', b'"serial":2,"voter":"voter-2"')


@by("L1", "A signed body has its members in another order.", PARSERS)
def body_in_another_order(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("issuance", 1)
    body = dict(reversed(sums.body(place).items()))
    return sums.shown(place, sign_body(canonical({"record": body["record"], **body}), sums.key(place)))


@by("L1", "A signed body writes a number in another form.", PARSERS)
def body_with_another_number(elections: Elections) -> Shown:
    return _reformed(elections.sums, b'"serial":2', b'"serial":2.0')


@by("L1", "A signed body writes a letter with an escape that it does not need.", PARSERS)
def body_with_an_escape(elections: Elections) -> Shown:
    return _reformed(elections.sums, b'"registrar-1"', b'"registrar-\\u0031"')


@by("L1", "A number in a signed body is above 2^53 - 1, where some readers round.", PARSERS)
def body_with_a_number_too_large(elections: Elections) -> Shown:
    return _reformed(elections.sums, b'"serial":2', b'"serial":9007199254740993')


@by("L1", "Base64url text in a signed body ends in bits that mean nothing.", SPARE_BITS)
def body_with_spare_bits(elections: Elections) -> Shown:
    sums = elections.sums
    text = sums.body(sums.place("issuance", 1))["request"]
    return _reformed(sums, text.encode(), (text[:-1] + chr(ord(text[-1]) + 1)).encode())


@by("L1", "An entry has data behind its end.", PARSERS)
def entry_with_data_behind(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("issuance", 1)
    return sums.shown(place, sums.entries[place] + b" ")


@by("L2", "A ballot of another election is taken into this log.")
def entry_of_another_election(elections: Elections) -> Shown:
    sums, foreign = elections.sums, elections.foreign
    return sums.shown(sums.place("ballot", -2), foreign.entries[foreign.place("ballot", -2)])


@by("L2", "The authority publishes this election's counts in the name of another election of its own.")
def result_of_another_election(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("result")
    return sums.show(sums.replaced(place, sums.updated(place, election=elections.foreign.election.id)))


@by("L4", "A ballot carries the signature of another ballot.")
def signature_of_another(elections: Elections) -> Shown:
    sums = elections.sums
    first, place = sums.place("ballot"), sums.place("ballot", -2)
    raw = sums.entries[place]
    return sums.shown(place, raw[:-88] + sums.entries[first][-88:])


@by("L4", "The group's order is added to the second half of a signature.", MALLEABLE)
def signature_not_reduced(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ballot", -2)
    good = parse_entry(sums.entries[place]).signature
    order = 2**252 + 27742317777372353535851937790883648493
    raised = int.from_bytes(good[32:], "little") + order
    text = b64encode(good[:32] + raised.to_bytes(32, "little")).encode()
    return sums.shown(place, sums.entries[place][:-88] + text + b'"}')


@by("L4", "The board enters a phase in the authority's name.")
def phase_by_the_board(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.opening("tally")
    return sums.shown(place, sign_record(sums.record(place), sums.simulation.board_keys._key))


# Order.


@by("L3", "A ballot is cast before voting opens.")
def ballot_before_voting(elections: Elections) -> Shown:
    sums = elections.sums
    place, opening, stop = sums.place("ballot", -2), sums.opening("voting"), sums.opening("tally")
    raw = sums.entries[place]
    rest = [one for one in sums.entries[opening : stop + 1] if one != raw]
    return sums.collude([*sums.entries[:opening], raw, *rest])


@by("L3", "A ballot is cast after voting has closed.")
def ballot_after_the_close(elections: Elections) -> Shown:
    sums = elections.sums
    place, stop = sums.place("ballot", -2), sums.opening("tally")
    raw = sums.entries[place]
    before = [one for one in sums.entries[: stop + 1] if one != raw]
    shown = sums.collude(before)
    return sums.show([*shown.entries[: len(before)], raw, *shown.entries[len(before) :]])


@by("L3", "A voter votes again after voting has closed. The mixers mixed what had been cast before.")
def ballot_again_after_the_close(elections: Elections) -> Shown:
    twice = elections.twice
    place = twice.opening("tally")
    late = twice.device(FIRST).seal(chair("chi", "an")).cast()
    return twice.show(twice.replaced(place, twice.entries[place], late))


@by("L3", "A credential is issued while voting is open, so that its ballot can be told by the time.")
def issuance_while_voting(elections: Elections) -> Shown:
    sums = elections.sums
    line = sums.place("issuance", -1)
    raw = sums.updated(line, serial=4, request=bytes(32))
    place = sums.place("ballot", -2)
    return sums.shown(place, raw, sums.entries[place])


@by("L3", "Voting opens straight after the setup.")
def phase_left_out(elections: Elections) -> Shown:
    sums = elections.sums
    opening = sums.opening("issuance")
    entries = [*sums.entries[:opening], *sums.entries[opening + 1 : sums.opening("tally") + 1]]
    return sums.collude(entries)


@by("L3", "Voting is closed and opened again.")
def voting_opened_again(elections: Elections) -> Shown:
    sums = elections.sums
    key = sums.key(sums.opening("tally"))
    again = sign_record(PhaseChange(election=sums.election.id, phase="voting"), key)
    place, stop = sums.place("ballot", -1), sums.opening("tally")
    close, last = sums.entries[stop], sums.entries[place]
    return sums.collude([*sums.entries[:place], close, again, last, close])


@by("L3", "A second result, with other counts, follows the first.")
def result_again(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("result")
    return sums.show([*sums.entries, sums.rewritten(place, lambda body: body.update(collected=4))])


# The checkpoint.


@by("L5", "The checkpoint is signed by somebody else under the board's name.")
def checkpoint_by_another(elections: Elections) -> Shown:
    sums = elections.sums
    text = parse_note(sums.sign(sums.entries))[0]
    origin = sums.simulation.board_keys.public().origin
    return sums.show(sums.entries, note=sign_note(text, NoteSigner(origin, SigningKey.generate())).encode())


@by("L5", "The checkpoint is of another log's name, by this log's key.")
def checkpoint_of_another_origin(elections: Elections) -> Shown:
    sums = elections.sums
    keys = sums.simulation.board_keys
    own = Checkpoint.parse(parse_note(sums.sign(sums.entries))[0])
    text = Checkpoint("elsewhere.example", own.size, own.root).to_text()
    note = sign_note(text, NoteSigner(keys.public().origin, keys._key))
    return sums.show(sums.entries, note=note.encode())


@by("L5", "The checkpoint is over one entry fewer.")
def checkpoint_over_fewer(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.show(sums.entries, note=sums.sign(sums.entries[:-1]))


@by("L5", "The checkpoint is over another root.")
def checkpoint_over_another_root(elections: Elections) -> Shown:
    sums = elections.sums
    note = sums.simulation.board_keys.sign(len(sums.entries), leaf_hash(b"another"))
    return sums.show(sums.entries, note=note.encode())


def _noted(sums: Accomplices, change: Callable[[str], str]) -> Shown:
    """The checkpoint with its text changed before the board signed it."""
    text, _ = parse_note(sums.sign(sums.entries))
    keys = sums.simulation.board_keys
    note = sign_note(change(text), NoteSigner(keys.public().origin, keys._key))
    return sums.show(sums.entries, note=note.encode())


@by("L5", "The checkpoint writes its size with a zero in front.", NOTE)
def checkpoint_with_a_leading_zero(elections: Elections) -> Shown:
    return _noted(elections.sums, lambda text: text.replace("\n", "\n0", 1))


@by(
    "L5",
    "The checkpoint has an empty line in its text, where a reader may take the signatures to begin.",
    NOTE,
)
def checkpoint_with_an_empty_line(elections: Elections) -> Shown:
    return _noted(elections.sums, lambda text: text + "\n")


@by("L5", "The board signs the checkpoint twice.", NOTE)
def checkpoint_signed_twice(elections: Elections) -> Shown:
    sums = elections.sums
    note = sums.sign(sums.entries)
    return sums.show(sums.entries, note=note + note.splitlines(keepends=True)[-1])


@by("L5", "A line of somebody else's in the checkpoint is no signature line.", NOTE)
def checkpoint_with_a_line_that_is_none(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.show(sums.entries, note=sums.sign(sums.entries) + b"- another.example AAAAAAA=\n")


# Two histories.


@by("L6", "The board has signed two histories: one voter holds a checkpoint of the other.", FORK)
def log_forked(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ballot", -2)
    fork = [*sums.entries[:place], sums.device(LAST).seal(officials("high", "high")).cast()]
    shown = sums.collude(sums.entries[: sums.opening("tally") + 1])
    return sums.show(shown.entries, checkpoint=sums.sign(fork).decode())


@by("L6", "The record is an older copy than a checkpoint that somebody holds.", FORK)
def log_rolled_back(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.show(sums.entries[:-1], checkpoint=sums.sign(sums.entries).decode())


@by(
    "L6", "Ballots that a checkpoint of voting time covers are gone, though everybody after it goes on.", FORK
)
def ballot_dropped_behind_a_checkpoint(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ballot", -2)
    shown = sums.shown(place)
    return sums.show(shown.entries, checkpoint=sums.sign(sums.entries[: place + 1]).decode())


def _cosigner() -> CosignatureSigner:
    return CosignatureSigner("witness.example/w1", SigningKey.generate())


@by("L7", "A cosigner whom the auditor trusts has not signed the checkpoint.", WITNESS)
def cosignature_missing(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.show(sums.entries, cosigners=(_cosigner().verifier.vkey(),))


@by("L7", "The checkpoint carries a cosigner's line from another checkpoint.", WITNESS)
def cosignature_of_another_checkpoint(elections: Elections) -> Shown:
    sums = elections.sums
    cosigner = _cosigner()
    older = parse_note(sums.sign(sums.entries[:-1]))[0]
    note = add_cosignatures(sums.sign(sums.entries).decode(), [cosigner.cosign(older, 1_800_000_000)])
    return sums.show(sums.entries, note=note.encode(), cosigners=(cosigner.verifier.vkey(),))


@by("L7", "The cosigner whom the auditor trusts is the board under another name, with its own key.", WITNESS)
def cosigner_with_the_key_of_the_board(elections: Elections) -> Shown:
    sums = elections.sums
    board = CosignatureSigner("witness.example/w1", sums.simulation.board_keys._key)
    return _cosigned(sums, board)


@by("L7", "Of two lines of a cosigner, one does not verify.", WITNESS)
def cosignature_changed(elections: Elections) -> Shown:
    sums, cosigner = elections.sums, _cosigner()
    text, older = (parse_note(sums.sign(some))[0] for some in (sums.entries, sums.entries[:-1]))
    lines = [cosigner.cosign(one, 1_800_000_000 + place) for place, one in enumerate((text, older))]
    note = sums.sign(sums.entries) + "".join(one.line() for one in lines).encode()
    return sums.show(sums.entries, note=note, cosigners=(cosigner.verifier.vkey(),))


def _cosigned(sums: Accomplices, cosigner: CosignatureSigner) -> Shown:
    """The record with a cosignature, by a cosigner who is pinned."""
    text = parse_note(sums.sign(sums.entries))[0]
    note = add_cosignatures(sums.sign(sums.entries).decode(), [cosigner.cosign(text, 1_800_000_000)])
    return sums.show(sums.entries, note=note.encode(), cosigners=(cosigner.verifier.vkey(),))


@by(
    "", "A cosigner signed the checkpoint: no attack, but its neighbour that holds.", verdict=Verdict.VERIFIED
)
def cosignature_good(elections: Elections) -> Shown:
    sums = elections.sums
    shown = _cosigned(sums, _cosigner())
    pinned = sums.sign(sums.entries[:10]).decode()
    return replace(shown, checkpoint=pinned, election_id=sums.election.id)


# The end.


@by("", "The log ends before the result.", verdict=Verdict.INCOMPLETE)
def result_missing(elections: Elections) -> Shown:
    return elections.sums.show(elections.sums.entries[:-1])


@by("", "The log ends while voting is open.", verdict=Verdict.INCOMPLETE)
def log_cut_in_voting(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.show(sums.entries[: sums.place("ballot", -2)])


@by("", "Two shares have changed places, which says the same.", verdict=Verdict.VERIFIED)
def shares_in_another_order(elections: Elections) -> Shown:
    sums = elections.sums
    first, second = sums.places("decryption-share")
    return sums.show(
        [*sums.entries[:first], sums.entries[second], sums.entries[first], *sums.entries[second + 1 :]]
    )
