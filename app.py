"""The application object, for `flask` and for WSGI servers: `waitress-serve app:app`."""

from webhooks_ui import create_app

app = create_app()
