"""From a target's URL to what is put on the wire: where to connect, and the request to send there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from django.conf import settings

from dr_console import __version__
from dr_console.providers.capabilities.probe import Failure, Target
from dr_console.providers.probe.faults import Failed

PORTS = {"http": 80, "https": 443}
# What may stand in a path or a query as it is: RFC 3986, and "%" because it has been quoted already.
UNQUOTED = "/?%:@!$&'()*+,;=~-._[]"


@dataclass(frozen=True)
class Route:
    """Where a request goes. `name`: the host that the user meant, which in a sandbox is not the one connected to."""

    url: str
    name: str
    host: str
    port: int
    is_secure: bool
    path: str
    host_header: str
    is_pretend: bool = False

    @property
    def shown(self) -> str:
        return self.url.partition("?")[0]

    @property
    def origin(self) -> tuple[str, int, bool]:
        return self.name, self.port, self.is_secure


def route(url: str) -> Route:
    """Raises Failed (TARGET) if this is no address that can be asked.

    In sandbox mode everything is asked at the sandbox's edge, which knows what is behind each host name.
    """
    return _route(url, settings.DR_EDGE_URL)


# The same few addresses are asked all day.
@lru_cache(maxsize=1024)
def _route(url: str, edge: str) -> Route:
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
        name = (parts.hostname or "").encode("idna").decode() if ":" not in (parts.hostname or "") else parts.hostname
    except ValueError as error:  # also UnicodeError
        raise Failed(Failure.TARGET, str(error)) from error
    if parts.scheme not in PORTS or not name:
        raise Failed(Failure.TARGET, "it must begin with http:// or https:// and a host")
    if "@" in parts.netloc:
        raise Failed(Failure.TARGET, "a password has no place in an address; send it in a header")
    path = quote(parts.path or "/", safe=UNQUOTED) + (f"?{quote(parts.query, safe=UNQUOTED)}" if parts.query else "")
    if edge:
        return _at_the_edge(url, name, path, urlsplit(edge))
    return Route(url, name, name, port, parts.scheme == "https", path, _host_header(parts, name, port))


def _at_the_edge(url: str, name: str, path: str, edge: SplitResult) -> Route:
    host, port = edge.hostname or "", edge.port or PORTS[edge.scheme]
    path = f"{edge.path.rstrip('/')}/{name}{path}"
    return Route(url, name, host, port, edge.scheme == "https", path, edge.netloc, is_pretend=True)


def _host_header(parts: SplitResult, name: str, port: int) -> str:
    host = f"[{name}]" if ":" in name else name
    return host if port == PORTS[parts.scheme] else f"{host}:{port}"


def headers(target: Target, route: Route, *, is_own_host: bool) -> tuple[tuple[str, str], ...]:
    """Ours after the defaults, which they replace. None of ours for another host than the one they were meant for."""
    defaults = _defaults(route.host_header)
    if not (target.headers and is_own_host):
        return defaults
    given = {name.lower() for name in target.headers}
    return (*((name, value) for name, value in defaults if name.lower() not in given), *target.headers.items())


@lru_cache(maxsize=1024)
def _defaults(host: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Host", host),
        ("User-Agent", f"dr-console-probe/{__version__}"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    )


def next_url(url: str, location: str) -> str:
    """Raises Failed (REDIRECTS) if that is no address at all."""
    try:
        return urljoin(url, location).partition("#")[0]
    except ValueError as error:
        raise Failed(Failure.REDIRECTS, f"→ {location[:200]}") from error
