"""Verification by others than this process: a real dask cluster over TCP, whose workers are killed, and pools."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import get_context
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from click.testing import CliRunner, Result
from distributed import Client
from loky import get_reusable_executor

from secretballot.board.record import write_record
from secretballot.cli import main, sharing
from secretballot.cli.progress import Stages
from secretballot.cli.terminal import ExitCode
from secretballot.crypto.group import backend
from secretballot.errors import WorkerError
from secretballot.verify import Report, Verdict, engine, verify_record
from secretballot.version import VERSION

from ..support import elections
from ..support.cluster import Cluster, cluster

Finished = elections.Finished


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two or three entries each, so that there is something to share."""
    monkeypatch.setattr(engine, "SHARD_SIZE", 4000)


@pytest.fixture(scope="module")
def records(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> dict[Verdict, Path]:
    """A record that is verified, and one that fails in a shard and beyond."""
    folder = tmp_path_factory.mktemp("records")
    note = finished.simulation.board.checkpoint()
    faulty = list(finished.entries)
    first, second = finished.places("ballot")[:2]
    faulty[second] = faulty[first]
    faulty[first] = faulty[first][:-3]
    write_record(folder / "good", finished.entries, note)
    write_record(folder / "faulty", faulty, note)
    return {Verdict.VERIFIED: folder / "good", Verdict.FAILED: folder / "faulty"}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("nodes"), 2) as running:
        yield running


class Counting(Executor):
    """Passes work on, which this process then does not take back, however small it is; and counts what was done."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.done = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        begun: Future[Any] = Future()
        begun.set_running_or_notify_cancel()

        def end(future: Future[Any]) -> None:
            if future.cancelled():
                begun.set_exception(CancelledError())
            elif error := future.exception():
                begun.set_exception(error)
            else:
                self.done += 1
                begun.set_result(future.result())

        self._executor.submit(fn, *args, **kwargs).add_done_callback(end)
        return begun


@contextmanager
def dask(address: str) -> Iterator[Executor]:
    with Client(address, set_as_default=False) as client:
        yield client.get_executor(pure=False)


@contextmanager
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


@contextmanager
def loky() -> Iterator[Executor]:
    executor = get_reusable_executor(2, reuse=False)
    try:
        yield executor
    finally:
        executor.shutdown(kill_workers=True)


def same(records: dict[Verdict, Path], executor: Executor, **options: Any) -> int:
    """The reports are those of one process. How much the workers did."""
    counting = Counting(executor)
    for verdict, path in records.items():
        report = verify_record(path, executor=counting, workers=2, **options)
        assert report.verdict is verdict
        assert report.to_body() == verify_record(path).to_body()
    return counting.done


@pytest.mark.parametrize("pool", [processes, loky])
def test_pools_of_processes(
    records: dict[Verdict, Path], pool: Callable[[], AbstractContextManager[Executor]]
) -> None:
    with pool() as executor:
        assert same(records, executor) > 4


def test_a_cluster(records: dict[Verdict, Path], nodes: Cluster) -> None:
    with dask(nodes.address) as executor:
        assert same(records, executor) > 4


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def test_the_command(records: dict[Verdict, Path], nodes: Cluster) -> None:
    for verdict, path in records.items():
        alone, shared = run("verify", path, "--json"), run("verify", path, "--json", "--dask", nodes.address)
        assert shared.stdout == alone.stdout
        assert shared.exit_code == alone.exit_code == (0 if verdict is Verdict.VERIFIED else 1)
        assert Report.from_body(shared.stdout.strip().encode()).verdict is verdict


def another(folder: Path) -> Path:
    """Another secretballot, which says what stands in the file that this gives."""
    told = folder / "told"
    for name in ("secretballot", "secretballot/verify"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("")
    lines = (
        f"import json\ndef about():\n    with open({str(told)!r}) as file:\n        return json.load(file)\n"
    )
    (folder / "secretballot" / "verify" / "wire.py").write_text(lines)
    return told


def test_workers_of_another_version(records: dict[Verdict, Path], tmp_path: Path) -> None:
    told = another(tmp_path / "other")
    with cluster(tmp_path, 1, {"PYTHONPATH": str(told.parent)}) as other:
        for about, message in (
            (None, "it has no such secretballot: "),
            (("9.9", backend.name), f"it has secretballot 9.9 with the backend {backend.name}, and"),
            ((VERSION, "abacus"), f"it has secretballot {VERSION} with the backend abacus, and"),
        ):
            if about:
                told.write_text(json.dumps(about))
            result = run("verify", records[Verdict.VERIFIED], "--json", "--dask", other.address)
            assert result.exit_code == ExitCode.INCOMPLETE
            assert result.stdout == ""
            error = json.loads(result.stderr)
            assert error["error"] == "WorkerError"
            assert error["message"].startswith(message)
            assert error["item"].startswith("worker tcp://127.0.0.1:")


def test_a_scheduler_without_secretballot() -> None:
    """It takes apart what is sent to workers: everything would be lost."""

    class Bare:
        def run(self, function: Callable[[], Any], **options: Any) -> dict[str, Any]:
            return {"tcp://b:1": function()}

        def run_on_scheduler(self, function: Callable[[], Any]) -> Any:
            raise ModuleNotFoundError("No module named 'secretballot'\n")

        def ncores(self) -> dict[str, int]:
            return {"tcp://b:1": 1}

    with pytest.raises(WorkerError) as caught:
        sharing._check_workers(Bare(), "tcp://a:1")
    assert str(caught.value) == (
        "scheduler tcp://a:1: it has no such secretballot: No module named 'secretballot'"
    )


def test_no_workers(records: dict[Verdict, Path], tmp_path: Path) -> None:
    with cluster(tmp_path, 0) as empty:
        result = run("verify", records[Verdict.VERIFIED], "--dask", empty.address)
        assert (result.exit_code, result.stderr) == (
            ExitCode.INCOMPLETE,
            f"error: {empty.address}: the cluster has no workers\n",
        )


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere", "ftp://x:1", "tcp://"])
def test_no_scheduler(records: dict[Verdict, Path], address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "TIMEOUT", 0.2)
    result = run("verify", records[Verdict.VERIFIED], "--dask", address)
    assert result.exit_code == ExitCode.INCOMPLETE
    assert result.stderr.startswith(f"error: {address}: no scheduler of dask answers: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_scheduler_that_says_nothing(records: dict[Verdict, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever listens there, and answers nothing."""
    monkeypatch.setattr(sharing, "TIMEOUT", 0.2)
    monkeypatch.setattr(sharing, "GRACE", 0)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        result = run("verify", records[Verdict.VERIFIED], "--dask", address)
    assert result.exit_code == ExitCode.INCOMPLETE
    assert result.stderr.startswith(f"error: {address}: no scheduler of dask answers: ")


