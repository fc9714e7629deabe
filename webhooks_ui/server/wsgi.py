"""Serves the console: migrates, listens, answers until it gets SIGTERM or SIGINT."""

import gc
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from threading import Thread

from flask import Flask
from waitress.task import ErrorTask

from webhooks_ui import api, create_app
from webhooks_ui.accounts import setup_link
from webhooks_ui.audit import calls
from webhooks_ui.database.engine import UNREACHABLE, db
from webhooks_ui.intake import group
from webhooks_ui.models import Source, User
from webhooks_ui.monitoring import logs, metrics
from webhooks_ui.server import process
from webhooks_ui.server.connections import Server
from webhooks_ui.server.listening import address, listen
from webhooks_ui.server.supervisor import Forked, Supervisor
from webhooks_ui.validation import event as event_rules
from webhooks_ui.web import body_limits, compiled_templates, errors, own_address
from webhooks_ui.web.security import HEADERS


def serve(
    host: str | None, port: int | None, say: Callable[[str], None], *, worker: bool = True
) -> None:
    """Serves until a signal ends it; `say` gets the lines for whoever started it.

    `host` and `port` go above the settings. Raises `AddressError`, `table.SettingError`,
    `keys.KeyFileError` and `SchemaError`.
    """
    process.exit_on_stop()
    process.share_arenas()
    given = {"HOST": host, "PORT": port}
    app = create_app({name: value for name, value in given.items() if value is not None})
    logs.set_up(app.config["LOG_FORMAT"], app.config["LOG_LEVEL"])
    with listen(app.config["HOST"], app.config["PORT"]) as listening:
        app.config["OWN_URL"] = address(listening)
        _prepare_database(app)
        supervisor = Supervisor(os.environ, app.config["DELIVERY_TIMEOUT"])
        if worker:
            process.prepare_fork(app)
            # Elsewhere the system's libraries may have threads that a fork would lose.
            if sys.platform == "linux" and (
                forked := supervisor.fork(lambda: _prepare_worker(listening))
            ):
                _deliver(app, forked)
                return
        metrics.share(app.config["DATA_DIR"])
        compiled_templates.keep(app)
        server = _server(app, listening)
        _greet(app, address(listening), say)
        if worker:
            supervisor.start()  # last: it needs the processor too
        Thread(
            target=_prepare_for_sources, args=(app,), name="prepare-for-sources", daemon=True
        ).start()
        process.freeze_garbage_collector()
        server.run()  # until a signal ends it
    if worker:
        supervisor.close()
    process.close(app)


def _prepare_database(app: Flask) -> None:
    process.upgrade(app)
    process.check_keys(app)
    with app.app_context():
        calls.command_run("serve", runs_on=True)


def _prepare_for_sources(app: Flask) -> None:
    """Loads what the first request of a source needs: a sender does not wait for long."""
    with app.app_context(), suppress(*UNREACHABLE):
        if db.session.query(Source.id).first():
            api.load(app)
            Source.by_token("", "")
            group.store_of(db.engine).warm_up()


def _prepare_worker(listening: socket.socket) -> None:
    """What is done once for all workers: they take no requests, and need what only they import."""
    listening.close()
    from webhooks_ui.server import worker_process  # noqa: F401

    gc.freeze()  # the collector writes to what it looks at, which would no longer be shared


def _deliver(app: Flask, forked: Forked) -> None:
    """What a worker does that was forked from here."""
    from webhooks_ui.server import worker_process

    try:
        metrics.share(app.config["DATA_DIR"])
        worker_process.run(app, parent=forked.parent, numbers=(forked.number, forked.before))
    finally:
        process.close(app)


def _refusal(app: Flask) -> type[ErrorTask]:
    """Answers what never reaches the app, such as a body that is far too large, as the app does."""

    class Refusal(ErrorTask):  # type: ignore[misc]  # waitress has no types
        def execute(self) -> None:
            with app.app_context():
                answer = errors.problem(self.request.error.code).get_response()
            answer.headers.update(HEADERS | {"Cache-Control": "no-store"})
            self.status, self.content_length = answer.status, len(answer.data)
            self.response_headers.extend(answer.headers)
            self.set_close_on_finish()
            self.write(answer.data)

    return Refusal


def _server(app: Flask, listening: socket.socket) -> Server:
    most_of_event = app.config["MAX_EVENT_SIZE"]
    one, many = event_rules.largest_body(most_of_event), event_rules.largest_batch(most_of_event)

    # A proxy may have taken the path of PUBLIC_URL away.
    below = own_address.path_of(app.config["PUBLIC_URL"])

    @lru_cache(maxsize=256)
    def body_limit(path: str) -> int:
        """Above the app's own limit, so that what is too large gets the app's own answer."""
        own = path.removeprefix(below)
        if own.startswith(api.PREFIX):
            api.load(app)
        most = body_limits.of_path(app, own)
        return 2 * one + many if most is None else 2 * most

    def is_intake(path: str) -> bool:
        return path.removeprefix(below).startswith(api.INTAKE)

    return Server(
        logs.RequestLog(app),
        listening,
        _refusal(app),
        body_limit,
        is_intake,
        most=process.open_files(app).connections,
        max_body=2 * (one + many),
        per_address=app.config["TRUSTED_PROXIES"] == 0,
        # The app judges X-Forwarded-* itself, and only where proxies are trusted.
        clear_proxy_headers=app.config["TRUSTED_PROXIES"] == 0,
    )


def _greet(app: Flask, local: str, say: Callable[[str], None]) -> None:
    say(f"webhooks-ui is at {local}")
    with app.app_context():
        if not User.exists():
            base = own_address.base_url(app.config)
            say("Make the first administrator here, within a day:")
            say(setup_link.setup_url(base, app.config["SECRET_KEY"]))
