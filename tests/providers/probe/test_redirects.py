"""Redirects, followed or not; and addresses that must not be asked."""

from __future__ import annotations

import pytest

from dr_console.providers.capabilities.probe import Failure, Target
from dr_console.providers.deadlines import Deadline
from dr_console.providers.probe import probe_now
from tests.providers.answering import ok, saying
from tests.providers.probe import HOST
from tests.providers.probe.asking import check


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
