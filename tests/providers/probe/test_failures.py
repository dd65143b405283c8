"""Health checks of servers that misbehave in every way we thought of."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import Any

import pytest

from dr_console.providers.capabilities.probe import Failure, Phase, Target
from dr_console.providers.deadlines import Deadline
from dr_console.providers.probe import probe_all, probe_now
from tests.providers.answering import blackhole, ok, saying
from tests.providers.probe import HOST
from tests.providers.probe.asking import check, never


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\ndown", 503),
        (b"HTTP/1.1 404 No\r\n\r\ngone", 404),
    ],
)
def test_a_wrong_status(servers, answer, status):
    result = check(servers.serve(saying(answer)))
    assert (result.failure, result.status) == (Failure.STATUS, status)
    assert result.sentence == f"It answers with status {status}. ({answer.decode()[-4:]})"


def test_nobody_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        result = check(free.getsockname()[1])
    assert (result.failure, result.phase, result.said) == (Failure.REFUSED, Phase.CONNECT, "Connection refused")


def test_a_blackhole():
    with blackhole() as port:
        result = check(port, seconds=0.3)
    assert (result.failure, result.phase) == (Failure.TIMED_OUT, Phase.CONNECT)
    assert result.sentence == "No connection came about in time."
    assert 0.3 <= result.timings.whole < 1.5


def test_a_name_that_does_not_exist(names):
    result = probe_now(Target("https://nowhere.test/"), deadline=Deadline.after(5))
    assert (result.failure, result.phase, result.said) == (Failure.DNS, Phase.DNS, "Name or service not known")


def test_slow_dns_is_not_waited_for_longer_than_the_deadline(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: time.sleep(5) or [])
    began = time.monotonic()
    result = probe_now(Target("http://slow.test/"), deadline=Deadline.after(0.2))
    assert (result.failure, result.phase) == (Failure.TIMED_OUT, Phase.DNS)
    assert time.monotonic() - began < 4


def test_many_checks_of_one_slow_name_ask_for_it_once_and_keep_no_other_waiting(servers, names, monkeypatch):
    port, quick = servers.serve(saying(ok())), socket.getaddrinfo
    asked: list[str] = []

    def getaddrinfo(host: str, *arguments: Any, **options: Any) -> Any:
        asked.append(host)
        if host.startswith("slow"):
            time.sleep(1)
        return quick(HOST, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    slow = [Target(f"http://slow{number % 40}.test:{port}/") for number in range(120)]
    results = asyncio.run(probe_all([*slow, Target(f"http://{HOST}:{port}/")], deadline=Deadline.after(0.5)))
    assert results[-1].ok
    assert {result.phase for result in results[:-1]} == {Phase.DNS}
    assert len(asked) == 41


async def drip(reader: Any, writer: Any) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    for _ in range(300):
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.02)


async def drip_head(reader: Any, writer: Any) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nx: ")
    for _ in range(300):
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(("handler", "phase"), [(never, Phase.FIRST_BYTE), (drip, Phase.BODY), (drip_head, Phase.BODY)])
def test_the_deadline_is_for_the_whole_check(servers, handler, phase):
    result = check(servers.serve(handler), seconds=0.4)
    assert (result.failure, result.phase) == (Failure.TIMED_OUT, phase)
    assert 0.4 <= result.timings.whole < 1.5
    assert result.timings.connect is not None


def test_a_deadline_that_has_passed(servers):
    result = check(servers.serve(saying(ok())), seconds=0)
    assert result.failure is Failure.TIMED_OUT
    assert result.sentence


async def reset(reader: Any, writer: Any) -> None:
    await reader.readuntil(b"\r\n\r\n")
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (reset, "Connection reset by peer"),
        (saying(b""), "it hung up without a word"),
        (saying(b"HTTP/1.1 200 OK\r\ncontent-le"), "it broke off in the middle"),
        (saying(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"), "it broke off in the middle"),
        (saying(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhalf"), "it broke off in the middle"),
        (saying(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), "it broke off in the middle"),
        (saying(b"HTTP/1.1 102 Processing\r\n\r\n"), "it broke off in the middle"),
    ],
)
def test_a_connection_that_breaks(servers, handler, said):
    result = check(servers.serve(handler))
    assert (result.failure, result.said) == (Failure.RESET, said)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 99 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nspace before : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: five\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabcd\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02F",
        b"\0" * 5000,
    ],
)
def test_what_is_not_http(servers, answer):
    result = check(servers.serve(saying(answer)))
    assert result.failure is Failure.GARBLED, result.sentence
    assert result.said


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\n" + b"x: yyyyyyyyyy\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000,
    ],
    ids=["length", "no length", "chunks", "headers", "one header"],
)
def test_an_answer_that_is_too_large(servers, answer):
    result = check(servers.serve(saying(answer)), most_bytes=1000)
    assert result.failure is Failure.TOO_LARGE, result.sentence


def test_an_endless_body_is_not_read_to_its_end(servers):
    async def endless(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    result = check(servers.serve(endless))
    assert result.failure is Failure.TOO_LARGE
    assert result.size is not None
    assert result.size <= 1024 * 1024


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "it must begin with http:// or https://"),
        ("ftp://product.test/", "it must begin with http:// or https://"),
        ("http://", "it must begin with http:// or https:// and a host"),
        ("http://[::1", "Invalid IPv6 URL"),
        ("http://product.test:99999/", "Port out of range"),
        ("http://ada:secret@product.test/", "a password has no place in an address"),
        ("http://" + "x" * 300 + ".test/", "label"),
    ],
)
def test_an_address_that_cannot_be_asked(url, said):
    result = probe_now(Target(url), deadline=Deadline.after(5))
    assert result.failure is Failure.TARGET
    assert said in result.said
    assert "secret" not in result.sentence


@pytest.mark.parametrize("headers", [{"X-A": "b\r\nX-C: d"}, {"two words": "x"}, {"X": "价"}])
def test_a_header_that_cannot_be_sent(servers, headers):
    assert check(1, headers=headers).failure is Failure.TARGET


def test_neither_our_headers_nor_the_query_are_in_what_is_told(servers):
    result = check(servers.serve(saying(ok())), path="/health?token=s3cret", headers={"Authorization": "Bearer s3cret"})
    assert "s3cret" not in repr(result)
    assert result.url.endswith("/health")