def test_a_worker_that_says_nothing(
    records: dict[Verdict, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cluster(tmp_path, 1) as stopped:
        stopped.workers[0].send_signal(signal.SIGSTOP)
        monkeypatch.setattr(sharing, "TIMEOUT", 1)
        monkeypatch.setattr(sharing, "GRACE", 0)
        result = run("verify", records[Verdict.VERIFIED], "--dask", stopped.address)
    assert (result.exit_code, result.stderr) == (
        ExitCode.INCOMPLETE,
        f"error: {stopped.address}: its workers do not answer: nothing came within 1 seconds\n",
    )


def test_who_waits_for_a_cluster_can_interrupt() -> None:
    over = Event()

    def ask() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        over.wait()

    try:
        with pytest.raises(KeyboardInterrupt):
            sharing._within(ask)
    finally:
        over.set()


def test_processes_or_a_cluster(records: dict[Verdict, Path]) -> None:
    result = run("verify", records[Verdict.VERIFIED], "--dask", "tcp://127.0.0.1:1", "--workers", 2)
    assert result.exit_code == ExitCode.USAGE
    assert "not both" in result.stderr


def test_no_address(records: dict[Verdict, Path]) -> None:
    result = run("verify", records[Verdict.VERIFIED], "--dask", "")
    assert result.exit_code == ExitCode.USAGE
    assert "it is no address" in result.stderr


def test_without_dask(records: dict[Verdict, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = run("verify", records[Verdict.VERIFIED], "--dask", "tcp://127.0.0.1:1")
    assert result.exit_code == ExitCode.USAGE
    assert "install the extra `cluster`" in result.stderr


def test_workers_that_are_killed(records: dict[Verdict, Path], nodes: Cluster) -> None:
    """The last of this file. One of two is killed in mid-run: the other takes its work over. Then the other: what
    nobody does is taken back."""

    def kill(number: int) -> Callable[[int], None]:
        alive = [number]
        return lambda entries: nodes.kill(alive.pop()) if entries > 3 and alive else None

    with dask(nodes.address) as executor:
        assert same(records, executor, progress=kill(0)) > 4
        for verdict, path in records.items():
            report = verify_record(path, executor=executor, workers=2, progress=kill(1))
            assert report.verdict is verdict
            assert report.to_body() == verify_record(path).to_body()
    assert all(worker.returncode for worker in nodes.workers)


def test_a_scheduler_that_is_killed(records: dict[Verdict, Path], tmp_path: Path) -> None:
    """By whoever waits for the report, in mid-run: this process does the rest, and the command ends well."""
    with cluster(tmp_path, 1) as short:
        alive, stage = [short.scheduler], Stages.stage

        @contextmanager
        def killing(*arguments: Any) -> Iterator[Callable[[], None]]:
            with stage(*arguments) as step:

                def kill() -> None:
                    step()
                    while alive:
                        alive.pop().kill()

                yield kill

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Stages, "stage", killing)
            result = run("verify", records[Verdict.VERIFIED], "--json", "--dask", short.address)
    assert (result.exit_code, alive) == (ExitCode.OK, [])
    assert result.stdout == run("verify", records[Verdict.VERIFIED], "--json").stdout
