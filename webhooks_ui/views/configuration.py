"""The configuration as a file: download it, and import one, whose difference is shown first."""

import hashlib
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from webhooks_ui import audit
from webhooks_ui.api.configuration.faults import MAX_BYTES, ImportFaults
from webhooks_ui.crypto.passphrase import LEAST
from webhooks_ui.forms.base import plain_lines
from webhooks_ui.forms.sealed_draft import open_secret, seal_secret
from webhooks_ui.web.body_limits import MANY_FIELDS, max_body
from webhooks_ui.web.kept_form import is_unsent, keeps_typed
from webhooks_ui.web.pieces import Answer
from webhooks_ui.web.timezones import today

blueprint = Blueprint("configuration", __name__)
_NOTHING = {"faults": (), "sealed": "", "seen": "", "is_changed": False, "is_short": False}
"""What the page tells of a file before there is one."""
_LARGEST = 3 * MAX_BYTES + MANY_FIELDS  # each byte may come as three


@blueprint.get("/settings/configuration")
def show() -> str:
    """The forms for both ways."""
    return _page()


@blueprint.post("/settings/configuration/export")
def export() -> Answer:
    """The file, with encrypted secrets where a passphrase was entered."""
    passphrase = request.form.get("passphrase", "")
    if passphrase and len(passphrase) < LEAST:
        return _page(is_short=True), 422
    from webhooks_ui.api.configuration import files

    text = files.write(passphrase)
    audit.exported("configuration.exported", "configuration", secrets=bool(passphrase))
    headers = {"Content-Disposition": f'attachment; filename="webhooks-ui-{today()}.yaml"'}
    return Response(text, mimetype="application/yaml", headers=headers)


@blueprint.post("/settings/configuration/review")
@keeps_typed
@max_body(_LARGEST)
def review() -> Answer:
    """What a file would change; nothing is changed."""
    given = request.files.get("file")
    text = given.read().decode(errors="replace") if given else request.form.get("file", "")
    text = plain_lines(text or request.form.get("text"))
    if is_unsent():
        return _page(text), 422
    return _review(text, request.form.get("passphrase", ""))


@blueprint.post("/settings/configuration/import")
@keeps_typed
@max_body(_LARGEST)
def apply() -> Answer:
    """Applies what was reviewed; shows it again where it would be something else by now."""
    from webhooks_ui.api.configuration import importing, planning

    text = plain_lines(request.form.get("text"))
    passphrase = open_secret(request.form.get("sealed", ""))
    if is_unsent():
        return _page(text), 422
    try:
        lines = importing.difference(planning.plan(text, passphrase))
        if _sum(lines) != request.form.get("seen"):
            return _review(text, passphrase, is_changed=True)
        importing.apply(planning.plan(text, passphrase), current_user.user)
    except ImportFaults as error:
        return _page(text, faults=error.faults), 422
    flash(_("Configuration applied. Anything that is not in the file stayed as it was."), "good")
    return redirect(url_for(".show"), 303)


def _review(text: str, passphrase: str, *, is_changed: bool = False) -> Answer:
    from webhooks_ui.api.configuration import importing, planning

    try:
        lines = importing.difference(planning.plan(text, passphrase))
    except ImportFaults as error:
        return _page(text, faults=error.faults), 422
    sealed, seen = seal_secret(passphrase), _sum(lines)
    page = _page(text, lines, sealed=sealed, seen=seen, is_changed=is_changed)
    return (page, 409) if is_changed else page


def _page(text: str = "", lines: Sequence[str] | None = None, **told: Any) -> str:
    return render_template(
        "settings/configuration.html", **_NOTHING | told, text=text, lines=lines, least=LEAST
    )


def _sum(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
