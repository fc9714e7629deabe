"""Whatever changes something is in the log: every route, operation of the API and command.

A new one fails here until it is named: with how to call it, or among those that change nothing.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func

from tests.accounts.test_forgotten import can_mail
from tests.accounts.test_second_factor import code_of
from tests.audit.conftest import entries
from tests.audit.test_calls import ONLY_READS
from tests.audit.world import URL, World, app, prepared, world
from tests.cli.conftest import Run, data_dir, run
from tests.conftest import PASSWORD, make_webhook, sign_in, stored, webhook_form
from webhooks_ui.accounts import people, second_factor, setup_link, users
from webhooks_ui.cli.main import main
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.explanations.audit_words import ACTIONS
from webhooks_ui.models import (
    AccountLink,
    Channel,
    Event,
    Source,
    Token,
    User,
    UserSession,
)
from webhooks_ui.models.public_ids import DELIVERY, new_id
from webhooks_ui.monitoring import metrics

__all__ = ["app", "data_dir", "prepared", "run", "world"]  # fixtures
NEW_PASSWORD = "five lanterns over quiet water"


def recovery(w: World) -> str:
    answer = w.post("/deliveries/recover", status="failed", since="2020-01-01T00:00")
    return str(answer.location.rpartition("/")[2])


def link(w: World) -> str:
    with w.app.app_context():
        return people.invite("viewer", "olena")


def asked_for_link(w: World) -> Any:
    w.app.config.update(can_mail(9))
    return w.app.test_client().post("/forgotten", data={"login": "nobody"})


def set_up(w: World) -> Any:
    with w.app.app_context(), transaction():
        for user in User.everybody():
            db.session.delete(user)
    token = setup_link.setup_token(w.app.config["SECRET_KEY"])
    data = {"token": token, "login": "first", "password": PASSWORD}
    return w.app.test_client().post("/setup", data=data)


def sign_in_refused(w: World) -> Any:
    data = {"login": "olena", "password": "wrong"}
    return w.app.test_client().post("/login", data=data)


def edited(w: World) -> Any:
    version = stored(w.app, w.webhook).version
    form = webhook_form(url=f"{URL}/new", version=version)
    return w.admin.post(f"/webhooks/{w.webhook}/edit", data=form)


def probed(w: World, path: str) -> Any:
    form = webhook_form(url=URL, draft="wh_01kfg7gq6v4s6z0m8q9t3w5xyb", event="message_created")
    return w.admin.post(path, data=form | {"order": new_id(DELIVERY)})


def undone(w: World) -> Any:
    done = w.post("/webhooks/bulk", ids=[w.webhook], action="disable")
    return w.post(f"/webhooks/bulk/{done.location.rpartition('=')[2]}/undo")


def another_session(w: World) -> Any:
    sign_in(w.app, "olena")
    newest = w.one(func.max(UserSession.id))
    return w.post(f"/settings/account/sessions/{newest}/end")


def deleted(w: World, path: str) -> str:
    w.post(f"/webhooks/{w.webhook}/delete")
    return path.format(w.webhook)


def channel_id(w: World) -> str:
    with w.app.app_context(), transaction():
        db.session.add(Channel(key="unused", name="Unused"))
    return str(w.one(Channel.public_id, Channel.key == "unused"))


def source(w: World) -> str:
    w.post("/sources/new", name="Chatwoot")
    return str(w.one(Source.public_id))


def factor_of(w: World, login: str) -> str:
    """Switches it on for a user; the secret."""
    secret = second_factor.new_secret()
    with w.app.app_context():
        user = User.by_login(login)
        assert user is not None
        assert second_factor.enable(user.id, secret, code_of(secret))
    return secret


def switch_on(w: World) -> Any:
    page = w.admin.get("/settings/account/second-factor").text
    (secret,) = re.findall(r'<code id="secret">(\w+)</code>', page)
    (sealed,) = re.findall(r'name="sealed"[^>]*value="([^"]+)"', page)
    return w.post("/settings/account/second-factor", sealed=sealed, code=code_of(secret))


def second_step(w: World) -> FlaskClient:
    """A browser in which the password was right."""
    with w.app.app_context():
        assert users.add_user("maria", PASSWORD) == {}
    factor_of(w, "maria")
    browser = w.app.test_client()
    browser.post("/login", data={"login": "maria", "password": PASSWORD})
    return browser


def person(w: World) -> int:
    return int(w.one(User.id, User.login == "ivan"))


def applied(w: World) -> Any:
    text = "{version: 1, channels: [{key: new, name: New}]}"
    page = w.post("/settings/configuration/review", text=text).text
    (seen,) = re.findall(r'name="seen" value="(\w+)"', page)
    return w.post("/settings/configuration/import", text=text, seen=seen)


Act = Callable[[World], Any]
ROUTES: dict[str, Act] = {
    "account.choose_timezone": lambda w: w.post(
        "/settings/account/timezone", timezone="Europe/Kyiv"
    ),
    "account.end_session": another_session,
    "account.end_sessions": lambda w: w.post("/settings/account/sessions/end"),
    "account.show": lambda w: w.post(
        "/settings/account", current_password="wrong", password=NEW_PASSWORD
    ),
    "account.set_email": lambda w: w.post(
        "/settings/account/email", email="olena@acme.example", passphrase="wrong"
    ),
    "account_link.ask": asked_for_link,
    "account_link.use": lambda w: w.app.test_client().post(
        f"/invitation?token={link(w)}", data={"login": "new", "password": NEW_PASSWORD}
    ),
    "auth.login": sign_in_refused,
    "auth.logout": lambda w: w.post("/logout"),
    "auth.setup": set_up,
    "channels.delete": lambda w: w.post(f"/channels/{channel_id(w)}/delete"),
    "channels.edit": lambda w: w.post(
        f"/channels/{channel_id(w)}/edit", key="unused", name="New", kind="api"
    ),
    "channels.new": lambda w: w.post("/channels/new", key="9", name="Nine", kind="api"),
    "configuration.export": lambda w: w.post("/settings/configuration/export"),
    "configuration.apply": applied,
    "deliveries.cancel": lambda w: w.post(f"/deliveries/{w.waiting()}/cancel"),
    "deliveries.resend": lambda w: w.post(f"/deliveries/{w.delivery('failed')}/resend"),
    "deliveries.retry_now": lambda w: w.post(f"/deliveries/{w.waiting()}/retry_now"),
    "events.deliver": lambda w: w.post(
        f"/events/{w.one(Event.public_id, ~Event.test)}/deliver", webhook=w.webhook
    ),
    "preferences.language": lambda w: w.post("/language", language="uk"),
    "people.new": lambda w: w.post("/settings/users/new", role="viewer"),
    "people.offer_new_password": lambda w: w.post(f"/settings/users/{person(w)}/link"),
    "people.remove": lambda w: w.post(f"/settings/users/{person(w)}/remove"),
    "people.set_role": lambda w: w.post(f"/settings/users/{person(w)}/role", role="editor"),
    "people.sign_out": lambda w: w.post(f"/settings/users/{person(w)}/sign-out"),
    "people.withdraw": lambda w: (
        link(w) and w.post(f"/settings/users/invitations/{w.one(AccountLink.id)}/withdraw")
    ),
    "receiver.make": lambda w: w.post("/receiver"),
    "receiver.choose": lambda w: w.post(f"/receiver/{w.make('/receiver')}/answer", answer="500"),
    "receiver.delete": lambda w: w.post(f"/receiver/{w.make('/receiver')}/delete"),
    "recoveries.of_filter": recovery,
    "recoveries.of_webhook": lambda w: w.post(
        f"/webhooks/{w.failing()}/recover",
        since="2020-01-01T00:00",
    ),
    "recoveries.stop": lambda w: w.post(f"/recoveries/{recovery(w)}/stop"),
    "second_factor.ask": lambda w: second_step(w).post("/login/code", data={"code": "1"}),
    "second_factor.remove": lambda w: w.post(
        "/settings/account/second-factor/remove", code=code_of(factor_of(w, "olena"), after=1)
    ),
    "second_factor.show": switch_on,
    "people.remove_second_factor": lambda w: (
        factor_of(w, "ivan") and w.post(f"/settings/users/{person(w)}/second-factor/remove")
    ),
    "sources.delete": lambda w: w.post(f"/sources/{source(w)}/delete"),
    "sources.edit": lambda w: w.post(f"/sources/{source(w)}/edit", name="New"),
    "sources.new": lambda w: w.post("/sources/new", name="Chatwoot"),
    "sources.rotate_token": lambda w: w.post(f"/sources/{source(w)}/rotate-token"),
    "tokens.new": lambda w: w.post("/settings/tokens/new", name="New", scope="events"),
    "tokens.revoke": lambda w: w.post(f"/settings/tokens/{w.one(Token.public_id)}/revoke"),
    "webhooks.bulk": lambda w: w.post("/webhooks/bulk", ids=[w.webhook], action="disable"),
    "webhooks.bulk_undo": undone,
    "webhooks.delete": lambda w: w.post(f"/webhooks/{w.webhook}/delete"),
    "webhooks.disable": lambda w: w.post(f"/webhooks/{w.webhook}/disable"),
    "webhooks.edit": edited,
    "webhooks.enable": lambda w: (
        w.post(f"/webhooks/{w.webhook}/disable") and w.post(f"/webhooks/{w.webhook}/enable")
    ),
    "webhooks.new": lambda w: make_webhook(w.admin),
    "webhooks.pause": lambda w: w.post(f"/webhooks/{w.webhook}/pause", until="1h"),
    "webhooks.restore": lambda w: w.post(deleted(w, "/webhooks/{}/restore")),
    "webhooks.rotate_secret": lambda w: w.post(f"/webhooks/{w.webhook}/rotate-secret"),
    "webhooks.test": lambda w: probed(w, f"/webhooks/{w.webhook}/test"),
    "webhooks.test_unsaved": lambda w: probed(w, "/webhooks/test"),
}
"""How each route that changes something is used."""
ONLY_LOOKS = {
    "verify.check",
    "preferences.theme",
    "preferences.shortcuts",
    "webhooks.try_filters",
    "webhooks.preview_template",  # which records what it shows of real events
    "configuration.review",
}
"""What is posted there is kept nowhere, or in the browser alone."""
BY_NOBODY = {"auth.login", "account_link.use", "account_link.ask", "second_factor.ask"}
RECEIVES = {"receiver.arrive"}
"""What programs send all the time: it is counted and kept, not audited."""
OPERATIONS: dict[str, Act] = {
    "channels_change": lambda w: w.call("PATCH", f"/channels/{channel_id(w)}", {"name": "New"}),
    "channels_delete": lambda w: w.call("DELETE", f"/channels/{channel_id(w)}"),
    "channels_make": lambda w: w.call("POST", "/channels", {"key": "9", "name": "Nine"}),
    "deliveries_resend": lambda w: w.call("POST", f"/deliveries/{w.delivery('failed')}/resend"),
    "deliveries_test": lambda w: w.call(
        "POST", f"/webhooks/{w.webhook}/test", {"type": "message_created"}
    ),
    "webhooks_change": lambda w: w.call("PATCH", f"/webhooks/{w.webhook}", {"name": "New"}),
    "webhooks_delete": lambda w: w.call("DELETE", f"/webhooks/{w.webhook}"),
    "webhooks_make": lambda w: w.call(
        "POST", "/webhooks", {"url": URL, "events": ["message_created"]}
    ),
    "webhooks_restore": lambda w: w.call("POST", deleted(w, "/webhooks/{}/restore")),
    "webhooks_rotate_secret": lambda w: w.call("POST", f"/webhooks/{w.webhook}/rotate-secret"),
}
TAKES_EVENTS = {"events_take", "events_take_batch", "sources_chatwoot"}
COMMANDS: dict[str, tuple[str, ...]] = {
    "backup": ("backup", "{folder}/hooks.backup"),
    "channel add": ("channel", "add", "9", "Nine"),
    "export": ("export", "{folder}/hooks.yaml"),
    "import": ("import", "{folder}/new.yaml"),
    "event send": ("event", "send", "message_created"),
    "prune": ("prune",),
    "rotate-key": ("rotate-key",),
    "token add": ("token", "add", "New"),
    "token revoke": ("token", "revoke", "{token}"),
    "user add": ("user", "add", "new", "--password-stdin"),
    "user password": ("user", "password", "ivan", "--password-stdin"),
    "user remove-second-factor": ("user", "remove-second-factor", "ivan"),
    "user remove": ("user", "remove", "ivan"),
}
OPENS_NO_DATABASE = {"completion", "listen"}
STARTS = {"serve", "worker"}
"""Recorded at each start: see tests/audit/test_starts.py."""
ONLY_THE_SCHEMA = {"migrate"}
"""Recorded where there was something to do: see tests/cli/test_migrate.py."""
ALONE = {"restore", "move"}
"""Nobody else may use the database meanwhile: see tests/operations/test_backup.py, test_move.py."""


def changing(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        if (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            yield rule.endpoint


def test_every_route_and_operation_is_known(app: Flask) -> None:
    operations = {f"api.{name}" for name in (*OPERATIONS, *TAKES_EVENTS)}
    assert set(changing(app)) == {*ROUTES, *ONLY_LOOKS, *RECEIVES, *operations}


@pytest.mark.parametrize("endpoint", ROUTES)
def test_every_route(world: World, endpoint: str) -> None:
    before = len(entries(world.app))
    ROUTES[endpoint](world)
    new = entries(world.app)[before:]
    assert new, endpoint
    assert {entry.action for entry in new} <= set(ACTIONS)
    who = "nobody" if endpoint in BY_NOBODY else "user"
    assert who in {entry.actor_kind for entry in new}
    assert {entry.address for entry in new if entry.actor_kind == who} == {"127.0.0.1"}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation(world: World, operation: str) -> None:
    before = len(entries(world.app))
    answer = OPERATIONS[operation](world)
    assert answer.status_code < 300, answer.text
    new = [one for one in entries(world.app)[before:] if one.actor_kind == "token"]
    # Beside the call itself, and what is shown of the answer to a test.
    (entry,) = [one for one in new if one.topic not in ("call", "reading")]
    assert entry.actor_name == "Test admin"
    assert (entry.actor_id or "").startswith("tok_")
    assert entry.address == "127.0.0.1"
    assert entry.action in ACTIONS


def names(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from names(command, f"{before}{name} ")
        else:
            yield before + name


def test_every_command_is_known() -> None:
    known = {*COMMANDS, *ONLY_READS, *OPENS_NO_DATABASE, *STARTS, *ONLY_THE_SCHEMA, *ALONE}
    assert set(names(main)) == known


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command(
    world: World, run: Run, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(metrics, "share", lambda _folder: None)
    factor_of(world, "ivan")
    before = len(entries(world.app))
    (tmp_path / "new.yaml").write_text("{version: 1, channels: [{key: new, name: New}]}")
    token = world.one(Token.public_id)
    arguments = [word.format(token=token, folder=tmp_path) for word in COMMANDS[command]]
    result = run(*arguments, stdin=f"{NEW_PASSWORD}\n")
    assert result.exit_code == 0, result.output
    new = entries(world.app)[before:]
    assert {entry.object_id for entry in new if entry.topic == "call"} == {command}
    assert [entry for entry in new if entry.topic != "call"]
    assert {entry.action for entry in new} <= set(ACTIONS)
    assert {entry.actor_kind for entry in new} == {"command"}
    assert all(entry.actor_name and entry.address is None for entry in new)


def test_no_secret_gets_into_the_log(world: World, run: Run) -> None:
    secrets = ["secret-token", NEW_PASSWORD]
    make_webhook(world.admin, url=URL, auth_type="bearer", auth_token=secrets[0])
    run("user", "add", "new", "--password-stdin", stdin=f"{NEW_PASSWORD}\n")
    world.post("/settings/users/new", role="viewer")
    world.post("/settings/tokens/new", name="New", scope="events")
    page = world.admin.get("/settings/users").text + world.admin.get("/settings/tokens").text
    secrets += re.findall(r"token=([\w-]{20,})|(whui_[\w-]+)", page)[0]
    kept = json.dumps([(e.changes, e.details, e.object_name) for e in entries(world.app)])
    assert not [secret for secret in secrets if secret and secret in kept]
