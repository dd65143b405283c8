"""Servers on loopback that do what a test says, with TLS or without; names they are found by; certificates."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dnslib
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ports import free_port

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Servers:
    """An event loop in a thread of its own, and the servers in it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def serve(self, handler: Handler, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> int:
        """Port at which `handler` deals with each connection, after the request's head was read."""

        async def deal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handler(reader, writer)
                await writer.drain()
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        async def start() -> asyncio.Server:
            return await asyncio.start_server(deal, host, 0, ssl=tls, backlog=1024)

        server = asyncio.run_coroutine_threadsafe(start(), self.loop).result(5)
        return int(server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        def end() -> None:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.call_soon(self.loop.stop)

        self.loop.call_soon_threadsafe(end)
        self._thread.join(5)
        self.loop.close()


def saying(answer: bytes, *, heard: list[bytes] | None = None) -> Handler:
    """Reads the request and says this, then hangs up."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(asked)
        writer.write(answer)

    return handle


def ok(body: bytes = b'{"status":"ok"}', **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join(["HTTP/1.1 200 OK", f"content-length: {len(body)}", *lines])
    return head.encode() + b"\r\n\r\n" + body


@contextmanager
def blackhole() -> Iterator[int]:
    """A port that never takes a connection and never refuses one: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            each = socket.socket()
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
            waiting.append(each)
        try:
            yield listener.getsockname()[1]
        finally:
            for each in waiting:
                each.close()


class NameServer:
    """A DNS server: `answer` makes the reply's records out of the question; None stays silent."""

    def __init__(self, answer: Callable[[str, str], list[dnslib.RR] | None], *, truncate: bool = False) -> None:
        self.answer, self.truncate, self.asked = answer, truncate, 0
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = free_port()
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._over_udp, daemon=True).start()
        threading.Thread(target=self._over_tcp, daemon=True).start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        for each in (self.udp, self.tcp):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def _reply(self, packet: bytes) -> dnslib.DNSRecord | None:
        question = dnslib.DNSRecord.parse(packet)
        self.asked += 1
        records = self.answer(str(question.q.qname).rstrip("."), dnslib.QTYPE[question.q.qtype])
        if records is None:
            return None
        reply = question.reply()
        for record in records:
            reply.add_answer(record)
        if not records:
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
        return reply

    def _over_udp(self) -> None:
        while True:
            try:
                packet, sender = self.udp.recvfrom(4096)
            except OSError:
                return
            if not packet:
                return
            reply = self._reply(packet)
            if reply is not None:
                self.udp.sendto((reply.truncate() if self.truncate else reply).pack(), sender)

    def _over_tcp(self) -> None:
        while True:
            try:
                connection, _sender = self.tcp.accept()
            except OSError:
                return
            with connection:
                packet = connection.recv(4096)
                reply = self._reply(packet[2:])
                if reply is not None:
                    packed = reply.pack()
                    connection.sendall(len(packed).to_bytes(2, "big") + packed)


class Authority:
    """A certificate authority of our own, in a folder, and the certificates it signs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = self._signed(self.name, self.key, [], days=(-1, 30), is_authority=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def tls(self, *names: str, days: tuple[int, int] = (-1, 30), self_signed: bool = False) -> ssl.SSLContext:
        """A server with a certificate for `names`, valid from and until so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = self._signed(subject, key, list(names), days=days, self_signed=self_signed)
        file = self.folder / f"{names[0].replace('*', 'star')}-{days[1]}-{self_signed}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        names: list[str],
        *,
        days: tuple[int, int],
        is_authority: bool = False,
        self_signed: bool = False,
    ) -> x509.Certificate:
        at = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if self_signed else self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at + timedelta(days=days[0]))
            .not_valid_after(at + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if names:
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        return builder.sign(key if self_signed else self.key, hashes.SHA256())
