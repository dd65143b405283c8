"""Ask one DNS server: UDP, sent again while it is silent, and TCP where the answer does not fit."""

from __future__ import annotations

import asyncio
import socket
import struct
from urllib.parse import urlsplit

import dnslib

from dr_console.providers.capabilities.probe import Failure, Lookup
from dr_console.providers.probe.faults import Failed, of_the_system

AGAIN_AFTER_SECONDS = 1.0
DNS_PORT = 53


async def look_up(host: str, server: str) -> Lookup:
    """A and AAAA of `host` side by side, with the names on the way and the shortest TTL.

    Raises Failed (DNS) if there is neither, or the server cannot be asked. Waits for ever: the caller has the deadline.
    """
    at = _place(server)
    try:
        answers = await asyncio.gather(*(_ask(host, kind, at) for kind in ("A", "AAAA")))
    except OSError as error:
        raise Failed(Failure.DNS, f"{server}: {of_the_system(error).said}") from error
    except (dnslib.DNSError, ValueError) as error:
        raise Failed(Failure.DNS, f"{server}: {error}") from error
    records = [record for answer in answers for record in answer.rr]
    addresses = [str(record.rdata) for record in records if record.rtype in (dnslib.QTYPE.A, dnslib.QTYPE.AAAA)]
    if not addresses:
        code = dnslib.RCODE.get(answers[0].header.rcode)
        raise Failed(Failure.DNS, f"{server}: {'no address' if code == 'NOERROR' else code}")
    chain = [str(record.rdata).rstrip(".") for record in records if record.rtype == dnslib.QTYPE.CNAME]
    ttl = min(record.ttl for record in records)
    return Lookup(tuple(dict.fromkeys(addresses)), tuple(dict.fromkeys(chain)), ttl, server)


def _place(server: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{server}")
        return parts.hostname or "", parts.port or DNS_PORT
    except ValueError as error:
        raise Failed(Failure.DNS, f"{server}: {error}") from error


async def _ask(host: str, kind: str, at: tuple[str, int]) -> dnslib.DNSRecord:
    question = dnslib.DNSRecord.question(host, kind)
    answer = await _over_udp(question, at)
    return await _over_tcp(question, at) if answer.header.tc else answer


async def _over_udp(question: dnslib.DNSRecord, at: tuple[str, int]) -> dnslib.DNSRecord:
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in at[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(at)  # so that only this server's answers come in, and its refusals as errors
        while True:
            await loop.sock_sendall(sock, question.pack())
            try:
                async with asyncio.timeout(AGAIN_AFTER_SECONDS):
                    return await _its_answer(sock, question)
            except TimeoutError:
                continue


async def _its_answer(sock: socket.socket, question: dnslib.DNSRecord) -> dnslib.DNSRecord:
    loop = asyncio.get_running_loop()
    while True:
        answer = dnslib.DNSRecord.parse(await loop.sock_recv(sock, 65535))
        if answer.header.id == question.header.id and answer.header.qr:
            return answer


async def _over_tcp(question: dnslib.DNSRecord, at: tuple[str, int]) -> dnslib.DNSRecord:
    reader, writer = await asyncio.open_connection(*at)
    try:
        packed = question.pack()
        writer.write(struct.pack("!H", len(packed)) + packed)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        return dnslib.DNSRecord.parse(await reader.readexactly(length))
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError("it hung up") from error
    finally:
        writer.close()
