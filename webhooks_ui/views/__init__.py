"""The console's pages, one file per noun: load, validate, one call, render or redirect."""

from flask import Flask

from webhooks_ui.catalogue.ready_templates import READY_TEMPLATES
from webhooks_ui.explanations import states
from webhooks_ui.forms import pause
from webhooks_ui.views import (
    about,
    account,
    account_link,
    audit,
    audit_display,
    auth,
    catalogue,
    channels,
    configuration,
    deleted_webhooks,
    deliveries,
    delivery_display,
    delivery_log,
    events,
    health,
    health_slots,
    help_page,
    jump,
    language,
    metrics,
    openid,
    people,
    pings,
    receivers,
    recoveries,
    second_factor,
    sources,
    theme,
    tokens,
    verify,
    webhook_bulk,
    webhook_chart,
    webhook_form,
    webhook_history,
    webhook_pause,
    webhook_runs,
    webhook_trials,
    webhooks,
)
from webhooks_ui.web import navigation, shortcuts, user_text
from webhooks_ui.web import theme as chosen_theme

PAGES = (
    webhooks,
    deleted_webhooks,
    webhook_form,
    webhook_trials,
    webhook_pause,
    webhook_history,
    webhook_bulk,
    webhook_runs,
    pings,
    verify,
    deliveries,
    delivery_log,
    events,
    recoveries,
    receivers,
    channels,
    sources,
    catalogue,
    account,
    account_link,
    second_factor,
    tokens,
    people,
    audit,
    about,
    configuration,
    auth,
    openid,
    language,
    theme,
    jump,
    help_page,
    health,
    metrics,
)


def init_app(app: Flask) -> None:
    """Registers every page and what their templates draw."""
    user_text.init_app(app)
    navigation.init_app(app)
    chosen_theme.init_app(app)
    shortcuts.init_app(app)
    own = {"told": audit_display.told, "slot_words": webhook_chart.told}
    app.jinja_env.filters.update(delivery_display.FILTERS, **own)
    app.jinja_env.filters.update(
        slots=health_slots.slots, hour_figures=health_slots.figures, state_group=states.group_of
    )
    app.jinja_env.globals["pause_offer"] = pause.offer
    app.jinja_env.globals["ready_templates"] = READY_TEMPLATES
    for blueprint in dict.fromkeys(module.blueprint for module in PAGES):
        app.register_blueprint(blueprint)
