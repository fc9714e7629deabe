"""Languages: which one a request is answered in, and how times, numbers and sizes are written."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from babel import dates, numbers
from flask import Flask, g, has_request_context, request
from flask_babel import (
    Babel,
    format_date,
    format_timedelta,
    get_locale,
    get_timezone,
    get_translations,
)
from flask_babel import gettext as _
from flask_login import current_user
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.database.types import now
from webhooks_ui.models.health import Span

LANGUAGES = {"uk": "Українська", "en": "English"}
COOKIE = "language"
_NO_BREAK = "\u00a0"
babel = Babel()  # with no pages, as in a worker, it is the only extension but the database
_written = lru_cache(maxsize=4096)
"""Remembers what Babel wrote, which takes long: lists write the same days and numbers again."""
_zones: dict[tuple[str, Any, str | None, timedelta | None], str] = {}


def init_app(app: Flask) -> None:
    """Binds Babel to the app and gives templates the words and filters they need."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", app.config["LANGUAGE"])
    app.config.setdefault("BABEL_DEFAULT_TIMEZONE", app.config["TIMEZONE"])
    babel.init_app(app, locale_selector=_select_locale)
    # As the extension has them, but with one look-up of the catalogue for a page's many texts.
    app.jinja_env.globals.update(
        _=_text, gettext=_text, ngettext=_counted, event_labels=event_labels
    )
    app.jinja_env.filters.update(
        datetime=_on_page(absolute),
        day=day,
        isotime=isotime,
        moment=_on_page(moment),
        fares=_on_page(fares),
        filesize=filesize,
        number=_on_page(number),
        ms=_on_page(milliseconds),
        age=age,
        percent=_on_page(percent),
    )

    @app.context_processor
    def words() -> dict[str, Any]:
        return {"locale": language(), "languages": LANGUAGES}


def _on_page(write: Callable[[Any, str | None], str]) -> Callable[[Context, Any], str]:
    """A filter in the language of the template's context, found out once for a page's many values;
    what is imported without context finds it out itself."""

    @pass_context
    def written(context: Context, value: Any) -> str:
        return write(value, context.get("locale"))

    return written


def language() -> str:
    """The language of this answer: ``uk`` or ``en``."""
    locale = get_locale()
    return locale.language if locale else "en"


def absolute(moment: datetime, known: str | None = None) -> str:
    """A moment in the console's time zone, with the zone's name."""
    local, known = moment.astimezone(_zone()), known or language()
    zone = (known, local.tzinfo, local.tzname(), local.dst())
    if zone not in _zones:
        _zones[zone] = dates.format_time(local, "z", local.tzinfo, known)
    time = f"{local.hour:02}:{local.minute:02}:{local.second:02}"
    return f"{_date(known, local.date())}, {time} {_zones[zone]}"


def moment(value: datetime | None, known: str | None = None) -> Markup:
    """A moment as an element: absolute on the server, relative in the browser; "–" for None."""
    if value is None:
        return Markup("–")
    words = escape(absolute(value, known))
    return Markup(  # noqa: S704  # of what was escaped
        f'<time datetime="{isotime(value)}" title="{words}" data-relative>{words}</time>'
    )


def day(moment: str) -> str:
    """The date of a moment in ISO 8601, such as the end of a certificate."""
    return str(format_date(datetime.fromisoformat(moment), "d MMM y"))


def isotime(moment: datetime) -> str:
    """A moment as RFC 3339 has it, for machines."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def number(value: float, known: str | None = None) -> str:
    """A number with its separators."""
    if isinstance(value, int) and 0 <= value < 1000:
        return str(value)  # as every language of Babel has it by itself
    return _decimal(known or language(), value)


def milliseconds(value: float, known: str | None = None) -> str:
    """A duration of `value` milliseconds in the unit that reads best."""
    return _milliseconds(known or language(), round(value, -2 if value >= 1000 else None))


def age(moment: datetime) -> str:
    """How long ago a moment was, in the unit that reads best: “3 hours”."""
    return str(format_timedelta(max(now() - moment, timedelta(minutes=1)), threshold=1))


def percent(share: float, known: str | None = None) -> str:
    """A share of 0 to 1; what is not quite all is not rounded up to it."""
    return _percent(known or language(), 1 if share == 1 else min(round(share, 3), 0.999))


def fares(span: Span, known: str | None = None) -> Markup:
    """How the attempts of a span of time fared: “98.5% · 38 of 40 · 120 ms”."""
    known = known or language()
    if span.rate is None:
        return _span_words(known)[0]
    of, succeeded = _span_words(known)[1:]
    good = of % {"good": number(span.good_attempts, known), "count": number(span.attempts, known)}
    took = ""
    if span.median_ms is not None:  # not parted from its unit where the line is narrow
        took = f" · {milliseconds(span.median_ms, known).replace(' ', _NO_BREAK)}"
    words = f"{percent(span.rate, known)} · {good}{succeeded}{took}"
    return Markup(words)  # noqa: S704  # numbers, and texts of ours that were escaped


def filesize(value: int) -> str:
    """A size of `value` bytes in the unit that reads best."""
    if value < 1024:
        return str(_("%(number)s B", number=number(value)))
    if value < 1024 * 1024:
        return str(_("%(number)s KB", number=_decimal(language(), value / 1024, "#,##0.#")))
    return str(_("%(number)s MB", number=_decimal(language(), value / 1024 / 1024, "#,##0.#")))


def event_labels() -> Mapping[str, str]:
    """The labels of all event types by identifier, in the language of this answer."""
    return _event_labels(language())


@_written
def _date(language: str, day: date) -> str:
    return dates.format_date(day, "d MMM y", locale=language)


@_written
def _decimal(language: str, value: float, pattern: str | None = None) -> str:
    return numbers.format_decimal(value, pattern, locale=language)


@_written
def _percent(language: str, share: float) -> str:
    return numbers.format_percent(share, "#,##0.#%", locale=language)


@_written
def _milliseconds(language: str, value: int) -> str:
    if value < 1000:
        return str(_("%(number)s ms", number=_decimal(language, value)))
    return str(_("%(number)s s", number=_decimal(language, value / 1000, "#,##0.0")))


@_written
def _span_words(_language: str) -> tuple[Markup, str, str]:
    of = str(escape(_("%(good)s of %(count)s")))  # without values, it is not filled in
    succeeded = escape(_("attempts succeeded"))
    return escape(_("nothing sent")), of, f'<span class="sr"> {succeeded}</span>'


@_written
def _event_labels(_language: str) -> Mapping[str, str]:
    return {identifier: str(kind.label) for identifier, kind in ALL_TYPES.items()}


def _text(text: str, /, **values: Any) -> Markup:
    """A text in the language of this answer; values are escaped."""
    found = Markup(_catalogue().ugettext(text))  # noqa: S704  # our own texts
    return found % values if values or "%" in found else found


def _counted(one: str, many: str, num: int, /, **values: Any) -> Markup:
    """The form of a text that goes with a number."""
    values.setdefault("num", num)
    return Markup(_catalogue().ungettext(one, many, num)) % values  # noqa: S704


def _zone() -> tzinfo:
    """The console's time zone, asked for once."""
    if "zone" not in g:
        g.zone = get_timezone()
    zone: tzinfo = g.zone
    return zone


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
