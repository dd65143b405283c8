"""Send to an address on this machine, and to no other: webhooks of pretend vendors must reach nobody else."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

MOST_ANSWERED = 256 * 1024


class NotHere(Exception):
    """The address is not on this machine."""


def is_here(url: str) -> bool:
    """True for an http or https address on this machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError when it is no number
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and _is_loopback(parts.hostname or "")


async def post(url: str, headers: Mapping[str, str], body: bytes, *, within: float) -> tuple[int, str]:
    """POST; status and the answer's body. Raises NotHere, OSError or TimeoutError (after so many seconds of ours)."""
    return await ask("POST", url, headers, body, within=within)


async def ask(
    method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, within: float
) -> tuple[int, str]:
    """The same with any method."""
    if not is_here(url):
        raise NotHere(url)
    return await asyncio.wait_for(_ask(method, url, headers, body), within)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _ask(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
    lines += [f"Content-Length: {len(body)}"] if body or method != "GET" else []
    lines += [f"{name}: {value}" for name, value in headers.items()]
    secure = _any_certificate() if parts.scheme == "https" else None
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure)
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        answer = await reader.read(MOST_ANSWERED)
        while not reader.at_eof() and len(answer) < MOST_ANSWERED:
            answer += await reader.read(MOST_ANSWERED)
    finally:
        writer.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    try:
        status = int(head.split(b" ", 2)[1])
        whole = _dechunked(rest) if b"transfer-encoding: chunked" in head.lower() else rest
    except (IndexError, ValueError):
        raise ConnectionError("it answered no HTTP") from None
    return status, whole.decode(errors="replace")


def _any_certificate() -> ssl.SSLContext:
    """A server on this machine has a certificate of its own making."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _dechunked(rest: bytes) -> bytes:
    whole = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if length == 0:
            break
        whole, rest = whole + rest[:length], rest[length + 2 :]
    return whole
