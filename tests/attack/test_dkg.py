"""What a faulty trustee, or whoever carries the messages, may try in COCKTAIL-DKG: all of it is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from secretballot.crypto import dkg, schnorr
from secretballot.crypto.dkg import GroupPublic, Round1Secret, Session, StaticKey
from secretballot.crypto.dkg_messages import encode_round1, parse_round1, possession_statement
from secretballot.crypto.group import Scalar, ristretto255
from secretballot.crypto.sharing import Polynomial
from secretballot.errors import KeyGenerationError

THRESHOLD, COUNT = 2, 3
#: Where the parts of a round 1 message begin, for 2 of 3.
PROOF, EPHEMERAL, SHARES, END = 64, 128, 160, 328
BAD_POINTS = {
    "identity": bytes(32),
    "all ones": b"\xff" * 32,
    "negative": b"\x01" + bytes(31),
    "prime": (2**255 - 19).to_bytes(32, "little"),
}
ORDER_BYTES = ristretto255.order.to_bytes(32, "little")

KEYS = [StaticKey.generate() for _ in range(COUNT)]
PUBLIC_KEYS = tuple(key.public for key in KEYS)
SESSION = Session(THRESHOLD, PUBLIC_KEYS, b"session")


def first_round(session: Session) -> list[bytes]:
    return [dkg.round1(session, index, KEYS[index - 1])[1] for index in range(1, session.trustee_count + 1)]


MESSAGES = first_round(SESSION)
PUBLIC = dkg.verify_round1(SESSION, MESSAGES)


def state(index: int, session: Session = SESSION, messages: Sequence[bytes] = MESSAGES) -> Round1Secret:
    return Round1Secret.resume(session, index, KEYS[index - 1], messages[index - 1])


def sign(index: int, messages: Sequence[bytes] = MESSAGES, session: Session = SESSION) -> bytes:
    return dkg.round2(state(index, session, messages), messages)[1]


SIGNATURES = [sign(index) for index in (1, 2, 3)]


def replaced(index: int, message: bytes) -> list[bytes]:
    messages = list(MESSAGES)
    messages[index - 1] = message
    return messages


def random_polynomial(threshold: int = THRESHOLD) -> Polynomial:
    return Polynomial(ristretto255, threshold)


def crafted(
    index: int,
    polynomial: Polynomial,
    *,
    session: Session = SESSION,
    share: Callable[[int], bytes] | None = None,
    key: StaticKey | None = None,
) -> bytes:
    """Trustee ``index``'s message for this polynomial, with any bytes as the shares."""
    static = (key or KEYS[index - 1]).reveal()
    ephemeral = ristretto255.random_scalar()
    ephemeral_key = ristretto255.multiply_generator(ephemeral).encode()
    commitment = ristretto255.encode_elements(polynomial.commitment)
    proof = schnorr.sign(polynomial.constant_term, possession_statement(session, commitment, ephemeral_key))
    ciphertexts = []
    for recipient, point in enumerate(session.keys, 1):
        shared = (point * ephemeral).encode() + (point * static).encode()
        sealing = dkg._sealing_key(session, shared, ephemeral_key, index, recipient)
        plaintext = share(recipient) if share else polynomial.evaluate(recipient).encode()
        ciphertexts.append(dkg._seal(sealing, plaintext))
    return encode_round1(commitment, proof, ephemeral_key, ciphertexts)


def refused_by_all(messages: Sequence[bytes], culprit: str | None, match: str) -> None:
    """Refused by the public check, by a trustee's round 2, and by a recovery."""
    attempts: list[Callable[[], object]] = [
        lambda: dkg.verify_round1(SESSION, messages),
        lambda: dkg.round2(state(1), messages),
        lambda: dkg.recover(SESSION, 1, KEYS[0], messages, SIGNATURES),
    ]
    for attempt in attempts:
        with pytest.raises(KeyGenerationError, match=match) as refused:
            attempt()
        assert refused.value.culprit == culprit


