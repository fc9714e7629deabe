"""Asks an authorization server for an access token (RFC 6749 section 4.4)."""

import json
import math
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit

from webhooks_ui.authorization.base import Header
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.authorization.oauth2 import OAuth2
from webhooks_ui.authorization.redaction import redact
from webhooks_ui.delivery.http.errors import AttemptError
from webhooks_ui.delivery.http.outcome import Outcome, OutgoingRequest
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.delivery.request import USER_AGENT
from webhooks_ui.egress.tls_options import TlsOptions
from webhooks_ui.text.visibility import visible

UNSAID = 300.0  # seconds that a token is used where the server does not say (section 5.1)
LONGEST = 86_400.0 * 30
_MAX_QUOTED = 200  # characters of what the server says
_FORM = ("Content-Type", "application/x-www-form-urlencoded")


def fetch(sender: Sender, auth: OAuth2, tls: TlsOptions, deadline: float) -> tuple[str, float]:
    """A token and its life in seconds, asked for in one way or two until `deadline` (`monotonic`).

    Raises AttemptError with the code ``token_failure`` and the reason in its detail, without the
    secret.
    """
    form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
    # The authority that is trusted for the receiver; its client certificate is not for others.
    trusted = TlsOptions(tls.verify, tls.ca)
    answer = _post(sender, auth, trusted, deadline, form, ("Authorization", f"Basic {auth.basic}"))
    if answer.status_code in (400, 401) and _said(answer).get("error") == "invalid_client":
        # Some servers read the body only, although all have to know Basic (section 2.3.1).
        form |= {"client_id": auth.client_id, "client_secret": auth.client_secret}
        answer = _post(sender, auth, trusted, deadline, form)
    said = _said(answer)
    token = said.get("access_token")
    if answer.error or not isinstance(token, str) or Bearer(token).problems():
        raise token_failure(auth, _why(answer, said))
    return token, _life(said.get("expires_in"))


def token_failure(auth: OAuth2, why: str) -> AttemptError:
    """The error of an attempt that has no token to send."""
    host = urlsplit(auth.token_url).netloc
    words = redact(f"{host}: {why}".encode(errors="replace"), auth).decode(errors="replace")
    return AttemptError("token_failure", visible(words))


def _post(
    sender: Sender,
    auth: OAuth2,
    tls: TlsOptions,
    deadline: float,
    form: dict[str, str],
    *headers: Header,
) -> Outcome:
    body = urlencode(form).encode()
    request = OutgoingRequest(auth.token_url, (_FORM, USER_AGENT, *headers), body, tls)
    return sender.send(request, deadline - monotonic())


def _said(answer: Outcome) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _why(answer: Outcome, said: dict[str, Any]) -> str:
    """The reason in the words of section 5.2, of HTTP or of the network."""
    if answer.status_code is None:
        code = str(answer.error).replace("_", " ")
        return f"{code} ({answer.detail})" if answer.detail else code
    told = [said[name] for name in ("error", "error_description") if said.get(name)]
    words = " – ".join(str(each) for each in told)[:_MAX_QUOTED]
    if answer.error:
        return f"{answer.status_code} {words}".strip()
    return f"{answer.status_code} {words or 'without an access token'}"


def _life(seconds: Any) -> float:
    try:
        life = float(seconds)
    except (TypeError, ValueError, OverflowError):
        return UNSAID
    return min(max(life, 0.0), LONGEST) if math.isfinite(life) else UNSAID
