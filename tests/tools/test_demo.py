"""`make demo`: it answers, sign-in works, events are delivered, and Ctrl-C ends it."""

import re
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.waiting import wait_until
from tools.demo import cast, show
from tools.demo.receivers import Stage

pytestmark = pytest.mark.process

LIVE = (
    "SELECT count(*) FROM events e JOIN deliveries d ON d.event_id = e.id"
    " WHERE e.sender_id LIKE 'demo-%' AND d.status = 'succeeded'"
)

COUNTED = (
    "SELECT (SELECT sum(attempts) FROM webhook_hours), (SELECT sum(attempts) FROM total_hours)"
)


def ask(folder: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{folder}/webhooks.db?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def test_the_demo_serves_delivers_and_ends(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    program = [sys.executable, "-m", "tools.demo", "--folder", str(folder), "--days", "2"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        text = ""
        while "Ctrl-C ends it." not in text:
            text += (line := process.stdout.readline())
            assert line, f"it ended before it was ready:\n{text}"
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+", text)
        assert show.LOGIN in text
        assert show.PASSWORD in text

        visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        page = visitor.open(f"{url}/login").read().decode()
        (token,) = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', page)[:1]
        form = {"login": show.LOGIN, "password": show.PASSWORD, "csrf_token": token}
        page = visitor.open(f"{url}/login", urlencode(form).encode()).read().decode()
        for player in cast.PLAYERS:
            assert f"<bdi>{player.name}</bdi></a>" in page

        (token,) = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', page)[:1]
        made = visitor.open(f"{url}/receiver", urlencode({"csrf_token": token}).encode())
        assert f'<span class="url">{url}/receiver/' in made.read().decode()

        wait_until(lambda: ask(folder, LIVE)[0][0], what="a live delivery")
        assert visitor.open(f"{url}/readyz").status == 200  # which it is with a worker alone
        states = dict(ask(folder, "SELECT name, coalesce(disabled_reason, enabled) FROM webhooks"))
        assert (states["Old ERP"], states["Partner portal"]) == ("manual", "failing")
        statuses = dict(ask(folder, "SELECT status, count(*) FROM deliveries GROUP BY status"))
        assert {"pending", "succeeded", "failed"} <= statuses.keys()
        ((each, total),) = ask(folder, COUNTED)
        assert each == total > 0
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize("hour", [3, 15])
def test_the_history_has_pending_deliveries_at_any_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hour: int
) -> None:
    monkeypatch.setattr(show, "now", lambda: datetime(2026, 10, 14, hour, 0, 30, tzinfo=UTC))
    show.prepare(tmp_path)
    with Stage() as stage, show.console(tmp_path, stage, days=1):
        found = ask(tmp_path, "SELECT DISTINCT status FROM deliveries")
    assert {status for (status,) in found} == {"pending", "succeeded", "failed"}


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "webhooks.db").touch()
    with pytest.raises(FileExistsError, match="something else"):
        show.prepare(tmp_path)
    assert (tmp_path / "webhooks.db").exists()
    show.prepare(tmp_path / "new")
    (tmp_path / "new" / "left").touch()
    show.prepare(tmp_path / "new")
    assert [file.name for file in (tmp_path / "new").iterdir()] == [show.MARK]