def refused_by(index: int, messages: Sequence[bytes], culprit: str | None, match: str) -> None:
    """Passes the public check, and is refused by trustee ``index``, who alone can see it."""
    dkg.verify_round1(SESSION, messages)
    with pytest.raises(KeyGenerationError, match=match) as refused:
        dkg.round2(state(index), messages)
    assert refused.value.culprit == culprit


def test_the_crafted_message_itself_is_accepted() -> None:
    messages = replaced(2, crafted(2, random_polynomial()))
    public = dkg.verify_round1(SESSION, messages)
    signatures = [sign(index, messages) for index in (1, 2, 3)]
    dkg.verify_certificate(SESSION, public, signatures)
    shares = [dkg.recover(SESSION, index, KEYS[index - 1], messages, signatures) for index in (1, 2, 3)]
    assert {share.group_key for share in shares} == {public.group_key}


# Indices and setup.


@pytest.mark.parametrize("index", [0, -1, COUNT + 1, 2**32, ristretto255.order])
def test_an_index_out_of_range(index: int) -> None:
    for attempt in (
        lambda: dkg.round1(SESSION, index, KEYS[0]),
        lambda: Round1Secret.resume(SESSION, index, KEYS[0], MESSAGES[0]),
        lambda: dkg.recover(SESSION, index, KEYS[0], MESSAGES, SIGNATURES),
    ):
        with pytest.raises(KeyGenerationError, match="is not one of 1 to 3"):
            attempt()


def test_another_trustees_index() -> None:
    for attempt in (
        lambda: dkg.round1(SESSION, 2, KEYS[0]),
        lambda: dkg.recover(SESSION, 2, KEYS[0], MESSAGES, SIGNATURES),
        lambda: dkg.round1(SESSION, 1, StaticKey.generate()),
    ):
        with pytest.raises(KeyGenerationError, match="static key is not the session's"):
            attempt()


@pytest.mark.parametrize(("copy", "of"), [(2, 1), (3, 1), (3, 2)])
def test_equal_static_keys(copy: int, of: int) -> None:
    keys = list(PUBLIC_KEYS)
    keys[copy - 1] = keys[of - 1]
    with pytest.raises(KeyGenerationError, match="are equal") as refused:
        Session(THRESHOLD, tuple(keys), b"session")
    assert refused.value.item == f"static keys {of} and {copy}"


# The form of a message.


@pytest.mark.parametrize("bad", BAD_POINTS.values(), ids=BAD_POINTS)
@pytest.mark.parametrize(
    ("start", "item"), [(0, "commitment 0"), (32, "commitment 1"), (EPHEMERAL, "ephemeral key")]
)
def test_points_that_are_the_identity_or_not_canonical(start: int, item: str, bad: bytes) -> None:
    message = MESSAGES[1][:start] + bad + MESSAGES[1][start + 32 :]
    refused_by_all(replaced(2, message), "trustee 2", f"{item}: is the identity or not canonical")


@pytest.mark.parametrize("other", [1, 3])
def test_one_commitment_fewer_or_more(other: int) -> None:
    """The context does not hold the threshold: the proof of possession itself would verify."""
    lower = Session(other, PUBLIC_KEYS, b"session")
    assert lower.context == SESSION.context
    message = crafted(2, random_polynomial(other), session=lower)
    parse_round1(lower, 2, message)
    refused_by_all(replaced(2, message), "trustee 2", "exactly 2 commitments")


def test_another_number_of_commitments_in_a_message_of_the_right_length() -> None:
    more = crafted(2, random_polynomial(3), session=Session(3, PUBLIC_KEYS, b"session"))
    fewer = crafted(2, random_polynomial(1), session=Session(1, PUBLIC_KEYS, b"session"))
    for message in (more[:END], fewer + bytes(32)):
        assert len(message) == END
        with pytest.raises(KeyGenerationError) as refused:
            dkg.verify_round1(SESSION, replaced(2, message))
        assert refused.value.culprit == "trustee 2"


