"""Sign-in by OpenID Connect: the authorization code flow with PKCE (OpenID Connect Core 1.0, 3.1).

Authlib speaks to the provider and checks what it says: state, nonce, signature, issuer, audience
and times. This module decides whose account it is.
"""

import hashlib
import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import certifi
from flask import Flask, current_app, request, session, url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from webhooks_ui import audit
from webhooks_ui.accounts import security_log, sign_in, users
from webhooks_ui.accounts.sign_in import Refusal
from webhooks_ui.accounts.throttle import WINDOW, one_at_a_time
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import User
from webhooks_ui.models.user import NO_PASSWORD
from webhooks_ui.web.security import safe_next

if TYPE_CHECKING:
    from authlib.integrations.flask_client import FlaskOAuth2App
    from authlib.integrations.requests_client import OAuth2Session

_NAME = "openid"
_NEXT = "openid_next"
# Set when an account was refused: the provider would choose it again without asking.
_OTHER = "openid_other_account"
_TIMEOUT = 5.0  # seconds for each request to the provider
_PATIENCE = 1.0  # seconds that a sign-in waits while others talk to it
_talking = BoundedSemaphore(2)  # a provider that hangs holds two threads, never the console

log = logging.getLogger(__name__)


def provider_name() -> str:
    """The host of the provider for the button of the sign-in page; empty without one."""
    return urlsplit(current_app.config["OIDC_ISSUER"] or "").netloc


def readmits() -> bool:
    """Whether accounts of the provider that are unknown here are let in, also after a removal."""
    return bool(current_app.config["OIDC_ISSUER"]) and current_app.config["OIDC_ROLE"] != "none"


def begin() -> Response | Refusal:
    """Sends this browser to the provider."""
    for name in [each for each in session if each.startswith(f"_state_{_NAME}_")]:
        session.pop(name)  # of sign-ins that were not finished
    session[_NEXT] = safe_next(request.args.get("next"))
    public = current_app.config["PUBLIC_URL"] or request.host_url
    back = urljoin(public, url_for("openid.back"))
    try:
        with _conversation() as provider:
            another = {"prompt": "select_account"} if session.pop(_OTHER, False) else {}
            answer: Response = provider.authorize_redirect(back, **another)
            return answer
    except _Failure as failure:
        return failure.refusal


def wanted() -> str | None:
    """The page that this browser wanted before it was sent to the provider."""
    page: str | None = session.pop(_NEXT, None)
    return page


def finish() -> Refusal | None:
    """Signs this browser in, or returns the refusal."""
    try:
        with _conversation() as provider:
            said = provider.authorize_access_token().get("userinfo") or {}
    except _Failure as failure:
        return failure.refusal
    user = _user_of(said)
    if user is None:
        return _nobody(_login_of(said))
    return sign_in.let_in(user.login, user.password_hash, user.password_hash)


def _nobody(login: str | None) -> Refusal:
    """The refusal of an account that no user here has; the next sign-in asks which one to use."""
    session[_OTHER] = True
    security_log.refused("nobody has this account of the OpenID provider", None)
    audit.record_once("user.openid_refused", "user", "-", login or "", within=WINDOW)
    if login is None:
        said = _l(
            "%(provider)s sent no login for you, such as a verified e-mail address. Ask an"
            " administrator there.",
            provider=provider_name(),
        )
    elif User.by_login(login):
        said = _l(
            "The login %(login)s is linked to another account of %(provider)s. Ask an"
            " administrator to remove the user and invite you again.",
            login=login,
            provider=provider_name(),
        )
    else:
        said = _l(
            "No user here has the login %(login)s. Ask an administrator for an invitation, or sign"
            " in with another account.",
            login=login,
        )
    return Refusal(said)


class _Failure(Exception):
    def __init__(self, message: LazyString) -> None:
        super().__init__(str(message))
        self.refusal = Refusal(message)


