"""Compressed request bodies (RFC 9110 §8.4): gzip, bounded by what comes out of it."""

import zlib

from flask_babel import lazy_gettext as _l

from webhooks_ui.web.problem import Problem

GZIP = "gzip"
MAX_MEMBERS = 16
"""Of a gzip body (RFC 1952 §2.2); each costs a look at the rest."""

_NAMES = {"": "", "identity": "", GZIP: GZIP, "x-gzip": GZIP}  # RFC 9110 §8.4.1.3
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_NOT_GZIP = _l("The body is not gzip, although Content-Encoding says so.")
_MORE = _l("Something follows the gzip data. Leave it out.")


def coding_of(header: str) -> str:
    """The coding that Content-Encoding names, empty for none; raises 415 for another than gzip."""
    coding = _NAMES.get(header.strip().lower())
    if coding is None:
        raise Problem(
            415,
            _l("Send the body as it is, or compressed with gzip: Content-Encoding: gzip."),
            headers={"Accept-Encoding": GZIP},  # RFC 9110 §15.5.16
        )
    return coding


def decompressed(data: bytes, most: int) -> bytes:
    """What is in a gzip body, or the first `most` + 1 bytes of it; raises 400."""
    found = bytearray()
    for number in range(MAX_MEMBERS):
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            found += member.decompress(data, most + 1 - len(found))
        except zlib.error:
            raise Problem(400, _MORE if number else _NOT_GZIP) from None
        if len(found) > most:
            return bytes(found)
        if not member.eof:
            raise Problem(400, _l("The gzip data ends early. Send the body whole."))
        data = member.unused_data
        if not data:
            return bytes(found)
    raise Problem(400, _MORE)
