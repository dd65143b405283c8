"""Keep what this process carries out its own, and end the process before it could act on what it has lost."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import structlog
from django.conf import settings
from django.db import DatabaseError, connection

from dr_console.runs import clocks
from dr_console.runs.models import Step

WATCHDOG_EXIT = 70

log = structlog.get_logger(__name__)


def renew_seconds() -> float:
    """Two renewals may fail, and the third still comes in time."""
    return float(settings.DR_LEASE_SECONDS) / 3


def margin_seconds() -> float:
    """So long before the lease ends, a process that could not renew it is no more."""
    return float(settings.DR_LEASE_SECONDS) / 6


class Lease:
    """What one claim holds. `began`: a moment before the claim was written, so that we never believe too long in it."""

    def __init__(self, step_id: int, fence: int, began: float) -> None:
        self.step_id, self.fence = step_id, fence
        self.is_lost = False
        self.failures = 0
        self._renewed_at = began

    def left(self) -> float:
        """Seconds for which nobody else can claim the step."""
        return 0.0 if self.is_lost else self._renewed_at + float(settings.DR_LEASE_SECONDS) - clocks.steady()

    def is_good_for(self, seconds: float) -> bool:
        """Whether a call that takes so long may be begun. A longer call than a lease lives on renewals."""
        needed = min(seconds + 2.0, settings.DR_LEASE_SECONDS - margin_seconds() - 0.5)
        return self.failures < 2 and self.left() >= needed

    def renew(self) -> None:
        """Raises DatabaseError."""
        began = clocks.steady()
        mine = Step.objects.filter(pk=self.step_id, fence=self.fence, state=Step.State.RUNNING)
        if mine.update(lease_until=clocks.lease_end()):
            self.renewed(began)
        else:
            self.is_lost = True

    def renewed(self, began: float) -> None:
        self._renewed_at, self.failures = began, 0


class Keeper(threading.Thread):
    """Renews the leases of this process in a thread of its own, so that no call to a vendor can delay it."""

    def __init__(self) -> None:
        super().__init__(name="leases", daemon=True)
        # In a worker, which is started again at once. A page being served or a test does not deserve it.
        self.ends_process = False
        self._leases: set[Lease] = set()
        self._changed = threading.Condition()

    def run(self) -> None:
        while True:
            with self._changed:
                while not self._leases:
                    self._changed.wait()
                self._changed.wait(min(renew_seconds(), 1.0))
                kept = list(self._leases)
            self._renew(kept)

    @contextmanager
    def keeping(self, lease: Lease) -> Iterator[Lease]:
        with self._changed:
            self._leases.add(lease)
            self._changed.notify()
        try:
            yield lease
        finally:
            with self._changed:
                self._leases.discard(lease)

    def _renew(self, leases: list[Lease]) -> None:
        whole = float(settings.DR_LEASE_SECONDS)
        due = [lease for lease in leases if not lease.is_lost and lease.left() < whole - renew_seconds()]
        try:
            for lease in due:
                lease.renew()
        except DatabaseError as error:
            log.warning("lease not renewed", error=str(error).strip())
            for lease in due:
                lease.failures += 1
            if self.ends_process and any(lease.left() < margin_seconds() for lease in due):
                self._end()
        finally:
            if due:
                connection.close()

    def _end(self) -> None:
        """What hangs in a call cannot be told to stop; somebody else will claim its step, and look first."""
        log.error("leases are about to end and cannot be renewed: this process ends")
        os._exit(WATCHDOG_EXIT)


def keeper() -> Keeper:
    return _keeper(os.getpid())


@lru_cache(maxsize=2)
def _keeper(process: int) -> Keeper:
    """One for each process: no thread survives a fork."""
    made = Keeper()
    made.start()
    return made
