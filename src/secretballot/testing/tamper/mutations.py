"""Changes of any record that need no key: each entry dropped, repeated or moved, each member of an entry of each kind
changed, files and checkpoint damaged.

What a rule says of each follows from the specification alone: the checkpoint is the old one (L5), so is the root that
the authority sealed (L8), and an entry that was changed is either unreadable (L1) or not signed (L4).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ...board.attachments import FOLDER
from ...board.record import CHECKPOINT, ENTRIES, ElectionRecord
from ...crypto.encoding import b64decode, b64encode
from ...errors import EncodingError, SecretBallotError
from ...records import kind_of, parse_entry
from ...tally import ElectionLog
from . import jsontree
from .case import Case, Files

#: What an entry breaks where it stands in the log a second time.
REPEATED = {
    "manifest": "L1",
    "ceremony-commitment": "K1",
    "ceremony-message": "K2",
    "ceremony-confirmation": "K3",
    "ceremony-complaint": "K5",
    "phase": "L3",
    "issuance": "C1",
    "ballot": "B3",
    "challenged-ballot": "H2",
    "seal": "L8",
    "decryption-share": "T1",
    "mix-round": "X1",
    "line-share": "X3",
    "result": "L3",
}
_PREFIX, _MIDDLE, _SUFFIX = b'{"body":', b',"signature":"', b'"}'


def mutations(record: ElectionRecord | str | os.PathLike[str]) -> Iterator[Case]:
    """Every mutation of a record, or of the record in a directory, one in memory at a time.

    The record is to be one that verifies: of another, the rules that a case names may not be all that it breaks. A
    record is read whole into memory. Raises RecordError where it cannot be read, and EncodingError, ManifestError or
    InvalidSignatureError where its first entry is no manifest.
    """
    read = _Read(record if isinstance(record, ElectionRecord) else ElectionRecord(record))
    yield from read.moved()
    yield from read.changed()
    yield from read.damaged()
    yield from read.checkpoints()
    yield from read.attached()


class _Read:
    """A record in memory."""

    def __init__(self, record: ElectionRecord) -> None:
        self.entries = list(record.entries())
        self.files: dict[str, bytes] = {ENTRIES: b"", CHECKPOINT: record.checkpoint()}
        self.log = ElectionLog()
        self.log.apply(self.log.read(self.entries[0] if self.entries else b""))
        self.kinds = [kind_of(raw) for raw in self.entries]
        self.files = self._with(self.entries)
        self.files[CHECKPOINT] = record.checkpoint()
        folder = record.path / FOLDER
        if folder.is_dir():
            self.files |= {f"{FOLDER}/{path.name}": path.read_bytes() for path in sorted(folder.iterdir())}
        #: Where voting is closed: the authority seals the log up to here.
        sealed = self.kinds[: self.kinds.index("seal")] if "seal" in self.kinds else []
        self.closing = max((place for place, kind in enumerate(sealed) if kind == "phase"), default=0)

    def _with(self, entries: list[bytes]) -> dict[str, bytes]:
        return dict(self.files) | {ENTRIES: b"".join(raw + b"\n" for raw in entries)}

    def _sealed(self, place: int) -> set[str]:
        """L8, where what was changed is among what the authority sealed."""
        return {"L8"} if 0 < place <= self.closing else set()

    def case(self, name: str, title: str, rules: set[str], files: Files) -> Case:
        return Case(name, title, files, tuple(sorted(rules)))

    def name(self, place: int) -> str:
        return f"entry-{place}-{self.kinds[place]}"

    # Whole entries.

    def moved(self) -> Iterator[Case]:
        """Each entry dropped, repeated, or exchanged with the next."""
        for place, raw in enumerate(self.entries):
            kind, name = self.kinds[place], self.name(place)
            before, after = self.entries[:place], self.entries[place + 1 :]
            sealed = self._sealed(place)
            if place:
                files = self._with([*before, *after])
                yield self.case(f"{name}-dropped", f"Entry {place} ({kind}) is gone.", {"L5", *sealed}, files)
            if kind in REPEATED:
                files = self._with([*before, raw, raw, *after])
                rules = {"L5", REPEATED[kind], *(sealed if place < self.closing else ())}
                yield self.case(
                    f"{name}-repeated", f"Entry {place} ({kind}) stands there twice.", rules, files
                )
            if place and after and after[0] != raw:
                files = self._with([*before, after[0], raw, *after[1:]])
                title = f"Entries {place} ({kind}) and {place + 1} have changed places."
                yield self.case(f"{name}-moved", title, {"L5", *sealed}, files)
        yield self.case("entries-reversed", "The log is upside down.", {"M1"}, self._with(self.entries[::-1]))
        yield self.case("manifest-dropped", "The log has no manifest.", {"M1"}, self._with(self.entries[1:]))
        for size in sorted({1, len(self.entries) // 2, len(self.entries) - 1} - {0, len(self.entries)}):
            title = f"The log ends after {size} entries, and the checkpoint is the old one."
            yield self.case(f"log-cut-after-{size}", title, {"L5"}, self._with(self.entries[:size]))

    # Members.

    def changed(self) -> Iterator[Case]:
        """The first entry of each kind with each of its members changed, and in another form."""
        for kind in dict.fromkeys(self.kinds):
            place = self.kinds.index(kind)
            if not self._is_readable(place):
                continue
            body, _, signature = parse_entry(self.entries[place])
            for what, title, changed in _bodies(body):
                if changed != body:
                    raw = _entry(changed, b64encode(signature).encode())
                    yield self._replaced(place, what, title, raw)
            for what, title, text in _signatures(signature):
                yield self._replaced(place, what, title, _entry(body, text))
            yield self._replaced(place, "cut", "is cut in its middle", self.entries[place][: len(body) // 2])
            yield self._replaced(place, "empty", "is an empty line", b"")

    def _is_readable(self, place: int) -> bool:
        """Whether an entry is one: what mutations presuppose is nothing that a foreign record must have."""
        if place == 0:
            return True
        try:
            self.log.read(self.entries[place])
        except SecretBallotError:
            return False
        return True

    def _replaced(self, place: int, what: str, title: str, raw: bytes) -> Case:
        files = self._with([*self.entries[:place], raw, *self.entries[place + 1 :]])
        name = f"{self.name(place)}-{what}"
        return self.case(
            name, f"Entry {place} ({self.kinds[place]}) {title}.", self._breaks(place, raw), files
        )

    def _breaks(self, place: int, raw: bytes) -> set[str]:
        """The rules that an entry breaks in place of another."""
        log = self.log if place else ElectionLog()
        try:
            entry = log.read(raw)
        except SecretBallotError:
            return {"L1", "L5", *self._sealed(place)} if place else {"M1"}
        if place == 0:
            return {"M2", "L5"} if entry.signed.body == self.log.election.body else {"M2", "L2", "L5"}
        rules = {"L4", "L5", *self._sealed(place)}
        if getattr(entry.record, "election", None) != self.log.election.id:
            rules.add("L2")
        return rules

    # Files.

    def damaged(self) -> Iterator[Case]:
        """The file of entries as a transfer or an editor may leave it."""
        good = self.files[ENTRIES]
        damages = {
            "line-feed-missing": ("The last line has no line feed.", good[:-1], {"L1", "L5"}),
            "line-feed-more": ("An empty line is at the end.", good + b"\n", {"L1", "L5"}),
            "line-feed-first": ("An empty line is at the front.", b"\n" + good, {"M1"}),
            "line-ends-of-windows": ("Line ends are those of Windows.", good.replace(b"\n", b"\r\n"), {"M1"}),
            "line-ends-of-old": (
                "Line ends are those of an old Macintosh.",
                good.replace(b"\n", b"\r"),
                {"M1"},
            ),
            "line-feed-within": ("A line feed is within an entry.", good.replace(b",", b",\n", 1), {"M1"}),
            "line-empty": (
                "An empty line is behind the first.",
                good.replace(b"\n", b"\n\n", 1),
                {"L1", "L5"},
            ),
            "cut-at-the-front": ("The file ends within its first entry.", good[:100], {"M1"}),
            "byte-order-mark": ("A byte-order mark is at the front.", b"\xef\xbb\xbf" + good, {"M1"}),
            "two-entries-on-a-line": ("Two entries are on one line.", good.replace(b"\n", b"", 1), {"M1"}),
            "garbage-behind": ("A line of garbage is at the end.", good + b"garbage\n", {"L1", "L5"}),
            "zeros-behind": ("Bytes of zero are at the end.", good + bytes(64), {"L1", "L5"}),
            "twice": ("The log stands in the file twice.", good + good, {"L1", "L5"}),
            "cut": ("The file is cut within its last entry.", good[:-100], {"L1", "L5"}),
            "empty": ("The file is empty.", b"", {"M1"}),
        }
        for name, (title, data, rules) in damages.items():
            yield self.case(f"entries-{name}", title, rules, dict(self.files) | {ENTRIES: data})
        for missing in (ENTRIES, CHECKPOINT):
            files = {name: data for name, data in self.files.items() if name != missing}
            title = f"There is no file {missing}: no record, and no verdict."
            yield Case(f"{missing.split('.')[0]}-missing", title, files, (), None)

    def checkpoints(self) -> Iterator[Case]:
        """The checkpoint changed."""
        note = self.files[CHECKPOINT]
        changes: dict[str, tuple[str, bytes]] = {
            "empty": ("is empty", b""),
            "line-ends-of-windows": ("has the line ends of Windows", note.replace(b"\n", b"\r\n")),
            "another-dash": ("begins its signature with another dash", note.replace("—".encode(), b"-")),
            "leading-zero": ("has a size with a zero before it", note.replace(b"\n", b"\n0", 1)),
            "sign": ("has a size with a sign", note.replace(b"\n", b"\n+", 1)),
            "line-behind": ("has an empty line more", note + b"\n"),
        }
        lines = note.split(b"\n")
        for number in self._own_lines(lines):
            for what, own, taken in _line_changes(lines[number : number + 2]):
                changed = b"\n".join([*lines[:number], *own, *lines[number + taken :]])
                changes[f"line-{number}-{what}"] = (
                    f"has its line {number} {what.replace('-', ' ')}",
                    changed,
                )
        for name, (title, data) in changes.items():
            if data == note:
                continue
            files = dict(self.files) | {CHECKPOINT: data}
            yield self.case(f"checkpoint-{name}", f"The checkpoint {title}.", {"L5"}, files)

    def _own_lines(self, lines: list[bytes]) -> list[int]:
        """The lines of a checkpoint that are the board's: the signed text, and the board's signature. Whoever else has
        signed may be left out."""
        signature = f"\u2014 {self.log.election.manifest.board.origin} ".encode()
        text = lines.index(b"") if b"" in lines else len(lines)
        return [n for n, line in enumerate(lines) if n <= text or line.startswith(signature)]

    def attached(self) -> Iterator[Case]:
        """The attachments of the first entry of each kind that names any, damaged."""
        for kind, rule in (("mix-round", "X2"), ("line-share", "X3")):
            place = self.kinds.index(kind) if kind in self.kinds else 0
            if not place or not self._is_readable(place):
                continue
            record: Any = self.log.read(self.entries[place]).record
            path = f"{FOLDER}/{record.batches[0].digest.hex()}"
            data = self.files.get(path)
            if not data:
                continue
            of = f"The attachment of entry {place} ({kind})"
            name = f"{self.name(place)}-attachment"
            rest = {key: value for key, value in self.files.items() if key != path}
            yield self.case(f"{name}-missing", f"{of} is missing.", {rule}, rest)
            yield self.case(f"{name}-cut", f"{of} is cut.", {rule}, rest | {path: data[:-1]})
            yield self.case(f"{name}-longer", f"{of} has a byte more.", {rule}, rest | {path: data + b"\0"})
            flipped = bytes([data[0] ^ 1]) + data[1:]
            yield self.case(f"{name}-changed", f"{of} is changed by a bit.", {rule}, rest | {path: flipped})
            other = next((key for key in rest if key.startswith(f"{FOLDER}/") and rest[key] != data), None)
            if other is not None:
                files = rest | {path: rest[other], other: data}
                yield self.case(f"{name}-exchanged", f"{of} and another have changed places.", {rule}, files)


def _line_changes(lines: list[bytes]) -> Iterator[tuple[str, list[bytes], int]]:
    """Changes of a line that another may follow: a name, what stands there then, and instead of how many lines."""
    line, *after = lines
    yield "dropped", [], 1
    yield "repeated", [line, line], 1
    yield "spaced", [line + b" "], 1
    if after and after[0] != line and not line.startswith("\u2014".encode()):
        yield "moved", [after[0], line], 2
    if line:
        yield "emptied", [b""], 1
        for place in sorted({0, len(line) // 2, len(line) - 1}):
            other = b"B" if line[place : place + 1] == b"A" else b"A"
            yield f"changed-at-{place}", [line[:place] + other + line[place + 1 :]], 1


def _entry(body: bytes, signature: bytes) -> bytes:
    return _PREFIX + body + _MIDDLE + signature + _SUFFIX


def _bodies(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Changed bodies: every member has another value; the record's own are dropped, doubled and emptied too."""
    tree = jsontree.parse(body)
    for path, name in jsontree.paths(tree):
        value = jsontree.get(tree, path)
        trees = {"changed": (f"has another {name}", jsontree.put(tree, path, flipped(value)))}
        if len(path) == 1:
            trees["dropped"] = (f"has no {name}", jsontree.drop(tree, path))
            trees["doubled"] = (f"has {name} twice", jsontree.repeat(tree, path))
            trees["null"] = (f"has null for {name}", jsontree.put(tree, path, None))
        for what, (title, changed) in trees.items():
            yield f"{name}-{what}".lower(), title, jsontree.dump(changed).encode()
    yield "reversed", "has its members in the opposite order", jsontree.dump(type(tree)(tree[::-1])).encode()
    yield "spaced", "has a space between its members", body.replace(b",", b", ", 1)
    yield "more", "has a member more", body[:-1] + b',"more":0}'
    yield (
        "escaped",
        "has an escape that it does not need",
        body.replace(b"secretballot", b"s\\u0065cretballot", 1),
    )


