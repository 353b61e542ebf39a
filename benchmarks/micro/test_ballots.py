"""A ballot of four officials at three levels: made, read, and verified in a batch."""

from __future__ import annotations

from pytest_benchmark.fixture import BenchmarkFixture

from secretballot.ballot.checks import decode_contests, parse_proofs
from secretballot.ballot.records import Ballot
from secretballot.crypto.batch import ParsedProof, find_invalid
from secretballot.crypto.group import ristretto255
from secretballot.records import parse_entry

from .conftest import VOTERS, Voted


def _parse(voted: Voted, ballot: Ballot) -> list[ParsedProof]:
    return parse_proofs(voted.context, ballot, decode_contests(voted.context, ballot), "ballot")


def test_seal(benchmark: BenchmarkFixture, voted: Voted) -> None:
    device = voted.simulation.device(0)
    benchmark(lambda: device.seal(voted.selection).cast())


def test_parse_entry(benchmark: BenchmarkFixture, voted: Voted) -> None:
    assert benchmark(parse_entry, voted.entries[0]).kind == "ballot"


def test_strict_json_read(benchmark: BenchmarkFixture, voted: Voted) -> None:
    body = voted.ballots[0].to_body()
    assert benchmark(Ballot.from_body, body) == voted.ballots[0]


def test_strict_json_write(benchmark: BenchmarkFixture, voted: Voted) -> None:
    benchmark(voted.ballots[0].to_body)


def test_decode_ciphertexts(benchmark: BenchmarkFixture, voted: Voted) -> None:
    benchmark(decode_contests, voted.context, voted.ballots[0])


def test_parse_proof(benchmark: BenchmarkFixture, voted: Voted) -> None:
    ciphertexts = decode_contests(voted.context, voted.ballots[0])
    benchmark(parse_proofs, voted.context, voted.ballots[0], ciphertexts, "ballot")


def test_batch_of_one_proof(benchmark: BenchmarkFixture, voted: Voted) -> None:
    proofs = _parse(voted, voted.ballots[0])
    assert benchmark(find_invalid, ristretto255, proofs) == []


def test_batch_of_30_proofs(benchmark: BenchmarkFixture, voted: Voted) -> None:
    proofs = [proof for ballot in voted.ballots for proof in _parse(voted, ballot)]
    assert len(proofs) == VOTERS
    assert benchmark(find_invalid, ristretto255, proofs) == []
