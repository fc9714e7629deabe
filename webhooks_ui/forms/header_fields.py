"""The fields of a webhook's own headers: a name, and a value that is not shown again."""

from typing import Any

import wtforms
from flask_babel import lazy_gettext as _l
from wtforms import FieldList, FormField, PasswordField, StringField

from webhooks_ui.authorization.extra_headers import MAX_HEADERS, ExtraHeader
from webhooks_ui.authorization.header_rules import value_problem

BLANK = 2  # rows for further headers


class HeaderForm(wtforms.Form):
    """One header."""

    name = StringField(_l("Name of header"))
    value = PasswordField(_l("Value of header"))


def header_fields() -> dict[str, Any]:
    """The field, by its name in the form."""
    rows = FormField(HeaderForm)
    most = MAX_HEADERS + BLANK
    return {"headers": FieldList(rows, _l("Headers"), min_entries=BLANK, max_entries=most)}


def show_headers(form: Any, names: list[str]) -> None:
    """Fills the names in."""
    while len(form.headers):
        form.headers.pop_entry()
    for name in [*names, *[""] * BLANK]:
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