@contextmanager
def _conversation() -> Iterator["FlaskOAuth2App"]:
    """The provider, to talk to; raises `_Failure` where it does not answer as it should."""
    from requests import RequestException

    if not _talking.acquire(timeout=_PATIENCE):
        raise _unreachable()
    try:
        yield _provider(current_app)
    except RequestException as error:
        log.warning("The OpenID provider cannot be reached: %s", error)
        raise _unreachable() from None
    except Exception as error:  # Authlib's own or Python's, where the answer is not as it should be
        log.warning("The OpenID provider did not confirm a sign-in: %s", error)
        current_app.extensions.pop(_NAME, None)  # Authlib keeps what it was told, right or wrong
        raise _unconfirmed(getattr(error, "error", "")) from None
    finally:
        _talking.release()


def _unreachable() -> _Failure:
    said = _l(
        "%(provider)s does not answer. Try again, or sign in with a password.",
        provider=provider_name(),
    )
    return _Failure(said)


def _unconfirmed(error: str) -> _Failure:
    said = _l("%(provider)s did not confirm who you are. Try again.", provider=provider_name())
    if error == "access_denied":  # RFC 6749, 4.1.2.1: cancelled there, or not allowed to come here
        said = _l(
            "%(provider)s did not let you in. If you did not cancel, ask for access there.",
            provider=provider_name(),
        )
    return _Failure(said)


def _provider(app: Flask) -> "FlaskOAuth2App":
    """Created once per app; Authlib keeps the provider's metadata."""
    from authlib.integrations.flask_client import FlaskOAuth2App, OAuth

    if _NAME in app.extensions:
        kept: FlaskOAuth2App = app.extensions[_NAME]
        return kept

    class Provider(FlaskOAuth2App):
        client_cls = _session_class(app.config["CA_FILE"])

    issuer = app.config["OIDC_ISSUER"]
    made: FlaskOAuth2App = OAuth(app).register(  # type: ignore[no-untyped-call]
        _NAME,
        client_cls=Provider,
        client_id=app.config["OIDC_CLIENT_ID"],
        client_secret=app.config["OIDC_CLIENT_SECRET"],
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
    )
    app.extensions[_NAME] = made
    return made


def _session_class(ca_file: str | None) -> "type[OAuth2Session]":
    """Authlib's session with a time limit, trusting the same authorities as deliveries do."""
    from authlib.integrations.requests_client import OAuth2Session
    from requests.adapters import HTTPAdapter

    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file:
        context.load_verify_locations(cafile=ca_file)

    class Trusting(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **more: Any) -> None:
            super().init_poolmanager(*args, ssl_context=context, **more)

    class Session(OAuth2Session):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self.trust_env = False  # no proxy and no .netrc of the machine
            self.mount("https://", Trusting())

        def request(self, *args: Any, **more: Any) -> Any:
            return super().request(*args, **{"timeout": _TIMEOUT} | more)

    return Session


def _user_of(said: Mapping[str, Any]) -> User | None:
    """The user of an account: known by its subject, by its login, or new where OIDC_ROLE allows it.

    A subject never changes and is never given to another (OpenID Connect Core 1.0, section 5.7);
    a login counts once, for a user who has no subject yet.
    """
    config = current_app.config
    about = f"{config['OIDC_ISSUER']}\n{said.get('sub')}"
    subject, login = hashlib.sha256(about.encode()).hexdigest(), _login_of(said)
    if user := db.session.scalar(select(User).where(User.oidc_subject == subject)):
        return user
    if login is None:
        return None
    with transaction():
        one_at_a_time()
        user = User.by_login(login)
        if user is None and config["OIDC_ROLE"] != "none":
            user = User.add(login, NO_PASSWORD, config["OIDC_ROLE"])
        if user is None or user.oidc_subject not in (None, subject):
            return None
        user.oidc_subject = subject
    return user


def _login_of(said: Mapping[str, Any]) -> str | None:
    claim = current_app.config["OIDC_LOGIN_CLAIM"]
    login = said.get(claim)
    if claim == "email" and said.get("email_verified") is not True:
        return None  # anybody could claim it
    return login if isinstance(login, str) and not users.login_problem(login) else None
