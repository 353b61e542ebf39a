"""The bounds of a service. All of them can be set by whoever deploys it."""

from __future__ import annotations

from typing import NamedTuple

from ..manifest.capacity import MAX_ATTACHMENT_SIZE
from ..records import MAX_ENTRY_SIZE


class Rate(NamedTuple):
    """So many requests at once, and so many a second after them."""

    burst: float
    per_second: float


class Settings(NamedTuple):
    """Bytes, seconds and requests.

    The rates by address are generous, since a whole assembly may share one address; what a request costs is bounded by
    the checks' own order, the cheap ones first.
    """

    #: Bytes of an entry, and of an attachment with its entry.
    max_entry: int = MAX_ENTRY_SIZE
    max_attachment: int = MAX_ATTACHMENT_SIZE + MAX_ENTRY_SIZE + 1
    #: Bytes of any other request's body.
    max_body: int = 2**16
    #: Bytes of entries in an answer, and one entry at least.
    max_range: int = 8 * 2**20
    #: Seconds that a body may take to arrive, and an answer to be read: a ground, and one more for each so many bytes.
    body_seconds: float = 20.0
    body_rate: int = 2**16
    #: Seconds that a request's head may take, that a connection may be idle between two requests, and that what fits
    #: into the socket's buffers may lie unread.
    head_seconds: float = 20.0
    idle_seconds: int = 30
    unread_seconds: float = 20.0
    #: Seconds that a look at the store's health may take.
    health_seconds: float = 5.0
    #: Connections, and those of one address.
    connections: int = 4000
    connections_of_address: int = 1000
    #: Requests of an address that change something, and that read.
    posts: Rate = Rate(burst=2000, per_second=200)
    reads: Rate = Rate(burst=5000, per_second=500)
    #: Wrong tries at a voter's access code: by the name that is given, whether it is on the roll or not.
    codes: Rate = Rate(burst=10, per_second=1 / 30)
    #: Ballots that are cast or opened with one credential.
    casts: Rate = Rate(burst=20, per_second=1 / 30)
    #: Addresses and names of which tries are counted at once; beyond, the longest unseen are forgotten.
    remembered: int = 100_000
    #: Requests that are worked on at once, and of them those that send an attachment and those that ask for one, which
    #: is in memory meanwhile: more are told to come again.
    at_once: int = 4000
    attachments_sent_at_once: int = 2
    attachments_asked_at_once: int = 8
