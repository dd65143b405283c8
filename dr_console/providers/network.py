"""Connections that keep to the deadline of the call they are made for, at each single step.

httpx bounds the wait for each piece; who sends one byte every few seconds would keep us for ever.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from typing import Any

import httpcore

from dr_console.providers.deadlines import Deadline

LEAST_SECONDS = 0.001
_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)

WhyNot = Callable[[str], str]


class AddressRefused(Exception):
    """The host has only addresses that must not be asked. The message says why, of the first."""


@contextmanager
def within(deadline: Deadline) -> Iterator[None]:
    """What is connected, sent and read in this block keeps to the deadline."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def bounded(timeout: float | None) -> float | None:
    """This many seconds, or what the deadline leaves if that is less."""
    deadline = _deadline.get()
    if deadline is None:
        return timeout
    left = max(LEAST_SECONDS, deadline.left())
    return left if timeout is None else min(timeout, left)


class BoundedBackend(httpcore.NetworkBackend):
    """`why_not(address)`: why this one must not be connected to, or empty. It is asked about what the name led to and
    what is then connected to, so a name that changes between the two leads nowhere.
    """

    def __init__(self, why_not: WhyNot | None = None) -> None:
        self._inner = httpcore.SyncBackend()
        self._why_not = why_not

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        places = self._allowed(look_up(host, port, bounded(timeout)))
        for number, place in enumerate(places, start=1):
            try:
                given = _share(bounded(timeout), len(places) - number + 1)
                return _BoundedStream(
                    self._inner.connect_tcp(place, port, given, local_address, list(socket_options or ()))
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(places):
                    raise
        raise httpcore.ConnectError(f"{host} has no address")

    def _allowed(self, places: list[str]) -> list[str]:
        if self._why_not is None:
            return places
        reasons = [self._why_not(place) for place in places]
        if places and all(reasons):
            raise AddressRefused(reasons[0])
        return [place for place, reason in zip(places, reasons, strict=True) if not reason]


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, bounded(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, bounded(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _BoundedStream(self._inner.start_tls(ssl_context, server_hostname, bounded(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def look_up(host: str, port: int, timeout: float | None) -> list[str]:
    """The addresses of a name, best first.

    In a thread that nobody waits for longer than `timeout`: the system's own look-up knows no time-out.
    """
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    found: SimpleQueue[list[str] | OSError] = SimpleQueue()
    threading.Thread(target=_look_up, args=(host, port, found), daemon=True, name="look-up").start()
    try:
        answer = found.get(timeout=timeout)
    except Empty:
        raise httpcore.ConnectTimeout(f"{host}: its address was not found in time") from None
    if isinstance(answer, OSError):
        raise httpcore.ConnectError(f"{host}: {answer.strerror or answer}")
    return answer


def _look_up(host: str, port: int, found: SimpleQueue[list[str] | OSError]) -> None:
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found.put(list(dict.fromkeys(str(place[4][0]) for place in places)))
    except OSError as error:
        found.put(error)
    except UnicodeError:
        found.put(OSError("is no name of a host"))


def _share(seconds: float | None, addresses: int) -> float | None:
    """The time for one of several addresses, so that one that says nothing leaves some for the next."""
    return seconds if seconds is None else seconds / addresses
