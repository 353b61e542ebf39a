"""Contests of rankings and texts, and a device that votes in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from secretballot.ballot.contest_kinds import MarkPlan, plan_contest
from secretballot.ballot.context import BallotContext
from secretballot.ballot.records import Ballot
from secretballot.ballot.voter import VoterDevice
from secretballot.credential import Credential
from secretballot.crypto.signing import SigningKey
from secretballot.manifest.contests import RankingContest, WriteInContest
from secretballot.records import parse_entry

from ...support import elections

PEOPLE = ("an", "binh", "chi", "dung")


def ranking(of: Sequence[str] = PEOPLE, **changed: Any) -> RankingContest:
    members = {
        "id": "board",
        "labels": {"en": "Board"},
        "options": elections.options(*of),
        "minimum": 1,
        "maximum": 3,
        "allow_blank": True,
        "methods": ("borda", "irv", "stv", "schulze"),
        "seats": 2,
    }
    return RankingContest(**{**members, **changed})


def write_in(**changed: Any) -> WriteInContest:
    members = {"id": "motto", "labels": {"en": "Motto"}, "max_bytes": 40, "allow_blank": True}
    return WriteInContest(**{**members, **changed})


def plan_of(contest: RankingContest | WriteInContest) -> MarkPlan:
    plan = plan_contest(contest, 5)
    assert isinstance(plan, MarkPlan)
    return plan


SELECTIONS: Mapping[str, Any] = {"board": ["dung", "an"], "motto": "Nguyễn Thị Ánh", "chair": "chi"}


def new_device(context: BallotContext) -> VoterDevice:
    key = SigningKey.generate()
    return VoterDevice(context, Credential(key=key.verify_key.data, signatures=(b"",)), key)


def cast(device: VoterDevice, selections: Mapping[str, Any] = SELECTIONS) -> Ballot:
    return Ballot.from_body(parse_entry(device.seal(selections).cast()).body)
