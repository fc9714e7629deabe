"""/metrics: right over several processes, dead ones included; who may read it; /readyz."""

import json
import re
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.support.apps import MakeApp
from tests.support.program import Program
from tests.support.receiver import Receiver
from tests.support.server import Server
from tests.support.waiting import free_port, wait_until
from tools.provide import find_promtool
from webhooks_ui.database.engine import db, end_read
from webhooks_ui.database.types import now
from webhooks_ui.jobs.scheduler import Scheduler, heartbeat_job
from webhooks_ui.models import JobRun, backlog, job_run
from webhooks_ui.monitoring import metrics, shared_counters
from webhooks_ui.monitoring.logs import RequestLog
from webhooks_ui.version import __version__

DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana-dashboard.json"
ALERTS = DASHBOARD.with_name("prometheus-alerts.yml")
TOKEN = "a-token-for-prometheus"

Samples = dict[str, float]


def samples(page: str) -> Samples:
    """The values of a page by name, with the labels that they have."""
    found: Samples = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            labels = ",".join(f"{name}={text}" for name, text in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def scrape(url: str) -> Samples:
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
        return samples(answer.read().decode())


def subscribe(server: Server, url: str) -> None:
    """Makes a webhook from this process, which is not the server's."""
    from tests.engine.conftest import subscribe
    from webhooks_ui import create_app
    from webhooks_ui.server import process

    app = create_app({"DATA_DIR": server.data_dir, "ALLOWED_NETWORKS": ("127.0.0.1",)})
    subscribe(app, url)
    process.close(app)


@pytest.mark.process
def test_console_worker_and_commands_count_together(ready: Path) -> None:
    port = free_port()
    settings = {"ALLOWED_NETWORKS": "127.0.0.1", "RETRY_SCHEDULE": "1h", "LOG_FORMAT": "json"}
    with Receiver() as receiver, Server(ready, **settings) as server:
        subscribe(server, receiver.url)
        subscribe(server, f"http://127.0.0.1:{port}/")
        for _ in range(2):
            server.command("event", "send", "message_created")

        expected = {
            "webhooks_ui_events_accepted_total{type=message_created}": 2,
            "webhooks_ui_deliveries_accepted_total": 4,
            "webhooks_ui_deliveries_delivered_total": 2,
            "webhooks_ui_deliveries_failed_total{error=connection_refused}": 0,
            "webhooks_ui_attempts_total{result=succeeded}": 2,
            "webhooks_ui_attempts_total{result=connection_refused}": 2,
            "webhooks_ui_attempt_duration_seconds_count": 4,
            "webhooks_ui_attempt_duration_seconds_bucket{le=+Inf}": 4,
            "webhooks_ui_attempts_in_flight": 0,
            "webhooks_ui_deliveries_waiting": 2,
            "webhooks_ui_webhooks_failing": 1,
            "webhooks_ui_database_up": 1,
            "webhooks_ui_worker_up": 1,
        }
        wait_until(
            lambda: expected.items() <= scrape(server.url).items(), what=f"what is {expected}"
        )
        assert 0 < scrape(server.url)["webhooks_ui_deliveries_oldest_waiting_seconds"] < 60
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=60) as answer:
            assert json.load(answer) == {"status": "ready"}
        _assert_both_failures_are_logged(server)
        server.stop()
        # Counts outlive their processes; a new process takes over the files of a dead one.
        files = {file.name for file in (server.data_dir / "metrics").iterdir()}
        server.start("--no-worker")
        server.command("event", "send", "message_created")
        again = scrape(server.url)
        assert again["webhooks_ui_attempt_duration_seconds_count"] == 4
        assert again["webhooks_ui_deliveries_accepted_total"] == 6
        assert again["webhooks_ui_attempts_in_flight"] == 0
        assert {file.name for file in (server.data_dir / "metrics").iterdir()} == files
        _assert_a_worker_shows_them_on_its_own_port(server)


