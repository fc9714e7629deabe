"""`make demo`: serves the demonstration until Ctrl-C. `python -m tools.demo --help` has more."""

import argparse
import os
from pathlib import Path

import waitress

from tools.demo import show
from tools.demo.receivers import Stage
from webhooks_ui.monitoring import logs
from webhooks_ui.server import process
from webhooks_ui.server.listening import AddressError, address, listen

FOLDER = Path(__file__).resolve().parents[2] / "instance" / "demo"
EVERY = 2.0  # seconds between live events, about


def main() -> None:
    """Sets the demo up, which takes a few seconds, prints its address, and serves."""
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="its data; made again each time"
    )
    parser.add_argument("--port", type=int, default=0, help="of the console; 0 takes any free one")
    parser.add_argument("--days", type=int, default=21, help="of history")
    given = parser.parse_args()
    os.umask(0o077)
    process.exit_on_stop()
    logs.set_up("text", "warning")
    try:
        show.prepare(given.folder)
        listening = listen("127.0.0.1", given.port)
    except (FileExistsError, AddressError) as error:
        parser.exit(1, f"{error}\n")
    print(f"Writing {given.days} days of history into {given.folder} …", flush=True)
    with Stage() as stage, show.console(given.folder, stage, given.days) as app:
        app.config["OWN_URL"] = address(listening)  # where the built-in receiver is
        server = waitress.create_server(app, sockets=[listening], threads=8, ident=None)
        with show.live(app, EVERY):
            print(
                f"The demonstration is at {address(listening)}\n"
                f"Sign in as {show.LOGIN} with the password {show.PASSWORD}\n"
                "Its receivers are on this machine alone. Ctrl-C ends it.",
                flush=True,
            )
            server.run()


if __name__ == "__main__":
    main()
