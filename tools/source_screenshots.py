"""Pictures of a source and of filters, in both languages."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from playwright.sync_api import Page

from tests.sources.chatwoot import SECRET, body, headers

if TYPE_CHECKING:
    from tools.screenshots import Album

LOCALES = {"": "en-GB", "-uk": "uk-UA"}
SENT = (
    "contact_created",
    "message_created_private_note",
    "conversation_updated_team_and_assignee",
    "message_created_bot",
    "conversation_updated_status",
    "conversation_status_changed",
    "contact_updated_activity_only",
    "message_created_incoming",
)


def take(album: "Album") -> None:
    """Makes a source, lets Chatwoot's requests come, and takes every picture."""
    source = _source(album)
    for ending, locale in LOCALES.items():
        page = album.open(source, 1000, locale=locale)
        page.locator("#requests summary").first.click()
        page.get_by_role("main").locator("details.boxed summary").first.click()
        album.save(page, f"source{ending}")
        page = _form(album, locale)
        _filters(page)
        album.save(page.locator("#filters"), f"filters{ending}")


def _source(album: "Album") -> str:
    page = album.open("/sources/new", 1000)
    page.locator("#name").fill("Acme")
    page.locator("#secret").fill(SECRET)
    page.locator("main form button.primary").click()
    url = urlsplit(page.locator("#source-url").inner_text())
    path = f"{url.path}?{url.query}"
    for name in SENT:
        delivery = str(uuid5(NAMESPACE_URL, name))
        page.request.post(path, data=body(name), headers=headers(body(name), delivery))
    return page.url


def _form(album: "Album", locale: str) -> Page:
    page = album.open("/webhooks/new", 1400, width=1000, locale=locale)
    page.locator("#event-types input[value=message_created]").check()
    return page


def _filters(page: Page) -> None:
    page.locator("#filters > summary").click()
    for ready in ("public", "people"):
        page.locator(f"#filter_ready-{ready}").check()
    page.locator("#conditions-0-path").fill("conversation.labels")
    page.locator("#conditions-0-value").fill("vip")
    page.locator("#try-filters").click()
    page.locator("#filters-result .state").wait_for()
