"""Saving while the name server is dead: few requests wait for it, and events are taken in."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import caller, issue
from tests.api.test_take_events import EVENT
from tests.conftest import make_webhook, sign_in, webhook_form
from tests.support.apps import MakeApp
from tests.support.waiting import wait_until
from webhooks_ui.api.configuration import planning
from webhooks_ui.egress.target_url import Target
from webhooks_ui.server.connections import THREADS
from webhooks_ui.validation import look_ups
from webhooks_ui.validation import webhook as webhook_rules
from webhooks_ui.validation.look_ups import LookUps

WAITS = 120.0  # seconds: a slow machine is told from one that waits
Save = Callable[[], int]
pytestmark = pytest.mark.usefixtures("patient")


@pytest.fixture
def over() -> Event:
    return Event()


@pytest.fixture
def app(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, over: Event) -> Flask:
    def hang(_host: str, _port: int) -> list[str]:
        over.wait(WAITS)
        return []

    monkeypatch.setattr(webhook_rules, "LOOK_UP_TIMEOUT", WAITS)
    monkeypatch.setattr(webhook_rules, "_look_ups", LookUps())
    return make_app(RESOLVER=hang)


def by_form(app: Flask, url: str) -> Save:
    browser = sign_in(app, "olena")
    return lambda: browser.post("/webhooks/new", data=webhook_form(url=url)).status_code


def by_api(app: Flask, url: str) -> Save:
    call, body = caller(app, issue(app, "admin")), {"url": url, "events": ["team_changed"]}
    return lambda: int(call("POST", "/webhooks", body).status_code)


@pytest.mark.parametrize(("how", "status"), [(by_form, 303), (by_api, 201)])
def test_saving_never_holds_up_intake(
    app: Flask, over: Event, how: Callable[[Flask, str], Save], status: int
) -> None:
    saves = [how(app, f"https://host-{number}.example/") for number in range(24)]
    send = caller(app, issue(app, "events"))
    with ThreadPoolExecutor(THREADS) as server:
        saving = [server.submit(save) for save in saves]
        begun = time.monotonic()
        assert server.submit(send, "POST", "/events", EVENT).result().status_code == 202
        assert time.monotonic() - begun < WAITS / 2

        def few_wait() -> bool:
            return sum(not one.done() for one in saving) <= look_ups.MAX_AT_ONCE

        wait_until(few_wait, WAITS / 2, "the end of the others")
        over.set()
        assert {one.result() for one in saving} == {status}


def test_it_is_said_that_nobody_knows(
    app: Flask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_rules, "LOOK_UP_TIMEOUT", 0.0)
    page = admin.get(f"/webhooks/{make_webhook(admin)}").text
    assert "Saved, but crm.example could not be looked up in time." in page
    assert "cannot be resolved" not in page


def test_what_needs_no_name_server_is_judged_without_a_place(app: Flask) -> None:
    for _ in range(look_ups.MAX_AT_ONCE):
        webhook_rules._look_ups._free.acquire()
    with app.app_context():
        refused = webhook_rules.refused_by(app.extensions["guard"], "http://10.0.0.1/")
    assert refused is not None
    assert "10.0.0.1" in refused.message


def test_a_file_of_many_webhooks_waits_for_the_first_names_alone(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment, given = [0.0], list[float]()

    def hang(_target: Target, timeout: float) -> None:
        given.append(timeout)
        moment[0] += timeout

    monkeypatch.setattr(look_ups, "monotonic", lambda: moment[0])
    monkeypatch.setattr(app.extensions["guard"], "refusal", hang)
    body = {"events": ["team_changed"]}
    hosts = [{**body, "url": f"https://host-{number}.example/"} for number in range(9)]
    with app.app_context():
        planning.plan(json.dumps({"version": 1, "webhooks": hosts}))
        assert given == [WAITS] * look_ups.MAX_HANGING + [0.0] * (9 - look_ups.MAX_HANGING)
