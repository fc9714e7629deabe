"""What people do in the console and what receivers then check, told once for all journeys."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect
from standardwebhooks import Webhook as Verifier

from tests.support.receiver import Received
from tests.support.server import Server
from webhooks_ui import create_app
from webhooks_ui.models import channel_changes
from webhooks_ui.models.channel_changes import ChannelSettings
from webhooks_ui.server import process

LOGIN = "olena"
PASSWORD = "verba-17-lystok-kobzar"
SECRET = re.compile(r"^whsec_[A-Za-z0-9+/]{43}=$")


def console(folder: Path, port: int = 0) -> Server:
    """The program, not started yet, with local receivers, certificates that nobody verifies, and
    e-mail to a port that nothing listens on."""
    server = Server(
        folder,
        port,
        ALLOWED_NETWORKS="127.0.0.0/8",
        ALLOW_INSECURE_TLS="yes",
        SMTP_URL="smtp://127.0.0.1:9",
        NOTICE_FROM="hooks@acme.example",
    )
    server.environ["WEBHOOKS_UI_PUBLIC_URL"] = server.url
    return server


def sign_in(page: Page, login: str = LOGIN, password: str = PASSWORD) -> None:
    """Fill the sign-in form that the page shows, and wait until it has let us in."""
    page.locator("[name=login]").fill(login)
    page.locator("[name=password]").fill(password)
    with page.expect_navigation():
        page.locator("[name=password]").press("Enter")
    assert "/login" not in page.url, page.locator("main").inner_text()


def make_webhook(page: Page, url: str, **fields: Any) -> str:
    """Make a webhook for a test that is about something else, without the form; its public id."""
    form = {
        "url": url,
        "auth_type": "none",
        "events": ["message_created"],
        "payload_format": "envelope",
        "enabled": "y",
        **fields,
    }
    return post(page, "/webhooks/new", form).rpartition("/")[2]


def add_channel(data_dir: Path, key: str, name: str) -> None:
    """Make a channel in the database of a server that runs."""
    app = create_app({"DATA_DIR": data_dir})
    with app.app_context():
        channel_changes.save(None, ChannelSettings(name=name, key=key, kind="telegram"))
    process.close(app)


def post(page: Page, path: str, form: Mapping[str, Any]) -> str:
    """Send a form as this page's browser would; where the answer, a redirect, leads to."""
    answer = page.request.post(
        path,
        data=urlencode({**form, "csrf_token": csrf_token(page)}, doseq=True),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        max_redirects=0,
    )
    assert answer.status == 303, f"{answer.status}: {answer.text()}"
    return answer.headers["location"]


def csrf_token(page: Page) -> str:
    """The token that this browser's forms carry."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.request.get("/channels").text())
    assert found is not None
    return found[1]


def send_test(page: Page) -> None:
    """Press the button and wait for the result."""
    page.get_by_role("button", name="Send test event").click()
    await_result(page)


def await_result(page: Page) -> None:
    """Look again as long as it is on its way: without JavaScript the page does not do it itself.

    Each such look waits a second for the result.
    """
    expect(result(page).locator(".verdict")).to_be_visible()
    look_again = page.get_by_role("button", name="See whether the answer has come")
    while look_again.is_visible():
        with page.expect_navigation():
            look_again.click()
        expect(result(page).locator(".verdict")).to_be_visible()


def result(page: Page) -> Locator:
    """What came of the test event."""
    return page.locator("#test-result")


def expect_verdict(page: Page, tone: str, words: str) -> None:
    """Wait for the test's verdict in its colour (good, bad or wait) and its words."""
    expect(result(page).locator(f".verdict.{tone}")).to_contain_text(words)


def expect_said(page: Page, words: str) -> None:
    """Wait until these words stand on the page, not only in the region for screen readers."""
    expect(page.get_by_role("main").get_by_text(words)).to_be_visible()


def signing_secret(page: Page) -> str:
    """The secret that the page shows, this once."""
    secret = page.locator("#signing-secret").inner_text()
    assert SECRET.match(secret)
    return secret


def verify(request: Received, secret: str) -> Any:
    """What the official package makes of a request; raises when the signature does not hold."""
    return Verifier(secret).verify(request.body, dict(request.headers))
