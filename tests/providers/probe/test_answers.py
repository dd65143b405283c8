"""Health checks of servers that answer: what a check finds out, and what a good answer is."""

from __future__ import annotations

import asyncio
import socket

import pytest

from dr_console.providers.capabilities.probe import Failure, JsonCheck, Phase
from tests.providers.answering import blackhole, ok, saying
from tests.providers.probe import HOST
from tests.providers.probe.asking import check


def test_a_good_answer_says_how_long_each_phase_took_and_who_gave_it(servers, names):
    headers = {"server": "cloudflare", "cf_ray": "8f1-NRT", "cf_cache_status": "HIT", "age": "12", "via": "1.1 varnish"}
    port = servers.serve(saying(ok(**headers, x_vercel_id="hnd1::iad1::abc-1")))
    result = check(port, host=HOST)
    assert (result.ok, result.status, result.size, result.address) == (True, 200, 15, "127.0.0.1")
    timings = result.timings
    for took in (timings.dns, timings.connect, timings.first_byte):
        assert took is not None
        assert 0 <= took <= timings.whole < 5
    assert timings.tls is None
    assert (result.edge.server, result.edge.colo, result.edge.cache, result.edge.age) == (
        "cloudflare",
        "NRT",
        "HIT",
        12,
    )
    assert (result.edge.via, result.edge.vercel_region) == ("1.1 varnish", "iad1")
    assert result.lookup.addresses == ("127.0.0.1",)
    assert result.sentence == "It answers well."


def test_the_request_is_plain_and_carries_our_own_headers(servers):
    heard: list[bytes] = []
    port = servers.serve(saying(ok(), heard=heard))
    check(port, path="/health?deep=1", headers={"X-Probe": "dr", "User-Agent": "checker"})
    lines = heard[0].decode().split("\r\n")
    assert lines[0] == "GET /health?deep=1 HTTP/1.1"
    assert {f"Host: 127.0.0.1:{port}", "Connection: close", "X-Probe: dr", "User-Agent: checker"} <= set(lines)
    assert "dr-console-probe" not in heard[0].decode()


ANSWERS = {
    "chunked": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    b'6;x=y\r\n{"stat\r\n9\r\nus":"ok"}\r\n0\r\nx: y\r\n\r\n',
    "without a length": b'HTTP/1.1 200 OK\r\n\r\n{"status":"ok"}',
    "of HTTP/1.0": b'HTTP/1.0 200 OK\r\n\r\n{"status":"ok"}',
    "after 103": b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + ok(),
    "without a reason": b'HTTP/1.1 200\r\ncontent-length: 15\r\n\r\n{"status":"ok"}',
    "with bare line feeds": b'HTTP/1.1 200 OK\ncontent-length: 15\n\n{"status":"ok"}',
    "with more after it": ok() + b"HTTP/1.1 500 Oops\r\n\r\n",
    "with its length said twice": b'HTTP/1.1 200 OK\r\ncontent-length: 15\r\ncontent-length: 15\r\n\r\n{"status":"ok"}',
    "with a folded header": b'HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 15\r\n\r\n{"status":"ok"}',
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_good_answer(servers, name):
    result = check(servers.serve(saying(ANSWERS[name])), json=JsonCheck("status", "ok"))
    assert result.ok, result.sentence
    assert result.size == 15


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_an_answer_that_has_no_body_is_not_waited_for(servers, status):
    async def stays(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 5\r\n\r\n")
        await asyncio.sleep(5)

    result = check(servers.serve(stays), statuses=(200, 399), seconds=3)
    assert result.ok
    assert result.timings.whole < 2


def test_head_has_no_body_whatever_its_length_says(servers):
    heard: list[bytes] = []
    result = check(servers.serve(saying(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n", heard=heard)), method="head")
    assert result.ok
    assert heard[0].startswith(b"HEAD ")


def test_over_ipv6(servers):
    try:
        port = servers.serve(saying(ok()), host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    result = check(port, host="[::1]")
    assert result.ok, result.sentence
    assert result.address == "::1"


def test_the_next_address_is_tried_where_one_refuses(servers, names):
    names[HOST] = ["127.0.0.9", "127.0.0.1"]
    result = check(servers.serve(saying(ok())), host=HOST)
    assert result.ok
    assert (result.address, result.tried) == ("127.0.0.1", (("127.0.0.9", "Connection refused"),))
    assert result.lookup.addresses == ("127.0.0.9", "127.0.0.1")


def test_an_address_that_is_silent_leaves_time_for_the_next(servers, names):
    names[HOST] = ["127.0.0.1", "127.0.0.2"]
    with blackhole() as port:
        second = socket.create_server(("127.0.0.2", port))
        second.listen()
        result = check(port, host=HOST, seconds=2.5)
        second.close()
    assert result.tried == (("127.0.0.1", "timed_out"),)
    assert (result.address, result.failure, result.phase) == ("127.0.0.2", Failure.TIMED_OUT, Phase.FIRST_BYTE)


@pytest.mark.parametrize(
    ("body", "path", "equals"),
    [
        (b'{"status":"ok"}', "status", "ok"),
        (b'{"status":"ok"}', "$.status", "ok"),
        (b'{"a":[{"b":2}]}', "a[0].b", 2),
        (b'{"a":[{"b":null}]}', "a.0.b", None),
        (b"[1,true]", "[1]", True),
        (b"7", "", 7),
    ],
)
def test_a_value_in_json_is_as_it_should_be(servers, body, path, equals):
    assert check(servers.serve(saying(ok(body))), json=JsonCheck(path, equals)).ok


@pytest.mark.parametrize(
    ("body", "wanted", "said"),
    [
        (b'{"status":"degraded"}', {"json": JsonCheck("status", "ok")}, 'status is "degraded"'),
        (b'{"status":1}', {"json": JsonCheck("status", True)}, "status is 1"),
        (b'{"state":"ok"}', {"json": JsonCheck("status", "ok")}, "there is no status in: {"),
        (b"[]", {"json": JsonCheck("[3]", 1)}, "there is no [3] in: []"),
        (b"<html>", {"json": JsonCheck("status", "ok")}, "no JSON: <html>"),
        (b"\xff\xfe", {"json": JsonCheck("status", "ok")}, "no JSON"),
        (b"[" * 100_000, {"json": JsonCheck("status", "ok")}, "no JSON"),
        (b"all is lost", {"contains": "all is well"}, "“all is well” is not in: all is lost"),
    ],
)
def test_a_body_that_does_not_say_what_it_should(servers, body, wanted, said):
    result = check(servers.serve(saying(ok(body))), **wanted)
    assert result.failure is Failure.BODY
    assert said in result.said
    assert len(result.said) < 400


def test_a_text_in_the_body(servers):
    assert check(servers.serve(saying(ok("一切正常".encode()))), contains="正常").ok
