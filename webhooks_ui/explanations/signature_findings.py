"""What came of checking a pasted request, in words."""

from flask_babel import format_timedelta
from flask_babel import lazy_gettext as _l

from webhooks_ui.crypto.signature_check import Finding
from webhooks_ui.crypto.signing import TOLERANCE
from webhooks_ui.explanations.verdicts import Verdict


def verdict(found: Finding, other_webhook: str | None) -> Verdict:
    """The verdict in the current language. `other_webhook` is the one that the id belongs to."""
    code: str = found.verdict
    if other_webhook is not None and code in ("wrong_secret", "no_match"):
        code = "other_webhook"
    elif code == "changed_body" and found.reformatted:
        code = "reformatted"
    elif code == "valid" and found.secret:
        code = "valid_by_former"
    tone, title, meaning, next_step = _FINDINGS[code]
    age, allowed = format_timedelta(abs(found.age or 0)), format_timedelta(TOLERANCE)
    facts = {"name": other_webhook, "names": ", ".join(found.missing), "time": age}
    return Verdict(tone, str(title), str(meaning) % facts, str(next_step) % {"time": allowed})


_VALID = _l("Signature valid.")
_FINDINGS = {
    "valid": ("good", _VALID, _l("Signed with this webhook's secret, and recent."), ""),
    "valid_by_former": (
        "good",
        _VALID,
        _l("Signed with the previous secret, which is still accepted during the rotation."),
        "",
    ),
    "other_webhook": (
        "bad",
        _l("Sent by another webhook."),
        _l("This webhook-id belongs to %(name)s, which signs with its own secret."),
        _l("Use that webhook's secret, or paste the request on its page."),
    ),
    "future_timestamp": (
        "wait",
        _l("Timestamp in the future."),
        _l("The signature is valid, but dated %(time)s from now."),
        _l("Check the clocks of both machines: at most %(time)s is accepted."),
    ),
    "old_timestamp": (
        "wait",
        _l("Timestamp is old."),
        _l("The signature is valid, but was made %(time)s ago."),
        _l(
            "Receivers accept up to %(time)s. If yours refused it when it arrived, check that"
            " machine's clock."
        ),
    ),
    "wrong_secret": (
        "bad",
        _l("Wrong secret."),
        _l("The body is what was sent, but the signature was made with another secret."),
        _l("Treat the request as forged unless the secret was rotated since it was sent."),
    ),
    "no_match": (
        "bad",
        _l("Signature does not match."),
        _l("It was made with another secret, or the body or a header changed after signing."),
        _l(
            "Paste the body byte for byte, as it arrived. Check that webhook-id and"
            " webhook-timestamp are whole."
        ),
    ),
    "reformatted": (
        "bad",
        _l("Body reformatted."),
        _l("It is the same JSON, but not the same bytes: it was parsed and written again."),
        _l("Verify the raw body before anything parses it."),
    ),
    "changed_body": (
        "bad",
        _l("Body changed."),
        _l("The signature was made with this webhook's secret, for another body than this one."),
        _l("Look for what changes the body on the way: a proxy, a framework, an editor."),
    ),
    "receivers_secret": (
        "bad",
        _l("Your receiver has another secret."),
        _l(
            "The request is signed with this webhook's secret. The one you entered does not match"
            " it."
        ),
        _l("Rotate the signing secret and give the new one to the receiver."),
    ),
    "malformed_secret": (
        "bad",
        _l("This is not a signing secret."),
        _l("A signing secret is whsec_ and base64. Part of it may be missing."),
        _l("Copy it again from where the receiver keeps it."),
    ),
    "missing_header": (
        "bad",
        _l("Headers missing."),
        _l("The request has no %(names)s."),
        _l("Paste all headers. If they never arrive, look for a proxy that removes them."),
    ),
    "malformed_request": (
        "bad",
        _l("This is not a request."),
        _l("Paste the headers, one per line, then an empty line, then the body."),
        _l("Copy it as raw HTTP, from a delivery's page or from your receiver's log."),
    ),
    "malformed_timestamp": (
        "bad",
        _l("Timestamp unreadable."),
        _l("webhook-timestamp is a whole number of seconds since 1970."),
        _l("Compare it with the request on the delivery's page."),
    ),
    "malformed_signature": (
        "bad",
        _l("Signature unreadable."),
        _l("webhook-signature is “v1,” and 44 characters of base64, several separated by spaces."),
        _l("Compare it with the request on the delivery's page: part of it may be missing."),
    ),
}
"""Tone, title, meaning and what to do, by the verdict of the check."""
