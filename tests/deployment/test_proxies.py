"""The samples for nginx and Caddy in docs/operations.md, run before the real program."""

import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path

import pytest
import trustme

from tests.conftest import PASSWORD
from tests.support.server import Server
from tests.support.waiting import free_port, wait_until

pytestmark = pytest.mark.process

DOCUMENT = (Path(__file__).parents[2] / "docs/operations.md").read_text()
NGINX, CADDY = (
    pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"no {name}"))
    for name in ("nginx", "caddy")
)
AROUND_NGINX = """
user root; daemon off; pid {folder}/pid; error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/1; uwsgi_temp_path {folder}/2; scgi_temp_path {folder}/3;
{sample}
}}
"""
AROUND_CADDY = "{{\n admin off\n auto_https off\n}}\n{sample}"


class Proxy:
    """A proxy by one of the samples, on a free port, with a certificate of the test's own."""

    def __init__(self, kind: str, folder: Path, console: str, path: str = "/") -> None:
        self.port = free_port()
        authority = trustme.CA()
        self._trust = ssl.create_default_context()
        authority.configure_trust(self._trust)
        certificate = folder / "certificate.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
        text = self._sample(kind, folder, certificate).replace("127.0.0.1:8000", console)
        self._configuration = folder / kind
        self._configuration.write_text(text.replace("location / ", f"location {path} "))
        self._command = {
            "nginx": ["nginx", "-p", str(folder), "-c", str(self._configuration)],
            "caddy": ["caddy", "run", "--adapter", "caddyfile", "--config"],
        }[kind] + ([] if kind == "nginx" else [str(self._configuration)])

    def _sample(self, kind: str, folder: Path, certificate: Path) -> str:
        """The sample on our port, with our certificate."""
        found = re.search(rf"```{kind}\n(.*?)```", DOCUMENT, re.DOTALL)
        assert found
        if kind == "caddy":
            tls = f"https://:{self.port} {{\n    tls {certificate} {certificate}"
            return AROUND_CADDY.format(sample=found[1].replace("hooks.example {", tls))
        text = found[1].replace("443", f"127.0.0.1:{self.port}")
        text = re.sub(r"/etc/ssl/\S+;", f"{certificate};", text)
        return AROUND_NGINX.format(folder=folder, sample=text)

    @contextmanager
    def running(self) -> Iterator[None]:
        process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
        try:
            wait_until(self._is_up, what="the proxy")
            yield
        finally:
            process.terminate()
            process.wait(30)

    def _is_up(self) -> bool:
        with suppress(OSError):
            return self.get("/healthz").status > 0
        return False

    def get(self, path: str, **headers: str) -> HTTPResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPSConnection("127.0.0.1", self.port, context=self._trust, timeout=60)
        with closing(connection):
            connection.request("GET", path, headers={"Host": "hooks.example"} | named)
            answer = connection.getresponse()
            answer.read()
            return answer


@pytest.mark.parametrize("kind", [NGINX, CADDY])
def test_a_sample_says_truly_who_asks_and_how(kind: str, tmp_path: Path, ready: Path) -> None:
    settings = {"PUBLIC_URL": "https://hooks.example", "TRUSTED_PROXIES": "1"}
    with Server(ready, **settings) as server:
        server.command("user", "add", "olena", "--password-stdin", stdin=f"{PASSWORD}\n")
        proxy = Proxy(kind, tmp_path, f"127.0.0.1:{server.port}")
        with proxy.running():
            answer = proxy.get(
                "/login?one",
                X_Forwarded_For="203.0.113.9",
                X_Forwarded_Proto="http",
                X_Forwarded_Host="rebound.example",
                X_Forwarded_Port="666",
            )
            assert answer.status == 200
            assert "Strict-Transport-Security" in answer.headers
            assert answer.headers["Set-Cookie"].startswith("__Host-session")
            assert proxy.get("/login", Host="rebound.example").status in (421, 404)
    wait_until(lambda: "127.0.0.1 - GET /login 200" in server.log(), what="the request's line")
    assert "203.0.113.9" not in server.log()


@pytest.mark.parametrize("kind", [NGINX])
def test_under_a_path(kind: str, tmp_path: Path, ready: Path) -> None:
    settings = {"PUBLIC_URL": "https://hooks.example/hooks", "TRUSTED_PROXIES": "1"}
    with Server(ready, **settings) as server:
        proxy = Proxy(kind, tmp_path, f"127.0.0.1:{server.port}", "/hooks/")
        with proxy.running():
            answer = proxy.get("/hooks/webhooks")
            assert answer.status == 303
            assert answer.headers["Location"].startswith("/hooks/login")
