"""What stands in a page's URL, beside texts."""

from werkzeug.routing import IntegerConverter

from webhooks_ui.text.whole_number import MAX_DIGITS


class RowNumber(IntegerConverter):
    """The number of a row, as `row`; a number that no column could hold does not match."""

    regex = f"[0-9]{{1,{MAX_DIGITS}}}"
