"""Find the addresses of a host: as the system does it, or by asking a DNS server ourselves."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from dr_console.providers.capabilities.probe import Failure, Lookup
from dr_console.providers.probe import dns_client
from dr_console.providers.probe.faults import Failed

Addresses = list[tuple[int, tuple[Any, ...]]]
_under_way: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Future[Addresses]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Found:
    """Where to connect to, best first: (family, address without its port)."""

    places: Addresses
    lookup: Lookup

    def address(self, index: int, port: int) -> tuple[int, tuple[Any, ...]]:
        family, (host, *rest) = self.places[index]
        return family, (host, port, *rest)


def literal(host: str) -> Found | None:
    """The host, if it is an address itself."""
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        return None
    return Found([(family, (host,))], Lookup((host,)))


async def find(host: str, dns_server: str) -> Found:
    """Raises Failed (DNS) if the name has no address."""
    if dns_server:
        lookup = await dns_client.look_up(host, dns_server)
        found = [each for address in lookup.addresses if (each := literal(address))]
        return Found([each.places[0] for each in found], lookup)
    try:
        places = await _as_the_system_does(host)
    except OSError as error:
        raise Failed(Failure.DNS, error.strerror or str(error)) from error
    return Found(places, Lookup(tuple(str(address[0]) for _family, address in places)))


async def _as_the_system_does(host: str) -> Addresses:
    """One look-up at a time for each name, in a thread that nobody waits for: libc cannot be interrupted.

    A pool of threads would be full once a few names do not answer, and keep the other names waiting.
    """
    loop = asyncio.get_running_loop()
    under_way = _under_way.setdefault(loop, {})
    answer = under_way.get(host)
    if answer is None:
        answer = under_way[host] = loop.create_future()
        answer.add_done_callback(lambda done: (under_way.pop(host, None), done.cancelled() or done.exception()))
        threading.Thread(target=_look_up, args=(loop, answer, host), name="dns", daemon=True).start()
    return await asyncio.shield(answer)


def _look_up(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Addresses], host: str) -> None:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        wrong = error if isinstance(error, OSError) else OSError(str(error))
        _tell(loop, answer, lambda: answer.set_exception(wrong))
        return
    places = [(int(family), (address[0], *address[2:])) for family, _type, _proto, _name, address in found]
    _tell(loop, answer, lambda: answer.set_result(places))


def _tell(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Addresses], do: Any) -> None:
    try:
        loop.call_soon_threadsafe(lambda: None if answer.done() else do())
    except RuntimeError:  # the loop has ended meanwhile, and with it whoever asked
        return
