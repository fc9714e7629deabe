"""webhooks-ui: a console and delivery engine for the outgoing webhooks of a messaging platform."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask


def create_app(overrides: Mapping[str, Any] | None = None, *, pages: bool = True) -> Flask:
    """The WSGI app, set up from the environment; `overrides` are settings that go above it.

    Without `pages` it answers nothing: it is for who delivers, in less memory and time.
    Raises `table.SettingError` for a setting that is unknown or cannot be read, and
    `keys.KeyFileError`.
    """
    # Imported here so that `import webhooks_ui` is cheap and free of cycles.
    from webhooks_ui.crypto import keys, vault
    from webhooks_ui.database import engine
    from webhooks_ui.delivery import ping
    from webhooks_ui.intake import accept
    from webhooks_ui.models.installation import has_secrets
    from webhooks_ui.settings import database_encryption, open_files
    from webhooks_ui.web import i18n, localised
    from webhooks_ui.web.template_environment import TemplateEnvironment

    app = Flask(__name__, static_folder=None, template_folder=str(_folder("templates")))
    app.jinja_environment = TemplateEnvironment
    app.config.update(_settings(overrides or {}))
    app.config.setdefault("OPEN_FILES", open_files.raise_limit())
    url = app.config["DATABASE_URL"]
    app.config["DATABASE_ENCRYPTION"] = database_encryption.parameters(url, os.environ)
    engine.init_app(app)
    with app.app_context():
        kept = keys.ensure(app.config["DATA_DIR"], app.config, lambda: not has_secrets())
    app.config["SECRET_KEY"] = kept.secret_key
    renewed = () if app.config["ENCRYPTION_KEYS"] else (keys.renewal(app.config["DATA_DIR"]),)
    app.extensions["vault"] = vault.Vault(kept.encryption_keys, *renewed)
    i18n.init_app(app)
    localised.init_app(app)
    ping.init_app(app)
    accept.init_app(app)
    if pages:
        _add_pages(app)
    return app


def _add_pages(app: Flask) -> None:
    from webhooks_ui import api, views
    from webhooks_ui.accounts import forgotten
    from webhooks_ui.audit import calls
    from webhooks_ui.web import assets, errors, page_room, security

    calls.init_app(app)
    api.take_plainly(app)  # innermost: after what security does about hosts and proxies
    security.init_app(app)
    forgotten.init_app(app)
    assets.init_app(app, _folder("static"))
    errors.init_app(app)
    page_room.init_app(app)
    views.init_app(app)
    api.init_app(app)


def _settings(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the environment with `overrides` above them."""
    from webhooks_ui.settings import table

    settings = table.load(os.environ) | dict(overrides)
    if "DATA_DIR" in overrides and "DATABASE_URL" not in overrides:
        settings["DATABASE_URL"] = table.sqlite_url(settings["DATA_DIR"])
    return settings


def _folder(name: str) -> Path:
    """`name` inside the package, as in a wheel, or beside it, as in a checkout."""
    package = Path(__file__).parent
    return next(p for p in (package / name, package.parent / name) if p.is_dir())
