"""What a shuffle costs: re-encryption, proof and verification a row, beside the floor of points and multiplications.

The proof is made in one process and verified in another, so that each has its own peak of memory.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from secretballot.crypto import shuffle as shuffle_module
from secretballot.crypto import shuffling
from secretballot.crypto.elgamal import EncryptionKey
from secretballot.crypto.generators import generators
from secretballot.crypto.group import ristretto255 as group
from secretballot.crypto.shuffle import Shuffle, proof_size

from .floor import Floor, Gauge, middle
from .processes import run_stage, say
from .tables import Column, micros
from .verifying import peak_mb

SESSION = bytes(32)

COLUMNS = (
    Column("rows"),
    Column("width"),
    Column("backend"),
    Column("mix µs"),
    Column("prove µs"),
    Column("verify µs"),
    Column("make MB"),
    Column("verify MB"),
    Column("bytes"),
    Column("prove/floor", 2),
    Column("verify/floor", 2),
)


class Costs(NamedTuple):
    """What a row is made of, ``width`` ciphertexts wide, whatever the implementation."""

    #: Elements that a verifier decodes and multiplies.
    points: int
    #: Multiplications by secret scalars from a table, of the proof alone.
    fixed: int
    #: Terms of multi-scalar multiplications by secret scalars.
    terms: int

    @classmethod
    def of(cls, width: int) -> Costs:
        # c, and twice for each of ĉ and t̂, whose bases are fixed; t₃ over the generators, t₄ over the outputs.
        return cls(points=4 + 4 * width, fixed=5, terms=1 + 2 * width)

    def verify(self, floor: Floor) -> float:
        """Processor seconds."""
        return self.points * (floor.decode + floor.sum_of_products)

    def prove(self, floor: Floor) -> float:
        """Processor seconds."""
        return self.fixed * floor.fixed_base + self.terms * floor.secret_sum


def make(task: dict[str, Any]) -> dict[str, Any]:
    """A stage: inputs, shuffled and proven, into a folder. Processor seconds a row."""
    rows, width, folder = task["rows"], task["width"], Path(task["path"])
    key = EncryptionKey(group, group.multiply_generator(group.random_scalar()))
    gauge = Gauge()
    messages = [group.scalar(number) for number in range(3)]
    inputs = b"".join(
        key.encrypt(messages[i % 3], group.random_scalar()).encode(group) for i in range(rows * width)
    )
    generators(group).first(rows)  # They are the same for every shuffle.
    floors = [gauge.measure()]
    start = time.process_time()
    shuffle, secret = shuffling.shuffle_rows(key, width, inputs)
    mixed = time.process_time() - start
    floors.append(gauge.measure())
    start = time.process_time()
    proof = shuffling.prove(SESSION, key, shuffle, secret)
    proven = time.process_time() - start
    floors.append(gauge.measure())
    for name, data in (
        ("key", key.element.encode()),
        ("inputs", inputs),
        ("outputs", bytes(shuffle.outputs)),
        ("proof", proof),
    ):
        (folder / name).write_bytes(data)
    return {
        "mix": mixed / rows,
        "prove": proven / rows,
        "peak": peak_mb(resource.RUSAGE_SELF),
        "floor": middle(floors)._asdict(),
    }


def check(task: dict[str, Any]) -> dict[str, Any]:
    """A stage: verifies what :func:`make` left. Processor seconds a row, generators not included."""
    rows, width, folder = task["rows"], task["width"], Path(task["path"])
    gauge = Gauge()
    data = {name: (folder / name).read_bytes() for name in ("key", "inputs", "outputs", "proof")}
    (element,) = group.decode_elements(data["key"])
    shuffle = Shuffle(group, element, width, data["inputs"], data["outputs"])
    start = time.process_time()
    generators(group).first(rows)
    derived = time.process_time() - start
    runs, floors = [], [gauge.measure()]
    for _ in range(task["repeats"]):
        start = time.process_time()
        shuffle_module.verify(SESSION, shuffle, data["proof"])
        runs.append(time.process_time() - start)
        floors.append(gauge.measure())
    return {
        "verify": median(runs) / rows,
        "generators": derived / rows,
        "peak": peak_mb(resource.RUSAGE_SELF),
        "floor": middle(floors)._asdict(),
    }


def run(rows: int, width: int, repeats: int, backend: str | None) -> dict[str, Any]:
    """Both stages, on one core."""
    with tempfile.TemporaryDirectory(prefix="shuffle-") as folder:
        task = {"rows": rows, "width": width, "path": folder, "repeats": repeats}
        say(f"{rows} rows of {width}: mixing and proof")
        made = run_stage({"stage": "shuffle", **task}, cores=1, backend=backend)
        say(f"{rows} rows of {width}: verification")
        verified = run_stage({"stage": "verify-shuffle", **task}, cores=1, backend=backend)
    costs = Costs.of(width)
    return {
        "rows": rows,
        "width": width,
        "backend": verified["backend"],
        "made": made,
        "verified": verified,
        "bytes": 2 * group.element_size * width + proof_size(group, rows, width) / rows,
        "ratios": {
            "prove to floor": made["prove"] / costs.prove(Floor(**made["floor"])),
            "verify to floor": verified["verify"] / costs.verify(Floor(**verified["floor"])),
        },
    }


def row(measured: dict[str, Any]) -> Sequence[Any]:
    """A line of the table."""
    made, verified = measured["made"], measured["verified"]
    return (
        measured["rows"],
        measured["width"],
        measured["backend"],
        micros(made["mix"]),
        micros(made["prove"]),
        micros(verified["verify"]),
        round(made["peak"]),
        round(verified["peak"]),
        round(measured["bytes"]),
        measured["ratios"]["prove to floor"],
        measured["ratios"]["verify to floor"],
    )
