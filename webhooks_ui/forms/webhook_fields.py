"""Groups of fields of a webhook's form: authorization, request, headers, TLS."""

from typing import Any

import wtforms
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    FieldList,
    FormField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)

from webhooks_ui.authorization.base import Authorization, Input
from webhooks_ui.authorization.extra_headers import MAX_HEADERS, ExtraHeader
from webhooks_ui.authorization.header_rules import value_problem
from webhooks_ui.authorization.kinds import KINDS
from webhooks_ui.catalogue.payload import JSON, Template
from webhooks_ui.catalogue.payload_formats import FORMATS
from webhooks_ui.egress.tls_options import TlsOptions
from webhooks_ui.forms.base import plain_lines
from webhooks_ui.models import Webhook
from webhooks_ui.validation.webhook import METHODS

BLANK_HEADERS = 2  # rows for further headers
HINT_FROM = 16  # characters; the end of a shorter secret would tell too much of it
SECRET_FIELDS = {
    kind.type: one.form_name for kind in KINDS.values() for one in kind.inputs() if one.is_secret
}


class WriteOnlyArea(TextAreaField):
    """A text that goes in and is not shown again."""

    def _value(self) -> str:
        return ""


class HeaderForm(wtforms.Form):
    """One header, whose value is not shown again."""

    name = StringField(_l("Name of header"))
    value = PasswordField(_l("Value of header"))


def request_fields() -> dict[str, Field]:
    """Method, payload format and template, by their names in the form."""
    formats = [SelectChoice(one.type, one.label) for one in FORMATS.values()]
    methods = [SelectChoice(each, each) for each in METHODS]
    return {
        "payload_format": RadioField(
            _l("Payload format"), choices=formats, default="envelope", validate_choice=False
        ),
        "template_body": TextAreaField(_l("Template"), filters=[plain_lines]),
        "template_type": StringField(_l("Content type"), default=JSON),
        "method": SelectField(_l("Method"), choices=methods, default="POST", validate_choice=False),
    }


def show_template(form: Any, webhook: Webhook) -> None:
    """Fills its fields in."""
    form.template_body.data = plain_lines(webhook.template.body)  # as it comes back
    form.template_type.data = webhook.template.content_type


def typed_template(form: Any) -> Template:
    """The template as typed."""
    return Template(form.template_body.data or "", (form.template_type.data or "").strip())


def tls_fields() -> dict[str, Field]:
    """The fields by their names. What is left out of a form is the default."""
    return {
        "tls_ca": TextAreaField(_l("Certificate authority"), filters=[plain_lines]),
        "tls_certificate": TextAreaField(_l("Client certificate"), filters=[plain_lines]),
        "tls_key": WriteOnlyArea(_l("Private key of the client certificate")),
        "tls_insecure": BooleanField(_l("Do not verify the receiver's certificate")),
    }


def tls_options(form: FlaskForm, kept_key: str) -> TlsOptions:
    """What is typed; without a typed key the kept one, as long as there is a certificate."""
    ca, certificate, key = (
        (form[name].data or "").strip() for name in ("tls_ca", "tls_certificate", "tls_key")
    )
    key = key or (kept_key if certificate else "")
    return TlsOptions(not form["tls_insecure"].data, ca, certificate, key).tidied()


def header_fields() -> dict[str, Any]:
    """The field, by its name in the form."""
    rows = FormField(HeaderForm)
    most = MAX_HEADERS + BLANK_HEADERS
    return {"headers": FieldList(rows, _l("Headers"), min_entries=BLANK_HEADERS, max_entries=most)}


def show_headers(form: Any, names: list[str]) -> None:
    """Fills the names in."""
    while len(form.headers):
        form.headers.pop_entry()
    for name in [*names, *[""] * BLANK_HEADERS]:
        form.headers.append_entry({"name": name, "value": ""})


def typed_headers(form: Any, kept: dict[str, str]) -> tuple[ExtraHeader, ...]:
    """The headers as typed; a value left empty is the one that is kept."""
    found = []
    for row in form.headers:
        name, value = (row.form.name.data or "").strip(), row.form.value.data or ""
        if name or value:
            found.append(ExtraHeader(name, value or kept.get(name.lower(), "")).tidied())
    return tuple(found)


def remember_headers(form: Any) -> dict[str, str]:
    """The values typed now that could be sent, by names in lower case."""
    typed = typed_headers(form, {})
    return {h.name.lower(): h.value for h in typed if h.value and not value_problem(h.value)}


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
