"""How a response is judged and kept: status, headers, body, and what is wrong with them."""

import gzip

import pytest

from tests.delivery.conftest import SHORT, Receive, Send
from tests.delivery.hostile import Peer, answering, answering_once

LIMIT = 65536
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MEGABYTE = bytes(range(256)) * 4096


def with_body(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    head = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def test_a_success_has_all_its_facts(receive: Receive, send: Send) -> None:
    receiver = receive(answering(with_body(b'{"ok":true}', b"X-Mark: \xc3\xa4", b"x-mark: two")))
    outcome = send(receiver.url())
    assert (outcome.status_code, outcome.reason, outcome.error) == (200, "OK", None)
    assert outcome.headers == (("Content-Length", "11"), ("X-Mark", "ä"), ("x-mark", "two"))
    assert (outcome.body, outcome.size, outcome.truncated) == (b'{"ok":true}', 11, False)
    assert (outcome.detail, outcome.notes, outcome.location) == ("", (), None)
    assert (outcome.address, outcome.http_version, outcome.tls) == ("127.0.0.1", "1.1", None)
    assert outcome.timings_ms["total"] == outcome.duration_ms
    assert outcome.timings_ms["dns"] is None
    assert outcome.timings_ms["connect"] is not None
    assert outcome.timings_ms["first_byte"] is not None


@pytest.mark.parametrize("status", [200, 201, 202, 204, 205, 226, 299])
def test_any_2xx_is_a_success(receive: Receive, send: Send, status: int) -> None:
    answer = b"HTTP/1.1 %d Fine\r\nContent-Length: 0\r\n\r\n" % status
    outcome = send(receive(answering(answer)).url())
    assert (outcome.status_code, outcome.error) == (status, None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_not_followed(
    receive: Receive, send: Send, status: int
) -> None:
    elsewhere = receive(answering(OK))
    location = elsewhere.url("/new").encode()
    answer = b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 4\r\n\r\ngone"
    outcome = send(receive(answering(answer % (status, location))).url())
    assert (outcome.status_code, outcome.error) == (status, "redirected")
    assert outcome.location == elsewhere.url("/new")
    assert outcome.body == b"gone"
    assert not elsewhere.requests


@pytest.mark.parametrize("location", [b"//[", b"http://[::1", b"\xff\x00", b"x" * 100_000, b""])
def test_a_redirect_without_a_usable_location_fails_like_any(
    receive: Receive, send: Send, location: bytes
) -> None:
    answer = with_body(b"", b"Location: " + location, status=b"302 Found")
    outcome = send(receive(answering(answer)).url())
    assert (outcome.status_code, outcome.error) == (302, "redirected")
    assert len(outcome.location or "") <= 8192


@pytest.mark.parametrize(
    "status", [300, 304, 305, 306, 399, 400, 401, 404, 410, 429, 500, 502, 503, 600, 999]
)
def test_any_other_status_is_a_failure(receive: Receive, send: Send, status: int) -> None:
    answer = b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status
    outcome = send(receive(answering(answer)).url())
    assert (outcome.status_code, outcome.reason, outcome.error) == (status, "No", "http_status")


@pytest.mark.parametrize(("status", "error"), [(204, None), (304, "http_status")])
def test_a_204_or_304_has_no_body_whatever_it_announces(
    receive: Receive, send: Send, status: int, error: str | None
) -> None:
    answer = b"HTTP/1.1 %d Nothing\r\nContent-Length: 10\r\n\r\n" % status
    outcome = send(receive(answering(answer)).url(), timeout=60)
    assert (outcome.error, outcome.body, outcome.notes) == (error, b"", ())


@pytest.mark.parametrize(
    "value", [b"120", b"Wed, 21 Oct 2015 07:28:00 GMT", b"-5", b"junk", b"9" * 30]
)
@pytest.mark.parametrize("status", [b"429 Slow down", b"503 Busy"])
def test_retry_after_is_reported_as_it_was_said(
    receive: Receive, send: Send, status: bytes, value: bytes
) -> None:
    answer = with_body(b"", b"retry-after:  " + value, status=status)
    assert send(receive(answering(answer)).url()).retry_after == value.decode()


def test_without_retry_after_there_is_none(receive: Receive, send: Send) -> None:
    assert send(receive(answering(OK)).url()).retry_after is None


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nLink: </b.css>\r\n\r\n",
        b"HTTP/1.1 199 What\r\n\r\n" * 120,
    ],
)
def test_the_status_that_counts_is_the_final_one(
    receive: Receive, send: Send, interim: bytes
) -> None:
    outcome = send(receive(answering(interim + OK)).url())
    assert (outcome.status_code, outcome.error, outcome.body) == (200, None, b"ok")
    assert outcome.headers == (("Content-Length", "2"),)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>hello</html>",  # HTTP/0.9
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",  # HTTP/2 SETTINGS, without any line end
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 Low\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1200 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"220 mail.example ESMTP\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    ],
)
def test_what_is_not_an_http_answer_is_a_protocol_error_at_once(
    receive: Receive, send: Send, answer: bytes
) -> None:
    # The receiver keeps the connection open: nothing is waited for.
    outcome = send(receive(answering(answer)).url(), timeout=60)
    assert (outcome.error, outcome.status_code) == ("protocol_error", None)
    assert outcome.detail
    assert outcome.timings_ms["first_byte"] is not None


