"""Languages: which one a request is answered in, and how times, numbers and sizes are written."""

from datetime import datetime, timedelta
from typing import Any

from flask import Flask, g, has_request_context, request
from flask_babel import (
    format_date,
    format_datetime,
    format_decimal,
    format_percent,
    format_timedelta,
    get_locale,
    get_translations,
)
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from webhooks_ui.database import now
from webhooks_ui.extensions import babel

LANGUAGES = {"uk": "Українська", "en": "English"}
COOKIE = "language"


def init_app(app: Flask) -> None:
    """Binds Babel to the app and gives templates the words and filters they need."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", app.config["LANGUAGE"])
    app.config.setdefault("BABEL_DEFAULT_TIMEZONE", app.config["TIMEZONE"])
    babel.init_app(app, locale_selector=_select_locale)
    # As the extension has them, but with one look-up of the catalogue for a page's many texts.
    app.jinja_env.globals.update(_=_text, gettext=_text, ngettext=_counted)
    app.jinja_env.filters.update(
        datetime=absolute,
        day=day,
        isotime=isotime,
        filesize=filesize,
        number=format_decimal,
        ms=milliseconds,
        age=age,
        percent=percent,
    )

    @app.context_processor
    def words() -> dict[str, Any]:
        return {"locale": language(), "languages": LANGUAGES}


def language() -> str:
    """The language of this answer: ``uk`` or ``en``."""
    locale = get_locale()
    return locale.language if locale else "en"


def absolute(moment: datetime) -> str:
    """A moment in the console's time zone, with the zone's name."""
    return str(format_datetime(moment, "d MMM y, HH:mm:ss z"))


def day(moment: str) -> str:
    """The date of a moment in ISO 8601, such as the end of a certificate."""
    return str(format_date(datetime.fromisoformat(moment), "d MMM y"))


def isotime(moment: datetime) -> str:
    """A moment as RFC 3339 has it, for machines."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(value: float) -> str:
    """A duration of `value` milliseconds in the unit that reads best."""
    if value < 1000:
        return str(_("%(number)s ms", number=format_decimal(round(value))))
    return str(_("%(number)s s", number=format_decimal(value / 1000, "#,##0.0")))


def age(moment: datetime) -> str:
    """How long ago a moment was, in the unit that reads best: “3 hours”."""
    return str(format_timedelta(max(now() - moment, timedelta(minutes=1)), threshold=1))


def percent(share: float) -> str:
    """A share of 0 to 1; what is not quite all is not rounded up to it."""
    whole = 1 if share == 1 else min(share, 0.999)
    return str(format_percent(whole, "#,##0.#%"))


def filesize(value: int) -> str:
    """A size of `value` bytes in the unit that reads best."""
    if value < 1024:
        return str(_("%(number)s B", number=format_decimal(value)))
    if value < 1024 * 1024:
        return str(_("%(number)s KB", number=format_decimal(value / 1024, "#,##0.#")))
    return str(_("%(number)s MB", number=format_decimal(value / 1024 / 1024, "#,##0.#")))


def _text(text: str, /, **values: Any) -> Markup:
    """A text in the language of this answer; values are escaped."""
    found = Markup(_catalogue().ugettext(text))  # noqa: S704  # our own texts
    return found % values if values or "%" in found else found


def _counted(one: str, many: str, num: int, /, **values: Any) -> Markup:
    """The form of a text that goes with a number."""
    values.setdefault("num", num)
    return Markup(_catalogue().ungettext(one, many, num)) % values  # noqa: S704


def _catalogue() -> Any:
    """The texts in the language of this answer."""
    if "catalogue" not in g:
        g.catalogue = get_translations()
    return g.catalogue


def _select_locale() -> str | None:
    """What the user chose, else what this browser chose, else what the browser prefers."""
    if not has_request_context():
        return None
    if "language" not in g:
        g.language = _chosen() or request.accept_languages.best_match(LANGUAGES)
    chosen: str | None = g.language
    return chosen


def _chosen() -> str | None:
    remembered = current_user.user.language if current_user.is_authenticated else None
    return next((c for c in (remembered, request.cookies.get(COOKIE)) if c in LANGUAGES), None)
