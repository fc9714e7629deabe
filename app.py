"""The application object, for `flask` and for WSGI servers: `waitress-serve app:app`."""

from webhooks_ui import create_app, database

app = create_app()
database.prepare_migrations(app)
