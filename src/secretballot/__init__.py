"""secretballot: secret ballots whose result anyone can check.

Read it in the order in which data flow; each step is one folder, with ``records.py`` (what is published), one file for
each role (the only place of its secrets) and ``checks.py`` (what anyone can check):

1. :mod:`secretballot.manifest`: what the election is
2. :mod:`secretballot.ceremony`: k-of-n trustees make the election key
3. :mod:`secretballot.credential`: registrars sign blindly, once a voter
4. :mod:`secretballot.ballot`: the voter's device encrypts, proves, signs, or opens
5. :mod:`secretballot.board`: the append-only log checks, appends and answers with a receipt
6. :mod:`secretballot.tally`: sums or mixing, decryption shares, counts, outcomes
7. :mod:`secretballot.verify`: every numbered rule, from the public record alone

Below all of them, :mod:`secretballot.crypto` has the published standards, and is hazardous material.

The names below are loaded when they are first used, so that whoever imports the verifier loads no secret's code.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .version import VERSION

__version__ = VERSION

_PUBLIC = {
    "ballot": ["confirmation_code", "format_code"],
    "ballot.voter": ["SealedBallot", "VoterDevice"],
    "board": ["ElectionRecord"],
    "board.authority": ["AuthorityKeys"],
    "board.board": ["Board"],
    "board.keys": ["BoardKeys"],
    "board.cosigner": ["Cosigner", "CosignerKeys"],
    "board.memory": ["Memory"],
    "board.receipts": ["check_receipt"],
    "board.record": ["write_record"],
    "board.store": ["BoardStore", "FilesStore", "MemoryStore", "SQLiteStore"],
    "board.store.postgres": ["PostgresStore"],
    "ceremony.trustee": ["KeyHolder", "TrusteeKeys"],
    "credential.holder": ["Holder"],
    "credential.register": ["IssuanceRegister", "MemoryRegister", "SQLiteRegister"],
    "credential.register.postgres": ["PostgresRegister"],
    "credential.registrar": ["Registrar", "RegistrarKeys"],
    "errors": ["SecretBallotError"],
    "manifest": [
        "ApprovalContest",
        "Authority",
        "BoardKey",
        "ChoiceContest",
        "Election",
        "Manifest",
        "MixerKey",
        "Option",
        "OutcomeRule",
        "RankingContest",
        "RatingContest",
        "RegistrarKey",
        "TrusteeKey",
        "WriteInContest",
        "confidence_levels",
    ],
    "tally": ["ElectionLog", "Result"],
    "tally.mixer": ["Mixer", "MixerKeys"],
    "tally.trustee": ["DecryptingTrustee"],
    "report": ["compare_records"],
    "verify": ["Report", "Verdict", "local_workers", "verify_record"],
}

_WHERE = {name: module for module, names in _PUBLIC.items() for name in names}

if TYPE_CHECKING:
    from .ballot import confirmation_code, format_code
    from .ballot.voter import SealedBallot, VoterDevice
    from .board import ElectionRecord
    from .board.authority import AuthorityKeys
    from .board.board import Board
    from .board.cosigner import Cosigner, CosignerKeys
    from .board.keys import BoardKeys
    from .board.memory import Memory
    from .board.receipts import check_receipt
    from .board.record import write_record
    from .board.store import BoardStore, FilesStore, MemoryStore, SQLiteStore
    from .board.store.postgres import PostgresStore
    from .ceremony.trustee import KeyHolder, TrusteeKeys
    from .credential.holder import Holder
    from .credential.register import IssuanceRegister, MemoryRegister, SQLiteRegister
    from .credential.register.postgres import PostgresRegister
    from .credential.registrar import Registrar, RegistrarKeys
    from .errors import SecretBallotError
    from .manifest import (
        ApprovalContest,
        Authority,
        BoardKey,
        ChoiceContest,
        Election,
        Manifest,
        MixerKey,
        Option,
        OutcomeRule,
        RankingContest,
        RatingContest,
        RegistrarKey,
        TrusteeKey,
        WriteInContest,
        confidence_levels,
    )
    from .report import compare_records
    from .tally import ElectionLog, Result
    from .tally.mixer import Mixer, MixerKeys
    from .tally.trustee import DecryptingTrustee
    from .verify import Report, Verdict, local_workers, verify_record

__all__ = [
    "ApprovalContest",
    "Authority",
    "AuthorityKeys",
    "Board",
    "BoardKey",
    "BoardKeys",
    "BoardStore",
    "ChoiceContest",
    "Cosigner",
    "CosignerKeys",
    "DecryptingTrustee",
    "Election",
    "ElectionLog",
    "ElectionRecord",
    "FilesStore",
    "Holder",
    "IssuanceRegister",
    "KeyHolder",
    "Manifest",
    "Memory",
    "MemoryRegister",
    "MemoryStore",
    "Mixer",
    "MixerKey",
    "MixerKeys",
    "Option",
    "OutcomeRule",
    "PostgresRegister",
    "PostgresStore",
    "RankingContest",
    "RatingContest",
    "Registrar",
    "RegistrarKey",
    "RegistrarKeys",
    "Report",
    "Result",
    "SQLiteRegister",
    "SQLiteStore",
    "SealedBallot",
    "SecretBallotError",
    "TrusteeKey",
    "TrusteeKeys",
    "Verdict",
    "VoterDevice",
    "WriteInContest",
    "check_receipt",
    "compare_records",
    "confidence_levels",
    "confirmation_code",
    "format_code",
    "local_workers",
    "verify_record",
    "write_record",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
