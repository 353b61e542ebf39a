"""COCKTAIL-DKG from end to end, its states, and the keys before and after it."""

from __future__ import annotations

import copy
import pickle
from itertools import combinations

import pytest

from secretballot.crypto import dkg, dkg_messages
from secretballot.crypto.dkg import GroupPublic, KeyShare, Round1Secret, Session, StaticKey
from secretballot.crypto.dkg_messages import trustee
from secretballot.crypto.group import ristretto255
from secretballot.crypto.secret import Secret
from secretballot.crypto.sharing import combine_at_zero, interpolate_at_zero
from secretballot.errors import InvalidKeyError, KeyGenerationError, SecretBallotError

IDENTITY = bytes(32)
NOT_CANONICAL = (b"\xff" * 32, b"\x01" + bytes(31), (2**255 - 19).to_bytes(32, "little"))
ORDER_BYTES = ristretto255.order.to_bytes(32, "little")


class Ceremony:
    """An honest run of n trustees."""

    def __init__(self, threshold: int, count: int, extension: bytes = b"") -> None:
        self.keys = [StaticKey.generate() for _ in range(count)]
        public = tuple(key.public for key in self.keys)
        self.session = Session(threshold, public, b"a session", extension)
        first = [dkg.round1(self.session, index, key) for index, key in enumerate(self.keys, 1)]
        self.messages = [message for _, message in first]
        self.public: GroupPublic = dkg.verify_round1(self.session, self.messages)
        second = [dkg.round2(secret, self.messages) for secret, _ in first]
        self.signatures = [signature for _, signature in second]
        dkg.verify_certificate(self.session, self.public, self.signatures)
        self.shares = [dkg.round3(pending, self.signatures) for pending, _ in second]

    def secret(self, index: int) -> Round1Secret:
        return Round1Secret.resume(self.session, index, self.keys[index - 1], self.messages[index - 1])


@pytest.fixture(scope="module")
def ceremony() -> Ceremony:
    return Ceremony(2, 3)


@pytest.mark.parametrize(("threshold", "count"), [(1, 1), (1, 3), (2, 3), (3, 3), (3, 5)])
def test_end_to_end(threshold: int, count: int) -> None:
    run = Ceremony(threshold, count, extension=b"agreed")
    assert run.public.transcript.endswith((6).to_bytes(8, "little") + b"agreed")
    assert len(run.public.commitment) == threshold
    assert len(run.public.verification_keys) == count
    for index, share in enumerate(run.shares, 1):
        assert share.index == index
        assert share.group_key == run.public.group_key
        assert share.verification_key == run.public.verification_keys[index - 1]
        assert ristretto255.multiply_generator(share.share) == share.verification_key
    for chosen in combinations(run.shares, threshold):
        secret = interpolate_at_zero(ristretto255, {share.index: share.share for share in chosen})
        assert ristretto255.multiply_generator(secret) == run.public.group_key
    if threshold > 1:
        few = {share.index: share.verification_key for share in run.shares[: threshold - 1]}
        assert combine_at_zero(ristretto255, few) != run.public.group_key
    again = dkg.recover(run.session, count, run.keys[-1], run.messages, run.signatures)
    assert again.to_secret().reveal() == run.shares[-1].to_secret().reveal()


def test_every_message_has_the_size_that_the_session_gives(ceremony: Ceremony) -> None:
    assert ceremony.session.message_size == 2 * 32 + 64 + 32 + 3 * 56
    assert {len(message) for message in ceremony.messages} == {ceremony.session.message_size}
    assert {len(signature) for signature in ceremony.signatures} == {64}


def test_two_runs_share_nothing(ceremony: Ceremony) -> None:
    _, message = dkg.round1(ceremony.session, 1, ceremony.keys[0])
    old = dkg_messages.parse_round1(ceremony.session, 1, ceremony.messages[0])
    new = dkg_messages.parse_round1(ceremony.session, 1, message)
    assert not {*old.commitment, old.ephemeral_key} & {*new.commitment, new.ephemeral_key}
    assert not {*old.ciphertexts} & {*new.ciphertexts}


# States.


def test_a_state_is_used_once(ceremony: Ceremony) -> None:
    secret = ceremony.secret(1)
    pending, signature = dkg.round2(secret, ceremony.messages)
    assert signature == ceremony.signatures[0]
    with pytest.raises(KeyGenerationError, match="Round1Secret: this state was used before"):
        dkg.round2(secret, ceremony.messages)
    dkg.round3(pending, ceremony.signatures)
    with pytest.raises(KeyGenerationError, match="Round2Secret: this state was used before"):
        dkg.round3(pending, ceremony.signatures)


def test_a_state_is_used_up_by_a_failure_of_round_2_too(ceremony: Ceremony) -> None:
    secret = ceremony.secret(1)
    with pytest.raises(KeyGenerationError, match="not 2"):
        dkg.round2(secret, ceremony.messages[:2])
    with pytest.raises(KeyGenerationError, match="used before"):
        dkg.round2(secret, ceremony.messages)