@pytest.mark.parametrize("index", [2, 3])
def test_truncated_and_extended_messages(index: int) -> None:
    message = MESSAGES[index - 1]
    for bad in (
        b"",
        message[:-1],
        message[1:],
        message[:-56],
        message + b"\0",
        message + message[-56:],
        message * 2,
    ):
        refused_by_all(replaced(index, bad), f"trustee {index}", "bytes, not")


@pytest.mark.parametrize("recipient", [1, 2, 3])
@pytest.mark.parametrize("length", [0, 47, 49, 48 << 56, 2**64 - 1])
def test_a_length_prefix_that_is_not_the_shares(recipient: int, length: int) -> None:
    start = SHARES + 56 * (recipient - 1)
    message = MESSAGES[1][:start] + length.to_bytes(8, "big") + MESSAGES[1][start + 8 :]
    refused_by_all(
        replaced(2, message), "trustee 2", f"encrypted share for trustee {recipient}: its length prefix"
    )


@pytest.mark.parametrize("position", range(0, END, 5))
def test_every_changed_byte_is_noticed_and_its_sender_named(position: int) -> None:
    changed = bytearray(MESSAGES[1])
    changed[position] ^= 1 << (position % 8)
    messages = replaced(2, bytes(changed))
    place = (position - SHARES) % 56
    if position < SHARES or place < 8:
        with pytest.raises(KeyGenerationError) as refused:
            dkg.verify_round1(SESSION, messages)
        assert refused.value.culprit == "trustee 2"
        return
    recipient = (position - SHARES) // 56 + 1
    if recipient == 2:
        refused_by(2, messages, None, "round 1 message 2: is not the one this trustee sent")
    else:
        refused_by(recipient, messages, "trustee 2", f"share for trustee {recipient}: does not decrypt")


@pytest.mark.parametrize("messages", [[], MESSAGES[:2], MESSAGES[1:], [*MESSAGES, MESSAGES[0]]])
def test_another_number_of_messages(messages: list[bytes]) -> None:
    refused_by_all(messages, None, "there are 3 round 1 messages, not")


# Proofs of possession.


def test_a_proof_for_another_session() -> None:
    for other in (
        Session(THRESHOLD, PUBLIC_KEYS, b"another session"),
        Session(THRESHOLD, PUBLIC_KEYS[::-1], b"session"),
        Session(THRESHOLD, PUBLIC_KEYS[:2], b"session"),
    ):
        polynomial = random_polynomial()
        old = crafted(2, polynomial, session=other)
        message = old[:SHARES] + MESSAGES[1][SHARES:]
        refused_by_all(replaced(2, message), "trustee 2", "no proof of possession")


def test_a_replayed_message_names_the_one_who_replays_it() -> None:
    messages = replaced(3, MESSAGES[1])
    with pytest.raises(KeyGenerationError, match="trustees 2 and 3: contribute the same secret") as public:
        dkg.verify_round1(SESSION, messages)
    assert public.value.culprit is None  # the bytes alone do not tell who copied
    for index in (1, 2):
        with pytest.raises(KeyGenerationError, match="does not decrypt") as refused:
            dkg.round2(state(index), messages)
        assert refused.value.culprit == "trustee 3"


def test_a_replayed_contribution_with_another_ephemeral_key() -> None:
    own = crafted(3, random_polynomial())
    message = MESSAGES[1][:EPHEMERAL] + own[EPHEMERAL:]
    refused_by_all(replaced(3, message), "trustee 3", "no proof of possession")


def test_two_trustees_who_conspire_to_contribute_the_same_secret() -> None:
    polynomial = random_polynomial()
    messages = [MESSAGES[0], crafted(2, polynomial), crafted(3, polynomial)]
    refused_by_all(messages, None, "trustees 2 and 3: contribute the same secret")


