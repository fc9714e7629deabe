"""Passwords: which are accepted, how they are kept (argon2id) and how they are checked.

A password is taken as the OpaqueString profile of RFC 8265 has it: composed (NFC), so that `й`
typed on a Mac and on Windows is the same, and every kind of space the plain one. Nothing else is
changed.
"""

import re
import threading
import unicodedata
from base64 import b64encode

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

MIN_LENGTH = 12  # characters
MAX_LENGTH = 256
MEMORY = 47 * 1024  # KiB
ROUNDS = 2
_hasher = PasswordHasher(time_cost=ROUNDS, memory_cost=MEMORY, parallelism=1, type=Type.ID)
# Each hashing holds 47 MiB: a flood of sign-ins must not take the machine's memory.
_turns = threading.BoundedSemaphore(4)

_GUESSABLE_SCORE = 2  # zxcvbn's 0 and 1 fall within 10^6 guesses
_ZXCVBN_LIMIT = 72  # characters; zxcvbn refuses more
_OWN_WORDS = ("webhooks", "пароль", "вебхук", "адміністратор", "слава", "україна", "україні")
# The Ukrainian layout, key by key, so that `йцукен` is as guessable as `qwerty`.
_KEYS = str.maketrans(
    "йцукенгшщзхїфівапролджєячсмитьбюґ’",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,.\\`",
)


def problem(password: str, login: str = "") -> LazyString | None:
    """Why this password is not accepted for `login`; None when it is."""
    password = _prepared(password)
    if len(password) < MIN_LENGTH:
        return _l("Use at least %(count)s characters.", count=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        return _l("Use at most %(count)s characters.", count=MAX_LENGTH)
    if _is_login(password, login) or _is_guessable(password, login):
        return _l("This is easy to guess. Take several words that do not belong together.")
    return None


def hash_password(password: str) -> str:
    """The argon2id hash to keep. It takes about 80 ms: never inside a write transaction."""
    with _turns:
        return _hasher.hash(_encoded(password))


def verify(kept: str | None, password: str) -> bool:
    """Whether `password` is the one of the `kept` hash; None takes as long and is never right."""
    if len(password) > MAX_LENGTH * 4:  # composing makes it shorter, but not by more
        return False
    try:
        with _turns:
            _hasher.verify(kept or _NOBODYS, _encoded(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with other parameters than today's and should be made anew."""
    return _hasher.check_needs_rehash(kept)


def _prepared(password: str) -> str:
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in password)
    return unicodedata.normalize("NFC", spaced)


def _encoded(password: str) -> bytes:
    # A lone surrogate can come from a terminal with another encoding; it is a character like any.
    return _prepared(password).encode("utf-8", "surrogatepass")


def _is_login(password: str, login: str) -> bool:
    """Whether there is little in the password beside the login."""
    rest = password.lower().replace(login, "") if len(login) > 2 else password
    return len(rest) < MIN_LENGTH // 2


def _is_guessable(password: str, login: str) -> bool:
    from zxcvbn import zxcvbn  # its dictionaries are needed by nothing else

    known = [login, *_OWN_WORDS]
    known += [word.translate(_KEYS) for word in known]
    # `admin admin` is no better than `adminadmin`.
    closed = re.sub(r"[\s._-]", "", password)
    spellings = {password, closed, password.lower().translate(_KEYS)} - {""}
    return any(
        zxcvbn(spelling[:_ZXCVBN_LIMIT], user_inputs=known)["score"] < _GUESSABLE_SCORE
        for spelling in spellings
    )


def _unmatched() -> str:
    """A hash of today's cost that belongs to no password, for logins that do not exist."""
    salt, digest = (b64encode(bytes(n)).decode().rstrip("=") for n in (16, 32))
    return f"$argon2id$v=19$m={MEMORY},t={ROUNDS},p=1${salt}${digest}"


_NOBODYS = _unmatched()
