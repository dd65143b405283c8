"""Looks every second for what nobody is at, and has it done, or does it itself. Any number may run, anywhere."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from django.db import connection

from dr_console.providers import http
from dr_console.runs import chores, clocks, doorbell, drift, executor, outbox, owners, registry
from dr_console.runs.leases import keeper
from dr_console.runs.mishaps import Kept
from dr_console.runs.models import Step

EVERY_SECONDS = 1.0
RINGS_AGAIN_AFTER = 2.0
# Rung for, and nobody came: the workers are gone, or deaf.
DOES_IT_ITSELF_AFTER = 5.0
MOST_AT_ONCE = 4
TIDIES_EVERY_ROUNDS = 60
# Leases go by the database's clock alone; times of tries, deadlines and logs go by this host's.

log = structlog.get_logger(__name__)


class Sweeper(threading.Thread):
    """One thread, and a few that carry out what nobody else does. `rings`: False where there is nobody to ring for."""

    def __init__(self, *, every: float = EVERY_SECONDS, rings: bool = True) -> None:
        super().__init__(name="sweeper", daemon=True)
        self.every, self.rings = every, rings
        self.rounds = 0
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="sweeper")
        self._busy: set[int] = set()
        # When a step was first seen lying, and when it was last rung for.
        self._seen: dict[tuple[int, int, str], tuple[float, float]] = {}

    def run(self) -> None:
        self._do(_warm_up)
        while not self._stopped.wait(self.every):
            self.sweep()

    def stop(self) -> None:
        self._stopped.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def finish(self) -> None:
        """Wait for what it carries out itself."""
        self._pool.shutdown(wait=True)

    def sweep(self) -> None:
        """One round. What goes wrong in one part does not keep the others from being done."""
        for chore in (chores.settle_runs, self._pick_up, outbox.relay, drift.watch, self._tidy, *registry.chores()):
            self._do(chore)
        self.rounds += 1
        # Not kept: one that has broken would never mend.
        connection.close()

    def _do(self, chore: Callable[[], object]) -> None:
        kept = Kept()
        with kept:
            chore()
        if kept.error is not None:
            log.error("sweep", chore=getattr(chore, "__qualname__", str(chore)), error=kept.line)

    def _pick_up(self) -> None:
        lying = chores.left_lying(chores.dead_owners())
        at = clocks.steady()
        self._seen = {key: seen for key, seen in self._seen.items() if key in lying}
        for key in lying:
            first, rung = self._seen.get(key, (at, 0.0))
            if at - rung >= RINGS_AGAIN_AFTER:
                rung = at
                is_heard = self.rings and doorbell.ring([key[0]])
            else:
                is_heard = doorbell.is_heard()
            self._seen[key] = (first, rung)
            # Whoever was at it is dead, perhaps with all the workers: no time is lost on ringing for those.
            is_orphan = key[2] == Step.State.RUNNING
            if is_orphan or not self.rings or not is_heard or at - first >= DOES_IT_ITSELF_AFTER:
                self._carry_out(key[0])

    def _carry_out(self, step_id: int) -> None:
        if step_id in self._busy or len(self._busy) >= MOST_AT_ONCE:
            return
        self._busy.add(step_id)
        self._pool.submit(_carried_out, step_id).add_done_callback(lambda done: self._done(step_id, done))

    def _done(self, step_id: int, done: Future[None]) -> None:
        self._busy.discard(step_id)
        if not done.cancelled() and (error := done.exception()) is not None:
            log.error("step broke", step=step_id, error=f"{type(error).__name__}: {error}")

    def _tidy(self) -> None:
        if self.rounds % TIDIES_EVERY_ROUNDS == 0:
            owners.forget_the_dead(chores.holders())
            outbox.prune()
            if abs(skew := clocks.skew_seconds()) > clocks.MOST_SKEW_SECONDS:
                log.error("the clock of this host is not that of the database", seconds=round(skew, 1))


def start() -> Sweeper:
    """In a process that carries out runs, and that is started again when it ends: one that has lost its leases does."""
    keeper().ends_process = True
    owners.me()
    sweeper = Sweeper()
    sweeper.start()
    return sweeper


def _warm_up() -> None:
    """What the first step would otherwise wait for, in the middle of an outage."""
    registry.names()
    http.get_ready()


def _carried_out(step_id: int) -> None:
    try:
        executor.carry_out(step_id)
    finally:
        connection.close()
