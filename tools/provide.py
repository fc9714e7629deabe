"""Find what the tests need beside Python packages, and install what is missing.

`provide.py` as a command makes sure of a browser, two fonts, PostgreSQL, PgBouncer, nginx and
promtool. The finders are used by the tests too.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# The shell has no window to draw around each page, which costs the tests half of their time.
HEADLESS_SHELL = "chromium-headless-shell"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FONTS = {"DejaVu Sans": "fonts-dejavu-core", "Liberation Sans": "fonts-liberation"}
"""A wide font and one as narrow as most people have, and their packages: pages are looked at in
both."""
SERVERS = (("nginx", "nginx-light"), ("pgbouncer", "pgbouncer"))  # programs and their packages
SYSTEMD = Path("/run/systemd/system")  # where it runs, installing a server starts it
POSTGRES_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/usr/local/pgsql/bin",
)


def find_chromium(*, headed: bool = False) -> Path | None:
    """A Chromium or Chrome of the system that really starts, else Playwright's own, else None."""
    for name in BROWSERS if headed else (HEADLESS_SHELL, *BROWSERS):
        found = shutil.which(name)
        if found and _starts([found, "--version"]):
            return Path(found)
    own = Path(_playwright_chromium())
    return own if own.is_file() else None


def _playwright_chromium() -> str:
    # Imported late: only the tests' environment has Playwright.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def find_postgres() -> Path | None:
    """The folder of the newest PostgreSQL server's programs, or None."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    places = [place for pattern in POSTGRES_PLACES for place in Path("/").glob(pattern[1:])]
    return max(
        (place for place in places if (place / "initdb").exists()), key=_version, default=None
    )


def find_promtool() -> Path | None:
    """Prometheus' checker of rules and metrics: the system's, else ours, else None."""
    found = shutil.which("promtool")
    own = _cache() / "promtool"
    return Path(found) if found else own if own.exists() else None


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "webhooks-ui-tests"


def _version(place: Path) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", str(place)))


def missing_fonts() -> list[str]:
    """The packages of those `FONTS` that fontconfig does not know."""
    if sys.platform != "linux":
        return []
    if shutil.which("fc-list") is None:
        return ["fontconfig", *FONTS.values()]
    listing = ["fc-list", ":lang=uk", "family"]  # without Cyrillic letters pages show empty boxes
    known = subprocess.run(listing, capture_output=True, check=False, text=True).stdout
    return [package for family, package in FONTS.items() if family not in known]


def _starts(command: list[str]) -> bool:
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _superuser() -> list[str] | None:
    """The words before a command that needs root's rights; None when they cannot be had."""
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    return sudo if shutil.which("sudo") and _starts([*sudo, "true"]) else None


@functools.cache
def _apt_get() -> list[str] | None:
    """The words before a command of apt-get, with fresh lists; None where there is none."""
    prefix = _superuser()
    if prefix is None or shutil.which("apt-get") is None:
        return None
    retrying = ("-o", "Acquire::Retries=3")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *retrying, "-qq"]
    return apt if _run([*apt, "update"]) else None


def _apt_install(*packages: str) -> bool:
    """Install Debian packages; False when this is no Debian, no root, or one does not exist."""
    apt = _apt_get()
    if apt is None:
        return False
    print(f"Installing {', '.join(packages)} …", flush=True)
    return _run([*apt, "install", "-y", "--no-install-recommends", *packages])


def _playwright_install() -> bool:
    """Download Playwright's Chromium, with the system libraries it needs where that is allowed."""
    print("Installing Playwright's Chromium …", flush=True)
    install = [sys.executable, "-m", "playwright", "install"]
    if (
        _superuser() is not None
        and shutil.which("apt-get")
        and _run([*install, "--with-deps", "chromium"])
    ):
        return True
    return _run([*install, "chromium"])


def _run(command: list[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0


def provide_driver() -> bool:
    """Make sure that Playwright's driver starts: it brings its own Node but not the libraries."""
    return _driver_starts() or (_apt_install("libatomic1") and _driver_starts())


def _driver_starts() -> bool:
    return _starts([sys.executable, "-m", "playwright", "--version"])


def provide_chromium() -> bool:
    """Make sure of a browser; whether there is one."""
    if find_chromium() is None:
        # Ubuntu's `chromium` is a snap that does not start in containers: look again afterwards.
        _ = _apt_install(HEADLESS_SHELL) or _apt_install("chromium")
        return find_chromium() is not None or _playwright_install()
    return True


def provide_together() -> None:
    """Install all that is missing at once, which is quicker; who needs it looks for it again."""
    missing = missing_fonts()
    if not _driver_starts():
        missing.append("libatomic1")
    if not any(map(shutil.which, (HEADLESS_SHELL, *BROWSERS))):
        missing.append(HEADLESS_SHELL)
    missing += [] if find_postgres() else ["postgresql"]
    if not SYSTEMD.exists():
        missing += [package for program, package in SERVERS if shutil.which(program) is None]
    if len(missing) > 1:
        _apt_install(*missing)


def provide_postgres() -> bool:
    """Make sure of PostgreSQL's server programs; whether they are there."""
    return find_postgres() is not None or (
        _apt_install("postgresql") and find_postgres() is not None
    )


def provide_server(program: str, package: str) -> bool:
    """Make sure of a server's program; whether it is there.

    Where systemd runs, installing would start it.
    """
    if shutil.which(program) is None and not SYSTEMD.exists():
        _apt_install(package)
    return shutil.which(program) is not None


def provide_promtool() -> bool:
    """Make sure of promtool; whether it is there.

    It is taken out of Debian's package, which before Debian 14 is that of the server: installed,
    that would start one.
    """
    if find_promtool() is None and shutil.which("apt-get"):
        _cache().mkdir(parents=True, exist_ok=True)
        print("Getting promtool …", flush=True)
        with tempfile.TemporaryDirectory(dir=_cache()) as folder:
            packages = "apt-get -qq download promtool || apt-get -qq download prometheus"
            fetch = ["sh", "-c", f"cd {folder} && ({packages})"]
            unpack = [
                "sh",
                "-c",
                f"cd {folder} && dpkg-deb --fsys-tarfile *.deb | tar -x ./usr/bin/promtool",
            ]
            got = _run(fetch) or (_apt_get() is not None and _run(fetch))
            if got and _run(unpack):
                (Path(folder) / "usr/bin/promtool").replace(_cache() / "promtool")
    return find_promtool() is not None


def main() -> int:
    """Provide everything; the exit status is 1 where the browser tests cannot run."""
    provide_together()
    fonts = missing_fonts()
    if fonts and not _apt_install(*fonts):
        print(f"Pages are not looked at in every font: {', '.join(FONTS)} are not all here.")
    if not provide_postgres():
        print("PostgreSQL was not found: install it, or its tests are skipped.")
    for program, package in SERVERS:
        if not provide_server(program, package):
            print(f"{program} was not found: install it, or its tests are skipped.")
    if not provide_promtool():
        print("promtool was not found: install Prometheus, or its tests are skipped.")
    if not provide_driver():
        print("Playwright does not start. Try `.venv/bin/playwright --version` to see why.")
        return 1
    if not provide_chromium():
        print("No browser was found. Install Chromium or Google Chrome, then try again.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