@pytest.mark.parametrize("answer", [b"H", b"HTTP/1.1 200", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_an_answer_cut_off_before_its_final_status_is_a_connection_cut_off(
    receive: Receive, send: Send, answer: bytes
) -> None:
    outcome = send(receive(answering_once(answer)).url())
    assert (outcome.error, outcome.detail) == (
        "connection_reset",
        "closed in the middle of the answer",
    )


def test_a_status_line_without_reason_or_with_odd_bytes_is_fine(
    receive: Receive, send: Send
) -> None:
    assert send(receive(answering_once(b"HTTP/1.1 200\r\n\r\n")).url()).reason == ""
    odd = b"HTTP/1.0  202   \xd0\x94\xd0\xb0 \x00\xe2\x80\xae\n\n"
    outcome = send(receive(answering_once(odd)).url())
    assert (outcome.status_code, outcome.reason) == (202, "Да \\x00\\u202e")
    assert (outcome.http_version, outcome.error) == ("1.0", None)
    outcome = send(receive(answering_once(b"HTTP/1.1 200 " + b"x" * 9000 + b"\r\n\r\n")).url())
    assert (outcome.status_code, outcome.reason) == (200, "x" * 200)


def test_headers_with_nul_utf8_and_junk_are_kept_escaped(receive: Receive, send: Send) -> None:
    lines = [b"X-Nul: a\x00b", b"X-Latin: \xe9", b"X-Uk: \xd1\x97", b"X-Tab:\ta\tb", b"X-Cr: a\rb"]
    outcome = send(receive(answering(with_body(b"ok", *lines, b"X\x00Y: 1"))).url())
    assert outcome.error is None
    assert outcome.headers[1:] == (
        ("X-Nul", "a\\x00b"),
        ("X-Latin", "é"),
        ("X-Uk", "ї"),
        ("X-Tab", "a\\tb"),
        ("X-Cr", "a\\rb"),
        ("X\\x00Y", "1"),
    )
    assert all(text.isprintable() for pair in outcome.headers for text in pair)


def test_lines_that_are_no_headers_are_left_out_and_noted(receive: Receive, send: Send) -> None:
    answer = with_body(b"ok", b"no colon", b": no name", b" folded: line", b"X-Good: 1")
    outcome = send(receive(answering(answer)).url())
    assert (outcome.error, outcome.body, outcome.notes) == (None, b"ok", ("bad_headers",))
    assert outcome.headers == (("Content-Length", "2"), ("X-Good", "1"))


def test_a_header_line_over_64_kb_is_capped(receive: Receive, send: Send) -> None:
    outcome = send(receive(answering(with_body(b"ok", b"X-Long: " + b"x" * 70_000))).url())
    assert (outcome.error, outcome.body, outcome.notes) == (None, b"ok", ("headers_capped",))
    assert len(outcome.headers[1][1]) <= 8192


def test_of_over_100_headers_the_first_are_kept(receive: Receive, send: Send) -> None:
    lines = [b"X-%d: v" % number for number in range(1000)]
    answer = b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"Content-Length: 2"]) + b"\r\n\r\nok"
    outcome = send(receive(answering(answer)).url(), timeout=SHORT)
    assert (outcome.error, outcome.body, outcome.notes) == (None, b"ok", ("headers_capped",))
    assert len(outcome.headers) == 100


