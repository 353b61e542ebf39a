"""Key files: what is sealed comes back under its passphrase alone, and nothing else does; how a file is written."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nacl.exceptions
import nacl.pwhash.argon2id
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secretballot.crypto import key_file
from secretballot.crypto.encoding import b64decode, b64encode, frame, unframe
from secretballot.crypto.secret import Secret
from secretballot.errors import ArgumentError, EncodingError, InvalidKeyError, KeyFileError, SecretBallotError

FIELDS = (b"an id", b"", b"\0\xff" * 16)

PASSPHRASE = "correct horse battery staple"

pytestmark = pytest.mark.usefixtures("cheap_key_files")


def opened(data: bytes, passphrase: str = PASSPHRASE, kind: str = "test", count: int = 3) -> list[bytes]:
    return [field.reveal() for field in key_file.unseal(kind, passphrase, data, count)]


def loaded(
    path: Path,
    passphrase: str = PASSPHRASE,
    kind: str = "test",
    count: int = 3,
    limit: int = key_file.MAX_FILE_SIZE,
) -> list[bytes]:
    with key_file.load(path, kind, passphrase, count, limit=limit) as fields:
        return [field.reveal() for field in fields]


@pytest.fixture
def sealed() -> bytes:
    return key_file.seal("test", PASSPHRASE, *FIELDS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mai.key"


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


# Round trips.


def test_what_is_saved_is_loaded(path: Path) -> None:
    key_file.save(path, "test", PASSPHRASE, *FIELDS)
    assert loaded(path) == list(FIELDS)
    assert loaded(Path(str(path))) == list(FIELDS)
    assert names(path.parent) == ["mai.key"]


def test_the_form_of_a_file(sealed: bytes) -> None:
    line = rb"secretballot/1/key-file test argon2id 1 8 [\w-]{22} [\w-]{32}\n[\w-]+\n"
    assert re.fullmatch(line, sealed, re.ASCII)
    assert len(b64decode(sealed.split(b"\n")[1].decode())) == len(frame(*FIELDS)) + 16


def test_the_cost_that_is_written_is_libsodiums_moderate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    argon2id = nacl.pwhash.argon2id
    assert (key_file.OPERATIONS, key_file.MEMORY * 1024) == (
        argon2id.OPSLIMIT_MODERATE,
        argon2id.MEMLIMIT_MODERATE,
    )
    assert key_file.ALLOWED_OPERATIONS[0] == argon2id.OPSLIMIT_MIN
    assert key_file.ALLOWED_MEMORY[0] * 1024 == argon2id.MEMLIMIT_MIN
    assert (key_file.ALLOWED_OPERATIONS[-1], key_file.ALLOWED_MEMORY[-1] * 1024) == (10, 2**30)
    data = key_file.seal("test", PASSPHRASE, *FIELDS)
    assert b" argon2id 3 262144 " in data
    assert opened(data) == list(FIELDS)


def test_a_file_made_by_the_text_of_the_format() -> None:
    """The primitives by themselves, as another program would put them together."""
    salt, nonce = bytes(range(16)), bytes(range(24))
    header = f"secretballot/1/key-file test argon2id 2 16 {b64encode(salt)} {b64encode(nonce)}".encode()
    key = nacl.pwhash.argon2id.kdf(32, PASSPHRASE.encode(), salt, opslimit=2, memlimit=16 * 1024)
    encrypt = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt
    body = b64encode(encrypt(frame(*FIELDS), header, nonce, key)).encode()
    assert opened(header + b"\n" + body + b"\n") == list(FIELDS)


def test_salt_nonce_and_so_everything_are_new_each_time(sealed: bytes) -> None:
    again = key_file.seal("test", PASSPHRASE, *FIELDS)
    first, second = (data.replace(b"\n", b" ").split() for data in (sealed, again))
    assert first[:5] == second[:5]
    assert all(one != other for one, other in zip(first[5:], second[5:], strict=True))
    assert len(first) == 8


@given(
    st.lists(st.binary(max_size=40), max_size=4),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_fields_under_any_passphrase(fields: list[bytes], passphrase: str) -> None:
    data = key_file.seal("test", passphrase, *fields)
    assert opened(data, passphrase, count=len(fields)) == fields
    with pytest.raises(EncodingError):
        opened(data, passphrase, count=len(fields) + 1)


@given(st.lists(st.binary(max_size=20), max_size=5), st.data())
def test_a_frame_is_unframed_and_no_other_bytes_are(fields: list[bytes], data: st.DataObject) -> None:
    framed = frame(*fields)
    assert unframe(framed, len(fields)) == fields
    for wrong in (framed + b"\0", framed[:-1] if framed else b"\0"):
        with pytest.raises(EncodingError, match="framed fields"):
            unframe(wrong, len(fields))
    other = data.draw(st.integers(0, 7).filter(lambda count: count != len(fields)))
    with pytest.raises(EncodingError, match="framed fields"):
        unframe(framed, other)


def test_fields_come_back_as_secrets(sealed: bytes) -> None:
    fields = key_file.unseal("test", PASSPHRASE, sealed, 3)
    assert repr(fields) == "[<Secret redacted>, <Secret redacted>, <Secret redacted>]"
    assert opened(key_file.seal("test", PASSPHRASE, Secret(b"x"), b"y"), count=2) == [b"x", b"y"]


# The passphrase.


@pytest.mark.parametrize("wrong", [PASSPHRASE + " ", PASSPHRASE + "\n", PASSPHRASE[:-1], PASSPHRASE.upper()])
def test_another_passphrase(sealed: bytes, wrong: str) -> None:
    with pytest.raises(KeyFileError, match=r"^another passphrase, or a damaged file$"):
        opened(sealed, wrong)


def test_a_passphrase_is_normalised_to_nfc() -> None:
    composed, decomposed = (unicodedata.normalize(form, "mật khẩu") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert opened(key_file.seal("test", composed, *FIELDS), decomposed) == list(FIELDS)
    assert opened(key_file.seal("test", decomposed, *FIELDS), composed) == list(FIELDS)
    # NFKC would make these one.
    with pytest.raises(KeyFileError, match="another passphrase"):
        opened(key_file.seal("test", "ﬁ", *FIELDS), "fi")


@pytest.mark.parametrize("wrong", ["", "do-not-tell\ud800"])
def test_an_empty_passphrase_or_no_text(path: Path, sealed: bytes, wrong: str) -> None:
    for call in (lambda: key_file.save(path, "test", wrong, *FIELDS), lambda: opened(sealed, wrong)):
        with pytest.raises(KeyFileError, match="a passphrase is needed") as caught:
            call()
        error: BaseException | None = caught.value
        while error is not None:
            assert "do-not-tell" not in repr(error)
            assert not isinstance(error, UnicodeError)
            error = error.__context__
    assert names(path.parent) == []


@pytest.mark.parametrize("wrong", [None, b"bytes", 7, Secret("text")])
def test_a_passphrase_and_a_path_are_texts(path: Path, sealed: bytes, wrong: Any) -> None:
    with pytest.raises(ArgumentError, match="a passphrase as text must be given"):
        key_file.save(path, "test", wrong, *FIELDS)
    with pytest.raises(ArgumentError, match="a passphrase as text must be given"):
        opened(sealed, wrong)
    if not isinstance(wrong, str):
        with pytest.raises(ArgumentError, match="a key file's path must be given"):
            key_file.save(wrong, "test", PASSPHRASE, *FIELDS)
        with pytest.raises(ArgumentError, match="a key file's path must be given"):
            loaded(wrong)


# What is refused.


def test_every_flipped_byte(sealed: bytes) -> None:
    for place in range(len(sealed)):
        for bit in (1, 0x20, 0x80):
            changed = bytearray(sealed)
            changed[place] ^= bit
            with pytest.raises((KeyFileError, EncodingError)):
                opened(bytes(changed))


def test_every_length(sealed: bytes) -> None:
    for end in range(len(sealed)):
        with pytest.raises((KeyFileError, EncodingError)):
            opened(sealed[:end])
    for place in range(len(sealed) + 1):
        for more in (b"A", b"\n", b" "):
            if sealed[:place] + more + sealed[place:] != sealed:
                with pytest.raises((KeyFileError, EncodingError)):
                    opened(sealed[:place] + more + sealed[place:])
    for place in range(len(sealed)):
        with pytest.raises((KeyFileError, EncodingError)):
            opened(sealed[:place] + sealed[place + 1 :])


@pytest.mark.parametrize(
    ("place", "to", "message"),
    [
        (0, "secretballot/2/key-file", "not a key file of this version"),
        (0, "secretballot/1/signed-entry", "not a key file of this version"),
        (1, "other", r"^a key file of the kind other, not test$"),
        (1, "Test", "not a key file of this version"),
        (1, "t" * 33, "not a key file of this version"),
        (2, "argon2i", "not a key file of this version"),
        (3, "2", "another passphrase, or a damaged file"),
        (3, "01", "not a key file of this version"),
        (3, "+1", "not a key file of this version"),
        (3, "\u0661", "not a key file of this version"),
        (3, "0", "not a key file of this version"),
        (3, "11", "costs of Argon2id"),
        (3, "100", "not a key file of this version"),
        (4, "9", "another passphrase, or a damaged file"),
        (4, "7", "costs of Argon2id"),
        (4, "08", "not a key file of this version"),
        (4, "8.0", "not a key file of this version"),
        (4, "1048577", "costs of Argon2id"),
        (4, "9999999", "costs of Argon2id"),
        (4, "10000000", "not a key file of this version"),
        (5, "A" * 22, "another passphrase, or a damaged file"),
        (5, "A" * 21 + "B", "not canonical base64url"),
        (5, "A" * 21, "not a key file of this version"),
        (5, "A" * 23, "not a key file of this version"),
        (5, "A" * 21 + "+", "not a key file of this version"),
        (6, "A" * 32, "another passphrase, or a damaged file"),
        (6, "A" * 31, "not a key file of this version"),
        (6, "A" * 33, "not a key file of this version"),
    ],
)
def test_each_field_of_the_header(sealed: bytes, place: int, to: str, message: str) -> None:
    header, body = sealed.split(b"\n", 1)
    fields = header.decode().split(" ")
    fields[place] = to
    with pytest.raises((KeyFileError, EncodingError), match=message):
        opened(" ".join(fields).encode() + b"\n" + body)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: b"", "not a key file"),
        (lambda data: b"\n\n", "not a key file"),
        (lambda data: data[:-1], "not a key file"),
        (lambda data: data.replace(b"\n", b"\r\n"), "not a key file"),
        (lambda data: b"\xef\xbb\xbf" + data, "not a key file"),
        (lambda data: data + data, "not base64url"),
        (lambda data: data + b"\n", "not base64url"),
        (lambda data: data[:-1] + b"=\n", "not base64url"),
        (lambda data: data[:-1] + b"\xe9\n", "not base64url"),
        (lambda data: data.split(b"\n")[0] + b"\n\n", "the ciphertext is cut"),
        (lambda data: data.split(b"\n")[0] + b"\n" + b"A" * 20 + b"\n", "the ciphertext is cut"),
        (lambda data: data.split(b"\n")[0] + b"\n" + b"A" * 22 + b"\n", "another passphrase, or a damaged"),
    ],
)
def test_other_bytes(sealed: bytes, change: Callable[[bytes], bytes], message: str) -> None:
    with pytest.raises((KeyFileError, EncodingError), match=message):
        opened(change(sealed))


def test_a_stranger_cannot_make_it_work_for_long(sealed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is beyond the bounds is refused before anything is stretched."""
    monkeypatch.setattr(key_file, "_stretch", lambda *_: pytest.fail("stretched"))
    for costs in (b"11 8", b"1 1048577", b"99 9999999"):
        with pytest.raises(KeyFileError, match="costs of Argon2id"):
            opened(sealed.replace(b"argon2id 1 8", b"argon2id " + costs))
    with pytest.raises(KeyFileError, match="of the kind test, not other"):
        opened(sealed, kind="other")


