"""The form that all forms of the pages are."""

from typing import Any

from flask import request
from flask_wtf import FlaskForm


class Form(FlaskForm):
    """A form that reads what browsers post, and nothing else.

    Flask-WTF takes a JSON body too: it need not be an object, and no bound of forms holds for it.
    """

    class Meta(FlaskForm.Meta):
        """Where the fields come from."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """The posted fields; None for a body of another kind."""
            return None if request.is_json else super().wrap_formdata(form, formdata)
