"""Passwords: the policy, hashing with argon2id, verification.

Passwords are prepared by the OpaqueString profile of RFC 8265: NFC, so that `й` typed on macOS and
on Windows is the same, and every kind of space becomes U+0020.
"""

import re
import threading
import unicodedata
from base64 import b64encode
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

MIN_LENGTH = 12  # characters
MAX_LENGTH = 256
MEMORY = 47 * 1024  # KiB
ROUNDS = 2
_hasher = PasswordHasher(time_cost=ROUNDS, memory_cost=MEMORY, parallelism=1, type=Type.ID)
# A hash takes 47 MiB: a flood of sign-ins must not exhaust the memory.
_slots = threading.BoundedSemaphore(4)

_GUESSABLE_SCORE = 2  # zxcvbn's 0 and 1 fall within 10^6 guesses
_ZXCVBN_LIMIT = 72  # characters; zxcvbn refuses more
_OWN_WORDS = ("webhooks", "пароль", "вебхук", "адміністратор", "слава", "україна", "україні")
# Known beside zxcvbn's 30,000 from breaches.
_KNOWN = frozenset(
    ("correcthorsebatterystaple", "слава україні", "славаукраїні", "героям слава", "героямслава")
)
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
# The Ukrainian layout, key by key, so that `йцукен` is as guessable as `qwerty`.
_KEYS = str.maketrans(
    "йцукенгшщзхїфівапролджєячсмитьбюґ’",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,.\\`",
)


def problem(password: str, login: str = "") -> LazyString | None:
    """Why this password is refused for `login`, or None."""
    # NFC makes it shorter, but not by more than a quarter of its length.
    if len(password) > MAX_LENGTH * 4 or len(password := _prepared(password)) > MAX_LENGTH:
        return _l("Use at most %(count)s characters.", count=MAX_LENGTH)
    if len(password) < MIN_LENGTH:
        return _l("Use at least %(count)s characters.", count=MIN_LENGTH)
    if _is_login(password, login) or _is_breached(password) or _is_guessable(password, login):
        return _l("This is easy to guess. Use a few unrelated words.")
    return None


def hash_password(password: str) -> str:
    """The argon2id hash. It takes about 80 ms: never within a write transaction."""
    with _slots:
        return _hasher.hash(_encoded(password))


def verify(kept: str | None, password: str) -> bool:
    """Whether `password` matches the hash; None takes as long and never matches."""
    if len(password) > MAX_LENGTH * 4:  # as in `problem`
        return False
    try:
        with _slots:
            _hasher.verify(kept or _UNMATCHED, _encoded(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether the hash has other parameters than today's and should be replaced."""
    return _hasher.check_needs_rehash(kept)


def _prepared(password: str) -> str:
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in password)
    return unicodedata.normalize("NFC", spaced)


def _encoded(password: str) -> bytes:
    # A terminal with another encoding can produce lone surrogates.
    return _prepared(password).encode("utf-8", "surrogatepass")


def _is_login(password: str, login: str) -> bool:
    """Whether the password is little more than the login."""
    rest = password.lower().replace(login, "") if len(login) > 2 else password
    return len(rest) < MIN_LENGTH // 2


def _is_breached(password: str) -> bool:
    """Whether it is a password known from breaches, also with digits and signs around it."""
    core = _AROUND.sub("", password.lower())
    return bool({core, core.translate(_KEYS)} & _breached())


@cache
def _breached() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return _KNOWN.union(FREQUENCY_LISTS["passwords"])


def _is_guessable(password: str, login: str) -> bool:
    from zxcvbn import zxcvbn  # slow to import: dictionaries

    known = [login, *_OWN_WORDS]
    known += [word.translate(_KEYS) for word in known]
    # `admin admin` is no better than `adminadmin`.
    closed = re.sub(r"[\s._-]", "", password)
    spellings = {password, closed, password.lower().translate(_KEYS)} - {""}
    return any(
        zxcvbn(spelling[:_ZXCVBN_LIMIT], user_inputs=known)["score"] < _GUESSABLE_SCORE
        for spelling in spellings
    )


# A hash with today's parameters that no password matches, for unknown logins.
_SALT, _DIGEST = (b64encode(bytes(n)).decode().rstrip("=") for n in (16, 32))
_UNMATCHED = f"$argon2id$v=19$m={MEMORY},t={ROUNDS},p=1${_SALT}${_DIGEST}"
