"""The watch over the browser itself: what it must notice, so that the other tests can fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Visitor, assert_accessible, weigh

FRAME = "<!doctype html><html lang=en><title>Page</title><main><h1>Page</h1>{}</main></html>"


@contextmanager
def site(body: str, policy: str = "") -> Iterator[str]:
    """A site that shows this body on `/` and has nothing else; its origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = FRAME.format(body).encode() if self.path == "/" else b""
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("body", "policy", "problem"),
    [
        ("<script>console.error('broken')</script>", "", "console: broken"),
        ("<script>throw new Error('thrown')</script>", "", "page: thrown"),
        ("<img src=/missing.png alt=''>", "", "status of 404"),
        ("<img src=http://elsewhere.example/x.png alt=''>", "", "other origin: http://elsewhere"),
        ("<p style='color: red'>", "default-src 'none'", "Content Security Policy"),
    ],
)
def test_what_the_browser_complains_about_fails_the_test(
    browser: Browser, body: str, policy: str, problem: str
) -> None:
    with site(body, policy) as origin:
        visitor = Visitor(browser, origin, signed_in=None)
        visitor.watch.allow("favicon")
        visitor.open("/").wait_for_load_state("networkidle")
        with pytest.raises(AssertionError, match=problem):
            visitor.leave()


def test_expected_problems_do_not(browser: Browser) -> None:
    with site("<script>console.error('broken')</script>") as origin:
        visitor = Visitor(browser, origin, signed_in=None)
        visitor.watch.allow("favicon")
        visitor.watch.allow("broken")
        visitor.open("/")
        visitor.leave()


def test_axe_works_under_our_policy_and_names_what_is_wrong(browser: Browser) -> None:
    with site("<img src=''>", "default-src 'none'") as origin:
        page = browser.new_page(base_url=origin)
        page.goto("/")
        with pytest.raises(AssertionError, match="image-alt"):
            assert_accessible(page)
        page.context.close()


def test_a_page_without_faults_is_accessible(browser: Browser) -> None:
    with site("<p>Nothing is wrong here.</p>", "default-src 'none'") as origin:
        page = browser.new_page(base_url=origin)
        page.goto("/")
        assert_accessible(page)
        page.context.close()


def test_weight_counts_requests_and_bytes(browser: Browser) -> None:
    with site("<img src=/missing.png alt=''>" + "x" * 5_000) as origin:
        page = browser.new_page(base_url=origin)
        weight = weigh(page, "/")
        assert weight.requests >= 2
        assert 5_000 < weight.size < 7_000
        page.context.close()
