"""Health checks against real servers on loopback that behave, and that misbehave in every way we thought of."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import struct
import time
import warnings
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dnslib
import pytest
from django.utils.timezone import now

from dr_console.providers.capabilities.probe import Failure, JsonCheck, Phase, ProbeResult, Target
from dr_console.providers.deadlines import Deadline
from dr_console.providers.probe import probe, probe_all, probe_now, wire
from tests.providers.answering import Authority, NameServer, Servers, blackhole, ok, saying

HOST = "product.test"


@pytest.fixture(autouse=True)
def _to_the_host_itself(settings: Any) -> None:
    """As in live mode, but for the loopback addresses that the servers of these tests are at."""
    settings.DR_EDGE_URL = ""
    settings.DR_ALLOWED_NETWORKS = ["127.0.0.0/8", "::1/128"]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def _trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The system believes what our authority signs."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    wire.tls_context.cache_clear()
    yield
    wire.tls_context.cache_clear()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the system's resolver says, by host; anything else does not exist."""
    known: dict[str, list[str]] = {HOST: ["127.0.0.1"]}

    def getaddrinfo(host: str, port: Any, *arguments: Any, **options: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, 0, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))
            for address in known[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


def check(
    port: int, *, seconds: float = 5, path: str = "/health", host: str = "127.0.0.1", **wanted: Any
) -> ProbeResult:
    return probe_now(Target(f"http://{host}:{port}{path}", **wanted), deadline=Deadline.after(seconds))


# --- Good answers ----------------------------------------------------------------------------------------


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


# --- What a body should say --------------------------------------------------------------------------------


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


# --- Failures, by kind -------------------------------------------------------------------------------------


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
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: time.sleep(1.5) or [])
    began = time.monotonic()
    result = probe_now(Target("http://slow.test/"), deadline=Deadline.after(0.2))
    assert (result.failure, result.phase) == (Failure.TIMED_OUT, Phase.DNS)
    assert time.monotonic() - began < 1


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


async def never(reader: Any, writer: Any) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(30)


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


# --- Redirects -------------------------------------------------------------------------------------------


def to(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n".encode()


def test_a_redirect_is_not_followed_unasked(servers):
    result = check(servers.serve(saying(to("/login"))))
    assert (result.failure, result.status, result.said) == (Failure.STATUS, 302, "→ /login")


def test_a_redirect_is_followed_where_wanted(servers):
    heard: list[bytes] = []
    goal = servers.serve(saying(ok(), heard=heard))
    port = servers.serve(saying(to(f"http://127.0.0.1:{goal}/there?token=1#part", 308)))
    result = check(port, follow_redirects=True, headers={"Authorization": "Bearer ours"})
    assert result.ok
    assert result.redirects == (f"http://127.0.0.1:{goal}/there",)
    assert result.url == f"http://127.0.0.1:{goal}/there"
    assert b"GET /there?token=1 " in heard[0]
    assert b"ours" not in heard[0]  # another port is another server


def test_our_headers_go_with_a_redirect_on_the_same_server(servers):
    heard: list[bytes] = []

    async def twice(reader, writer):
        asked = await reader.readuntil(b"\r\n\r\n")
        heard.append(asked)
        writer.write(ok() if b"GET /b " in asked else to("/b"))

    assert check(servers.serve(twice), follow_redirects=True, headers={"X-Ours": "1"}).ok
    assert b"X-Ours: 1" in heard[1]


@pytest.mark.parametrize("location", ["/health", "/health?n=1"])
def test_a_redirect_loop(servers, location):
    result = check(servers.serve(saying(to(location))), follow_redirects=True)
    assert result.failure is Failure.REDIRECTS


def test_redirects_without_end(servers):
    count = iter(range(1000))

    async def onwards(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(to(f"/{next(count)}"))

    result = check(servers.serve(onwards), follow_redirects=True, most_redirects=3)
    assert result.failure is Failure.REDIRECTS
    assert len(result.redirects) == 4


@pytest.mark.parametrize("location", ["ftp://x/", "http://[", "http://169.254.169.254/latest/meta-data/"])
def test_a_redirect_to_where_nobody_may_go(servers, location):
    result = check(servers.serve(saying(to(location))), follow_redirects=True)
    assert result.failure in (Failure.TARGET, Failure.FORBIDDEN, Failure.REDIRECTS)


# --- Addresses that must not be asked -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "[::1]", "[fe80::1]",
     "[::ffff:127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[fd00:ec2::254]", "224.0.0.1"],
)  # fmt: skip
def test_private_addresses_are_not_asked(settings, address):
    settings.DR_ALLOWED_NETWORKS = []
    result = probe_now(Target(f"http://{address}/"), deadline=Deadline.after(2))
    assert result.failure is Failure.FORBIDDEN, result.sentence
    assert result.timings.connect is None


