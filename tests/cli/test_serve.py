"""`webhooks-ui serve`, in a process of its own: starts, tells where it is, ends in good order."""

import json
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPResponse
from pathlib import Path

import pytest
import requests

from tests.support.program import Program
from tests.support.server import PROGRAM, Server
from tests.support.waiting import wait_until
from webhooks_ui.server import listening as server
from webhooks_ui.validation import event as event_rules

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("cli serve")]

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A console that runs; starting one takes seconds."""
    settings = {"PUBLIC_URL": "https://hooks.example/", "LOG_FORMAT": "json"}
    with Server(tmp_path_factory.mktemp("served"), **settings) as running:
        yield running


def get(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def run(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command that is expected to end by itself."""
    log, errors = server.data_dir / "output.log", server.data_dir / "errors.log"
    program = Program(*arguments, environ=server.environ, log=log, errors=errors)
    status = program.wait(240)  # a busy machine starts it slowly
    return subprocess.CompletedProcess(arguments, status, log.read_text(), errors.read_text())


def test_the_first_start_shows_the_set_up_link_until_there_is_a_user(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as running:
        assert f"webhooks-ui is at {running.url}\n" in running.log()
        link = running.setup_link()
        assert link.startswith(f"{running.url}/setup?token=")
        assert get(link) == 200
        assert get(link[:-1]) == 403
        running.command("user", "add", "anna", "--password-stdin", stdin=PASSWORD)
        running.stop()
        before = running.log()
        running.start()
        assert "/setup" not in running.log().removeprefix(before)


def test_the_link_is_built_on_the_public_address(served: Server) -> None:
    assert served.setup_link().startswith("https://hooks.example/setup?token=")
    assert f"webhooks-ui is at {served.url}\n" in served.log()


def test_requests_are_logged_without_their_query(served: Server) -> None:
    get(f"{served.url}/login?token=hunter2")
    wait_until(lambda: '"path": "/login"' in served.log(), what="the request's line")
    assert "hunter2" not in served.log()


def test_the_server_lets_every_batch_through_that_the_api_takes(served: Server) -> None:
    most = event_rules.largest_batch(1_000_000)
    event = b'{"type": "message_created", "data": {"text": "' + b"x" * 900_000 + b'"}}'
    batch = b'{"events": [' + b", ".join([event] * 9) + b"]}"
    token = served.command("token", "add", "platform").strip()

    def answer(size: int) -> requests.Response:
        return requests.post(
            f"{served.url}/api/v1/events/batch",
            data=batch.ljust(size),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            timeout=240,  # a busy machine starts it slowly
        )

    assert answer(most).status_code == 202
    refused = answer(most + 1)
    assert refused.status_code == 413
    assert f"{most:,} bytes" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST /api/v1/events HTTP/1.1\r\nHost: c\r\nContent-Length: 99999999999", 413),
        (f"GET / HTTP/1.1\r\nX-Long: {'x' * 70_000}", 431),
        ("GET / HTTP/1.1\r\nno header", 400),
        ("POST / HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: gzip, chunked", 501),
    ],
)
def test_what_never_reaches_the_app_is_answered_as_it_would(
    served: Server, head: str, status: int
) -> None:
    with closing(socket.create_connection(("127.0.0.1", served.port), timeout=60)) as browser:
        browser.sendall(f"{head}\r\n\r\n".encode())
        answer = HTTPResponse(browser)
        answer.begin()
        problem = json.loads(answer.read())
    assert answer.status == problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert "log" not in problem["detail"]  # which says nothing: it was the client's mistake
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_it_makes_is_nobody_elses(served: Server) -> None:
    made = [file for file in served.data_dir.iterdir() if file.suffix != ".log"]
    assert {"webhooks.db", "secret_key", "encryption_keys"} <= {file.name for file in made}
    assert all(file.stat().st_mode & 0o077 == 0 for file in made)


def test_sigint_ends_it_as_sigterm_does(ready: Path) -> None:
    with Server(ready) as running:
        process = running._process
        assert process is not None
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert "Traceback" not in running.log()
        running.kill()


def test_an_address_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        found = run(Server(tmp_path / "data"), "serve", "--port", str(port))
    assert found.returncode == 1
    assert found.stderr.count("\n") == 1
    assert f"Cannot listen on 127.0.0.1 port {port}: Address already in use." in found.stderr
    assert "Traceback" not in found.stderr


def test_an_option_goes_above_the_setting(ready: Path) -> None:
    waiting = Server(ready, PORT="1")
    process = subprocess.Popen(
        [*PROGRAM, "serve", "--port", "0"],
        env=waiting.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        match = re.fullmatch(
            r"webhooks-ui is at http://127\.0\.0\.1:(\d+)\n", process.stdout.readline()
        )
        assert match is not None
        assert get(f"http://127.0.0.1:{match[1]}/healthz") == 200
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"PORT": "many"}, "WEBHOOKS_UI_PORT takes a whole number from 0 to 65535, not 'many'."),
        ({"PROT": "1"}, "WEBHOOKS_UI_PROT is not a setting. Did you mean WEBHOOKS_UI_PORT?"),
    ],
)
def test_a_bad_setting_is_one_clear_line(
    tmp_path: Path, settings: dict[str, str], line: str
) -> None:
    found = run(Server(tmp_path / "data", **settings), "serve")
    assert (found.returncode, found.stdout, found.stderr) == (2, "", f"{line}\n")


def test_a_database_out_of_reach_is_one_clear_line(tmp_path: Path) -> None:
    url = "postgresql+psycopg://x@/none?host=/nowhere"
    found = run(Server(tmp_path / "data", DATABASE_URL=url), "serve")
    assert found.returncode == 1
    assert found.stderr.startswith("Error: The database is busy or out of reach: ")
    assert found.stderr.count("\n") == 1


def test_a_damaged_key_file_is_one_clear_line(tmp_path: Path) -> None:
    waiting = Server(tmp_path / "data")
    (waiting.data_dir / "encryption_keys").write_text("no key\n")
    found = run(waiting, "token", "add", "platform")
    assert found.returncode == 2
    assert found.stderr.count("\n") == 1
    assert "holds no encryption key" in found.stderr


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_every_address_is_of_both_families() -> None:
    with server.listen("::", 0) as listening:
        port = listening.getsockname()[1]
        for address in ("127.0.0.1", "::1"):
            socket.create_connection((address, port), timeout=60).close()


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("0.0.0.0", "http://127.0.0.1:"),
        ("::1", "http://[::1]:"),
    ],
)
def test_the_address_is_one_that_a_browser_opens(host: str, shown: str) -> None:
    with server.listen(host, 0) as listening:
        assert server.address(listening) == f"{shown}{listening.getsockname()[1]}"
