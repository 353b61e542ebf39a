"""A target is a function of bytes, and what it may begin with. It may raise what is in the tree of errors, and nothing
else; and what it reads in the one canonical form is that very input again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from secretballot.ballot.checks import decode_contests, parse_proofs
from secretballot.ballot.contest_kinds import plan_contest
from secretballot.ballot.context import BallotContext
from secretballot.ballot.records import CODE_SIZE, format_code, parse_code
from secretballot.ceremony.records import CeremonyMessage
from secretballot.ceremony.trustee import session_of
from secretballot.cli.choices import read_choices
from secretballot.client.remote import _members
from secretballot.client.wire import read_error
from secretballot.credential.codes import new_code, read_code
from secretballot.crypto import equality, key_file, shuffle
from secretballot.crypto.blind_rsa import PublicKey
from secretballot.crypto.cosignature import CosignatureVerifier, open_cosignatures
from secretballot.crypto.dkg_messages import encode_round1, parse_round1
from secretballot.crypto.embedding import embed, extract, width
from secretballot.crypto.encoding import b64decode, b64encode, frame, unframe
from secretballot.crypto.equality import Equality
from secretballot.crypto.group import ristretto255
from secretballot.crypto.merkle import verify_consistency, verify_inclusion
from secretballot.crypto.note import NoteVerifier, open_checkpoint, parse_note
from secretballot.crypto.receipt import format_receipt, parse_receipt, verify_receipt
from secretballot.errors import SecretBallotError
from secretballot.manifest import Election
from secretballot.records import DIGEST_SIZE, parse_entry
from secretballot.report.schemas import MODELS
from secretballot.service.issuance_routes import read_request
from secretballot.tally import ElectionLog
from secretballot.verify.shard import Task
from secretballot.verify.wire import answer, decode_outcome, decode_task, encode_task

from ..attack.accomplices import BALLOTS
from ..support import shuffles
from . import files, seeds
from .records import record, record_seeds

#: Characters of an error's one line.
LONGEST = 4000


class Target(NamedTuple):
    """``read`` is given the bytes; ``seeds`` makes the inputs to begin with. ``cost`` is about its milliseconds, by
    which a run is shared out."""

    read: Callable[[bytes], object]
    seeds: Callable[[], Sequence[bytes]]
    cost: float = 0.1


class FuzzError(Exception):
    """What a target found: an input was read into something that is not that input, or an error is no one line."""


def run(target: Target, data: bytes) -> None:
    """One input. Whatever this raises is a finding."""
    try:
        target.read(data)
    except SecretBallotError as error:
        told = str(error)
        if not told or not told.isprintable() or len(told) > LONGEST:
            raise FuzzError(f"an error is to be one line, and is {told!r}") from error


def same(data: bytes, again: bytes | str) -> None:
    """Raises FuzzError where what was read is not written as it came."""
    if data != (again.encode() if isinstance(again, str) else again):
        raise FuzzError(f"{data!r} was read, and would be written {again!r}")


# Records.


def entry(data: bytes) -> None:
    parse_entry(data)


def log_entry(data: bytes) -> None:
    """At the beginning of a log, and after the manifest."""
    for log in (ElectionLog(), _begun()):
        with suppress(SecretBallotError):
            read = log.read(data)
            for _, check in log.checks(read):
                check()
            log.apply(read)


def _begun() -> ElectionLog:
    log = ElectionLog()
    log.apply(log.read(seeds.held().entries[0]))
    return log


def body(data: bytes) -> None:
    """Of a record, by the first byte of which kind."""
    models = list(MODELS.values())
    model = models[data[0] % len(models)] if data else models[0]
    same(data[1:], model.from_body(data[1:]).to_body())


def _body_seeds() -> list[bytes]:
    return [bytes([place]) + own for place, kind in enumerate(MODELS) for own in seeds.bodies(kind)]


def manifest(data: bytes) -> None:
    same(data, Election(data).manifest.to_body())


def ballot(data: bytes) -> None:
    """A ballot's contests and proofs, under a context that fits the seeds."""
    log = _voting()
    read = MODELS["ballot"].from_body(data)
    elements = decode_contests(log, read)  # type: ignore[arg-type]
    parse_proofs(log, read, elements, "ballot")  # type: ignore[arg-type]


def _ballots() -> list[bytes]:
    return [parse_entry(seeds.held().entries[place]).body for place in BALLOTS]


def _voting() -> BallotContext:
    return seeds.held().simulation.log.context


# Texts.


def note(data: bytes) -> None:
    text, signatures = parse_note(data)
    same(data, text + "\n" + "".join(line.line() for line in signatures))


