"""Languages: which one a request is answered in, and the catalogue of its texts."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask import Flask, g, has_request_context, request
from flask_babel import Babel, LazyString, get_locale, get_translations
from flask_login import current_user
from markupsafe import Markup

from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.web.cookies import bound_name
from webhooks_ui.web.timezones import zone_in_use

LANGUAGES = {"uk": "Українська", "en": "English"}
COOKIE = "language"
_EVENT_LABELS = {identifier: kind.label for identifier, kind in ALL_TYPES.items()}


babel = Babel()


def init_app(app: Flask) -> None:
    """Binds Babel to the app and gives templates the texts."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", app.config["LANGUAGE"])
    babel.init_app(app, locale_selector=_select_locale, timezone_selector=zone_in_use)
    # Flask-Babel's own ones look up the catalogue for every text.
    app.jinja_env.globals.update(
        _=_text, gettext=_text, ngettext=_counted, event_labels=event_labels
    )

    @app.context_processor
    def context() -> dict[str, Any]:
        return {"locale": language(), "languages": LANGUAGES}


def language() -> str:
    """The language of this answer: ``uk`` or ``en``."""
    locale = get_locale()
    return locale.language if locale else "en"


def event_labels() -> dict[str, str]:
    """The labels of all event types by identifier, in the language of this answer."""
    return written(_EVENT_LABELS)


def written(labels: Mapping[str, LazyString]) -> dict[str, str]:
    """A module's labels in the language of this answer, written once for each language."""
    key = language(), id(labels)
    if key not in _WRITTEN:
        _WRITTEN[key] = {code: str(label) for code, label in labels.items()}
    return _WRITTEN[key]


_WRITTEN: dict[tuple[str, int], dict[str, str]] = {}


def _text(text: str, /, **values: Any) -> Markup:
    """A text in the language of this answer; values are escaped."""
    found: Markup = _catalogue()[text]
    return found % values if values or "%" in found else found


def _counted(one: str, many: str, num: int, /, **values: Any) -> Markup:
    """The form of a text that goes with a number."""
    values.setdefault("num", num)
    return Markup(_catalogue().texts.ungettext(one, many, num)) % values  # noqa: S704


class _Catalogue(dict[str, Markup]):
    """A language's texts as pages have them, each looked up once."""

    def __init__(self, texts: Any) -> None:
        super().__init__()
        self.texts = texts

    def __missing__(self, text: str) -> Markup:
        found = self[text] = Markup(self.texts.ugettext(text))  # noqa: S704  # our own texts
        return found


_catalogue_of = lru_cache(maxsize=len(LANGUAGES))(_Catalogue)


def _catalogue() -> _Catalogue:
    """The texts in the language of this answer."""
    known: _Catalogue | None = g.get("catalogue")
    if known is None:
        known = g.catalogue = _catalogue_of(get_translations())
    return known


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
    return next(
        (c for c in (remembered, request.cookies.get(bound_name(COOKIE))) if c in LANGUAGES), None
    )
