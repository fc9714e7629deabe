"""Make the pictures of README and docs: `docs/screenshots/`, from the demonstration.

The console runs in this process, so that names such as crm.acme.example lead to the receivers.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme
import waitress
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.support.browser import Visitor, launched
from tests.support.waiting import wait_until
from tools.demo import cast, show
from tools.demo.receivers import Stage
from webhooks_ui import intake
from webhooks_ui.database import db, read_anew
from webhooks_ui.models import Delivery, Webhook

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
MOST_BYTES = 150_000
DAYS = 21


@contextmanager
def receiving(folder: Path) -> Iterator[tuple[Stage, Path]]:
    """The receivers, which answer to https for every name, and the file to trust them by."""
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
    """The port that URLs need not name, where this user may listen there; else any free one."""
    try:
        with socket.create_server(("127.0.0.1", 443)):
            return 443
    except OSError:
        return 0


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app on a free port, by the same server as `serve`; its origin."""
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


def stir(app: Flask) -> None:
    """Has the receiver that is gone say so, and waits until the webhook on call has been told."""
    with app.app_context():
        kind = cast.STATUS
        data = show.history.data_of(kind, 1)
        intake.accept([intake.IncomingEvent(kind, data, intake.ChannelName("whatsapp"))])

    def told() -> int:
        with app.app_context():
            read_anew()
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
    page.locator("[name=login]").fill(show.LOGIN)
    page.locator("[name=password]").fill(show.PASSWORD)
    with page.expect_navigation():
        page.locator("[name=password]").press("Enter")
    state = page.context.storage_state()
    visitor.leave()
    return Visitor(browser, origin, state)


def save(page: Page, name: str) -> None:
    """Take the picture of what the window shows; RuntimeError when it is too heavy for a README."""
    file = PICTURES / f"{name}.png"
    size = len(page.screenshot(path=file))
    if size > MOST_BYTES:
        raise RuntimeError(f"{file.name} has {size:,} bytes, {MOST_BYTES:,} are allowed")
    print(f"docs/screenshots/{name}.png  {size:,} bytes")


def take(visitor: Visitor, webhooks: dict[str, str]) -> None:
    """Every picture, and some of them in other clothes."""
    crm, bot = (f"/webhooks/{webhooks[name]}" for name in ("CRM", "Чергові у Telegram"))
    save(visitor.open("/webhooks", height=900), "list")
    save(visitor.open(bot, height=1000), "webhook")
    page = visitor.open(crm, height=1000)
    page.locator("#test-send").click()
    page.locator("#test-result .verdict.good").wait_for()
    save(page, "test-result")
    save(visitor.open("/deliveries", height=900), "deliveries")
    page = visitor.open("/deliveries?status=failed", height=1100)
    page.locator("tbody .main a.title").first.click()
    page.locator("h1").wait_for()
    save(page, "delivery")
    page = visitor.open("/events", height=1100)
    page.locator("tbody a.title").nth(3).click()
    page.locator("h1").wait_for()
    save(page, "event")
    recover(visitor, bot)
    dark = {"locale": "uk-UA", "color_scheme": "dark"}
    save(visitor.open("/webhooks", height=900, **dark), "list-uk-dark")
    save(visitor.open("/deliveries", height=900, **dark), "deliveries-uk-dark")
    save(visitor.open("/webhooks", width=390, height=844, locale="uk-UA"), "list-uk-phone")


def recover(visitor: Visitor, webhook: str) -> None:
    """What a receiver missed is sent again, and its progress is shown."""
    page = visitor.open(f"{webhook}/recover?span=30d", height=700)
    page.locator("#recover").click()
    page.locator("#progress").wait_for()
    save(page, "recover")


def main() -> None:
    """Set up a demonstration in a temporary folder and take its pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        show.prepare(folder / "demo")
        with (
            receiving(folder) as (stage, trusted),
            show.console(folder / "demo", stage, DAYS, SENDER={"ca_file": str(trusted)}) as app,
            show.alive(app, every=1.0),
            served(app) as origin,
            launched() as browser,
        ):
            stir(app)
            visitor = sign_in(browser, origin)
            take(visitor, ids(app))
            visitor.leave()


if __name__ == "__main__":
    main()
