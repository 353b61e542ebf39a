"""An election with its key: what encrypting and checking ballots needs, made once an election."""

from __future__ import annotations

from ..crypto.elgamal import EncryptionKey
from ..crypto.encoding import Tag, frame
from ..crypto.group import Element, ristretto255
from ..crypto.sigma import session_tag
from ..crypto.transcript import derive_session_id
from ..manifest import Election
from .contest_kinds import plan_election


class BallotContext:
    """Election, election key with its table, and the contests' plans. Public."""

    def __init__(self, election: Election, key: Element) -> None:
        self.election = election
        self.key = EncryptionKey(ristretto255, key)
        self.plans = plan_election(election)
        self.encoded_key = key.encode()
        tag = (Tag.BALLOT_PROOF, election.id, self.encoded_key)
        #: What all ballots' proofs of a contest have in front.
        self._tags = {plan.id: session_tag(ristretto255, *tag, plan.id) for plan in self.plans}

    def proof_session(self, contest: str, credential_key: bytes, binding: bytes = b"") -> bytes:
        """The session identifier of a contest's proof: suite, protocol, election, election key, contest, credential,
        and what the plan binds beside (:meth:`~.contest_kinds.plan.ContestPlan.binding`)."""
        return derive_session_id(self._tags[contest] + frame(credential_key) + binding)
