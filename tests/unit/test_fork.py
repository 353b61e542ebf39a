"""A process that forks after it has verified: its children verify too, and wait for no threads that are not theirs."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import pytest

from secretballot.verify import Verdict, engine

from ..support import elections
from ..support.backends import needs_native

#: More than from which on the native backend shares its work among the cores.
MANY = 5000


def long_sums() -> bytes:
    native = importlib.import_module("secretballot.crypto.group.native").ristretto255
    elements = native.decode_elements(native.generator.encode() * MANY)
    total: bytes = native.sum_of_products(range(MANY), elements).encode()
    return total


needs_fork = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system has no fork"
)


@needs_native
@needs_fork
def test_long_sums_in_a_forked_process() -> None:
    """It had no end: the threads of the parent's pool are not the child's."""
    expected = long_sums()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as workers:
        assert [future.result(timeout=60) for future in [workers.submit(long_sums) for _ in range(3)]] == [
            expected
        ] * 3
    assert long_sums() == expected


BUSY = """
import os, signal, threading
from secretballot.crypto.group.native import ristretto255 as group

elements = [group.generator]
for _ in range(40000):
    elements.append(elements[-1] + group.generator)
begun, done = threading.Event(), threading.Event()

def encode():
    begun.set()
    group.encode_elements(elements)
    done.set()

threading.Thread(target=encode).start()
begun.wait()
children = []
while not done.is_set() and len(children) < 16:
    children.append(os.fork())
    if not children[-1]:
        signal.alarm(30)
        [element.encode() for element in elements]
        os._exit(0)
for child in children:
    _, status = os.waitpid(child, 0)
    assert status == 0, status
"""


@needs_native
@needs_fork
def test_a_fork_while_another_thread_encodes() -> None:
    """What that thread was computing would have been waited for, in the child, for ever."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", BUSY], check=True)


LIMITED = """
import resource
from pathlib import Path
from secretballot.crypto.group.native import ristretto255 as group
from secretballot.crypto.group import _native

data = group.generator.encode() * 5000
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**28,) * 2)
elements = group.decode_elements(data)
assert group.encode_elements(elements) == data
print(group.sum_of_products(range(5000), elements).encode().hex())
"""


@needs_native
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is set from what Linux says of the process")
def test_long_sums_where_no_threads_can_be_started() -> None:
    """It was a panic, which no handler of exceptions caught."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED],
        env={**os.environ, "RAYON_NUM_THREADS": "2", "RUST_MIN_STACK": str(2**30)},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert done.stdout == long_sums().hex() + "\n"


@needs_fork
def test_forked_workers_verify(finished: elections.Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SHARD_SIZE", 4000)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as workers:
        report = elections.verify(finished.simulation, finished.entries, executor=workers)
    assert report.verdict is Verdict.VERIFIED
