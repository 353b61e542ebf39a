"""A store in a plain directory: what it holds, a person can read and copy with ordinary tools.

The directory is laid out like an election record: ``entries.jsonl``, ``checkpoint`` and ``attachments`` are a record's
(once the checkpoint is over all entries). Beside them stand an ``index`` with a line for each entry, and
``acknowledged`` with the number of entries that were acknowledged. The file ``about`` says so too.

An entry is appended under a lock of the directory, in four steps; a crash after each leaves:

1. the entry is written to ``entries.jsonl`` and synced: nothing, as no line of the index names it. Whoever
   writes next cuts it off.
2. its line is written to ``index``: nothing where the line is not whole; the next writer cuts it off. Where it is
   whole, the entry is there for the next writer, or whoever opens the store, who syncs and acknowledges it.
3. the index is synced: the entry, as before.
4. the older of two lines in ``acknowledged`` is written over: the entry. It is not synced. When the power fails, an
   older number may be found in it; all lines of the index behind it are then taken as in step 2.

So an entry is there with all its keys or not at all, and it is seen by others only once it is on the disk. Fewer
entries than ``acknowledged`` says, or bytes that are not those of the index, are damage: StoreError.

The keys and the Merkle tree are in memory, some 500 bytes an entry, made from the index at opening; what other
processes append is read from there too. The lock is flock(2): a network file system is no place for a store of files.
"""

from __future__ import annotations

import os
import threading
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from ...crypto.merkle import Frontier, MemoryTree, leaf_hash
from ...errors import StoreError, check_path
from ...files import file_of, sync_folder
from ...storage import DEFAULT_TIMEOUT, check_timeout
from . import layout
from .base import (
    DIGEST_SIZE,
    BoardStore,
    ConflictError,
    check_attachment,
    check_checkpoint,
    check_index,
    check_node,
    duplicate,
    own_entry,
)
from .layout import Line, Mark

#: Bytes that are copied at a time.
_PIECE = 2**20


