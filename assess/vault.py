"""Keys, and values sealed with them.

Each person has a data key of their own, in a file of the key folder, wrapped by the installation's master key. The key
folder is never part of a database backup: when the file is destroyed, whatever it sealed is unreadable everywhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from assess.errors import AssessError, KeyDestroyed

_VERSION = b"\x01"
_NONCE_BYTES = 12  # 96 bits, as NIST SP 800-38D recommends for GCM
_KEY_BYTES = 32
_MOST_OPENED = 2048  # the oldest is forgotten first
_BLOCK = 64  # an answer, another answer and a skip have one length
SHORTEST_SEALED = len(_VERSION) + _NONCE_BYTES + 16  # version, nonce, tag: what a check constraint can ask for


class WrongKey(AssessError):
    """The key folder does not belong to this database, or the value was altered."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A data key that was unwrapped, and the moment its file was written."""

    written: int
    key: bytes
    cipher: AESGCM


class Vault:
    """Seals, opens and forgets.

    Keys that were used lately stay unwrapped: the process holds the master key, so that gives nothing away. Each use
    looks at the file first, so that a key destroyed here or by another process is not used once more.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._people = folder / "people"
        self._people.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._master = AESGCM(self.installation_key("master"))
        self._opened: OrderedDict[str, _Opened] = OrderedDict()

    def installation_key(self, name: str) -> bytes:
        """Return the installation's own key of that name; it is made at the first asking."""
        file = self._folder / f"{name}.key"
        if not file.exists():
            _write_durably(file, secrets.token_bytes(_KEY_BYTES))
        key = file.read_bytes()
        if len(key) != _KEY_BYTES:
            raise WrongKey(f"{file.name} in the key folder is damaged: restore it from where you keep your keys")
        return key

    def create(self, person_id: str) -> None:
        """Make and keep a data key for a new person."""
        key = secrets.token_bytes(_KEY_BYTES)
        _write_durably(self._file(person_id), _encrypt(self._master, key, f"key:{person_id}".encode()))

    def destroy(self, person_id: str) -> None:
        """Forget a person's data key for good; asking again changes nothing."""
        self._opened.pop(person_id, None)
        file = self._file(person_id)
        if file.exists():
            with file.open("r+b") as stream:
                stream.write(secrets.token_bytes(file.stat().st_size))
                stream.flush()
                os.fsync(stream.fileno())
            file.unlink()
            sync_folder(self._people)

    def holds(self, person_id: str) -> bool:
        """Return whether the person's key still exists."""
        return self._file(person_id).exists()

    def seal(self, person_id: str, text: str, *context: str) -> bytes:
        """Encrypt `text` for a person; `context` (table, row, item, …) must be given again to open it."""
        plain = text.encode()
        padded = plain + b"\0" * (-len(plain) % _BLOCK)
        return _encrypt(self._open_key(person_id).cipher, padded, _associated(person_id, context))

    def open(self, person_id: str, sealed: bytes, *context: str) -> str:
        """Decrypt what `seal` made with the same context."""
        plain = _decrypt(self._open_key(person_id).cipher, sealed, _associated(person_id, context))
        return plain.rstrip(b"\0").decode()

    def index(self, text: str) -> str:
        """Return a keyed digest by which a sealed value (a mail address) can be looked up."""
        return _digest(self.installation_key("index"), text)

    def pseudonym(self, person_id: str, purpose: str) -> str:
        """Return the person's name for one purpose; without their key nobody can make or trace it."""
        return _digest(self._open_key(person_id).key, purpose)

    def _file(self, person_id: str) -> Path:
        return self._people / f"{person_id}.key"

    def _open_key(self, person_id: str) -> _Opened:
        """Return the data key; the file is looked at each time, so that a key destroyed elsewhere is gone here too."""
        try:
            written = os.stat(f"{self._people}/{person_id}.key").st_mtime_ns
        except FileNotFoundError:
            self._opened.pop(person_id, None)
            raise KeyDestroyed("This person's data was erased.") from None
        known = self._opened.get(person_id)
        if known and known.written == written:
            return known
        key = _decrypt(self._master, self._file(person_id).read_bytes(), f"key:{person_id}".encode())
        opened = self._opened[person_id] = _Opened(written, key, AESGCM(key))
        while len(self._opened) > _MOST_OPENED:
            self._opened.popitem(last=False)
        return opened


def _encrypt(cipher: AESGCM, plain: bytes, associated: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + nonce + cipher.encrypt(nonce, plain, _VERSION + associated)


def _decrypt(cipher: AESGCM, sealed: bytes, associated: bytes) -> bytes:
    version, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if version != _VERSION:
        raise WrongKey("This value was sealed by a version of assess that this one does not know.")
    try:
        return cipher.decrypt(nonce, body, version + associated)
    except InvalidTag:
        raise WrongKey(
            "The key folder does not fit this database, or a stored value was altered. "
            "Restore the key folder that belongs to the database."
        ) from None


def _associated(person_id: str, context: tuple[str, ...]) -> bytes:
    return "\x1f".join((person_id, *context)).encode()


def _digest(key: bytes, text: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode().rstrip("=")


def _write_durably(file: Path, content: bytes) -> None:
    """Write a file that is whole or absent, whatever happens in between."""
    temporary = file.with_suffix(f".{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.rename(file)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make names that were added to or taken from a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
