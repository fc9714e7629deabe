"""What came of checking a pasted request, in words."""

from flask_babel import format_timedelta
from flask_babel import gettext as _

from webhooks_ui.crypto.signature_check import Finding
from webhooks_ui.crypto.signing import TOLERANCE
from webhooks_ui.explanations.verdicts import Verdict


def verdict(found: Finding, other_webhook: str | None) -> Verdict:
    """The verdict in the current language. `other_webhook` is the one that the id belongs to."""
    if other_webhook is not None and found.verdict in ("wrong_secret", "no_match"):
        return Verdict(
            "bad",
            _("Sent by another webhook."),
            _(
                "This webhook-id belongs to %(name)s, which signs with its own secret.",
                name=other_webhook,
            ),
            _("Use that webhook's secret, or paste the request on its page."),
        )
    if found.verdict == "valid":
        return Verdict("good", _("Signature valid."), _valid(found))
    return _KINDS[found.verdict](found)


def _valid(found: Finding) -> str:
    if found.secret:
        return str(_("Signed with the former secret, which is still accepted during the rotation."))
    return str(_("Signed with this webhook's secret, and recent."))


def _out_of_date(found: Finding) -> Verdict:
    difference, allowed = format_timedelta(abs(found.age or 0)), format_timedelta(TOLERANCE)
    if found.verdict == "future_timestamp":
        return Verdict(
            "wait",
            _("Timestamp in the future."),
            _("The signature is valid, but dated %(time)s from now.", time=difference),
            _("Check the clocks of both machines: %(time)s is the most.", time=allowed),
        )
    return Verdict(
        "wait",
        _("Timestamp is old."),
        _("The signature is valid, but was made %(time)s ago.", time=difference),
        _(
            "Receivers accept up to %(time)s. If yours refused it when it arrived, check that"
            " machine's clock.",
            time=allowed,
        ),
    )


def _wrong_secret(_found: Finding) -> Verdict:
    return Verdict(
        "bad",
        _("Wrong secret."),
        _("The body is what was sent, but the signature was made with another secret."),
        _("Take the request as forged, unless the secret was rotated since it was sent."),
    )


def _no_match(_found: Finding) -> Verdict:
    return Verdict(
        "bad",
        _("Signature does not match."),
        _("It was made with another secret, or the body or a header changed after signing."),
        _(
            "Paste the body byte for byte, as it arrived. Check that webhook-id and"
            " webhook-timestamp are whole."
        ),
    )


def _changed_body(found: Finding) -> Verdict:
    if found.reformatted:
        return Verdict(
            "bad",
            _("Body reformatted."),
            _("It is the same JSON, but not the same bytes: it was parsed and written again."),
            _("Verify the raw body before anything parses it."),
        )
    return Verdict(
        "bad",
        _("Body changed."),
        _("The signature was made with this webhook's secret, for another body than this one."),
        _("Look for what changes the body on the way: a proxy, a framework, an editor."),
    )


def _receivers_secret(_found: Finding) -> Verdict:
    return Verdict(
        "bad",
        _("Your receiver has another secret."),
        _(
            "The request is signed with this webhook's secret. The one you entered does not match"
            " it."
        ),
        _("Rotate the signing secret and give the new one to the receiver."),
    )


def _malformed_secret(_found: Finding) -> Verdict:
    return Verdict(
        "bad",
        _("That is no signing secret."),
        _("A signing secret is whsec_ and base64. Part of it may be missing."),
        _("Copy it again from where the receiver keeps it."),
    )


def _missing_header(found: Finding) -> Verdict:
    names = ", ".join(found.missing)
    return Verdict(
        "bad",
        _("Headers missing."),
        _("The request has no %(names)s.", names=names),
        _("Paste all headers. If they never arrive, look for a proxy that removes them."),
    )


def _malformed_request(_found: Finding) -> Verdict:
    return Verdict(
        "bad",
        _("That does not read as a request."),
        _("A request is its headers, one a line, an empty line and the body."),
        _("Copy it as raw HTTP, from a delivery's page or from your receiver's log."),
    )


def _malformed_timestamp(_found: Finding) -> Verdict:
    return Verdict(
        "bad",
        _("Timestamp unreadable."),
        _("webhook-timestamp is a whole number of seconds since 1970."),
        _("Compare it with the request on the delivery's page."),
    )


def _malformed_signature(_found: Finding) -> Verdict:
    return Verdict(
        "bad",
        _("Signature unreadable."),
        _("webhook-signature is “v1,” and 44 characters of base64, several separated by spaces."),
        _("Compare it with the request on the delivery's page: part of it may be missing."),
    )


_KINDS = {
    "old_timestamp": _out_of_date,
    "future_timestamp": _out_of_date,
    "wrong_secret": _wrong_secret,
    "no_match": _no_match,
    "changed_body": _changed_body,
    "receivers_secret": _receivers_secret,
    "malformed_secret": _malformed_secret,
    "missing_header": _missing_header,
    "malformed_request": _malformed_request,
    "malformed_timestamp": _malformed_timestamp,
    "malformed_signature": _malformed_signature,
}
