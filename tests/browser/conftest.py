"""Fixtures of the browser tests: the real program, a real receiver, a real and watched browser."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    StorageState,
    StorageStateCookie,
    expect,
)

from tests import conftest
from tests.browser.states import LOCALES, PROVOKED, Seeds, seed
from tests.browser.steps import LOGIN, PASSWORD, console
from tests.support.browser import Open, Visitor, launched
from tests.support.receiver import Receiver
from tests.support.server import Server
from tests.support.waiting import own_port
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


@dataclass(frozen=True)
class SetUp:
    """A data folder with keys, a current database and an administrator, to be copied.

    And the name and value of a cookie with which a browser is the administrator's at each copy.
    """

    folder: Path
    cookie: tuple[str, str]


@pytest.fixture(scope="session")
def set_up(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> SetUp:
    """What all consoles begin with."""
    folder = tmp_path_factory.mktemp("set-up") / "data"
    shutil.copytree(migrated, folder)
    app = create_app({"DATA_DIR": folder})
    with app.app_context():
        assert not users.add_user(LOGIN, PASSWORD)
    client = conftest.sign_in(app, LOGIN)
    name = conftest.session_cookie(client)
    cookie = client.get_cookie(name)
    assert cookie is not None
    process.close(app)
    return SetUp(folder, (name, cookie.value))


@pytest.fixture(scope="session")
def new_folder(set_up: SetUp, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes data folders in which the administrator is known."""

    def make() -> Path:
        return shutil.copytree(set_up.folder, tmp_path_factory.mktemp("console") / "data")

    return make


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    """The port of all files' consoles: browsers know them for one, and are used again."""
    with own_port() as port:
        yield port


@pytest.fixture(scope="module")
def server(new_folder: Callable[[], Path], port: int) -> Iterator[Server]:
    """The program with an administrator, shared by the tests of one file."""
    with console(new_folder(), port) as server:
        yield server


@pytest.fixture(scope="session")
def session(set_up: SetUp) -> StorageState:
    """The cookies of the signed-in administrator, whose time zone the console knows."""
    cookies = (set_up.cookie, ("timezone", "Europe/Kyiv"))
    place: StorageStateCookie = {"domain": "127.0.0.1", "path": "/", "sameSite": "Lax"}
    return {"cookies": [{**place, "name": name, "value": value} for name, value in cookies]}


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
