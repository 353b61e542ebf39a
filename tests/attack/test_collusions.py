"""Rows of the threat model that no single rule is about, played: who learns or changes what by which collusion.

What is found here is not mended by a check: the page says it, and this shows that the page is right.
"""

from __future__ import annotations

import pytest

from secretballot.ballot.records import Ballot
from secretballot.ballot.voter import VoterDevice
from secretballot.credential.checks import blinded_in
from secretballot.credential.holder import Holder
from secretballot.crypto.elgamal import Ciphertext, combine
from secretballot.crypto.group import ristretto255
from secretballot.errors import CredentialError, PhaseError
from secretballot.records import parse_entry
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation
from secretballot.verify import Verdict

from ..support import elections

CONTESTS = (elections.rating(people=("an",)),)
HIGH, LOW = {"officials": {"an": "high"}}, {"officials": {"an": "low"}}


def give(simulation: Simulation) -> VoterDevice:
    """The registrars sign a ballot key of their own, for nobody, and enter it nowhere."""
    holder = Holder(simulation.election)
    for keys in simulation.registrar_keys:
        blinded = blinded_in(holder.request(keys.id), simulation.election.id, keys.id)
        holder.accept(keys.id, keys._issuing.blind_sign(blinded))
    return VoterDevice(simulation.log.context, holder.credential(), holder.signing_key)


def counts(simulation: Simulation) -> tuple[int, ...]:
    return elections.counts_of(simulation.tally())["officials"]["an"][0]


def test_registrars_vote_for_who_asked_and_stays_away() -> None:
    """Three asked, and the register has three lines; one comes. The record is in order, and so is the register."""
    simulation = elections.voting(CONTESTS, 3)
    simulation.vote([HIGH])
    for _ in range(2):
        simulation.board.submit(give(simulation).seal(LOW).cast())
    assert simulation.log.issued == {"registrar-1": simulation.registrars[0].issued} == {"registrar-1": 3}
    assert counts(simulation) == (1, 0, 2)
    assert elections.verify(simulation, list(simulation.store.entries())).verdict is Verdict.VERIFIED


def test_registrars_alone_learn_how_one_key_voted() -> None:
    """They use up the register before voters come: the first who does is alone with them, the others are refused."""
    simulation = elections.voting(CONTESTS, 4, minimum_group=4)
    for _ in range(3):
        simulation.board.submit(give(simulation).seal(LOW).cast())
    simulation.board.submit(simulation.seal(0, HIGH).cast())
    with pytest.raises(CredentialError, match="more credentials vote than were issued"):
        simulation.board.submit(simulation.seal(1, LOW).cast())
    assert counts(simulation) == (1, 0, 3)


def test_a_registrar_that_is_honest_keeps_the_others_from_it() -> None:
    simulation = elections.voting(CONTESTS, 2, registrars=2)
    honest = simulation.registrar_keys.pop()
    with pytest.raises(CredentialError, match=f"registrar {honest.id} has not signed"):
        give(simulation)


def test_one_registrar_of_two_keeps_its_lines_back() -> None:
    """The voters hold signatures of both, and are refused when they vote; the first found no fault."""
    simulation = elections.simulate(CONTESTS, registrars=2)
    simulation.hold_ceremony()
    for voter in simulation.roll[:2]:
        holder = Holder(simulation.election)
        for registrar in simulation.registrars:
            signature, line = registrar.issue(voter, holder.request(registrar.id))
            holder.accept(registrar.id, signature)
            if registrar.id == "registrar-1" or voter == "voter-1":
                simulation.board.submit(line)
        holder.credential()
        simulation.holders.append(holder)
    simulation.board.submit(simulation.authority.enter(simulation.election, "voting"))
    simulation.board.submit(simulation.seal(1, HIGH).cast())
    with pytest.raises(CredentialError, match="issued by registrar registrar-2"):
        simulation.board.submit(simulation.seal(0, HIGH).cast())


def test_a_mixer_that_is_needed_withholds_the_result() -> None:
    mixed = (CONTESTS[0].model_copy(update={"tally": "mixnet"}),)
    for mixers in (2, 3):
        simulation = elections.voting(mixed, 2, mixers=mixers, mixing_rounds=2)
        simulation.vote([HIGH, LOW])
        del simulation.mixer_keys[0]
        if mixers == 2:
            with pytest.raises(PhaseError):
                simulation.tally()
        else:
            assert counts(simulation) == (1, 0, 1)


def test_an_authority_that_seals_nothing_withholds_the_result() -> None:
    simulation = elections.voting(CONTESTS, 2)
    simulation.vote([HIGH, LOW])
    simulation.board.submit(simulation.authority.enter(simulation.election, "tally"))
    with pytest.raises(PhaseError, match="has not sealed"):
        DecryptingTrustee(simulation.key_holders[0]).decrypt(simulation.log.tally)
    report = elections.verify(simulation, list(simulation.store.entries()))
    assert report.verdict is Verdict.INCOMPLETE


def test_a_quorum_reads_a_ballot_though_every_mixer_is_honest() -> None:
    """They decrypt it as it was cast, under its key. One trustee less reads nothing."""
    mixed = (CONTESTS[0].model_copy(update={"tally": "mixnet"}),)
    simulation = elections.voting(mixed, 2)
    places = simulation.store.size()
    simulation.vote([HIGH, LOW])
    plan, read = simulation.log.context.plans[0], []
    meanings = [plan.messages([choice])[0] for choice in range(4)]
    for raw in list(simulation.store.entries())[places:]:
        ballot = Ballot.from_body(parse_entry(raw).body)
        (contest,) = ballot.contests
        pad, data = ristretto255.decode_elements(contest.ciphertexts)
        shares = {holder.share.index: pad * holder.share.share for holder in simulation.key_holders[:2]}
        read.append(combine(ristretto255, Ciphertext(pad, data), shares))
        shares.popitem()
        assert combine(ristretto255, Ciphertext(pad, data), shares) not in meanings
    assert read == [meanings[1], meanings[3]]  # A blank is 0.
