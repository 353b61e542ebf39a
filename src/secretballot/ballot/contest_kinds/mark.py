"""The plan of a contest whose marks are mixed whole: a ranking, a text.

A mark is bytes, embedded in elements (:mod:`secretballot.crypto.embedding`) that are encrypted: ``A = r G``,
``B = M + r K``. Any element can be such a message, so that nothing can be proven of it but that the voter knows it: the
proof is of the randomness r of every ciphertext, bound to B and to the credential (Schnorr; ElGamal with such a proof
cannot be made into a related ciphertext, which in a mix would tell whose line is whose: Pfitzmann, "Breaking an
Efficient Anonymous Channel", EUROCRYPT 1994). What a mark says is checked when it has been mixed and decrypted.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property

from ...crypto.disjunction import Clause, Form, Statement
from ...crypto.embedding import embed, extract
from ...crypto.encoding import frame
from ...crypto.group import Element, ristretto255
from ...crypto.relation import Equation, Shape
from ...errors import EncodingError, SelectionError
from ...manifest.capacity import mark_width
from ...manifest.contests import MarkContest
from .plan import GENERATOR, ContestPlan, Selection


class MarkPlan(ContestPlan):
    """A contest of whole marks. Choices are the mark's bytes, as numbers."""

    def __init__(self, contest: MarkContest) -> None:
        super().__init__(contest.id)
        self.contest: MarkContest = contest
        self.width = mark_width(contest)

    @property
    def num_ciphertexts(self) -> int:
        return self.width

    @abstractmethod
    def check(self, mark: bytes) -> Selection:
        """The selection that a mark is; raises SelectionError, which says what is wrong with it."""

    def selection(self, choices: Sequence[int]) -> Selection:
        if not all(0 <= number < 256 for number in choices):
            raise SelectionError("a mark has bytes", item=f"contest {self.id}")
        return self.check(bytes(choices))

    def read(self, elements: Sequence[Element]) -> Selection:
        """The selection in a decrypted line; raises SelectionError for a line that is none."""
        try:
            mark = extract(ristretto255, elements)
        except EncodingError as error:
            raise SelectionError(error.message, item=f"contest {self.id}") from None
        return self.check(mark)

    def messages(self, choices: Sequence[int]) -> list[Element]:
        return embed(ristretto255, bytes(choices), self.width)

    @cached_property
    def form(self) -> Form:
        """What the proof of every ballot states, over G and the pads A₁, A₂, …: that their logarithms are known."""
        equations = [Equation(((1 + i, 1),), ((i, GENERATOR, 1),)) for i in range(self.width)]
        shape = Shape(ristretto255, 1 + self.width, equations)
        return Form(ristretto255, 1 + self.width, [Clause([shape], range(1 + self.width))])

    def statement(self, key: Element, elements: Sequence[Element], encoded: bytes | None = None) -> Statement:
        if encoded is not None:
            size = ristretto255.element_size
            # After the key's: A and B by turns.
            encoded = b"".join(
                [encoded[at : at + size] for at in range(size, size * (1 + len(elements)), 2 * size)]
            )
        return Statement(self.form, [ristretto255.generator, *elements[::2]], encoded)

    def binding(self, ciphertexts: bytes) -> bytes:
        return frame(ciphertexts)
