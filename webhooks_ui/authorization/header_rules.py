"""What may stand in a header: the rules of HTTP, said in words a person can act on."""

import re

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

MAX_CHARACTERS = 4_096  # of a login or a password
MAX_VALUE_CHARACTERS = 16_384  # of a header's value: tokens with many claims
MAX_NAME_CHARACTERS = 256

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_NOT_FIELD_TEXT = re.compile(r"[^\x20-\x7e]")
_NOT_PLAIN_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

# Names that frame the message, belong to the connection, or are set by us (RFC 9110 §7, §10;
# RFC 9112 §6; RFC 9113 §8.2.2; Standard Webhooks). `Authorization` and `Cookie` may be given.
_OWNED_PREFIXES = ("accept-", "content-", "if-", "proxy-", "webhook-")
_OWNED = frozenset(
    {"accept", "connection", "date", "expect", "forwarded", "host", "http2-settings", "keep-alive"}
    | {"max-forwards", "range", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade"}
    | {"user-agent", "via"}
)


def is_owned(name: str) -> bool:
    """Whether a header's name belongs to HTTP or to us.

    Many servers read `_` as `-` (RFC 3875 §4.1.18), so `webhook_id` counts as `webhook-id`.
    """
    canonical = name.lower().replace("_", "-")
    return canonical in _OWNED or canonical.startswith(_OWNED_PREFIXES)


def name_problem(name: str) -> LazyString | None:
    """What keeps a name from being a header of the owner's choosing, or None."""
    if not name:
        return _l("Enter a header name.")
    if len(name) > MAX_NAME_CHARACTERS:
        return _too_long(MAX_NAME_CHARACTERS)
    if not _TOKEN.fullmatch(name):
        return _l(
            "A header's name has only Latin letters, digits and - _ . and no spaces,"
            " for example X-Api-Key."
        )
    if is_owned(name):
        return _l(
            "%(name)s is set by HTTP or by this program. Choose another name,"
            " for example X-Api-Key.",
            name=name,
        )
    return None


def value_problem(value: str) -> LazyString | None:
    """What keeps a text from being sent as a header's value, or None.

    RFC 9110 §5.5: visible ASCII and inner spaces; other bytes mean nothing certain.
    """
    if len(value) > MAX_VALUE_CHARACTERS:
        return _too_long(MAX_VALUE_CHARACTERS)
    if found := _NOT_FIELD_TEXT.search(value):
        return _l(
            "Character %(place)d cannot travel in a header: only Latin letters, digits and"
            " common punctuation can. Look for a line break, a curly quote, a long dash or a"
            " Cyrillic letter that came in by copying.",
            place=found.start() + 1,
        )
    return None


def text_problem(text: str) -> LazyString | None:
    """What keeps a text from being a login or a password, or None.

    RFC 7617 §2: no control characters; and nothing that UTF-8 cannot carry.
    """
    if len(text) > MAX_CHARACTERS:
        return _too_long(MAX_CHARACTERS)
    if found := _NOT_PLAIN_TEXT.search(text):
        return _l(
            "Character %(place)d is a control character, such as a line break or a tab. Remove it.",
            place=found.start() + 1,
        )
    return None


def _too_long(most: int) -> LazyString:
    return _l("This is longer than %(most)d characters. Enter a shorter one.", most=most)