def test_a_rogue_key() -> None:
    """Trustee 3, last to move, would make the group key its own by subtracting the others' contributions."""
    secret = ristretto255.random_scalar()
    others = [parse_round1(SESSION, index, MESSAGES[index - 1]).commitment[0] for index in (1, 2)]
    rogue = (ristretto255.multiply_generator(secret) - ristretto255.sum(others)).encode()
    own = crafted(3, random_polynomial())
    commitment = rogue + own[32:PROOF]
    statement = possession_statement(SESSION, commitment, own[EPHEMERAL:SHARES])
    for proof in (own[PROOF:EPHEMERAL], schnorr.sign(secret, statement), MESSAGES[0][PROOF:EPHEMERAL]):
        message = commitment + proof + own[EPHEMERAL:]
        refused_by_all(replaced(3, message), "trustee 3", "no proof of possession")


@pytest.mark.parametrize("bad", BAD_POINTS.values(), ids=BAD_POINTS)
def test_a_proof_whose_commitment_is_no_element(bad: bytes) -> None:
    message = MESSAGES[1][:PROOF] + bad + MESSAGES[1][PROOF + 32 :]
    refused_by_all(replaced(2, message), "trustee 2", "no proof of possession")


def test_a_proof_whose_response_is_not_reduced() -> None:
    response = int.from_bytes(MESSAGES[1][PROOF + 32 : EPHEMERAL], "little") + ristretto255.order
    message = MESSAGES[1][: PROOF + 32] + response.to_bytes(32, "little") + MESSAGES[1][EPHEMERAL:]
    refused_by_all(replaced(2, message), "trustee 2", "no proof of possession")


# Shares.


def off_by_one(polynomial: Polynomial, victim: int) -> Callable[[int], bytes]:
    def share(recipient: int) -> bytes:
        value = polynomial.evaluate(recipient)
        return (value + ristretto255.scalar(1) if recipient == victim else value).encode()

    return share


@pytest.mark.parametrize("victim", [1, 3])
def test_a_share_off_the_polynomial(victim: int) -> None:
    polynomial = random_polynomial()
    messages = replaced(2, crafted(2, polynomial, share=off_by_one(polynomial, victim)))
    refused_by(victim, messages, "trustee 2", f"share for trustee {victim}: is off the committed polynomial")
    sign(4 - victim, messages)


def test_a_share_for_somebody_else() -> None:
    polynomial = random_polynomial()
    messages = replaced(2, crafted(2, polynomial, share=lambda recipient: polynomial.evaluate(3).encode()))
    refused_by(1, messages, "trustee 2", "is off the committed polynomial")
    sign(3, messages)


def test_a_share_of_a_polynomial_of_higher_degree() -> None:
    """Three honest-looking commitments cut to two: every recipient notices."""
    long = random_polynomial(3)
    short = Polynomial._of(ristretto255, long._coefficients[:2])
    messages = replaced(2, crafted(2, short, share=lambda recipient: long.evaluate(recipient).encode()))
    for index in (1, 3):
        refused_by(index, messages, "trustee 2", "is off the committed polynomial")


@pytest.mark.parametrize("plaintext", [ORDER_BYTES, b"\xff" * 32])
def test_a_share_that_is_no_canonical_scalar(plaintext: bytes) -> None:
    messages = replaced(2, crafted(2, random_polynomial(), share=lambda recipient: plaintext))
    refused_by(1, messages, "trustee 2", "share for trustee 1: is not a canonical scalar")


def test_a_true_share_that_is_not_reduced() -> None:
    polynomial = random_polynomial()

    def share(recipient: int) -> bytes:
        value = int.from_bytes(polynomial.evaluate(recipient).encode(), "little") + ristretto255.order
        return value.to_bytes(32, "little")

    refused_by(1, replaced(2, crafted(2, polynomial, share=share)), "trustee 2", "is not a canonical scalar")


def test_a_share_sealed_by_somebody_who_is_not_the_sender() -> None:
    """Without the sender's static key an ephemeral key of one's own does not help."""
    messages = replaced(2, crafted(2, random_polynomial(), key=StaticKey.generate()))
    refused_by(1, messages, "trustee 2", "does not decrypt")


