"""What the stores of boards and registrars stand on: a SQLite file, and a schema of a PostgreSQL database.

It knows nothing of voting. :mod:`.sqlite` and :mod:`.postgres` give connections that are durable, checked to be of
the right kind, and safe from several threads and processes; what stands in the tables is for the store to say.
"""

from __future__ import annotations

from ..errors import StoreError, check_type

#: Seconds to wait for another writer, or for a server.
DEFAULT_TIMEOUT = 30.0
#: SQLite and PostgreSQL count milliseconds in 32 bits with a sign.
MAX_TIMEOUT = 2_000_000


def check_timeout(timeout: float) -> None:
    """Returns nothing for a time to wait, in seconds. Raises StoreError for one out of range, and ArgumentError for
    what is no number."""
    check_type(timeout, (int, float), "a timeout in seconds")
    if not 0 <= timeout <= MAX_TIMEOUT:
        raise StoreError(f"a timeout has 0 to {MAX_TIMEOUT} seconds")
