"""The fields of a webhook's form that each kind of authorization asks for."""

from flask_babel import gettext as _
from wtforms import Field, PasswordField, StringField

from webhooks_ui.authorization.kinds import KINDS

HINT_FROM = 16  # characters; the end of a shorter secret would tell too much of it
SECRET_FIELDS = {
    kind.type: one.form_name for kind in KINDS.values() for one in kind.inputs() if one.is_secret
}


def authorization_fields() -> dict[str, Field]:
    """What each kind of authorization asks for, by the names of the fields."""
    return {
        one.form_name: (PasswordField if one.is_secret else StringField)(one.label)
        for kind in KINDS.values()
        for one in kind.inputs()
    }


def hint(secret: str) -> str:
    """What may be shown of a secret: the last four characters of a long one."""
    return _("ends in %(end)s", end=secret[-4:]) if len(secret) >= HINT_FROM else ""
