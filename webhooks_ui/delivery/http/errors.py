"""How an attempt can fail, and which of the contract's codes an error of the network becomes."""

import errno
import logging
import os
import ssl

log = logging.getLogger(__name__)

_OUR_OWN = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class AttemptError(Exception):
    """An attempt came to nothing. `code` is one of the contract's; `detail` is for people.

    Not a RequestException, since that is an OSError and would be taken for one.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


def of_connecting(error: OSError) -> AttemptError:
    """Why no connection came about."""
    if isinstance(error, TimeoutError):
        return AttemptError("connection_timeout", "the connection timed out")
    if isinstance(error, ConnectionRefusedError):
        return AttemptError("connection_refused", _words(error))
    if isinstance(error, ConnectionError):
        return AttemptError("connection_reset", _words(error))
    if error.errno in _OUR_OWN:
        log.warning("A connection could not be opened: %s", _words(error))
    return AttemptError("unreachable", _words(error))


def of_securing(error: OSError) -> AttemptError:
    """Why a TLS handshake failed, in OpenSSL's words."""
    if isinstance(error, TimeoutError):
        return AttemptError("tls_failure", "the handshake timed out")
    if isinstance(error, ssl.SSLCertVerificationError):
        return AttemptError("tls_failure", error.verify_message)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return AttemptError("tls_failure", _words(error))
    return AttemptError("tls_failure", "the connection was closed during the handshake")


def of_exchanging(error: OSError) -> AttemptError:
    """Why a connection broke before any byte of an answer."""
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return AttemptError("connection_reset", "the connection was closed")
    if isinstance(error, ssl.SSLError):
        return AttemptError("tls_failure", _words(error))
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return AttemptError("unreachable", _words(error))
    return AttemptError("connection_reset", _words(error))


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "unknown TLS error").replace("_", " ").lower()
    return os.strerror(error.errno) if error.errno else str(error)
