"""HTTPS beside HTTP, with a certificate made on the spot, for programs that speak nothing else."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dr_console.sandbox.broken_wire import Protocol

DAYS = 30


async def serve_tls(server: uvicorn.Server, listener: socket.socket) -> list[Any]:
    """Serve the same app over TLS. Prints where the certificate is that clients have to trust."""
    folder = tempfile.TemporaryDirectory(prefix="dr-console-sandbox-")
    file = Path(folder.name) / "certificate.pem"
    context = _context(file)
    secure = await asyncio.get_running_loop().create_server(
        lambda: Protocol(server.config, server.server_state, {}), sock=listener, ssl=context
    )
    print(f"https://127.0.0.1:{listener.getsockname()[1]} with the certificate {file}", flush=True)
    return [secure, _Closing(folder)]


class _Closing:
    """A folder that is removed by what closes the servers."""

    def __init__(self, folder: tempfile.TemporaryDirectory[str]) -> None:
        self._folder = folder

    def close(self) -> None:
        self._folder.cleanup()


def _context(file: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DR Console sandbox")])
    now = datetime.now(UTC)  # noqa: TID251 (the sandbox has no Django)
    alternatives = [
        x509.DNSName("localhost"),
        x509.DNSName("*.localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = file.with_name("key.pem")
    private.touch(mode=0o600)
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, private)
    return context
