"""The form that all forms of the pages are."""

from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms.widgets import Select

from webhooks_ui.web.user_text import option


class Form(FlaskForm):
    """A form that reads what browsers post, and nothing else.

    Flask-WTF takes a JSON body too: it need not be an object, and no bound of forms holds for it.
    """

    class Meta(FlaskForm.Meta):
        """Where the fields come from."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """The posted fields; None for a body of another kind."""
            return None if request.is_json else super().wrap_formdata(form, formdata)


class SelectOfMany(Select):
    """A select of hundreds of choices, each written once for all pages."""

    @classmethod
    def render_option(cls, choice: Any, **_attributes: Any) -> str:
        """The element of a choice."""
        return option(choice.value, str(choice.label), bool(choice.selected))
