"""P4: what it costs to tell many open pages, beside the least that it can cost, in one run.

`python -m benchmarks.live_fanout [--viewers 200] [--rate 5] [--seconds 5] [--rounds 2]`
The server has a core of its own; the pages and the writer share another. Only the ratios mean something elsewhere.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import resource
import statistics
import time
from dataclasses import dataclass, field

import psutil

from benchmarks.live.stage import CONSOLE, FLOOR, Stage

WRITTEN_AT = re.compile(rb"data: t(\d+)")
CONNECTED_AT_ONCE = 20


class Ear(asyncio.Protocol):
    """A page that only notes what came when."""

    def __init__(self, cookie: str) -> None:
        self.cookie = cookie
        self.notes: list[tuple[int, bytes]] = []
        self.is_connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(f"GET /live/console/ HTTP/1.1\r\nHost: localhost\r\nCookie: {self.cookie}\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self.notes.append((time.monotonic_ns(), data))
        if not self.is_connected.done() and b"connected" in data:
            self.is_connected.set_result(None)


@dataclass
class Result:
    latencies: list[float] = field(default_factory=list)
    expected: int = 0
    cpu_seconds: float = 0.0
    idle_cpu: float = 0.0
    bytes_a_viewer: float = 0.0

    def at(self, share: float) -> float:
        return sorted(self.latencies)[min(len(self.latencies) - 1, int(len(self.latencies) * share))] * 1000

    @property
    def cpu_a_delivery(self) -> float:
        return self.cpu_seconds / len(self.latencies) * 1e6

    def line(self, name: str) -> str:
        return (
            f"{name:22} {self.at(0.5):8.1f} {self.at(0.95):8.1f} {self.at(0.99):8.1f} {self.cpu_a_delivery:12.1f} "
            f"{self.bytes_a_viewer / 1024:10.1f} {self.idle_cpu:9.1f} {len(self.latencies):9}/{self.expected}"
        )


async def watch(
    stage: Stage, server: psutil.Process, port: int, cookies: list[str], options: argparse.Namespace
) -> Result:
    loop = asyncio.get_running_loop()
    ears: list[Ear] = []
    before = 0
    while len(ears) < options.viewers:
        group = [Ear(cookies[number % len(cookies)]) for number in range(len(ears), len(ears) + CONNECTED_AT_ONCE)]
        group = group[: options.viewers - len(ears)]
        await asyncio.gather(*(loop.create_connection(lambda ear=ear: ear, "127.0.0.1", port) for ear in group))
        await asyncio.gather(*(ear.is_connected for ear in group))
        ears += group
        before = before or server.memory_info().rss  # the first group pays for what is loaded once
    result = Result(expected=options.viewers * int(options.rate * options.seconds))
    result.bytes_a_viewer = (server.memory_info().rss - before) / max(1, options.viewers - CONNECTED_AT_ONCE)
    await asyncio.sleep(1)
    began, used = time.monotonic(), _cpu(server)
    await asyncio.sleep(3)
    result.idle_cpu = 100 * (_cpu(server) - used) / (time.monotonic() - began)

    used = _cpu(server)
    writer = stage.write(rate=options.rate, seconds=options.seconds)
    await asyncio.to_thread(writer.wait)
    await asyncio.sleep(1)
    result.cpu_seconds = _cpu(server) - used
    for ear in ears:
        for at, data in ear.notes:
            result.latencies += [(at - int(written)) / 1e9 for written in WRITTEN_AT.findall(data)]
        assert ear.transport is not None
        ear.transport.abort()
    return result


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--rate", type=float, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    if (psutil.cpu_count() or 1) > 1:
        psutil.Process().cpu_affinity([1])

    print(f"{options.viewers} viewers, {options.rate:g} events/s, {options.seconds:g} s")
    columns = "p50 ms   p95 ms   p99 ms  us/delivery  KB/viewer  idle CPU%  delivered"
    print(f"{'':22}   {columns}")
    rounds: list[tuple[Result, Result]] = []
    with Stage() as stage:
        cookies = stage.cookies()
        for _ in range(options.rounds):
            results = []
            for name, application in (("raw ASGI floor", FLOOR), ("DR Console", CONSOLE)):
                server, port = stage.serve(application)
                results.append(asyncio.run(watch(stage, server, port, cookies, options)))
                print(results[-1].line(name), flush=True)
                server.kill()
                server.wait()
            rounds.append((results[0], results[1]))
    for name, ratio in {
        "p50": [ours.at(0.5) / floor.at(0.5) for floor, ours in rounds],
        "p99": [ours.at(0.99) / floor.at(0.99) for floor, ours in rounds],
        "CPU a delivery": [ours.cpu_a_delivery / floor.cpu_a_delivery for floor, ours in rounds],
    }.items():
        shown = ", ".join(f"{value:.2f}" for value in ratio)
        print(f"DR Console / floor, {name}: {statistics.median(ratio):.2f}x (rounds: {shown})")


if __name__ == "__main__":
    main()
