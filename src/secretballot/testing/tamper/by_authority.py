"""What the authority may try, and whoever acts in its name: other manifests, other seals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...board.records import Seal
from ...credential.registrar import RegistrarKeys
from ...crypto.encoding import b64encode
from ...crypto.merkle import leaf_hash
from ...crypto.signing import SigningKey
from ...manifest import Election
from ...records import parse_entry, sign_body, sign_record
from .accomplices import Shown
from .attacks import Attacks
from .elections import LAST, Elections, officials
from .sources import STUFFING, WEAK_RSA

ATTACKS = Attacks()
by = ATTACKS.by


# The manifest.


@by("M1", "A log without any entry.")
def empty_log(elections: Elections) -> Shown:
    return elections.sums.show([])


@by("M1 L2", "The log begins with the entry after the manifest.")
def manifest_missing(elections: Elections) -> Shown:
    return elections.sums.show(elections.sums.entries[1:])


def _drafted(elections: Elections, change: Callable[[Any], object]) -> Shown:
    """The log of a manifest that was changed before it was signed. No party could go on from it."""
    sums = elections.sums
    return sums.show([sums.rewritten(0, change)])


@by("M1", "The quorum is above the number of trustees, so that nothing can ever be decrypted.")
def quorum_above_the_trustees(elections: Elections) -> Shown:
    return _drafted(elections, lambda body: body.update(quorum=4))


@by("M1", "Nobody is needed to decrypt.")
def quorum_of_nobody(elections: Elections) -> Shown:
    return _drafted(elections, lambda body: body.update(quorum=0))


@by(
    "M1", "A count can be larger than what a digit of the packed sum holds, and would run over into the next."
)
def capacity_below_the_roll(elections: Elections) -> Shown:
    return _drafted(elections, lambda body: body.update(capacity=3))


@by("M1", "Two trustees are one, with one key.")
def trustees_with_one_key(elections: Elections) -> Shown:
    def change(body: Any) -> None:
        body["trustees"][1]["key"] = body["trustees"][0]["key"]

    return _drafted(elections, change)


@by("M1", "A trustee's key is the identity, whose secret everybody knows.")
def trustee_with_the_identity(elections: Elections) -> Shown:
    return _drafted(elections, lambda body: body["trustees"][0].update(key=b64encode(bytes(32))))


@by("M1", "The board signs with the authority's key, so that what one signs may be taken for the other's.")
def board_with_the_key_of_the_authority(elections: Elections) -> Shown:
    return _drafted(elections, lambda body: body["board"].update(key=body["authority"]["signing_key"]))


@by("M1", "A small prime divides the modulus of an issuing key, and anybody may sign credentials.", WEAK_RSA)
def issuing_key_with_a_small_factor(elections: Elections) -> Shown:
    (issuing,) = elections.sums.election.issuing_keys
    # Odd, and a multiple of 3.
    weak = issuing.n - issuing.n % 6 + 3

    def change(body: Any) -> None:
        size = issuing.modulus_bytes
        key = issuing.to_der().replace(issuing.n.to_bytes(size, "big"), weak.to_bytes(size, "big"))
        body["registrars"][0]["key"] = b64encode(key)

    return _drafted(elections, change)


@by("M1", "An issuing key has another exponent than all others.")
def issuing_key_with_another_exponent(elections: Elections) -> Shown:
    (issuing,) = elections.sums.election.issuing_keys

    def change(body: Any) -> None:
        body["registrars"][0]["key"] = b64encode(issuing.to_der()[:-1] + b"\3")

    return _drafted(elections, change)


@by("M1", "A single mixer mixes, and knows whose every line is.")
def one_round_of_mixing(elections: Elections) -> Shown:
    twice = elections.twice
    return twice.show([twice.rewritten(0, lambda body: body.update(mixing_rounds=1))])


@by("M1", "Two contests have one id, so that a result of one may be read as the other's.")
def contests_with_one_id(elections: Elections) -> Shown:
    def change(body: Any) -> None:
        body["contests"][1]["id"] = body["contests"][0]["id"]

    return _drafted(elections, change)


@by("M1", "A threshold is not in lowest terms: one election has two ids.")
def threshold_not_in_lowest_terms(elections: Elections) -> Shown:
    return _drafted(elections, lambda body: body["contests"][0]["rules"][0].update(threshold="2/4"))


@by("M2", "The manifest is signed by somebody else than the authority that it names.")
def manifest_by_another(elections: Elections) -> Shown:
    return elections.sums.shown(
        0, sign_body(parse_entry(elections.sums.entries[0]).body, SigningKey.generate())
    )


@by("M3", "A good record, but not that of the election that was announced.")
def another_election(elections: Elections) -> Shown:
    foreign = elections.foreign
    return foreign.show(foreign.entries, election_id=elections.sums.election.id)


@by("M3 L2", "The authority lowers the quorum to one once everybody has joined.")
def manifest_quorum_lowered(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.show(
        sums.replaced(0, sums.rewritten(0, lambda body: body.update(quorum=1))), election_id=sums.election.id
    )


@by("M3 L2 C2", "The registrar's issuing key in the manifest is exchanged after credentials were issued.")
def manifest_issuing_key_exchanged(elections: Elections) -> Shown:
    sums = elections.sums
    (registrar,) = sums.simulation.manifest.registrars
    other = RegistrarKeys.generate(registrar.id, registrar.labels).public()
    manifest = sums.simulation.manifest.model_copy(
        update={"registrars": (registrar.model_copy(update={"key": other.key}),)}
    )
    raw = Election.from_manifest(manifest).to_entry(sums.key(0))
    return sums.show(sums.replaced(0, raw), election_id=sums.election.id)


@by("L1", "A second manifest stands in the log.")
def manifest_in_the_middle(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.show([sums.entries[0], elections.foreign.entries[0], *sums.entries[1:]])


@by("L1", "The manifest stands in the log twice, one behind the other.")
def manifest_again(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.shown(0, sums.entries[0], sums.entries[0])


@by("L2 L4", "Another election's manifest stands before this one's entries.")
def manifest_of_another_election(elections: Elections) -> Shown:
    return elections.foreign.show([elections.foreign.entries[0], *elections.sums.entries[1:]])


# Ballots and the seal.


@by("L8 T1 T2 T3", "The board drops a ballot that the authority sealed, and signs the rest.")
def ballot_dropped_behind_the_seal(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.show(sums.replaced(sums.place("ballot", -2)))


@by("L8 T1 T2 T3", "The board puts in a ballot that was cast too late for the seal.", STUFFING)
def ballot_added_behind_the_seal(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.opening("tally")
    late = sums.device(LAST).seal(officials("high", "high")).cast()
    return sums.show(sums.replaced(place, late, sums.entries[place]))


@by(
    "L8 T1 T2 T3",
    "The board exchanges two ballots that the authority sealed, so that another of a voter's counts.",
)
def ballots_exchanged_behind_the_seal(elections: Elections) -> Shown:
    sums = elections.sums
    first, last = sums.place("ballot"), sums.place("ballot", -1)
    entries = list(sums.entries)
    entries[first], entries[last] = entries[last], entries[first]
    return sums.show(entries)


@by("T1 T2 T3", "Nobody sealed the ballots.")
def seal_missing(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.show(sums.replaced(sums.place("seal")))


@by("L4", "A trustee seals the ballots in the authority's name.")
def seal_by_another(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("seal")
    return sums.shown(place, sign_record(sums.record(place), sums.trustee_key("trustee-1")))


@by("L8", "The authority seals the ballots twice.")
def seal_again(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("seal")
    return sums.shown(place, sums.entries[place], sums.entries[place])


@by("L8", "The authority seals a log that this one is not.")
def seal_of_another_log(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("seal")
    other = Seal(election=sums.election.id, basis=leaf_hash(b"another"))
    return sums.shown(place, sign_record(other, sums.key(place)))
