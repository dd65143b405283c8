"""P5: what pages see while their connections are cut at random, and the web server and Redis are killed.

`python -m benchmarks.live_correctness [--viewers 20] [--rate 50] [--reconnects 300] [--writers 4]`
Every page must see every event from where it began, once and in order. On PostgreSQL when DATABASE_URL names one.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter

from benchmarks.live.stage import CONSOLE, Stage
from tests.live.pages import Page

RECONNECTS_A_SECOND = 20


async def shake(pages: list[Page], seconds: float) -> None:
    """Cut connections at random; one that is just connecting again may be hit as well."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(1 / RECONNECTS_A_SECOND)
        random.choice(pages).drop()


async def story(stage: Stage, cookies: list[str], options: argparse.Namespace) -> list[Page]:
    server, port = await asyncio.to_thread(stage.serve, CONSOLE)
    pages = [Page(port, cookies[number % len(cookies)], retry_seconds=0.1) for number in range(options.viewers)]
    for page in pages:
        await page.__aenter__()
    for page in pages:
        await page.until(lambda page: page.connected > 0)

    seconds = options.reconnects / RECONNECTS_A_SECOND * 1.25
    writer = stage.write(rate=options.rate, seconds=seconds, writers=options.writers)
    shaking = asyncio.create_task(shake(pages, seconds))
    await asyncio.sleep(seconds / 3)
    server.kill()
    server.wait()
    await asyncio.to_thread(stage.serve, CONSOLE, port=port)
    await asyncio.sleep(seconds / 6)
    await asyncio.to_thread(stage.kill_redis)
    await asyncio.to_thread(stage.start_redis)
    await shaking
    await asyncio.to_thread(writer.wait)

    from dr_console.live import history  # noqa: PLC0415 (Django is set up by the stage)
    from dr_console.live.reading import ask  # noqa: PLC0415

    upto = await ask(history.head, "console")
    for page in pages:
        try:
            await page.until(lambda page: (page.last_id or 0) >= upto, seconds=30)
        except TimeoutError:
            print(f"A page stands at {page.last_id} of {upto}.")
        await page.__aexit__()
    return pages


def report(pages: list[Page], upto: int) -> bool:
    lost = doubled = disordered = delivered = whole = 0
    for page in pages:
        seen = [seq for seq, _ in page.seen]
        expected = range((page.begun or 0) + 1, upto + 1)
        times = Counter(seen)
        delivered += len(seen)
        lost += sum(1 for seq in expected if not times[seq])
        doubled += sum(count - 1 for count in times.values())
        disordered += sum(1 for before, after in zip(seen, seen[1:], strict=False) if after <= before)
        whole += seen == list(expected)
    reconnects = sum(page.connections - 1 for page in pages)
    print(f"written {upto}, delivered {delivered} to {len(pages)} pages, {reconnects} reconnects, two kills")
    print(f"lost {lost}, doubled {doubled}, out of order {disordered}")
    print(f"pages that saw everything once and in order: {whole}/{len(pages)}")
    return whole == len(pages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--reconnects", type=int, default=300)
    parser.add_argument("--writers", type=int, default=4)
    options = parser.parse_args()
    with Stage() as stage:
        pages = asyncio.run(story(stage, stage.cookies(), options))
        from django.db import connection  # noqa: PLC0415

        from dr_console.live.history import head  # noqa: PLC0415

        print(f"{connection.vendor}, {options.writers} writers, {options.rate:g} events/s asked for")
        is_right = report(pages, head("console"))
    sys.exit(0 if is_right else 1)


if __name__ == "__main__":
    main()
