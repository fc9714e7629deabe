"""The second factor: time-based codes (RFC 6238) of an app, and recovery codes that work once each.

The secret is encrypted, recovery codes are kept as hashes. A code is accepted once, within a step
of 30 seconds before and after its own.
"""

import base64
import hmac
import io
import secrets
from datetime import datetime, timedelta
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from flask import session
from markupsafe import Markup

from webhooks_ui.accounts import security_log
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import User
from webhooks_ui.models.token import digest

STEP = 30  # seconds
CODES = 10
_DRIFT = (0, -1, 1)  # steps: clocks of telephones
_HALF = "half_signed_in"  # in the session's cookie: the password was right
_HALF_LASTS = timedelta(minutes=5)


def new_secret() -> str:
    """160 random bits in Base32, as apps take them."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def qr_code(login: str, secret: str) -> Markup:
    """The secret as a QR code for an app, an SVG."""
    import segno

    label = quote(f"webhooks-ui:{login}")
    uri = f"otpauth://totp/{label}?secret={secret}&issuer=webhooks-ui"
    drawn = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(
        drawn, kind="svg", scale=4, light="#fff", xmldecl=False, svgns=False, nl=False
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704  # drawn, no text of anybody's


def step_of(secret: str, code: str, moment: datetime, after: int | None) -> int | None:
    """The time step whose code it is; None for a wrong code, and for one of `after` or before."""
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), STEP)  # noqa: S303  # as apps have it
    current = int(moment.timestamp()) // STEP
    if after is not None and after > current + max(_DRIFT):
        after = None  # the clock was ahead when that code was used
    for step in (current + drift for drift in _DRIFT):
        is_right = hmac.compare_digest(totp.generate(step * STEP), code.encode(errors="replace"))
        if is_right and (after is None or step > after):
            return step
    return None


def enable(user_id: int, secret: str, code: str) -> list[str] | None:
    """Switches it on with the secret of an app that shows `code`; returns the recovery codes.

    None for a wrong code; none where it is on already, whose codes have been shown.
    """
    step = step_of(secret, _tidy(code), now(), None)
    if step is None:
        return None
    codes = [secrets.token_hex(5) for _ in range(CODES)]
    with transaction():
        user = db.session.get_one(User, user_id, with_for_update=True, populate_existing=True)
        if user.totp_secret is not None:  # by a click at the same moment
            return []
        user.totp_secret = current_vault().encrypt(secret, user.secret_context)
        user.totp_step, user.recovery_codes = step, [digest(one) for one in codes]
    security_log.done("second factor switched on", user_id)
    return codes


def use(user: User, code: str) -> bool:
    """Whether the code is right, which uses it up; within the caller's transaction."""
    code, kept = _tidy(code), user.recovery_codes or []
    if digest(code) in kept:
        user.recovery_codes = [one for one in kept if one != digest(code)]
        return True
    secret = current_vault().decrypt(user.totp_secret or "", user.secret_context)
    step = step_of(secret, code, now(), user.totp_step)
    if step is None:
        return False
    user.totp_step = step
    return True


def remove(user_id: int) -> bool:
    """Switches it off; returns whether it was on."""
    with transaction():
        user = db.session.get(User, user_id)
        if user is None or user.totp_secret is None:
            return False
        user.totp_secret = user.totp_step = user.recovery_codes = None
    security_log.noted(f"second factor of user:{user_id} switched off")
    return True


def wait_for_code(user: User) -> None:
    """Lets this browser go on with a code: the password was right, within the last 5 minutes."""
    until = int((now() + _HALF_LASTS).timestamp())
    session[_HALF] = [user.id, until, digest(user.password_hash)]


def awaited() -> User | None:
    """Whose code this browser has to enter; None when it is too late or the password changed."""
    user_id, until, password = session.get(_HALF) or (0, 0, "")
    user = db.session.get(User, user_id) if until > now().timestamp() else None
    return user if user and digest(user.password_hash) == password else None


def _tidy(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()[:40]
