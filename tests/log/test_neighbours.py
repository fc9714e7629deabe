"""A delivery's page steps through the list that one came from, in its order."""

import re
from html import escape, unescape

from flask import Flask
from flask.testing import FlaskClient

from tests.log.rows import fill
from tests.support.apps import ON_SQLITE

FILTERS = (
    "",
    "status=failed",
    "status=succeeded",
    "error=timeout",
    "event=team_changed",
    "channel=sales&test=no",
    "webhook={webhook}",
    "webhook={webhook}&status=failed",
    "span=24h",
)


def test_the_pages_step_through_the_list(engine: Flask, browser: FlaskClient) -> None:
    """At its begin and in its middle; on PostgreSQL, where the statements are the same, once."""
    known, is_sqlite = fill(engine, 120), engine.config["DATABASE_URL"].startswith("sqlite")
    for chosen in FILTERS:
        query = chosen.format(webhook=known[0].webhook)
        shown = browser.get(f"/deliveries?{query}").text
        listed = re.findall(r'class="outcome[^"]*" href="([^"]+)"', shown)
        assert len(listed) > 3, query
        for place in (0, 1, len(listed) // 2) if is_sqlite else (1,):
            page = browser.get(unescape(listed[place])).text
            newer, older = (link(page, rel) for rel in ("prev", "next"))
            assert newer == (listed[place - 1] if place else None), query
            assert older == listed[place + 1], query
            back = f"?{query}" if query else ""
            assert f'href="/deliveries{escape(back)}"' in page, query


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'href="([^"]+)" rel="{rel}"', page)
    return found[1] if found else None


@ON_SQLITE
def test_an_action_leads_back_into_the_list(engine: Flask, browser: FlaskClient) -> None:
    waiting = next(one for one in fill(engine, 60) if one.status == "pending")
    path = f"/deliveries/{waiting.id}"
    assert (
        f'formaction="{path}/cancel?status=pending"' in browser.get(f"{path}?status=pending").text
    )
    answer = browser.post(f"{path}/cancel?status=pending")
    assert answer.location == f"{path}?status=pending"
