"""Fixtures of the browser tests: the real program, a real receiver, a real and watched browser."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from tests.browser.states import LOCALES, PROVOKED, Seeds, seed
from tests.browser.steps import LOGIN, PASSWORD, console, sign_in
from tests.support.browser import Open, Visitor, launched
from tests.support.receiver import Receiver
from tests.support.server import Server
from webhooks_ui import create_app
from webhooks_ui.accounts import users
from webhooks_ui.server import process

# Other programs may keep this machine busy: an answer that comes late is no failure here.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a worker; every page has a context of its own."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def set_up(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with keys, a current database and an administrator, to be copied."""
    folder = tmp_path_factory.mktemp("set-up") / "data"
    shutil.copytree(migrated, folder)
    app = create_app({"DATA_DIR": folder})
    with app.app_context():
        assert not users.add_user(LOGIN, PASSWORD)
    process.close(app)
    return folder


@pytest.fixture(scope="session")
def new_folder(set_up: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes data folders in which the administrator is known."""

    def make() -> Path:
        return shutil.copytree(set_up, tmp_path_factory.mktemp("console") / "data")

    return make


@pytest.fixture(scope="module")
def server(new_folder: Callable[[], Path]) -> Iterator[Server]:
    """The program with an administrator, shared by the tests of one file."""
    with console(new_folder()) as server:
        yield server


@pytest.fixture(scope="module")
def session(browser: Browser, server: Server) -> StorageState:
    """The cookies of the signed-in administrator."""
    visitor = Visitor(browser, server.url, signed_in=None)
    page = visitor.open("/login")
    sign_in(page)
    state = page.context.storage_state()
    visitor.leave()
    return state


@pytest.fixture
def visitor(browser: Browser, server: Server, session: StorageState) -> Iterator[Visitor]:
    """Opens pages on the server as the signed-in administrator; its `watch` fails the test."""
    visitor = Visitor(browser, server.url, session)
    yield visitor
    visitor.leave()


@pytest.fixture
def open_page(visitor: Visitor) -> Open:
    """`open_page("/webhooks", locale="uk-UA", color_scheme="dark")`: see `Visitor.open`."""
    return visitor.open


@pytest.fixture
def page(open_page: Open) -> Page:
    """A blank page of the signed-in administrator: English, light, 1280 px, with JavaScript."""
    return open_page()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver in another process."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def seeds(browser: Browser, server: Server, session: StorageState) -> Iterator[Seeds]:
    """Fills the console with something of everything; paths of pages that show it."""
    with Receiver() as receiver:
        visitor = Visitor(browser, server.url, session)
        yield seed(visitor.open(), server, receiver)
        visitor.leave()


@pytest.fixture(scope="module")
def contexts(
    browser: Browser, server: Server, session: StorageState
) -> Iterator[dict[str, BrowserContext]]:
    """A signed-in browser in each language, shared by all tests because making one takes long."""
    visitor = Visitor(browser, server.url, session)
    for words in PROVOKED:
        visitor.watch.allow(words)
    yield {language: visitor.open(locale=locale).context for language, locale in LOCALES.items()}
    visitor.leave()
