"""The result of a test where it was sent from: of the page's own webhook or form, no other's.

It shows what was sent and answered, so it is a reading of a payload, of one's own test too.
"""

from webhooks_ui.models import Delivery, Webhook
from webhooks_ui.web import payloads


def read(public_id: str, owner: Webhook | str) -> Delivery | None:
    """The test of this webhook, or of the form whose webhook will get this id, to be shown."""
    found = find(public_id, owner)
    if found:
        record(found)
    return found


def find(public_id: str, owner: Webhook | str) -> Delivery | None:
    """As `read`, not to be shown: None for any other delivery."""
    found = Delivery.by_public_id(public_id) if public_id else None
    if found is None or not found.test:
        return None
    is_own = found.draft_id == owner if isinstance(owner, str) else found.webhook_id == owner.id
    return found if is_own else None


def record(test: Delivery) -> None:
    """Records that its payloads are shown, which there are once it was attempted."""
    if test.attempt:
        payloads.record_reading("delivery", test.public_id, test.type)
