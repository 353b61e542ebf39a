"""The key ceremony: k-of-n trustees make the election key over the board, by COCKTAIL-DKG.

Each trustee posts, in this order: a hash of its first message (so that the last to move cannot bias the key), the
message, and its signature over the transcript of all messages. The role is in :mod:`.trustee`, which alone holds
secrets; what anyone can check is in :mod:`.checks`, and what a log says so far in :mod:`.state`.
"""

from .records import CeremonyCommitment, CeremonyComplaint, CeremonyConfirmation, CeremonyMessage

__all__ = ["CeremonyCommitment", "CeremonyComplaint", "CeremonyConfirmation", "CeremonyMessage"]
