"""Which ports of this machine the sandbox takes. It imports little: `manage.py up` asks before it starts anything."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

HERE = "127.0.0.1"


@dataclass(frozen=True)
class Options:
    """Ports of this machine; 0 means none, and of `port`, any that is free.

    `console`: address of the console on this machine that PagerDuty and Slack are told from the start, if any.
    """

    port: int = 8100
    dns_port: int = 8153
    smtp_port: int = 8125
    tls_port: int = 0
    speed: float = 1.0
    seed: int = 1
    console: str = ""


class PortRefused(Exception):
    """`option`: "port", "dns-port", …; `why`: a sentence."""

    def __init__(self, option: str, why: str) -> None:
        super().__init__(f"{option}: {why}")
        self.option, self.why = option, why


@dataclass
class Ports:
    """What was bound, so that the refusal of one comes before anything is started."""

    http: socket.socket
    dns: socket.socket | None = None
    dns_tcp: socket.socket | None = None
    smtp: socket.socket | None = None
    tls: socket.socket | None = None

    @classmethod
    def bind(cls, options: Options, http: socket.socket | None = None) -> Ports:
        """Raises PortRefused."""
        return cls(
            http or _bound("port", options.port),
            _bound("dns-port", options.dns_port, socket.SOCK_DGRAM) if options.dns_port else None,
            _bound("dns-port", options.dns_port) if options.dns_port else None,
            _bound("smtp-port", options.smtp_port) if options.smtp_port else None,
            _bound("tls-port", options.tls_port) if options.tls_port else None,
        )

    def close(self) -> None:
        for each in filter(None, (self.http, self.dns, self.dns_tcp, self.smtp, self.tls)):
            each.close()


def _bound(option: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    if not 0 <= port <= 65_535:
        raise PortRefused(option, f"{port} is no port; give one from 1 to 65535.")
    bound = socket.socket(socket.AF_INET, kind)
    if kind is socket.SOCK_STREAM:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # asyncio sets it only where the protocol is named; without it every second answer takes 40 ms more.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        bound.bind((HERE, port))
        if kind is socket.SOCK_STREAM:
            bound.listen(2048)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise PortRefused(option, f"{port} is in use by another program. Stop that, or choose another.") from error
        if error.errno == errno.EACCES:
            raise PortRefused(option, f"{port} may be used by an administrator only. Choose one above 1023.") from error
        raise PortRefused(option, f"{port} cannot be used ({error.strerror}).") from error
    bound.setblocking(False)
    return bound
