"""Deliveries: the list, one with its attempts, tests, and sending once more."""

from collections.abc import Iterator

from flask import current_app, url_for
from flask_babel import lazy_gettext as _l

from webhooks_ui import audit
from webhooks_ui.api.body import invalid
from webhooks_ui.api.delivery_shapes import (
    DeliveryPage,
    DeliveryQuery,
    DeliveryShape,
    DeliverySummary,
    TestBody,
)
from webhooks_ui.api.operation import Headers, Operation, found
from webhooks_ui.api.pages import keyset_page
from webhooks_ui.catalogue.error_codes import DELIVERY_STATUSES
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import end_read
from webhooks_ui.database.types import now
from webhooks_ui.delivery import ping
from webhooks_ui.delivery.ping import Ping, TooManyPingsError
from webhooks_ui.delivery.queue import actions
from webhooks_ui.delivery.request import Endpoint
from webhooks_ui.models import Delivery, Webhook, delivery_rows
from webhooks_ui.models.delivery_list import DeliveryFilter
from webhooks_ui.models.public_ids import DELIVERY, EVENT, WEBHOOK, is_id, new_id
from webhooks_ui.validation import channel as channel_rules
from webhooks_ui.validation import event as event_rules
from webhooks_ui.web.errors import RETRY_AFTER
from webhooks_ui.web.problem import Fault, Problem

MARGIN = 5.0  # seconds after the time-out within which a test's result is stored


@Operation("GET", "/deliveries", answer=DeliveryPage, query=DeliveryQuery)
def index(query: DeliveryQuery) -> tuple[DeliveryPage, Headers]:
    """List the deliveries, newest first.

    A page may hold fewer than asked for although more follow: go on while there is a next one.
    """
    if faults := list(_faults(query)):
        raise invalid(faults)
    wanted = DeliveryFilter(
        status=query.status,
        webhook=query.webhook,
        event=query.event,
        type=query.type,
        channel=query.channel,
        test=None if query.test is None else query.test == "true",
    )
    page = keyset_page(wanted.find, delivery_rows.load, query)
    shapes = [DeliverySummary.of(delivery) for delivery in page.rows]
    return DeliveryPage(deliveries=shapes, next=page.next), page.headers


@Operation("GET", "/deliveries/<public_id:id>", answer=DeliveryShape)
def show(id: str) -> DeliveryShape:
    """Retrieve a delivery with its attempts."""
    delivery = found(Delivery.by_public_id(id))
    audit.payload_read("delivery", id, delivery.type)
    return DeliveryShape.of(delivery)


@Operation(
    "POST", "/deliveries/<public_id:id>/resend", status=201, answer=DeliveryShape, errors=(409,)
)
def resend(id: str) -> tuple[DeliveryShape, Headers]:
    """Resend the event to the same webhook, as a new delivery."""
    again = actions.resend(found(Delivery.by_public_id(id)))
    if not isinstance(again, Delivery):
        raise Problem(409, actions.NOT_SENDABLE[again])
    location = url_for(".deliveries_show", id=again.public_id)
    return DeliveryShape.of(again), {"Location": location}


@Operation("POST", "/webhooks/<public_id:id>/test", answer=DeliveryShape, body=TestBody)
def test(id: str, body: TestBody) -> DeliveryShape:
    """Send a test event once, without retries, and return the result.

    The webhook may be disabled. The delivery says whether its receiver took the event.
    """
    webhook = found(Webhook.by_public_id(id))
    event = _test_event(webhook, body)
    timeout = current_app.config["DELIVERY_TIMEOUT"]
    try:
        ping.runner().send_and_wait(event, timeout + MARGIN)
    except TooManyPingsError:
        raise Problem(
            429,
            _l("Many tests are waiting for their receivers. Try again in a few seconds."),
            headers={"Retry-After": str(RETRY_AFTER)},
        ) from None
    end_read()
    audit.payload_read("delivery", event.public_id, event.event_type)
    return DeliveryShape.of(found(Delivery.by_public_id(event.public_id)))


def _test_event(webhook: Webhook, body: TestBody) -> Ping:
    if body.type not in ALL_TYPES:
        raise invalid([Fault("/type", _l("Choose one of the events."))])
    data = ALL_TYPES[body.type].sample_text.encode() if body.data is None else body.data
    if problem := event_rules.size_problem(data, current_app.config["MAX_EVENT_SIZE"]):
        raise Problem(413, problem)
    vault = current_vault()
    settings = webhook.settings(vault)
    secrets = webhook.signing_secrets(vault, now())
    return Ping(
        public_id=new_id(DELIVERY),
        endpoint=Endpoint.from_settings(settings, secrets),
        event_type=body.type,
        data=data,
        channel=settings.channel,
        webhook=webhook,
    )


def _faults(query: DeliveryQuery) -> Iterator[Fault]:
    """Filter values that match nothing: an empty list would hide the mistake."""
    known = (("status", DELIVERY_STATUSES), ("type", ALL_TYPES), ("test", ("true", "false")))
    for name, values in known:
        asked = getattr(query, name)
        if asked is not None and asked not in values:
            words = _l("Choose one of these: %(values)s.", values=", ".join(values))
            yield Fault(f"/{name}", words)
    for name, prefix in (("webhook", WEBHOOK), ("event", EVENT)):
        asked = getattr(query, name)
        if asked is not None and not is_id(asked, prefix):
            yield Fault(
                f"/{name}",
                _l("This is not an id of that kind: it begins with %(prefix)s_.", prefix=prefix),
            )
    if query.channel is not None and (problem := channel_rules.key_problem(query.channel)):
        yield Fault("/channel", problem)