def test_a_name_that_leads_inside_is_refused_by_the_address_connected_to(settings, names, servers):
    port = servers.serve(saying(ok()))
    settings.DR_ALLOWED_NETWORKS = []
    result = check(port, host=HOST)
    assert (result.failure, result.said) == (Failure.FORBIDDEN, "127.0.0.1 is not a public address")


# --- TLS -------------------------------------------------------------------------------------------------


def secure(port: int, *, host: str = HOST, seconds: float = 5, **wanted: Any) -> ProbeResult:
    return probe_now(Target(f"https://{host}:{port}/health", **wanted), deadline=Deadline.after(seconds))


@pytest.mark.usefixtures("_trusted", "names")
def test_a_certificate_that_is_good(servers, authority):
    result = secure(servers.serve(saying(ok()), tls=authority.tls(HOST, "*.product.test")))
    assert result.ok, result.sentence
    assert result.timings.tls is not None
    assert result.certificate is not None
    assert (result.certificate.issuer, result.certificate.subject) == ("Test authority", HOST)
    assert (result.certificate.fits, result.certificate.trusted) == (True, True)
    assert result.certificate.names == (HOST, "*.product.test")
    assert timedelta(days=29) < result.certificate.expires_at - now() <= timedelta(days=30)


@pytest.mark.usefixtures("_trusted", "names")
@pytest.mark.parametrize(
    ("made", "said", "fits"),
    [
        ({"names": (HOST,), "days": (-10, -1)}, "certificate has expired", True),
        ({"names": (HOST,), "days": (1, 10)}, "certificate is not yet valid", True),
        ({"names": ("other.test", "*.sub.product.test")}, "Hostname mismatch", False),
        ({"names": (HOST,), "self_signed": True}, "self-signed certificate", True),
    ],
)
def test_a_certificate_that_is_not_believed(servers, authority, made, said, fits):
    names, options = made.pop("names"), made
    result = secure(servers.serve(saying(ok()), tls=authority.tls(*names, **options)))
    made["names"] = names
    assert (result.failure, result.phase) == (Failure.TLS, Phase.TLS)
    assert said in result.said
    assert result.certificate is not None
    assert (result.certificate.trusted, result.certificate.fits) == (False, fits)
    assert result.certificate.issuer == (HOST if options.get("self_signed") else "Test authority")


@pytest.mark.usefixtures("names")
def test_a_certificate_need_not_be_believed_where_one_says_so(servers, authority):
    result = secure(servers.serve(saying(ok()), tls=authority.tls(HOST)), verify_tls=False)
    assert result.ok
    assert result.certificate is not None
    assert not result.certificate.trusted


@pytest.mark.usefixtures("names")
def test_an_authority_that_nobody_knows(servers, authority):
    result = secure(servers.serve(saying(ok()), tls=authority.tls(HOST)))
    assert result.failure is Failure.TLS
    assert "unable to get local issuer certificate" in result.said


@pytest.mark.usefixtures("names")
def test_a_server_that_does_not_speak_tls(servers):
    result = secure(servers.serve(saying(ok())), seconds=1)
    assert (result.failure, result.phase) in [(Failure.TLS, Phase.TLS), (Failure.TIMED_OUT, Phase.TLS)]


@pytest.mark.usefixtures("names")
def test_a_server_that_answers_tls_with_words(servers):
    async def words(reader, writer):
        writer.write(b"220 mail.product.test ESMTP\r\n")

    result = secure(servers.serve(words))
    assert (result.failure, result.phase) == (Failure.TLS, Phase.TLS)
    assert "wrong version number" in result.said


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("seconds_silent", [5, 0])
def test_a_handshake_that_does_not_come_about(servers, seconds_silent):
    async def hangs_up(reader, writer):
        await asyncio.sleep(seconds_silent)

    result = secure(servers.serve(hangs_up), seconds=0.4)
    assert result.phase is Phase.TLS
    assert (result.failure is Failure.TIMED_OUT) == bool(seconds_silent)
    assert result.failure in (Failure.TIMED_OUT, Failure.TLS, Failure.RESET)


@pytest.mark.usefixtures("_trusted", "names")
def test_a_large_answer_over_tls_without_a_length(servers, authority):
    body = os.urandom(500_000)
    port = servers.serve(saying(b"HTTP/1.1 200 OK\r\n\r\n" + body), tls=authority.tls(HOST))
    result = secure(port)
    assert result.ok, result.sentence
    assert result.size == 500_000


# --- A DNS server of one's own -------------------------------------------------------------------------------


@pytest.fixture
def name_server() -> Iterator[Any]:
    started: list[NameServer] = []

    def start(answer: Any, **options: Any) -> NameServer:
        started.append(NameServer(answer, **options))
        return started[-1]

    yield start
    for server in started:
        server.close()


