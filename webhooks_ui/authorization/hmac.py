"""HMAC: a signature of the body in a header of one's choosing, as GitHub and Chatwoot make it."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.authorization.base import Authorization, Header, Text
from webhooks_ui.authorization.header_rules import name_problem, text_problem, value_problem

ALGORITHMS = ("sha256", "sha512", "sha1")
ENCODINGS = ("hex", "base64")
_NOT_OFFERED = _l("Choose one from the list.")
_SAME_HEADER = _l("Enter another name: this header already carries the signature.")


@dataclass(frozen=True, slots=True)
class Hmac(Authorization):
    """`<header>: <prefix><HMAC of the body>` (RFC 2104), under the secret's bytes in UTF-8.

    With a timestamp header, that header has the seconds since 1970, and what is signed is
    ``<seconds>.<body>``. A signature tells nothing of its secret: it is shown in the log.
    """

    type = "hmac"
    label = "HMAC"
    hint = _l("a signature of the body, as GitHub and Chatwoot make it")
    description = (
        "`prefix` and the HMAC of the body under `secret`, in a header; the defaults are those of"
        " GitHub's `X-Hub-Signature-256`. With a `timestamp_header`, that header has the Unix"
        " seconds and `<seconds>.<body>` is signed, as in Chatwoot's `X-Chatwoot-Timestamp`."
    )
    description_of_answer = "A signature of the body; its secret is not shown."
    form_prefix = "auth_hmac_"
    is_folded = True

    header_name: str = field(
        metadata={
            "label": _l("Signature header"),
            "placeholder": "X-Hub-Signature-256",
            "is_code": True,
        }
    )
    secret: str = field(repr=False, metadata={"label": _l("Secret"), "kept": _l("secret set")})
    algorithm: str = field(
        metadata={"label": _l("Algorithm"), "choices": ALGORITHMS, "default": "sha256"}
    )
    encoding: str = field(
        metadata={"label": _l("Encoding"), "choices": ENCODINGS, "default": "hex"}
    )
    prefix: str = field(
        metadata={
            "label": _l("Prefix"),
            "default": "sha256=",
            "is_optional": True,
            "is_code": True,
        }
    )
    timestamp_header: str = field(
        metadata={
            "label": _l("Timestamp header"),
            "placeholder": "X-Chatwoot-Timestamp",
            "is_optional": True,
            "is_code": True,
            "hint": _l("Signs “timestamp.body” instead of the body, as Chatwoot does."),
        }
    )

    @classmethod
    def short_label(cls, public: Mapping[str, str]) -> Text:
        return f"{cls.label}: {public.get('header_name', '')}"

    def headers(self, timestamp: int, body: bytes) -> tuple[Header, ...]:
        signed = b"%d.%s" % (timestamp, body) if self.timestamp_header else body
        # Not `hmac.digest`: see `crypto.signing`.
        made = hmac.new(self.secret.encode(), signed, self.algorithm).digest()
        text = made.hex() if self.encoding == "hex" else base64.b64encode(made).decode()
        sent = (self.timestamp_header, str(timestamp))
        return ((self.header_name, self.prefix + text), *((sent,) if sent[0] else ()))

    def header_names(self) -> tuple[str, ...]:
        return tuple(name for name in (self.header_name, self.timestamp_header) if name)

    def tidied(self) -> "Hmac":
        """Without white space; one at the end of the prefix is meant: ``HMAC <signature>``."""
        stripped = {name: text.strip() for name, text in self.members.items()}
        return self.from_members(stripped | {"prefix": self.prefix.lstrip()})

    def masked(self) -> dict[str, str]:
        return {}

    def member_problems(self) -> dict[str, LazyString | None]:
        secret = self.secret
        return {
            "header_name": name_problem(self.header_name),
            "secret": text_problem(secret)
            if secret
            else _l("Enter the secret that the receiver verifies with."),
            "algorithm": None if self.algorithm in ALGORITHMS else _NOT_OFFERED,
            "encoding": None if self.encoding in ENCODINGS else _NOT_OFFERED,
            "prefix": value_problem(self.prefix),
            "timestamp_header": self._time_problem() if self.timestamp_header else None,
        }

    def _time_problem(self) -> LazyString | None:
        is_same = self.timestamp_header.lower() == self.header_name.lower()
        return _SAME_HEADER if is_same else name_problem(self.timestamp_header)
