"""The executor over Ray that the documentation shows, on a Ray of this machine. Ray is large: the test runs where it is
installed, and is no part of the extra ``dev``."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

import pytest

from secretballot.verify import Verdict, engine

from ..support import elections
from ..support.snippets import DOCS, blocks


@pytest.mark.filterwarnings("ignore")
def test_the_executor_of_the_documentation(
    finished: elections.Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    (text,) = (
        block.text
        for block in blocks(DOCS / "howto" / "verify-on-a-cluster.md")
        if "class RayExecutor" in block.text
    )
    names: dict[str, Any] = {}
    exec(compile(text, "verify-on-a-cluster.md", "exec"), names)  # noqa: S102 - it is the documentation's
    monkeypatch.setattr(engine, "SHARD_SIZE", 4000)
    asked = []

    class Counting(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            future = names["RayExecutor"]().submit(fn, *args, **kwargs)
            asked.append(future.result())  # Nothing is taken back.
            return future

    ray.init(num_cpus=1, include_dashboard=False, configure_logging=False, log_to_driver=False)
    try:
        report = elections.verify(finished.simulation, finished.entries, executor=Counting(), workers=1)
    finally:
        ray.shutdown()
    assert report == elections.verify(finished.simulation, finished.entries)
    assert report.verdict is Verdict.VERIFIED
    assert len(asked) > 2
