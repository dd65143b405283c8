"""One health check of an address: whether it answers as it should, how long each phase took, and who answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from django.utils.translation import gettext as _

from dr_console.providers.deadlines import Deadline

MOST_BYTES = 1024 * 1024


class Phase(StrEnum):
    """What a check is at. They follow each other; TLS is left out for http."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    REQUEST = "request"  # sending it
    FIRST_BYTE = "first_byte"  # waiting for the answer to begin
    BODY = "body"  # reading it


class Failure(StrEnum):
    """Why a check is not good. The word is what is stored."""

    TARGET = "target"  # what is to be asked makes no sense: the address, or one of our headers
    FORBIDDEN = "forbidden"  # an address that must not be asked: private, or a cloud's metadata
    DNS = "dns"  # the name leads nowhere
    REFUSED = "refused"  # nobody listens there
    UNREACHABLE = "unreachable"  # there is no way to it
    TIMED_OUT = "timed_out"  # in `phase`
    TLS = "tls"  # no handshake, or a certificate that is not to be believed
    RESET = "reset"  # the connection broke before the whole answer had come
    STATUS = "status"
    BODY = "body"  # it does not say what it should
    TOO_LARGE = "too_large"
    GARBLED = "garbled"  # that is not HTTP
    REDIRECTS = "redirects"  # too many, in a circle, or to nowhere


@dataclass(frozen=True)
class JsonCheck:
    """The value at `path` in the body is `equals`. Path: `status`, `data.state`, `checks[0].ok`, `checks.0.ok`."""

    path: str
    equals: Any


@dataclass(frozen=True)
class Target:
    """What to ask, and what a good answer is.

    `statuses`: lowest and highest that are good. `contains`: a text in the body. `most_bytes`: a longer body fails.
    `dns_server`: "host:port" of the server that names are looked up at; the system's way where empty.
    `headers` are our own; they are not sent on to another host by a redirect.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    statuses: tuple[int, int] = (200, 299)
    contains: str = ""
    json: JsonCheck | None = None
    most_bytes: int = MOST_BYTES
    follow_redirects: bool = False
    most_redirects: int = 5
    verify_tls: bool = True
    dns_server: str = ""


@dataclass(frozen=True)
class Timings:
    """Seconds each phase took, of the last request if there were several. None: it did not come to that.

    `first_byte`: from having sent the request. `whole`: the entire check, redirects and all.
    """

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    whole: float = 0.0


@dataclass(frozen=True)
class Certificate:
    """The server's. `fits`: it is for this host. `trusted`: everything about it is in order."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins_at: datetime
    expires_at: datetime
    fits: bool
    trusted: bool


@dataclass(frozen=True)
class Edge:
    """Who answered, by what the headers say. `colo`: Cloudflare's data centre (NRT). `age`: seconds in a cache."""

    server: str = ""
    via: str = ""
    age: int | None = None
    colo: str = ""
    cf_ray: str = ""
    cache: str = ""
    vercel_id: str = ""

    @property
    def vercel_region(self) -> str:
        """Where Vercel's function ran, or else where its edge is: hnd1."""
        parts = self.vercel_id.split("::")
        return parts[-2] if len(parts) > 1 else ""


@dataclass(frozen=True)
class Lookup:
    """What DNS said. `ttl`: seconds that the answer may be kept, if the server was asked by ourselves."""

    addresses: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    ttl: int | None = None
    server: str = ""


@dataclass(frozen=True)
class ProbeResult:
    """What became of one check. `said`: the technical detail. `tried`: addresses that failed before `address`.

    `url`: what was asked last, without its query, which may hold a secret.
    """

    url: str
    timings: Timings
    failure: Failure | None = None
    phase: Phase | None = None
    said: str = ""
    status: int | None = None
    size: int | None = None
    address: str = ""
    lookup: Lookup = Lookup()
    tried: tuple[tuple[str, str], ...] = ()
    certificate: Certificate | None = None
    edge: Edge = Edge()
    redirects: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.failure is None

    @property
    def sentence(self) -> str:
        """For people, in the language of the moment."""
        if self.failure is None:
            return _("It answers well.")
        words = worded(self.failure, self.phase) % {"status": self.status}
        return f"{words} ({self.said})" if self.said else words


def worded(failure: Failure, phase: Phase | None) -> str:
    """A failure in the language of the moment; %(status)s in it is to be filled in."""
    if failure is Failure.TIMED_OUT:
        return _timed_out(phase)
    return {
        Failure.TARGET: _("This cannot be asked as it is written."),
        Failure.FORBIDDEN: _("This address is one that the console does not ask."),
        Failure.DNS: _("The name leads nowhere."),
        Failure.REFUSED: _("Nobody listens at that address."),
        Failure.UNREACHABLE: _("There is no way to that address."),
        Failure.TLS: _("No trusted connection came about."),
        Failure.RESET: _("The connection broke before the whole answer had come."),
        Failure.STATUS: _("It answers with status %(status)s."),
        Failure.BODY: _("It answers, but does not say what it should."),
        Failure.TOO_LARGE: _("Its answer is too large."),
        Failure.GARBLED: _("What it answers is not HTTP."),
        Failure.REDIRECTS: _("It leads on and on, and not to an answer."),
    }[failure]


def _timed_out(phase: Phase | None) -> str:
    return {
        Phase.DNS: _("DNS did not answer in time."),
        Phase.CONNECT: _("No connection came about in time."),
        Phase.TLS: _("The connection was not secured in time."),
        Phase.REQUEST: _("It did not take the request in time."),
        Phase.FIRST_BYTE: _("It took the request, and did not answer in time."),
        Phase.BODY: _("It began to answer, and did not finish in time."),
    }[phase or Phase.CONNECT]


class Prober(Protocol):
    async def __call__(self, target: Target, *, deadline: Deadline) -> ProbeResult:
        """Check once. Never raises for what the target does, nor for how it is written; may be cancelled any time."""
        ...
