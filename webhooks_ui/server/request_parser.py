"""Parses requests under the framing rules of RFC 9112 and a body limit for each path."""

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import Error, RequestEntityTooLarge


class ServiceUnavailable(Error):  # type: ignore[misc]  # waitress has no types
    """Refuses a request while all threads are busy."""

    code = 503
    reason = "Service Unavailable"


class Request(HTTPRequestParser):  # type: ignore[misc]
    """A request under the framing rules of RFC 9112 and the size limit of its path."""

    error: Error | None = None
    path = ""  # where the head could not be read

    def received(self, data: bytes) -> int:
        """Takes bytes in and returns how many belong to this request."""
        taken: int = super().received(data)
        size = max(self.content_length, self.body_bytes_received)
        if self.headers_finished and not self.error and size > self.adj.body_limit(self.path):
            self.error = RequestEntityTooLarge(f"exceeds the limit of {self.path}")
            self.completed = True
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """Refuses what two readers could frame differently (RFC 9112 §3.2, §6.1, §6.3)."""
        super().parse_header(header_plus)
        host = self.headers.get("HOST")
        if "," in (host or "") or (host is None and self.version == "1.1"):
            raise ParsingError("There has to be one Host header")
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding exclude each other")
        if "TRANSFER_ENCODING" in self.headers:  # waitress takes it away from HTTP/1.1 alone
            raise ParsingError("HTTP/1.0 knows no Transfer-Encoding")
