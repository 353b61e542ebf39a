"""Connections to a PostgreSQL server that are lost, commits of which nobody heard, exceptions in the midst of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from secretballot.board.store import ConflictError
from secretballot.board.store.postgres import PostgresStore
from secretballot.errors import StoreError
from secretballot.storage import postgres as schema_module

from ..support import proxy
from ..support.postgres import Server
from ..support.proxy import Proxy
from .test_postgres_store import another, ask, store
from .test_store import fill, root_of, snapshot

__all__ = ["store"]  # A fixture.


def end(store: PostgresStore, server: Server) -> None:
    """As an administrator does, or a server that stops."""
    ((process,),) = ask(store, "SELECT pg_backend_pid()")
    with PostgresStore(server.conninfo(), schema=server.schema()) as other:
        assert ask(other, "SELECT pg_terminate_backend(%s, 10000)", process) == [(True,)]


def test_every_call_survives_a_lost_connection(postgres: Server, store: PostgresStore) -> None:
    entries = fill(store, 3)
    store.put_checkpoint(b"note", 3)
    calls: list[tuple[Callable[[], object], object]] = [
        (store.size, 3),
        (lambda: store.get(1), entries[1]),
        (lambda: store.find(b"key 2"), 2),
        (lambda: store.node(1, 0), store.node(1, 0)),
        (lambda: store.frontier().root(), root_of(entries)),
        (store.checkpoint, b"note"),
        (lambda: store.put_attachment(bytes(32), b"attached"), None),
        (lambda: store.attachment(bytes(32)), b"attached"),
        (lambda: store.put_checkpoint(b"newer", 4), None),
        (store.checkpoint, b"newer"),
        (lambda: store.append(b"next", [b"next"], 3), 3),
    ]
    for call, expected in calls:
        end(store, postgres)
        assert call() == expected
    assert list(store.entries()) == [*entries, b"next"]


def test_a_connection_that_is_lost_within_a_transaction(
    postgres: Server, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, 2)
    count, lost = store._count, []

    def count_and_lose() -> int:
        if len(lost) < 2:
            end(store, postgres)
            lost.append(1)
        return count()

    monkeypatch.setattr(store, "_count", count_and_lose)
    assert store.append(b"new", [b"new"], 2) == 2
    assert (len(lost), store.size(), store.find(b"new")) == (2, 3, 2)


def test_a_connection_that_is_always_lost(
    postgres: Server, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, 2)
    count, lost = store._count, []

    def lose_and_count() -> int:
        lost.append(1)
        end(store, postgres)
        return count()

    with monkeypatch.context() as patch:
        patch.setattr(store, "_count", lose_and_count)
        with pytest.raises(StoreError, match="terminating connection") as caught:
            store.size()
        assert "may be there" not in str(caught.value)
        with pytest.raises(
            StoreError, match="what was to be written may be there or not: terminating connection"
        ):
            store.append(b"new", [b"new"], 2)
    assert len(lost) == 2 * 3
    assert (store.size(), store.find(b"new")) == (2, None)


@pytest.fixture
def cut(postgres: Server) -> Iterator[Proxy]:
    with proxy.between(postgres.port) as between:
        yield between


@pytest.mark.parametrize("keys", [[], [b"new", b"other"]])
@pytest.mark.parametrize(
    "cuts", [["after"], ["before"], ["once"], ["after", "after"], ["before", "after"], ["once"] * 2]
)
def test_a_commit_that_nobody_heard_of(
    postgres: Server, cut: Proxy, cuts: list[str], keys: list[bytes]
) -> None:
    """Whether it was done or not, it is done once, and said so."""
    with PostgresStore(postgres.conninfo(cut.port), schema=postgres.schema()) as store:
        entries = fill(store, 3)
        cut.cuts += cuts
        assert store.append(b"new", keys, 3) == 3
        assert cut.cuts == cuts[len(cuts) :]
        assert list(store.entries()) == [*entries, b"new"]
        assert [store.find(key) for key in keys] == [3] * len(keys)
        assert store.frontier().root() == root_of([*entries, b"new"])
        # The checkpoint and attachments as well.
        cut.cuts += cuts
        store.put_checkpoint(b"note", 4)
        cut.cuts += cuts
        store.put_attachment(bytes(32), b"attached")
        assert (store.checkpoint(), store.attachment(bytes(32))) == (b"note", b"attached")


@pytest.mark.parametrize("cuts", ["after", "before"])
def test_others_append_while_the_connection_is_away(
    postgres: Server, cut: Proxy, cuts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very same entry, even: it is told apart who appended it."""
    with PostgresStore(postgres.conninfo(cut.port), schema=postgres.schema()) as store:
        fill(store, 2)
        connect = store._connect

        def connect_later() -> Any:
            with another(store, postgres) as other:
                assert other.append(b"new", [], other.size()) == (3 if cuts == "after" else 2)
            return connect()

        monkeypatch.setattr(store, "_connect", connect_later)
        cut.cuts.append(cuts)
        if cuts == "after":
            assert store.append(b"new", [], 2) == 2
            assert store.size() == 4
        else:
            with pytest.raises(ConflictError) as caught:
                store.append(b"new", [], 2)
            assert (caught.value.size, store.size()) == (3, 3)


