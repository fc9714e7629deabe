"""The installation's keys: made on the first start, then read from the data dir."""

import base64
import os
import pwd
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webhooks_ui.database import files

SECRET, ENCRYPTION = "secret_key", "encryption_keys"
"""The files of the keys."""


class KeyFileError(Exception):
    """A key file cannot be read or written, or has other keys than the database needs.

    The text is one line for the operator.
    """


@dataclass(frozen=True, slots=True)
class Keys:
    """`secret_key` signs sessions and forms; `encryption_keys` are 32 bytes each, newest first."""

    secret_key: str = field(repr=False)
    encryption_keys: tuple[bytes, ...] = field(repr=False)


def ensure(
    data_dir: Path, settings: Mapping[str, Any], is_new: Callable[[], bool] = lambda: True
) -> Keys:
    """The keys given as settings (SECRET_KEY, ENCRYPTION_KEYS), else those in the data dir.

    Missing files are made: `secret_key` and `encryption_keys`, mode 0600, in a folder of mode
    0700; the latter only where `is_new` says that nothing has been encrypted yet. Processes that
    start at once return the same keys. Raises `KeyFileError`.
    """
    try:
        private_folder(data_dir)
        secret_key = settings.get("SECRET_KEY") or _secret_key(data_dir / SECRET)
        encryption = settings.get("ENCRYPTION_KEYS") or _encryption_keys(
            data_dir / ENCRYPTION, is_new
        )
    except OSError as error:
        raise KeyFileError(
            f"{error.filename or data_dir}: {error.strerror}. The data folder, which"
            " WEBHOOKS_UI_DATA_DIR names, has to be writable."
        ) from None
    return Keys(secret_key, tuple(encryption))


def renewal(data_dir: Path) -> Callable[[], tuple[bytes, ...] | None]:
    """Looks whether the file of encryption keys has changed: its keys when it has, else None."""
    file, seen = data_dir / ENCRYPTION, [(0, 0)]

    def renewed() -> tuple[bytes, ...] | None:
        try:
            facts = file.stat()
            state = facts.st_ino, facts.st_mtime_ns
            if state == seen[0]:
                return None
            keys = read_encryption_keys(data_dir)
        except (OSError, KeyFileError):
            return None  # those in memory still read what they have encrypted
        seen[0] = state
        return keys

    return renewed


def present(data_dir: Path, settings: Mapping[str, Any]) -> tuple[bytes, ...]:
    """The encryption keys that there are, newest first: none is made, nothing is refused."""
    given: tuple[bytes, ...] = settings["ENCRYPTION_KEYS"]
    return given or parsed(_read(data_dir / ENCRYPTION))


def texts(data_dir: Path, settings: Mapping[str, Any]) -> dict[str, bytes]:
    """The key files, by their names; where the keys are settings, as their files would be."""
    secret = settings["SECRET_KEY"] or _read(data_dir / SECRET)
    found = {SECRET: f"{secret}\n", ENCRYPTION: _lines(present(data_dir, settings))}
    return {name: text.encode() for name, text in found.items() if text.strip()}


@contextmanager
def taken_over(
    data_dir: Path, settings: Mapping[str, Any], kept: Mapping[str, bytes]
) -> Iterator[None]:
    """Makes `kept`, key files of a backup, those of the data folder; settings go above them.

    While the database is replaced, the keys of both can be read, whatever ends the process.
    """
    new = parsed(kept.get(ENCRYPTION, b"").decode())
    if settings["ENCRYPTION_KEYS"] or not new:
        yield
        return
    write_encryption_keys(data_dir, (*new, *present(data_dir, settings)))
    yield
    write_encryption_keys(data_dir, new)
    if SECRET in kept and not settings["SECRET_KEY"]:
        files.replace(data_dir / SECRET, f"{kept[SECRET].decode().strip()}\n")


def parsed(text: str) -> tuple[bytes, ...]:
    """The keys in the text of a key file; none where it holds anything else."""
    try:
        keys = tuple(base64.urlsafe_b64decode(part) for part in text.replace(",", " ").split())
    except ValueError:
        return ()
    return () if any(len(key) != 32 for key in keys) else keys


def read_encryption_keys(data_dir: Path) -> tuple[bytes, ...]:
    """The keys in the file, newest first. Raises `KeyFileError`."""
    return _encryption_keys(data_dir / ENCRYPTION, lambda: False)


def write_encryption_keys(data_dir: Path, keys: Iterable[bytes]) -> None:
    """Replaces the file of encryption keys at once; whoever runs takes the new ones over."""
    files.replace(data_dir / ENCRYPTION, _lines(keys))


def _lines(keys: Iterable[bytes]) -> str:
    return "".join(f"{base64.urlsafe_b64encode(key).decode()}\n" for key in dict.fromkeys(keys))


def new_encryption_key() -> str:
    """32 random bytes in base64url."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _secret_key(file: Path) -> str:
    text = _read_or_make(file, lambda: secrets.token_urlsafe(32))
    if len(text) < 16:
        raise KeyFileError(f"{file} holds no key. Delete it, and a new one is made.")
    return text


def _encryption_keys(file: Path, is_new: Callable[[], bool]) -> tuple[bytes, ...]:
    # Looked at again: another process may have made the file and encrypted something meanwhile.
    if not file.exists() and not is_new() and not file.exists():
        raise KeyFileError(
            f"{file} is missing, and the database has secrets encrypted under its key. Put it back"
            " from a backup, or set WEBHOOKS_UI_ENCRYPTION_KEYS to its keys."
        )
    keys = parsed(_read_or_make(file, new_encryption_key))
    if not keys:
        raise KeyFileError(
            f"{file} holds no encryption key. Put it back from a backup;"
            " without it the stored secrets cannot be read."
        )
    return keys


def private_folder(folder: Path) -> None:
    """Makes the folder; one of ours that is still unused, such as a new volume, gets mode 0700."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.stat()
    _refuse_root(folder)
    ours = facts.st_uid == os.getuid() and not facts.st_mode & stat.S_ISVTX
    if ours and facts.st_mode & 0o077 and {entry.name for entry in folder.iterdir()} <= _KEPT:
        folder.chmod(0o700)


def _refuse_root(folder: Path) -> None:
    """Files that root makes in the folder of a service are closed to the service."""
    if os.geteuid() != 0:
        return
    for name in (SECRET, ENCRYPTION, "webhooks.db"):
        file = folder / name
        if file.exists() and (owner := file.stat().st_uid) != 0:
            raise KeyFileError(
                f"{file} belongs to {_user_name(owner)}, and root would make files there that this"
                f" user cannot open. Run the command as that user: sudo -u {_user_name(owner)} …"
            )


def _user_name(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return f"#{user_id}"


_KEPT = {".gitignore", ".gitkeep", "lost+found"}


def _read_or_make(file: Path, make: Callable[[], str]) -> str:
    if not file.exists():
        # It fails where another process was first: that one's key is the key.
        with files.draft(file, f"{make()}\n") as draft, suppress(FileExistsError):
            file.hardlink_to(draft)
        files.sync(file.parent)  # without its key, stored secrets cannot be read
    return _read(file)


def _read(file: Path) -> str:
    """What a key file holds; nothing where there is none, or where it is no text in ASCII."""
    try:
        return file.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