def test_shares_of_another_session_or_another_recipient() -> None:
    other = Session(THRESHOLD, PUBLIC_KEYS, b"another session")
    polynomial, ephemeral = random_polynomial(), ristretto255.random_scalar()
    here = dkg._round1_message(SESSION, 2, KEYS[1], polynomial, ephemeral)
    there = dkg._round1_message(other, 2, KEYS[1], polynomial, ephemeral)
    refused_by(1, replaced(2, here[:SHARES] + there[SHARES:]), "trustee 2", "does not decrypt")
    parts = [here[start + 8 : start + 56] for start in range(SHARES, END, 56)]
    swapped = encode_round1(here[:PROOF], here[PROOF:EPHEMERAL], here[EPHEMERAL:SHARES], parts[::-1])
    assert len(swapped) == END
    for index in (1, 3):
        refused_by(index, replaced(2, swapped), "trustee 2", "does not decrypt")


def test_an_empty_or_random_ciphertext() -> None:
    message = MESSAGES[1][: SHARES + 8] + bytes(48) + MESSAGES[1][SHARES + 56 :]
    refused_by(1, replaced(2, message), "trustee 2", "does not decrypt")


# All trustees together: the outcome would be no key, or one for fewer trustees than announced.


def conspiracy(coefficients: Sequence[Sequence[int]]) -> None:
    session = Session(len(coefficients[0]), PUBLIC_KEYS[:2], b"session")
    messages = [
        crafted(
            index, Polynomial._of(ristretto255, [ristretto255.scalar(one) for one in row]), session=session
        )
        for index, row in enumerate(coefficients, 1)
    ]
    attempts: list[Callable[[], object]] = [
        lambda: dkg.verify_round1(session, messages),
        lambda: dkg.round2(state(1, session, messages), messages),
    ]
    for attempt in attempts:
        with pytest.raises(KeyGenerationError, match="cancel each other out"):
            attempt()


def test_a_group_key_of_zero() -> None:
    conspiracy([[5, 7], [-5, 8]])


def test_a_threshold_lowered() -> None:
    conspiracy([[5, 7], [6, -7]])


def test_a_key_share_of_zero() -> None:
    conspiracy([[5, -2], [1, -1]])  # 6 - 3x has its root at trustee 2


# Whoever carries the messages.


def test_swapped_messages() -> None:
    """The public check cannot see it, as a proof of possession holds no index. The trustees do."""
    messages = [MESSAGES[1], MESSAGES[0], MESSAGES[2]]
    for index in (1, 2):
        refused_by(index, messages, None, f"round 1 message {index}: is not the one this trustee sent")
    refused_by(3, messages, "trustee 1", "does not decrypt")
    with pytest.raises(KeyGenerationError, match="no signature over this transcript"):
        dkg.verify_certificate(SESSION, dkg.verify_round1(SESSION, messages), SIGNATURES)


def split_view() -> tuple[list[bytes], GroupPublic, bytes]:
    """Trustee 2 contributes twice, and trustee 3 alone is shown the second message."""
    messages = replaced(2, crafted(2, random_polynomial()))
    return messages, dkg.verify_round1(SESSION, messages), sign(3, messages)


def test_a_transcript_that_differs_for_one() -> None:
    messages, public, signature = split_view()
    pending, _ = dkg.round2(state(1), MESSAGES)
    with pytest.raises(KeyGenerationError, match="no signature over this transcript") as refused:
        dkg.round3(pending, [*SIGNATURES[:2], signature])
    assert refused.value.culprit == "trustee 3"
    with pytest.raises(KeyGenerationError) as refused:
        dkg.verify_certificate(SESSION, public, [*SIGNATURES[:2], signature])
    assert refused.value.culprit == "trustee 1"
    for seen in (MESSAGES, messages):
        with pytest.raises(KeyGenerationError):
            dkg.recover(SESSION, 3, KEYS[2], seen, [*SIGNATURES[:2], signature])


