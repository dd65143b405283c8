"""Start the sandbox by itself: python -m dr_console.sandbox --port 8100 --speed 60."""

from __future__ import annotations

import argparse
import socket

import uvicorn

from dr_console.sandbox.broken_wire import Protocol
from dr_console.sandbox.clock import Clock
from dr_console.sandbox.server import Sandbox
from dr_console.sandbox.world import World


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8100, help="0 takes a free one")
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster than ours its clock runs")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", given.port))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    app = Sandbox(World(Clock(given.speed), given.seed))
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
