"""What Prometheus is told: counted where it happens, added up over the processes of a machine.

A process that shares counts in files of the data folder, so that each scrape is right whichever
process answers it; others (tests, one-off commands) count for themselves. Nothing is imported or
made before the first use, and a call costs a microsecond or two. Tests that people send are not
counted.
"""

import logging
import os
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.explanations.network_errors import ERRORS
from webhooks_ui.monitoring.shared_counters import MetricsFolder

if TYPE_CHECKING:
    from prometheus_client import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SUCCEEDED = "succeeded"
ERROR_CODES = (*ERRORS, "http_status")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0)
"""Upper bounds of the durations in seconds; DELIVERY_TIMEOUT is 15 unless set."""

READ = {
    "webhooks_ui_database_up": "Whether the database answered this scrape.",
    "webhooks_ui_worker_up": "Whether a worker has shown itself in the last 30 seconds.",
    "webhooks_ui_deliveries_waiting": "Deliveries not ended yet: due, under way, or to be retried.",
    "webhooks_ui_deliveries_oldest_waiting_seconds": "Age of the oldest of these; 0 without any.",
    "webhooks_ui_webhooks_failing": "Webhooks whose last attempt failed.",
}
"""The gauges that are read from the database at each scrape, the same for the whole set-up."""

log = logging.getLogger(__name__)


class _Children(dict[str, Any]):
    """A counter by the value of its label; those named are there from the start, as 0."""

    def __init__(self, counter: Any, values: Iterable[str]) -> None:
        super().__init__({value: counter.labels(value) for value in values})
        self._counter = counter

    def __missing__(self, value: str) -> Any:
        self[value] = child = self._counter.labels(value)
        return child


class _Instruments:
    """The metrics that are counted; made once in a process, with every label they can have."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = CollectorRegistry()

        def counter(name: str, text: str, label: str = "", values: Iterable[str] = ()) -> Any:
            made = Counter(name, text, [label] if label else [], registry=self.registry)
            return _Children(made, values) if label else made

        self.accepted = counter(
            "webhooks_ui_events_accepted", "Events taken in.", "type", ALL_TYPES
        )
        self.fanned_out = counter(
            "webhooks_ui_deliveries_accepted", "Deliveries that these events made."
        )
        self.delivered = counter(
            "webhooks_ui_deliveries_delivered", "Deliveries that arrived, by any attempt."
        )
        self.failed = counter(
            "webhooks_ui_deliveries_failed",
            "Deliveries given up, by the error of the last attempt.",
            "error",
            ERROR_CODES,
        )
        self.attempts = counter(
            "webhooks_ui_attempts",
            "Attempts by what came of them.",
            "result",
            (SUCCEEDED, *ERROR_CODES),
        )
        self.durations = Histogram(
            "webhooks_ui_attempt_duration_seconds",
            "Time from the beginning of an attempt to its end.",
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "webhooks_ui_attempts_in_flight",
            "Attempts under way.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )


_making = Lock()
_made: _Instruments | None = None
_folder: MetricsFolder | None = None


def _instruments() -> _Instruments:
    global _made  # noqa: PLW0603  # one set in a process, as Prometheus' client has it
    with _making:
        if _made is None:
            _disable_created()
            _made = _Instruments()
        return _made


def share(data_dir: Path) -> None:
    """Counts together with the other processes of this data folder, from now on.

    To be called once, before anything is counted. Where the folder cannot be written, this process
    counts for itself.
    """
    global _folder  # noqa: PLW0603
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)  # as it came from a process that started us
    from prometheus_client import values

    folder = MetricsFolder(data_dir / "metrics")
    try:
        identity = folder.join()
    except OSError as error:
        log.warning("Metrics are counted for each process alone: %s", error)
        return
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder.path)
    values.ValueClass = values.MultiProcessValue(lambda: identity)
    _folder = folder
    _instruments()


def accepted(types: Iterable[str], deliveries: int) -> None:
    """Events of these types were committed, with so many deliveries."""
    made = _made or _instruments()
    for kind, count in Tally(types).items():
        made.accepted[kind].inc(count)
    made.fanned_out.inc(deliveries)


def in_flight(count: int) -> None:
    """So many attempts are under way in this process."""
    (_made or _instruments()).in_flight.set(count)


def attempted(error: str | None, seconds: float) -> None:
    """An attempt was made; `error` is its code, None on success."""
    made = _made or _instruments()
    made.attempts[error or SUCCEEDED].inc()
    made.durations.observe(seconds)


def recorded(outcomes: Iterable[tuple[str, str | None]]) -> None:
    """Outcomes were committed: the delivery's next status and the attempt's error of each."""
    made = _made or _instruments()
    for (status, error), count in Tally(outcomes).items():
        if status == "succeeded":
            made.delivered.inc(count)
        elif status == "failed" and error:
            made.failed[error].inc(count)


def exposition(read: Mapping[str, float]) -> bytes:
    """Everything in Prometheus' text format; `read` are the values of `READ`, as far as known."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Everything(read))
    return generate_latest(registry)


class _Everything:
    """What one scrape gets, as Prometheus' client wants it."""

    def __init__(self, read: Mapping[str, float]) -> None:
        self._read = read

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.core import GaugeMetricFamily

        yield from _folder.read() if _folder else _instruments().registry.collect()
        for name, value in self._read.items():
            yield GaugeMetricFamily(name, READ[name], value=value)


def _disable_created() -> None:
    """Leaves out the `_created` series, which files shared by processes cannot have."""
    from prometheus_client import disable_created_metrics

    disable_created_metrics()