def _assert_a_worker_shows_them_on_its_own_port(server: Server) -> None:
    url = f"http://127.0.0.1:{(port := free_port())}"
    log = server.data_dir / "worker.log"
    worker = Program("worker", "--metrics-port", str(port), environ=server.environ, log=log)
    try:
        wait_until(lambda: _is_open(port), what="the worker's port")
        count = "webhooks_ui_attempt_duration_seconds_count"
        # Those of processes that have ended, and of its own: the last event goes out now.
        wait_until(
            lambda: scrape(url)[count] == scrape(server.url)[count] > 4, what="the same counts"
        )
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(f"{url}/webhooks", timeout=60)
        refused.value.close()
    finally:
        worker.terminate()
        assert worker.wait(60) == 0


def _is_open(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def _assert_both_failures_are_logged(server: Server) -> None:
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    told = [line for line in lines if line["logger"] == "webhooks_ui.attempts"]
    assert [line["level"] for line in told] == ["info", "info"]  # successes are `debug`
    for line in told:
        assert re.fullmatch(r"dlv_\w+", line["delivery"])
        assert re.fullmatch(r"wh_\w+", line["webhook"])
        assert re.fullmatch(r"evt_\w+", line["event"])
        assert (line["error"], line["status"], line["attempt"]) == (
            "connection_refused",
            "pending",
            1,
        )
        assert line["ms"] >= 0
        assert line["next_attempt_at"].startswith("20")


@pytest.mark.parametrize(
    ("settings", "address", "authorization", "status"),
    [
        ({}, "127.0.0.1", None, 200),
        ({}, "::1", None, 200),
        ({}, "::ffff:127.0.0.1", None, 200),
        ({}, "192.0.2.7", None, 403),
        ({}, "", None, 403),
        ({"METRICS_NETWORKS": ("192.0.2.0/24",)}, "192.0.2.7", None, 200),
        ({"METRICS_NETWORKS": ("192.0.2.0/24",)}, "127.0.0.1", None, 403),
        ({"METRICS_TOKEN": TOKEN}, "192.0.2.7", f"Bearer {TOKEN}", 200),
        ({"METRICS_TOKEN": TOKEN}, "127.0.0.1", None, 401),
        ({"METRICS_TOKEN": TOKEN}, "127.0.0.1", "Bearer no", 401),
        ({"METRICS_TOKEN": TOKEN}, "127.0.0.1", "Bearer «ні»", 401),
    ],
)
def test_access_by_token_or_by_network(
    make_app: Callable[..., Flask],
    settings: dict[str, object],
    address: str,
    authorization: str | None,
    status: int,
) -> None:
    client = make_app(**settings).test_client()
    headers = {"Authorization": authorization} if authorization else {}
    environ = {"REMOTE_ADDR": address}
    answer = client.get("/metrics", headers=headers, environ_base=environ)
    assert answer.status_code == status
    if status == 200:
        assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
        assert samples(answer.text)["webhooks_ui_database_up"] == 1
    else:
        assert "METRICS_TOKEN" in answer.text
        assert TOKEN not in answer.text
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_behind_a_trusted_proxy_the_clients_address_decides(
    make_app: Callable[..., Flask],
) -> None:
    client = make_app(TRUSTED_PROXIES=1).test_client()
    far = {"X-Forwarded-For": "203.0.113.5"}
    assert client.get("/metrics", headers=far).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 200


def test_a_scrape_succeeds_without_the_database(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(backlog, "total", refuse)
    answer = make_app().test_client().get("/metrics")
    found = samples(answer.text)
    assert answer.status_code == 200
    assert found["webhooks_ui_database_up"] == 0
    assert "webhooks_ui_deliveries_waiting" not in found
    assert "webhooks_ui_attempts_total{result=succeeded}" in found


def test_not_ready_without_a_worker(
    make_app: Callable[..., Flask],
) -> None:
    client = make_app().test_client()
    for _ in range(2):
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json) == (503, {"status": "no worker"})
    assert samples(client.get("/metrics").text)["webhooks_ui_worker_up"] == 0


def test_the_dashboard_shows_exactly_the_metrics_that_are_exposed(
    make_app: Callable[..., Flask],
) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    found = samples(make_app().test_client().get("/metrics").text)
    exposed = {name.partition("{")[0] for name in found}
    named = set(re.findall(r"webhooks_ui_\w+", json.dumps(dashboard["panels"])))
    assert named <= exposed
    # A histogram is shown by its buckets; every other metric has a panel of its own.
    families = {name for name in exposed if not name.endswith(("_sum", "_count"))}
    assert families == named
    sources = {panel["datasource"]["uid"] for panel in dashboard["panels"]}
    assert sources == {"${datasource}"}
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["datasource"]


def test_alerts_ask_for_metrics_and_labels_that_there_are(make_app: MakeApp) -> None:
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    found = samples(make_app().test_client().get("/metrics").text)
    exposed = {name.partition("{")[0] for name in found}
    asked = " ".join(rule["expr"] for rule in rules)
    names = set(re.findall(r"webhooks_ui_\w+", asked))
    assert len(names) > 5
    assert names <= exposed
    labels = {f"{name}={text}" for name, text in re.findall(r'(part|status)="(\w+)"', asked)}
    assert len(labels) == 2
    assert all(any(label in name for name in found) for label in labels)
    for rule in rules:
        assert {"alert", "expr", "labels", "annotations"} <= rule.keys()
        assert rule["annotations"].keys() == {"summary", "description"}


@pytest.mark.process
def test_promtool_finds_no_fault_in_rules_and_metrics_and_the_alerts_fire(
    make_app: MakeApp,
) -> None:
    """`alerts_test.yaml` has for each alert a time at which it fires and one at which not."""
    promtool = find_promtool()
    if promtool is None:
        pytest.skip("promtool is not installed; tools/provide.py gets it on Debian")
    page = make_app().test_client().get("/metrics").data
    cases = Path(__file__).with_name("alerts_test.yaml")
    for what in (
        ("check", "rules", str(ALERTS)),
        ("check", "metrics"),
        ("test", "rules", str(cases)),
    ):
        done = subprocess.run([promtool, *what], input=page, capture_output=True, check=False)
        assert (done.returncode, done.stderr.decode()) == (0, ""), done.stdout.decode()
    tried = {
        one["alertname"]
        for test in yaml.safe_load(cases.read_text())["tests"]
        for one in test["alert_rule_test"]
    }
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    assert tried == {rule["alert"] for rule in rules}


def test_requests_to_the_console_are_counted_by_part_and_status(make_app: MakeApp) -> None:
    app = make_app()
    logged = RequestLog(app.wsgi_app)
    before = samples(app.test_client().get("/metrics").text)
    asked = (("GET", "/login"), ("GET", "/static/nothing"), ("POST", "/api/v1/events"))
    for method, path in (*asked, ("GET", "/api/v1/webhooks"), ("POST", "/receiver/nobody")):
        run_wsgi_app(logged, EnvironBuilder(path, method=method).get_environ(), buffered=True)
    after = samples(app.test_client().get("/metrics").text)
    name = "webhooks_ui_requests_total"
    more = {one: after[one] - before[one] for one in after if one.startswith(name)}
    assert {one: count for one, count in more.items() if count} == {
        f"{name}{{part=pages,status=2xx}}": 1,
        f"{name}{{part=events,status=4xx}}": 1,
        f"{name}{{part=api,status=4xx}}": 1,
        f"{name}{{part=receiver,status=4xx}}": 1,
    }
    timed = "webhooks_ui_request_duration_seconds_count{part=events}"
    assert after[timed] - before[timed] == 1
    (build,) = [one for one in after if one.startswith("webhooks_ui_build_info")]
    assert f"version={__version__}" in build


class Process:
    """What one process does to the folder, by prometheus-client's own means."""

    def __init__(self, folder: Path, in_flight: float, attempts: float) -> None:
        self.slot = shared_counters.take_slot(folder)
        self._lock = shared_counters._slots[-1]
        for kind, name, value in (
            ("gauge_livesum", "busy", in_flight),
            ("counter", "made", attempts),
        ):
            file = MmapedDict(str(folder / f"{kind}_{self.slot}.db"))
            key = mmap_key(name, name, [], [], "Help.")
            file.write_value(key, file.read_value(key)[0] + value, 0.0)
            file.close()

    def die(self) -> None:
        self._lock.close()


def totals(folder: Path) -> Samples:
    return {s.name: s.value for metric in shared_counters.read(folder) for s in metric.samples}


def test_a_dead_process_has_nothing_in_flight_and_keeps_its_counts(tmp_path: Path) -> None:
    first, second = Process(tmp_path, 3, 10), Process(tmp_path, 4, 5)
    assert (first.slot, second.slot) == (0, 1)
    assert totals(tmp_path) == {"busy": 7, "made": 15}
    first.die()
    assert totals(tmp_path) == {"busy": 4, "made": 15}
    for _ in range(3):  # each continues the counters of the one before
        restarted = Process(tmp_path, 1, 1)
        assert restarted.slot == 0
        assert totals(tmp_path)["busy"] == 5
        restarted.die()
    third = Process(tmp_path, 2, 1)
    assert totals(tmp_path) == {"busy": 6, "made": 19}
    assert len(list(tmp_path.glob("*.db"))) == 2 * 3
    for living in (second, third):
        living.die()


def test_what_an_older_version_has_counted_is_kept_and_its_gauges_are_not(tmp_path: Path) -> None:
    """Its files were named by random identities, with `past` for the processes that had ended."""
    Process(tmp_path, 3, 10).die()
    for kind in ("counter", "gauge_livesum"):
        (tmp_path / f"{kind}_0.db").rename(tmp_path / f"{kind}_5d1ab6f09f7f4a55.db")
    (tmp_path / "0.alive").rename(tmp_path / "5d1ab6f09f7f4a55.alive")
    (tmp_path / "counter_5d1ab6f09f7f4a55.db").rename(tmp_path / "counter_past.db")
    assert totals(tmp_path) == {"made": 10}


def test_a_file_spoiled_by_a_power_cut_is_left_out_and_starts_at_0(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Process(tmp_path, 0, 10).die()
    (spoiled,) = tmp_path.glob("counter_*.db")
    spoiled.write_bytes(b"\x40\x00\x00\x00" + b"\xff" * 60)
    assert totals(tmp_path) == {}
    assert "cannot be read and start at 0" in caplog.text
    living = Process(tmp_path, 0, 5)
    assert totals(tmp_path)["made"] == 5
    living.die()


def test_an_unwritable_folder_leaves_each_process_to_count_for_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "metrics").write_text("in the way")
    metrics.share(tmp_path)
    assert "counted for each process alone" in caplog.text
    assert b"webhooks_ui_attempts_total" in metrics.exposition({})


def test_ready_while_a_worker_beats(engine: Flask) -> None:
    client = engine.test_client()
    late = timedelta(seconds=31)
    Scheduler(engine, [heartbeat_job()], clock=lambda: now() - late).run_once()
    assert client.get("/readyz").json == {"status": "no worker"}  # the last beat of a dead one
    living = Scheduler(engine, [heartbeat_job()])
    living.run_once()
    assert client.get("/readyz").json == {"status": "ready"}
    with engine.app_context():
        shown_at = JobRun.last_done(job_run.HEARTBEAT)
        living.run_once()  # it writes every 10 seconds, not at each poll
        end_read()
        assert JobRun.last_done(job_run.HEARTBEAT) == shown_at


def test_the_backlog_is_counted_from_an_index(engine: Flask) -> None:
    """Ended deliveries cost a scrape nothing, however many there are."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, given: Any, *_: object) -> None:
        if "FROM deliveries" in statement:
            asked.append((statement, given))

    with engine.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        backlog.total()
        event.remove(db.engine, "before_cursor_execute", note)
        is_sqlite = db.engine.dialect.name == "sqlite"
        words = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        with db.engine.connect() as connection:
            if not is_sqlite:  # an empty table is scanned whatever there is
                connection.execute(text("SET LOCAL enable_seqscan = off"))
            plans = [list(connection.exec_driver_sql(words + one, given)) for one, given in asked]
    assert str(plans).count("ix_deliveries_open") == 2, plans  # how many, and the oldest
