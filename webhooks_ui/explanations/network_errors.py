"""The texts for each error code: a title, what it means, what to try.

Placeholders: `host`; `address`; `place`, which is the host with its address where they differ;
`status`; `location`; `seconds`; `detail`.
"""

import errno
import os
from typing import NamedTuple

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

LOCAL_LIMITS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Words(NamedTuple):
    """The texts of a verdict, with placeholders."""

    title: LazyString
    meaning: LazyString
    next_step: LazyString


ERRORS: dict[str, Words] = {
    "template_error": Words(
        _l("The template made no body of this event."),
        _l("Nothing was sent: %(detail)s."),
        _l("Correct the template in the webhook's form, where a preview shows what it makes."),
    ),
    "token_failure": Words(
        _l("No access token was issued."),
        _l("The authorization server issued none, so nothing was sent: %(detail)s."),
        _l(
            "Check the token URL, client ID, client secret and scope in the webhook's"
            " authorization."
        ),
    ),
    "blocked_address": Words(
        _l("The address is blocked."),
        _l("%(place)s is not a public address, so nothing was sent."),
        _l(
            "If webhooks may reach %(address)s, an administrator of the server adds it to the"
            " setting WEBHOOKS_UI_ALLOWED_NETWORKS."
        ),
    ),
    "dns_failure": Words(
        _l("The host name was not found."),
        _l("No address could be found for %(host)s, so nothing was sent."),
        _l(
            "Check the spelling of the host in the URL. If it is right, check that the name is in"
            " the DNS and that this server can look names up."
        ),
    ),
    "connection_refused": Words(
        _l("The connection was refused."),
        _l(
            "%(place)s refused the connection: nothing takes connections at this port, or a"
            " firewall turns them away. Nothing was sent."
        ),
        _l("Check that the receiver is running, and that the URL has the right port."),
    ),
    "connection_reset": Words(
        _l("The connection was cut off."),
        _l("The connection to %(place)s broke before an answer came. The event may have arrived."),
        _l(
            "Look at the receiver's log: it may have crashed, or a firewall or proxy on the way"
            " may have closed the connection."
        ),
    ),
    "connection_timeout": Words(
        _l("No connection could be made in time."),
        _l("%(place)s did not answer the attempt to connect. Nothing was sent."),
        _l(
            "Check the host and the port in the URL. If they are right, a firewall may be dropping"
            " connections: let this server through."
        ),
    ),
    "unreachable": Words(
        _l("The receiver is out of reach."),
        _l("There is no way through the network to %(place)s. Nothing was sent."),
        _l(
            "Check the address, and that this server is connected to that network; for an IPv6"
            " address, that it has IPv6."
        ),
    ),
    "tls_failure": Words(
        _l("No secure connection could be made."),
        _l("The TLS connection to %(place)s failed, so the event was not taken: %(detail)s."),
        _l("Check the certificate and the TLS settings of the receiver."),
    ),
    "timeout": Words(
        _l("The receiver took too long."),
        _l("No complete answer came within %(seconds)s s. The event may have arrived."),
        _l(
            "Let the receiver answer at once and do its work afterwards. If it cannot, an"
            " administrator of the server raises WEBHOOKS_UI_DELIVERY_TIMEOUT."
        ),
    ),
    "protocol_error": Words(
        _l("The answer is not HTTP."),
        _l("What %(place)s sent back cannot be read as an answer of a web server."),
        _l(
            "Check the scheme and the port in the URL: behind it may be another kind of service,"
            " or one that expects https."
        ),
    ),
    "redirected": Words(
        _l("The receiver redirects to another address."),
        _l(
            "It answered %(status)s and pointed to %(location)s. Redirects are not followed, so"
            " that events and secrets go only where you sent them."
        ),
        _l("If that address is right, enter it as the webhook's URL."),
    ),
}

REDIRECTED_NOWHERE = Words(
    _l("The receiver redirects to another address."),
    _l("It answered %(status)s without saying where to. Redirects are not followed."),
    _l("Ask for the receiver's final address and enter it as the webhook's URL."),
)

OWN_ADDRESS = Words(
    _l("The address is blocked."),
    _l("%(place)s is this server itself, so nothing was sent."),
    _l(
        "If webhooks may reach %(address)s, an administrator of the server adds it to the setting"
        " WEBHOOKS_UI_ALLOWED_NETWORKS."
    ),
)

NOT_LISTED = Words(
    _l("The address is blocked."),
    _l("%(place)s is not among what webhooks may reach, so nothing was sent."),
    _l(
        "If webhooks may reach it, an administrator of the server adds host and port to the setting"
        " WEBHOOKS_UI_EGRESS_ALLOW."
    ),
)

LOOKUP_FAILED = Words(
    _l("The host name could not be looked up."),
    _l(
        "The name server gave no answer about %(host)s, neither that it exists nor that it does"
        " not. Nothing was sent."
    ),
    _l(
        "Check the name servers of %(host)s, and that this server can look other names up. The URL"
        " may well be right."
    ),
)

OWN_LIMIT = Words(
    _l("This server could not open a connection."),
    _l("It has run out of what a connection takes: %(detail)s. Nothing was sent."),
    _l(
        "An administrator of the server raises its limits or lowers WEBHOOKS_UI_WORKER_CONCURRENCY."
    ),
)
OWN_LIMITS = frozenset(os.strerror(number) for number in LOCAL_LIMITS)
"""The details of an attempt that failed so."""

UNKNOWN = Words(
    _l("The event was not delivered."),
    _l("Something went wrong that has no explanation here: %(detail)s."),
    _l("Try again. If it happens again, look at this server's log."),
)

NOTES: dict[str, LazyString] = {
    "via_proxy": _l("It went through this server's proxy (WEBHOOKS_UI_EGRESS_PROXY)."),
    "unverified": _l("The receiver's certificate was not verified: that is switched off."),
    "headers_capped": _l("The answer had more headers than are kept."),
    "bad_headers": _l("Some headers of the answer were malformed and are left out."),
    "incomplete_headers": _l("The answer was cut off within its headers."),
    "bad_length": _l("The answer's Content-Length made no sense."),
    "incomplete_body": _l("The answer was cut off before the end of its body."),
    "broken_chunks": _l("The body of the answer was not in proper chunks."),
    "bad_encoding": _l(
        "The body of the answer was compressed or encoded, although this server asks for none that"
        " is. It is not kept, since secrets in it could not be hidden."
    ),
    "early_answer": _l("The receiver answered before it had read the whole event."),
}
"""What was unusual about an attempt, or wrong with a response that counts all the same."""


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
