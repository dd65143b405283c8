"""One check, phase by phase, on one connection; and its failures turned into a result."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from dr_console.providers import addresses
from dr_console.providers.capabilities.probe import (
    Certificate,
    Edge,
    Failure,
    Lookup,
    Phase,
    ProbeResult,
    Target,
    Timings,
)
from dr_console.providers.deadlines import Deadline
from dr_console.providers.probe import certificates, judging, names, routes
from dr_console.providers.probe.faults import Failed, of_the_system
from dr_console.providers.probe.http1 import Reply, exchange, request
from dr_console.providers.probe.routes import Route
from dr_console.providers.probe.wire import Wire, tls_context

LEAST_CONNECT_SECONDS = 1.0
REDIRECTS = {301, 302, 303, 307, 308}


async def wait_for(doing: Coroutine[Any, Any, None], seconds: float) -> None:
    """Raises Failed (TIMED_OUT), which the time-out of the whole check is not."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            await doing
    except TimeoutError as error:
        if limit.expired():
            raise Failed(Failure.TIMED_OUT) from error
        raise


@dataclass
class Check:
    """What is known so far. It is filled in as the check goes on, so that a failure still tells what came before."""

    target: Target
    deadline: Deadline
    began: float = field(default_factory=time.monotonic)
    url: str = ""
    phase: Phase | None = None
    entered: float = 0.0
    took: dict[Phase, float] = field(default_factory=dict)
    lookup: Lookup = Lookup()
    address: str = ""
    tried: list[tuple[str, str]] = field(default_factory=list)
    certificate: Certificate | None = None
    reply: Reply | None = None
    redirects: list[str] = field(default_factory=list)

    async def run(self) -> ProbeResult:
        """Raises nothing but CancelledError."""
        failure, said = None, ""
        try:
            async with asyncio.timeout(self.deadline.left()):
                await self._follow()
        except TimeoutError:
            failure = Failure.TIMED_OUT
        except Failed as failed:
            failure, said = failed.failure, failed.said
        return self._result(failure, said)

    def enter(self, phase: Phase | None) -> None:
        """The phase before has ended."""
        at = time.monotonic()
        if self.phase is not None:
            self.took[self.phase] = at - self.entered
        self.phase, self.entered = phase, at

    async def _follow(self) -> None:
        url, seen = self.target.url, set()
        route = first = routes.route(url)
        while True:
            await self._ask(route, is_own_host=route.origin == first.origin)
            assert self.reply is not None
            location = self.reply.headers.get("location", "")
            if not (self.target.follow_redirects and self.reply.status in REDIRECTS and location):
                break
            seen.add(url)
            url = routes.next_url(url, location)
            self.redirects.append(url.partition("?")[0])
            if url in seen or len(self.redirects) > self.target.most_redirects:
                raise Failed(Failure.REDIRECTS, " → ".join(self.redirects[-3:]))
            route = routes.route(url)
        judging.judge(self.target, self.reply)
        self.enter(None)

    async def _ask(self, route: Route, *, is_own_host: bool) -> None:
        self.url, self.took, self.tried, self.certificate, self.reply = route.shown, {}, [], None, Reply()
        headers = routes.headers(self.target, route, is_own_host=is_own_host)
        method = self.target.method.upper()
        asked = request(method, route.path, headers)
        found = await self._find(route)
        wire = await self._connect(found, route)
        try:
            if route.is_secure:
                await self._secure(wire, found, route)
            await exchange(wire, method, asked, self.reply, most_bytes=self.target.most_bytes, enter=self.enter)
        except OSError as error:
            raise of_the_system(error) from error
        finally:
            wire.close()
        self.enter(None)

    async def _find(self, route: Route) -> names.Found:
        """Where to connect. In a sandbox that is its edge; a DNS server is asked all the same, for what it says."""
        found = names.literal(route.host)
        asks_for_name = bool(route.is_pretend and self.target.dns_server)
        if found is not None and not asks_for_name:
            self.lookup = Lookup() if route.is_pretend else found.lookup
            return found
        self.enter(Phase.DNS)
        told = await names.find(route.name if asks_for_name else route.host, self.target.dns_server)
        self.enter(None)
        self.lookup = told.lookup
        return found or told

    async def _connect(self, found: names.Found, route: Route) -> Wire:
        """To the first address that answers. Each is given its share of the time, so that one does not take all."""
        self.enter(Phase.CONNECT)
        last = len(found.places) - 1
        for index in range(len(found.places)):
            family, address = found.address(index, route.port)
            share = None if index == last else max(self.deadline.left() / (last - index + 1), LEAST_CONNECT_SECONDS)
            self.address = str(address[0])
            try:
                return await self._connected(family, address, share, route)
            except Failed as failed:
                if index == last:
                    raise
                self.tried.append((self.address, failed.said or failed.failure.value))
        raise Failed(Failure.DNS, "no address")

    async def _connected(self, family: int, address: tuple[Any, ...], seconds: float | None, route: Route) -> Wire:
        """To the very address that was looked at: what the name says a moment later does not matter."""
        if not route.is_pretend and (why := addresses.why_not(str(address[0]))):
            raise Failed(Failure.FORBIDDEN, why)
        try:
            wire = Wire(family)
        except OSError as error:
            raise of_the_system(error) from error
        is_connected = False
        try:
            await (wire.connect(address) if seconds is None else wait_for(wire.connect(address), seconds))
            is_connected = True
        except OSError as error:
            raise of_the_system(error) from error
        finally:
            if not is_connected:
                wire.close()
        return wire

    async def _secure(self, wire: Wire, found: names.Found, route: Route) -> None:
        self.enter(Phase.TLS)
        try:
            tls = await wire.secure(tls_context(self.target.verify_tls), route.name)
        except ssl.SSLCertVerificationError as error:
            self.enter(None)
            self.certificate = await self._look_at_certificate(found, route)
            self.phase = Phase.TLS
            raise of_the_system(error) from error
        self.certificate = certificates.believed(tls) or certificates.unbelieved(tls, route.name)

    async def _look_at_certificate(self, found: names.Found, route: Route) -> Certificate | None:
        """Once more without verifying, to say what is wrong with it: the ssl module shows it in no other way."""
        index = next(i for i in range(len(found.places)) if str(found.places[i][1][0]) == self.address)
        family, address = found.address(index, route.port)
        wire = Wire(family)
        try:
            async with asyncio.timeout(self.deadline.left() / 2):
                await wire.connect(address)
                return certificates.unbelieved(await wire.secure(tls_context(False), route.name), route.name)
        except (OSError, ValueError):  # what we know already has to do
            return None
        finally:
            wire.close()

    def _result(self, failure: Failure | None, said: str) -> ProbeResult:
        reply = self.reply or Reply()
        phase, whole = self.phase, time.monotonic() - self.began
        return ProbeResult(
            url=self.url or self.target.url.partition("?")[0],
            timings=Timings(
                self.took.get(Phase.DNS),
                self.took.get(Phase.CONNECT),
                self.took.get(Phase.TLS),
                self.took.get(Phase.FIRST_BYTE),
                whole,
            ),
            failure=failure,
            phase=phase if failure else None,
            said=said,
            status=reply.status or None,
            size=len(reply.body) if reply.status else None,
            address=self.address,
            lookup=self.lookup,
            tried=tuple(self.tried),
            certificate=self.certificate,
            edge=judging.edge(reply.headers) if reply.headers else Edge(),
            redirects=tuple(self.redirects),
        )
