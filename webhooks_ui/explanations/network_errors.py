"""The texts for each error code: a title, what it means, what to try.

Placeholders: `host`; `address`; `place`, which is the host with its address where they differ;
`status`; `location`; `seconds`; `detail`.
"""

from typing import NamedTuple

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString


class Words(NamedTuple):
    """The texts of a verdict, with placeholders."""

    title: LazyString
    meaning: LazyString
    next_step: LazyString


ERRORS: dict[str, Words] = {
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
        _l("%(place)s is there, but nothing takes connections at this port. Nothing was sent."),
        _l("Check that the receiver is running, and that the URL has the right port."),
    ),
    "connection_reset": Words(
        _l("The connection was cut off."),
        _l("%(place)s closed the connection before it answered. The event may have arrived."),
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
        _l("The TLS connection to %(place)s failed, so nothing was sent: %(detail)s."),
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

UNKNOWN = Words(
    _l("The event was not delivered."),
    _l("Something went wrong that has no explanation here: %(detail)s."),
    _l("Try again. If it happens again, look at this server's log."),
)

TLS: tuple[tuple[tuple[str, ...], Words], ...] = (
    (
        ("expired",),
        Words(
            _l("The receiver's certificate has expired."),
            _l("The certificate of %(place)s is out of date, so nothing was sent."),
            _l("Renew the certificate at the receiver."),
        ),
    ),
    (
        ("not yet valid",),
        Words(
            _l("The receiver's certificate is not valid yet."),
            _l("The certificate of %(place)s begins in the future, so nothing was sent."),
            _l("Check the clocks of this server and of the receiver."),
        ),
    ),
    (
        ("hostname mismatch", "ip address mismatch", "doesn't match", "not valid for"),
        Words(
            _l("The certificate belongs to another host."),
            _l("The receiver's certificate was not made for %(host)s, so nothing was sent."),
            _l(
                "Use the host name that the certificate is made for, or give the receiver one for"
                " %(host)s."
            ),
        ),
    ),
    (
        ("self-signed", "self signed"),
        Words(
            _l("The receiver's certificate is self-signed."),
            _l("Nobody vouches for the certificate of %(place)s, so nothing was sent."),
            _l(
                "Give the receiver a certificate of a public authority. If it has one of your own"
                " authority, add that authority to those this server trusts."
            ),
        ),
    ),
    (
        ("unable to get local issuer", "unable to get issuer", "unable to verify"),
        Words(
            _l("The receiver's certificate is not trusted."),
            _l("This server does not know who issued the certificate of %(place)s."),
            _l(
                "Check that the receiver sends its intermediate certificates too. If the authority"
                " is your own, add it to those this server trusts."
            ),
        ),
    ),
    (
        ("wrong version number", "record layer failure", "http request", "packet length too long"),
        Words(
            _l("The receiver does not speak https here."),
            _l("%(place)s answered without TLS, so nothing was sent."),
            _l("Check the port, or begin the URL with http:// if the receiver has no TLS."),
        ),
    ),
    (
        ("unsupported protocol", "protocol version", "no protocols available"),
        Words(
            _l("The receiver's TLS is too old."),
            _l("%(place)s offers only versions of TLS that are no longer safe."),
            _l("Switch on TLS 1.2 or newer at the receiver."),
        ),
    ),
    (
        ("certificate required", "client certificate"),
        Words(
            _l("The receiver demands a client certificate."),
            _l(
                "%(place)s serves only clients that show a certificate of their own, and this"
                " webhook has none. The event was not taken."
            ),
            _l(
                "Let the receiver accept requests without one, for example by their signature, or"
                " send through a proxy of yours that has the certificate."
            ),
        ),
    ),
    (
        ("handshake failure", "insufficient security", "no shared cipher", "dh key too small"),
        Words(
            _l("No safe encryption in common."),
            _l(
                "%(place)s and this server found no way of encryption that both accept, so nothing"
                " was sent. Most often the receiver offers only old ones, such as RSA key exchange."
            ),
            _l("Switch on TLS 1.3, or ECDHE with AES-GCM in TLS 1.2, at the receiver."),
        ),
    ),
    (
        ("unrecognized name",),
        Words(
            _l("The receiver does not know this host name."),
            _l("%(place)s ended the TLS handshake, since it serves no host of the name %(host)s."),
            _l("Check the host in the URL, and that the receiver is set up for it."),
        ),
    ),
    (
        ("timed out", "timeout", "time-out"),
        Words(
            _l("The secure connection was not made in time."),
            _l("%(place)s took the connection, but its TLS handshake did not end in time."),
            _l(
                "Check that the port is the one for https, and that the receiver is not overloaded."
            ),
        ),
    ),
)
"""Texts for TLS failures by a phrase of OpenSSL's, in lower case; the first match counts."""

NOTES: dict[str, LazyString] = {
    "headers_capped": _l("The answer had more headers than are kept."),
    "bad_headers": _l("Some headers of the answer were malformed and are left out."),
    "incomplete_headers": _l("The answer was cut off within its headers."),
    "bad_length": _l("The answer's Content-Length made no sense."),
    "incomplete_body": _l("The answer was cut off before the end of its body."),
    "broken_chunks": _l("The body of the answer was not in proper chunks."),
    "bad_encoding": _l(
        "The body of the answer was compressed, although this server asks for none that is. It is"
        " not kept, since secrets in it could not be hidden."
    ),
    "early_answer": _l("The receiver answered before it had read the whole event."),
}
"""What was wrong with a response that counts all the same, by the sender's code."""