def test_of_90_headers_of_64_kb_little_is_kept(receive: Receive, send: Send) -> None:
    lines = [b"X-%d: " % number + b"v" * 65536 for number in range(90)]
    outcome = send(receive(answering(with_body(b"ok", *lines))).url())
    assert (outcome.status_code, outcome.error) == (200, None)
    assert "headers_capped" in outcome.notes
    assert sum(len(name) + len(value) for name, value in outcome.headers) <= 65536


def test_headers_without_end_do_not_change_the_result(receive: Receive, send: Send) -> None:
    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 500 Broken\r\n")
        peer.send_for_ever(b"X-More: " + b"x" * 1000 + b"\r\n")

    receiver = receive(behave)
    outcome = send(receiver.url())
    assert (outcome.status_code, outcome.error) == (500, "http_status")
    assert outcome.notes == ("headers_capped",)
    assert len(outcome.headers) <= 100
    receiver.wait_until_done(1)


def test_headers_that_are_cut_off_do_not_change_the_result(receive: Receive, send: Send) -> None:
    answer = b"HTTP/1.1 201 Created\r\nX-One: 1\r\nX-Tw"
    outcome = send(receive(answering_once(answer)).url())
    assert (outcome.status_code, outcome.error) == (201, None)
    assert outcome.notes == ("incomplete_headers",)
    assert outcome.headers == (("X-One", "1"),)


@pytest.mark.parametrize("excess", [0, 1, 1000])
def test_the_first_64_kib_of_a_body_are_kept(receive: Receive, send: Send, excess: int) -> None:
    body = MEGABYTE[: LIMIT + excess]
    outcome = send(receive(answering(with_body(body))).url())
    assert outcome.body == MEGABYTE[:LIMIT]
    assert (outcome.truncated, outcome.size) == (excess > 0, len(body))
    assert (outcome.error, outcome.notes) == (None, ())


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n",
    ],
)
def test_an_endless_body_is_abandoned_early(receive: Receive, send: Send, head: bytes) -> None:
    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(head)
        peer.send_for_ever(MEGABYTE)

    receiver = receive(behave)
    outcome = send(receiver.url(), timeout=60)
    assert outcome.status_code == int(head[9:12])
    assert (outcome.body, outcome.truncated, outcome.notes) == (MEGABYTE[:LIMIT], True, ())
    receiver.wait_until_done(1)  # the connection is closed, not drained
    assert receiver.peers[0].sent < 32 * len(MEGABYTE)


def test_endless_chunks_are_abandoned_early(receive: Receive, send: Send) -> None:
    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        peer.send_for_ever(b"1;" + b"e" * 500 + b"\r\nx\r\n")

    receiver = receive(behave)
    outcome = send(receiver.url(), timeout=60)
    assert (outcome.error, outcome.truncated) == (None, True)
    assert set(outcome.body) == {ord("x")}
    receiver.wait_until_done(1)


@pytest.mark.parametrize("status", [b"200 OK", b"500 Broken"])
def test_a_body_shorter_than_announced_is_noted(
    receive: Receive, send: Send, status: bytes
) -> None:
    answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 100\r\n\r\nshort"
    outcome = send(receive(answering_once(answer)).url())
    assert outcome.error == (None if status == b"200 OK" else "http_status")
    assert (outcome.body, outcome.size, outcome.truncated) == (b"short", 5, False)
    assert outcome.notes == ("incomplete_body",)


