"""Real Chromium, watched: what a visitor's browser would complain about fails the test."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    StorageState,
    WebError,
    sync_playwright,
)

from tools.provide import find_chromium

ARGUMENTS = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    # Nothing leaves this machine, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

VIOLATIONS = """options => "axe" in window
  && axe.run(options).then(result => result.violations)"""

EXPECTED_MESSAGES = (
    # Chromium reports the answer to a form with errors as a console error; it is our contract.
    "the server responded with a status of 422",
    # A search as one types is given up for the next; a request that fails has an event of its own.
    "htmx:sendAbort",
    "htmx:afterRequest",
)

ColorScheme = Literal["light", "dark"]

STOPPED_CLOCK = "Date.now = () => NaN"
"""For `Page.add_init_script`: relative times stay as the server wrote them, however long ago."""


@contextmanager
def launched() -> Iterator[Browser]:
    """A running Chromium, the system's or else Playwright's own; to be seen if HEADED is set."""
    headed = bool(os.environ.get("HEADED"))
    program = find_chromium(headed=headed)
    assert program is not None, "no browser was found: run `make test`, which installs one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=ARGUMENTS, headless=not headed
        )
        yield browser
        browser.close()


@dataclass
class Watch:
    """Collects everything in one browser context that should not happen on our pages.

    Console and page errors (violations of the Content-Security-Policy are among them), requests
    that failed, and requests to another origin than the console's.
    """

    origin: str
    allowed: list[str] = field(default_factory=lambda: [*EXPECTED_MESSAGES])
    problems: list[str] = field(default_factory=list)

    def attach(self, context: BrowserContext) -> None:
        """Listen to every page of this context."""
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failure)

    def detach(self, context: BrowserContext) -> None:
        """Listen no more."""
        context.remove_listener("console", self._on_console)
        context.remove_listener("weberror", self._on_error)
        context.remove_listener("request", self._on_request)
        context.remove_listener("requestfailed", self._on_failure)

    def allow(self, text: str) -> None:
        """Expect problems that contain this text: the test provokes them."""
        self.allowed.append(text)

    def unexpected(self) -> list[str]:
        """The problems that no `allow` covers."""
        return [found for found in self.problems if not any(text in found for text in self.allowed)]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text} ({message.location.get('url')})")

    def _on_error(self, error: WebError) -> None:
        self.problems.append(f"page: {error.error}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and not self._is_ours(request.url):
            self.problems.append(f"other origin: {request.url}")

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" == self.origin

    def _on_failure(self, request: Request) -> None:
        # A page that is left takes its unfinished requests with it.
        if request.failure != "net::ERR_ABORTED":
            self.problems.append(f"failed: {request.method} {request.url}: {request.failure}")


class Visitor:
    """Opens pages as one test needs them and checks at the end that none had a problem."""

    def __init__(self, browser: Browser, origin: str, signed_in: StorageState | None) -> None:
        self._browser = browser
        self._origin = origin
        self._signed_in = signed_in
        self._contexts: list[tuple[str | None, BrowserContext]] = []
        self.watch = Watch(origin)

    def open(
        self,
        path: str | None = None,
        *,
        signed_in: bool = True,
        locale: str = "en-GB",
        color_scheme: ColorScheme = "light",
        width: int = 1280,
        height: int = 800,
        javascript: bool = True,
        timezone: str = "Europe/Kyiv",
        is_new: bool = False,
        **options: Any,
    ) -> Page:
        """A page in a context that no other test uses, at `path` of the console if given.

        `locale` is the browser's preferred language; `options` go to Playwright's `new_context`.
        A page that `is_new` has nothing in its cache and history, and may be changed for good: by
        scripts and listeners, which a page keeps.
        """
        options = {
            "base_url": self._origin,
            "locale": locale,
            "timezone_id": timezone,
            "color_scheme": color_scheme,
            "viewport": {"width": width, "height": height},
            "java_script_enabled": javascript,
            "reduced_motion": "reduce",
            **options,
        }
        key = None if is_new else repr(sorted(options.items()))
        context = _idle.take(self._browser, key) or self._browser.new_context(**options)
        if signed_in and self._signed_in:
            context.add_cookies(self._signed_in["cookies"])  # type: ignore[arg-type]
        context.set_default_timeout(30_000)
        self.watch.attach(context)
        self._contexts.append((key, context))
        page = context.pages[0] if context.pages else context.new_page()
        page.emulate_media(media="null", color_scheme=color_scheme)
        page.set_viewport_size({"width": width, "height": height})
        if path is not None:
            page.goto(path)
        return page

    def leave(self) -> None:
        """Leave every page; AssertionError when one of them had a problem."""
        for key, context in self._contexts:
            for page in context.pages:
                page.wait_for_timeout(0)  # what it has complained of so far is heard
            self.watch.detach(context)
            for further in context.pages[1 if key else 0 :]:
                further.close()
            for page in context.pages:
                _make_blank(page)
            _idle.put_back(key, context)
        problems = self.watch.unexpected()
        assert not problems, "the browser complained:\n" + "\n".join(problems)


def _make_blank(page: Page) -> None:
    """Nothing of it is left but its history; a page that goes elsewhere meanwhile is closed.

    It stays on our site, since another site, `about:blank` too, would have another process.
    """
    try:
        page.unroute_all()
        page.mouse.move(0, 0)
        page.goto("/healthz")
    except Error:
        page.close()


class _Idle:
    """Contexts without cookies, with a blank page, for a test that asks for the same options.

    Making one takes long, and so does the first page in it, for which a process is started and
    style and scripts are read again.
    """

    MAX_KEPT = 8

    def __init__(self) -> None:
        self._kept: list[tuple[str, BrowserContext]] = []  # the latest last

    def take(self, browser: Browser, key: str | None) -> BrowserContext | None:
        for place, (kept, context) in enumerate(self._kept):
            if kept == key and context.browser is browser:
                return self._kept.pop(place)[1]
        return None

    def put_back(self, key: str | None, context: BrowserContext) -> None:
        if key is None:
            context.close()
            return
        context.clear_cookies()
        self._kept.append((key, context))
        if len(self._kept) > self.MAX_KEPT:
            self._kept.pop(0)[1].close()


_idle = _Idle()


Open = Callable[..., Page]


def assert_accessible(page: Page, *, without: Sequence[str] = ()) -> None:
    """No violation found by axe on the page as it is now (WCAG 2.2 AA and best practices).

    It is asked for no rule that is named in `without`.
    """
    options = {
        "runOnly": {"type": "tag", "values": AXE_TAGS},
        "rules": {rule: {"enabled": False} for rule in without},
        "resultTypes": ["violations"],
        # Nothing is loaded from elsewhere: no style that it would have to fetch, and no frames.
        "preload": False,
        "iframes": False,
    }
    violations = page.evaluate(VIOLATIONS, options)
    if violations is False:  # half a megabyte, so once for each document
        page.evaluate(Axe().axe_script)
        violations = page.evaluate(VIOLATIONS, options)
    assert not violations, f"{page.url}\n" + "\n".join(_describe(found) for found in violations)


def _describe(violation: dict[str, Any]) -> str:
    """One violation as text: rule, what it asks, and each element with what is wrong with it."""
    lines = [f"{violation['id']} ({violation['impact']}): {violation['help']}"]
    for node in violation["nodes"]:
        lines.append(f"  {node['target']}: {node['html'][:200]}")
        checks = node["any"] + node["all"] + node["none"]
        lines += [f"    {check['message']}" for check in checks]
    return "\n".join(lines)


@dataclass
class Weight:
    """What the first load of a page costs: the number of requests and their bytes on the wire."""

    requests: int
    size: int


def weigh(page: Page, path: str) -> Weight:
    """Load `path` in a fresh context and add up what was transferred."""
    finished: list[Request] = []

    def finish(request: Request) -> None:
        finished.append(request)

    page.on("requestfinished", finish)
    page.goto(path, wait_until="networkidle")
    return Weight(len(finished), sum(_transferred(request) for request in finished))


def _transferred(request: Request) -> int:
    sizes = request.sizes()
    return sizes["responseHeadersSize"] + sizes["responseBodySize"]
