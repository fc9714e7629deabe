"""The application object, for `flask` and for WSGI servers: `waitress-serve app:app`."""

from webhooks_ui.server.application import load

app = load()
