"""Who took part, as the record tells it: trustees in the ceremony and the tally, registrars, rounds of mixing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...ceremony import CeremonyCommitment, CeremonyComplaint, CeremonyConfirmation, CeremonyMessage
from ...manifest import Manifest
from ...tally import DecryptionShare, LineShare, MixRound
from ..chronicle import Chronicle
from .blocks import bullets, paragraph, section, table
from .elements import Content, Markup, element, escaped, filled, foreign
from .subject import Subject

#: Complaints and rounds that are shown: there is at most one for each of 255 parties.
MAX_SHOWN = 300
_CEREMONY: tuple[type, ...] = (CeremonyCommitment, CeremonyMessage, CeremonyConfirmation)
_TALLY: dict[type, str] = {DecryptionShare: "decrypted sums", LineShare: "decrypted lines"}
_BY_TRUSTEES = (CeremonyCommitment, CeremonyMessage, CeremonyConfirmation, DecryptionShare, LineShare)


def course(subject: Subject) -> list[Content]:
    """The sections, as far as the record's course is known."""
    chronicle, manifest = subject.course, subject.manifest
    if chronicle is None or manifest is None:
        return []
    told = _Told(subject, chronicle, manifest)
    return [told.parties(), told.mixing() if manifest.mixing_rounds else None]


class _Told:
    """Parties and what each posted. Whether it was theirs to post, the rules say."""

    def __init__(self, subject: Subject, chronicle: Chronicle, manifest: Manifest) -> None:
        self._subject = subject
        self._language = subject.language
        self._events = chronicle.events
        self._manifest = manifest

    def parties(self) -> Markup:
        """Trustees with their part in the ceremony and the tally; registrars; complaints."""
        language, manifest = self._language, self._manifest
        trustees = language.counted(len(manifest.trustees), "trustees")
        parts: list[Content] = [
            paragraph(language.say("parties why", quorum=manifest.quorum, trustees=trustees)),
            None if self._subject.is_verified else paragraph(language.say("told"), style="notice"),
        ]
        posted = self._posted()
        rows = [self._trustee(trustee.id, posted.get(trustee.id, {})) for trustee in manifest.trustees]
        headings = [language.say(key) for key in ("trustee", "committed", "dealt", "confirmed", "decrypted")]
        parts.append(table(language.say("trustees"), headings, rows))
        complaints = [one.record for one in self._events if isinstance(one.record, CeremonyComplaint)]
        if complaints:
            told = [
                language.say(
                    "complaint",
                    who=self._subject.party_name(one.trustee),
                    whom=self._subject.party_name(one.accused),
                    reason=foreign(one.reason),
                )
                for one in complaints[:MAX_SHOWN]
            ]
            parts.append(bullets(told))
        names = [self._subject.party_name(one.id) for one in manifest.registrars]
        parts.append(paragraph(language.say("registrars are", names=_joined(names))))
        return section("parties", language.say("parties"), parts)

    def _posted(self) -> Mapping[str, Mapping[type, int]]:
        """The place of each trustee's first entry of a kind."""
        posted: dict[str, dict[type, int]] = {}
        for event in self._events:
            if isinstance(event.record, _BY_TRUSTEES):
                posted.setdefault(event.record.trustee, {}).setdefault(type(event.record), event.index)
        return posted

    def _trustee(self, trustee: str, posted: Mapping[type, int]) -> list[Content]:
        say = self._language.say
        cells: list[Content] = [self._subject.party_name(trustee)]
        for kind in _CEREMONY:
            cells.append(self._entry(posted[kind]) if kind in posted else say("none"))
        decrypted: list[Content] = []
        for kind, key in _TALLY.items():
            if kind in posted:
                decrypted.append(element("div", say(key, entry=self._entry(posted[kind]))))
        return [*cells, decrypted or say("did not decrypt")]

    def mixing(self) -> Markup:
        """A row a round."""
        language = self._language
        rounds = language.counted(self._manifest.mixing_rounds, "rounds")
        rows = [
            (
                event.record.round,
                self._subject.party_name(event.record.mixer),
                len(event.record.batches),
                self._entry(event.index),
            )
            for event in self._events
            if isinstance(event.record, MixRound)
        ]
        headings = [language.say(key) for key in ("round heading", "mixer", "batches", "entry")]
        return section(
            "mixing",
            language.say("mixing"),
            paragraph(language.say("mixing why", rounds=rounds)),
            None if self._subject.is_verified else paragraph(language.say("told"), style="notice"),
            table(language.say("rounds"), headings, rows[:MAX_SHOWN], numbers=[2]),
        )

    def _entry(self, index: int) -> Markup:
        return self._language.say("entry number", number=index)


def _joined(names: Sequence[Markup]) -> Markup:
    return escaped(
        [name if place == 0 else filled(", {name}", name=name) for place, name in enumerate(names)]
    )
