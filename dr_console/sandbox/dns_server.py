"""The zone's authoritative server, over UDP and TCP: what the records are now, with their TTL."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dr_console.sandbox.names import MOST_HOPS, ZONE, Name, Names

if TYPE_CHECKING:
    from dr_console.sandbox.world import World

# What the CDN answers with for a proxied name: addresses that lead nowhere, as all in 198.51.100.0/24 do.
CDN_ADDRESSES = ("198.51.100.104", "198.51.100.105")
MOST_UDP_BYTES = 1_232
NAME_SERVERS = (f"ns1.{ZONE}", f"ns2.{ZONE}")


async def serve_dns(world: Callable[[], World], udp: socket.socket, tcp: socket.socket) -> list[Any]:
    """Answer on both sockets; the returned things are closed at the end."""
    transport, _protocol = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Udp(world), sock=udp)
    server = await asyncio.start_server(lambda reader, writer: _speak_tcp(world, reader, writer), sock=tcp)
    return [transport, server]


def answer(names: Names, question: bytes, *, most: int = 65_535) -> bytes:
    """The answer to this message, or nothing if it is none."""
    import dnslib  # noqa: PLC0415 (nobody may ever ask, and an idle sandbox is to stay small)

    try:
        asked = dnslib.DNSRecord.parse(question)
        name = str(asked.q.qname).lower().rstrip(".")
        wanted = dnslib.QTYPE.get(asked.q.qtype)
    except (dnslib.DNSError, UnicodeError, IndexError, ValueError):
        return b""
    reply = asked.reply(aa=1, ra=0)
    if asked.header.qr or asked.header.opcode != 0:
        reply.header.rcode = dnslib.RCODE.NOTIMP
    elif name != ZONE and not name.endswith(f".{ZONE}"):
        reply.header.aa = 0
        reply.header.rcode = dnslib.RCODE.REFUSED
    else:
        _fill(reply, names, name, wanted)
    packed: bytes = reply.pack()
    if len(packed) > most:
        packed = reply.truncate().pack()
    return packed


def _fill(reply: Any, names: Names, name: str, wanted: str) -> None:
    import dnslib  # noqa: PLC0415 (see above)

    for _ in range(MOST_HOPS):
        found, onward = _records(names, name, wanted)
        for record in found:
            reply.add_answer(*_as_rr(record, dnslib))
        if not onward or not (onward == ZONE or onward.endswith(f".{ZONE}")):
            break
        name = onward
    if not reply.rr:
        if not names.types(name) and name != ZONE:
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
        reply.add_auth(*dnslib.RR.fromZone(_soa(names)))


def _records(names: Names, name: str, wanted: str) -> tuple[list[Name], str]:
    """What stands at the name, and where its CNAME leads if that must be followed."""
    if name == ZONE and wanted in ("SOA", "NS", "ANY"):
        apex = [Name(ZONE, "NS", f"{server}.", 86_400) for server in NAME_SERVERS] if wanted != "SOA" else []
        return apex or [Name(ZONE, "SOA", _soa(names).partition(" SOA ")[2], 1_800)], ""
    canonical = names.published(name, "CNAME")
    proxied = [record for type in ("CNAME", "A", "AAAA") for record in names.published(name, type) if record.proxied]
    if proxied:
        # The CDN flattens: who asks sees addresses of its own, and never where the origin is.
        addresses = [Name(name, "A", address, proxied[0].seconds_kept) for address in CDN_ADDRESSES]
        return (addresses if wanted in ("A", "ANY") else []), ""
    if canonical and wanted not in ("CNAME", "ANY"):
        return canonical, canonical[0].content.lower().rstrip(".")
    types = names.types(name) if wanted == "ANY" else {wanted}
    return [record for type in sorted(types) for record in names.published(name, type)], ""


def _as_rr(record: Name, dnslib: Any) -> list[Any]:
    content = record.content
    if record.type in ("CNAME", "MX", "NS", "SRV"):
        content = f"{content.rstrip('.')}."
    elif record.type == "TXT" and not content.startswith('"'):
        content = '"' + content.replace('"', '\\"') + '"'
    try:
        return list(dnslib.RR.fromZone(f"{record.name}. {record.seconds_kept} IN {record.type} {content}"))
    except (dnslib.DNSError, ValueError, IndexError, KeyError):
        return []  # A type that dnslib does not know how to write.


def _soa(names: Names) -> str:
    return f"{ZONE}. 1800 IN SOA {NAME_SERVERS[0]}. dns.{ZONE}. {names.serial} 10000 2400 604800 30"


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        world = self._world()
        world.clock.run_due()
        packed = answer(world.names, data, most=MOST_UDP_BYTES)
        if packed and self._transport is not None:
            self._transport.sendto(packed, addr)


async def _speak_tcp(world: Callable[[], World], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            length = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), 10), "big")
            question = await asyncio.wait_for(reader.readexactly(length), 10)
            world().clock.run_due()
            packed = answer(world().names, question)
            writer.write(len(packed).to_bytes(2, "big") + packed)
            await writer.drain()
    except (asyncio.IncompleteReadError, TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
