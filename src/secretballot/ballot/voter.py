"""The voter's device: encrypts, proves, and then either casts or opens. Holds the encryption's randomness.

Benaloh's challenge: the device shows the confirmation code first, and learns only then whether the voter casts the
ballot or has it opened. An opened ballot never counts.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import NoReturn

from ..credential import Credential
from ..crypto import disjunction
from ..crypto.disjunction import Knowledge
from ..crypto.elgamal import Ciphertext
from ..crypto.group import Scalar, ristretto255, warn_of_variable_time
from ..crypto.secret import Secret
from ..crypto.signing import SigningKey
from ..errors import BallotError, SelectionError, check_type
from ..records import sign_body, sign_record
from .contest_kinds import LinePlan, MarkPlan, Selection
from .contest_kinds.plan import FIRST, GENERATOR, KEY, listed
from .context import BallotContext
from .records import Ballot, BallotContest, ChallengedBallot, ContestOpening, code_of, format_code


class VoterDevice:
    """One voter's device, with the credential and its ballot key."""

    def __init__(self, context: BallotContext, credential: Credential, key: SigningKey) -> None:
        check_type(context, BallotContext, "a log's context")
        check_type(credential, Credential, "a credential")
        check_type(key, SigningKey, "the ballot key")
        if key.verify_key.data != credential.key:
            raise BallotError("the ballot key is not the credential's")
        warn_of_variable_time()
        self._context = context
        self._credential = credential
        self._key = key

    def seal(self, selections: Mapping[str, Selection]) -> SealedBallot:
        """Encrypts and proves a choice for every contest of the election.

        Raises SelectionError for a contest that is missing or unknown, or a choice that it does not allow.
        """
        context = self._context
        if not isinstance(selections, Mapping):
            raise SelectionError("a selection for each contest is needed, by the contest's id")
        known = [plan.id for plan in context.plans]
        if selections.keys() - set(known):
            # Not which, as in a contest: what stands in the wrong place may be the choice.
            raise SelectionError(f"there is no such contest: {listed(known)}")
        contests = []
        openings = []
        for plan in context.plans:
            if plan.id not in selections:
                raise SelectionError("a selection is missing", item=f"contest {plan.id}")
            choices = plan.choices(selections[plan.id])
            contest, opening = self._encrypt(plan, choices)
            contests.append(contest)
            openings.append(opening)
        ballot = Ballot(election=context.election.id, credential=self._credential, contests=tuple(contests))
        return SealedBallot(context, ballot.to_body(), tuple(openings), self._key)

    def _encrypt(
        self, plan: LinePlan | MarkPlan, choices: Sequence[int]
    ) -> tuple[BallotContest, ContestOpening]:
        randomness = [ristretto255.random_scalar() for _ in range(plan.num_ciphertexts)]
        if isinstance(plan, LinePlan):
            ciphertexts, knowledge = self._encrypt_lines(plan, choices, randomness)
        else:
            ciphertexts, knowledge = self._encrypt_mark(plan, choices, randomness)
        elements = [element for ciphertext in ciphertexts for element in ciphertext]
        statement = plan.statement(self._context.key.element, elements)
        encoded = ristretto255.encode_elements(elements)
        session_id = self._context.proof_session(plan.id, self._credential.key, plan.binding(encoded))
        tables = {KEY: self._context.key.table} if isinstance(plan, LinePlan) else None
        proof = disjunction.prove(session_id, statement, knowledge, tables)
        opened = b"".join(scalar.encode() for scalar in randomness)
        return (
            BallotContest(id=plan.id, ciphertexts=encoded, proof=proof),
            ContestOpening(id=plan.id, choices=tuple(choices), randomness=opened),
        )

    def _encrypt_lines(
        self, plan: LinePlan, choices: Sequence[int], randomness: Sequence[Scalar]
    ) -> tuple[list[Ciphertext], list[Knowledge]]:
        messages = [ristretto255.scalar(weight) for weight in plan.weights(choices)]
        ciphertexts = [
            self._context.key.encrypt(message, r) for message, r in zip(messages, randomness, strict=True)
        ]
        knowledge = []
        for place, choice in enumerate(choices):
            part = slice(place * plan.width, (place + 1) * plan.width)
            knowledge.append(_know(choice, randomness[part], messages[part], randomness[part]))
        if plan.sum_shapes():
            total = randomness[0]
            for scalar in randomness[1:]:
                total = total + scalar
            knowledge.append(_know(plan.sum_branch(choices), [total], messages, randomness))
        return ciphertexts, knowledge

    def _encrypt_mark(
        self, plan: MarkPlan, choices: Sequence[int], randomness: Sequence[Scalar]
    ) -> tuple[list[Ciphertext], list[Knowledge]]:
        key = self._context.key
        ciphertexts = [
            key.encrypt_element(message, r)
            for message, r in zip(plan.messages(choices), randomness, strict=True)
        ]
        # The statement is over the generator and the pads alone.
        openings = {1 + i: ((GENERATOR, r),) for i, r in enumerate(randomness)}
        return ciphertexts, [Knowledge(0, randomness, openings)]

    def __repr__(self) -> str:
        return "<VoterDevice, redacted>"


def _know(
    branch: int, witness: Sequence[Scalar], messages: Sequence[Scalar], randomness: Sequence[Scalar]
) -> Knowledge:
    openings: dict[int, Sequence[tuple[int, Scalar]]] = {}
    for i, (message, r) in enumerate(zip(messages, randomness, strict=True)):
        openings[FIRST + 2 * i] = ((GENERATOR, r),)
        openings[FIRST + 2 * i + 1] = ((GENERATOR, message), (KEY, r))
    return Knowledge(branch, witness, openings)


class SealedBallot:
    """An encrypted ballot of which only the confirmation code is known. It is cast or challenged, once, whichever of
    several threads comes first."""

    def __init__(
        self, context: BallotContext, body: bytes, openings: tuple[ContestOpening, ...], key: SigningKey
    ) -> None:
        self.code = code_of(body)
        self._context = context
        self._body = body
        self._openings: Secret[tuple[ContestOpening, ...]] | None = Secret(openings)
        self._key = key
        self._cast: bytes | None = None
        self._lock = threading.Lock()

    def cast(self) -> bytes:
        """The entry that casts the ballot; the randomness is forgotten. Asked again, gives the same entry.

        Raises BallotError after a challenge.
        """
        with self._lock:
            if self._cast is None:
                if self._openings is None:
                    raise BallotError("this ballot was challenged and can never be cast")
                self._openings = None
                self._cast = sign_body(self._body, self._key)
            return self._cast

    def challenge(self) -> bytes:
        """The entry that opens the ballot for everyone to check. Raises BallotError if it was cast or challenged."""
        with self._lock:
            openings, self._openings = self._openings, None
        if openings is None:
            raise BallotError("this ballot was cast or challenged before")
        record = ChallengedBallot(
            election=self._context.election.id,
            ballot=self._body.decode("utf-8"),
            openings=openings.reveal(),
        )
        return sign_record(record, self._key)

    def __repr__(self) -> str:
        return f"<SealedBallot {format_code(self.code)}, redacted>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SealedBallot is never copied: one could be cast and the other challenged")
