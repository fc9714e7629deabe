"""Forms that outlive a session or a CSRF token: nothing is saved, and nothing typed is lost.

A form posted without a valid session is sealed (encrypted, for `LIFETIME`) into the sign-in page
and posted again after the sign-in; one posted with a stale token is simply shown again. Either way
the view runs with `is_unsent()` true: it fills the form in, saves nothing and answers 422.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from time import time
from typing import Any, TypeVar

from flask import Response, abort, current_app, flash, g, request, session
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import ImmutableMultiDict

from webhooks_ui.crypto.vault import VaultError, current_vault
from webhooks_ui.text.url_parts import url_parts

FIELD = "kept_form"
LIFETIME = timedelta(hours=12)  # as long as a session may be idle
OWNER = "user"  # in the session cookie: whose session it was, also after its end
PASSWORDS = frozenset({"password", "current_password", "passphrase", "code"})
"""They are typed again, never kept."""
ENVELOPE = 64 * 1024  # bytes beside an event's data
_CONTEXT = "kept form"
View = TypeVar("View", bound=Callable[..., Any])
_views: set[Callable[..., Any]] = set()


@dataclass(frozen=True, slots=True)
class KeptForm:
    """A posted form: where it goes, what it holds, whose it is and when it was posted."""

    path: str
    fields: list[tuple[str, str]]
    user: int | None
    at: float

    def is_usable(self) -> bool:
        """Whether it is recent, and not another user's."""
        recent = 0 <= time() - self.at <= LIFETIME.total_seconds()
        return recent and self.user in (None, current_user.user_id)


def keeps_typed(view: View) -> View:
    """Marks a view whose form survives; it must save nothing while `is_unsent()`."""
    _views.add(view)
    return view


def is_unsent() -> bool:
    """Whether the form of this request is only to be shown again."""
    return bool(g.get("unsent"))


def can_keep() -> bool:
    """Whether this is a form of one of our pages, posted to a view that keeps what was typed."""
    view = current_app.view_functions.get(request.endpoint or "")
    return request.method == "POST" and view in _views and is_own_form()


def own_path() -> str:
    """The path and query of this request, below `PUBLIC_URL`."""
    return request.script_root + request.full_path.rstrip("?")


def seal() -> str:
    """The form of this request for the sign-in page; empty when it is too large to be kept."""
    if FIELD in request.form:
        return request.form[FIELD]
    fields = [item for item in request.form.items(multi=True) if item[0] not in PASSWORDS]
    # A file comes back as a field with its text: no browser chooses it once more.
    files = request.files.items(multi=True)
    fields += [(name, one.read().decode(errors="replace")) for name, one in files if one]
    kept = KeptForm(own_path(), fields, session.get(OWNER), time())
    text = json.dumps(asdict(kept), ensure_ascii=False)
    if len(text.encode(errors="replace")) > current_app.config["MAX_EVENT_SIZE"] + ENVELOPE:
        return ""
    return current_vault().encrypt(text, _CONTEXT)


def path_of(sealed: str) -> str | None:
    """Where the signed-in user is led back to with the form; None when it is kept no longer."""
    kept = _open(sealed)
    return kept.path if kept else None


def reopen() -> None:
    """Puts the form that came back from the sign-in page in the place of this request's form."""
    if not (can_keep() and FIELD in request.form):
        return
    kept = _open(request.form[FIELD])
    if kept is None or kept.path != own_path():
        abort(400)
    request.form = ImmutableMultiDict(kept.fields)
    show_again(_("You are signed in again. Nothing is lost and nothing is saved yet: save now."))


def show_again(message: str = "") -> None:
    """From here on the form of this request is shown again, not sent; `message` says why."""
    g.unsent = True
    if message:
        flash(message, "wait")


def replace_page(response: Response) -> None:
    """Has htmx show an unsent form or the sign-in in place of the whole page, not of a piece."""
    if is_unsent() and request.headers.get("HX-Request"):
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "innerHTML show:window:top"


def _open(sealed: str) -> KeptForm | None:
    try:
        kept = KeptForm(**json.loads(current_vault().decrypt(sealed, _CONTEXT)))
    except (VaultError, ValueError, TypeError):
        return None
    return kept if kept.is_usable() else None


def is_own_form() -> bool:
    """Whether the browser says that the form came from one of our pages (ASVS 5, 3.5.1)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is None or url_parts(origin).netloc == request.host
