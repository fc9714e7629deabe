"""Keeps the beginning of a body, unpacked, in bounded memory."""

import zlib


class Plain:
    """Keeps the first `limit` bytes as they come."""

    is_broken = False

    def __init__(self, limit: int) -> None:
        self.kept = b""
        self._limit = limit

    def take(self, data: bytes) -> bool:
        """Takes the next bytes; false when there are more than what is kept."""
        room = self._limit - len(self.kept)
        self.kept += data[:room]
        return len(data) <= room


class Unpacking:
    """Keeps the first `limit` bytes of what gzip or deflate unpacks to (RFC 9110 section 8.4.1).

    What cannot be unpacked from its first byte on is kept as it comes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._packed = Plain(limit)
        self._unpacked = Plain(limit)
        self._inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, by its head
        self._is_raw = False
        self._failed = False

    @property
    def kept(self) -> bytes:
        return self._unpacked.kept or (self._packed.kept if self.is_broken else b"")

    @property
    def is_broken(self) -> bool:
        """Whether what has been taken so far is not a whole packed body."""
        return self._failed or not self._inflater.eof

    def take(self, data: bytes) -> bool:
        """Takes the next bytes; false when there are more than what is kept."""
        has_room = self._packed.take(data)
        if self._failed or self._inflater.eof:
            return has_room
        try:
            more = self._inflate(data)
        except zlib.error:
            if self._is_raw or self._unpacked.kept or not has_room:
                self._failed = True
                return has_room
            return self._take_raw()
        # A pack that unpacks to nothing for longer than a body may be is not waited for.
        return self._unpacked.take(more) and (has_room or bool(more))

    def _inflate(self, data: bytes) -> bytes:
        # One byte above the limit at most, however much is packed in the data.
        return self._inflater.decompress(data, self._limit - len(self._unpacked.kept) + 1)

    def _take_raw(self) -> bool:
        """Begins again without zlib's head, which many leave away when they say deflate."""
        self._is_raw = True
        self._inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        try:
            return self._unpacked.take(self._inflate(self._packed.kept))
        except zlib.error:
            self._failed = True
            return True
