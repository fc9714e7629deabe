"""A fifth kind of authorization, as who adds one would write it: a class and its line in the list.

A plugin of pytest (`-p tests.support.fifth_kind`), so that it is listed before anything is made
from the list. The cases are those of `tests/authorization/fifth_kind_cases.py`.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from flask_babel.speaklater import LazyString

from webhooks_ui.authorization.base import Authorization, Header
from webhooks_ui.authorization.header_rules import name_problem, value_problem
from webhooks_ui.authorization.kinds import KINDS


@dataclass(frozen=True, slots=True)
class KeyAndTime(Authorization):
    """A header made of a key and the time: `t=<seconds>,v=<HMAC-SHA256 of them>`."""

    type = "key_time"
    label = "Key and time"
    hint = "a header made of a key and the time"
    description = "A header made of a key and the time."
    description_of_answer = "A header made of a key, which is not shown, and the time."
    form_prefix = "auth_timed_"  # another kind has a header_name too

    header_name: str = field(metadata={"label": "Name of the signed header", "is_code": True})
    key: str = field(repr=False, metadata={"label": "Key", "kept": "key set"})

    def headers(self, timestamp: int, _body: bytes) -> tuple[Header]:
        """The time, and its HMAC under the key."""
        made = hmac.new(self.key.encode(), str(timestamp).encode(), hashlib.sha256).hexdigest()
        return ((self.header_name, f"t={timestamp},v={made}"),)

    def member_problems(self) -> dict[str, LazyString | None]:
        """The name has to be a header's, and there has to be a key."""
        key = value_problem(self.key) if self.key else "Enter the key."
        return {"header_name": name_problem(self.header_name), "key": key}


KINDS[KeyAndTime.type] = KeyAndTime
