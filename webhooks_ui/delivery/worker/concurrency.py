"""Which webhooks may have how much in flight: what one worker knows, and what it demands by it.

A webhook's window works as in TCP congestion control: it opens with each success and closes on a
missing answer or a refusal. A busy receiver gets its full speed, and many that hang hold few slots
together: of those that do not answer, or of which that is not known, no more than half of the
worker's slots is used. The other half belongs to receivers that answer.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from time import monotonic

from webhooks_ui.catalogue.error_codes import NO_ANSWER
from webhooks_ui.delivery.queue.claims import Demand, Known

INITIAL_WINDOW = 2
CLOSING = (429, 502, 503, 504)
SUSPECT_AFTER = 1.0  # seconds in flight without any answer
MAX_KNOWN = 10_000


class ConcurrencyLimits:
    """The windows of one worker, from 1 to `maximum` each, in `slots` together.

    Not thread-safe: one thread owns it.
    """

    def __init__(
        self, maximum: int, slots: int = 64, clock: Callable[[], float] = monotonic
    ) -> None:
        self._maximum, self._share, self._clock = maximum, max(slots // 2, 1), clock
        self._size: dict[int, float] = {}
        self._in_flight: Counter[int] = Counter()
        self._turn = count(1)
        self._served: dict[int, int] = {}
        self._answers: dict[int, bool] = {}
        self._quiet_since: dict[int, float] = {}

    @property
    def default(self) -> int:
        """The window of a webhook that nothing is known of."""
        return min(INITIAL_WINDOW, self._maximum)

    def demand(self, room: int, lease: timedelta) -> Demand:
        """What a worker with this room asks for; valid until the next change."""
        self._forget()
        unproven = max(self._share - self._unproven(), 0)
        return Demand(self.told, self.default, room, lease, unproven)

    def told(self, webhook: int) -> Known | None:
        """What is known of a webhook."""
        if webhook not in self._served and webhook not in self._size:
            return None
        served = self._served.get(webhook, 0)
        return Known(self._free(webhook), served, self._is_suspect(webhook))

    def begin(self, webhook: int, answers: bool = False) -> None:
        """One more is in flight; `answers` says whether the last attempt there succeeded."""
        self._in_flight[webhook] += 1
        self._served[webhook] = next(self._turn)
        self._answers[webhook] = answers
        self._quiet_since.setdefault(webhook, self._clock())

    def end(self, webhook: int, error: str | None, status_code: int | None = None) -> None:
        """One has ended, with this error code or None."""
        self._in_flight[webhook] -= 1
        self._quiet_since[webhook] = self._clock()
        size = self._size.get(webhook, self.default)
        if error is None:
            size = min(size + 1 / size, self._maximum)  # by one with each window of successes
            self._answers[webhook] = True
        elif status_code in CLOSING:
            size = 1
        elif error != "not_sent":
            self._answers[webhook] = False
            size = 1 if error in NO_ANSWER else size
        self._size[webhook] = size
        if self._in_flight[webhook]:
            return
        del self._in_flight[webhook], self._quiet_since[webhook], self._answers[webhook]
        if size == self.default:
            del self._size[webhook]  # the default needs no entry

    def size(self, webhook: int) -> int:
        """The webhook's window."""
        return int(self._size.get(webhook, self.default))

    def _free(self, webhook: int) -> int:
        return max(self.size(webhook) - self._in_flight[webhook], 0)

    def _is_suspect(self, webhook: int) -> bool:
        """Whether what is in flight has waited for long, and nothing has come back."""
        since = self._quiet_since.get(webhook)
        return since is not None and self._clock() - since > SUSPECT_AFTER

    def _unproven(self) -> int:
        """How many are in flight to webhooks that do not answer, as far as is known."""
        return sum(
            count
            for webhook, count in self._in_flight.items()
            if not self._answers[webhook] or self._is_suspect(webhook)
        )

    def _forget(self) -> None:
        """Forgets when webhooks with nothing in flight were served, once there are too many."""
        if len(self._served) > MAX_KNOWN:
            self._served = {w: n for w, n in self._served.items() if w in self._in_flight}
