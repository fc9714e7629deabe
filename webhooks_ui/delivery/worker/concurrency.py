"""How many may be under way to one webhook: it opens with success and closes with failure.

As TCP's does: a busy receiver gets its full speed, and many that hang hold few slots together.
"""

from collections import Counter
from collections.abc import Mapping

from webhooks_ui.catalogue.error_codes import ErrorCode

START = 2
_CLOSING: set[ErrorCode] = {
    "timeout",
    "dns_failure",
    "connection_timeout",
    "connection_refused",
    "connection_reset",
    "unreachable",
    "tls_failure",  # a handshake that stalls holds its slot as long as an answer that does not come
}


class ConcurrencyLimits:
    """The windows of one worker, from 1 to `most` each. Not thread-safe: one thread owns it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size: dict[int, int] = {}
        self._under_way: Counter[int] = Counter()

    @property
    def usual(self) -> int:
        """How many a webhook may have that nothing is known of."""
        return min(START, self._most)

    def free(self) -> Mapping[int, int]:
        """How many more each webhook may have, for those of which something is known."""
        known = self._size.keys() | self._under_way.keys()
        return {webhook: self._free(webhook) for webhook in known}

    def begin(self, webhook: int) -> None:
        """One more is under way."""
        self._under_way[webhook] += 1

    def end(self, webhook: int, error: str | None) -> None:
        """One has ended, with this error code or with none."""
        self._under_way[webhook] -= 1
        if not self._under_way[webhook]:
            del self._under_way[webhook]
        size = self._size.get(webhook, self.usual)
        if error is None:
            size = min(size + 1, self._most)
        elif error in _CLOSING:
            size = 1
        self._size[webhook] = size
        if size == self.usual and webhook not in self._under_way:
            del self._size[webhook]  # as if it had never been seen

    def size(self, webhook: int) -> int:
        """How many it may have in all."""
        return self._size.get(webhook, self.usual)

    def _free(self, webhook: int) -> int:
        return max(self.size(webhook) - self._under_way[webhook], 0)
