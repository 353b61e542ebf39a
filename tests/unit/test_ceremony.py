"""The key ceremony: k of n, what is refused and whom it is blamed on, complaints, and states that are used up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from secretballot.ceremony import CeremonyCommitment, CeremonyConfirmation, CeremonyMessage
from secretballot.ceremony.checks import (
    blame,
    check_confirmation,
    check_message,
    check_opens,
    commitment_to,
    group_public,
    session_of,
)
from secretballot.ceremony.trustee import KeyHolder, Revealed, TrusteeKeys
from secretballot.crypto import dkg
from secretballot.crypto.elgamal import EncryptionKey, combine
from secretballot.crypto.group import Scalar, ristretto255
from secretballot.crypto.sharing import Polynomial
from secretballot.errors import (
    ArgumentError,
    CeremonyError,
    DuplicateError,
    KeyGenerationError,
    ManifestError,
    PhaseError,
)
from secretballot.manifest import Election
from secretballot.records import parse_entry, sign_record
from secretballot.testing import Simulation

from ..support import elections


def setup(trustees: int = 3, quorum: int = 2) -> Simulation:
    return elections.simulate([elections.choice()], trustees=trustees, quorum=quorum)


def revealed(simulation: Simulation) -> list[Revealed]:
    """Every trustee after its message is on the board."""
    joined = [keys.join(simulation.election) for keys in simulation.trustees]
    for _, entry in joined:
        simulation.board.submit(entry)
    states = [state.reveal(simulation.log.commitments) for state, _ in joined]
    for _, entry in states:
        simulation.board.submit(entry)
    return [state for state, _ in states]


@pytest.fixture(scope="module")
def three() -> Simulation:
    """Two of three, after the ceremony. Not changed by tests."""
    simulation = setup()
    simulation.hold_ceremony()
    return simulation


# Honest.


@pytest.mark.parametrize(("quorum", "trustees"), [(2, 3), (1, 1), (3, 3), (1, 2)])
def test_any_quorum_decrypts_and_fewer_do_not(quorum: int, trustees: int) -> None:
    simulation = setup(trustees, quorum)
    simulation.hold_ceremony()
    assert simulation.log.phase == "issuance"
    holders = simulation.key_holders
    key = simulation.log.context.key.element
    assert all(holder.share.group_key == key for holder in holders)
    assert [holder.share.index for holder in holders] == list(range(1, trustees + 1))
    ciphertext = EncryptionKey(ristretto255, key).encrypt(
        ristretto255.scalar(5), ristretto255.random_scalar()
    )
    message = ristretto255.multiply_generator(ristretto255.scalar(5))
    shares = {holder.share.index: ciphertext.pad * holder.share.share for holder in holders}
    for first in range(trustees - quorum + 1):
        some = {i: shares[i] for i in list(shares)[first : first + quorum]}
        assert combine(ristretto255, ciphertext, some) == message
        if quorum > 1:
            some.popitem()
            assert combine(ristretto255, ciphertext, some) != message


def test_verification_keys_are_the_shares(three: Simulation) -> None:
    public = three.log.group_public
    assert public is not None
    for holder in three.key_holders:
        verification_key = public.verification_keys[holder.share.index - 1]
        assert ristretto255.multiply_generator(holder.share.share) == verification_key


def test_two_elections_of_one_manifest_but_the_nonce_have_other_contexts(three: Simulation) -> None:
    other = Election.from_manifest(three.manifest.model_copy(update={"nonce": bytes(16)}))
    assert session_of(other).context != session_of(three.election).context
    message = three.log.messages["trustee-1"]
    check_message(three.election, "trustee-1", message)
    with pytest.raises(CeremonyError, match="proof of possession") as caught:
        check_message(other, "trustee-1", message)
    assert caught.value.culprit == "trustee trustee-1"


# Missing parties.


def test_each_step_waits_for_everybody_and_can_then_be_tried_again() -> None:
    simulation = setup()
    joined = [keys.join(simulation.election) for keys in simulation.trustees]
    for _, entry in joined[:2]:
        simulation.board.submit(entry)
    with pytest.raises(PhaseError, match=r"^the commitment of trustee trustee-3 is still awaited$") as caught:
        joined[0][0].reveal(simulation.log.commitments)
    assert caught.value.culprit is None
    simulation.board.submit(joined[2][1])

    states = [state.reveal(simulation.log.commitments) for state, _ in joined]
    for _, entry in (states[0], states[2]):
        simulation.board.submit(entry)
    with pytest.raises(PhaseError, match=r"^the message of trustee trustee-2 is still awaited$") as caught:
        states[0][0].confirm(simulation.log.messages)
    assert caught.value.culprit is None
    simulation.board.submit(states[1][1])

    confirmed = [state.confirm(simulation.log.messages) for state, _ in states]
    for _, entry in confirmed[1:]:
        simulation.board.submit(entry)
    with pytest.raises(
        PhaseError, match=r"^the confirmation of trustee trustee-1 is still awaited$"
    ) as caught:
        confirmed[0][0].finish(simulation.log.confirmations)
    assert caught.value.culprit is None
    with pytest.raises(PhaseError, match="the confirmation of trustee trustee-1 is still awaited"):
        _ = simulation.log.context
    with pytest.raises(PhaseError, match="the confirmation of trustee trustee-1 is still awaited"):
        simulation.board.submit(simulation.authority.enter(simulation.election, "issuance"))
    simulation.board.submit(confirmed[0][1])
    assert simulation.log.context.election == simulation.election
    assert confirmed[0][0].finish(simulation.log.confirmations).id == "trustee-1"
    simulation.board.submit(simulation.authority.enter(simulation.election, "issuance"))


def test_the_board_takes_no_message_before_every_commitment_and_no_confirmation_before_every_message() -> (
    None
):
    simulation = setup()
    joined = [keys.join(simulation.election) for keys in simulation.trustees]
    everybody = {
        keys.id: CeremonyCommitment.from_body(parse_entry(entry).body).commitment
        for keys, (_, entry) in zip(simulation.trustees, joined, strict=True)
    }
    messages = [state.reveal(everybody) for state, _ in joined]
    for _, entry in joined[:2]:
        simulation.board.submit(entry)
    with pytest.raises(PhaseError, match="the commitment of trustee trustee-3 is still awaited") as caught:
        simulation.board.submit(messages[0][1])
    assert caught.value.culprit is None
    simulation.board.submit(joined[2][1])
    for _, entry in messages[:2]:
        simulation.board.submit(entry)
    record = CeremonyConfirmation(election=simulation.election.id, trustee="trustee-1", signature=bytes(64))
    entry = sign_record(record, simulation.trustees[0]._signing)
    with pytest.raises(PhaseError, match="the message of trustee trustee-3 is still awaited"):
        simulation.board.submit(entry)
    with pytest.raises(PhaseError, match="the message of trustee trustee-3 is still awaited"):
        _ = simulation.log.context


# Faulty parties.


def test_a_trustee_with_other_keys_than_the_manifests_cannot_join(three: Simulation) -> None:
    with pytest.raises(CeremonyError, match="the manifest lists other keys") as caught:
        TrusteeKeys.generate("trustee-2", {"en": "Trustee 2"}).join(three.election)
    assert caught.value.culprit == "trustee trustee-2"
    with pytest.raises(ManifestError, match="no trustee 'stranger'"):
        TrusteeKeys.generate("stranger", {"en": "S"}).join(three.election)


def test_a_message_that_does_not_open_its_commitment() -> None:
    simulation = setup()
    joined = [keys.join(simulation.election) for keys in simulation.trustees]
    again = simulation.trustees[1].join(simulation.election)[0]
    for _, entry in joined:
        simulation.board.submit(entry)
    commitments = dict(simulation.log.commitments)
    with pytest.raises(CeremonyError, match="not the one committed to") as caught:
        again.reveal(commitments)
    assert caught.value.culprit == "trustee trustee-2"
    states = [state.reveal(commitments) for state, _ in joined]
    # A good message, but of another polynomial than the one that was committed to.
    record = CeremonyMessage(election=simulation.election.id, trustee="trustee-2", message=again._message)
    entry = sign_record(record, simulation.trustees[1]._signing)
    with pytest.raises(CeremonyError, match="not the one committed to") as caught:
        simulation.board.submit(entry)
    assert caught.value.culprit == "trustee trustee-2"
    messages = {keys.id: joined[i][0]._message for i, keys in enumerate(simulation.trustees)}
    for swapped in (
        messages | {"trustee-2": again._message},
        messages | {"trustee-2": messages["trustee-3"], "trustee-3": messages["trustee-2"]},
    ):
        with pytest.raises(CeremonyError, match="not the one committed to") as caught:
            states[0][0].confirm(swapped)
        assert caught.value.culprit == "trustee trustee-2"
    # Nothing of that used the state up.
    assert states[0][0].confirm(messages)


def test_a_trustees_own_message_swapped_together_with_its_commitment() -> None:
    simulation = setup(2)
    states = [keys.join(simulation.election)[0] for keys in simulation.trustees]
    mine, other = states[0]._message, simulation.trustees[0].join(simulation.election)[0]._message
    theirs = states[1]._message
    ids = [keys.id for keys in simulation.trustees]

    def posted(first: bytes) -> dict[str, bytes]:
        both = zip(ids, (first, theirs), strict=True)
        return {one: commitment_to(simulation.election, one, message) for one, message in both}

    with pytest.raises(CeremonyError, match="not the one committed to"):
        states[0].reveal(posted(other))
    state, _ = states[0].reveal(posted(mine))
    state._commitments = posted(other)
    with pytest.raises(CeremonyError, match="is not the one this trustee sent"):
        state.confirm({"trustee-1": other, "trustee-2": theirs})


def test_a_commitment_is_bound_to_its_trustee_and_election(three: Simulation) -> None:
    message = three.log.messages["trustee-1"]
    commitment = three.log.commitments["trustee-1"]
    check_opens(three.election, "trustee-1", commitment, message)
    other = Election.from_manifest(three.manifest.model_copy(update={"nonce": bytes(16)}))
    for election, trustee, opened in (
        (three.election, "trustee-2", message),
        (other, "trustee-1", message),
        (three.election, "trustee-1", message + b"\0"),
    ):
        with pytest.raises(CeremonyError, match="not the one committed to"):
            check_opens(election, trustee, commitment, opened)


class OffByOne(Polynomial):
    """Deals trustee 2 another share than the one it commits to."""

    __slots__ = ()

    def evaluate(self, index: int) -> Scalar:
        share = super().evaluate(index)
        return share + ristretto255.scalar(1) if index == 2 else share


def off_polynomial(simulation: Simulation, message: bytes) -> bytes:
    return dkg._round1_message(
        session_of(simulation.election),
        3,
        simulation.trustees[2]._static,
        OffByOne(ristretto255, 2),
        ristretto255.random_scalar(),
    )


def garbled(simulation: Simulation, message: bytes) -> bytes:
    """The share for trustee 2, the second of three, changed under its encryption."""
    changed = bytearray(message)
    changed[-57] ^= 1
    return bytes(changed)


@pytest.mark.parametrize(
    ("craft", "reason"),
    [
        (off_polynomial, "share for trustee 2: is off the committed polynomial"),
        (garbled, "share for trustee 2: does not decrypt"),
    ],
)
def test_a_bad_share_is_blamed_on_its_sender_and_the_complaint_stops_the_ceremony(
    craft: Callable[[Simulation, bytes], bytes], reason: str
) -> None:
    simulation = setup()
    joined = [keys.join(simulation.election)[0] for keys in simulation.trustees]
    joined[2]._message = craft(simulation, joined[2]._message)
    for keys, state in zip(simulation.trustees, joined, strict=True):
        commitment = commitment_to(simulation.election, keys.id, state._message)
        record = CeremonyCommitment(election=simulation.election.id, trustee=keys.id, commitment=commitment)
        simulation.board.submit(sign_record(record, keys._signing))
    states = [state.reveal(simulation.log.commitments) for state in joined]
    for _, entry in states:
        simulation.board.submit(entry)

    # Nobody but the two can see it: the others confirm.
    assert states[0][0].confirm(simulation.log.messages)
    with pytest.raises(CeremonyError) as caught:
        states[1][0].confirm(simulation.log.messages)
    assert caught.value.culprit == "trustee trustee-3"
    assert caught.value.message == reason
    with pytest.raises(CeremonyError, match="used before"):
        states[1][0].confirm(simulation.log.messages)

    complaint = states[1][0].complain(caught.value)
    simulation.board.submit(complaint)
    assert simulation.log.complaints == {"trustee-2": "trustee-3"}
    with pytest.raises(DuplicateError, match="complained before"):
        confirm_anyway(simulation, "trustee-2")
    with pytest.raises(CeremonyError, match="trustee trustee-2 complains of trustee trustee-3"):
        simulation.board.submit(simulation.authority.enter(simulation.election, "issuance"))


def confirm_anyway(simulation: Simulation, trustee: str) -> None:
    record = CeremonyConfirmation(election=simulation.election.id, trustee=trustee, signature=bytes(64))
    key = simulation.trustees[simulation.manifest.trustee_index(trustee) - 1]._signing
    simulation.board.submit(sign_record(record, key))


def test_a_complaint_after_all_have_confirmed_still_stops_issuance_unless_the_accuser_confirmed() -> None:
    simulation = setup()
    states = revealed(simulation)
    fault = CeremonyError("it is wrong", culprit="trustee trustee-1")
    _, entry = states[0].confirm(simulation.log.messages)
    simulation.board.submit(entry)
    with pytest.raises(DuplicateError, match="confirmed before") as caught:
        simulation.board.submit(states[0].complain(CeremonyError("x", culprit="trustee trustee-2")))
    assert caught.value.culprit == "trustee trustee-1"
    with pytest.raises(CeremonyError, match="accuses itself") as caught_self:
        simulation.board.submit(states[1].complain(CeremonyError("x", culprit="trustee trustee-2")))
    assert caught_self.value.culprit == "trustee trustee-2"
    complaint = states[1].complain(fault)
    simulation.board.submit(complaint)
    other = CeremonyError("it is also wrong", culprit="trustee trustee-3")
    with pytest.raises(DuplicateError, match="complained before") as caught:
        simulation.board.submit(states[1].complain(other))
    assert caught.value.culprit == "trustee trustee-2"
    # Of the same trustee for another reason: what the first one said is not held, so nobody is accused.
    again = CeremonyError("it is wrong in other words", culprit="trustee trustee-1")
    with pytest.raises(DuplicateError, match="complained before") as caught:
        simulation.board.submit(states[1].complain(again))
    assert caught.value.culprit is None
    with pytest.raises(ManifestError, match="no trustee 'nobody'"):
        simulation.board.submit(states[2].complain(CeremonyError("x", culprit="trustee nobody")))
    with pytest.raises(CeremonyError, match="complains"):
        simulation.board.submit(simulation.authority.enter(simulation.election, "issuance"))


def test_there_is_no_complaint_of_nobody() -> None:
    states = revealed(setup())
    with pytest.raises(CeremonyError, match="nobody to accuse"):
        states[0].complain(CeremonyError("something"))


def test_a_confirmation_of_another_transcript() -> None:
    simulation = setup()
    states = revealed(simulation)
    confirmed = [state.confirm(simulation.log.messages) for state in states]
    with pytest.raises(CeremonyError, match="not of this transcript") as caught:
        confirm_anyway(simulation, "trustee-2")
    assert caught.value.culprit == "trustee trustee-2"
    for _, entry in confirmed:
        simulation.board.submit(entry)
    swapped = dict(simulation.log.confirmations)
    swapped["trustee-1"], swapped["trustee-3"] = swapped["trustee-3"], swapped["trustee-1"]
    with pytest.raises(CeremonyError, match="no signature over this transcript") as caught:
        confirmed[0][0].finish(swapped)
    assert caught.value.culprit == "trustee trustee-1"
    for wrong in ("x", None, 7):
        with pytest.raises(ArgumentError, match=r"^a confirmation as bytes must be given"):
            confirmed[0][0].finish({**simulation.log.confirmations, "trustee-2": wrong})  # type: ignore[dict-item]
    # A board that showed wrong ones has not cost the trustee its share.
    assert isinstance(confirmed[0][0].finish(simulation.log.confirmations), KeyHolder)


def test_a_copied_contribution_is_refused(three: Simulation) -> None:
    messages = [three.log.messages[keys.id] for keys in three.trustees]
    group_public(three.election, messages)
    # The proof of possession does not hold the sender: the copy is found by its equal secret.
    with pytest.raises(CeremonyError, match="trustees 1 and 2: contribute the same secret"):
        group_public(three.election, [messages[0], messages[0], messages[2]])
    with pytest.raises(CeremonyError, match=r"has \d+ bytes, not") as caught:
        group_public(three.election, [messages[0], messages[1], messages[2][:-1]])
    assert caught.value.culprit == "trustee trustee-3"


@pytest.mark.parametrize("kind", ["commitment", "message", "confirmation"])
def test_nothing_is_posted_twice(kind: str) -> None:
    simulation = setup()
    states = revealed(simulation)
    for state in states:
        simulation.board.submit(state.confirm(simulation.log.messages)[1])
    election = simulation.election.id
    record = {
        "commitment": CeremonyCommitment(election=election, trustee="trustee-1", commitment=bytes(32)),
        "message": CeremonyMessage(election=election, trustee="trustee-1", message=b"other"),
        "confirmation": CeremonyConfirmation(election=election, trustee="trustee-1", signature=b"other"),
    }[kind]
    with pytest.raises(DuplicateError, match="posted before") as caught:
        simulation.board.submit(sign_record(record, simulation.trustees[0]._signing))
    assert caught.value.culprit == "trustee trustee-1"


def test_checks_of_a_trustee_that_is_not_there(three: Simulation) -> None:
    public = three.log.group_public
    assert public is not None
    with pytest.raises(ManifestError):
        check_confirmation(three.election, public, "stranger", bytes(64))
    with pytest.raises(ManifestError):
        check_message(three.election, "stranger", b"")


def test_blame_knows_trustees_by_their_place(three: Simulation) -> None:
    named = blame(three.election, KeyGenerationError("wrong", culprit="trustee 3", item="share"))
    assert (named.message, named.culprit) == ("share: wrong", "trustee trustee-3")
    assert blame(three.election, KeyGenerationError("wrong")).culprit is None
    assert blame(three.election, KeyGenerationError("wrong", culprit="somebody")).culprit == "somebody"


def test_equal_static_keys_cannot_be_in_a_manifest_and_not_in_a_session(three: Simulation) -> None:
    manifest = three.manifest
    twins = tuple(t.model_copy(update={"key": manifest.trustees[0].key}) for t in manifest.trustees)
    election = Election.from_manifest(manifest)
    election.manifest = manifest.model_copy(update={"trustees": twins})
    with pytest.raises(CeremonyError, match="static keys 1 and 2: are equal"):
        session_of(election)


# States.


def test_a_state_is_used_once() -> None:
    simulation = setup(2)
    states = revealed(simulation)
    confirmed = [state.confirm(simulation.log.messages) for state in states]
    for _, entry in confirmed:
        simulation.board.submit(entry)
    with pytest.raises(CeremonyError, match="used before") as caught:
        states[0].confirm(simulation.log.messages)
    assert caught.value.culprit is None
    assert isinstance(confirmed[0][0].finish(simulation.log.confirmations), KeyHolder)
    with pytest.raises(CeremonyError, match="used before"):
        confirmed[0][0].finish(simulation.log.confirmations)


def test_a_committed_trustee_reveals_one_message_alone() -> None:
    """Asked again it gives the same entry, and both states share the one secret that is used up."""
    simulation = setup(2)
    joined = [keys.join(simulation.election) for keys in simulation.trustees]
    for _, entry in joined:
        simulation.board.submit(entry)
    first, second = (joined[0][0].reveal(simulation.log.commitments) for _ in range(2))
    assert first[1] == second[1]
    messages = {"trustee-1": joined[0][0]._message, "trustee-2": joined[1][0]._message}
    first[0].confirm(messages)
    with pytest.raises(CeremonyError, match="used before"):
        second[0].confirm(messages)


def test_a_trustee_that_has_revealed_takes_no_other_hashes() -> None:
    """A board that asks again with another hash could have chosen its message after it saw this trustee's."""
    simulation = setup(2)
    joined = [keys.join(simulation.election) for keys in simulation.trustees]
    for _, entry in joined:
        simulation.board.submit(entry)
    committed, commitments = joined[0][0], dict(simulation.log.commitments)
    # Before anything was shown, a first answer of the board's binds nobody.
    with pytest.raises(PhaseError):
        committed.reveal({"trustee-1": commitments["trustee-1"]})
    committed.reveal(commitments)
    with pytest.raises(CeremonyError, match="revealed before, after other hashes"):
        committed.reveal(commitments | {"trustee-2": bytes(32)})
    assert committed.reveal(commitments)[0]._commitments == commitments


def test_a_state_that_has_revealed_is_not_saved(tmp_path: Path, cheap_key_files: None) -> None:
    """It would take the place of the newer state, which remembers the hashes."""
    simulation = setup(2)
    joined = [keys.join(simulation.election) for keys in simulation.trustees]
    for _, entry in joined:
        simulation.board.submit(entry)
    committed = joined[0][0]
    committed.save(tmp_path / "key", passphrase="pass")
    newer, _ = committed.reveal(simulation.log.commitments)
    with pytest.raises(CeremonyError, match="save what reveal gave"):
        committed.save(tmp_path / "key", passphrase="pass", replace=True)
    newer.save(tmp_path / "key", passphrase="pass", replace=True)


def test_nobody_complains_of_a_trustee_who_is_only_slow() -> None:
    simulation = setup()
    state = revealed(simulation)[0]
    with pytest.raises(PhaseError, match=r"the message of trustees trustee-1, .* is still awaited") as caught:
        state.confirm({})
    assert caught.value.culprit is None
    with pytest.raises(CeremonyError, match="nobody to accuse"):
        state.complain(caught.value)
