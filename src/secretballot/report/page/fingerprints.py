"""What is compared by hand: ids, roots and keys, in groups of four digits."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from .blocks import grouped, paragraph, section, table
from .elements import Content, Markup, foreign
from .subject import Subject

#: Parties whose keys are shown, of each kind. All of them are in the manifest, which the election's id is the hash of.
MAX_SHOWN = 30


def fingerprints(subject: Subject) -> Markup:
    """The section."""
    language = subject.language
    rows = [*_rows(subject)]
    parts: list[Content] = [paragraph(language.say("fingerprints why"))]
    if rows:
        headings = [language.say("of what"), language.say("fingerprint")]
        parts.append(table(language.say("fingerprints table"), headings, rows, style="fingerprints"))
    if subject.checkpoint is None:
        parts.append(paragraph(language.say("no root"), style="notice"))
    return section("fingerprints", language.say("fingerprints"), parts)


def _rows(subject: Subject) -> Iterator[tuple[Content, Content]]:
    language, manifest = subject.language, subject.manifest
    if re.fullmatch("[0-9a-f]{64}", subject.report.election):
        yield language.say("id"), grouped(bytes.fromhex(subject.report.election))
    if subject.checkpoint is not None:
        entries = language.counted(subject.checkpoint.size, "entries")
        # Of a log that was changed since, this would be the root of the good one.
        key = "root" if subject.is_of_checkpoint else "unproven root"
        yield language.say(key, entries=entries), grouped(subject.checkpoint.root)
    if subject.pins is not None and subject.pins.checkpoint is not None:
        pinned = subject.pins.checkpoint
        entries = language.counted(pinned.size, "entries")
        yield language.say("pinned root", entries=entries), grouped(pinned.root)
    if manifest is None:
        return
    board, authority = manifest.board, manifest.authority
    yield language.say("board key", name=foreign(board.origin)), grouped(board.key)
    name = language.label(authority.labels, authority.id)
    yield language.say("authority key", name=name), grouped(authority.signing_key)
    for trustee in manifest.trustees[:MAX_SHOWN]:
        name = language.label(trustee.labels, trustee.id)
        yield language.say("trustee key", name=name), grouped(trustee.signing_key)
    for registrar in manifest.registrars[:MAX_SHOWN]:
        name = language.label(registrar.labels, registrar.id)
        yield language.say("registrar key", name=name), grouped(hashlib.sha256(registrar.key).digest())
    for mixer in manifest.mixers[:MAX_SHOWN]:
        name = language.label(mixer.labels, mixer.id)
        yield language.say("mixer key", name=name), grouped(mixer.signing_key)
