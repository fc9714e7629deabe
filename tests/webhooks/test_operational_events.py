"""The console's own events: subscribed to like any other, and sent by nobody else."""

import re

from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import caller, issue
from tests.conftest import make_webhook, stored
from tests.engine.conftest import receiver
from tests.support.receiver import Receiver
from webhooks_ui.catalogue.event_types import ALL_TYPES, EVENT_TYPES, OPERATIONAL_TYPES

__all__ = ["receiver"]  # fixtures
OWN = list(OPERATIONAL_TYPES)


def counters(page: str) -> list[str]:
    """How many events each row of the list names."""
    return re.findall(
        r'<td role="cell" class="no-phone hide-m"><span title="[^"]*">([^<]*)</', page
    )


def test_the_list_counts_the_platforms_events_and_names_notices(admin: FlaskClient) -> None:
    make_webhook(admin, name="1", events=list(EVENT_TYPES))
    make_webhook(admin, name="2", events=[*EVENT_TYPES, *OWN])
    make_webhook(admin, name="3", events=OWN)
    page = admin.get("/webhooks").text
    assert counters(page) == ["6 events", "6 events + notices", "Notices"]
    narrowed = admin.get("/webhooks?event=webhook_failing").text
    assert counters(narrowed) == ["6 events + notices", "Notices"]


def test_the_form_keeps_them_and_the_panel_sends_their_samples(
    app: Flask, admin: FlaskClient, receiver: Receiver
) -> None:
    public_id = make_webhook(admin, url=receiver.url, events=[OWN[1], "message_created"])
    assert stored(app, public_id).event_types == ["message_created", OWN[1]]
    form = admin.get(f"/webhooks/{public_id}/edit").text
    for kind in ALL_TYPES:
        assert f'value="{kind}"' in form
    page = admin.get(f"/webhooks/{public_id}").text
    assert [kind for kind in OWN if f'<option value="{kind}"' in page] == [OWN[1]]
    admin.post(f"/webhooks/{public_id}/test", data={"event": OWN[1]})
    body = receiver.wait(1)[0].json()
    assert (body["type"], body["data"]) == (OWN[1], OPERATIONAL_TYPES[OWN[1]].sample)


def test_the_api_takes_them_as_subscriptions_and_not_as_events(app: Flask) -> None:
    call = caller(app, issue(app, "admin"))
    made = call("POST", "/webhooks", {"url": "https://crm.example/hook", "events": OWN[::-1]})
    assert (made.status_code, made.json["events"]) == (201, OWN)
    refused = call("POST", "/events", {"type": OWN[0], "data": {}})
    assert refused.status_code == 422
    (fault,) = refused.json["errors"]
    assert fault["pointer"] == "/type"
    assert fault["detail"].startswith("Only this console sends events of this type. Yours are: ")
    assert call("GET", f"/deliveries?type={OWN[0]}").status_code == 200
    offered = call("GET", "/openapi.json").json["components"]["schemas"]
    assert offered["EventBody"]["properties"]["type"]["enum"] == list(EVENT_TYPES)