def checkpoint(data: bytes) -> None:
    verifier, origin = seeds.held().board
    open_checkpoint(data, verifier, origin)
    # A note may have more lines than the log's; what is signed is this very text.
    same(parse_note(seeds.held().checkpoint)[0].encode(), parse_note(data)[0])


def cosignatures(data: bytes) -> None:
    open_cosignatures(data, [seeds.cosigner().verifier])


def vkey(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for kind in (NoteVerifier, CosignatureVerifier):
        with suppress(SecretBallotError):
            same(data, kind.from_vkey(text).vkey())


def receipt(data: bytes) -> None:
    read = parse_receipt(data)
    same(data, format_receipt(read.index, read.inclusion_proof, read.checkpoint_note, read.extra))


def receipt_verified(data: bytes) -> None:
    held = seeds.held()
    verify_receipt(data, held.entries[15], *held.board)


def merkle(data: bytes) -> None:
    """Sizes and indices are bytes, the rest hashes."""
    head, hashes = data[:4].ljust(4, b"\0"), data[4:]
    proof = [hashes[at : at + 32] for at in range(64, len(hashes), 32)]
    leaf, root = hashes[:32], hashes[32:64]
    for check in (
        lambda: verify_inclusion(leaf, head[0], head[1], root, proof),
        lambda: verify_consistency(head[2], head[3], leaf, root, proof),
    ):
        with suppress(SecretBallotError):
            check()


def access_code(data: bytes) -> None:
    read_code(data.decode("utf-8", "surrogateescape"))


def confirmation_code(data: bytes) -> None:
    parse_code(data.decode("utf-8", "surrogateescape"))


def service_error(data: bytes) -> None:
    raise read_error(data, 422)


def issuance_request(data: bytes) -> None:
    """What a voter sends to a registrar's service."""
    b64decode(read_request(data).request)


def _requests() -> list[bytes]:
    return [_json({"voter": "voter-1", "code": new_code(), "request": "AAAA"})]


def service_answer(data: bytes) -> None:
    """What a service answers with, to a client that looks for two members."""
    _members(data, "entry", "receipt")


def choices(data: bytes) -> None:
    """A voter's file, as far as to what a device would encrypt."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(data)
        file.flush()
        try:
            read = read_choices(Path(file.name))
        except SecretBallotError as error:
            raise type(error)(error.message, item="choices") from None
    for contest in (*seeds.held().simulation.manifest.contests, seeds.RANKING, seeds.TEXT):
        with suppress(SecretBallotError):
            plan_contest(contest, 5).choices(read.get(contest.id))


# Bytes.


def framed(data: bytes) -> None:
    count = data[0] % 8 if data else 0
    same(data[1:], frame(*unframe(data[1:], count)))


def base64url(data: bytes) -> None:
    same(data, b64encode(b64decode(data.decode("latin-1"))))


def elements(data: bytes) -> None:
    same(data, ristretto255.encode_elements(ristretto255.decode_elements(data)))


def scalars(data: bytes) -> None:
    same(data, ristretto255.encode_integers(ristretto255.decode_integers(data)))


def mark(data: bytes) -> None:
    """A decrypted line: read as a ranking and as a text, and embedded again."""
    for contest in (seeds.RANKING, seeds.TEXT):
        plan = plan_contest(contest, 5)
        with suppress(SecretBallotError):
            plan.check(data)  # type: ignore[attr-defined]
    if len(data) <= 40:
        same(data, extract(ristretto255, embed(ristretto255, data, width(len(data)))))


def rsa_key(data: bytes) -> None:
    PublicKey.from_der(data)


def round1(data: bytes) -> None:
    read = parse_round1(session_of(seeds.held().simulation.election), 1, data)
    same(data, encode_round1(read.commitment_bytes, read.proof, read.ephemeral_bytes, read.ciphertexts))


def _messages() -> list[bytes]:
    return [CeremonyMessage.from_body(own).message for own in seeds.bodies("ceremony-message")]


def shuffle_proof(data: bytes) -> None:
    """The outputs and the proof of three rows: what an attachment has."""
    made = seeds.shuffle()
    size = len(made.shuffle.outputs)
    claimed = shuffle.Shuffle(made.group, made.key.element, 1, made.shuffle.inputs, data[:size])
    shuffle.verify(shuffles.SESSION, claimed, data[size:])
    same(data, bytes(made.shuffle.outputs) + made.proof)


def line_share(data: bytes) -> None:
    """The shares of three lines and their proof: what an attachment has."""
    made = seeds.share()
    size = len(made.shares)
    equality.verify(shuffles.SESSION, Equality(ristretto255, made.key, made.pads, data[:size]), data[size:])
    same(data, made.shares + made.proof)


def sealed_file(data: bytes) -> None:
    """A key file whose first line asks for little of Argon2id: what it costs is not what is looked at."""
    head, _, rest = data.partition(b"\n")
    words = head.split(b" ")
    if len(words) == 7:
        words[3:5] = [b"1", b"8"]
    key_file.unseal("board", "a passphrase", b" ".join(words) + b"\n" + rest, 2)


def _sealed_seeds() -> list[bytes]:
    with patch.multiple(key_file, OPERATIONS=1, MEMORY=8):
        return [key_file.seal("board", "a passphrase", b"one", b"two")]


def task(data: bytes) -> None:
    decode_task(data)


def outcome(data: bytes) -> None:
    """Under the name that it says itself, behind a length of 8 bytes."""
    decode_outcome(data, data[8 : 8 + DIGEST_SIZE])


def _task() -> Task:
    """A shard of the election: its ballots and a challenge."""
    held = seeds.held()
    context = held.simulation.log.context
    return Task(context.election.body, context.encoded_key, 15, tuple(held.entries[15:20]))


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _receipts() -> list[bytes]:
    return [one.encode() for one in seeds.held().receipts.values()]


def _shuffles() -> list[bytes]:
    made = seeds.shuffle()
    return [bytes(made.shuffle.outputs) + made.proof]


TARGETS: dict[str, Target] = {
    "entry": Target(entry, seeds.entries),
    "log-entry": Target(log_entry, seeds.entries, 0.5),
    "body": Target(body, _body_seeds),
    "manifest": Target(manifest, lambda: seeds.bodies("manifest"), 0.5),
    "ballot": Target(ballot, _ballots, 0.5),
    "note": Target(note, lambda: [seeds.cosigned()]),
    "checkpoint": Target(checkpoint, lambda: [seeds.held().checkpoint, seeds.cosigned()]),
    "cosignatures": Target(cosignatures, lambda: [seeds.cosigned()]),
    "vkey": Target(
        vkey, lambda: [seeds.cosigner().verifier.vkey().encode(), seeds.held().board[0].vkey().encode()]
    ),
    "receipt": Target(receipt, _receipts),
    "receipt-verified": Target(receipt_verified, _receipts),
    "merkle": Target(merkle, lambda: [bytes([1, 3, 2, 3]) + bytes(128)]),
    "access-code": Target(access_code, lambda: [new_code().encode()]),
    "confirmation-code": Target(confirmation_code, lambda: [format_code(bytes(CODE_SIZE)).encode()]),
    "service-error": Target(
        service_error,
        lambda: [_json({"error": "PhaseError", "message": "m", "item": None, "culprit": "board b"})],
    ),
    "choices": Target(
        choices,
        lambda: [_json({"officials": {"an": "high"}, "committee": ["hoa"], "order": ["an"], "name": "x"})],
        0.3,
    ),
    "framed": Target(framed, lambda: [b"\2" + frame(b"one", b"two")]),
    "base64url": Target(base64url, lambda: [b"AAAA", b"_-8"]),
    "elements": Target(elements, lambda: [bytes(32), seeds.held().simulation.log.context.encoded_key]),
    "scalars": Target(scalars, lambda: [bytes(64)]),
    "mark": Target(mark, lambda: ["Bà Én".encode(), b"\1\2"], 0.3),
    "rsa-key": Target(rsa_key, lambda: [one.key for one in seeds.held().simulation.manifest.registrars]),
    "round1": Target(round1, _messages, 0.3),
    "shuffle": Target(shuffle_proof, _shuffles, 1),
    "line-share": Target(line_share, lambda: [seeds.share().shares + seeds.share().proof], 0.3),
    "issuance-request": Target(issuance_request, _requests),
    "service-answer": Target(service_answer, lambda: [_json({"entry": 5, "receipt": "x"})]),
    "draft": Target(files.draft, files.draft_seeds, 0.5),
    "settings": Target(files.settings, files.settings_seeds, 0.2),
    "sealed-file": Target(sealed_file, _sealed_seeds, 0.3),
    "task": Target(task, lambda: [encode_task(_task())]),
    "outcome": Target(outcome, lambda: [answer(encode_task(_task()))], 0.2),
    "record": Target(record, record_seeds, 7),
    "directory": Target(files.directory, files.directory_seeds, 15),
}
_EACH = list(TARGETS.values())


def all_targets(data: bytes) -> None:
    """Every target in one process: the first byte says which."""
    if data:
        run(_EACH[data[0] % len(_EACH)], data[1:])


def _all_seeds() -> list[bytes]:
    return [bytes([place]) + seed for place, target in enumerate(_EACH) for seed in target.seeds()]


TARGETS["all"] = Target(all_targets, _all_seeds, 0.5)
