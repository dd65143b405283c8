"""The least that asking so many targets in time takes: raw asyncio, paced as the watch does, that looks at nothing.

python -m benchmarks.probing.paced PORT TARGETS SECONDS
"""

from __future__ import annotations

import asyncio
import sys
import time


async def ask(port: int, number: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /edge/h{number}.example.com/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    await reader.read(-1)
    writer.close()


async def main(port: int, targets: int, seconds: float) -> None:
    began, tasks = time.monotonic(), set()
    for turn in range(int(seconds)):
        for number in range(targets):
            ahead = began + turn + number * min(0.001, 0.5 / targets) - time.monotonic()
            if ahead > 0.005:
                await asyncio.sleep(ahead)
            tasks.add(asyncio.create_task(ask(port, number)))
        await asyncio.sleep(max(0.0, began + turn + 1 - time.monotonic()))
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
