"""The console's pages, one file per noun: load, validate, one call, render or redirect."""

from functools import partial

from flask import Flask
from werkzeug.routing import IntegerConverter
from werkzeug.utils import find_modules, import_string

from webhooks_ui.catalogue.ready_templates import READY_TEMPLATES
from webhooks_ui.explanations import states
from webhooks_ui.forms import pause
from webhooks_ui.text.whole_number import MAX_DIGITS
from webhooks_ui.views import audit_display, charts, delivery_display
from webhooks_ui.web import cookies, navigation, user_text
from webhooks_ui.web.i18n import written


class RowNumber(IntegerConverter):
    """The number of a row in a URL; a number that no column could hold does not match."""

    regex = f"[0-9]{{1,{MAX_DIGITS}}}"


def init_app(app: Flask) -> None:
    """Registers every page and what their templates draw."""
    app.url_map.converters["row"] = RowNumber
    user_text.init_app(app)
    navigation.init_app(app)
    cookies.init_app(app)
    own = {"entry_text": audit_display.entry_text, "slot_words": charts.slot_words}
    app.jinja_env.filters.update(delivery_display.FILTERS, **own)
    app.jinja_env.filters.update(
        slots=charts.slots, hour_figures=charts.figures, state_group=states.group_of
    )
    app.jinja_env.globals.update(
        pause_offer=pause.offer,
        ready_templates=READY_TEMPLATES,
        state_labels=partial(written, states.LABELS),
    )
    modules = [import_string(name) for name in find_modules(__name__)]
    # Modules that share a blueprint have all added their pages to it by now.
    for blueprint in dict.fromkeys(one.blueprint for one in modules if hasattr(one, "blueprint")):
        app.register_blueprint(blueprint)
