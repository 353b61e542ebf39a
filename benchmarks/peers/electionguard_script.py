"""Run by an interpreter that has ``electionguard``, never imported: times its ballots, and prints the figures as JSON.

It has a contest for each official and a selection for each level, of which one may be chosen. ElectionGuard adds a
placeholder to each contest, by which a voter may choose none.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import datetime, timezone
from importlib.metadata import version
from statistics import median

from electionguard.ballot import PlaintextBallot, PlaintextBallotContest, PlaintextBallotSelection
from electionguard.election import make_ciphertext_election_context
from electionguard.elgamal import elgamal_keypair_random
from electionguard.encrypt import encrypt_ballot
from electionguard.group import rand_q
from electionguard.manifest import (
    BallotStyle,
    Candidate,
    ContestDescription,
    ElectionType,
    GeopoliticalUnit,
    InternalManifest,
    InternationalizedText,
    Manifest,
    ReportingUnitType,
    SelectionDescription,
    SpecVersion,
    VoteVariationType,
)
from electionguard.serialize import to_raw


def make_manifest(officials: int, levels: int) -> Manifest:
    now = datetime.now(timezone.utc)  # noqa: UP017 - Python 3.9 has no datetime.UTC
    contests = []
    for i in range(officials):
        selections = [SelectionDescription(f"{i}-{level}", level, f"c{i}-{level}") for level in range(levels)]
        contests.append(
            ContestDescription(
                f"o{i}", i, "unit", VoteVariationType.one_of_m, 1, 1, f"Official {i}", selections
            )
        )
    candidates = [Candidate(f"c{i}-{level}") for i in range(officials) for level in range(levels)]
    return Manifest(
        "measurement",
        SpecVersion.EG0_95,
        ElectionType.general,
        now,
        now,
        [GeopoliticalUnit("unit", "unit", ReportingUnitType.unknown)],
        [],
        candidates,
        contests,
        [BallotStyle("style", ["unit"])],
        name=InternationalizedText([]),
    )


def main() -> None:
    # It logs every element, which would take a good part of the time.
    logging.disable(logging.CRITICAL)
    task = json.load(sys.stdin)
    officials, levels = task["officials"], task["levels"]
    manifest = make_manifest(officials, levels)
    if not manifest.is_valid():
        sys.exit("the manifest is not valid")
    internal = InternalManifest(manifest)
    key = elgamal_keypair_random().public_key
    context = make_ciphertext_election_context(1, 1, key, rand_q(), manifest.crypto_hash())
    seed, make, verify, size = rand_q(), [], [], []
    # The first is not counted: it fills tables of powers.
    for number in range(task["ballots"] + 1):
        chosen = [
            PlaintextBallotContest(
                f"o{i}", [PlaintextBallotSelection(f"{i}-{(i + number) % levels}", 1, False)]
            )
            for i in range(officials)
        ]
        start = time.perf_counter()
        ballot = encrypt_ballot(PlaintextBallot(f"b{number}", "style", chosen), internal, context, seed)
        between = time.perf_counter()
        if ballot is None or not ballot.is_valid_encryption(
            internal.manifest_hash, context.elgamal_public_key, context.crypto_extended_base_hash
        ):
            sys.exit("the ballot does not verify")
        end = time.perf_counter()
        if number:
            make.append(between - start)
            verify.append(end - between)
            size.append(len(to_raw(ballot)))
    figures = {"make": median(make), "verify": median(verify), "ballot_bytes": median(size)}
    print(json.dumps({**figures, "version": version("electionguard")}))


main()