class FilesStore(BoardStore):
    """The contract of :class:`BoardStore` in the directory ``path``, which is made unless ``create`` is false.

    ``timeout`` is in seconds, for another writer. Raises StoreError for a directory that cannot be read or written,
    holds something else (it is left as it was), or is damaged. A forked process opens its own store.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, create: bool = True, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        check_path(path, "a store's path")
        check_timeout(timeout)
        layout.check_locks()
        try:
            self._folder = Path(os.path.abspath(path))
            os.fsencode(self._folder)
        except UnicodeEncodeError:
            raise StoreError("no directory's path has a lone surrogate") from None
        if "\0" in str(self._folder):
            raise StoreError("no directory's path has a null character")
        self._timeout = timeout
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._closed = False
        #: The files that are open, by name.
        self._held: tuple[tuple[str, int], ...] = ()
        self._forget()
        with self._typed_errors(), ExitStack() as opened:
            self._check_folder(create)
            self._flock = self._open(opened, layout.LOCK, os.O_CREAT)
            with self._alone():
                if layout.find_file(self._folder / layout.ABOUT) is None:
                    self._make()
                self._entries = self._open(opened, layout.ENTRIES)
                self._index = self._open(opened, layout.INDEX)
                self._acknowledged = self._open(opened, layout.ACKNOWLEDGED)
                self._catch_up(self._settle())
            self._held = (
                (layout.LOCK, self._flock),
                (layout.ENTRIES, self._entries),
                (layout.INDEX, self._index),
                (layout.ACKNOWLEDGED, self._acknowledged),
            )
            self._files = opened.pop_all()

    def append(self, entry: bytes, keys: Sequence[bytes], expected_size: int) -> int:
        entry, keys = own_entry(entry, keys, expected_size)
        with self._session(), self._alone():
            self._catch_up(self._settle())
            for key in keys:
                if key in self._keys:
                    raise duplicate(self._keys[key])
            if self._tree.size != expected_size:
                raise ConflictError(self._tree.size, expected_size)
            index, at, start = self._mark
            line = Line(index, start, len(entry), leaf_hash(entry), tuple(keys))
            raw = line.encode()
            try:
                layout.write_at(self._entries, entry + b"\n", start)
                os.fsync(self._entries)
                layout.write_at(self._index, raw, at)
                os.fsync(self._index)
            except BaseException:
                self._cut(self._mark)
                raise
            # From here on it is there, also where this is cut off.
            mark = Mark(index + 1, at + len(raw), start + len(entry) + 1)
            self._acknowledge(mark)
            self._catch_up(mark)
            return index

    def size(self) -> int:
        with self._session():
            self._look()
            return self._tree.size

    def get(self, index: int) -> bytes:
        with self._session():
            if index >= self._tree.size:
                self._look()
            check_index(index, self._tree.size)
            start, end = self._ends[index], self._ends[index + 1]
            data = layout.read_at(self._entries, end - start, start)
            entry = data[:-1]
            if (
                len(data) != end - start
                or data[-1:] != b"\n"
                or leaf_hash(entry) != self._tree.node(0, index)
            ):
                raise self._corrupt(f"{layout.ENTRIES} holds another entry", f"entry {index}")
            return entry

    def find(self, key: bytes) -> int | None:
        with self._session():
            self._look()
            return self._keys.get(bytes(key))

    def node(self, level: int, index: int) -> bytes:
        with self._session():
            self._look()
            check_node(level, index, self._tree.size)
            return self._tree.node(level, index)

    def frontier(self) -> Frontier:
        with self._session():
            self._look()
            return self._tree.frontier()

    def put_checkpoint(self, note: bytes, size: int) -> None:
        check_checkpoint(note, size)
        with self._session(), self._alone():
            kept = self._kept_checkpoint()
            if kept is not None and kept[0] > size:
                return
            layout.put_file(self._folder / layout.NEW_CHECKPOINT, bytes(note))
            # From here on it is the one that is kept; the file's name follows.
            text = f"{size} {sha256(note).hexdigest()}\n"
            layout.put_file(self._folder / layout.CHECKPOINT_SIZE, text.encode("ascii"))
            self._kept_checkpoint()

    def checkpoint(self) -> bytes | None:
        with self._session(), self._alone():
            kept = self._kept_checkpoint()
            return None if kept is None else kept[1]

    def put_attachment(self, digest: bytes, data: bytes) -> None:
        check_attachment(digest, data)
        path = self._folder / layout.ATTACHMENTS / digest.hex()
        with self._session(), self._alone():
            found = layout.find_file(path)
            if found is None or (sha256(found).digest() != digest and sha256(data).digest() == digest):
                layout.put_file(path, data)  # Also in the place of one that was damaged.
            else:
                sync_folder(path.parent)  # Who wrote it may have died before this.

    def attachment(self, digest: bytes) -> bytes | None:
        digest = bytes(digest)
        with self._session(), self._alone():
            if len(digest) != DIGEST_SIZE:
                return None
            return layout.find_file(self._folder / layout.ATTACHMENTS / digest.hex())

    def close(self) -> None:
        # Not in a forked process: the files are its parent's.
        if os.getpid() == self._process:
            with self._typed_errors(), self._lock:
                self._closed = True
                self._files.close()

    # Making and opening.

    def _check_folder(self, create: bool) -> None:
        """The directory is there, and is a store or may become one."""
        if create:
            with suppress(FileExistsError):
                self._folder.mkdir()
        about = layout.find_file(self._folder / layout.ABOUT)
        if about is not None:
            if not layout.is_about(about):
                raise StoreError("the directory is no store: its file 'about' is another", item=self._item)
            return
        names = set(os.listdir(self._folder))
        if not create or names - layout.BEGUN:
            raise StoreError("the directory is no store: there is no file 'about'", item=self._item)
        for name in names & {layout.ENTRIES, layout.INDEX}:
            if (self._folder / name).stat().st_size:
                raise self._corrupt("its file 'about' is missing")

    def _make(self) -> None:
        with ExitStack() as opened:
            for name in (layout.ENTRIES, layout.INDEX, layout.ACKNOWLEDGED):
                file = self._open(opened, name, os.O_CREAT)
                if name == layout.ACKNOWLEDGED:
                    layout.write_at(file, Mark(0, 0, 0).encode() * 2, 0)
                os.fsync(file)
        (self._folder / layout.ATTACHMENTS).mkdir(exist_ok=True)
        layout.put_file(self._folder / layout.ABOUT, layout.TEXT.encode("ascii"))
        sync_folder(self._folder.parent)

    def _open(self, opened: ExitStack, name: str, flags: int = 0) -> int:
        file = os.open(self._folder / name, os.O_RDWR | flags, 0o666)
        opened.callback(os.close, file)
        return file

    # The files and what is in memory of them.

    def _forget(self) -> None:
        self._torn = False
        self._mark = Mark(0, 0, 0)
        self._tree = MemoryTree()
        self._keys: dict[bytes, int] = {}
        #: Where entries begin in ``entries.jsonl``, and where the last one ends.
        self._ends = array("Q", [0])

    def _look(self) -> None:
        """Takes in what others have appended. No lock is needed: the newest mark is never written over."""
        self._catch_up(self._told())

    def _told(self) -> Mark:
        found = layout.read_marks(self._acknowledged)
        if found is None:
            raise self._corrupt("its file 'acknowledged' cannot be read")
        mark, self._place = found
        return mark

    def _acknowledge(self, mark: Mark) -> None:
        """Writes over the older mark. The newest was read since this store has the lock."""
        layout.write_at(self._acknowledged, mark.encode(), layout.MARK_SIZE * (1 - self._place))

    def _catch_up(self, mark: Mark) -> None:
        """Takes in the lines of the index up to a mark."""
        if self._torn:  # An exception from outside, a signal's, ended this half-way.
            self._forget()
        if mark == self._mark:
            return
        if any(now < before for now, before in zip(mark, self._mark, strict=True)):
            raise StoreError("the store has lost entries that were there", item=f"entry {mark.size}")
        size = mark.index_end - self._mark.index_end
        lines = layout.read_at(self._index, size, self._mark.index_end).splitlines(keepends=True)
        self._torn = True
        for raw in lines:
            line = self._line(raw, self._tree.size, self._ends[-1])
            for key in line.keys:
                if self._keys.setdefault(key, line.number) != line.number:
                    raise self._corrupt("the index has a key twice", f"entry {line.number}")
            self._tree.append(line.leaf)
            self._ends.append(line.start + line.length + 1)
        if (self._tree.size, sum(map(len, lines)), self._ends[-1]) != (mark.size, size, mark.entries_end):
            raise self._corrupt("the index ends before the entries that are acknowledged")
        self._mark = mark
        self._torn = False

    def _line(self, raw: bytes, number: int, start: int) -> Line:
        """A line of the index, which is to be that of the entry ``number``."""
        line = Line.parse(raw)
        if line is None or (line.number, line.start) != (number, start):
            raise self._corrupt("its line in the index is damaged", f"entry {number}")
        return line

    def _settle(self) -> Mark:
        """Finishes or cuts off what a writer that died left behind the acknowledged entries; gives where they end."""
        mark = self._told()
        ends = os.fstat(self._index).st_size, os.fstat(self._entries).st_size
        if ends == mark[1:]:
            return mark
        if ends[0] < mark.index_end or ends[1] < mark.entries_end:
            raise self._corrupt("its files end before the entries that are acknowledged")
        whole = mark
        left = layout.read_at(self._index, ends[0] - mark.index_end, mark.index_end).splitlines(keepends=True)
        for place, raw in enumerate(left):
            if Line.parse(raw) is None:
                # Only one line can have been half written, the last. Old bytes on the disk may have a line feed.
                if any(map(Line.parse, left[place + 1 :])):
                    raise self._corrupt("its line in the index is damaged", f"entry {whole.size}")
                break
            line = self._line(raw, whole.size, whole.entries_end)
            end = line.start + line.length + 1
            entry = layout.read_at(self._entries, line.length + 1, line.start)
            if leaf_hash(entry[:-1]) != line.leaf or len(entry) != line.length + 1 or entry[-1:] != b"\n":
                raise self._corrupt(f"{layout.ENTRIES} holds another entry", f"entry {line.number}")
            whole = Mark(line.number + 1, whole.index_end + len(raw), end)
        if whole != mark:
            # A sync that failed may have left bytes in memory alone that the next one does not know of.
            self._write_again(self._entries, mark.entries_end, whole.entries_end)
            self._write_again(self._index, mark.index_end, whole.index_end)
        self._cut(whole)
        if whole != mark:
            self._acknowledge(whole)
        return whole

    def _write_again(self, file: int, start: int, end: int) -> None:
        for at in range(start, end, _PIECE):
            layout.write_at(file, layout.read_at(file, min(_PIECE, end - at), at), at)
        os.fsync(file)

    def _cut(self, mark: Mark) -> None:
        """Cuts off what stands behind; what cannot be cut now, the next writer will."""
        with suppress(OSError):
            os.ftruncate(self._index, mark.index_end)
            os.ftruncate(self._entries, mark.entries_end)

    def _kept_checkpoint(self) -> tuple[int, bytes] | None:
        """The size and the note of the checkpoint that is kept, under its name."""
        path, new = self._folder / layout.CHECKPOINT, self._folder / layout.NEW_CHECKPOINT
        told = layout.find_file(self._folder / layout.CHECKPOINT_SIZE)
        note = layout.find_file(path)
        if told is None and note is None:
            return None
        size, _, digest = (told or b"").decode("ascii", "replace").rstrip("\n").partition(" ")
        if note is None or sha256(note).hexdigest() != digest:
            note = layout.find_file(new)
            if note is None or sha256(note).hexdigest() != digest:
                raise self._corrupt("it is another than was kept", "checkpoint")
            new.replace(path)
            sync_folder(self._folder)
        if not size.isdecimal():
            raise self._corrupt("its size cannot be read", "checkpoint")
        return int(size), note

    # Who may use it.

    @property
    def _item(self) -> str:
        return f"store {self._folder.name}"

    def _corrupt(self, why: str, item: str | None = None) -> StoreError:
        return StoreError(f"the store is corrupt: {why}", item=item or self._item)

    @contextmanager
    def _session(self) -> Iterator[None]:
        """For this thread alone."""
        if os.getpid() != self._process:
            raise StoreError("the store was opened before a fork; open it in this process", item=self._item)
        with self._typed_errors(), self._lock:
            if self._closed:
                raise StoreError("the store is closed")
            yield

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """As the only one of all processes that writes."""
        with layout.locked(self._flock, self._timeout):
            for name, file in self._held:
                held = os.fstat(file)
                if file_of(self._folder / name) != (held.st_dev, held.st_ino):
                    raise StoreError(
                        "the store's file was replaced or removed while it was open",
                        item=f"{self._item}/{name}",
                    )
            yield

    @contextmanager
    def _typed_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(error.strerror or type(error).__name__, item=self._item) from error
