"""Errors in a word, for the pill that stands where a status code would."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

SHORT: dict[str, LazyString] = {
    "blocked_address": _l("Blocked"),
    "dns_failure": _l("DNS"),
    "connection_refused": _l("Refused"),
    "connection_reset": _l("Reset"),
    "connection_timeout": _l("Time-out"),
    "unreachable": _l("No route"),
    "tls_failure": _l("TLS"),
    "timeout": _l("Time-out"),
    "protocol_error": _l("No HTTP"),
    "token_failure": _l("No token"),
    "template_error": _l("Template"),
}
