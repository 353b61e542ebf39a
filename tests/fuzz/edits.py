"""An edit of bytes, and what a verifier may say of a record that was edited."""

from __future__ import annotations

from secretballot.verify import Report, Verdict


class VerdictError(Exception):
    """A record that was changed is verified."""


def edit(data: bytes, offset: int, taken: int, put: bytes) -> bytes:
    """The bytes with so many of them, from an offset on, replaced."""
    at = offset % (len(data) + 1)
    return data[:at] + put + data[at + taken :]


def judge(report: Report, may_hold: bool) -> None:
    """Raises VerdictError where a record is verified that may not be, and where a rule's numbers do not fit."""
    if report.verdict == Verdict.VERIFIED and not may_hold:
        raise VerdictError("a record that was changed is verified")
    if any(rule.checked < rule.failed for rule in report.rules):
        raise VerdictError("more items of a rule failed than were checked")
