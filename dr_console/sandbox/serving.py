"""The sandbox as a process: its ports, and its end."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress
from typing import Any

import uvicorn

from dr_console.sandbox.broken_wire import Protocol
from dr_console.sandbox.clock import Clock
from dr_console.sandbox.ports import HERE, Options, Ports
from dr_console.sandbox.server import Sandbox
from dr_console.sandbox.world import World


def serve(options: Options, ports: Ports | None = None) -> None:
    """Serve until SIGTERM. Prints the address once it answers. Raises PortRefused."""
    ports = ports or Ports.bind(options)
    config = uvicorn.Config(
        Sandbox(World(Clock(options.speed), options.seed, options.console)),
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        # Requests that a fault keeps without an answer must not hold up the end.
        timeout_graceful_shutdown=0,
    )
    # Of each letter's connection, a line; and that requests were cut off at the end, which is what was asked for.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(lambda record: "graceful shutdown" not in record.msg)
    with suppress(KeyboardInterrupt):
        _Server(config, ports).run(sockets=[ports.http])


class _Server(uvicorn.Server):
    """uvicorn, with the other ports beside it."""

    def __init__(self, config: uvicorn.Config, ports: Ports) -> None:
        super().__init__(config)
        self._ports = ports
        self._others: list[Any] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            await self._start_others()
            print(f"http://{HERE}:{self._ports.http.getsockname()[1]}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for other in self._others:
            other.close()
        await super().shutdown(sockets)

    async def _start_others(self) -> None:
        """Each is imported only where it is wanted: an idle sandbox is to stay small."""
        ports = self._ports
        sandbox: Sandbox = self.config.app  # type: ignore[assignment]
        if ports.dns is not None and ports.dns_tcp is not None:
            from dr_console.sandbox.dns_server import serve_dns  # noqa: PLC0415 (see above)

            self._others += await serve_dns(lambda: sandbox.world, ports.dns, ports.dns_tcp)
        if ports.smtp is not None:
            from dr_console.sandbox.mail_server import serve_mail  # noqa: PLC0415

            self._others += await serve_mail(lambda: sandbox.world, ports.smtp)
        if ports.tls is not None:
            from dr_console.sandbox.certificate import serve_tls  # noqa: PLC0415

            self._others += await serve_tls(self, ports.tls)
