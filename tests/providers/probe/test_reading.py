"""Our reader of HTTP/1.1 is held to h11: whatever comes, in whatever pieces, both read the same."""

from __future__ import annotations

import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from dr_console.providers.probe.faults import Failed
from dr_console.providers.probe.http1 import Reader, Reply

MOST = 10_000
lines = st.sampled_from(
    [
        b"content-length: 5", b"content-length: 0", b"content-length: 12", b"content-length: x", b"Content-Length:5",
        b"transfer-encoding: chunked", b"Transfer-Encoding: CHUNKED", b"x: y", b"x:", b"x : y", b" folded", b"no colon",
        b"x: \x01", b"set-cookie: a=b",
    ]
)  # fmt: skip
firsts = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 204 No Content",
        b"HTTP/1.1 503 ",
        b"HTTP/1.1 404",
        b"HTTP/3 200",
    ]
)
bodies = st.sampled_from(
    [b"", b"hello", b"hello world!", b"5\r\nhello\r\n0\r\n\r\n", b"5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n", b"5\r\nhel",
     b"5\r\nhello\r\n", b"zz\r\n", b"0\r\n\r\n", b"A\r\n0123456789\r\n0\r\n\r\n"]
)  # fmt: skip


@st.composite
def answers(draw: st.DrawFn) -> list[bytes]:
    first, headers = draw(firsts), draw(st.lists(lines, max_size=3))
    whole = b"\r\n".join([first, *headers, b"", b""]) + draw(bodies)
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    return [piece for piece in pieces if piece]


def by_us(method: str, pieces: list[bytes]) -> tuple[int, bytes] | None:
    reply = Reply()
    reader = Reader(reply, method, MOST)
    try:
        for piece in [*pieces, b""]:
            if not reader.wants_more_than(piece):
                return reply.status, bytes(reply.body)
    except Failed:
        return None
    return None


def by_h11(method: str, pieces: list[bytes]) -> tuple[int, bytes] | None:
    connection, body, status = h11.Connection(h11.CLIENT), bytearray(), 0
    connection.send(h11.Request(method=method, target="/", headers=[("host", "a"), ("connection", "close")]))
    connection.send(h11.EndOfMessage())
    try:
        for piece in [*pieces, b""]:
            connection.receive_data(piece)
            while (event := connection.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.Response):
                    status = event.status_code
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    return status, bytes(body)
                elif isinstance(event, h11.ConnectionClosed):
                    return None
    except h11.RemoteProtocolError:
        return None
    return None


@settings(max_examples=400, deadline=None)
@given(method=st.sampled_from(["GET", "HEAD"]), pieces=answers())
def test_we_read_what_h11_reads(method: str, pieces: list[bytes]):
    assert by_us(method, pieces) == by_h11(method, pieces)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
def test_no_bytes_whatever_do_anything_but_fail_by_name(pieces: list[bytes]):
    by_us("GET", pieces)
    by_us("GET", [b"HTTP/1.1 200 OK\r\n", *pieces])
    by_us("GET", [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", *pieces])
