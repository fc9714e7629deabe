"""Keep the translations complete: `update`, `check` and `compile` the message catalogues.

The English text is the msgid, so English needs no catalogue. Every other language has
`webhooks_ui/translations/<language>/LC_MESSAGES/messages.po`; a new one is made by
`update <language>`.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "webhooks_ui" / "translations"
CATALOGUE = Path("LC_MESSAGES") / "messages.po"

METHODS = [("webhooks_ui/**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"silent": "false"}}
KEYWORDS = DEFAULT_KEYWORDS | {"_l": None, "lazy_gettext": None, "lazy_ngettext": (1, 2)}
SOURCES = {"webhooks_ui", "templates"}

PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]")


def extract() -> Catalog:
    """Every translatable message of the sources, as a template without translations."""
    template = Catalog(fuzzy=False)
    found = extract_from_dir(
        ROOT,
        METHODS,
        OPTIONS,
        keywords=KEYWORDS,
        comment_tags=["Translators:"],
        strip_comment_tags=True,
        directory_filter=_is_source,
    )
    for path, _line, text, comments, context in sorted(found, key=lambda hit: hit[:2]):
        template.add(text, None, [(path, 0)], auto_comments=comments, context=context)
    return template


def _is_source(folder: str) -> bool:
    """Whether a folder may hold messages: everything else (.venv, docs, …) is not even walked."""
    inside = Path(folder).resolve().relative_to(ROOT).parts
    return not inside or (inside[0] in SOURCES and "translations" not in inside)


def catalogues() -> list[Path]:
    """The .po file of every language."""
    return sorted(TRANSLATIONS.glob(f"*/{CATALOGUE}"))


def read(path: Path) -> Catalog:
    """Parse a .po file; a broken one raises with the line that is wrong."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, abort_invalid=True)


def write(path: Path, catalogue: Catalog) -> None:
    """Write a .po file without line numbers, so that moving code changes nothing in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, include_lineno=False, ignore_obsolete=True)


def update(languages: list[str]) -> None:
    """Bring every catalogue, and a new one for each language given, up to the sources."""
    template = extract()
    new = {TRANSLATIONS / language / CATALOGUE for language in languages}
    for path in sorted({*catalogues(), *new}):
        language = path.parent.parent.name
        catalogue = read(path) if path.exists() else _empty(language)
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        write(path, catalogue)
        missing = sum(1 for message in catalogue if message.id and not _is_translated(message))
        print(f"{language}: {len(catalogue)} messages, {missing} to translate")


def _empty(language: str) -> Catalog:
    header = f"# {language} texts of webhooks-ui. New messages arrive by `make translations`."
    return Catalog(locale=language, header_comment=header, project="webhooks-ui", fuzzy=False)


def compile_all() -> None:
    """Write the .mo file beside every .po file that is newer than it."""
    for path in catalogues():
        target = path.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < path.stat().st_mtime:
            with target.open("wb") as file:
                write_mo(file, read(path))


def check() -> int:
    """Print everything that is missing or wrong; the exit status."""
    template = extract()
    findings = [
        f"{path.relative_to(ROOT)}: {finding}"
        for path in catalogues()
        for finding in problems(template, read(path))
    ]
    print("\n".join(findings) or f"translations: {len(template)} messages, complete")
    return 1 if findings else 0


def problems(template: Catalog, catalogue: Catalog) -> Iterator[str]:
    """What is missing, left over, unsure or inconsistent in one language."""
    wanted = {_key(message) for message in template if message.id}
    present = {_key(message) for message in catalogue if message.id}
    for key in sorted(wanted - present):
        yield f"missing, run `make translations`: {key[0]!r}"
    for key in sorted(present - wanted):
        yield f"no longer in the sources, run `make translations`: {key[0]!r}"
    for message in catalogue.obsolete.values():
        yield f"obsolete, run `make translations`: {message.id!r}"
    for message in catalogue:
        if message.id:
            yield from (f"{why}: {message.id!r}" for why in _faults(message, catalogue))


def _key(message: Message) -> tuple[str, str]:
    """What makes a message itself: its text (both, for a plural) and its context."""
    text = message.id if isinstance(message.id, str) else "\0".join(message.id)
    return text, message.context or ""


def _faults(message: Message, catalogue: Catalog) -> Iterator[str]:
    forms = _forms(message)
    if message.fuzzy:
        yield "fuzzy"
    if not _is_translated(message):
        yield "not translated"
    elif message.pluralizable and len(forms) != catalogue.num_plurals:
        yield f"needs {catalogue.num_plurals} plural forms"
    else:
        source = message.id if isinstance(message.id, str) else message.id[-1]
        for form in forms:
            yield from _differences(source, form)


def _forms(message: Message) -> list[str]:
    """The translated text, or every plural form of it."""
    return [message.string] if isinstance(message.string, str) else list(message.string or [""])


def _is_translated(message: Message) -> bool:
    return all(_forms(message))


def _differences(source: str, translation: str) -> Iterator[str]:
    """How a translation breaks the frame of its source: placeholders, tags, outer white space."""
    names = sorted(PLACEHOLDER.findall(source))
    if names != sorted(PLACEHOLDER.findall(translation)):
        yield f"placeholders differ in {translation!r}"
    elif names and not _can_be_formatted(translation, names):
        yield f"a stray % in {translation!r}"
    if _edges(source) != _edges(translation):
        yield f"white space at the ends differs in {translation!r}"
    if sorted(re.findall(r"</?\w+", source)) != sorted(re.findall(r"</?\w+", translation)):
        yield f"tags differ in {translation!r}"


def _can_be_formatted(text: str, names: list[str]) -> bool:
    try:
        return bool(text % dict.fromkeys(names, 1))
    except (TypeError, ValueError):
        return False


def _edges(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def main() -> int:
    """Parse the command line and run one sub-command."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="fail unless every language is complete")
    commands.add_parser("compile", help="write the .mo files")
    updating = commands.add_parser("update", help="merge new messages into the .po files")
    updating.add_argument("language", nargs="*", help="also start this language, such as pl")
    arguments = parser.parse_args()
    if arguments.command == "check":
        return check()
    if arguments.command == "compile":
        compile_all()
    else:
        update(arguments.language)
    return 0


if __name__ == "__main__":
    sys.exit(main())
