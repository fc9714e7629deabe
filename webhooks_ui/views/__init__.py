"""The console's pages, one file per noun: load, validate, one call, render or redirect."""

from flask import Flask

from webhooks_ui.views import account, auth, catalogue, channels, deliveries, delivery_log as delivery_list, events, health, language, metrics, receivers as receiver, recoveries, webhook_form, pings as webhook_test, webhooks

PAGES = (
    webhooks,
    webhook_form,
    webhook_test,
    deliveries,
    delivery_list,
    events,
    recoveries,
    receiver,
    channels,
    catalogue,
    account,
    auth,
    language,
    health,
    metrics,
)


def init_app(app: Flask) -> None:
    """Registers every page."""
    for blueprint in dict.fromkeys(module.blueprint for module in PAGES):
        app.register_blueprint(blueprint)