def test_wrong_signatures_do_not_use_a_state_up(ceremony: Ceremony) -> None:
    """They may be nobody's but the carrier's; and nothing is signed or told with the share before they are right."""
    pending, _ = dkg.round2(ceremony.secret(1), ceremony.messages)
    for signatures in (ceremony.signatures[:2], [*ceremony.signatures[:2], bytes(64)]):
        with pytest.raises(KeyGenerationError):
            dkg.round3(pending, signatures)
    with pytest.raises(TypeError):
        dkg.round3(pending, [None, None, None])  # type: ignore[list-item]
    assert dkg.round3(pending, ceremony.signatures).index == 1


def test_secrets_are_redacted_and_never_copied(ceremony: Ceremony) -> None:
    pending, _ = dkg.round2(ceremony.secret(2), ceremony.messages)
    share, key = ceremony.shares[1], ceremony.keys[1]
    shown = {
        ceremony.secret(2): "<Round1Secret of trustee 2, redacted>",
        pending: "<Round2Secret of trustee 2, redacted>",
        share: "<KeyShare of trustee 2, redacted>",
        key: f"<StaticKey of {key.public.hex()}, redacted>",
    }
    for secret, text in shown.items():
        assert repr(secret) == str(secret) == text
        for leak in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="never pickled"):
                leak(secret)
        assert not hasattr(secret, "__dict__")


def test_resume_refuses_what_the_trustee_cannot_have_sent(ceremony: Ceremony) -> None:
    session, key, message = ceremony.session, ceremony.keys[0], ceremony.messages[0]
    for bad in (b"", message[:-1], message + b"\0", ceremony.messages[1][:64] + message[64:]):
        with pytest.raises(KeyGenerationError) as refused:
            Round1Secret.resume(session, 1, key, bad)
        assert refused.value.culprit == "trustee 1"
    with pytest.raises(KeyGenerationError, match="static key"):
        Round1Secret.resume(session, 2, key, message)


def test_a_message_on_its_own(ceremony: Ceremony) -> None:
    for index, message in enumerate(ceremony.messages, 1):
        dkg.verify_message(ceremony.session, index, message)
        for bad in (
            b"",
            message[:-1],
            message + b"\0",
            bytes(32) + message[32:],
            message[32:64] + message[32:],
        ):
            with pytest.raises(KeyGenerationError) as refused:
                dkg.verify_message(ceremony.session, index, bad)
            assert refused.value.culprit == trustee(index)
    for index in (0, 4):
        with pytest.raises(KeyGenerationError, match="is not one of 1 to 3"):
            dkg.verify_message(ceremony.session, index, ceremony.messages[0])


def test_a_signature_on_its_own(ceremony: Ceremony) -> None:
    for index, signature in enumerate(ceremony.signatures, 1):
        dkg.verify_confirmation(ceremony.public, index, signature)
        for bad in (b"", signature[:-1], signature + b"\0", ceremony.signatures[index % 3]):
            with pytest.raises(KeyGenerationError) as refused:
                dkg.verify_confirmation(ceremony.public, index, bad)
            assert refused.value.culprit == trustee(index)
    for index in (0, 4):
        with pytest.raises(KeyGenerationError, match="is not one of 1 to 3"):
            dkg.verify_confirmation(ceremony.public, index, ceremony.signatures[0])


# Setup.


def keys(count: int) -> tuple[bytes, ...]:
    return tuple(
        ristretto255.multiply_generator(ristretto255.scalar(value)).encode() for value in range(2, count + 2)
    )


def test_context_binds_session_keys_and_their_order() -> None:
    one, two, three = keys(3)
    contexts = {
        Session(1, members, session_id).context
        for members in [(one, two), (two, one), (one, three), (one,), (one, two, three)]
        for session_id in (b"a", b"b", b"aa")
    }
    assert len(contexts) == 15
    assert all(len(context) == 64 for context in contexts)
    assert Session(2, (one, two), b"a", b"x").context == Session(1, (one, two), b"a").context


def test_a_session_is_a_value() -> None:
    session = Session(2, keys(2), b"a", b"x")
    assert session == Session(2, keys(2), b"a", b"x")
    others = [
        (1, keys(2), b"a", b"x"),
        (2, keys(2), b"b", b"x"),
        (2, keys(2), b"a", b"y"),
        (2, keys(3), b"a", b"x"),
    ]
    for other in others:
        assert session != Session(*other)
    with pytest.raises(AttributeError):
        session.threshold = 1  # type: ignore[misc]
    assert session.trustee_count == 2
    assert Session(2, [bytearray(key) for key in keys(2)], b"a", b"x") == session  # type: ignore[arg-type]


