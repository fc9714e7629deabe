"""How many deliveries to one webhook may be in flight: a window as in TCP congestion control.

It opens with each success and closes on time-outs and failed connections: a busy receiver gets its
full speed, and many receivers that hang hold few slots together.
"""

from collections import Counter
from collections.abc import Mapping

from webhooks_ui.catalogue.error_codes import ErrorCode

INITIAL_WINDOW = 2
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
    """The windows of one worker, from 1 to `maximum` each. Not thread-safe: one thread owns it."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._size: dict[int, int] = {}
        self._in_flight: Counter[int] = Counter()

    @property
    def default(self) -> int:
        """The window of a webhook that nothing is known of."""
        return min(INITIAL_WINDOW, self._maximum)

    def free(self) -> Mapping[int, int]:
        """Free slots by webhook, for those of which something is known."""
        known = self._size.keys() | self._in_flight.keys()
        return {webhook: self._free(webhook) for webhook in known}

    def begin(self, webhook: int) -> None:
        """One more is in flight."""
        self._in_flight[webhook] += 1

    def end(self, webhook: int, error: str | None) -> None:
        """One has ended, with this error code or None."""
        self._in_flight[webhook] -= 1
        if not self._in_flight[webhook]:
            del self._in_flight[webhook]
        size = self._size.get(webhook, self.default)
        if error is None:
            size = min(size + 1, self._maximum)
        elif error in _CLOSING:
            size = 1
        self._size[webhook] = size
        if size == self.default and webhook not in self._in_flight:
            del self._size[webhook]  # the default needs no entry

    def size(self, webhook: int) -> int:
        """The webhook's window."""
        return self._size.get(webhook, self.default)

    def _free(self, webhook: int) -> int:
        return max(self.size(webhook) - self._in_flight[webhook], 0)
