"""Make the pictures of README and docs: `docs/screenshots/`, from the demonstration.

`python -m tools.screenshots sources` makes those of sources and filters alone.
The console runs in this process, so that names such as crm.acme.example lead to the receivers.
"""

import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trustme
import waitress
from flask import Flask
from playwright.sync_api import Browser, Locator, Page

from tests.browser import steps
from tests.support.browser import Visitor, launched
from tests.support.waiting import wait_until
from tools import source_screenshots
from tools.demo import cast, history, show
from tools.demo.receivers import Stage
from tools.pictures import light
from webhooks_ui.database.engine import db, end_read
from webhooks_ui.intake import accept
from webhooks_ui.intake.event import ChannelName, IncomingEvent
from webhooks_ui.models import Delivery, Webhook

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
MAX_BYTES = 150_000
DAYS = 21


@contextmanager
def receiving(folder: Path) -> Iterator[tuple[Stage, Path]]:
    """The demo's receivers with a certificate for every name, and the authority's file."""
    authority = trustme.CA(organization_name="Acme", organization_unit_name="Acme CA")
    made = authority.issue_cert(
        *(player.host for player in cast.PLAYERS),
        common_name="acme.example",
        organization_name="Acme",
        organization_unit_name="Platform",
        not_after=datetime.now(UTC) + timedelta(days=71),
    )
    certificate, trusted = folder / "receiver.pem", folder / "authority.pem"
    made.private_key_and_cert_chain_pem.write_to_path(certificate)
    authority.cert_pem.write_to_path(trusted)
    with Stage(https_port(), certificate) as stage:
        yield stage, trusted


def https_port() -> int:
    """443 where this user may listen there, else any free port."""
    try:
        with socket.create_server(("127.0.0.1", 443)):
            return 443
    except OSError:
        return 0


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serves the app on a free port as `serve` does; its origin."""
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


def stir(app: Flask) -> None:
    """Makes the receiver that is gone answer 410, and waits until the alert has arrived."""
    with app.app_context():
        kind = cast.STATUS
        data = history.data_of(kind, 1)
        accept.accept([IncomingEvent(kind, data, ChannelName("whatsapp"))])

    def told() -> int:
        with app.app_context():
            end_read()
            found = db.session.query(Delivery).filter_by(type="webhook_disabled")
            return found.filter_by(status="succeeded").count()

    wait_until(told, 20, "the notice")


def ids(app: Flask) -> dict[str, str]:
    """The webhooks' public ids by name."""
    with app.app_context():
        return {webhook.name: webhook.public_id for webhook in db.session.query(Webhook)}


def sign_in(browser: Browser, origin: str) -> Visitor:
    """A visitor who has signed in through the page."""
    visitor = Visitor(browser, origin, signed_in=None)
    page = visitor.open("/login")
    steps.sign_in(page, show.LOGIN, show.PASSWORD)
    state = page.context.storage_state()
    visitor.leave()
    return Visitor(browser, origin, state)


class Album:
    """Takes pictures of what a signed-in visitor sees, and puts them into the folder."""

    def __init__(self, visitor: Visitor, blank: Page) -> None:
        self._visitor, self._blank = visitor, blank

    def open(self, path: str, height: int, *, dark: bool = False, **options: Any) -> Page:
        """A page, by default in English and the light theme."""
        clothes: dict[str, Any] = {"locale": "uk-UA", "color_scheme": "dark"} if dark else {}
        given = {"device_scale_factor": 1.5} | clothes | options
        return self._visitor.open(path, height=height, **given)

    def save(self, shown: Page | Locator, name: str) -> None:
        """Saves what the window or a part shows; raises RuntimeError when the file is too large."""
        picture = light(shown.screenshot(), self._blank)
        if len(picture) > MAX_BYTES:
            raise RuntimeError(f"{name} has {len(picture):,} bytes, {MAX_BYTES:,} are allowed")
        (PICTURES / f"{name}.png").write_bytes(picture)
        print(f"docs/screenshots/{name}.png  {len(picture):,} bytes", flush=True)

    def take(self, webhooks: dict[str, str]) -> None:
        """Every picture, some of them in other themes, languages and widths."""
        names = ("CRM", "Чергові у Telegram", "Partner portal")
        crm, bot, portal = (f"/webhooks/{webhooks[name]}" for name in names)
        self.save(self.open("/webhooks", 900), "list")
        self.save(self.open(bot, 1000), "webhook")
        page = self.open(crm, 1000)
        page.locator("#test-send").click()
        page.locator("#test-result .verdict.good").wait_for()
        self.save(page, "test-result")
        self.save(self.open("/deliveries", 900), "deliveries")
        self.save(self._first_of("/deliveries?status=failed", 1100), "delivery")
        self.save(
            self._first_of("/events?event=conversation_status_changed&test=no", 1300), "event"
        )
        self._recover(portal)
        self._template(f"{bot}/edit", "template")
        self._template(f"{bot}/edit", "template-uk", locale="uk-UA")
        self.save(self.open("/webhooks", 900, dark=True), "list-uk-dark")
        self.save(self.open("/deliveries", 900, dark=True), "deliveries-uk-dark")
        phone = self.open("/webhooks", 844, width=390, locale="uk-UA", device_scale_factor=2)
        self.save(phone, "list-uk-phone")

    def _first_of(self, path: str, height: int) -> Page:
        """The page of a list's first row."""
        page = self.open(path, height)
        with page.expect_navigation():
            page.locator("tbody td.main a").first.click()
        return page

    def _template(self, form: str, name: str, **options: Any) -> None:
        """The ready template of Telegram in a webhook's form, with its preview."""
        page = self.open(form, 1400, **options)
        part = page.locator("#more-formats")
        part.locator("summary").first.click()
        part.locator("[name=payload_format][value=template]").check()
        part.locator("button[value=telegram]").click()
        part.locator("#template-preview pre").first.wait_for()
        self.save(part, name)

    def _recover(self, webhook: str) -> None:
        """Starts a recovery of what a receiver refused, and shows its progress."""
        since = (datetime.now(UTC) - timedelta(days=11)).strftime("%Y-%m-%dT%H:%M")
        page = self.open(webhook, 620)
        page.get_by_role("button", name="Enable").click()
        page.goto(f"{webhook}/recover?since={since}")
        page.locator("#recover").click()
        page.locator("#progress").get_by_text(re.compile("^[1-9][0-9,]* of")).wait_for()
        self.save(page, "recover")


def main() -> None:
    """Set up a demonstration in a temporary folder and take its pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        show.prepare(folder / "demo")
        with (
            receiving(folder) as (stage, trusted),
            show.console(folder / "demo", stage, DAYS, CA_FILE=str(trusted)) as app,
            show.live(app, every=3.0),
            served(app) as origin,
            launched() as browser,
        ):
            stir(app)
            visitor = sign_in(browser, origin)
            album = Album(visitor, browser.new_page())
            if sys.argv[1:] != ["sources"]:
                album.take(ids(app))
            source_screenshots.take(album)
            visitor.leave()


if __name__ == "__main__":
    main()
