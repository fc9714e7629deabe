"""Every state of every page on contact sheets, to be looked at:

    .venv/bin/python -m tools.contact_sheets FOLDER [WORD …]

A sheet shows some states in one language, theme and width; words choose states by their names.
The program runs in a process of its own, as in the tests (`tests/browser/states.py`).
"""

import base64
import sys
from collections.abc import Iterator, Sequence
from html import escape
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, Page, expect

from tests.browser.phone import LAY_OUT
from tests.browser.states import LOCALES, PROVOKED, STATES, put_back, seed
from tests.browser.steps import LOGIN, PASSWORD, console, sign_in
from tests.support.browser import Visitor, launched
from tests.support.receiver import Receiver

WIDTHS = {320: (8, 0.5), 390: (7, 0.5), 768: (5, 0.4), 1024: (4, 0.4), 1440: (3, 0.36)}
"""Pages in a row of a sheet, and their scale."""
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ROWS = {320: 1, 390: 1}
HEIGHT = 1500  # px of a sheet's row beyond which a page is cut off
SIGNED_OUT = ("/login", "/forgotten")
STYLE = """body { margin:8px; display:grid; gap:10px; background:#777; font:12px sans-serif }
figure { margin:0 } img { display:block } div { overflow:hidden }
figcaption { padding:2px; background:#fff }"""


def pictures(page: Page) -> Iterator[tuple[int, str, bytes]]:
    """The page as it is now, whole, in each width and theme."""
    page.evaluate(LAY_OUT)
    for width, theme in product(WIDTHS, THEMES):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=theme)
        yield width, theme, page.screenshot(full_page=True, type="jpeg", quality=80)


def keep(page: Page, folder: Path, language: str, name: str) -> None:
    """Puts the pictures of a state beside those of others."""
    for width, theme, picture in pictures(page):
        own = folder / f"{language}-{theme}-{width}"
        own.mkdir(parents=True, exist_ok=True)
        (own / f"{name}.jpg").write_bytes(picture)


def take(browser: Browser, folder: Path, words: Sequence[str]) -> list[str]:
    """Takes every picture; the names of the states in order."""
    chosen = {
        name: state
        for name, state in STATES.items()
        if not words or any(word in name for word in words)
    }
    with TemporaryDirectory() as data, console(Path(data)) as server, Receiver() as receiver:
        server.command("user", "add", LOGIN, "--password-stdin", stdin=PASSWORD)
        stranger = Visitor(browser, server.url, None)
        page = stranger.open("/login")
        sign_in(page)
        visitor = Visitor(browser, server.url, page.context.storage_state())
        for problem in PROVOKED:
            visitor.watch.allow(problem)
        seeds = seed(visitor.open(), server, receiver)
        for language, locale in LOCALES.items():
            outside = stranger.open(locale=locale)
            for path in SIGNED_OUT:
                outside.goto(path)
                keep(outside, folder, language, path.strip("/"))
            context = visitor.open(locale=locale).context
            for name, state in chosen.items():
                print(language, name, flush=True)
                page = context.new_page()
                state(page, seeds)
                page.wait_for_load_state("networkidle")
                keep(page, folder, language, name)
                put_back(page)
                page.close()
        stranger.leave()
        visitor.leave()
    return [*(path.strip("/") for path in SIGNED_OUT), *chosen]


def lay_out(blank: Page, taken: Path, folder: Path, names: Sequence[str]) -> None:
    """Makes a sheet of every few pictures of the same language, theme and width."""
    for language, theme, (width, (columns, scale)) in product(LOCALES, THEMES, WIDTHS.items()):
        kind = f"{language}-{theme}-{width}"
        room = columns * ROWS.get(width, 2)
        for number in range(0, len(names), room):
            part = names[number : number + room]
            figures = "".join(figure(taken / kind / f"{name}.jpg", width * scale) for name in part)
            style = f"{STYLE} body {{ grid-template-columns:repeat({columns}, {width * scale}px) }}"
            across = int(columns * (width * scale + 10)) + 16
            blank.set_viewport_size({"width": across, "height": 100})
            blank.set_content(f"<style>{style}</style>{figures}")
            sheet = folder / f"{kind}-{number // room + 1:02}.png"
            blank.screenshot(path=sheet, full_page=True)
            print(sheet, flush=True)


def figure(file: Path, width: float) -> str:
    """A picture with its name."""
    url = f"data:image/jpeg;base64,{base64.b64encode(file.read_bytes()).decode()}"
    image = f'<div style="max-height:{HEIGHT}px"><img src="{url}" width="{width:g}"></div>'
    return f"<figure><figcaption>{escape(file.stem)}</figcaption>{image}</figure>"


def main() -> None:
    """Make the sheets in the folder that the first argument names."""
    folder, words = Path(sys.argv[1]), sys.argv[2:]
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=30_000)
    with launched() as browser, TemporaryDirectory() as taken:
        names = take(browser, Path(taken), words)
        lay_out(browser.new_page(), Path(taken), folder, names)


if __name__ == "__main__":
    main()
