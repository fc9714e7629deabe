"""What failures of the egress proxy mean, by what the sender says of them."""

from flask_babel import lazy_gettext as _l

from webhooks_ui.explanations.network_errors import Words

PROXY_ERRORS: tuple[tuple[str, Words], ...] = (
    (
        "proxy answered 407",
        Words(
            _l("The proxy asks for a login."),
            _l("This server's proxy did not let the request to %(place)s out. Nothing was sent."),
            _l(
                "An administrator of the server checks login and password in the setting"
                " WEBHOOKS_UI_EGRESS_PROXY: http://login:password@host:port."
            ),
        ),
    ),
    (
        "proxy answered 5",
        Words(
            _l("The proxy could not reach the receiver."),
            _l("This server's proxy found no way to %(place)s (%(detail)s). Nothing was sent."),
            _l(
                "Check the host and the port in the URL. If they are right, the proxy's log says"
                " what stands in its way."
            ),
        ),
    ),
    (
        "proxy answered",
        Words(
            _l("The proxy does not let the request out."),
            _l("This server's proxy refused %(place)s (%(detail)s). Nothing was sent."),
            _l(
                "Whoever looks after the proxy has to allow CONNECT to this address and port, for"
                " plain http too."
            ),
        ),
    ),
    (
        "proxy",
        Words(
            _l("The proxy is out of reach."),
            _l(
                "No connection was made through this server's proxy (%(detail)s). Nothing was sent."
            ),
            _l(
                "Check that the proxy is running, and that the setting WEBHOOKS_UI_EGRESS_PROXY has"
                " its host and port."
            ),
        ),
    ),
)
"""Texts by how the detail of `unreachable` begins; the first match counts."""
