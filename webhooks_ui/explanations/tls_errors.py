"""What failures of TLS mean, by the words that OpenSSL has for them."""

from flask_babel import lazy_gettext as _l

from webhooks_ui.explanations.network_errors import Words

TLS_ERRORS: tuple[tuple[tuple[str, ...], Words], ...] = (
    (
        ("has expired",),
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
            _l("No trusted authority signed the certificate of %(place)s, so nothing was sent."),
            _l(
                "Give the receiver a certificate of a public authority. If you trust this one,"
                " enter it at the webhook as its certificate authority, under “Advanced: TLS”; an"
                " administrator of the server has all webhooks trust it by the setting"
                " WEBHOOKS_UI_CA_FILE."
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
                " is your own, enter it at the webhook as its certificate authority, under"
                " “Advanced: TLS”; an administrator of the server has all webhooks trust it by the"
                " setting WEBHOOKS_UI_CA_FILE."
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
        ("client certificate refused",),
        Words(
            _l("The receiver refused the client certificate."),
            _l(
                "%(place)s did not accept the certificate that this webhook shows: %(detail)s. The"
                " event was not taken."
            ),
            _l(
                "Check that the certificate under “Advanced: TLS” is still valid, that its"
                " intermediate certificates follow it, and that the receiver trusts its authority."
            ),
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
                "Enter the certificate that the receiver's operator gave you, and its private key,"
                " at the webhook under “Advanced: TLS”."
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