def test_too_little_memory(sealed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (nacl.exceptions.RuntimeError, MemoryError):

        def fail(*_: object, error: type[Exception] = error, **__: object) -> bytes:
            raise error("do-not-tell")

        monkeypatch.setattr(nacl.pwhash.argon2id, "kdf", fail)
        with pytest.raises(KeyFileError, match=r"^Argon2id needs 8 KiB of memory$"):
            opened(sealed)


def test_a_file_is_read_within_a_bound(path: Path) -> None:
    whole = len(key_file.seal("test", PASSPHRASE, bytes(30)))
    key_file.save(path, "test", PASSPHRASE, bytes(30), limit=whole)
    assert loaded(path, count=1, limit=whole) == [bytes(30)]
    with pytest.raises(KeyFileError, match=f"at most {whole} bytes, not {whole + 2}"):
        key_file.save(path, "test", PASSPHRASE, bytes(31), replace=True, limit=whole)
    with pytest.raises(KeyFileError, match=f"at most {whole - 1} bytes"):
        loaded(path, count=1, limit=whole - 1)
    # Where nobody says how many.
    large = bytes(key_file.MAX_FILE_SIZE)
    with pytest.raises(KeyFileError, match=f"at most {key_file.MAX_FILE_SIZE} bytes"):
        key_file.save(path, "test", PASSPHRASE, large, replace=True)
    key_file.save(path, "test", PASSPHRASE, large, replace=True, limit=2 * key_file.MAX_FILE_SIZE)
    assert loaded(path, count=1, limit=2 * key_file.MAX_FILE_SIZE) == [large]
    with pytest.raises(KeyFileError, match=f"at most {key_file.MAX_FILE_SIZE} bytes"):
        loaded(path, count=1)
    if Path("/dev/zero").exists():
        with pytest.raises(KeyFileError, match="at most"):
            loaded(Path("/dev/zero"))


# Files.


def test_the_error_names_the_file_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "line\nend.key"
    path.write_bytes(b"nothing")
    with pytest.raises(KeyFileError) as caught:
        loaded(path)
    assert str(caught.value) == "key file 'line\\nend.key': not a key file of this version"
    assert isinstance(caught.value, SecretBallotError)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("error", [EncodingError, InvalidKeyError])
def test_what_a_role_finds_wrong_in_a_file_is_a_key_file_error(path: Path, error: type[Exception]) -> None:
    key_file.save(path, "test", PASSPHRASE, *FIELDS)
    with pytest.raises(KeyFileError, match=r"^key file 'mai.key': so it is$"):  # noqa: SIM117
        with key_file.load(path, "test", PASSPHRASE, 3):
            raise error("so it is")
    with pytest.raises(KeyError), key_file.load(path, "test", PASSPHRASE, 3):
        raise KeyError("anything else is left alone")


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    for wrong in (tmp_path / "absent", tmp_path, tmp_path / "absent" / "x", Path("a\0b")):
        with pytest.raises(KeyFileError, match="cannot be read: "):
            loaded(wrong)
    for wrong in (tmp_path / "absent" / "x", tmp_path / "a\0b"):
        with pytest.raises(KeyFileError, match="cannot be written: "):
            key_file.save(wrong, "test", PASSPHRASE, *FIELDS)
    with pytest.raises(KeyFileError, match="what would be replaced is no key file of the kind test"):
        key_file.save(tmp_path, "test", PASSPHRASE, *FIELDS, replace=True)
    assert names(tmp_path) == []


def test_an_existing_file_is_replaced_only_when_asked(path: Path) -> None:
    key_file.save(path, "test", PASSPHRASE, *FIELDS)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="there is such a file already"):
        key_file.save(path, "test", PASSPHRASE, b"another")
    assert path.read_bytes() == before
    key_file.save(path, "test", "another passphrase", b"another", replace=True)
    assert loaded(path, "another passphrase", count=1) == [b"another"]
    assert names(path.parent) == ["mai.key"]


