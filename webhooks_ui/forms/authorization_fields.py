"""The fields of a webhook's form that each kind of authorization asks for."""

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, PasswordField, SelectChoice, SelectField, StringField

from webhooks_ui.authorization.base import Authorization, Input
from webhooks_ui.authorization.kinds import KINDS

HINT_FROM = 16  # characters; the end of a shorter secret would tell too much of it
SECRET_FIELDS = {
    kind.type: one.form_name for kind in KINDS.values() for one in kind.inputs() if one.is_secret
}


def authorization_fields() -> dict[str, Field]:
    """What each kind of authorization asks for, by the names of the fields."""
    asked = [one for kind in KINDS.values() for one in kind.inputs()]
    return {one.form_name: _field(one) for one in asked} | {
        removal(one.form_name): BooleanField(one.removal) for one in asked if one.removal
    }


def _field(one: Input) -> Field:
    if one.choices:
        chosen = [SelectChoice(each, each) for each in one.choices]
        return SelectField(one.label, choices=chosen, default=one.default, validate_choice=False)
    return (
        PasswordField(one.label) if one.is_secret else StringField(one.label, default=one.default)
    )


def removal(form_name: str) -> str:
    """The name of the field that takes a secret away which may be left out."""
    return f"{form_name}_removed"


def spaces_kept(form: FlaskForm, typed: Authorization) -> list[str]:
    """A warning for each space at an end: seldom meant, and not to be seen in a password."""
    return [
        _("%(field)s: a space at the beginning or the end is kept.", field=form[name].label.text)
        for name, text in ((one.form_name, typed.members[one.name]) for one in typed.inputs())
        if text != text.strip() and form[name].data
    ]


def hint(secret: str) -> str:
    """What may be shown of a secret: the last four characters of a long one."""
    return _("ends in %(end)s", end=secret[-4:]) if len(secret) >= HINT_FROM else ""
