"""What anyone can check of a ballot, and of a challenged one."""

from __future__ import annotations

from collections.abc import Sequence

from ..crypto import disjunction
from ..crypto.batch import ParsedProof
from ..crypto.elgamal import ciphertext_size
from ..crypto.group import Element, ristretto255
from ..errors import BallotError, CryptoError, EncodingError, SelectionError
from .contest_kinds import ContestPlan
from .context import BallotContext
from .records import Ballot, BallotContest, ChallengedBallot, ContestOpening


def decode_contests(context: BallotContext, ballot: Ballot) -> list[list[Element]]:
    """The elements A, B, … of the ciphertexts of every contest, all of them checked.

    Raises BallotError where the contests are not the manifest's, in order, or a ciphertext is malformed.
    """
    if [contest.id for contest in ballot.contests] != [plan.id for plan in context.plans]:
        raise BallotError("the contests are not the manifest's, in its order")
    out = []
    for plan, contest in zip(context.plans, ballot.contests, strict=True):
        item = f"contest {plan.id}"
        # The length first: decoding costs much more than reading.
        size = plan.num_ciphertexts * ciphertext_size(ristretto255)
        if len(contest.ciphertexts) != size:
            raise BallotError(
                f"{plan.num_ciphertexts} ciphertexts have {size} bytes, not {len(contest.ciphertexts)}",
                item=item,
            )
        try:
            out.append(ristretto255.decode_elements(contest.ciphertexts))
        except CryptoError as error:
            raise BallotError(f"a ciphertext is malformed: {error}", item=item) from None
    return out


def parse_proofs(
    context: BallotContext, ballot: Ballot, elements: Sequence[Sequence[Element]], item: str
) -> list[ParsedProof]:
    """The proofs of every contest made ready for batch verification; ``item`` names the ballot in errors.

    Raises BallotError for a proof that cannot be one. What this returns is *not verified yet*.
    """
    out = []
    for plan, contest, own in zip(context.plans, ballot.contests, elements, strict=True):
        session_id = context.proof_session(plan.id, ballot.credential.key, plan.binding(contest.ciphertexts))
        name = f"{item}, contest {plan.id}"
        try:
            # The elements were decoded from these bytes, and an element has one encoding.
            encoded = context.encoded_key + contest.ciphertexts
            statement = plan.statement(context.key.element, own, encoded)
            out.append(disjunction.parse(name, session_id, statement, contest.proof))
        except CryptoError as error:
            raise BallotError(f"the proof is malformed: {error.message}", item=f"contest {plan.id}") from None
    return out


def challenged_ballot(challenged: ChallengedBallot) -> Ballot:
    """The ballot within a challenge; raises BallotError if it is not one of the same election."""
    try:
        ballot = Ballot.from_body(challenged.ballot.encode("utf-8"))
    except EncodingError as error:
        raise BallotError(f"the challenged ballot is malformed: {error.message}") from None
    if ballot.election != challenged.election:
        raise BallotError("the challenged ballot is another election's")
    return ballot


def check_openings(
    context: BallotContext, ballot: Ballot, openings: Sequence[ContestOpening]
) -> list[object]:
    """Re-encrypts every line of a challenged ballot with the opened randomness and compares.

    Returns the selections that the ballot held, in the manifest's order; raises BallotError where the opening is
    malformed or gives other ciphertexts.
    """
    if [opening.id for opening in openings] != [plan.id for plan in context.plans]:
        raise BallotError("the openings are not the manifest's contests, in its order")
    decode_contests(context, ballot)
    return [
        _check_opening(context, plan, contest, opening)
        for plan, contest, opening in zip(context.plans, ballot.contests, openings, strict=True)
    ]


def _check_opening(
    context: BallotContext, plan: ContestPlan, contest: BallotContest, opening: ContestOpening
) -> object:
    item = f"contest {plan.id}"
    group = ristretto255
    try:
        selection: object = plan.selection(opening.choices)
        randomness = group.decode_integers(opening.randomness)
    except (SelectionError, CryptoError) as error:
        raise BallotError(f"the opening is malformed: {error.message}", item=item) from None
    if len(randomness) != plan.num_ciphertexts or 0 in randomness:
        raise BallotError("the opening has the wrong randomness", item=item)
    # Published randomness is public: plain integers, in variable time.
    elements = []
    for message, r in zip(plan.messages(opening.choices), randomness, strict=True):
        elements.append(group.sum_of_products([r], [group.generator]))
        elements.append(message + group.sum_of_products([r], [context.key.element]))
    if group.encode_elements(elements) != contest.ciphertexts:
        raise BallotError("the opening does not give these ciphertexts", item=item)
    return selection
