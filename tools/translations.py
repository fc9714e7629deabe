"""Keep the message catalogues complete: `update` runs pybabel over them, `check` judges them.

The English text is the msgid, so English has no catalogue. Every other language has
`webhooks_ui/translations/<language>/LC_MESSAGES/messages.po`; `update <language>` makes a new one.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = ROOT / "pyproject.toml"  # which files are read, and how
TRANSLATIONS = Path("webhooks_ui", "translations")
KEYWORDS = ("-k", "_l lazy_gettext lazy_ngettext:1,2")
LAYOUT = ("--add-location=file", "-c", "Translators:", "--strip-comments")
MERGE = ("--no-fuzzy-matching", "--ignore-obsolete", "--ignore-pot-creation-date", "-w", "100")
PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]")


def pybabel(command: str, *arguments: str | Path, root: Path) -> None:
    """Run a command of pybabel in a checkout; raises CalledProcessError."""
    program = [sys.executable, "-m", "babel.messages.frontend", "-q", command]
    subprocess.run([*program, *arguments], cwd=root, check=True)


def extract(pot: Path, root: Path = ROOT) -> Catalog:
    """Write the messages of the sources to a template, and read it."""
    sources = ("-F", SETTINGS, *KEYWORDS, *LAYOUT, "templates", "webhooks_ui")
    pybabel("extract", *sources, "--project=webhooks-ui", "-o", pot, root=root)
    return read(pot)


def read(path: Path) -> Catalog:
    """Parse a catalogue; a broken one raises with the line that is wrong."""
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def update(languages: list[str], root: Path = ROOT) -> None:
    """Merge the messages of the sources into every catalogue, and into one per new language."""
    with tempfile.TemporaryDirectory() as folder:
        pot = Path(folder, "messages.pot")
        extract(pot, root)
        known = {path.name for path in (root / TRANSLATIONS).iterdir()}
        for language in {*languages} - known:  # init would write over a catalogue
            pybabel("init", "-i", pot, "-d", TRANSLATIONS, "-l", language, root=root)
        pybabel("update", "-i", pot, "-d", TRANSLATIONS, *MERGE, root=root)


def check(root: Path = ROOT) -> int:
    """Print everything that is missing or wrong; the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        template = extract(Path(folder, "messages.pot"), root)
    findings = [
        f"{path.relative_to(root)}: {finding}"
        for path in sorted((root / TRANSLATIONS).glob("*/LC_MESSAGES/*.po"))
        for finding in problems(template, read(path))
    ]
    print("\n".join(findings) or f"translations: {len(template)} messages, complete")
    return 1 if findings else 0


def problems(template: Catalog, catalogue: Catalog) -> Iterator[str]:
    """What is missing, left over, unsure or inconsistent in one language."""
    wanted, present = ({_key(message) for message in one} for one in (template, catalogue))
    for text, _context in sorted(wanted - present):
        yield f"missing, run `make translations`: {text!r}"
    for text, _context in sorted(present - wanted):
        yield f"no longer in the sources, run `make translations`: {text!r}"
    for message in catalogue:
        if message.id:
            yield from (f"{fault}: {message.id!r}" for fault in _faults(message, catalogue))


def _key(message: Message) -> tuple[str, str]:
    text = message.id if isinstance(message.id, str) else "\0".join(message.id)
    return text, message.context or ""


def _faults(message: Message, catalogue: Catalog) -> Iterator[str]:
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ("",))
    source = message.id if isinstance(message.id, str) else message.id[-1]
    if message.fuzzy:
        yield "fuzzy"
    if not all(forms):
        yield "not translated"
    elif message.pluralizable and len(forms) != catalogue.num_plurals:
        yield f"needs {catalogue.num_plurals} plural forms"
    else:
        for form in forms:
            yield from (f"{what} in {form!r}" for what in _differences(source, form))


def _differences(source: str, translation: str) -> Iterator[str]:
    """How a translation breaks its source's frame: placeholders, tags, white space at the ends."""
    names = sorted(PLACEHOLDER.findall(source))
    if names != sorted(PLACEHOLDER.findall(translation)):
        yield "placeholders differ"
    elif names and "%" in PLACEHOLDER.sub("", translation.replace("%%", "")):
        yield "a stray %"
    if re.findall(r"^\s*|\s*$", source) != re.findall(r"^\s*|\s*$", translation):
        yield "white space at the ends differs"
    if sorted(re.findall(r"</?\w+", source)) != sorted(re.findall(r"</?\w+", translation)):
        yield "tags differ"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["check"]:
            sys.exit(check())
        case ["update", *languages]:
            update(languages)
            check()
        case _:
            sys.exit("translations.py check | update [LANGUAGE …]")
