"""An election with its key: what encrypting and checking ballots needs, made once an election."""

from __future__ import annotations

from ..crypto.elgamal import EncryptionKey
from ..crypto.encoding import Tag
from ..crypto.group import Element, ristretto255
from ..crypto.sigma import session
from ..manifest import Election
from .contest_kinds import plan_election


class BallotContext:
    """Election, election key with its table, and the contests' plans. Public."""

    def __init__(self, election: Election, key: Element) -> None:
        self.election = election
        self.key = EncryptionKey(ristretto255, key)
        self.plans = plan_election(election)

    def proof_session(self, contest: str, credential_key: bytes) -> bytes:
        """The session identifier of a contest's proof: suite, protocol, election, election key, contest, credential."""
        return session(
            ristretto255,
            Tag.BALLOT_PROOF,
            self.election.id,
            self.key.element.encode(),
            contest,
            credential_key,
        )