@pytest.mark.parametrize(("threshold", "count"), [(0, 0), (1, 0), (0, 3), (-1, 3), (4, 3), (2**32, 3)])
def test_thresholds_outside_1_to_n_are_refused(threshold: int, count: int) -> None:
    with pytest.raises(KeyGenerationError, match="threshold"):
        Session(threshold, keys(count), b"a")


def test_more_trustees_than_the_transcript_can_count_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dkg_messages.MAX_TRUSTEES == 0xFFFFFFFF
    monkeypatch.setattr(dkg_messages, "MAX_TRUSTEES", 2)
    Session(1, keys(2), b"a")
    with pytest.raises(KeyGenerationError):
        Session(1, keys(3), b"a")


def test_an_empty_session_id_is_refused() -> None:
    with pytest.raises(KeyGenerationError, match="session id"):
        Session(1, keys(2), b"")


@pytest.mark.parametrize(
    "bad", [IDENTITY, *NOT_CANONICAL, b"", keys(1)[0][:-1], keys(1)[0] + b"\0", keys(1)[0] * 2]
)
@pytest.mark.parametrize("index", [1, 3])
def test_static_keys_that_are_no_element_are_refused(index: int, bad: bytes) -> None:
    members = list(keys(3))
    members[index - 1] = bad
    with pytest.raises(KeyGenerationError, match="static public key") as refused:
        Session(2, tuple(members), b"a")
    assert refused.value.culprit == trustee(index)


# Key files.


def test_static_keys_are_read_back() -> None:
    key = StaticKey.generate()
    again = StaticKey.from_secret(key.to_secret())
    assert again.public == key.public == ristretto255.multiply_generator(key.reveal()).encode()
    assert StaticKey.generate().public != key.public


@pytest.mark.parametrize(
    "bad", [b"", bytes(31), bytes(33), bytes(32), ORDER_BYTES, b"\xff" * 32, b"\1" + bytes(63)]
)
def test_static_keys_that_are_not_canonical_are_refused(bad: bytes) -> None:
    with pytest.raises(InvalidKeyError):
        StaticKey.from_secret(Secret(bad))


def test_key_shares_are_read_back(ceremony: Ceremony) -> None:
    for share in ceremony.shares:
        data = share.to_secret().reveal()
        assert len(data) == 100
        assert data[:4] == share.index.to_bytes(4, "little")
        assert data[4:36] == share.share.encode()
        assert data[36:68] == share.verification_key.encode()
        assert data[68:] == share.group_key.encode()
        again = KeyShare.from_secret(Secret(data))
        assert again.to_secret().reveal() == data


def test_key_shares_that_are_changed_are_refused(ceremony: Ceremony) -> None:
    data = ceremony.shares[0].to_secret().reveal()
    other = ceremony.shares[1].to_secret().reveal()
    bad = [
        b"",
        data[:-1],
        data + b"\0",
        data + data[68:],
        data[:68],
        bytes(4) + data[4:],
        data[:4] + other[4:36] + data[36:],
        data[:4] + ORDER_BYTES + data[36:],
        data[:36] + other[36:68] + data[68:],
        data[:4] + bytes(32) + IDENTITY + data[68:],
        data[:68] + IDENTITY,
    ]
    bad += [data[:36] + point + data[68:] for point in NOT_CANONICAL]
    bad += [data[:68] + point for point in NOT_CANONICAL]
    for one in bad:
        with pytest.raises(InvalidKeyError):
            KeyShare.from_secret(Secret(one))


def test_key_shares_of_identities_or_of_other_keys_are_refused(ceremony: Ceremony) -> None:
    share = ceremony.shares[0]
    identity, zero = ristretto255.identity, ristretto255.scalar(0)
    for index in (0, -1, 2**32):
        with pytest.raises(InvalidKeyError, match="index"):
            KeyShare(index, share.share, share.verification_key, share.group_key)
    with pytest.raises(InvalidKeyError, match="identity"):
        KeyShare(1, share.share, share.verification_key, identity)
    with pytest.raises(InvalidKeyError, match="identity"):
        KeyShare(1, zero, identity, share.group_key)
    with pytest.raises(InvalidKeyError, match="does not belong"):
        KeyShare(1, share.share, ceremony.shares[1].verification_key, share.group_key)


def test_the_share_is_checked_against_the_verification_key(
    ceremony: Ceremony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text's final check ("Round 2", step 4.4), which only a fault in this program can fail."""
    received = dkg._receive
    one = ristretto255.scalar(1)
    monkeypatch.setattr(dkg, "_receive", lambda *args: received(*args) + one)
    with pytest.raises(InvalidKeyError, match="does not belong"):
        dkg.round2(ceremony.secret(1), ceremony.messages)


def test_every_refusal_is_a_secretballot_error() -> None:
    assert issubclass(KeyGenerationError, SecretBallotError)
    assert issubclass(InvalidKeyError, SecretBallotError)
