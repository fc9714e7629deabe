"""How an attempt can fail, and which of the contract's codes a network error becomes."""

import errno
import logging
import os
import re
import ssl

from webhooks_ui.catalogue.error_codes import ErrorCode

log = logging.getLogger(__name__)

# What a receiver says of a certificate of ours, in OpenSSL's words.
_OURS_REFUSED = re.compile(
    "alert.* (certificate|unknown ca|access denied)|client certificate required"
)
_LOCAL_LIMITS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class AttemptError(Exception):
    """A failed attempt. `detail` is for people.

    Not a RequestException: those are OSErrors, and would be handled as such.
    """

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class StaleError(AttemptError):
    """A kept connection that proves to be no longer usable before a byte of an answer came."""


def connect_error(error: OSError) -> AttemptError:
    """Why a connection could not be opened."""
    if isinstance(error, TimeoutError):
        return AttemptError("connection_timeout", "the connection timed out")
    if isinstance(error, ConnectionRefusedError):
        return AttemptError("connection_refused", _words(error))
    if isinstance(error, ConnectionError):
        return AttemptError("connection_reset", _words(error))
    if error.errno in _LOCAL_LIMITS:
        log.warning("A connection could not be opened: %s", _words(error))
    return AttemptError("unreachable", _words(error))


def handshake_error(error: OSError) -> AttemptError:
    """Why a TLS handshake failed, in OpenSSL's words."""
    if isinstance(error, TimeoutError):
        return AttemptError("tls_failure", "the handshake timed out")
    if isinstance(error, ssl.SSLCertVerificationError):
        return AttemptError("tls_failure", error.verify_message)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return AttemptError("tls_failure", _words(error))
    return AttemptError("tls_failure", "the connection was closed during the handshake")


def exchange_error(error: OSError) -> AttemptError:
    """Why a connection broke before the first byte of a response.

    The event may have arrived by then, unless the peer says by an alert why it refuses the
    connection: in TLS 1.3 the one about a client certificate comes after the handshake.
    """
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return AttemptError("connection_reset", "the connection was closed")
    if isinstance(error, ssl.SSLError) and "alert" in _words(error):
        return AttemptError("tls_failure", _words(error))
    return AttemptError("connection_reset", _words(error))


def about_our_certificate(error: AttemptError) -> AttemptError:
    """The error of an attempt that showed a certificate, when that is what it is about."""
    if error.code != "tls_failure" or not _OURS_REFUSED.search(error.detail):
        return error
    return AttemptError("tls_failure", f"client certificate refused: {error.detail}")


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "unknown TLS error").replace("_", " ").lower()
    return os.strerror(error.errno) if error.errno else str(error)
