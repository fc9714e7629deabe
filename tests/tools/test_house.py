"""`tools/house.py`: what it counts, and that it names what exceeds a limit."""

from pathlib import Path

import pytest

from tools import house


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small product: one package, one loose module, one template."""
    package = tmp_path / "webhooks_ui"
    (package / "models").mkdir(parents=True)
    (package / "migrations").mkdir()
    (package / "__init__.py").write_text("")
    (package / "models" / "__init__.py").write_text("")
    (package / "models" / "webhook.py").write_text(
        "def long():\n" + "    pass\n" * 40 + "x = 1\n" * 209 + "MOST, y = 1, 2\n"
    )
    (package / "migrations" / "0001_first.py").write_text("x = 1\n" * 300)
    (tmp_path / "app.py").write_text("x = 1\n")
    (tmp_path / "hatch_build.py").write_text("")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "base.html").write_text("<p>\n" + "x" * 161)
    return tmp_path


def test_sizes_are_counted_without_migrations(checkout: Path) -> None:
    found = {figure.name: figure for figure in house.sizes(checkout)}
    assert found["rooms: packages and loose modules"].value == 2
    assert found["loose modules"].value == 1
    assert found["lines of Python"].value == 252
    assert found["lines of a module"].misses == ("webhooks_ui/models/webhook.py: 251",)
    assert found["lines of a function"].misses == ("webhooks_ui/models/webhook.py:1 long: 41",)
    assert found["characters of a template's line"].misses == ("templates/base.html:2: 161",)
    assert found["names that are not the field's"].misses == (
        "webhooks_ui/models/webhook.py:251 MOST",
    )


def test_imports_upwards_and_rooms_without_a_layer_are_named() -> None:
    rooms = {"views": {"models"}, "models": {"views", "web"}, "web": {"models"}, "attic": set()}
    assert house.upward(rooms, ["views", "models : web"]) == [
        "attic has no layer",
        "models → views",
    ]


def test_every_circle_is_named() -> None:
    modules = {
        "webhooks_ui.models.webhook": {"webhooks_ui.models.delivery"},
        "webhooks_ui.models.delivery": {"webhooks_ui.models.webhook", "webhooks_ui.web.i18n"},
        "webhooks_ui.web.i18n": {"webhooks_ui.web.assets"},
        "webhooks_ui.web.assets": {"webhooks_ui.web.i18n"},
    }
    assert len(house.circles(modules)) == 2
    assert house.circles(house.by_package(modules)) == []


def test_the_report_names_what_exceeds_the_limit() -> None:
    within = house.report(house.Figure("lines", 1_000, 1_000, ("a.py: 1000",)))
    assert within == "ok     lines: 1,000 (at most 1,000)"
    above = house.report(house.Figure("lines", 30, 10, tuple(f"m{n}.py" for n in range(30))))
    assert above.startswith("MISSED lines: 30 (at most 10)\n         m0.py\n")
    assert above.endswith("and 10 more")


def test_this_house_is_within_its_limits() -> None:
    """But for its lines: the limit is that of a product before audit, people and sources."""
    figures = [*house.sizes(house.ROOT), *house.order(house.ROOT)]
    missed = [one for one in figures if not one.is_reached and one.name != "lines of Python"]
    assert not missed, "\n".join(map(house.report, missed))
