"""Voters who cast at once at a board's service: ballots a second and how long each waits, beside what the store's own
appending takes and what verifying a ballot takes at least.

A board checks and appends one ballot after another, so that each costs it at least the sum of both: the floor of
casting.
"""

from __future__ import annotations

import http.client
import json
import math
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .floor import Floor
from .polls import BALLOTS, Place, read_lines
from .processes import ROOT, run_stage, say
from .shapes import Shape
from .tables import Column, micros

#: Seconds for one answer.
PATIENCE = 300.0

COLUMNS = (
    Column("store"),
    Column("officials"),
    Column("voters"),
    Column("connections"),
    Column("ballots/s", 1),
    Column("median ms", 1),
    Column("p99 ms", 1),
    Column("append µs"),
    Column("floor µs"),
    Column("cpu µs"),
    Column("idle MB"),
    Column("peak MB"),
    Column("rate/append", 2),
    Column("rate/verify", 2),
    Column("ballot/floor", 2),
    Column("median/floor", 1),
    Column("p99/floor", 1),
)


class Settings(NamedTuple):
    """How casting is measured."""

    repeats: int
    #: Processes that make ballots.
    processes: int
    #: Where stores are written; None for the system's temporary directory.
    folder: Path | None = None
    #: libpq's connection string, for PostgreSQL.
    postgres: str | None = None
    backend: str | None = None


def run(
    shape: Shape, stores: Sequence[str], connections: Sequence[int], settings: Settings
) -> list[dict[str, Any]]:
    """The figures of every store with every number of connections, over the same ballots; medians of the repeats."""
    if "postgres" in stores and settings.postgres is None:
        raise RuntimeError("for PostgreSQL, give --postgres: the connection string of a database to write to")
    say(f"{shape.name}: credentials and ballots")
    with tempfile.TemporaryDirectory(prefix="secretballot-benchmark-", dir=settings.folder) as name:
        folder = Path(name)
        task = {"shape": shape.to_json(), "path": name, "processes": settings.processes}
        made = run_stage({"stage": "prepare-casting", **task}, backend=settings.backend)
        runs = []
        for store in stores:
            for count in connections:
                say(f"  {store}, {count} {'connection' if count == 1 else 'connections'}")
                repeats = [_measure(store, count, folder, settings) for _ in range(settings.repeats)]
                runs.append(_figures(shape, store, count, made, repeats))
        return runs


def _measure(store: str, connections: int, folder: Path, settings: Settings) -> dict[str, Any]:
    """One run: the store alone, and then the service over another store of its kind."""
    with _new_place(store, folder, settings) as place:
        task = {"stage": "append", "path": str(folder), "place": place, "repeats": settings.repeats}
        alone = run_stage(task, backend=settings.backend)
    with _new_place(store, folder, settings) as place:
        return alone | _serve(place, connections, folder)


def _figures(
    shape: Shape, store: str, connections: int, made: dict[str, Any], repeats: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    for one in repeats:
        verify = Floor(**one["floor"]).verify_ballot(shape.cost)
        both = one["append"] + verify
        one["verify_floor"] = verify
        one["ratios"] = {
            "rate to append": one["rate"] * one["append"],
            "rate to verify": one["rate"] * verify,
            "ballot to floor": 1 / one["rate"] / both,
            "median to floor": one["median"] / both,
            "p99 to floor": one["p99"] / both,
        }
    names = [name for name in repeats[0] if name not in ("floor", "ratios", "backend")]
    return {
        "shape": shape.to_json(),
        "store": store,
        "connections": connections,
        "backend": made["backend"],
        "ballot_bytes": made["ballot_bytes"],
        **{name: median(one[name] for one in repeats) for name in names},
        "ratios": {name: median(one["ratios"][name] for one in repeats) for name in repeats[0]["ratios"]},
        "repeats": list(repeats),
    }


def row(figures: dict[str, Any]) -> list[Any]:
    """The table's row."""
    return [
        figures["store"],
        figures["shape"]["officials"],
        figures["shape"]["voters"],
        figures["connections"],
        figures["rate"],
        1e3 * figures["median"],
        1e3 * figures["p99"],
        micros(figures["append"]),
        micros(figures["verify_floor"]),
        micros(figures["cpu"] / figures["shape"]["voters"]),
        round(figures["idle_mb"]),
        round(figures["peak_mb"]),
        *figures["ratios"].values(),
    ]


# The store.


@contextmanager
def _new_place(store: str, folder: Path, settings: Settings) -> Iterator[Place]:
    """A place for a new store, which is gone after the block."""
    if store != "postgres":
        with tempfile.TemporaryDirectory(dir=folder) as name:
            yield Place(store, name)
        return
    import psycopg  # the extra `postgres`

    if settings.postgres is None:
        raise RuntimeError("no database was given")
    schema = f"benchmark_{uuid.uuid4().hex}"
    try:
        yield Place(store, settings.postgres, schema)
    finally:
        with psycopg.connect(settings.postgres) as connection:
            connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'.encode())


# The service, and who casts at it.


def _serve(place: Place, connections: int, folder: Path) -> dict[str, Any]:
    """Figures of all ballots cast at a service in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.serving"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    with process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("no pipes")
        process.stdin.write(json.dumps({"path": str(folder), "place": place}) + "\n")
        process.stdin.flush()
        url = process.stdout.readline().strip()
        cast = _cast(url, read_lines(folder / BALLOTS), connections) if url else {}
        told, _ = process.communicate()
    if process.returncode or not url:
        raise RuntimeError(f"the service ended with exit code {process.returncode}")
    figures: dict[str, Any] = json.loads(told)
    return cast | figures


def _cast(url: str, ballots: Sequence[bytes], connections: int) -> dict[str, float]:
    """Ballots a second, and the seconds that each waited for its receipt. All connections begin at one instant, and
    each sends its next ballot when it has the receipt of the last."""
    parts = urlsplit(url)
    waiting = iter(ballots)
    lock, ready = threading.Lock(), threading.Barrier(connections + 1)

    def cast() -> list[float]:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        connection.connect()
        seconds: list[float] = []
        ready.wait()
        while True:
            with lock:
                ballot = next(waiting, None)
            if ballot is None:
                connection.close()
                return seconds
            start = time.perf_counter()
            connection.request("POST", "/v1/entries", ballot)
            response = connection.getresponse()
            body = response.read()
            seconds.append(time.perf_counter() - start)
            if response.status != 201:
                raise RuntimeError(f"a ballot was answered with {response.status}: {body.decode()}")

    with ThreadPoolExecutor(connections) as pool:
        voters = [pool.submit(cast) for _ in range(connections)]
        ready.wait()
        start = time.perf_counter()
        waits = sorted(wait for voter in voters for wait in voter.result())
        seconds = time.perf_counter() - start
    return {
        "rate": len(ballots) / seconds,
        "median": median(waits),
        "p99": waits[math.ceil(0.99 * len(waits)) - 1],
    }