def test_only_a_file_of_the_same_kind_is_replaced(path: Path) -> None:
    """A trustee's newest state does not take the place of its long-term keys, nor of anything else, by a wrong name."""
    key_file.save(path, "test", PASSPHRASE, *FIELDS)
    for kind, data in (("other", path.read_bytes()), ("test", b"a letter"), ("test", b"\n")):
        path.write_bytes(data)
        with pytest.raises(KeyFileError, match=f"what would be replaced is no key file of the kind {kind}"):
            key_file.save(path, kind, PASSPHRASE, b"new", replace=True)
        assert path.read_bytes() == data
    # What an interrupted save leaves on a file system without links.
    path.write_bytes(b"")
    with pytest.raises(KeyFileError, match="there is such a file already"):
        key_file.save(path, "test", PASSPHRASE, b"new")
    key_file.save(path, "test", PASSPHRASE, b"new", replace=True)
    assert loaded(path, count=1) == [b"new"]


def test_what_a_link_points_to_is_replaced(path: Path) -> None:
    """The older state must not stay where the link pointed."""
    target = path.parent / "target"
    key_file.save(target, "test", PASSPHRASE, b"old")
    path.symlink_to(target)
    key_file.save(path, "test", PASSPHRASE, b"new", replace=True)
    assert path.is_symlink()
    assert loaded(target, count=1) == [b"new"]


