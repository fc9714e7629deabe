"""Whose time zone an answer is in, relative and exact times, and clocks that change."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import sign_in
from webhooks_ui.web import localised, timezones
from webhooks_ui.web.localised import absolute, day, exact, moment, relative

KYIV = ZoneInfo("Europe/Kyiv")
ACCOUNT = "/settings/account"


def zone_of(page: str) -> str:
    """The zone that is named at the fields of a list."""
    found = re.search(r'name="zone" value="([^"]+)"', page)
    assert found is not None
    return found[1]


# ---- Whose zone ---------------------------------------------------------------------------------


def test_the_browsers_zone_counts_before_the_setting(make_app: Callable[..., Flask]) -> None:
    browser = sign_in(make_app(TIMEZONE="America/New_York"), "olena")
    assert zone_of(browser.get("/deliveries").text) == "America/New_York"
    browser.set_cookie("timezone", "Asia/Kolkata")
    page = browser.get("/deliveries").text
    assert zone_of(page) == "Asia/Kolkata"
    assert page.count("Kolkata time") == 3  # at both fields, and in the foot


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])  # one has another date
def test_files_are_named_by_the_readers_day(admin: FlaskClient, zone: str) -> None:
    admin.set_cookie("timezone", zone)
    before = datetime.now(ZoneInfo(zone)).date()
    files = [admin.get(f"/{log}.csv", buffered=True) for log in ("deliveries", "settings/audit")]
    files.append(admin.post("/settings/configuration/export"))
    days = {f"{day:%Y-%m-%d}" for day in (before, datetime.now(ZoneInfo(zone)).date())}
    for file in files:
        name = file.headers["Content-Disposition"]
        assert any(day in name for day in days), name


@pytest.mark.parametrize(
    "forged", ["", "Mars/Base", "../etc/passwd", "Europe", "localtime\n", "x" * 999]
)
def test_a_zone_that_does_not_exist_changes_nothing(admin: FlaskClient, forged: str) -> None:
    admin.set_cookie("timezone", forged)
    assert zone_of(admin.get("/deliveries").text) == "UTC"
    assert zone_of(admin.get("/events", query_string={"zone": forged}).text) == "UTC"


def test_a_choice_counts_before_the_browsers_zone_and_goes_along(app: Flask) -> None:
    browser = sign_in(app, "olena", role="viewer")
    browser.set_cookie("timezone", "Asia/Kolkata")
    assert "Same as the browser: Kolkata time</option>" in browser.get(ACCOUNT).text
    answer = browser.post(f"{ACCOUNT}/timezone", data={"timezone": "Europe/Kyiv"})
    assert (answer.status_code, answer.location) == (303, ACCOUNT)
    assert '<option value="Europe/Kyiv" selected>' in browser.get(ACCOUNT).text
    assert zone_of(browser.get("/deliveries").text) == "Europe/Kyiv"
    assert zone_of(sign_in(app, "olena").get("/deliveries").text) == "Europe/Kyiv"
    assert zone_of(sign_in(app, "taras").get("/deliveries").text) == "UTC"
    browser.post(f"{ACCOUNT}/timezone", data={"timezone": ""})
    assert zone_of(browser.get("/deliveries").text) == "Asia/Kolkata"


def test_a_choice_that_is_no_zone_is_refused(admin: FlaskClient) -> None:
    answer = admin.post(f"{ACCOUNT}/timezone", data={"timezone": "Mars/Base"})
    assert answer.status_code == 422
    assert "Choose one of the time zones." in answer.text
    assert f'action="{ACCOUNT}"' in answer.text  # the form for the password leads where it did


@pytest.mark.parametrize(
    ("former", "present"),
    [("Europe/Kiev", "Europe/Kyiv"), ("Asia/Calcutta", "Asia/Kolkata"), ("UTC", "UTC")],
)
def test_a_former_name_is_written_as_it_is_now(
    admin: FlaskClient, former: str, present: str
) -> None:
    admin.set_cookie("timezone", former)
    assert zone_of(admin.get("/deliveries").text) == present


def test_zones_are_named_in_the_readers_language(admin: FlaskClient) -> None:
    page = admin.get(ACCOUNT, headers={"Accept-Language": "uk"}).text
    assert "Київ (Europe/Kyiv)" in page
    admin.set_cookie("timezone", "Europe/Kyiv")
    page = admin.get("/deliveries", headers={"Accept-Language": "uk"}).text
    assert page.count("Київ, місцевий час") == 3


# ---- Clocks that change -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "begin", "end"),
    [
        ("2026-07-01T12:00", "2026-07-01T09:00Z", "2026-07-01T09:00Z"),
        ("2026-10-25T02:59", "2026-10-24T23:59Z", "2026-10-24T23:59Z"),
        ("2026-10-25T03:00", "2026-10-25T00:00Z", "2026-10-25T00:00Z"),
        ("2026-10-25T03:30", "2026-10-25T00:30Z", "2026-10-25T01:30Z"),  # comes twice
        ("2026-10-25T04:00", "2026-10-25T02:00Z", "2026-10-25T02:00Z"),
        ("2026-03-29T02:59", "2026-03-29T00:59Z", "2026-03-29T00:59Z"),
        ("2026-03-29T03:30", "2026-03-29T01:00Z", "2026-03-29T01:00Z"),  # does not exist
        ("2026-03-29T04:00", "2026-03-29T01:00Z", "2026-03-29T01:00Z"),
    ],
)
def test_a_clock_time_in_kyiv(clock: str, begin: str, end: str) -> None:
    at = datetime.fromisoformat(clock)
    assert timezones.resolve(at, KYIV) == datetime.fromisoformat(begin)
    assert timezones.resolve_end(at, KYIV) == datetime.fromisoformat(end)


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca"])
def test_every_quarter_where_the_clock_is_changed_is_found_again(zone: str) -> None:
    tz, at, second = ZoneInfo(zone), datetime(2026, 1, 1, tzinfo=UTC), timedelta(seconds=1)
    day = timedelta(days=1)
    while at.year == 2026:
        clock = at.astimezone(tz).replace(tzinfo=None)
        assert timezones.resolve(clock, tz) <= at < timezones.resolve_end(clock + second, tz)
        changes = (at - day).astimezone(tz).utcoffset() != (at + day).astimezone(tz).utcoffset()
        at += timedelta(minutes=15) if changes else day / 2


def test_the_hours_of_october_are_told_apart(make_app: Callable[..., Flask]) -> None:
    with make_app(TIMEZONE="Europe/Kyiv").test_request_context():
        first = absolute(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
        second = absolute(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
        assert first.startswith("25 Oct 2026, 03:30:00 ")
        assert second.startswith("25 Oct 2026, 03:30:00 ")
        assert first != second


@pytest.mark.parametrize(
    ("zone", "month", "language", "written"),
    [
        ("Europe/Kyiv", 1, "uk", "UTC+2"),
        ("Europe/Kyiv", 7, "uk", "UTC+3"),
        ("Asia/Kolkata", 1, "uk", "UTC+5:30"),
        ("America/New_York", 1, "uk", "UTC-5"),
        ("America/New_York", 7, "en", "EDT"),
        ("UTC", 7, "uk", "UTC"),
    ],
)
def test_a_time_ends_with_its_zone(
    make_app: Callable[..., Flask], zone: str, month: int, language: str, written: str
) -> None:
    with make_app(TIMEZONE=zone).test_request_context(headers={"Accept-Language": language}):
        assert absolute(datetime(2026, month, 15, 12, tzinfo=UTC)).endswith(f":00 {written}")


# ---- Relative and exact -------------------------------------------------------------------------

SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "english", "ukrainian"),
    [
        (-5, "now", "зараз"),
        (5, "now", "зараз"),
        (-42 * SECOND, "42 seconds ago", "42 секунди тому"),
        (-90 * SECOND, "1 minute ago", "1 хвилину тому"),
        (42.4 * MINUTE, "in 42 minutes", "через 42 хвилини"),
        (-3 * HOUR, "3 hours ago", "3 години тому"),
        (-21 * HOUR, "21 hours ago", "21 годину тому"),
        (DAY + 60, "in 1 day", "через 1 день"),
        (-29 * DAY, "29 days ago", "29 днів тому"),
        (-30 * DAY, "", ""),
    ],
)
def test_relative_times(
    app: Flask, seconds: float, english: str, ukrainian: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = datetime.now(UTC)
    monkeypatch.setattr(localised, "now", lambda: standing)
    at = standing + timedelta(seconds=seconds)
    for language, words in (("en", english), ("uk", ukrainian)):
        with app.test_request_context(headers={"Accept-Language": language}):
            assert relative(at) == words
            assert f">{words or day(at)}</time>" in moment(at)
            assert "<span><time" in exact(at)
            assert f"{absolute(at)}</time>" in exact(at)
            assert ('class="muted ago"' in exact(at)) == bool(words)


PAGES = ("/deliveries", "/events")


@pytest.mark.parametrize("path", PAGES)
def test_a_link_means_the_same_in_every_zone(admin: FlaskClient, path: str) -> None:
    admin.set_cookie("timezone", "America/New_York")
    page = admin.get(f"{path}?since=2026-11-01T01:30&zone=Europe/Kyiv").text
    assert zone_of(page) == "Europe/Kyiv"
    assert page.count("Kyiv time") == 2
    assert 'value="2026-11-01T01:30"' in page
    # One with an offset is a moment; the field, which knows no offset, shows it on the clock.
    page = admin.get(f"{path}?since=2026-11-01T06:30:00Z").text
    assert zone_of(page) == "America/New_York"
    assert 'value="2026-11-01T01:30:00"' in page
