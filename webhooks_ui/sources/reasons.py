"""Why a request of a source made no event, in words."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.sources.base import Reason

REASONS: dict[Reason, LazyString] = {
    "not_json": _l("The body is not a JSON object."),
    "no_event": _l("The body does not name its event."),
    "channel_settings": _l("An inbox's settings hold its passwords, so nothing of it is kept."),
    "other_type": _l("The catalogue has no such event."),
    "other_shape": _l("The body is not that of the event it names."),
    "private_note": _l("A private note. This source leaves them out."),
    "said_twice": _l("The same change comes as conversation_updated, and counts once."),
    "updates_left_out": _l("This source takes the status from conversation_status_changed alone."),
    "nothing_changed": _l("Neither status, assignee nor team changed."),
    "signature": _l("The signature is missing or wrong. Compare the source's secret."),
}
