"""The texts for responses that are not 2xx; the placeholder `status` is the status code."""

from flask_babel import lazy_gettext as _l

from webhooks_ui.explanations.network_errors import Words

_REJECTED = Words(
    _l("The receiver rejected the event."),
    _l("It answered %(status)s: the request arrived, but its content was not accepted."),
    _l(
        "Read the response: receivers usually say what is missing. Check that the payload format"
        " is the one it expects."
    ),
)
_UNAUTHORIZED = Words(
    _l("The receiver refused the authorization."),
    _l("It answered %(status)s: the request arrived without the right to be there."),
    _l(
        "Check the webhook's authorization: its kind, and the token, login and password or header"
        " that the receiver expects. If all is right, it may let in only certain addresses."
    ),
)
_UNAVAILABLE = Words(
    _l("The receiver is not available."),
    _l("It answered %(status)s: a proxy may be there, but the receiver behind it is not ready."),
    _l("Check that the receiver is running, and try again a little later."),
)

STATUSES: dict[int, Words] = {
    400: _REJECTED,
    401: _UNAUTHORIZED,
    403: _UNAUTHORIZED,
    404: Words(
        _l("The receiver does not know this path."),
        _l("It answered 404: the host is there, but nothing is at this path."),
        _l("Check the path of the URL. Some receivers answer so until they are switched on."),
    ),
    405: Words(
        _l("The URL does not take this method."),
        _l("It answered 405: something is there, but it takes other methods."),
        _l(
            "Check the URL: it may be the address of a page instead of the receiver. Or choose"
            " another method in the webhook's settings."
        ),
    ),
    407: Words(
        _l("A proxy wants authorization."),
        _l("The answer was 407: a proxy on the way did not let the request through."),
        _l(
            "If it is the proxy of this server's network, an administrator of the server names it"
            " in the setting WEBHOOKS_UI_EGRESS_PROXY. A proxy before the receiver has to let the"
            " request pass."
        ),
    ),
    408: Words(
        _l("The receiver stopped waiting."),
        _l("It answered 408: the request did not reach it quickly enough."),
        _l("Try again. If it happens again, look at the receiver's load and its time limits."),
    ),
    410: Words(
        _l("Receiver returned 410 Gone."),
        _l("It answered 410 Gone: it no longer takes events."),
        _l(
            "Enter the receiver's new URL or delete the webhook. A 410 response to an event"
            " disables the webhook."
        ),
    ),
    413: Words(
        _l("The event is too large for the receiver."),
        _l("It answered 413: it does not take requests of this size."),
        _l("Raise the limit for request bodies at the receiver or at the proxy in front of it."),
    ),
    415: Words(
        _l("The receiver does not take this content type."),
        _l("It answered 415: it expects another Content-Type than the request had."),
        _l(
            "Look up which one it takes, and choose the payload format, or the content type of"
            " the template, to match. Check that the URL is the right one."
        ),
    ),
    422: _REJECTED,
    429: Words(
        _l("The receiver gets too many requests."),
        _l("It answered 429: it wants fewer requests for a while."),
        _l("Wait a little and try again. If it happens often, raise the receiver's limit."),
    ),
    500: Words(
        _l("The receiver had an error."),
        _l("It answered 500: the request arrived, and something went wrong there."),
        _l("Look at the receiver's log at the time of this request."),
    ),
    502: _UNAVAILABLE,
    503: _UNAVAILABLE,
    504: _UNAVAILABLE,
}

CLIENT_ERROR = Words(
    _l("The receiver refused the request."),
    _l("It answered %(status)s, which says that something about the request is not as it wants."),
    _l("Read the response, and look up %(status)s in the receiver's documentation."),
)
SERVER_ERROR = Words(
    _l("The receiver had an error."),
    _l("It answered %(status)s, which says that the fault is on its side."),
    _l("Look at the receiver's log at the time of this request."),
)
UNUSUAL = Words(
    _l("The receiver gave an unusual answer."),
    _l("It answered %(status)s, which is no success. Success is any status from 200 to 299."),
    _l("Check the URL, and let the receiver answer 200 or 204."),
)


def for_status(status: int) -> Words:
    """The texts for a status code that is neither a success nor a redirect."""
    if words := STATUSES.get(status):
        return words
    return {4: CLIENT_ERROR, 5: SERVER_ERROR}.get(status // 100, UNUSUAL)
