"""Make the pictures of README: `docs/screenshots/`, from the demonstration data.

The console runs in this process, so that names such as crm.acme.example can lead to the receiver,
which runs in another.
"""

import socket
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
from playwright.sync_api import Browser, Page

from tests.support.browser import Visitor, launched
from tests.support.receiver import Receiver
from tools import demonstration
from webhooks_ui import create_app, first_run, lifecycle
from webhooks_ui.database import upgrade

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
LOGIN, PASSWORD = "olena", "verba-17-lystok-kobzar"


@contextmanager
def receiving(folder: Path) -> Iterator[tuple[Receiver, Path]]:
    """A receiver that answers to https for every example's name, and the file to trust it by."""
    authority = trustme.CA(organization_name="Acme", organization_unit_name="Acme CA")
    made = authority.issue_cert(
        *(example.host for example in demonstration.EXAMPLES),
        common_name="acme.example",
        organization_name="Acme",
        organization_unit_name="Platform",
        not_after=datetime.now(UTC) + timedelta(days=71),
    )
    certificate, trusted = folder / "receiver.pem", folder / "authority.pem"
    made.private_key_and_cert_chain_pem.write_to_path(certificate)
    authority.cert_pem.write_to_path(trusted)
    with Receiver(https_port(), certificate) as receiver:
        yield receiver, trusted


def https_port() -> int:
    """The port that URLs need not name, where this user may listen there; else any free one."""
    try:
        with socket.create_server(("127.0.0.1", 443)):
            return 443
    except OSError:
        return 0


@contextmanager
def running(settings: dict[str, Any]) -> Iterator[Flask]:
    """The app, put away properly at the end."""
    app = create_app(settings)
    upgrade(app)
    yield app
    lifecycle.close(app)


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app on a free port, by the same server as `serve`; its origin."""
    server = waitress.create_server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


def seed(settings: dict[str, Any], receiver: Receiver) -> None:
    """Make the first administrator by the set-up link, who then fills the console."""
    with running(settings | {"WTF_CSRF_ENABLED": False}) as app:
        client = app.test_client()
        link = first_run.setup_url("", app.config["SECRET_KEY"])
        client.post(link, data={"login": LOGIN, "password": PASSWORD})
        demonstration.fill(client, receiver)


def sign_in(browser: Browser, origin: str) -> Visitor:
    """A visitor who has signed in through the page."""
    visitor = Visitor(browser, origin, signed_in=None)
    page = visitor.open("/login")
    page.locator("[name=login]").fill(LOGIN)
    page.locator("[name=password]").fill(PASSWORD)
    with page.expect_navigation():
        page.locator("[name=password]").press("Enter")
    state = page.context.storage_state()
    visitor.leave()
    return Visitor(browser, origin, state)


def save(page: Page, name: str) -> None:
    """Take the picture of what the window shows."""
    page.screenshot(path=PICTURES / f"{name}.png")
    print(f"docs/screenshots/{name}.png")


def show_test(page: Page) -> None:
    """Open the CRM's page, send a test event and wait for its verdict."""
    page.get_by_role("link", name="CRM", exact=True).click()
    page.locator("#test-send").click()
    page.locator("#test-result .verdict.good").wait_for()


def take(visitor: Visitor) -> None:
    """Every picture: the list and a test's result, then the same in other clothes."""
    save(visitor.open("/webhooks", height=850, device_scale_factor=1.5), "list")
    page = visitor.open("/webhooks", height=1000, device_scale_factor=1.5)
    show_test(page)
    save(page, "test-result")
    page = visitor.open(
        "/webhooks", height=850, locale="uk-UA", color_scheme="dark", device_scale_factor=1.5
    )
    save(page, "list-uk-dark")
    page = visitor.open("/webhooks", width=390, height=844, locale="uk-UA", device_scale_factor=2)
    save(page, "list-uk-phone")


def main() -> None:
    """Fill a console in a temporary folder and take its pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        with receiving(folder) as (receiver, trusted):
            settings = {
                "DATA_DIR": folder / "data",
                "ALLOWED_NETWORKS": ("127.0.0.0/8",),
                "RESOLVER": demonstration.resolve,
                "SENDER": {"ca_file": str(trusted)},
            }
            seed(settings, receiver)
            receiver.answer(demonstration.ACCEPTED)
            with running(settings) as app, served(app) as origin, launched() as browser:
                visitor = sign_in(browser, origin)
                take(visitor)
                visitor.leave()


if __name__ == "__main__":
    main()
