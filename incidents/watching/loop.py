"""Round after round: ask, ask again at once what has just failed, and hand over what was found to be written."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.timezone import now

from dr_console.errors import ProviderError
from dr_console.providers.capabilities.probe import ProbeResult, Target
from incidents.models import EndpointState, ProbeRound, ServiceEndpoint
from incidents.services import health, rollup
from incidents.watching.asking import Asker, Key
from incidents.watching.lease import Lease

CONFIRM_AFTER_SECONDS = 0.15
TRY_AGAIN_SECONDS = 1.0
# What waits while the database does not answer: an hour and a half at the usual interval.
MOST_WAITING = 1000

log = structlog.get_logger(__name__)

Consider = Callable[..., object]


@dataclass(frozen=True)
class Found:
    """What one round found, on its way to the database."""

    at: datetime
    kind: ProbeRound.Kind
    results: Mapping[int, ProbeResult]
    canaries: health.Canaries


@dataclass
class Known:
    """What is asked, and how often each endpoint has failed in a row. Kept here, so that asking needs no database."""

    targets: dict[int, Target] = field(default_factory=dict)
    bad_streaks: dict[int, int] = field(default_factory=dict)

    def learn(self, results: Mapping[int, ProbeResult]) -> None:
        for endpoint, result in results.items():
            self.bad_streaks[endpoint] = 0 if result.ok else self.bad_streaks.get(endpoint, 0) + 1

    @property
    def suspects(self) -> dict[int, Target]:
        """What has failed, and not yet often enough to be sure."""
        return {
            endpoint: target
            for endpoint, target in self.targets.items()
            if 0 < self.bad_streaks.get(endpoint, 0) < health.BAD_ROUNDS
        }

    @property
    def down(self) -> list[int]:
        """What no round waits for: of what is down for certain, the answer will do whenever it comes."""
        return [one for one in self.targets if self.bad_streaks.get(one, 0) >= health.BAD_ROUNDS]


class Watch:
    """The whole of it, for one place. `after_round`: called with `at=` in the writing thread once a round is kept."""

    def __init__(self, location: str, *, after_round: Sequence[Consider] = ()) -> None:
        self.location = location
        self.known = Known()
        self.lags: deque[float] = deque(maxlen=10_000)
        self._after_round = after_round
        self._lease = Lease(location)
        self._waiting: deque[Found] = deque(maxlen=MOST_WAITING)
        self._writing: asyncio.Future[None] | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="watch-writer")
        self._ends = asyncio.Event()
        self._rolled_up = rollup.Roller(location)

    def stop(self) -> None:
        """End after the present round. To be called in the loop's own thread."""
        self._ends.set()

    async def run(self) -> None:
        """Ask until told to stop."""
        asker, due = Asker(), time.monotonic()
        while not self._ends.is_set():
            if not self.known.targets:
                await self._write_now()
            if not self.known.targets:
                await self._pause(TRY_AGAIN_SECONDS)
                due = time.monotonic()
                continue
            self.lags.append(time.monotonic() - due)
            due = max(due + settings.DR_PROBE_INTERVAL_SECONDS, time.monotonic())
            await self._round(asker, due)
            await self._pause(due - time.monotonic())
        await self._write_now()
        self._writer.submit(self._give_back).result()
        self._writer.shutdown()

    async def _round(self, asker: Asker, next_at: float) -> None:
        """Ask everything once; then what has just failed, again and again, until it is clear or the next round due."""
        asker.forget({*self.known.targets, *settings.DR_CANARY_URLS})
        await self._ask(asker, self.known.targets, ProbeRound.Kind.ROUND, next_at)
        while self.known.suspects and time.monotonic() + CONFIRM_AFTER_SECONDS < next_at and not self._ends.is_set():
            await self._pause(CONFIRM_AFTER_SECONDS)
            await self._ask(asker, self.known.suspects, ProbeRound.Kind.CONFIRMATION, next_at)

    async def _ask(self, asker: Asker, targets: Mapping[int, Target], kind: ProbeRound.Kind, next_at: float) -> None:
        at = now()
        everything: dict[Key, Target] = dict(targets)  # type: ignore[arg-type]  # a key that is an int is a Key
        everything |= {url: Target(url, statuses=(200, 399)) for url in settings.DR_CANARY_URLS}
        awaited: set[Key] = set(everything) - set(self.known.down)
        found = await asker.ask(everything, wait_for=awaited, seconds=max(next_at - time.monotonic(), 0.1))
        results = {key: result for key, result in found.items() if isinstance(key, int)}
        good = [result.ok for key, result in found.items() if isinstance(key, str)]
        if targets and not results:  # cut short by the next round, which takes what comes
            return
        self.known.learn(results)
        self._waiting.append(Found(at, kind, results, health.Canaries(len(good), sum(good))))
        self._write()

    async def _pause(self, seconds: float) -> None:
        """Cut short when it is time to end."""
        if seconds > 0:
            try:
                await asyncio.wait_for(self._ends.wait(), seconds)
            except TimeoutError:
                return

    def _write(self) -> None:
        """Have the writer write, unless it does so already: it goes on until nothing waits."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().run_in_executor(self._writer, self._write_all)

    async def _write_now(self) -> None:
        if self._writing is not None:
            await self._writing
        self._write()
        assert self._writing is not None
        await self._writing

    def _write_all(self) -> None:
        """In the writer's thread. What cannot be written waits; what is asked goes on as it was."""
        try:
            if not self._lease.take():
                self._waiting.clear()
                self.known = Known()
                return
            written = self._write_waiting()
            self._refresh()
        except DatabaseError as error:
            log.warning("what health checks found is not written yet", waiting=len(self._waiting), error=str(error))
            # One that has broken would never mend.
            connection.close()
            return
        if written is not None:
            self._consider(written)

    def _write_waiting(self) -> datetime | None:
        """The moment of the last round that was written."""
        written = None
        while self._waiting:
            found = self._waiting[0]
            health.record_round(self.location, found.at, found.results, canaries=found.canaries, kind=found.kind)
            self._waiting.popleft()
            self._rolled_up.heard_of(found.at)
            written = found.at
        return written

    def _refresh(self) -> None:
        """Learn what the plan has had changed meanwhile."""
        endpoints = ServiceEndpoint.objects.filter(service__retired_at=None)
        targets = {endpoint.pk: health.target_of(endpoint) for endpoint in endpoints}
        new = set(targets) - set(self.known.targets)
        if new:
            states = EndpointState.objects.filter(location=self.location, endpoint__in=new)
            self.known.bad_streaks |= dict(states.values_list("endpoint", "bad_streak"))
        self.known.targets = targets

    def _consider(self, at: datetime) -> None:
        """Each by itself, so that one that fails keeps neither the others nor the next round from happening."""
        for consider in self._after_round:
            try:
                consider(at=at)
            except (DatabaseError, ProviderError) as error:
                log.error("the round was not considered", by=consider.__module__, error=str(error))
                connection.close()

    def _give_back(self) -> None:
        try:
            self._lease.give_back()
        except DatabaseError as error:
            log.warning("the place is not given back; the next one waits", error=str(error))
        finally:
            connection.close()
