"""P8, in part: health checks that one core makes, beside httpx and beside the least that asyncio can do.

python -m benchmarks.probe [--checks 2000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import django

from tests.running import running

SIDE_BY_SIDE = 20
MOST_OF_FLOOR, LEAST_OF_HTTPX = 1.6, 3.0
Check = Callable[[int], Awaitable[None]]


async def floor(port: int) -> None:
    """A fresh connection, the request, the whole answer; nothing is looked at but the status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    answer = await reader.read(-1)
    assert answer.startswith(b"HTTP/1.1 200")
    writer.close()


def ours() -> Check:
    from dr_console.providers.capabilities.probe import JsonCheck, Target  # noqa: PLC0415 (once Django is set up)
    from dr_console.providers.deadlines import Deadline  # noqa: PLC0415
    from dr_console.providers.probe import probe  # noqa: PLC0415

    async def check(port: int) -> None:
        target = Target(f"http://127.0.0.1:{port}/health", json=JsonCheck("status", "ok"))
        result = await probe(target, deadline=Deadline.after(10))
        assert result.ok, result.sentence

    return check


def with_httpx() -> Check:
    import httpx  # noqa: PLC0415 (so that the others are not measured beside it)

    client = httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0), trust_env=False)

    async def check(port: int) -> None:
        response = await client.get(f"http://127.0.0.1:{port}/health")
        assert response.json()["status"] == "ok"

    return check


async def measured(check: Check, port: int, checks: int) -> float:
    """Microseconds of CPU that one check takes."""
    left = iter(range(checks))

    async def one_after_another() -> None:
        for _ in left:
            await check(port)

    began = time.process_time()
    await asyncio.gather(*(one_after_another() for _ in range(SIDE_BY_SIDE)))
    return (time.process_time() - began) / checks * 1e6


async def compare(port: int, checks: int, rounds: int) -> dict[str, float]:
    """Medians, by name; in turn, so that what the machine does meanwhile meets all of them."""
    makers: dict[str, Check] = {"floor": floor, "ours": ours(), "httpx": with_httpx()}
    taken: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(rounds):
        for name, check in makers.items():
            await measured(check, port, checks // 20)
            taken[name].append(await measured(check, port, checks if name != "httpx" else checks // 4))
    return {name: statistics.median(each) for name, each in taken.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    django.setup()
    from django.conf import settings  # noqa: PLC0415

    settings.DR_EDGE_URL, settings.DR_ALLOWED_NETWORKS = "", ["127.0.0.0/8"]
    with running([sys.executable, "-m", "benchmarks.probing.target"]) as target:
        port = int(target.wait_for(r"(\d+)")[0])
        medians = asyncio.run(compare(port, options.checks, options.rounds))
    print("CPU a check, medians: " + ", ".join(f"{name} {median:.0f} µs" for name, median in medians.items()))
    over_floor, under_httpx = medians["ours"] / medians["floor"], medians["httpx"] / medians["ours"]
    reached = over_floor <= MOST_OF_FLOOR, under_httpx >= LEAST_OF_HTTPX
    print(f"ours / floor: {over_floor:.2f}x, goal at most {MOST_OF_FLOOR}x {'reached' if reached[0] else 'MISSED'}")
    print(f"httpx / ours: {under_httpx:.2f}x, goal at least {LEAST_OF_HTTPX}x {'reached' if reached[1] else 'MISSED'}")
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
