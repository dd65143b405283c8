"""Real servers on loopback, names that lead to them, and settings as in live mode."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from dr_console.providers.probe import wire
from tests.providers.answering import Authority, NameServer, Servers
from tests.providers.probe import HOST


@pytest.fixture(autouse=True)
def _to_the_host_itself(settings: Any) -> None:
    """As in live mode, but for the loopback addresses that the servers of these tests are at."""
    settings.DR_EDGE_URL = ""
    settings.DR_ALLOWED_NETWORKS = ["127.0.0.0/8", "::1/128"]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def _trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The system believes what our authority signs."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    wire.tls_context.cache_clear()
    yield
    wire.tls_context.cache_clear()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the system's resolver says, by host; anything else does not exist."""
    known: dict[str, list[str]] = {HOST: ["127.0.0.1"]}

    def getaddrinfo(host: str, port: Any, *arguments: Any, **options: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, 0, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))
            for address in known[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


@pytest.fixture
def name_server() -> Iterator[Any]:
    started: list[NameServer] = []

    def start(answer: Any, **options: Any) -> NameServer:
        started.append(NameServer(answer, **options))
        return started[-1]

    yield start
    for server in started:
        server.close()
