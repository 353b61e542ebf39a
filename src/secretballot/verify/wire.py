"""Tasks and outcomes as bytes: what goes to a worker, wherever it is, and what comes back.

Bytes and nothing else, so that any executor can carry them, and nothing of the caller's state goes along. An outcome
begins with its task's name: a hash of everything that the worker was given, and of its version. Whoever handed the task
out computes the same name from what it holds, and takes no outcome of another.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..ballot.records import CODE_SIZE
from ..board.entry import Cast, Challenged, Facts, Issued
from ..crypto.encoding import Tag, frame, tagged_hash, unframe
from ..crypto.group import backend
from ..crypto.merkle import leaf_hash
from ..crypto.signing import PUBLIC_KEY_SIZE
from ..errors import EncodingError, OutcomeError
from ..records import DIGEST_SIZE
from ..version import VERSION
from .shard import Failure, Outcome, Task, examine

#: The fields of an outcome's frame.
_FIELDS = 9
#: What an entry came to, a letter each: none that can be read, a line of the register, a ballot that is added up, one
#: that is malformed, a challenge.
_NONE, _ISSUED, _CAST, _MALFORMED, _CHALLENGED = "-", "i", "b", "m", "c"


def about() -> tuple[str, str]:
    """The version of secretballot, and the name of the backend, of the process that is asked."""
    return VERSION, backend.name


def task_name(task: Task, leaves: Sequence[bytes]) -> bytes:
    """A task's name, 32 bytes: of this version, manifest, key and place, and of the leaf hashes of the entries."""
    return tagged_hash(
        Tag.VERIFICATION_TASK,
        VERSION,
        "shard",
        task.manifest,
        task.key or b"",
        task.first,
        b"".join(leaves),
    )


def encode_task(task: Task) -> bytes:
    """A task for :func:`answer`."""
    return frame(task.manifest, task.key or b"", task.first, frame(*task.entries))


def decode_task(data: bytes) -> Task:
    """The task of :func:`encode_task`; raises EncodingError for other bytes."""
    manifest, key, first, entries = unframe(data, 4)
    return Task(manifest, key or None, int.from_bytes(first, "big"), tuple(_pieces(entries)))


def answer(data: bytes) -> bytes:
    """What a worker does with an encoded task: examines it, and encodes the outcome under the task's name."""
    task = decode_task(data)
    return encode_outcome(task_name(task, [leaf_hash(raw) for raw in task.entries]), examine(task))


def encode_outcome(name: bytes, outcome: Outcome) -> bytes:
    """The outcome of the task of that name."""
    letters, fixed, ciphertexts, issued = [], [], [], []
    for facts in outcome.facts:
        match facts:
            case Issued():
                letters.append(_ISSUED)
                issued.append((facts.registrar, facts.serial))
                fixed.append(facts.request)
            case Cast():
                letters.append(_CAST if facts.ciphertexts else _MALFORMED)
                fixed += (facts.code, facts.key)
                ciphertexts.append(facts.ciphertexts)
            case Challenged():
                letters.append(_CHALLENGED)
                fixed.append(facts.code)
            case None:
                letters.append(_NONE)
    plain = json.dumps([outcome.passed, outcome.failures, issued])
    return frame(
        name,
        outcome.first,
        len(outcome.facts),
        "".join(letters),
        b"".join(fixed),
        b"".join(ciphertexts),
        outcome.summed,
        outcome.sums,
        plain,
    )


def decode_outcome(data: object, name: bytes) -> Outcome:
    """The outcome of the task of that name; raises OutcomeError for anything else, such as another task's, or one that
    was cut."""
    if not isinstance(data, bytes):
        raise OutcomeError(f"a worker answered {type(data).__name__}, and no outcome")
    try:
        return _decode(data, name)
    except (EncodingError, ValueError, TypeError, KeyError, RecursionError):
        raise OutcomeError("a worker's outcome is garbled, or was cut") from None


def _decode(data: bytes, name: bytes) -> Outcome:
    own, first, count, letters, fixed, ciphertexts, summed, sums, plain = unframe(data, _FIELDS)
    if own != name:
        raise OutcomeError("a worker's outcome is of another task, or of another version of secretballot")
    passed, failures, issued = json.loads(plain)
    facts = _facts(letters.decode("ascii"), fixed, ciphertexts, issued)
    if len(facts) != int.from_bytes(count, "big"):
        raise OutcomeError(f"a worker's outcome is of {len(facts)} entries, and says otherwise")
    return Outcome(
        int.from_bytes(first, "big"),
        facts,
        {_text(rule): _number(checked) for rule, checked in passed.items()},
        tuple(_failure(*one) for one in failures),
        int.from_bytes(summed, "big"),
        sums,
    )


def _facts(letters: str, fixed: bytes, ciphertexts: bytes, issued: Any) -> tuple[Facts | None, ...]:
    """The facts of every entry. Raises ValueError where there is anything too few or too many."""
    cast = letters.count(_CAST)
    row, rest = divmod(len(ciphertexts), cast or 1)
    if rest or (cast and not row) or (ciphertexts and not cast):
        raise ValueError
    out: list[Facts | None] = []
    at = of_row = 0
    lines = iter(issued)
    for letter in letters:
        if letter in (_CAST, _MALFORMED):
            own = b""
            if letter == _CAST:
                own = ciphertexts[of_row : of_row + row]
                of_row += row
            key = at + CODE_SIZE
            out.append(Cast(fixed[at:key], fixed[key : key + PUBLIC_KEY_SIZE], own))
            at = key + PUBLIC_KEY_SIZE
        elif letter == _ISSUED:
            registrar, serial = next(lines, (None, None))
            out.append(Issued(_text(registrar), _number(serial), fixed[at : at + DIGEST_SIZE]))
            at += DIGEST_SIZE
        elif letter == _CHALLENGED:
            out.append(Challenged(fixed[at : at + CODE_SIZE]))
            at += CODE_SIZE
        elif letter == _NONE:
            out.append(None)
        else:
            raise ValueError
    if at != len(fixed) or next(lines, None) is not None:
        raise ValueError
    return tuple(out)


def _failure(rule: Any, item: Any, message: Any, culprit: Any) -> Failure:
    return Failure(_text(rule), _text(item), _text(message), None if culprit is None else _text(culprit))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _pieces(data: bytes) -> list[bytes]:
    """The fields of a frame, however many there are; raises EncodingError where the last is cut."""
    out, at = [], 0
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at : at + 8], "big")
        out.append(data[at + 8 : end])
        at = end
    if at != len(data):
        raise EncodingError("the last of the entries was cut")
    return out
