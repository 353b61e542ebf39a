"""The plan of a contest: how a selection is encoded, encrypted and proven. One of lines is here, one of whole marks in
:mod:`.mark`.

Packed encoding, of lines: the choices of a line have weights 0, 1, M, M², … with M = capacity + 1, so that the digits
to base M of a sum of ballots are the counts; the count of the choice of weight 0 follows from the number of ballots.
A line whose digits are more than one logarithm can bear has several ciphertexts. A blank, where it is allowed, has
weight 0.

For a line the proof has one :class:`~secretballot.crypto.disjunction.Clause` with a branch for each choice, over the
elements G, K, A₁, B₁, …: ``A_i = r_i G`` and ``B_i - w_i G = r_i K`` for every ciphertext i of the line.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from ...crypto.disjunction import Clause, Form, Statement
from ...crypto.group import Element, ristretto255
from ...crypto.relation import Equation, Shape
from ...errors import SelectionError
from ...manifest.capacity import digit_base, digits_per_ciphertext, width
from ...manifest.contests import LineContest

#: What a voter chooses in one contest; each kind says what it takes.
Selection = Any

GENERATOR, KEY, FIRST = 0, 1, 2


#: Ids that one line of an error lists.
MAX_LISTED = 10


def listed(names: Sequence[str | None]) -> str:
    """What the manifest has instead, for an error: it tells nothing of the choice."""
    ids = [name for name in names if name is not None]
    more = f" and {len(ids) - MAX_LISTED} more" if len(ids) > MAX_LISTED else ""
    return f"there are {', '.join(ids[:MAX_LISTED])}{more}"


class Line(NamedTuple):
    """A line: its id, and for each choice its count's name (None for blank) and its weights (one a ciphertext)."""

    id: str
    names: tuple[str | None, ...]
    weights: tuple[tuple[int, ...], ...]
    shapes: tuple[Shape, ...]


class ContestPlan(ABC):
    """How a contest's selections become ciphertexts with a proof. Public data alone."""

    def __init__(self, contest_id: str) -> None:
        self.id = contest_id

    @property
    @abstractmethod
    def num_ciphertexts(self) -> int:
        """How many ciphertexts a ballot has for the contest."""

    @abstractmethod
    def choices(self, selection: Selection) -> list[int]:
        """The selection as numbers, which a challenge opens; raises SelectionError for one that is not allowed."""

    @abstractmethod
    def selection(self, choices: Sequence[int]) -> Selection:
        """The inverse of :meth:`choices`; raises SelectionError likewise."""

    @abstractmethod
    def statement(self, key: Element, elements: Sequence[Element], encoded: bytes | None = None) -> Statement:
        """What the proof of a ballot with these elements states; ``encoded`` are the encodings of the key and of them,
        where they are known. Raises InvalidInstanceError for what no proof may be made for."""

    @abstractmethod
    def messages(self, choices: Sequence[int]) -> list[Element]:
        """What is encrypted: for each ciphertext an element. In variable time, for choices that were opened."""

    def binding(self, ciphertexts: bytes) -> bytes:
        """What the proof's session binds beside all else: ciphertexts that are not in the statement."""
        return b""


class LinePlan(ContestPlan):
    """A contest as lines."""

    def __init__(self, contest: LineContest, capacity: int, choices: Sequence[str | None]) -> None:
        super().__init__(contest.id)
        self.contest = contest
        self.base = digit_base(capacity)
        per = digits_per_ciphertext(capacity)
        self.width = width(len(choices), capacity)
        weights = [tuple(0 for _ in range(self.width))]
        for digit in range(len(choices) - 1):
            weights.append(
                tuple(self.base ** (digit % per) if i == digit // per else 0 for i in range(self.width))
            )
        #: How many digits each of a line's ciphertexts holds.
        self.digits = tuple(min(per, len(choices) - 1 - i * per) for i in range(self.width))
        shapes = tuple(_branch(w) for w in weights)
        names = tuple(choices)
        self.lines = tuple(Line(line, names, tuple(weights), shapes) for line in contest.line_ids())

    @property
    def num_ciphertexts(self) -> int:
        return len(self.lines) * self.width

    def weights(self, choices: Sequence[int]) -> list[int]:
        """For each ciphertext the small integer that is encrypted; choices are places, one for each line."""
        return [w for line, choice in zip(self.lines, choices, strict=True) for w in line.weights[choice]]

    def messages(self, choices: Sequence[int]) -> list[Element]:
        group = ristretto255
        return [group.sum_of_products([weight], [group.generator]) for weight in self.weights(choices)]

    def sum_shapes(self) -> tuple[Shape, ...]:
        """The branches over the sum of all lines, where the contest limits it; none otherwise."""
        return ()

    def sum_branch(self, choices: Sequence[int]) -> int:
        """The branch of :meth:`sum_shapes` that these choices are."""
        raise SelectionError("the contest does not limit the sum", item=f"contest {self.id}")

    @cached_property
    def form(self) -> Form:
        """What the proof of every ballot states, over G, K and the ballot's elements A₁, B₁, …: a clause for each
        line, and where the contest limits it, one over the sum."""
        clauses = []
        for place, line in enumerate(self.lines):
            start = FIRST + 2 * self.width * place
            clauses.append(Clause(line.shapes, (GENERATOR, KEY, *range(start, start + 2 * self.width))))
        end = FIRST + 2 * self.num_ciphertexts
        extra = self.sum_shapes()
        if extra:
            clauses.append(Clause(extra, range(end)))
        return Form(ristretto255, end, clauses, shared=FIRST)

    def statement(self, key: Element, elements: Sequence[Element], encoded: bytes | None = None) -> Statement:
        return Statement(self.form, [ristretto255.generator, key, *elements], encoded)

    def _place(self, line: Line, name: str | None) -> int:
        """The place of a named choice in a line; raises SelectionError where there is none."""
        try:
            return line.names.index(name)
        except ValueError:
            what = "a blank is not allowed" if name is None else "there is no such choice"
            raise SelectionError(
                f"{what}: {listed(line.names)}", item=f"contest {self.id}, line {line.id}"
            ) from None

    def _check_choices(self, choices: Sequence[int]) -> None:
        if len(choices) != len(self.lines):
            raise SelectionError(f"{len(self.lines)} choices are needed", item=f"contest {self.id}")
        for line, choice in zip(self.lines, choices, strict=True):
            if not 0 <= choice < len(line.names):
                raise SelectionError("there is no such choice", item=f"contest {self.id}, line {line.id}")

    def _check_keys(self, selection: Selection, known: Sequence[str]) -> Mapping[str, Any]:
        if not isinstance(selection, Mapping):
            raise SelectionError("a choice for each line is needed", item=f"contest {self.id}")
        if selection.keys() - set(known):
            # Not which: whoever takes line and choice for one another would find the choice in a log.
            raise SelectionError(f"there is no such line: {listed(known)}", item=f"contest {self.id}")
        for line in known:
            if line not in selection:
                raise SelectionError("a selection is missing", item=f"contest {self.id}, line {line}")
        return selection


def _branch(weights: Sequence[int]) -> Shape:
    order = ristretto255.order
    equations = []
    for i, weight in enumerate(weights):
        pad, data = FIRST + 2 * i, FIRST + 2 * i + 1
        equations.append(Equation(((pad, 1),), ((i, GENERATOR, 1),)))
        equations.append(Equation(((data, 1), (GENERATOR, -weight % order)), ((i, KEY, 1),)))
    return Shape(ristretto255, FIRST + 2 * len(weights), equations)
