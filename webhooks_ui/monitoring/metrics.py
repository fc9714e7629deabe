"""Prometheus metrics, counted where it happens and summed over the processes of a machine.

Processes that call `share` count in files of the data folder, so that a scrape is right whichever
of them answers it; others (tests, one-off commands) count in memory. prometheus-client is imported
at the first use: a process that counts nothing does not pay for it. Pings are not counted.
"""

import logging
import os
import platform
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from webhooks_ui.catalogue.error_codes import ERROR_CODES
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.monitoring import shared_counters
from webhooks_ui.version import __version__

if TYPE_CHECKING:
    from prometheus_client import Counter, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SUCCEEDED = "succeeded"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0)
"""Upper bounds of the durations in seconds; DELIVERY_TIMEOUT is 15 unless set."""

ANSWER_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the console's own durations in seconds: writing waits 5 at most."""
PARTS = ("events", "api", "receiver", "pages")
"""Of the console: what takes events in, the rest of the API, the built-in receiver, pages."""
STATUSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
BECAME = ("events", "nothing", "refused")
"""What a request of a source can become; it is refused for its signature."""

READ = {
    "webhooks_ui_database_up": "Whether the database answered this scrape.",
    "webhooks_ui_worker_up": "Whether a worker has shown itself in the last 30 seconds.",
    "webhooks_ui_deliveries_waiting": "Deliveries not ended yet: due, under way, or to be retried.",
    "webhooks_ui_deliveries_oldest_waiting_seconds": "Age of the oldest of these; 0 without any.",
    "webhooks_ui_webhooks_failing": "Webhooks whose last attempt failed.",
    "webhooks_ui_webhooks_limited": "Webhooks that wait because their receiver limits them.",
}
"""Gauges read from the database at each scrape; they are those of the whole installation."""

log = logging.getLogger(__name__)


class _Instruments:
    """The metrics that are counted, with every label value they can have, from 0."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Gauge, Histogram, disable_created_metrics

        disable_created_metrics()  # files shared by processes have no `_created` series
        self.registry = CollectorRegistry()
        self.accepted = self._counter("events_accepted", "Events taken in.", type=ALL_TYPES)
        self.fanned_out = self._counter("deliveries_accepted", "Deliveries that these events made.")
        self.delivered = self._counter("deliveries_delivered", "Deliveries that arrived.")
        self.failed = self._counter(
            "deliveries_failed",
            "Deliveries given up, by the error of the last attempt.",
            error=ERROR_CODES,
        )
        self.attempts = self._counter(
            "attempts", "Attempts by what came of them.", result=(SUCCEEDED, *ERROR_CODES)
        )
        self.durations = Histogram(
            "webhooks_ui_attempt_duration_seconds",
            "Time from the beginning of an attempt to its end.",
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.answered = self._counter("requests", "Requests answered.", part=PARTS, status=STATUSES)
        self.sources = self._counter("source_requests", "Requests of sources.", became=BECAME)
        self.answering = Histogram(
            "webhooks_ui_request_duration_seconds",
            "Time from the beginning of a request to the beginning of its answer.",
            ["part"],
            buckets=ANSWER_BUCKETS,
            registry=self.registry,
        )
        for part in PARTS:
            self.answering.labels(part)
        self.in_flight = Gauge(
            "webhooks_ui_attempts_in_flight",
            "Attempts under way.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )

    def _counter(self, name: str, text: str, **labels: Iterable[str]) -> "Counter":
        from prometheus_client import Counter

        counter = Counter(f"webhooks_ui_{name}", text, list(labels), registry=self.registry)
        for values in product(*labels.values()) if labels else ():
            counter.labels(*values)
        return counter


_making = Lock()
_made: _Instruments | None = None
_folder: Path | None = None


def _instruments() -> _Instruments:
    global _made  # noqa: PLW0603  # one set in a process, as prometheus-client has it
    if _made is None:
        with _making:
            _made = _made or _Instruments()
    return _made


def share(data_dir: Path) -> None:
    """Counts together with the other processes of this data folder from now on.

    Call it once, before anything is counted. Where the folder cannot be written, this process
    counts for itself.
    """
    global _folder  # noqa: PLW0603
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)  # inherited from the process that started us
    from prometheus_client import values

    folder = data_dir / "metrics"
    try:
        slots = {os.getpid(): shared_counters.take_slot(folder)}
    except OSError as error:
        log.warning("Metrics are counted for each process alone: %s", error)
        return
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)

    def own_slot() -> int:
        """The slot of this process: one that was forked after this call takes its own."""
        pid = os.getpid()
        if pid not in slots:
            slots[pid] = shared_counters.take_slot(folder)
        return slots[pid]

    values.ValueClass = values.MultiProcessValue(own_slot)
    _folder = folder
    _instruments()


def accepted(types: Iterable[str], deliveries: int) -> None:
    """Counts committed events, by type, and their deliveries."""
    made = _instruments()
    for kind, count in Tally(types).items():
        made.accepted.labels(kind).inc(count)
    made.fanned_out.inc(deliveries)


def source_request(became: str) -> None:
    """Counts a request of a source by one of `BECAME`."""
    _instruments().sources.labels(became).inc()


def in_flight(count: int) -> None:
    """Sets how many attempts are in flight in this process."""
    _instruments().in_flight.set(count)


def attempted(error: str | None, seconds: float) -> None:
    """Counts an attempt; `error` is its code, None on success."""
    made = _instruments()
    made.attempts.labels(error or SUCCEEDED).inc()
    made.durations.observe(seconds)


def recorded(outcomes: Iterable[tuple[str, str | None]]) -> None:
    """Counts committed outcomes: the delivery's next status and the attempt's error of each."""
    made = _instruments()
    for (status, error), count in Tally(outcomes).items():
        if status == "succeeded":
            made.delivered.inc(count)
        elif status == "failed" and error:
            made.failed.labels(error).inc(count)


def answered(method: str, path: str, status: str, seconds: float) -> None:
    """Counts a request to the console; `path` is below `PUBLIC_URL`."""
    made, part = _instruments(), _part(method, path)
    made.answered.labels(part, f"{status[:1]}xx").inc()
    made.answering.labels(part).observe(seconds)


def _part(method: str, path: str) -> str:
    if method == "POST" and path.startswith(("/api/v1/events", "/api/v1/sources")):
        return "events"
    if path.startswith("/api/"):
        return "api"
    return "receiver" if method == "POST" and path.startswith("/receiver/") else "pages"


def exposition(gauges: Mapping[str, float]) -> bytes:
    """Everything in Prometheus' text format; `gauges` are the values of `READ` that are known."""
    from prometheus_client import generate_latest

    return generate_latest(_Scrape(gauges))


class _Scrape:
    """A collector of what this machine has counted and of the gauges given."""

    def __init__(self, gauges: Mapping[str, float]) -> None:
        self._gauges = gauges

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.core import GaugeMetricFamily

        if _folder:
            yield from shared_counters.read(_folder)
        else:
            yield from _instruments().registry.collect()
        build = GaugeMetricFamily(
            "webhooks_ui_build_info", "The versions that run: 1.", labels=("version", "python")
        )
        build.add_metric((__version__, platform.python_version()), 1)
        yield build
        for name, value in self._gauges.items():
            yield GaugeMetricFamily(name, READ[name], value=value)