def test_a_connection_reset_within_the_body_is_noted(receive: Receive, send: Send) -> None:
    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
        peer.reset()

    outcome = send(receive(behave).url())
    assert (outcome.status_code, outcome.error) == (200, None)
    assert outcome.notes[0].startswith("incomplete_")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "chunks",
    [
        b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        b"5;name=value\r\nhello\r\n06  \r\n world\r\n000\r\nTrailer: x\r\n\r\n",
        b"B\nhello world\n0\n\n",
    ],
)
def test_chunks_are_put_together(receive: Receive, send: Send, chunks: bytes) -> None:
    receiver = receive(answering(CHUNKED + chunks))
    for _ in range(2):
        outcome = send(receiver.url(), timeout=SHORT)
        assert (outcome.body, outcome.size, outcome.notes) == (b"hello world", 11, ())
    assert len(receiver.peers) == 1


@pytest.mark.parametrize(
    ("chunks", "note"),
    [
        (b"zz\r\nhello\r\n", "broken_chunks"),
        (b"-5\r\nhello\r\n", "broken_chunks"),
        (b"\r\n", "broken_chunks"),
        (b"f" * 40 + b"\r\nhello\r\n", "broken_chunks"),
        (b"5\r\nhelloXX\r\n0\r\n\r\n", "broken_chunks"),
        (b"5\r\nhello\r\n0\r\n" + b"T: x\r\n" * 200, "broken_chunks"),
        (b"5\r\nhello\r\n", "incomplete_body"),
        (b"ff\r\nhello", "incomplete_body"),
        (b"5\r\nhello\r\n0\r\n", "incomplete_body"),
    ],
)
def test_broken_chunks_are_a_success_by_status_with_a_note(
    receive: Receive, send: Send, chunks: bytes, note: str
) -> None:
    outcome = send(receive(answering_once(CHUNKED + chunks)).url())
    assert (outcome.status_code, outcome.error, outcome.notes) == (200, None, (note,))
    assert outcome.body in (b"", b"hello")


@pytest.mark.parametrize("length", [b"abc", b"-1", b"5, 6", b"1e3", b"9" * 100, b"", b"+2", b"0x2"])
def test_an_invalid_length_is_noted_and_not_waited_for(
    receive: Receive, send: Send, length: bytes
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\nhello"
    outcome = send(receive(answering(answer)).url(), timeout=60)
    assert (outcome.error, outcome.notes) == (None, ("bad_length",))
    assert outcome.body in (b"", b"hello")


def test_a_length_said_twice_alike_is_one(receive: Receive, send: Send) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\nok"
    outcome = send(receive(answering(answer)).url())
    assert (outcome.body, outcome.notes) == (b"ok", ())


def test_chunks_count_more_than_a_length(receive: Receive, send: Send) -> None:
    answer = CHUNKED[:-2] + b"Content-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    assert send(receive(answering(answer)).url()).body == b"hello"


@pytest.mark.parametrize("encoding", [b"gzip", b"Deflate", b"br", b"gzip, gzip"])
def test_nothing_is_kept_of_a_compressed_body(
    receive: Receive, send: Send, encoding: bytes
) -> None:
    """None is asked for. An echo of the secret in it could not be masked."""
    body = gzip.compress(b"hello world", mtime=0)
    outcome = send(receive(answering(with_body(body, b"Content-Encoding: " + encoding))).url())
    assert (outcome.status_code, outcome.error) == (200, None)
    assert (outcome.body, outcome.size) == (b"", len(body))
    assert outcome.notes == ("bad_encoding",)


def test_a_body_that_is_compressed_without_saying_so_is_known_by_its_first_bytes(
    receive: Receive, send: Send
) -> None:
    outcome = send(receive(answering(with_body(gzip.compress(b"hello")))).url())
    assert (outcome.error, outcome.body, outcome.notes) == (None, b"", ("bad_encoding",))


@pytest.mark.parametrize(("encoding", "body"), [(b"gzip", b""), (b"identity", b"hello")])
def test_a_body_that_is_empty_or_not_encoded_is_not_noted(
    receive: Receive, send: Send, encoding: bytes, body: bytes
) -> None:
    outcome = send(receive(answering(with_body(body, b"Content-Encoding: " + encoding))).url())
    assert (outcome.body, outcome.notes) == (body, ())