def test_a_link_to_nowhere_is_an_existing_file(path: Path) -> None:
    path.symlink_to(path.parent / "target")
    with pytest.raises(KeyFileError, match="there is such a file already"):
        key_file.save(path, "test", PASSPHRASE, *FIELDS)
    assert names(path.parent) == ["mai.key"]


@pytest.mark.parametrize("replace", [False, True])
def test_only_the_owner_may_read(path: Path, replace: bool) -> None:
    if replace:
        path.touch(mode=0o644)
    before = os.umask(0)
    try:
        key_file.save(path, "test", PASSPHRASE, *FIELDS, replace=replace)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_others_may_read_is_loaded(path: Path) -> None:
    key_file.save(path, "test", PASSPHRASE, *FIELDS)
    path.chmod(0o644)
    assert loaded(path) == list(FIELDS)


def failing(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_a_write_that_fails_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, where: str, replace: bool
) -> None:
    if replace:
        key_file.save(path, "test", PASSPHRASE, *FIELDS)
    held = {entry.name: entry.read_bytes() for entry in path.parent.iterdir()}
    # Without links the file is moved into place; that fails too.
    monkeypatch.setattr(os, "link", failing)
    monkeypatch.setattr(os, "fsync", failing) if where == "fsync" else monkeypatch.setattr(
        Path, "replace", failing
    )
    with pytest.raises(KeyFileError, match="cannot be written: No space left on device"):
        key_file.save(path, "test", PASSPHRASE, b"new", replace=replace)
    assert {entry.name: entry.read_bytes() for entry in path.parent.iterdir()} == held