def test_an_extension_that_differs_for_one() -> None:
    other = Session(THRESHOLD, PUBLIC_KEYS, b"session", b"extension")
    signature = sign(3, session=other)
    with pytest.raises(KeyGenerationError, match="no signature over this transcript") as refused:
        dkg.verify_certificate(SESSION, PUBLIC, [*SIGNATURES[:2], signature])
    assert refused.value.culprit == "trustee 3"


def test_only_the_shares_may_differ_and_each_recipient_sees_its_own() -> None:
    """The transcript holds no ciphertext (the text's difference 5): who can decrypt its own share signs."""
    messages = replaced(2, MESSAGES[1][: END - 1] + bytes([MESSAGES[1][-1] ^ 1]))
    assert dkg.verify_round1(SESSION, messages).transcript == PUBLIC.transcript
    assert sign(1, messages) == SIGNATURES[0]
    refused_by(3, messages, "trustee 2", "does not decrypt")


# Certificates.


def certificate_refused(signatures: Sequence[bytes], culprit: str | None) -> None:
    pending, _ = dkg.round2(state(1), MESSAGES)
    attempts: list[Callable[[], object]] = [
        lambda: dkg.verify_certificate(SESSION, PUBLIC, signatures),
        lambda: dkg.round3(pending, signatures),
        lambda: dkg.recover(SESSION, 1, KEYS[0], MESSAGES, signatures),
    ]
    for attempt in attempts:
        with pytest.raises(KeyGenerationError) as refused:
            attempt()
        assert refused.value.culprit == culprit


def test_the_certificate_itself_is_accepted() -> None:
    dkg.verify_certificate(SESSION, PUBLIC, SIGNATURES)


@pytest.mark.parametrize("index", [1, 2, 3])
def test_a_signature_that_is_not_the_trustees(index: int) -> None:
    own = SIGNATURES[index - 1]
    for bad in (
        b"",
        own[:-1],
        own + b"\0",
        bytes(64),
        own[:-1] + bytes([own[-1] ^ 1]),
        SIGNATURES[index % 3],
        schnorr.sign(KEYS[index - 1].reveal(), PUBLIC.transcript + b"\0"),
        schnorr.sign(StaticKey.generate().reveal(), PUBLIC.transcript),
    ):
        signatures = list(SIGNATURES)
        signatures[index - 1] = bad
        certificate_refused(signatures, f"trustee {index}")


@pytest.mark.parametrize("signatures", [[], SIGNATURES[:2], SIGNATURES[1:], [*SIGNATURES, SIGNATURES[0]]])
def test_another_number_of_signatures(signatures: list[bytes]) -> None:
    certificate_refused(signatures, None)


def test_signatures_in_another_order() -> None:
    certificate_refused(SIGNATURES[::-1], "trustee 1")


def test_a_certificate_of_another_session() -> None:
    for other in (
        Session(THRESHOLD, PUBLIC_KEYS, b"another session"),
        Session(1, PUBLIC_KEYS, b"session"),
        Session(THRESHOLD, PUBLIC_KEYS, b"session", b"extension"),
    ):
        with pytest.raises(KeyGenerationError, match="another session"):
            dkg.verify_certificate(other, PUBLIC, SIGNATURES)


def test_a_scalar_is_no_public_value() -> None:
    """A refusal never shows a share, not even a wrong one."""
    polynomial = random_polynomial()
    shown: list[Scalar] = [polynomial.evaluate(1) + ristretto255.scalar(1)]
    messages = replaced(2, crafted(2, polynomial, share=off_by_one(polynomial, 1)))
    with pytest.raises(KeyGenerationError) as refused:
        dkg.round2(state(1), messages)
    text = repr(refused.value) + str(refused.value)
    assert shown[0].encode().hex() not in text
    assert str(int.from_bytes(shown[0].encode(), "little")) not in text