def zone(name: str, kind: str) -> list[dnslib.RR]:
    if name != HOST or kind != "A":
        return [] if name != HOST else dnslib.RR.fromZone(f"{HOST}. 60 CNAME edge.test.")
    return dnslib.RR.fromZone(f"{HOST}. 60 CNAME edge.test.\nedge.test. 300 A 127.0.0.1\nedge.test. 300 A 127.0.0.2")


@pytest.mark.parametrize("truncate", [False, True], ids=["udp", "tcp"])
def test_a_name_is_looked_up_at_the_server_given(servers, name_server, truncate):
    server = name_server(zone, truncate=truncate)
    result = check(servers.serve(saying(ok())), host=HOST, dns_server=server.place)
    assert result.ok, result.sentence
    assert result.lookup.addresses == ("127.0.0.1", "127.0.0.2")
    assert (result.lookup.chain, result.lookup.ttl, result.lookup.server) == (("edge.test",), 60, server.place)


def test_the_server_given_does_not_know_the_name(name_server):
    result = check(80, host="other.test", dns_server=name_server(zone).place)
    assert result.failure is Failure.DNS
    assert "NXDOMAIN" in result.said


def test_a_question_that_gets_lost_is_asked_again(servers, name_server):
    lost = iter([None, None])
    server = name_server(lambda name, kind: next(lost, zone(name, kind)))
    result = check(servers.serve(saying(ok())), host=HOST, dns_server=server.place)
    assert result.ok, result.sentence
    assert server.asked == 4


def test_a_silent_name_server(name_server):
    result = check(80, host=HOST, dns_server=name_server(lambda name, kind: None).place, seconds=0.3)
    assert (result.failure, result.phase) == (Failure.TIMED_OUT, Phase.DNS)


@pytest.mark.parametrize("server", ["127.0.0.1:1", "127.0.0.1:none", "no such host.test:53", ""])
def test_a_name_server_that_is_not_there(server, names):
    result = check(80, host="other.test", dns_server=server, seconds=2)
    assert (result.failure, result.phase) == (Failure.DNS, Phase.DNS)


# --- Many at once, and being stopped ---------------------------------------------------------------------------


def test_hundreds_side_by_side(servers):
    async def slow(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.3)
        writer.write(ok())

    port = servers.serve(slow)
    began = time.monotonic()
    results = asyncio.run(
        probe_all([Target(f"http://127.0.0.1:{port}/{n}") for n in range(400)], deadline=Deadline.after(10))
    )
    assert all(result.ok for result in results)
    assert [result.url.rpartition("/")[2] for result in results] == [str(n) for n in range(400)]
    assert time.monotonic() - began < 5


def test_a_check_that_is_cancelled_leaves_no_connection_behind(servers):
    async def until_hung_up(reader, writer):
        await reader.read()

    port = servers.serve(until_hung_up)

    async def begin_and_stop() -> None:
        checks = [
            asyncio.create_task(probe(Target(f"http://127.0.0.1:{port}/"), deadline=Deadline.after(30)))
            for _ in range(20)
        ]
        await asyncio.sleep(0.2)
        for each in checks:
            each.cancel()
        results = await asyncio.gather(*checks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)

    before = len(os.listdir("/proc/self/fd"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(begin_and_stop())
        gc.collect()
    until = time.monotonic() + 3
    while len(os.listdir("/proc/self/fd")) > before:  # the server's ends close once ours have
        assert time.monotonic() < until
        time.sleep(0.01)


# --- In the sandbox ---------------------------------------------------------------------------------------------


def test_in_sandbox_mode_every_host_is_asked_at_the_edge(servers, settings):
    heard: list[bytes] = []
    port = servers.serve(saying(ok(), heard=heard))
    settings.DR_EDGE_URL, settings.DR_ALLOWED_NETWORKS = f"http://127.0.0.1:{port}/edge", []
    result = probe_now(Target("https://api.example.com/health?a=b"), deadline=Deadline.after(5))
    assert result.ok, result.sentence
    assert result.url == "https://api.example.com/health"
    assert heard[0].startswith(b"GET /edge/api.example.com/health?a=b HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{port}\r\n".encode() in heard[0]
    # An address inside is nothing but a host name that the edge does not know.
    probe_now(Target("http://169.254.169.254/latest/"), deadline=Deadline.after(5))
    assert heard[1].startswith(b"GET /edge/169.254.169.254/latest/ ")


def test_in_sandbox_mode_a_name_server_says_what_the_name_is_and_the_edge_answers(servers, settings, name_server):
    port = servers.serve(saying(ok()))
    settings.DR_EDGE_URL = f"http://127.0.0.1:{port}/edge"
    target = Target(f"https://{HOST}/health", dns_server=name_server(zone).place)
    result = probe_now(target, deadline=Deadline.after(5))
    assert result.ok, result.sentence
    assert (result.lookup.ttl, result.lookup.chain) == (60, ("edge.test",))
    assert result.timings.dns is not None
