"""`tools/translations.py`: what it finds in the sources and what it refuses in a catalogue."""

from pathlib import Path
from subprocess import CalledProcessError

import pytest
from babel.messages.catalog import Catalog

from tools import translations

ONE, FEW, MANY = "%(n)s вебхук", "%(n)s вебхуки", "%(n)s вебхуків"
PLURAL = ("%(n)s webhook", "%(n)s webhooks")


def sources() -> Catalog:
    template = Catalog()
    template.add("Save")
    template.add("Hello, <b>%(name)s</b>.")
    template.add(PLURAL)
    return template


def ukrainian(**changed: str | tuple[str, ...]) -> Catalog:
    """A complete catalogue, with some texts replaced."""
    catalogue = Catalog(locale="uk", fuzzy=False)
    catalogue.add("Save", changed.get("save", "Зберегти"))
    catalogue.add("Hello, <b>%(name)s</b>.", changed.get("hello", "Вітаємо, <b>%(name)s</b>."))
    catalogue.add(PLURAL, changed.get("plural", (ONE, FEW, MANY)))
    return catalogue


def test_a_complete_catalogue_passes() -> None:
    assert list(translations.problems(sources(), ukrainian())) == []


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"save": ""}, "not translated: 'Save'"),
        ({"save": "Зберегти "}, "white space"),
        ({"hello": "Вітаємо, <b>%(login)s</b>."}, "placeholders differ"),
        ({"hello": "Вітаємо, <b></b>."}, "placeholders differ"),
        ({"hello": "Вітаємо на 100 %, <b>%(name)s</b>."}, "a stray %"),
        ({"hello": "Вітаємо, <i>%(name)s</i>."}, "tags differ"),
        ({"plural": (ONE, FEW)}, "needs 3 plural forms"),
        ({"plural": (ONE, FEW, "")}, "not translated"),
        ({"plural": ("один вебхук", FEW, MANY)}, "placeholders differ in 'один вебхук'"),
    ],
)
def test_a_faulty_translation_is_named(
    changed: dict[str, str | tuple[str, ...]], problem: str
) -> None:
    (found,) = translations.problems(sources(), ukrainian(**changed))
    assert problem in found


def test_missing_left_over_and_fuzzy_messages_are_named() -> None:
    catalogue = ukrainian()
    catalogue.delete("Save")
    catalogue.add("Gone", "Немає")
    catalogue.add("Hello, <b>%(name)s</b>.", "Вітаємо, <b>%(name)s</b>.", flags=["fuzzy"])
    missing, left_over, fuzzy = translations.problems(sources(), catalogue)
    assert missing == "missing, run `make translations`: 'Save'"
    assert left_over == "no longer in the sources, run `make translations`: 'Gone'"
    assert fuzzy == "fuzzy: 'Hello, <b>%(name)s</b>.'"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small project: a module, a template, and no language yet."""
    (tmp_path / "webhooks_ui" / "translations").mkdir(parents=True)
    (tmp_path / "webhooks_ui" / "pages.py").write_text(
        "_l('Webhooks')\nngettext('%(n)s webhook', '%(n)s webhooks', n)\n"
    )
    (tmp_path / "templates" / "webhooks").mkdir(parents=True)
    (tmp_path / "templates" / "webhooks" / "list.html").write_text(
        "{{ _('Save') }}{% trans name=login %}Hello, {{ name }}.{% endtrans %}"
    )
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "example.py").write_text("_('Not ours')")
    return tmp_path


@pytest.mark.process
def test_texts_of_python_and_templates_are_found(checkout: Path) -> None:
    template = translations.extract(checkout / "messages.pot", checkout)
    assert {message.id for message in template if message.id} == {
        "Webhooks",
        PLURAL,
        "Save",
        "Hello, %(name)s.",
    }


@pytest.mark.process
def test_a_template_that_cannot_be_parsed_is_an_error(checkout: Path) -> None:
    (checkout / "templates" / "broken.html").write_text("{% trans %}never closed")
    with pytest.raises(CalledProcessError):
        translations.extract(checkout / "messages.pot", checkout)


@pytest.mark.process
def test_a_language_is_started_and_keeps_its_translations(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    translations.update(["uk"], checkout)
    path = checkout / "webhooks_ui/translations/uk/LC_MESSAGES/messages.po"
    assert translations.check(checkout) == 1
    assert "not translated: 'Save'" in capsys.readouterr().out

    path.write_text(path.read_text().replace('"Save"\nmsgstr ""', '"Save"\nmsgstr "Зберегти"'))
    (checkout / "webhooks_ui" / "pages.py").write_text("_l('Channels')\n")
    translations.update(["uk"], checkout)
    text = path.read_text()
    assert 'msgstr "Зберегти"' in text
    assert '"Channels"' in text
    assert '"Webhooks"' not in text