def _signatures(signature: bytes) -> Iterator[tuple[str, str, bytes]]:
    text = b64encode(signature).encode()
    flipped_bit = b64encode(bytes([signature[0] ^ 1]) + signature[1:]).encode()
    yield "signed-changed", "has another signature", flipped_bit
    yield "signed-zero", "has a signature of zeros", b64encode(bytes(64)).encode()
    yield "signed-spare-bits", "has a signature with spare bits", text[:-1] + bytes([text[-1] + 1])
    yield "signed-padded", "has a signature with padding", text + b"=="


def flipped(value: Any) -> Any:
    """The nearest other value that may be read: a bit of the bytes, a digit, a letter, the order of a list."""
    match value:
        case bool():
            return not value
        case int():
            return value ^ 1
        case str() if len(value) > 20 and (data := bytes_of(value)):
            return b64encode(bytes([data[0] ^ 1]) + data[1:])
        case str() if value:
            last = value[-1]
            return value[:-1] + (str((int(last) + 1) % 10) if last.isdigit() else "b" if last == "a" else "a")
        case jsontree.Members():
            return type(value)(reversed(value))
        case list():
            return list(reversed(value))
    return None


def bytes_of(text: str) -> bytes:
    """The bytes of base64url text, or none."""
    try:
        return b64decode(text)
    except EncodingError:
        return b""