def test_the_content_is_on_the_disk_before_the_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, link = os.fsync, os.link

    def note_fsync(descriptor: int) -> None:
        folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        done.append("folder" if folder else f"file {os.fstat(descriptor).st_size > 0}")
        fsync(descriptor)

    def note_link(source: Path, target: Path) -> None:
        done.append("name")
        link(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "link", note_link)
    key_file.save(path, "test", PASSPHRASE, *FIELDS)
    assert done == ["file True", "name", "folder"]


def test_a_file_system_without_links(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    key_file.save(path, "test", PASSPHRASE, *FIELDS)
    assert loaded(path) == list(FIELDS)
    with pytest.raises(KeyFileError, match="there is such a file already"):
        key_file.save(path, "test", PASSPHRASE, b"another")
    assert loaded(path) == list(FIELDS)
    assert names(path.parent) == ["mai.key"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EIO])
def test_a_folder_that_cannot_be_synced(path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Some systems sync no folders; a disk that fails is something else."""
    fsync = os.fsync

    def refuse(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    if number == errno.EIO:
        with pytest.raises(KeyFileError, match="cannot be written: Input/output error"):
            key_file.save(path, "test", PASSPHRASE, *FIELDS)
    else:
        key_file.save(path, "test", PASSPHRASE, *FIELDS)
    assert loaded(path) == list(FIELDS)


def test_a_folder_that_cannot_be_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def refuse(name: object, flags: int, *rest: int) -> int:
        if flags == os.O_RDONLY and name == path.parent:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(name, flags, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    key_file.save(path, "test", PASSPHRASE, *FIELDS)
    assert loaded(path) == list(FIELDS)
