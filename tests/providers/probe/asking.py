"""How the tests of health checks ask, and what several of their servers do."""

from __future__ import annotations

import asyncio
from typing import Any

import dnslib

from dr_console.providers.capabilities.probe import ProbeResult, Target
from dr_console.providers.deadlines import Deadline
from dr_console.providers.probe import probe_now
from tests.providers.probe import HOST


def check(
    port: int, *, seconds: float = 5, path: str = "/health", host: str = "127.0.0.1", **wanted: Any
) -> ProbeResult:
    return probe_now(Target(f"http://{host}:{port}{path}", **wanted), deadline=Deadline.after(seconds))


def secure(port: int, *, host: str = HOST, seconds: float = 5, **wanted: Any) -> ProbeResult:
    return probe_now(Target(f"https://{host}:{port}/health", **wanted), deadline=Deadline.after(seconds))


async def never(reader: Any, writer: Any) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(30)


def zone(name: str, kind: str) -> list[dnslib.RR]:
    if name != HOST or kind != "A":
        return [] if name != HOST else dnslib.RR.fromZone(f"{HOST}. 60 CNAME edge.test.")
    return dnslib.RR.fromZone(f"{HOST}. 60 CNAME edge.test.\nedge.test. 300 A 127.0.0.1\nedge.test. 300 A 127.0.0.2")
