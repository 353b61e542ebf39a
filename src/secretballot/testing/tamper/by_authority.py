"""What the authority may try, and whoever acts in its name: other manifests, other seals."""

from __future__ import annotations

from ...board.records import Seal
from ...credential.registrar import RegistrarKeys
from ...crypto.merkle import leaf_hash
from ...crypto.signing import SigningKey
from ...manifest import Election
from ...records import parse_entry, sign_body, sign_record
from .accomplices import Shown
from .attacks import Attacks
from .elections import LAST, Elections, officials
from .sources import STUFFING

ATTACKS = Attacks()
by = ATTACKS.by


# The manifest.


@by("M1", "A log without any entry.")
def empty_log(elections: Elections) -> Shown:
    return elections.sums.show([])


@by("M1 L2", "The log begins with the entry after the manifest.")
def manifest_missing(elections: Elections) -> Shown:
    return elections.sums.show(elections.sums.entries[1:])


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