@pytest.mark.parametrize(("cuts", "there"), [("after", True), ("before", False)])
def test_nobody_knows(
    postgres: Server, cut: Proxy, cuts: str, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PostgresStore(postgres.conninfo(cut.port), schema=postgres.schema(), timeout=0) as store:
        fill(store, 2)
        cut.cuts.append(cuts)
        cut.refuse()
        connect, tries = store._connect, []
        monkeypatch.setattr(store, "_connect", lambda: (tries.append(1), connect()))
        with pytest.raises(StoreError, match="what was to be written may be there or not: ") as caught:
            store.append(b"new", [b"new"], 2)
        assert "\n" not in str(caught.value)
        with pytest.raises(StoreError, match="connection failed") as caught:
            store.size()
        assert "may be there" not in str(caught.value)
        assert len(tries) == 2
        with another(store, postgres) as other:
            assert (other.find(b"new") == 2) == there == (other.size() == 3)


def test_what_is_connected_to_again_is_looked_at_again(postgres: Server, store: PostgresStore) -> None:
    fill(store, 2)
    ask(store, "UPDATE {schema}.secretballot SET version = 7")
    end(store, postgres)
    with pytest.raises(StoreError, match="schema version 7, not 1"):
        store.size()
    with pytest.raises(StoreError, match="schema version 7, not 1"):
        store.size()
    with PostgresStore(postgres.conninfo(), schema=postgres.schema()) as other:
        ask(other, f"UPDATE {store._schema}.secretballot SET version = 1")  # noqa: S608
    assert store.size() == 2


def test_the_server_is_waited_for(
    postgres: Server, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, pauses, failing = store._connect, [], [3]

    def connect_later() -> Any:
        failing[0] -= 1
        if failing[0] >= 0:
            raise store._psycopg.OperationalError("starting up")
        return connect()

    monkeypatch.setattr(store, "_connect", connect_later)
    monkeypatch.setattr(schema_module.time, "sleep", pauses.append)
    end(store, postgres)
    assert store.size() == 0
    assert pauses == [0.05, 0.1, 0.2]
    # Until the time is up.
    clock = [0.0]
    monkeypatch.setattr(schema_module.time, "sleep", lambda pause: clock.__setitem__(0, clock[0] + pause))
    monkeypatch.setattr(schema_module.time, "monotonic", lambda: clock[0])
    failing[0] = 1000
    end(store, postgres)
    with pytest.raises(StoreError, match="starting up"):
        store.size()
    assert 30 <= clock[0] < 32


# Exceptions in the midst of it.


class Interrupted(BaseException):
    pass


@pytest.mark.parametrize("statement", ["LOCK TABLE", "INSERT INTO", "COMMIT"])
def test_a_failure_rolls_back(store: PostgresStore, monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    entries = fill(store, 5)
    before = snapshot(store)
    for error, seen in (
        (store._psycopg.errors.DiskFull("could not extend file:\n no space left"), StoreError),
        (Interrupted(), Interrupted),
    ):
        failed: list[str] = []

        def failing(
            do: Callable[..., Any], error: BaseException = error, failed: list[str] = failed
        ) -> Callable[..., Any]:
            def call(text: str, *values: Any) -> Any:
                if statement in text:
                    failed.append(text)
                    raise error
                return do(text, *values)

            return call

        with monkeypatch.context() as patch:
            for name in ("_execute", "_insert"):
                patch.setattr(store, name, failing(getattr(store, name)))
            with pytest.raises(seen) as caught:
                store.append(b"another", [b"new"], 5)
            # Nothing was lost: it is not tried again.
            assert len(failed) == 1
            if seen is StoreError:
                assert str(caught.value).endswith("could not extend file: no space left")
        assert store._connection.info.transaction_status.name == "IDLE"
        assert snapshot(store) == before
        assert store.find(b"new") is None
    store.append(b"another", [b"new"], 5)
    assert store.frontier().root() == root_of([*entries, b"another"])


def test_a_signal_in_the_midst_of_a_statement(store: PostgresStore) -> None:
    """Its answer would be taken for the next one's."""
    fill(store, 2)

    def interrupted() -> None:
        with store._lock, store._writing():
            store._connection.pgconn.send_query(b"SELECT 1")
            raise Interrupted

    with pytest.raises(Interrupted):
        interrupted()
    assert store._connection.info.transaction_status.name == "ACTIVE"
    assert store.size() == 2
    assert store.append(b"next", [], 2) == 2
    # A transaction that was left open.
    store._execute("BEGIN; CREATE TABLE {schema}.left_open ()")
    assert store.append(b"next", [], 3) == 3
    assert ask(store, "SELECT to_regclass('{schema}.left_open') IS NULL") == [(True,)]
