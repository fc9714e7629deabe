"""The kinds of channel, in the order in which people see them."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

CHANNEL_KINDS: dict[str, LazyString] = {
    "website": _l("Website"),
    "api": _l("API"),
    "email": _l("E-mail"),
    "call": _l("Call"),
    "telegram": _l("Telegram"),
    "viber": _l("Viber"),
    "whatsapp": _l("WhatsApp"),
    "facebook": _l("Facebook"),
    "instagram": _l("Instagram"),
    "sms": _l("SMS"),
    "other": _l("Other"),
}
