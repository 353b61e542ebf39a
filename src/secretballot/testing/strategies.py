"""Strategies for Hypothesis (extra ``testing``): contests, manifests, choices, elections in small, results, bad bytes.

All that is drawn is valid: a manifest is one that :class:`~secretballot.manifest.Manifest` takes, and a choice one that
:meth:`~secretballot.ballot.voter.VoterDevice.seal` takes. The bytes are what is not.

The keys in a manifest are real, and shared by all that are drawn in a process: never for an election that matters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, get_args

from ..ballot.contest_kinds import MarkPlan, Selection, plan_contest
from ..board.authority import AuthorityKeys
from ..board.keys import BoardKeys
from ..ceremony.trustee import TrusteeKeys
from ..credential.registrar import RegistrarKeys
from ..crypto.blind_rsa import PrivateKey
from ..crypto.merkle import HASH_SIZE
from ..crypto.signing import SigningKey
from ..errors import ArgumentError, BackendError, SelectionError, check_type
from ..manifest import (
    ApprovalContest,
    ChoiceContest,
    Contest,
    Election,
    LineContest,
    Manifest,
    MarkContest,
    Option,
    OutcomeRule,
    RankingContest,
    RatingContest,
    WriteInContest,
    is_mixed,
)
from ..manifest.contests import RankingMethod, TallyMethod
from ..tally import Result
from ..tally.counting import line_result
from ..tally.marks import count_rows
from ..tally.mixer import MixerKeys
from ..tally.records import ContestResult, RankingResult, WriteInResult
from .simulator import Simulation

try:
    from hypothesis import strategies as st
except ImportError:
    raise BackendError("hypothesis is not installed: install the extra `testing`") from None

Kind = Literal["rating", "choice", "approval", "ranking", "write_in"]
#: Kinds that are counted line by line, and all.
LINES: tuple[Kind, ...] = ("rating", "choice", "approval")
KINDS: tuple[Kind, ...] = (*LINES, "ranking", "write_in")
TALLIES: tuple[TallyMethod, ...] = ("homomorphic", "mixnet", "both")
METHODS: tuple[RankingMethod, ...] = ("borda", "irv", "stv", "schulze")
#: One count in a ciphertext, two, three, and many.
CAPACITIES = (1, 7, 500, 2_000, 10_000, 131_072)
#: Contests of a manifest, and options of all its contests.
MAX_CONTESTS, MAX_LINES = 10, 200
#: What a text is made of: letters of one byte, two and three, a letter composed and not, and a space.
LETTERS = "aBz09 đÀệẾe\u0301\u0302"
#: What stands where something else is expected, in JSON.
PIECES = (
    b"",
    b"\\",
    b'"',
    b"[",
    b"}",
    b",",
    b"0",
    b"-",
    b".5",
    b"e9",
    b"\xff",
    b" ",
    b"NaN",
    b'"a":1,',
    b"7",
)

identifiers = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True)


def labels() -> st.SearchStrategy[dict[str, str]]:
    """Labels in one language or two; the texts are any that JSON can hold."""
    texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
    return st.dictionaries(st.sampled_from(["en", "vi"]), texts, min_size=1)


# Contests.


@st.composite
def contests(
    draw: st.DrawFn,
    contest_id: str = "contest",
    *,
    kinds: Sequence[Kind] = KINDS,
    tallies: Sequence[TallyMethod] = TALLIES,
    max_options: int = 6,
) -> Contest:
    """A contest of one of the kinds, with that id. Lines are tallied in one of ``tallies``. Raises ArgumentError for a
    kind or a tally that there is not, and for more than 200 options."""
    _check_limits(kinds, tallies, 1, max_options)
    kind = draw(st.sampled_from(kinds))
    common: dict[str, Any] = {"id": contest_id, "labels": draw(labels()), "allow_blank": draw(st.booleans())}
    if kind == "write_in":
        return WriteInContest(**common, max_bytes=draw(st.integers(1, 250)))
    # One alone cannot be chosen from, nor ranked.
    fewest = 2 if kind in ("choice", "ranking") else 1
    common["options"] = _options("option", draw(st.integers(fewest, max(fewest, max_options))))
    count = len(common["options"])
    if kind in ("approval", "ranking"):
        common["maximum"] = draw(st.integers(1, count))
        common["minimum"] = draw(st.integers(kind == "ranking", common["maximum"]))
    if kind == "ranking":
        methods = draw(st.permutations(METHODS))[: draw(st.integers(1, len(METHODS)))]
        seats = draw(st.integers(1, count - 1)) if "stv" in methods else 1
        return RankingContest(**common, methods=tuple(methods), seats=seats)
    common |= {"base": draw(st.sampled_from(["collected", "roll"])), "rules": ()}
    common["tally"] = draw(st.sampled_from(tallies))
    if kind == "rating":
        made: LineContest = RatingContest(**common, levels=_options("level", draw(st.integers(2, 8))))
    else:
        made = ChoiceContest(**common) if kind == "choice" else ApprovalContest(**common)
    return made.model_copy(update={"rules": tuple(draw(st.lists(_rules(made), max_size=2, unique_by=_id)))})


def contest_lists(
    *,
    kinds: Sequence[Kind] = KINDS,
    tallies: Sequence[TallyMethod] = TALLIES,
    max_contests: int = 3,
    max_options: int = 6,
) -> st.SearchStrategy[tuple[Contest, ...]]:
    """Contests with ids of any length, each its own. Raises ArgumentError as :func:`contests`, for more than ten
    contests, and for more than 200 options in all of them."""
    _check_limits(kinds, tallies, max_contests, max_options)

    def of(ids: list[str]) -> st.SearchStrategy[tuple[Contest, ...]]:
        limits: dict[str, Any] = {"kinds": kinds, "tallies": tallies, "max_options": max_options}
        return st.tuples(*(contests(one, **limits) for one in ids))

    return st.lists(identifiers, min_size=1, max_size=max_contests, unique=True).flatmap(of)


def _check_limits(kinds: Sequence[Kind], tallies: Sequence[TallyMethod], most: int, max_options: int) -> None:
    """Within these limits whatever is drawn makes a valid manifest: ballots have room, and counts can be found."""
    for name, given, known in (("kinds", kinds, KINDS), ("tallies", tallies, TALLIES)):
        if isinstance(given, str) or not given or not set(given) <= set(known):
            raise ArgumentError(f"must be some of {', '.join(known)}", item=name)
    for name, number in (("max_contests", most), ("max_options", max_options)):
        check_type(number, int, f"a number as {name}")
    if not (1 <= most <= MAX_CONTESTS and 1 <= max_options <= MAX_LINES // most):
        raise ArgumentError(
            f"max_contests must be from 1 to {MAX_CONTESTS}, and times max_options at most {MAX_LINES}"
        )


def _options(word: str, count: int) -> tuple[Option, ...]:
    return tuple(Option(id=f"{word}{i}", labels={"en": f"{word.title()} {i}"}) for i in range(count))


def _rules(contest: LineContest) -> st.SearchStrategy[OutcomeRule]:
    return st.builds(
        OutcomeRule,
        id=identifiers,
        labels=labels(),
        count_of=st.sampled_from(contest.count_names()),
        relation=st.sampled_from([">", ">=", "<", "<="]),
        threshold=st.fractions(0, 1, max_denominator=6).map(Fraction),
        base=st.sampled_from(["collected", "roll"]),
    )


def _id(rule: OutcomeRule) -> str:
    return rule.id


# Manifests.


@st.composite
def manifests(
    draw: st.DrawFn,
    *,
    kinds: Sequence[Kind] = KINDS,
    tallies: Sequence[TallyMethod] = TALLIES,
    max_contests: int = 3,
    max_options: int = 6,
) -> Manifest:
    """A manifest with contests of these kinds, one to three trustees, one or two registrars, and mixers where something
    is mixed; its capacity is one that its ballots can be counted with."""
    made = draw(
        contest_lists(kinds=kinds, tallies=tallies, max_contests=max_contests, max_options=max_options)
    )
    mixed = any(map(is_mixed, made))
    # Attachments for every ballot of the capacity must fit.
    capacity = draw(st.sampled_from(CAPACITIES[:5] if mixed else CAPACITIES))
    roll = draw(st.integers(1, capacity))
    trustees = draw(st.integers(1, 3))
    rounds = draw(st.integers(2, 3)) if mixed else 0
    mixers = draw(st.integers(rounds, 3)) if mixed else 0
    return Manifest(
        labels=draw(labels()),
        nonce=draw(st.binary(min_size=16, max_size=16)),
        roll_size=roll,
        capacity=capacity,
        minimum_group=draw(st.integers(1, roll)),
        revoting=draw(st.sampled_from(["first", "last"])),
        contests=made,
        quorum=draw(st.integers(1, trustees)),
        trustees=tuple(_trustee(i).public() for i in range(trustees)),
        registrars=tuple(_registrar(i).public() for i in range(draw(st.integers(1, 2)))),
        mixers=tuple(_mixer(i).public() for i in range(mixers)),
        mixing_rounds=rounds,
        authority=_authority().public(),
        board=_board().public(),
    )


@lru_cache
def _trustee(place: int) -> TrusteeKeys:
    return TrusteeKeys.generate(f"trustee-{place + 1}", {"en": f"Trustee {place + 1}"})


@lru_cache
def _mixer(place: int) -> MixerKeys:
    return MixerKeys.generate(f"mixer-{place + 1}", {"en": f"Mixer {place + 1}"})


@lru_cache
def _authority() -> AuthorityKeys:
    return AuthorityKeys.generate("authority", {"en": "Authority"})


@lru_cache
def _board() -> BoardKeys:
    return BoardKeys.generate("secretballot.example/strategies")


@lru_cache
def _issuing(place: int) -> PrivateKey:
    return PrivateKey.generate()


def _registrar(place: int) -> RegistrarKeys:
    """Made anew each time, since it serves one election; with an RSA key that is shared, since that takes long."""
    name = place + 1
    return RegistrarKeys(
        f"registrar-{name}", {"en": f"Registrar {name}"}, _issuing(place), SigningKey.generate()
    )


# What voters choose.


def selections(contest: Contest) -> st.SearchStrategy[Any]:
    """Everything that a contest allows, in the form in which a plan gives it back."""
    check_type(contest, (*get_args(LineContest), *get_args(MarkContest)), "a contest")
    ids = [] if isinstance(contest, WriteInContest) else [option.id for option in contest.options]
    blank: list[str | None] = [None] if contest.allow_blank else []
    match contest:
        case RatingContest():
            names = [*blank, *(level.id for level in contest.levels)]
            return st.fixed_dictionaries({one: st.sampled_from(names) for one in ids})
        case ChoiceContest():
            return st.sampled_from([*blank, *ids])
        case ApprovalContest():
            some = st.sets(st.sampled_from(ids), min_size=contest.minimum, max_size=contest.maximum)
            listed = some.map(lambda chosen: [one for one in ids if one in chosen])
        case RankingContest():
            size = st.integers(contest.minimum, contest.maximum)
            listed = st.tuples(st.permutations(ids), size).map(lambda drawn: list(drawn[0][: drawn[1]]))
        case WriteInContest():
            texts = st.text(LETTERS, max_size=contest.max_bytes).map(
                lambda text: _cut(text, contest.max_bytes)
            )
            return texts | st.just("") if contest.allow_blank else texts
    return listed | st.just([]) if contest.allow_blank else listed


def _cut(text: str, size: int) -> str:
    """A text that says something, of so many bytes at most."""
    return ("a" + text).encode("utf-8")[:size].decode("utf-8", "ignore")


def choices(manifest: Manifest) -> st.SearchStrategy[dict[str, Any]]:
    """What one voter chooses: a selection for each contest, by its id."""
    check_type(manifest, Manifest, "a manifest")
    return st.fixed_dictionaries({contest.id: selections(contest) for contest in manifest.contests})


# Results.


@st.composite
def results(draw: st.DrawFn, manifest: Manifest, *, max_ballots: int = 8) -> Result:
    """The result that some ballots have: its counts add up, its outcomes are those of the rules, its winners those of
    the methods. No ballot is made for it."""
    check_type(manifest, Manifest, "a manifest")
    most = min(max_ballots, manifest.roll_size)
    ballots = draw(st.lists(choices(manifest), max_size=most))
    return count(manifest, ballots, root=draw(st.binary(min_size=32, max_size=32)))


def count(
    manifest: Manifest, ballots: Sequence[Mapping[str, Selection]], *, root: bytes = bytes(32)
) -> Result:
    """The result of ballots that are known in the clear; ``root``, 32 bytes, draws the lots of rankings that tie.

    Raises ArgumentError for another root, and SelectionError for a ballot that a device would not seal.
    """
    election = Election.from_manifest(manifest)
    check_type(ballots, Sequence, "a sequence of ballots")
    check_type(root, bytes, "a root as bytes")
    if len(root) != HASH_SIZE:
        raise ArgumentError(f"a root has {HASH_SIZE} bytes")
    known = {contest.id for contest in manifest.contests}
    for ballot in ballots:
        if not isinstance(ballot, Mapping) or ballot.keys() != known:
            raise SelectionError("a selection for each contest is needed, and for no other")
    return Result(
        election=election.id,
        collected=len(ballots),
        roll=manifest.roll_size,
        below_minimum_group=len(ballots) < manifest.minimum_group,
        contests=tuple(
            _count(election, contest, [ballot[contest.id] for ballot in ballots], root)
            for contest in manifest.contests
        ),
    )


def _count(
    election: Election, contest: Contest, chosen: Sequence[Selection], root: bytes
) -> ContestResult | RankingResult | WriteInResult:
    plan = plan_contest(contest, election.manifest.capacity)
    marked = [plan.choices(selection) for selection in chosen]
    if isinstance(plan, MarkPlan):
        return count_rows(plan, [tuple(plan.messages(mark)) for mark in marked], election.id, root)
    lines = []
    for place, line in enumerate(plan.lines):
        counts = Counter(line.names[mark[place]] for mark in marked)
        lines.append(line_result(election, plan, line.id, counts, len(chosen)))
    return ContestResult(id=contest.id, lines=tuple(lines))


# Elections.


@dataclass(frozen=True)
class SmallElection:
    """An election that is yet to be held: what :meth:`hold` does. Its ``repr`` says all that a failing test needs."""

    contests: tuple[Contest, ...]
    #: A ballot of each voter, in order. A voter who votes again has another in :attr:`again`, by place.
    ballots: tuple[Mapping[str, Any], ...]
    again: Mapping[int, Mapping[str, Any]]
    revoting: Literal["first", "last"]
    trustees: int
    quorum: int
    #: Trustees who do not come to the tally, by place; a quorum does.
    absent: tuple[int, ...]
    challenge_every: int

    def hold(self) -> Simulation:
        """The election, from its keys to its result, with every role for real."""
        voters = max(1, len(self.ballots))
        simulation = Simulation(
            self.contests,
            roll_size=voters,
            trustees=self.trustees,
            quorum=self.quorum,
            registrars=[_registrar(0)],
            revoting=self.revoting,
        )
        simulation.hold_ceremony()
        simulation.issue(len(self.ballots))
        simulation.vote(self.ballots, challenge_every=self.challenge_every)
        for voter, ballot in self.again.items():
            simulation.board.submit(simulation.seal(voter, ballot).cast())
        simulation.tally(absent=self.absent)
        return simulation

    @property
    def counted(self) -> tuple[Mapping[str, Any], ...]:
        """The ballots that count, by the rule of revoting."""
        if self.revoting == "first":
            return self.ballots
        return tuple(self.again.get(voter, ballot) for voter, ballot in enumerate(self.ballots))


@st.composite
def elections(
    draw: st.DrawFn,
    *,
    kinds: Sequence[Kind] = KINDS,
    tallies: Sequence[TallyMethod] = TALLIES,
    max_voters: int = 3,
    max_options: int = 3,
) -> SmallElection:
    """An election in small. To hold one takes a tenth of a second or a few on the native backend: ask for few."""
    made = draw(contest_lists(kinds=kinds, tallies=tallies, max_contests=2, max_options=max_options))
    ballot = st.fixed_dictionaries({contest.id: selections(contest) for contest in made})
    ballots = draw(st.lists(ballot, max_size=max_voters))
    voters = st.sampled_from(range(len(ballots)))
    trustees = draw(st.integers(1, 3))
    quorum = draw(st.integers(1, trustees))
    absent = draw(st.permutations(range(trustees)))[: draw(st.integers(0, trustees - quorum))]
    return SmallElection(
        contests=made,
        ballots=tuple(ballots),
        again=draw(st.dictionaries(voters, ballot, max_size=1)) if ballots else {},
        revoting=draw(st.sampled_from(["first", "last"])),
        trustees=trustees,
        quorum=quorum,
        absent=tuple(absent),
        challenge_every=draw(st.integers(0, 2)),
    )


# Bytes.


@st.composite
def altered(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes that are near to ``data`` and others: pieces put in or taken out, the end cut off, or something added."""
    check_type(data, bytes, "bytes")
    out = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(out)))
        gone = draw(st.integers(0, 2) | st.just(len(out)))
        out[place : place + gone] = draw(st.sampled_from(PIECES) | st.binary(max_size=3))
    # What was put in may be what was taken out.
    return bytes(out) if out != data else data + b"\n"


def garbage(max_size: int = 100) -> st.SearchStrategy[bytes]:
    """Bytes of any kind, and such as look like the beginning of JSON."""
    looks = st.text('[]{}":,\\u0d8-eE.1 ntf', max_size=max_size).map(str.encode)
    return st.binary(max_size=max_size) | looks
