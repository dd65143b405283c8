"""Round after round: ask, ask again at once what has just failed, and hand over what was found to be written."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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
    canaries: health.Canaries | None


@dataclass(frozen=True)
class Asked:
    """An endpoint, and what it shares with others."""

    target: Target
    service: int
    region: int


@dataclass
class Known:
    """What is asked, and how often each endpoint has failed in a row. Kept here, so that asking needs no database."""

    endpoints: dict[int, Asked] = field(default_factory=dict)
    bad_streaks: dict[int, int] = field(default_factory=dict)

    def learn(self, results: Mapping[int, ProbeResult]) -> None:
        for endpoint, result in results.items():
            self.bad_streaks[endpoint] = 0 if result.ok else self.bad_streaks.get(endpoint, 0) + 1

    @property
    def targets(self) -> dict[int, Target]:
        return {endpoint: asked.target for endpoint, asked in self.endpoints.items()}

    @property
    def suspects(self) -> list[int]:
        """What has failed, and not yet often enough to be sure."""
        return [one for one in self.endpoints if 0 < self.bad_streaks.get(one, 0) < health.BAD_ROUNDS]

    @property
    def down(self) -> list[int]:
        """What no round waits for: of what is down for certain, the answer will do whenever it comes."""
        return [one for one in self.endpoints if self.bad_streaks.get(one, 0) >= health.BAD_ROUNDS]

    def to_confirm(self) -> dict[int, Target]:
        """The suspects, and their neighbours: what failed can only be told by what did not."""
        suspects = [self.endpoints[one] for one in self.suspects]
        services, regions = {one.service for one in suspects}, {one.region for one in suspects}
        return {
            endpoint: asked.target
            for endpoint, asked in self.endpoints.items()
            if asked.service in services or asked.region in regions
        }


class Watch:
    """The whole of it, for one place. `after_round`: called with `at=` in the writing thread once a round is kept."""

    def __init__(self, location: str, *, after_round: Sequence[Consider] = ()) -> None:
        self.location = location
        self.known = Known()
        self._after_round = after_round
        self._lease = Lease(location)
        self._waiting: deque[Found] = deque(maxlen=MOST_WAITING)
        self._writing: asyncio.Future[bool] | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="watch-writer")
        self._ends = asyncio.Event()
        self._rolled_up = rollup.Roller(location)

    def stop(self) -> None:
        """End at once. To be called in the loop's own thread."""
        self._ends.set()

    async def run(self) -> None:
        """Ask until told to stop. However it ends, the place is free for the next one."""
        try:
            await self._ask_until_told()
            await self._write_now()
        finally:
            await asyncio.get_running_loop().run_in_executor(self._writer, self._give_back)
            self._writer.shutdown()

    async def _ask_until_told(self) -> None:
        asker, due = Asker(), time.monotonic()
        while not self._ends.is_set():
            if self._writing is not None and self._writing.done():
                self._writing.result()
            if not self.known.endpoints:
                await self._write_now()
            if not self.known.endpoints:
                await self._pause(TRY_AGAIN_SECONDS)
                due = time.monotonic()
                continue
            due = max(due + settings.DR_PROBE_INTERVAL_SECONDS, time.monotonic())
            await self._unless_it_ends(self._round(asker, due))
            await self._pause(due - time.monotonic())
        asker.forget(())

    async def _round(self, asker: Asker, next_at: float) -> None:
        """Ask everything once; then what has just failed, again and again, until it is clear or the next round due."""
        asker.forget({*self.known.endpoints, *settings.DR_CANARY_URLS})
        await self._ask(asker, self.known.targets, ProbeRound.Kind.ROUND, next_at)
        while self.known.suspects and time.monotonic() + CONFIRM_AFTER_SECONDS < next_at and not self._ends.is_set():
            await self._pause(CONFIRM_AFTER_SECONDS)
            await self._ask(asker, self.known.to_confirm(), ProbeRound.Kind.CONFIRMATION, next_at)

    async def _ask(self, asker: Asker, targets: Mapping[int, Target], kind: ProbeRound.Kind, next_at: float) -> None:
        at = now()
        everything: dict[Key, Target] = dict(targets)  # type: ignore[arg-type]  # a key that is an int is a Key
        everything |= {url: Target(url, statuses=(200, 399)) for url in settings.DR_CANARY_URLS}
        awaited = set(everything) - set(self.known.down)
        found = await asker.ask(everything, wait_for=awaited, seconds=max(next_at - time.monotonic(), 0.1))
        results = {key: result for key, result in found.items() if isinstance(key, int)}
        good = [result.ok for key, result in found.items() if isinstance(key, str)]
        if targets and not results:  # cut short by the next round, which takes what comes
            return
        self.known.learn(results)
        # Of a round that was cut short before any canary had answered, nothing is known of them: no news is no failure.
        canaries = health.Canaries(len(good), sum(good)) if good else None
        self._waiting.append(Found(at, kind, results, canaries))
        self._write()

    async def _unless_it_ends(self, doing: Coroutine[Any, Any, None]) -> None:
        """Leave off when it is time to end. What goes wrong in it goes wrong here."""
        task, ends = asyncio.create_task(doing), asyncio.create_task(self._ends.wait())
        await asyncio.wait({task, ends}, return_when=asyncio.FIRST_COMPLETED)
        ends.cancel()
        if not task.done():
            task.cancel()
            return
        task.result()

    async def _pause(self, seconds: float) -> None:
        """Cut short when it is time to end."""
        if seconds > 0:
            try:
                await asyncio.wait_for(self._ends.wait(), seconds)
            except TimeoutError:
                return

    def _write(self) -> None:
        """Have the writer write, unless it does so already: once it is done, what came meanwhile is written."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().run_in_executor(self._writer, self._write_all)
            self._writing.add_done_callback(self._written)

    def _written(self, writing: asyncio.Future[bool]) -> None:
        # What is wrong with our own code ends the process in `run`, and its supervisor starts it again.
        if not writing.cancelled() and not writing.exception() and writing.result() and self._waiting:
            self._write()

    async def _write_now(self) -> None:
        if self._writing is not None:
            await self._writing
        self._write()
        assert self._writing is not None
        await self._writing

    def _write_all(self) -> bool:
        """In the writer's thread. What cannot be written waits (False); what is asked goes on as it was."""
        try:
            if not self._lease.take():
                self._waiting.clear()
                self.known = Known()
                return True
            written = self._write_waiting()
            self._refresh()
        except DatabaseError as error:
            log.warning("what health checks found is not written yet", waiting=len(self._waiting), error=str(error))
            # One that has broken would never mend.
            connection.close()
            return False
        if written is not None:
            self._consider(written)
        return True

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
        asked = {one.pk: Asked(health.target_of(one), one.service_id, one.region_id) for one in endpoints}
        new = set(asked) - set(self.known.endpoints)
        if new:
            states = EndpointState.objects.filter(location=self.location, endpoint__in=new)
            self.known.bad_streaks |= dict(states.values_list("endpoint", "bad_streak"))
        self.known.endpoints = asked

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
