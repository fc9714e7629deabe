"""`webhooks-ui doctor` and the page About: what is wrong with the set-up, and the way out."""

import json
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.conftest import sign_in
from tests.support.apps import ON_BOTH_DATABASES, MakeApp
from webhooks_ui.cli.main import main
from webhooks_ui.crypto.keys import new_encryption_key
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.diagnostics import facts, findings
from webhooks_ui.models import JobRun
from webhooks_ui.models.job_run import HEARTBEAT
from webhooks_ui.settings.open_files import OpenFiles


def tones(app: Flask) -> dict[str, str]:
    with app.app_context():
        found = findings.findings(app)
    assert all(one.way_out for one in found if one.tone != "good")
    return {one.check: one.tone for one in found}


def beat(app: Flask) -> None:
    with app.app_context(), transaction():
        db.session.add(JobRun(name=HEARTBEAT, done_at=now()))


def doctor(data_dir: Path, *arguments: str, **settings: str) -> Result:
    environ = {f"WEBHOOKS_UI_{name}": value for name, value in settings.items()}
    environ["WEBHOOKS_UI_DATA_DIR"] = str(data_dir)
    return CliRunner(env=environ).invoke(main, ["doctor", *arguments])


@ON_BOTH_DATABASES
def test_a_sound_installation_has_no_problem(app: Flask) -> None:
    assert tones(app)["worker"] == "bad"
    beat(app)
    found = tones(app)
    assert {"database", "keys", "worker", "disk"} <= found.keys()
    assert set(found.values()) == {"good"}


def test_an_old_sqlite_is_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for version, expected in (((3, 51, 2), "wait"), ((3, 51, 3), None), ((3, 40, 1), "wait")):
        monkeypatch.setattr(facts, "sqlite_version", lambda version=version: version)
        assert tones(app).get("sqlite") == expected


@pytest.mark.parametrize(
    ("free", "tone"), [(99_000_000, "bad"), (999_000_000, "wait"), (2_000_000_000, "good")]
)
def test_a_disk_that_runs_full(
    app: Flask, monkeypatch: pytest.MonkeyPatch, free: int, tone: str
) -> None:
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    assert tones(app)["disk"] == tone


def test_keys_that_others_can_read(app: Flask) -> None:
    assert "key files" not in tones(app)
    (app.config["DATA_DIR"] / "secret_key").chmod(0o644)
    assert tones(app)["key files"] == "bad"


def test_few_open_files(make_app: MakeApp) -> None:
    assert tones(make_app(OPEN_FILES=OpenFiles(256)))["open files"] == "wait"


@pytest.mark.parametrize(
    ("settings", "check"),
    [
        ({"PUBLIC_URL": "https://hooks.example", "TRUSTED_PROXIES": 0}, "proxy"),
        ({"PUBLIC_URL": "http://hooks.example"}, "https"),
        ({"PUBLIC_URL": "http://127.0.0.1:8000"}, None),
        ({"PUBLIC_URL": "https://hooks.example", "TRUSTED_PROXIES": 1}, None),
    ],
)
def test_the_address_and_its_proxy(
    make_app: MakeApp, settings: dict[str, object], check: str | None
) -> None:
    assert {"proxy", "https"} & tones(make_app(**settings)).keys() == ({check} if check else set())


@ON_BOTH_DATABASES
def test_clocks_that_differ(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "clock" not in tones(app)
    monkeypatch.setattr(facts, "clock_difference", lambda: timedelta(seconds=-40))
    assert tones(app)["clock"] == "bad"


def test_the_command_says_what_to_do(app: Flask) -> None:
    folder = app.config["DATA_DIR"]
    answer = doctor(folder)
    assert answer.exit_code == 1
    assert "problem  worker: No worker is running" in answer.output
    found = {one["check"]: one for one in json.loads(doctor(folder, "--json").output)}
    assert found["worker"]["result"] == "problem"
    assert "webhooks-ui worker" in found["worker"]["way_out"]
    beat(app)
    assert doctor(folder).exit_code == 0


def test_a_database_out_of_reach_or_of_another_version(app: Flask, tmp_path: Path) -> None:
    folder = app.config["DATA_DIR"]
    url = f"sqlite:///{tmp_path}/none/webhooks.db"
    answer = doctor(folder, "--json", DATABASE_URL=url)
    assert answer.exit_code == 1
    (found,) = [one for one in json.loads(answer.output) if one["check"] == "database"]
    assert "does not answer" in found["text"]
    assert "WEBHOOKS_UI_DATABASE_URL" in found["way_out"]
    with app.app_context(), transaction():
        db.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    answer = doctor(folder, "--json")
    assert answer.exit_code == 1
    (found,) = [one for one in json.loads(answer.output) if one["check"] == "database"]
    assert "made by a newer version" in found["text"]
    assert "Install that version again" in found["way_out"]


def test_the_page_speaks_ukrainian_of_what_is_wrong(app: Flask, admin: FlaskClient) -> None:
    with app.app_context(), transaction():
        db.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    page = admin.get("/settings/about", headers={"Accept-Language": "uk"}).text
    assert "База даних належить новішій версії" in page
    assert "newer version" not in page
    assert re.search(r"вільно [\d\xa0,]+ ГБ", page)


def test_keys_of_another_installation(app: Flask) -> None:
    beat(app)
    sign_in(app, "olena").post("/settings/tokens/new")
    with app.app_context():
        from webhooks_ui.models import installation

        assert installation.record_keys() is None
    answer = doctor(app.config["DATA_DIR"], ENCRYPTION_KEYS=new_encryption_key())
    assert (answer.exit_code, "problem  keys" in answer.output) == (1, True)
    assert "Put the file encryption_keys of this installation back" in answer.output


def test_the_page_shows_it_without_a_secret(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOKS_UI_RETENTION", "14d")
    monkeypatch.setenv("WEBHOOKS_UI_METRICS_TOKEN", "a-secret-of-ours-1")
    app = make_app()
    page = sign_in(app, "olena").get("/settings/about").text
    assert "No worker is running" in page
    assert "<b>14d</b>" in page
    assert "a-secret-of-ours-1" not in page
    with app.app_context():
        assert all(key in page for key in facts.key_ids())


def test_it_is_for_administrators(app: Flask, admin: FlaskClient) -> None:
    assert admin.get("/settings/about").status_code == 200
    assert sign_in(app, "guest", role="editor").get("/settings/about").status_code == 403
