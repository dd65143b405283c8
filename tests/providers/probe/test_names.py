"""A DNS server of one’s own choice; many checks at once; a check that is cancelled; and the sandbox’s edge."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from dr_console.providers.capabilities.probe import Failure, Phase, Target
from dr_console.providers.deadlines import Deadline
from dr_console.providers.probe import probe, probe_all, probe_now
from tests.providers.answering import ok, saying
from tests.providers.probe import HOST
from tests.providers.probe.asking import check, zone


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
    asyncio.run(begin_and_stop())
    until = time.monotonic() + 3
    while len(os.listdir("/proc/self/fd")) > before:  # the server's ends close once ours have
        assert time.monotonic() < until
        time.sleep(0.01)


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
