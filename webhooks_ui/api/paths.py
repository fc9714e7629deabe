"""The paths of the API."""

from werkzeug.routing import BaseConverter

NAME = "api"  # of the blueprint
PREFIX = "/api/v1"
EVENTS, SOURCES = f"{PREFIX}/events", f"{PREFIX}/sources/"


class PublicId(BaseConverter):
    """A public id in a path; any other text does not match the route."""

    regex = "[a-z]+_[0-9a-z]+"
